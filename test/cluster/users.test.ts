/** Users on real nodes: one makes them, all know them, and what a revoked one has open ends everywhere. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { Client, type Credentials, HeadwaterError } from '../../src/index.js';
import { endAll, headwater, temporaryDirectory } from '../cli/command-line.js';
import { type PemFiles, TestAuthority, tlsFlags } from '../support/certificates.js';
import { assertEqualData, Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';

/** A stream of a revoked user ends within this time on every node. */
const REVOKED_MS_MAX = 1_000;

const open = new Set<Client>();

async function as(node: Daemon, credentials: Credentials | undefined): Promise<Client> {
  const client = await Client.connect(node.address, { redirect: false, credentials, retry: { attempts: 1 } });
  open.add(client);
  return client;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    assert.ok(HeadwaterError.is(error), String(error));
    return error.code;
  }
}

/** Nodes with users in force: an administrator, and the user of the followers. */
async function guarded(cluster: Cluster, followers: number) {
  const nodes = await Promise.all(Array.from({ length: 1 + followers }, (_, i) => cluster.node(`node-${i}`)));
  const [leader, ...others] = nodes as [Daemon, ...Daemon[]];
  await leader.start();
  const file = path.join(temporaryDirectory(), 'node.credentials');
  const first = await as(leader, undefined);
  const link = await first.users.create('node', { roles: ['replicate'] });
  writeFileSync(file, `node:${link.secret}\n`);
  chmodSync(file, 0o600);
  const { secret } = await first.users.create('boss', { roles: ['admin'] });
  await first.close();
  const boss: Credentials = { user: 'boss', secret };
  for (const node of nodes) node.credentials = boss;
  await Promise.all(others.map((node) => node.start('--follow', leader.address, '--upstream-credentials', file)));
  await Promise.all(others.map((node) => eventually(`${node.name} to follow`, async () => hasUsers(node, boss))));
  return { leader, followers: others, boss, file };
}

async function hasUsers(node: Daemon, credentials: Credentials): Promise<boolean> {
  const client = await as(node, credentials).catch(() => undefined);
  await client?.close();
  return client !== undefined;
}

