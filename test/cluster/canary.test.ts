/**
 * No secret is anywhere but where it has to be. A canary goes through every path that takes a secret, and then everything
 * that a node says, shows and keeps is searched for it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { freePort } from '../../benchmarks/waiting.js';
import { authorizationOf } from '../../src/access/credentials.js';
import { Client, HeadwaterError } from '../../src/index.js';
import { endAll, headwater, temporaryDirectory } from '../cli/command-line.js';
import { TestAuthority, tlsFlags } from '../support/certificates.js';
import { Cluster, type Daemon, eventually } from '../support/cluster.js';

const CANARY = 'canary0123456789';
/** The forms in which the secret may be repeated. */
const FORMS = [CANARY, Buffer.from(CANARY).toString('base64').slice(2, 18), Buffer.from(CANARY).toString('hex')];
/** base64 has another text for each place at which the secret begins. */
const SHIFTED = ['a:', 'ab:', 'abc:'].map((user) => Buffer.from(`${user}${CANARY}`).toString('base64').slice(6, 22));

function assertClean(text: string | Buffer, where: string): void {
  for (const form of [...FORMS, ...SHIFTED]) assert.equal(text.includes(form), false, `${where} has ${form}`);
}

/** Sends lines and words to the Redis door, and returns all replies. */
function exchange(node: Daemon, requests: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(node.port, '127.0.0.1');
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(text));
    socket.end(requests);
  });
}

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return '';
  } catch (error) {
    assert.ok(HeadwaterError.is(error), String(error));
    return `${error.code} ${error.message} ${JSON.stringify(error.details)} ${error.stack}`;
  }
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

