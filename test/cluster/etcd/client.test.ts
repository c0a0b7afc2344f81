/** Headwater's client against a real etcd: leases, transactions, watches, and members that fail. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { eventually } from '../../../benchmarks/waiting.js';
import type { Address } from '../../../src/base/address.js';
import { systemClock } from '../../../src/base/clock.js';
import { EtcdClient, type EtcdOptions } from '../../../src/cluster/etcd/client.js';
import { EtcdDiscontinuity, EtcdRefusal, EtcdUnreachable } from '../../../src/cluster/etcd/errors.js';
import type { EtcdEvent, EtcdHeader, EtcdWatchListener } from '../../../src/cluster/etcd/model.js';
import { ETCD_NEEDED, EtcdCluster, isEtcdInstalled } from '../../support/etcd.js';
import { skipUnless } from '../../support/installed.js';
import { RecordingLogger } from '../../support/store.js';

const TIMEOUT_MS = 2_000;

/** The shortest life of a lease that this etcd grants: more than 1.5 elections. */
const TTL_SECONDS = 1;

/** A client that ends with the test. */
function open(endpoints: readonly Address[], options: Partial<EtcdOptions> = {}): EtcdClient & AsyncDisposable {
  const client = EtcdClient.open({
    endpoints,
    clock: systemClock,
    logger: new RecordingLogger(),
    requestTimeoutMs: TIMEOUT_MS,
    ...options,
  });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** A listener that remembers. */
class Seen implements EtcdWatchListener {
  readonly all: EtcdEvent[] = [];
  compactedAt: bigint | undefined;
  progressAt: bigint | undefined;
  watchingCount = 0;
  readonly interruptions: Error[] = [];

  events(events: readonly EtcdEvent[]): void {
    this.all.push(...events);
  }
  compacted(revision: bigint): void {
    this.compactedAt = revision;
  }
  progress(revision: bigint): void {
    this.progressAt = revision;
  }
  watching(): void {
    this.watchingCount++;
  }
  interrupted(reason: Error): void {
    this.interruptions.push(reason);
  }

  /** The keys and values of the events, in order. */
  get texts(): string[] {
    return this.all.map((event) =>
      event.kind === 'put' ? `${event.entry.key}=${event.entry.value}` : `${event.key} deleted`,
    );
  }
}

function put(client: EtcdClient, key: string, value: string, lease = 0n) {
  return client.transaction({ compares: [], success: [{ kind: 'put', key, value, lease }] });
}

/** Puts until a member takes it: an election may be under way. */
function putAtLast(client: EtcdClient, key: string, value: string): Promise<unknown> {
  return eventually(`${key} to be put`, () => put(client, key, value));
}

const ABSENT = { target: 'create', result: 'equal', than: 0n } as const;

async function failureOf(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => assert.fail('expected a failure'),
    (error) => error,
  );
}

