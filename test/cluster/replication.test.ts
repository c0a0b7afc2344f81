/**
 * A leader and its followers run as users see them: real daemons, real gRPC, real
 * disks. They are killed, restarted, emptied and moved, and every follower must end
 * with the data of its leader, or refuse by name.
 */
import assert from 'node:assert/strict';
import { cp, readdir, rm } from 'node:fs/promises';
import * as grpc from '@grpc/grpc-js';
import { openLevel } from '../../src/disk/level.js';
import { Client, HeadwaterError } from '../../src/index.js';
import { blockKey } from '../../src/log/rows.js';
import type { Operation, OperationKind, Reply } from '../../src/model/operation.js';
import { OPERATION_METHODS } from '../../src/rpc/definitions.js';
import { fromStatus } from '../../src/rpc/status.js';
import { assertEqualData, Cluster, caughtUp, eventually } from '../support/cluster.js';

async function fill(
  client: { set(key: string, value: string): Promise<unknown> },
  prefix: string,
  count: number,
): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => client.set(`${prefix}${i}`, `value ${i}`)));
}

/** One plain call, as any gRPC client makes it. */
function unary(address: string, kind: OperationKind, operation: Operation): Promise<Reply | HeadwaterError> {
  const method = OPERATION_METHODS.get(kind);
  assert.ok(method);
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  return new Promise((resolve) => {
    client.makeUnaryRequest(method.path, method.request.encode, method.response.decode, operation, (error, reply) => {
      client.close();
      resolve(error ? fromStatus(error) : (reply as Reply));
    });
  });
}