describe('a secret', function () {
  this.timeout(240_000);
  afterEach(endAll);

  it('is in no log, error, status, reply, file or argument list, whatever way it came', async () => {
    const cluster = new Cluster();
    try {
      const node = await cluster.node('node');
      await node.start('--log-level', 'debug', '--redis-debug', '--slow-log-microseconds', '0');
      const said: Array<readonly [where: string, text: string]> = [];
      const first = await Client.connect(node.address);
      await first.users.create('app', { roles: ['read', 'write'], secret: `${CANARY}-app` });
      await first.users.create('boss', { roles: ['admin'], secret: CANARY });
      await first.close({ timeoutMs: 0 });
      const boss = { user: 'boss', secret: CANARY };

      // gRPC, with right and wrong secrets, and in wrong forms.
      node.credentials = boss;
      const client = await node.client();
      const status = JSON.stringify(await client.status());
      const options = JSON.stringify(await client.options());
      const users = JSON.stringify(await client.users.list());
      said.push(['status', status], ['options', options], ['users', users]);
      for (const credentials of [
        { ...boss, secret: `${CANARY}x` },
        { user: CANARY, secret: CANARY },
      ])
        said.push(['refusal', await failure(Client.connect(node.address, { credentials, retry: { attempts: 1 } }))]);
      said.push(['name', await failure(client.users.create('a', { roles: ['read'], secret: CANARY.slice(0, 4) }))]);
      said.push(['twice', await failure(client.users.create('boss', { roles: ['read'], secret: CANARY }))]);
      said.push(['options', await failure(Client.connect(node.address, { credentials: CANARY as never }))]);
      const raw = new grpc.Client(node.address, grpc.credentials.createInsecure());
      for (const text of [
        `Digest ${CANARY}`,
        CANARY,
        `Bearer ${CANARY}`,
        authorizationOf({ user: 'ab', secret: CANARY }),
      ]) {
        const metadata = new grpc.Metadata();
        metadata.set('authorization', text);
        const asIs = (bytes: Buffer) => bytes;
        const call = '/headwater.v1.AdminService/Status';
        const details = await new Promise<string>((resolve) =>
          raw.makeUnaryRequest(call, asIs, asIs, Buffer.alloc(0), metadata, (error) => resolve(String(error))),
        );
        said.push([`authorization`, details]);
      }
      raw.close();

      // The Redis protocol, with a monitor that sees all of it.
      const monitor = net.connect(node.port, '127.0.0.1');
      let seen = '';
      monitor.on('data', (bytes) => {
        seen += bytes.toString('latin1');
      });
      monitor.write(`AUTH boss ${CANARY}\r\nMONITOR\r\n`);
      await eventually('the monitor', async () => seen.includes('+OK\r\n+OK\r\n'));
      const lines = [
        `AUTH ${CANARY}`,
        `AUTH boss ${CANARY}x`,
        `HELLO 3 AUTH boss ${CANARY}x`,
        `HELLO 3 AUTH ${CANARY}`,
        `GET ${'x'.repeat(10)}`,
        `AUTH boss ${CANARY}`,
        `HELLO 2 AUTH boss ${CANARY} SETNAME n`,
        `ACL SETUSER app2 >${CANARY} ~* +@read`,
        `ACL SETUSER app3 >${CANARY} ~* +@nothing`,
        `ACL SETUSER app3 <${CANARY} ~* +@read`,
        `ACL SETUSER app3 #${CANARY} ~* +@read`,
        'ACL LIST',
        'ACL GETUSER app2',
        'CLIENT LIST',
        'CLIENT INFO',
        'INFO everything',
        'CONFIG GET *',
        'SLOWLOG GET -1',
        'ACL LOG',
        'COMMAND DOCS auth',
        `COMMAND GETKEYS AUTH boss ${CANARY}`,
        `COMMAND GETKEYSANDFLAGS AUTH boss ${CANARY}`,
        `DEBUG ${CANARY.slice(0, 3)}`,
        'PING',
      ];
      said.push(['replies', await exchange(node, lines.map((line) => `${line}\r\n`).join(''))]);
      await eventually('the last command at the monitor', async () => /"PING"/i.test(seen));
      said.push(['monitor', seen]);
      monitor.destroy();

      // The command line.
      const file = path.join(temporaryDirectory(), 'boss');
      const env = { HEADWATER_CONNECT: node.address, HEADWATER_CREDENTIALS: `boss:${CANARY}` };
      for (const args of [
        ['status'],
        ['user', 'list', '--json'],
        ['user', 'create', 'x', '--role', 'read', '--out', file],
      ])
        said.push(['command', await outputOf(args, env)]);
      const slow = await outputOf(['slowlog', '--count', '1000'], env);
      for (const words of ['AUTH "(redacted)"', 'HELLO "3" "(red', 'ACL "SETUSER" "(red'])
        assert.ok(slow.includes(words), slow);
      said.push(['slow log', slow], ['slow log', JSON.stringify(await client.slowLog())]);
      said.push(['wrong', await outputOf(['status'], { ...env, HEADWATER_CREDENTIALS: `boss:${CANARY}x` })]);
      said.push(['form', await outputOf(['status'], { ...env, HEADWATER_CREDENTIALS: CANARY })]);
      said.push([
        'address',
        await outputOf(['status'], { HEADWATER_CONNECT: `headwater://boss:${CANARY}@127.0.0.1:1` }),
      ]);
      said.push([
        'argument',
        await outputOf(['--connect', `headwater://boss:${CANARY}@${node.address}`, 'status'], {}),
      ]);
      said.push([
        'bad address',
        await outputOf(['status'], { HEADWATER_CONNECT: `headwater://${CANARY}@${node.address}` }),
      ]);

      for (const [where, text] of said) assertClean(text, where);
      assertClean(readFileSync(`/proc/${node.pid}/cmdline`), 'ps');
      assertClean(node.log, 'the log');
      assert.match(node.log, /"audit":"refused"/);
      assert.match(node.log, /"audit":"administers"/);
      await node.end('SIGTERM');
      for (const one of filesIn(node.directory)) assertClean(readFileSync(one), one);
    } finally {
      await cluster[Symbol.asyncDispose]();
    }
  });

  it('is in the output of no command, however it ends, and on no page of a node', async () => {
    const cluster = new Cluster();
    const folder = temporaryDirectory();
    try {
      const authority = await TestAuthority.create(folder);
      const { ca } = authority;
      const files = await authority.issue('node');
      const node = await cluster.node('node');
      const follower = await cluster.node('follower');
      const http = `127.0.0.1:${await freePort()}`;
      const tls = tlsFlags(files, ca);
      const all = ['--log-level', 'debug', '--slow-log-microseconds', '0', '--slow-log-length', '1000'];
      await node.start(...all, '--http', http, ...tls, '--tls-clients', 'optional');
      const trust = { ca };
      const first = await Client.connect(node.address, { tls: trust });
      await first.users.create('link', { roles: ['replicate'], secret: `${CANARY}-link` });
      await first.users.create('boss', { roles: ['admin'], secret: CANARY });
      await first.close({ timeoutMs: 0 });
      const link = privateFile(folder, 'link', `link:${CANARY}-link\n`);
      for (const one of [node, follower])
        Object.assign(one, { tls: trust, credentials: { user: 'boss', secret: CANARY } });
      const following = [
        '--follow',
        node.address,
        '--upstream-credentials',
        link,
        '--forward-writes',
        '--log-level',
        'debug',
      ];
      await follower.start(...following, ...tls, '--tls-clients', 'optional');
      await eventually('the follower to follow', async () => (await follower.status()).upstream?.state === 'streaming');

      // Each command with the right secret, with a wrong one, with a wrong option, and without a node.
      const right = { HEADWATER_CONNECT: node.address, HEADWATER_CREDENTIALS: `boss:${CANARY}`, HEADWATER_TLS_CA: ca };
      const url = `headwaters://boss:${CANARY}@${node.address}`;
      const said: Array<readonly [where: string, text: string]> = [];
      const runs: Array<readonly [args: readonly string[], env: Record<string, string>]> = [];
      for (const command of COMMANDS) {
        const args = command.split(' ');
        runs.push([['--json', ...args], right], [[...args, '--no-such-option'], right]);
        runs.push([args, { ...right, HEADWATER_CREDENTIALS: `boss:${CANARY}x` }]);
      }
      runs.push([['--connect', url, 'status'], {}], [['status', url], {}], [['follow', url], right], [[url], {}]);
      runs.push([['--credentials', `boss:${CANARY}`, 'status'], right], [['failover', '--to', url], right]);
      runs.push([['user', 'create', 'z', '--role', 'read', '--secret', CANARY], right]);
      runs.push([['user', 'create', 'z', '--role', 'read', '--secret-file', `${folder}/none`], right]);
      runs.push([['status'], { HEADWATER_CONNECT: `headwater://boss:${CANARY}@127.0.0.1:1` }]);
      const waiting = [...runs];
      const work = async () => {
        for (let run = waiting.shift(); run; run = waiting.shift())
          said.push([run[0].join(' '), await outputOf(...run)]);
      };
      await Promise.all([work(), work(), work()]);

      // A file and an environment of a node in which somebody has put a secret where none belongs.
      const misplaced = [
        `upstream-credentials = "link:${CANARY}"`,
        `follow = "headwater://link:${CANARY}@127.0.0.1:1"`,
        `masterauth = "${CANARY}"`,
        `requirepass = "${CANARY}"`,
        `masterauth = "${CANARY}`,
        `secret = "${CANARY}"`,
      ];
      for (const [i, line] of misplaced.entries()) {
        const config = privateFile(folder, `${i}.toml`, `data = "${folder}/data-${i}"\n${line}\n`);
        for (const args of [
          ['config', 'check', config],
          ['serve', '--config', config],
        ])
          said.push([`${args[0]} ${line.slice(0, 12)}`, await outputOf(args, {})]);
      }

      // The pages.
      for (const page of ['/', '/metrics', '/healthz', '/readyz', '/none'])
        for (const secret of [CANARY, `${CANARY}x`, undefined]) said.push([page, await pageOf(http, page, secret, ca)]);

      for (const [where, text] of said) assertClean(text, where);
      for (const one of [node, follower]) {
        assertClean(readFileSync(`/proc/${one.pid}/cmdline`), 'ps');
        assertClean(readFileSync(`/proc/${one.pid}/environ`), 'the environment');
        assertClean(one.log, `the log of ${one.name}`);
      }
      assert.ok(said.length > 140, `${said.length}`);
      for (const one of [follower, node]) await one.end('SIGTERM');
      for (const one of [...filesIn(node.directory), ...filesIn(follower.directory)])
        assertClean(readFileSync(one), one);
    } finally {
      await cluster[Symbol.asyncDispose]();
    }
  });
});

