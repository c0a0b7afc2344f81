/** Headwater's client and the users and certificates of a real etcd. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { eventually } from '../../../benchmarks/waiting.js';
import { systemClock } from '../../../src/base/clock.js';
import { EtcdClient, type EtcdOptions } from '../../../src/cluster/etcd/client.js';
import { EtcdRefusal, EtcdUnreachable } from '../../../src/cluster/etcd/errors.js';
import { type PemFiles, TestAuthority } from '../../support/certificates.js';
import { ETCD_NEEDED, EtcdCluster, isEtcdInstalled } from '../../support/etcd.js';
import { skipUnless } from '../../support/installed.js';
import { RecordingLogger } from '../../support/store.js';

const SECRET = 'correct-horse';
const KEY = '/headwater/a';

function open(etcd: EtcdCluster, options: Partial<EtcdOptions> = {}): EtcdClient & AsyncDisposable {
  const client = EtcdClient.open({
    endpoints: etcd.endpoints,
    clock: systemClock,
    logger: new RecordingLogger(),
    requestTimeoutMs: 3_000,
    ...options,
  });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

function put(client: EtcdClient, key = KEY): Promise<unknown> {
  return client.transaction({ compares: [], success: [{ kind: 'put', key, value: 'x' }] });
}

async function failureOf(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => assert.fail('expected a failure'),
    (error) => error,
  );
}

describe('users of etcd', function () {
  this.timeout(60_000);
  let etcd: EtcdCluster;
  const root = ['--user', `root:${SECRET}`];

  before(async function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
    etcd = await EtcdCluster.start();
    await etcd.control('user', 'add', `root:${SECRET}`);
    await etcd.control('user', 'grant-role', 'root', 'root');
    await etcd.control('user', 'add', `headwater:${SECRET}`);
    await etcd.control('role', 'add', 'failover');
    await etcd.control('role', 'grant-permission', 'failover', '--prefix=true', 'readwrite', '/headwater/');
    await etcd.control('user', 'grant-role', 'headwater', 'failover');
    await etcd.control('auth', 'enable');
  });

  after(async () => {
    await etcd?.[Symbol.asyncDispose]();
  });

  it('are let in by the password, for their keys alone', async () => {
    await using client = open(etcd, { user: { user: 'headwater', password: SECRET } });
    await put(client);
    const { outcome } = await client.keepAlive((await client.grantLease(60)).lease);
    assert.equal(outcome, 'alive');
    let events = 0;
    const watch = client.watch('/headwater/', undefined, { events: () => events++, compacted: () => {} });
    await eventually('an event', async () => {
      await put(client);
      return events > 0;
    });
    watch.close();
    const error = await failureOf(put(client, '/other'));
    assert.ok(error instanceof EtcdRefusal && error.reason === 'permission_denied', String(error));
    assert.match(error.message, /does not let the user "headwater" read or write these keys/);
  });

  it('get another token when the member has forgotten theirs', async () => {
    await using client = open(etcd, { user: { user: 'headwater', password: SECRET } });
    await put(client);
    let events = 0;
    const watch = client.watch('/headwater/', undefined, { events: () => events++, compacted: () => {} });
    await etcd.members[0]?.kill();
    etcd.members[0]?.start();
    await etcd.healthy(...root);
    await eventually('an answer', async () => put(client));
    await put(client);
    await eventually('an event', async () => events > 0);
    watch.close();
  });

  it('are refused by name with a wrong password or none, and no message has a secret', async () => {
    const logger = new RecordingLogger();
    const password = 'wrong-battery';
    await using wrong = open(etcd, { logger, user: { user: 'headwater', password } });
    await using nobody = open(etcd, { logger });
    const errors = [await failureOf(put(wrong)), await failureOf(put(nobody))];
    const interrupted = await new Promise<Error>((resolve) => {
      wrong.watch('/headwater/', undefined, { events: () => {}, compacted: () => {}, interrupted: resolve });
    });
    for (const error of [...errors, interrupted])
      assert.ok(error instanceof EtcdRefusal && error.reason === 'unauthenticated', String(error));
    assert.match(String(errors[0]), /etcd does not know the user "headwater", or its password is another/);
    assert.match(String(errors[1]), /etcd expects a user and its password, received none/);
    const said = inspect([errors, interrupted, logger.lines], { depth: 10 });
    assert.ok(!said.includes(password) && !said.includes(SECRET), said);
  });

  it('are no hindrance to an etcd without users', async () => {
    await using plain = await EtcdCluster.start();
    await using client = open(plain, { user: { user: 'headwater', password: SECRET } });
    await put(client);
  });
});

describe('TLS to etcd', function () {
  this.timeout(60_000);
  let directory: string;
  let authority: TestAuthority;
  let server: PemFiles;
  let client: PemFiles;

  before(async function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
    directory = mkdtempSync(path.join(tmpdir(), 'headwater-etcd-tls-'));
    authority = await TestAuthority.create(path.join(directory, 'ca'));
    server = await authority.issue('etcd');
    client = await authority.issue('headwater');
  });

  after(() => {
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  it('checks the certificate of etcd, and says what is wrong with it', async () => {
    await using etcd = await EtcdCluster.start(1, { server, ca: authority.ca, client, isMutual: false });
    await using trusting = open(etcd, { tls: { ca: authority.ca } });
    await put(trusting);
    const other = await TestAuthority.create(path.join(directory, 'other'), 'other CA');
    const cases = [
      [{ tls: { ca: other.ca } }, /no CA that this side trusts has signed the certificate of etcd/],
      [
        { tls: { ca: authority.ca, serverName: 'db.example' } },
        /the certificate of etcd is for another name: expected db\.example/,
      ],
      [{}, /etcd closed the new connection\. Check whether etcd has TLS/],
    ] as const;
    for (const [options, expected] of cases) {
      await using wrong = open(etcd, options);
      const error = await failureOf(put(wrong));
      assert.ok(error instanceof EtcdUnreachable && !error.mayBeDone, String(error));
      assert.match(error.message, expected);
    }
  });

  it('shows the certificate of the client to an etcd that wants one', async () => {
    await using etcd = await EtcdCluster.start(1, { server, ca: authority.ca, client, isMutual: true });
    await using known = open(etcd, { tls: { ca: authority.ca, ...client } });
    await put(known);
    const seen = new Promise((resolve) => {
      known.watch('/headwater/', undefined, { events: resolve, compacted: () => {}, watching: () => void put(known) });
    });
    await seen;
    await using stranger = open(etcd, { tls: { ca: authority.ca } });
    const error = await failureOf(put(stranger));
    assert.ok(error instanceof EtcdUnreachable && !error.mayBeDone, String(error));
    assert.match(error.message, /etcd does not accept the certificate of this client, or received none/);
  });

  it('is refused by an etcd without it, in plain words', async () => {
    await using etcd = await EtcdCluster.start();
    await using client = open(etcd, { tls: { ca: authority.ca } });
    assert.match(
      String(await failureOf(put(client))),
      /etcd closed the connection during the handshake\. Check that etcd has TLS/,
    );
  });
});