describe('the client of etcd', function () {
  this.timeout(60_000);
  let etcd: EtcdCluster;
  let client: EtcdClient;

  before(async function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
    etcd = await EtcdCluster.start();
    client = open(etcd.endpoints);
  });

  after(async () => {
    await client?.close();
    await etcd?.[Symbol.asyncDispose]();
  });

  it('keeps a lease and its keys while it is kept alive, and sees both end when it is not', async () => {
    const granted = await client.grantLease(TTL_SECONDS);
    assert.ok(granted.ttlSeconds >= TTL_SECONDS && granted.lease > 0n);
    await put(client, '/lease/key', 'here', granted.lease);
    const endMs = performance.now() + granted.ttlSeconds * 2_000;
    await eventually(
      'two lives of the lease to pass',
      async () => {
        const before = performance.now();
        const kept = await client.keepAlive(granted.lease);
        assert.ok(kept.outcome === 'alive' && kept.ttlSeconds === granted.ttlSeconds);
        assert.ok(kept.askedMs >= before && kept.askedMs <= performance.now());
        return performance.now() > endMs;
      },
      { everyMs: 100 },
    );
    const { entries } = await client.range({ key: '/lease/key' });
    assert.deepEqual(
      entries.map(({ lease, value }) => [lease, String(value)]),
      [[granted.lease, 'here']],
    );
    await eventually('the key to end', async () => (await client.range({ key: '/lease/key' })).entries.length === 0);
    assert.deepEqual(await client.keepAlive(granted.lease), { outcome: 'unknown_lease' });
    assert.deepEqual(await client.timeToLive(granted.lease), { outcome: 'unknown_lease' });
    assert.equal(await client.revokeLease(granted.lease), 'unknown_lease');
  });

  it('ends a lease with its keys at once, and knows how long another one lives', async () => {
    const { lease } = await client.grantLease(60);
    await put(client, '/revoked', 'x', lease);
    const left = await client.timeToLive(lease);
    assert.ok(left.outcome === 'alive' && left.grantedSeconds === 60 && left.ttlSeconds <= 60);
    assert.equal(await client.revokeLease(lease), 'revoked');
    assert.deepEqual((await client.range({ key: '/revoked' })).entries, []);
  });

  it('refuses to put a key on a lease that has ended, by a reason of its own', async () => {
    const error = await failureOf(put(client, '/orphan', 'x', 12_345n));
    assert.ok(error instanceof EtcdRefusal && error.reason === 'unknown_lease', String(error));
  });

  it('elects one of ten that run at the same time, and all see the same fencing number', async () => {
    const clients = Array.from({ length: 10 }, () => open(etcd.endpoints));
    const key = '/election/leader';
    const runs = await Promise.all(
      clients.map((one, at) =>
        one.transaction({
          compares: [{ key, ...ABSENT }],
          success: [{ kind: 'put', key, value: `node ${at}` }],
          failure: [{ kind: 'range', key }],
        }),
      ),
    );
    await Promise.all(clients.map((one) => one.close()));
    const [winner] = runs.filter(({ succeeded }) => succeeded);
    assert.equal(runs.filter(({ succeeded }) => succeeded).length, 1);
    const fences = runs.flatMap(({ results }) =>
      results.flatMap((result) => (result.kind === 'range' ? result.entries.map((one) => one.createRevision) : [])),
    );
    assert.deepEqual(fences, Array(9).fill(winner?.header.revision));
  });

  it('compares revisions, versions, leases and values, and answers each operation', async () => {
    const { lease } = await client.grantLease(60);
    const key = '/compare/a';
    const { header } = await put(client, key, 'one', lease);
    const reply = await client.transaction({
      compares: [
        { key, target: 'create', result: 'equal', than: header.revision },
        { key, target: 'mod', result: 'less', than: header.revision + 1n },
        { key, target: 'version', result: 'greater', than: 0n },
        { key, target: 'lease', result: 'equal', than: lease },
        { key, target: 'value', result: 'not_equal', than: 'two' },
      ],
      success: [
        { kind: 'range', prefix: '/compare/' },
        { kind: 'put', key: '/compare/b', value: Buffer.from([0, 255]) },
        { kind: 'delete', prefix: '/compare/a' },
      ],
    });
    assert.equal(reply.succeeded, true);
    const [range, second, third] = reply.results;
    assert.ok(range?.kind === 'range' && range.entries[0]?.version === 1n && range.entries[0].lease === lease);
    assert.deepEqual(second, { kind: 'put' });
    assert.deepEqual(third, { kind: 'delete', deleted: 1 });
    const absent = { key: '/compare/none', target: 'value', result: 'not_equal', than: 'x' } as const;
    const failed = await client.transaction({ compares: [absent], success: [{ kind: 'delete', key: '/none' }] });
    assert.deepEqual([failed.succeeded, failed.results], [false, []]);
  });

  it('reads the keys of a prefix in order, under the header of the member', async () => {
    for (const name of ['b', 'a', 'é']) await put(client, `/range/${name}`, name);
    await put(client, '/range0', 'outside');
    const { entries, header } = await client.range({ prefix: '/range/' });
    assert.deepEqual(
      entries.map(({ key, value }) => `${key}=${value}`),
      ['/range/a=a', '/range/b=b', '/range/é=é'],
    );
    assert.match(header.clusterId, /^[0-9a-f]{8,16}$/);
    assert.ok(header.revision > 0n && header.raftTerm > 0n);
    assert.ok((await client.range({ prefix: '' })).entries.length > entries.length);
  });

  it('watches from a revision, from now on, and until it is closed', async () => {
    const { header } = await put(client, '/watch/a', '1');
    await client.transaction({ compares: [], success: [{ kind: 'delete', key: '/watch/a' }] });
    const [past, future] = [new Seen(), new Seen()];
    const watches = [client.watch('/watch/', header.revision, past), client.watch('/watch/', undefined, future)];
    await eventually('both to watch', async () => past.watchingCount + future.watchingCount === 2);
    await put(client, '/watch/b', '2');
    await eventually('all events', async () => past.all.length === 3 && future.all.length === 1);
    assert.deepEqual(past.texts, ['/watch/a=1', '/watch/a deleted', '/watch/b=2']);
    assert.deepEqual(future.texts, ['/watch/b=2']);
    for (const watch of watches) watch.close();
    await put(client, '/watch/c', '3');
    const third = new Seen();
    const other = client.watch('/watch/', header.revision, third);
    await eventually('the others to be past it', async () => third.all.length === 4);
    other.close();
    assert.equal(past.all.length, 3);
  });

  it('says which revision is compacted, and that watch ends', async () => {
    const { header } = await put(client, '/compacted', '1');
    await put(client, '/compacted', '2');
    await etcd.control('compaction', String(header.revision + 1n));
    const seen = new Seen();
    client.watch('/compacted', header.revision - 1n, seen);
    await eventually('the watch to end', async () => seen.compactedAt !== undefined);
    assert.equal(seen.compactedAt, header.revision + 1n);
    assert.deepEqual(seen.interruptions, []);
  });

  it('fails the calls that run when it is closed, and every later one', async () => {
    const one = open(etcd.endpoints);
    const call = failureOf(one.range({ key: '/x' }));
    await one.close();
    assert.match((await call).message, /shutting down/);
    assert.match((await failureOf(one.range({ key: '/x' }))).message, /shutting down/);
  });

  it('says that nothing was done if nobody listens, or something else than etcd does', async () => {
    await using nobody = open([{ host: '127.0.0.1', port: 1 }]);
    const error = await failureOf(put(nobody, '/x', '1'));
    assert.ok(error instanceof EtcdUnreachable && !error.mayBeDone, String(error));
    assert.match(error.message, /^etcd could not be asked: nothing listens on 127\.0\.0\.1:1 \(connection refused\)$/);
  });
});