/** Every command of the command line that ends by itself. */
const COMMANDS = [
  'get k',
  'set k v',
  'mget k',
  'del k',
  'incr n',
  'exists k',
  'type k',
  'ttl k',
  'keys *',
  'scan',
  'dbsize',
  'randomkey',
  'publish c m',
  'export -',
  'ping',
  'status',
  'digest',
  'compare',
  'doctor',
  'config get',
  'config set min-followers 0',
  'config print --origin',
  'config example',
  'user list',
  'user whoami',
  'user revoke nobody',
  'user rotate nobody',
  'user limit nobody --max-connections 1',
  'verify',
  'forget nobody',
  'node remove nobody',
  'failover --to 127.0.0.1:1',
  'top --once',
  'latency --for 100ms',
  'slowlog --count 1000',
  'bench -n 10 --keys 5',
  'backup -',
  'man',
];

function privateFile(folder: string, name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** The head and the body of a page. */
function pageOf(address: string, page: string, secret: string | undefined, ca: string): Promise<string> {
  const headers = secret === undefined ? {} : { authorization: authorizationOf({ user: 'boss', secret }) };
  return new Promise((resolve) => {
    const request = https.get(`https://${address}${page}`, { headers, ca: readFileSync(ca) }, (response) => {
      let text = JSON.stringify(response.headers);
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('close', () => resolve(text));
    });
    request.on('error', (error) => resolve(String(error)));
  });
}

async function outputOf(args: readonly string[], env: Record<string, string>): Promise<string> {
  const { stdout, stderr } = await headwater(args, { env });
  return `${stdout.toString()}${stderr}`;
}
