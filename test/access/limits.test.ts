/** Limits of users at both doors of a node: what is refused, what is not, and what a change of them does. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import { authorizationOf } from '../../src/access/credentials.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { Client, type Node } from '../../src/index.js';
import { Door, type Wire } from '../resp/door.js';
import { eventually } from '../support/cluster.js';
import { temporaryDirectory } from '../support/database.js';

const SECRET = 'a-long-secret';

describe('the limits of users at a node', function () {
  this.timeout(30_000);
  const door = new Door();
  const clients: Client[] = [];
  let node: Node;
  let boss: Client;

  async function as(user: string, at = node): Promise<Client> {
    const client = await Client.connect(at.address, { credentials: { user, secret: SECRET }, retry: { attempts: 1 } });
    clients.push(client);
    return client;
  }

  async function wireAs(user: string, at = node): Promise<Wire> {
    const wire = door.open(at);
    await wire.asks(`AUTH ${user} ${SECRET}`, '+OK\r\n');
    return wire;
  }

  const refusal = async (call: Promise<unknown>) => {
    const failure = await call.then(
      () => undefined,
      (error: unknown) => error,
    );
    return HeadwaterError.is(failure, 'overloaded') ? failure : undefined;
  };

  const line = async (wire: Wire, request: string) => {
    wire.send(`${request}\r\n`);
    return (await wire.lines(1))[0] ?? '';
  };

  /** Leaves app a debt of 50 operations, which all pass because they come in one message. */
  async function spends(): Promise<void> {
    const app = await as('app');
    await Promise.all(Array.from({ length: 50 }, () => app.set('a', 'v')));
  }

  beforeEach(async () => {
    node = await door.node();
    const first = await Client.connect(node.address);
    await first.users.create('boss', { roles: ['admin'], secret: SECRET });
    await first.close();
    boss = await as('boss');
    await boss.users.create('app', { roles: ['read', 'write', 'publish'], secret: SECRET });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close({ timeoutMs: 0 });
    await door.close();
  });

  it('refuse operations of gRPC with the limit, the user and the time to try again', async () => {
    const app = await as('app');
    await app.set('a', '1');
    await boss.users.limit('app', { operationsPerSecond: 1 });
    await spends();
    const error = await refusal(app.get('a'));
    assert.equal(error?.details.limit, 'ops-per-second');
    assert.equal(error?.details.user, 'app');
    assert.ok(Number(error?.details.retryAfterMs) > 10_000, error?.message);
    await boss.users.limit('app', { operationsPerSecond: 0 });
    assert.equal(await app.get('a'), 'v');
  });

  it('refuse a unary call with RESOURCE_EXHAUSTED and the delay', async () => {
    await boss.users.limit('app', { operationsPerSecond: 1 });
    await spends();
    const client = new grpc.Client(node.address, grpc.credentials.createInsecure());
    const metadata = new grpc.Metadata();
    metadata.set('authorization', authorizationOf({ user: 'app', secret: SECRET }));
    const asIs = (bytes: Buffer) => bytes;
    const call = () =>
      new Promise<grpc.ServiceError | null>((resolve) => {
        const path = '/headwater.v1.KeyValueService/RandomKey';
        client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), metadata, (error) => resolve(error));
      });
    const error = await call();
    client.close();
    assert.equal(error?.code, grpc.status.RESOURCE_EXHAUSTED);
    const [bytes] = error?.metadata.get('grpc-status-details-bin') ?? [];
    const details = (bytes as Buffer).toString('latin1');
    assert.match(details, /OVERLOADED/);
    assert.match(details, /RetryInfo/);
  });

  it('count a transaction as its operations', async () => {
    const app = await as('app');
    await boss.users.limit('app', { operationsPerSecond: 10 });
    const all = app.transaction();
    for (let i = 0; i < 1_000; i++) all.set(`k${i}`, 'v');
    await all.commit();
    assert.ok(Number((await refusal(app.get('a')))?.details.retryAfterMs) > 90_000);
  });

  it('refuse commands of Redis clients, and not those about the connection', async () => {
    const wire = await wireAs('app');
    await boss.users.limit('app', { operationsPerSecond: 1 });
    await spends();
    wire.send('GET a\r\nGET b\r\nSCAN 0\r\nPUBLISH c m\r\nPING\r\nCLIENT GETNAME\r\nACL WHOAMI\r\n');
    const lines = await wire.lines(7);
    for (const refused of lines.slice(0, 4))
      assert.match(
        refused,
        /^-ERR the user app has reached its limit of 1 operations a second: .* Try again in \d+ ms/,
      );
    assert.deepEqual(lines.slice(4), ['+PONG', '$-1', '$3']);
    await boss.users.limit('app', { operationsPerSecond: 0 });
    await wire.readsUpTo('app\r\n');
    await wire.asks('GET a', '$1\r\nv\r\n');
  });

  it('make a transaction of a Redis client do nothing if one of its commands is refused', async () => {
    const wire = await wireAs('app');
    await wire.asks('MULTI', '+OK\r\n');
    await wire.asks('SET a 1', '+QUEUED\r\n');
    await boss.users.limit('app', { operationsPerSecond: 1 });
    await spends();
    assert.match(await line(wire, 'SET a 3'), /^-ERR the user app has reached its limit/);
    await wire.asks('EXEC', '-EXECABORT Transaction discarded because of previous errors.\r\n');
  });

  it('count what the node sends, also to subscribers', async () => {
    await boss.set('large', 'x'.repeat(100_000));
    await boss.users.limit('app', { bytesPerSecond: 10_000 });
    const app = await as('app');
    assert.equal((await app.get('large'))?.length, 100_000);
    const error = await refusal(app.get('large'));
    assert.equal(error?.details.limit, 'bytes-per-second');
    await boss.users.create('reader', { roles: ['read'], secret: SECRET, bytesPerSecond: 10_000 });
    const wire = await wireAs('reader');
    wire.send('SUBSCRIBE news\r\n');
    await wire.lines(6);
    const other = await wireAs('reader');
    await boss.publish('news', 'x'.repeat(100_000));
    await wire.readsUpTo(`${'x'.repeat(100_000)}\r\n`);
    assert.match(await line(other, 'GET large'), /^-ERR the user reader has reached its limit of 10000 bytes a second/);
  });

  it('slow a scan down, and do not break it off', async () => {
    for (let i = 0; i < 8; i++) await boss.set(`k${i}`, 'x'.repeat(200_000));
    await boss.users.limit('app', { bytesPerSecond: 2_000_000 });
    const app = await as('app');
    const startedMs = performance.now();
    let bytes = 0;
    for (let round = 0; round < 3; round++)
      for await (const { value } of app.scan({ match: 'k*' })) bytes += value?.length ?? 0;
    assert.equal(bytes, 3 * 8 * 200_000);
    // 4.8 MB at 2 MB/s, of which the first second is free.
    assert.ok(performance.now() - startedMs > 1_200, `${performance.now() - startedMs} ms`);
  });

  it('change nothing else: what the user has open stays open', async () => {
    const wire = await wireAs('app');
    const watching = await wireAs('app');
    watching.send('SUBSCRIBE news\r\n');
    await watching.lines(6);
    await boss.users.limit('app', { operationsPerSecond: 1_000, bytesPerSecond: 1_000_000, maxConnections: 2 });
    await wire.asks('GET a', '$-1\r\n');
    await boss.publish('news', 'm');
    await watching.readsUpTo('m\r\n');
    const { users } = await boss.users.list();
    assert.deepEqual(users.find(({ name }) => name === 'app')?.limits, {
      operationsPerSecond: 1_000,
      bytesPerSecond: 1_000_000,
      maxConnections: 2,
    });
    // A new secret and other rights leave the limits as they are.
    await boss.users.rotate('app', { secret: SECRET });
    assert.equal((await boss.users.limit('app', { maxConnections: 0 })).limits?.operationsPerSecond, 1_000);
  });

  it('bound the connections of a user over both protocols, and give places back', async () => {
    await boss.users.limit('app', { maxConnections: 2 });
    const app = await as('app');
    await app.set('a', '1');
    const wire = await wireAs('app');
    // The connection itself may sign in again, and call as often as it likes.
    await wire.asks(`AUTH app ${SECRET}`, '+OK\r\n');
    await app.status();
    const third = door.open(node);
    assert.match(await line(third, `AUTH app ${SECRET}`), /^-BUSY the user app has reached its limit of 2 connections/);
    const error = await refusal(as('app'));
    assert.equal(error?.details.limit, 'max-connections');
    wire.socket.destroy();
    await eventually('the place to be free', async () => (await line(third, `AUTH app ${SECRET}`)) === '+OK');
    assert.match((await refusal(as('app')))?.message ?? '', /limit of 2 connections/);
    await app.close();
    clients.splice(clients.indexOf(app), 1);
    await eventually('another place to be free', async () => (await refusal(as('app'))) === undefined);
  });

  it('are none for administrators and followers, whatever the defaults are', async () => {
    node.options.set(
      [
        { name: 'user-ops-per-second', value: 1 },
        { name: 'connections-per-user', value: 1 },
      ],
      'a test',
    );
    for (let i = 0; i < 20; i++) await boss.set('a', String(i));
    for (const role of ['admin', 'replicate'] as const) {
      const made = boss.users.create('x', { roles: [role], secret: SECRET, operationsPerSecond: 5 });
      await assert.rejects(made, /limits: expected none for the role \w+, so that no limit holds up replication/);
    }
    await assert.rejects(boss.users.limit('boss', { maxConnections: 1 }), /limits: expected none for the role admin/);
  });

  it('travel with the user: a follower and a restart know them', async () => {
    await boss.users.limit('app', { operationsPerSecond: 1 });
    await boss.users.create('node-2', { roles: ['replicate'], secret: SECRET });
    const file = `${await temporaryDirectory()}/node-2`;
    fs.writeFileSync(file, `node-2:${SECRET}\n`, { mode: 0o600 });
    const follower = await door.node({ follow: node.address, upstreamCredentials: file });
    await eventually('the follower to be level', async () => {
      const { offset, upstream } = await follower.status();
      return upstream?.state === 'streaming' && offset === (await node.status()).offset;
    });
    const wire = await wireAs('app', follower);
    wire.send('GET a\r\n'.repeat(50));
    await wire.lines(50);
    assert.match(await line(wire, 'GET a'), /^-ERR the user app has reached its limit of 1 operations a second/);
  });

  it('refuse a message of a pipeline whole, with one reply for each command', async () => {
    await boss.users.limit('app', { operationsPerSecond: 5 });
    const app = await as('app');
    await Promise.all(Array.from({ length: 20 }, (_, i) => app.set(`k${i}`, 'v')));
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => app.set(`l${i}`, 'v')));
    assert.ok(outcomes.every(({ status }) => status === 'rejected'));
    assert.equal(await boss.exists('l0'), 0);
  });
});