describe('users on several nodes', () => {
  let cluster: Cluster;
  beforeEach(() => {
    cluster = new Cluster({ isInProcess: true });
  });
  afterEach(async () => {
    for (const client of open) await client.close({ timeoutMs: 0 });
    open.clear();
    await cluster[Symbol.asyncDispose]();
    await endAll();
  });

  it('are known on every node, survive a promotion and a restart, and are equal everywhere', async () => {
    cluster.isInProcess = false;
    const { leader, followers, boss, file } = await guarded(cluster, 1);
    const [follower] = followers as [Daemon];
    await (await leader.client()).set('k', 'v');
    await assertEqualData(leader, follower);
    for (const node of [leader, follower]) {
      assert.equal(await codeOf(as(node, undefined)), 'unauthenticated', node.name);
      assert.equal(await codeOf(as(node, { ...boss, secret: 'wrong secret' })), 'unauthenticated', node.name);
    }
    await leader.end('SIGKILL');
    await (await follower.client()).promote();
    assert.equal(await codeOf(as(follower, undefined)), 'unauthenticated');
    const app = await (await follower.client()).users.create('app', { roles: ['read'] });
    await follower.end('SIGTERM');
    await follower.start('--upstream-credentials', file);
    const reader = await as(follower, { user: 'app', secret: app.secret });
    assert.equal(await reader.get('k'), 'v');
    assert.equal(await codeOf(reader.set('k', 'w')), 'permission_denied');
    assert.deepEqual((await reader.users.whoAmI()).user?.roles, ['read']);
  });

  it('end what they have open within a second on every node, once they are revoked', async () => {
    const { leader, followers } = await guarded(cluster, 2);
    const admin = await leader.client();
    const { secret } = await admin.users.create('app', { roles: ['read', 'publish'] });
    const nodes = [leader, ...followers];
    await Promise.all(nodes.map((node) => eventually('the user', async () => hasUsers(node, { user: 'app', secret }))));
    const ended: Array<Promise<{ node: string; what: string; ms: number; code: string }>> = [];
    let revokedMs = 0;
    for (const node of nodes) {
      const client = await as(node, { user: 'app', secret });
      const streams = {
        watch: client.watch(),
        subscribe: client.subscribe({ channels: ['news'] }),
      };
      for (const [what, stream] of Object.entries(streams)) {
        const over = async () => {
          for await (const _ of stream);
        };
        ended.push(codeOf(over()).then((code) => ({ node: node.name, what, ms: performance.now() - revokedMs, code })));
      }
    }
    await eventually('all streams to be open', async () => {
      const all = await Promise.all(nodes.map((node) => node.status()));
      return all.every(({ watchers, subscribers }) => watchers === 1 && subscribers === 1);
    });
    revokedMs = performance.now();
    await admin.users.revoke('app');
    for (const { node, what, ms, code } of await Promise.all(ended)) {
      assert.equal(code, 'unauthenticated', `${what} at ${node}`);
      assert.ok(ms <= REVOKED_MS_MAX, `${what} at ${node} ended after ${ms} ms`);
    }
  });

  it('have their commands refused at once where they were revoked, and again once they are back', async () => {
    const { leader } = await guarded(cluster, 0);
    const admin = await leader.client();
    const { secret } = await admin.users.create('app', { roles: ['read', 'write'] });
    const client = await Client.connect(leader.address, { credentials: { user: 'app', secret } });
    open.add(client);
    let written = 0;
    const codes: string[] = [];
    const writing = (async () => {
      for (; codes.length === 0; written++)
        codes.push(...[await codeOf(client.set('k', String(written)))].filter((code) => code !== 'done'));
    })();
    await eventually('writes', async () => written > 100);
    const began = performance.now();
    await admin.users.revoke('app');
    await writing;
    assert.ok(performance.now() - began < REVOKED_MS_MAX, `${performance.now() - began} ms`);
    assert.ok(['unauthenticated', 'outcome_unknown'].includes(codes[0] ?? ''), codes[0]);
    assert.equal(await codeOf(client.get('k')), 'unauthenticated');
    await admin.users.create('app', { roles: ['read'], secret });
    await eventually('the user to be back', async () => (await codeOf(client.get('k'))) === 'done');
  });

  it('are found by the certificates of clients and of followers, over both protocols', async () => {
    const authority = await TestAuthority.create(temporaryDirectory());
    const [node, reader, boss] = await Promise.all(
      ['node', 'reader', 'boss'].map((name) =>
        authority.issue(name, { names: [`${name}.test`, 'localhost', '127.0.0.1'] }),
      ),
    );
    const flags = tlsFlags(node as PemFiles, authority.ca);
    const [leader, follower] = [await cluster.node('leader'), await cluster.node('follower')];
    for (const one of [leader, follower]) one.tls = { ca: authority.ca, ...(boss as PemFiles) };
    await leader.start(...flags);
    const admin = await leader.client();
    for (const [name, role] of [
      ['cert:reader.test', 'read'],
      ['cert:node.test', 'replicate'],
      ['cert:boss.test', 'admin'],
    ] as const)
      assert.equal((await admin.users.create(name, { roles: [role] })).secret, '');
    await follower.start('--follow', leader.address, ...flags);
    await eventually('the users', async () => (await (await follower.client()).users.list()).users.length === 3);
    for (const one of [leader, follower]) {
      const client = await Client.connect(one.address, {
        redirect: false,
        tls: { ca: authority.ca, ...(reader as PemFiles) },
      });
      open.add(client);
      assert.equal((await client.users.whoAmI()).user?.name, 'cert:reader.test');
      assert.equal(await codeOf(client.get('k')), 'done');
      assert.equal(await codeOf(client.promote()), 'permission_denied');
      const files = { cert: readFileSync((reader as PemFiles).cert), key: readFileSync((reader as PemFiles).key) };
      const socket = tls.connect({ host: '127.0.0.1', port: one.port, ca: readFileSync(authority.ca), ...files });
      socket.write('ACL WHOAMI\r\nCONFIG GET *\r\nQUIT\r\n');
      let text = '';
      for await (const bytes of socket) text += String(bytes);
      assert.match(text, /^\$16\r\ncert:reader\.test\r\n-NOPERM /);
    }
  });

  it('let a link back in with the new secret in its file, without a restart', async () => {
    const { leader, followers, file } = await guarded(cluster, 1);
    const [follower] = followers as [Daemon];
    const admin = await leader.client();
    const { secret } = await admin.users.rotate('node');
    await eventually('the link to be refused', async () => {
      const { upstream } = await follower.status();
      return upstream?.state !== 'streaming' && upstream?.error.includes('secret is wrong');
    });
    writeFileSync(file, `node:${secret}\n`);
    await admin.set('k', 'after');
    await assertEqualData(leader, follower);
  });

  it('can all be forgotten by the one who starts the leader on loopback, and by nobody else', async () => {
    const { leader, followers, file } = await guarded(cluster, 1);
    const [follower] = followers as [Daemon];
    await leader.end('SIGTERM');
    await leader.start('--forget-users');
    const client = await as(leader, undefined);
    assert.deepEqual(await client.users.list(), { users: [], inForce: false });
    await client.set('k', 'v');
    await eventually('the follower to be open', async () => (await codeOf(as(follower, undefined))) === 'done');
    await follower.end('SIGTERM');
    const refused = follower.start('--upstream-credentials', file, '--forget-users');
    await assert.rejects(
      refused,
      /forget-users: expected a leader that listens on this machine alone, received a follower/,
    );
  });

  it('are in a backup, and a revoked one stays revoked at a restored node', async () => {
    const { leader, boss, file } = await guarded(cluster, 0);
    const admin = await leader.client();
    const made = async (user: string) => ({
      user,
      secret: (await admin.users.create(user, { roles: ['read'] })).secret,
    });
    const [app, gone, late] = [await made('app'), await made('gone'), await made('late')];
    await admin.users.revoke('gone');
    await admin.set('k', 'v');
    const credentials = path.join(temporaryDirectory(), 'boss.credentials');
    writeFileSync(credentials, `boss:${boss.secret}\n`, { mode: 0o600 });
    const backup = path.join(temporaryDirectory(), 'backup');
    const run = async (...args: string[]) => {
      const { status, stderr } = await headwater(args);
      assert.equal(status, 0, stderr);
    };
    await run('--connect', leader.address, '--credentials', credentials, 'backup', backup);
    await admin.users.revoke('late');
    const [alone, below] = [await cluster.node('alone'), await cluster.node('below')];
    for (const node of [alone, below]) {
      node.credentials = boss;
      await run('restore', backup, '--data', node.directory);
    }
    await below.start('--follow', leader.address, '--upstream-credentials', file);
    await caughtUp(leader, below);
    await leader.end('SIGTERM');
    await alone.start();
    for (const node of [alone, below]) {
      assert.equal(await (await as(node, app)).get('k'), 'v');
      assert.equal(await codeOf(as(node, undefined)), 'unauthenticated', node.name);
      assert.equal(await codeOf(as(node, gone)), 'unauthenticated', node.name);
    }
    assert.equal(await codeOf(as(below, late)), 'unauthenticated');
    // A node that stands alone has the users as of the backup.
    assert.equal(await codeOf(as(alone, late)), 'done');
    const restored = await alone.client();
    await restored.users.revoke('late');
    assert.equal(await codeOf(as(alone, late)), 'unauthenticated');
    assert.deepEqual(
      (await restored.users.list()).users.map(({ name }) => name),
      ['app', 'boss', 'node'],
    );
  });

  it('refuse a follower without a user, and one that may not follow', async () => {
    const { leader } = await guarded(cluster, 0);
    const { secret } = await (await leader.client()).users.create('app', { roles: ['read', 'write'] });
    const file = path.join(temporaryDirectory(), 'app.credentials');
    writeFileSync(file, `app:${secret}`);
    const [bare, wrong] = [await cluster.node('bare'), await cluster.node('wrong')];
    await bare.start('--follow', leader.address);
    await wrong.start('--follow', leader.address, '--upstream-credentials', file);
    await eventually('the refusal', async () =>
      /expected a user and its secret.*--upstream-credentials FILE/.test((await bare.status()).upstream?.error ?? ''),
    );
    await eventually('the line of the log', async () => wrong.log.includes('needs the role replicate'));
    // Without data it does not know who may do what.
    assert.equal(await codeOf(as(wrong, undefined)), 'unauthenticated');
    assert.match(leader.log, /"audit":"refused","user":"app"[^\n]*Replicate/);
  });
});