describe('the client of three members of etcd', function () {
  this.timeout(120_000);
  let etcd: EtcdCluster;

  before(function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
  });

  beforeEach(async () => {
    etcd = await EtcdCluster.start(3);
  });

  afterEach(async () => {
    await etcd?.[Symbol.asyncDispose]();
  });

  it('asks the next member within the time of a request if one stands still', async () => {
    const members = await etcd.followerFirst();
    await using client = open(
      members.map(({ endpoint }) => endpoint),
      { requestTimeoutMs: 3_000 },
    );
    const { lease } = await client.grantLease(60);
    await put(client, '/a', '1');
    members[0]?.signal('SIGSTOP');
    const begin = performance.now();
    const call = put(client, '/a', '2').catch((error) => error);
    const kept = await eventually('the lease to be kept', () => client.keepAlive(lease));
    assert.equal(kept.outcome, 'alive');
    assert.ok(performance.now() - begin < 3_000);
    const error = await call;
    assert.ok(error instanceof EtcdUnreachable && error.mayBeDone, String(error));
    assert.ok(performance.now() - begin >= 2_900 && performance.now() - begin < 4_000);
    await putAtLast(client, '/a', '3');
    members[0]?.signal('SIGCONT');
  });

  it('sends a transaction to the next member if it never left for the one that stands still', async () => {
    const members = await etcd.followerFirst();
    const endpoints = members.map(({ endpoint }) => endpoint);
    members[0]?.signal('SIGSTOP');
    await using client = open(endpoints, { requestTimeoutMs: 6_000 });
    const begin = performance.now();
    assert.equal((await put(client, '/once', '1')).succeeded, true);
    assert.ok(performance.now() - begin < 6_000);
    assert.equal((await client.range({ key: '/once' })).entries[0]?.version, 1n);
    members[0]?.signal('SIGCONT');
  });

  it('watches on when the member is killed, and misses and repeats nothing', async () => {
    await using client = open(etcd.endpoints);
    const seen = new Seen();
    const watch = client.watch('/n/', undefined, seen);
    await eventually('the watch', async () => seen.watchingCount === 1);
    await putAtLast(client, '/n/1', '1');
    const [first] = etcd.members;
    await first?.kill();
    await putAtLast(client, '/n/2', '2');
    await eventually('the watch at another member', async () => seen.watchingCount === 2);
    await putAtLast(client, '/n/3', '3');
    await eventually('the third event', async () => seen.texts.at(-1) === '/n/3=3');
    assert.deepEqual([...new Set(seen.texts)], ['/n/1=1', '/n/2=2', '/n/3=3']);
    const revisions = seen.all.map((event) => (event.kind === 'put' ? event.entry.modRevision : 0n));
    assert.deepEqual(
      revisions,
      [...new Set(revisions)].toSorted((a, b) => Number(a - b)),
    );
    assert.equal(watch.nextRevision, (revisions.at(-1) ?? 0n) + 1n);
  });

  it('notices a watch whose member stands still, without an event', async () => {
    await using client = open(etcd.endpoints, { requestTimeoutMs: 500 });
    const seen = new Seen();
    client.watch('/n/', undefined, seen);
    await eventually('the watch', async () => seen.watchingCount === 1);
    etcd.members[0]?.signal('SIGSTOP');
    await eventually('the watch at another member', async () => seen.watchingCount === 2);
    assert.match(String(seen.interruptions[0]), /no answer within 500 ms/);
    etcd.members[0]?.signal('SIGCONT');
  });

  it('could not ask while all members are gone, and works again when they are back', async () => {
    await using client = open(etcd.endpoints);
    const seen = new Seen();
    client.watch('/n/', undefined, seen);
    await putAtLast(client, '/n/1', '1');
    await Promise.all(etcd.members.map((member) => member.kill()));
    for (const call of [
      () => client.keepAlive(77n),
      () => client.range({ key: '/n/1' }),
      () => put(client, '/n/2', '2'),
    ]) {
      const error = await failureOf(call());
      assert.ok(error instanceof EtcdUnreachable, String(error));
    }
    for (const member of etcd.members) member.start();
    await putAtLast(client, '/n/3', '3');
    await eventually('the watch to see it', async () => seen.texts.at(-1) === '/n/3=3');
    assert.equal((await client.range({ prefix: '/n/' })).entries.length, 2);
  });
});