describe('replication between daemons', () => {
  let cluster: Cluster;

  beforeEach(() => {
    cluster = new Cluster({ isInProcess: true });
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it('brings a new follower up with one full resync, and streams from then on', async () => {
    const leader = await cluster.node('leader');
    await leader.start();
    await fill(await leader.client(), 'before:', 2_000);
    const follower = await cluster.node('follower');
    await follower.start('--follow', leader.address);
    await fill(await leader.client(), 'after:', 2_000);
    await assertEqualData(leader, follower);
    const status = await follower.status();
    assert.deepEqual([status.fullResyncs, status.partialResyncs], [1, 0]);
    assert.equal(status.upstream?.lastResync?.kind, 'full');
    assert.equal(await (await follower.client()).get('after:1999'), 'value 1999');
  });

  it('continues a killed follower from its own disk, without a full resync', async () => {
    cluster.isInProcess = false;
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert.ok(leader && follower);
    await fill(await leader.client(), 'a:', 1_000);
    await caughtUp(leader, follower);
    await follower.end('SIGKILL');
    await fill(await leader.client(), 'b:', 1_000);
    await follower.start();
    await assertEqualData(leader, follower);
    const status = await follower.status();
    assert.deepEqual([status.fullResyncs, status.partialResyncs], [0, 1]);
    assert.ok((status.upstream?.lastResync?.bytes ?? 0) > 0);
  });

  it('continues after the leader was killed, under the new history that it begins', async () => {
    cluster.isInProcess = false;
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert.ok(leader && follower);
    await fill(await leader.client(), 'a:', 1_000);
    await caughtUp(leader, follower);
    const before = await follower.status();
    await leader.end('SIGKILL');
    assert.equal(
      await (await follower.client()).get('a:7'),
      'value 7',
      'old data are served while the upstream is away',
    );
    await leader.start();
    await fill(await leader.client(), 'b:', 1_000);
    await assertEqualData(leader, follower);
    const after = await follower.status();
    assert.equal(after.fullResyncs, before.fullResyncs);
    assert.notEqual(after.replicationId, before.replicationId);
    assert.equal(after.lineage.length, 2);
  });

  it('refuses writes on a follower and names the leader', async () => {
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert.ok(leader && follower);
    await caughtUp(leader, follower);
    const error = await unary(follower.address, 'set', { kind: 'set', key: Buffer.from('a'), value: Buffer.from('b') });
    assert.ok(HeadwaterError.is(error, 'read_only_follower'));
    assert.equal(error.details.leader, leader.address);
    assert.equal(await (await follower.client()).get('a'), undefined);
  });

  it('redirects a client that writes to a follower to the leader', async () => {
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert.ok(leader && follower);
    await caughtUp(leader, follower);
    await using client = await Client.connect(follower.address);
    await client.set('a', 'b');
    assert.equal(client.address, leader.address);
    assert.equal(await (await leader.client()).get('a'), 'b');
  });

  it('follows at run time, and stays a follower over a restart', async () => {
    const [leader] = await cluster.leaderAndFollowers(0);
    assert.ok(leader);
    const other = await cluster.node('other');
    await other.start();
    await fill(await leader.client(), 'a:', 100);
    await (await other.client()).follow(leader.address);
    await assertEqualData(leader, other);
    await other.end('SIGTERM');
    await other.start();
    await assertEqualData(leader, other);
    assert.equal((await other.status()).role, 'follower');
  });

  it('keeps the data of a node that is ordered to follow one with another history', async () => {
    const [a, b] = [await cluster.node('a'), await cluster.node('b')];
    await a.start();
    await b.start();
    await fill(await a.client(), 'a:', 10);
    await fill(await b.client(), 'b:', 10);
    await (await b.client()).follow(a.address);
    const refused = await eventually('the refusal', async () => {
      const { upstream } = await b.status();
      return upstream?.state === 'refused' && upstream;
    });
    assert.match(refused.error, /OTHER_CLUSTER|NO_COMMON_HISTORY/);
    assert.equal(await (await b.client()).dbsize(), 10);
    await (await b.client()).follow(a.address, { acceptDataLoss: true });
    await assertEqualData(a, b);
  });

  it('does not let an empty leader wipe its followers', async () => {
    cluster.isInProcess = false;
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert.ok(leader && follower);
    await fill(await leader.client(), 'a:', 100);
    await caughtUp(leader, follower);
    await leader.end('SIGKILL');
    await rm(leader.directory, { recursive: true });
    await leader.start();
    await eventually('the refusal', async () => (await follower.status()).upstream?.state === 'refused');
    assert.equal(await (await follower.client()).dbsize(), 100);
  });

  it('saves the writes that a restored leader does not have, before the follower gives them up', async () => {
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert.ok(leader && follower);
    await fill(await leader.client(), 'kept:', 100);
    await caughtUp(leader, follower);
    await leader.end('SIGTERM');
    await cp(leader.directory, `${leader.directory}-copy`, { recursive: true });
    await leader.start();
    await fill(await leader.client(), 'lost:', 7);
    await caughtUp(leader, follower);
    await leader.end('SIGTERM');
    await rm(leader.directory, { recursive: true });
    await cp(`${leader.directory}-copy`, leader.directory, { recursive: true });
    await leader.start();
    // What it led once goes on without it: a person has to say that it is to lead from here.
    await eventually('it has met the later history', async () => (await leader.status()).superseded !== '');
    await (await leader.client()).promote();
    await fill(await leader.client(), 'new:', 3);
    await assertEqualData(leader, follower);
    const status = await follower.status();
    assert.match(status.upstream?.lastResync?.reason ?? '', /^DIVERGED/);
    assert.equal(status.lostWrites, 7);
    await follower.end('SIGTERM');
    await follower.start();
    assert.equal((await follower.status()).lostWrites, 7, 'a restart does not forget them');
    assert.equal((await readdir(`${follower.directory}/lost-writes`)).length, 1);
    assert.equal(await (await follower.client()).get('lost:1'), undefined);
  });

  it('serves nothing after its log lost a tail, and takes the data from another node', async () => {
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert.ok(leader && follower);
    await (await leader.client()).set('a', '1');
    await (await leader.client()).set('b', '2');
    await caughtUp(leader, follower);
    await leader.end('SIGTERM');
    const log = await openLevel(`${leader.directory}/gen-000001/log`, {
      writeBufferBytes: 64 * 1024,
      fileBytes: 1024 * 1024,
      cacheBytes: 0,
      compression: false,
    });
    const batch = log.batch();
    batch.del(blockKey(2));
    await batch.write();
    await log.close();
    const nobody = await cluster.node('nobody');
    await leader.start('--follow', nobody.address);
    const { unavailable, offset } = await leader.status();
    assert.equal(offset, 1);
    assert.match(
      unavailable,
      /the log ends at offset 1, .* is at 2: .*This node serves nothing until it has made a full resync/,
    );
    await (await follower.client()).promote();
    await (await leader.client()).follow(follower.address);
    const served = await eventually('it serves again', async () => {
      const status = await leader.status();
      return status.unavailable === '' && status.upstream?.state === 'streaming' && status;
    });
    assert.deepEqual([served.offset, served.fullResyncs], [2, 1]);
    assert.match(leader.log, /full resync from .* \(KEYSPACE_INCOMPLETE: /);
    assert.equal(await (await leader.client()).get('b'), '2');
  });

  it('refuses to follow itself', async () => {
    const [leader] = await cluster.leaderAndFollowers(0);
    assert.ok(leader);
    await assert.rejects((await leader.client()).follow(leader.address), { code: 'replication_loop' });
    assert.equal((await leader.status()).role, 'leader');
  });

  it('lets three followers join at once under writes', async () => {
    const leader = await cluster.node('leader');
    await leader.start();
    const client = await leader.client();
    await fill(client, 'a:', 5_000);
    const followers = await Promise.all([1, 2, 3].map((i) => cluster.node(`follower-${i}`)));
    let writing = true;
    const writer = (async () => {
      for (let i = 0; writing; i++) await fill(client, `b:${i}:`, 100);
    })();
    await Promise.all(followers.map((follower) => follower.start('--follow', leader.address)));
    for (const follower of followers) await caughtUp(leader, follower);
    writing = false;
    await writer;
    await assertEqualData(leader, ...followers);
  });

  it('expires keys on the leader, and the follower hides them before the deletion comes', async () => {
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert.ok(leader && follower);
    await (await leader.client()).set('brief', 'x', { ttlMs: 300 });
    await caughtUp(leader, follower);
    await eventually(
      'the key to be hidden on the follower',
      async () => (await (await follower.client()).get('brief')) === undefined,
    );
    await eventually('the leader to delete it', async () => (await (await leader.client()).dbsize()) === 0);
    await assertEqualData(leader, follower);
  });
});