describe('the doctor of a tree with users', () => {
  afterEach(endAll);

  it('asks a follower that is away, and says which option it lacks', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    await (await leader.client()).set('k', 'v', { durability: { level: 'followers_synced', followers: 1 } });
    const { secret } = await (await leader.client()).users.create('boss', { roles: ['admin'] });
    const file = path.join(temporaryDirectory(), 'boss.credentials');
    writeFileSync(file, `boss:${secret}`);
    await eventually('the link to be refused', async () =>
      follower.log.includes('received none. Start this node with'),
    );
    const { status, stdout } = await headwater(['--connect', leader.address, '--credentials', file, 'doctor']);
    assert.equal(status, 1);
    const [finding = ''] = stdout.toString().split('\n\n');
    assert.match(finding, new RegExp(`^critical +${follower.address}: the link to ${leader.address} is down: `));
    assert.match(finding, /\n +fix: start it with --upstream-credentials FILE; to make the file: headwater /);
  });
});

describe('the command user', () => {
  afterEach(endAll);

  it('makes, shows, rotates and revokes users, and never takes or prints a secret twice', async () => {
    const cluster = new Cluster({ isInProcess: true });
    try {
      const node = await cluster.node('node');
      await node.start();
      const env = { HEADWATER_CONNECT: node.address };
      const [admin, app] = ['admin', 'app'].map((name) => path.join(temporaryDirectory(), name)) as [string, string];
      const run = async (args: string[], more: Record<string, string> = {}) => {
        const { status, stdout, stderr } = await headwater(args, { env: { ...env, ...more } });
        return { status, stdout: stdout.toString(), stderr };
      };
      const warned = await run(['user', 'create', 'app', '--role', 'read', '--key-prefix', 'app:', '--out', app]);
      assert.match(warned.stderr, /everybody may still do everything/);
      const made = await run(['user', 'create', 'boss', '--role', 'admin', '--out', admin]);
      assert.equal(made.stdout, `the user boss is ready; its secret is in ${admin}\n`);
      const refused = await run(['get', 'k']);
      assert.equal(refused.status, 3);
      assert.match(refused.stderr, /received none\. Use --credentials FILE, or HEADWATER_CREDENTIALS_FILE$/m);
      const listed = await run(['user', 'list', '--credentials', admin]);
      assert.match(listed.stdout, /^app +read +app:\* +all /m);
      const me = await run(['user', 'whoami'], { HEADWATER_CREDENTIALS_FILE: app });
      assert.equal(me.stdout, 'app: read\n');
      const kept = await run(['user', 'rotate', 'app', '--out', app, '--credentials', admin]);
      assert.deepEqual([kept.status, kept.stdout], [2, '']);
      assert.match(kept.stderr, /exists already\. Use another name$/m);
      assert.equal(
        (await run(['user', 'whoami', '--credentials', app])).stdout,
        'app: read\n',
        'the secret is as it was',
      );
      const certificate = await run([
        'user',
        'create',
        'cert:x',
        '--role',
        'read',
        '--out',
        `${app}-2`,
        '--credentials',
        admin,
      ]);
      assert.match(certificate.stderr, /--out: expected a user with a secret, received cert:x/);
      const secret = 'a secret of my own';
      const given = await headwater(['user', 'rotate', 'app', '--secret-file', '-', '--credentials', admin], {
        env,
        stdin: `${secret}\n`,
      });
      assert.equal(given.stdout.toString(), 'the user app is ready\n');
      const own = ['--secret-file', '-', '--out', `${app}-3`, '--credentials', admin];
      await headwater(['user', 'create', 'own', '--role', 'read', ...own], { env, stdin: secret });
      assert.equal(readFileSync(`${app}-3`, 'utf8'), `own:${secret}\n`);
      const lines = await headwater(['user', 'rotate', 'app', '--secret-file', '-', '--credentials', admin], {
        env,
        stdin: `${secret}\nanother line\n`,
      });
      assert.match(lines.stderr, /--secret-file: expected a secret in one line, received 2 lines/);
      const address = `headwater://app:${encodeURIComponent(secret)}@${node.address}`;
      const read = await run(['get', 'app:k'], { HEADWATER_CONNECT: address });
      assert.match(read.stderr, /no such key/);
      const shown = await run(['--connect', address, 'get', 'app:k']);
      assert.equal(shown.status, 2);
      assert.match(shown.stderr, /expected no secret in an argument/);
      assert.equal((await run(['user', 'revoke', 'app', '--credentials', admin])).status, 0);
      const gone = await run(['get', 'app:k'], { HEADWATER_CREDENTIALS: `app:${secret}` });
      assert.match(gone.stderr, /the user is not known, or the secret is wrong/);
      for (const { stdout, stderr } of [warned, made, listed, me, shown, gone])
        assert.ok(!`${stdout}${stderr}`.includes(secret) && !`${stdout}${stderr}`.includes('a%20secret'));
    } finally {
      await cluster[Symbol.asyncDispose]();
    }
  });

  it('shows prefixes of any bytes, with escapes for those that a terminal would obey', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const node = await cluster.node('node');
    await node.start();
    const client = await as(node, undefined);
    const prefixes = { keyPrefixes: ['a\u001b[31mb'], channelPrefixes: [Buffer.from([0xff])] };
    await client.users.create('app', { roles: ['read'], ...prefixes });
    await client.close();
    const env = { HEADWATER_CONNECT: node.address };
    const { stdout } = await headwater(['user', 'list'], { env });
    assert.match(stdout.toString(), /^app +read +a\\x1b\[31mb\* +\\xff\* /m);
    const json = await headwater(['user', 'list', '--json'], { env });
    const { users } = JSON.parse(json.stdout.toString()) as { users: object[] };
    assert.deepEqual(users, [
      { ...users[0], key_prefixes: ['a\u001b[31mb'], channel_prefixes: ['/w=='], channel_prefixes_encoding: 'base64' },
    ]);
  });
});