describe('the client of an etcd that is not the same', function () {
  this.timeout(60_000);

  before(function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
  });

  it('names a revision that went back, as after a restore', async () => {
    await using etcd = await EtcdCluster.start();
    await using client = open(etcd.endpoints);
    for (let i = 0; i < 5; i++) await put(client, '/a', String(i));
    const [member] = etcd.members;
    await member?.kill();
    member?.wipe();
    member?.start();
    await etcd.healthy();
    const error = await eventually('an answer', () => answerOf(client.range({ key: '/a' })));
    assert.ok(error instanceof EtcdDiscontinuity && error.what === 'revision_went_back', inspect(error));
    assert.match(error.message, /expected 6 or later, received 1 from 127\.0\.0\.1:\d+/);
  });

  it('names another cluster behind one of its addresses', async () => {
    await using one = await EtcdCluster.start();
    await using other = await EtcdCluster.start();
    await using client = open([...one.endpoints, ...other.endpoints]);
    const known: EtcdHeader = (await client.range({ key: '/a' })).header;
    await one.members[0]?.kill();
    const error = await failureOf(client.range({ key: '/a' }));
    assert.ok(error instanceof EtcdDiscontinuity && error.what === 'another_cluster', String(error));
    assert.ok(error.message.includes(`expected the cluster ID ${known.clusterId}, received `), error.message);
  });
});

/** The answer, or the discontinuity that came instead. Another failure is tried again. */
function answerOf<T>(call: Promise<T>): Promise<T | Error> {
  return call.catch((error) => {
    if (error instanceof EtcdDiscontinuity) return error;
    throw error;
  });
}
