/** Watching the keyspace of a node in memory: what is told replays to the same keyspace, from wherever it begins. */

import assert from 'node:assert/strict';
import { typeName } from '../../src/commands/entry.js';
import { decodeRecord } from '../../src/keyspace/record.js';
import type { Operation } from '../../src/model/operation.js';
import { ORIGIN, type Position } from '../../src/model/position.js';
import type { WatchEvent } from '../../src/model/streams.js';
import { turns } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { seededRandom } from '../support/random.js';
import { increment, key, set } from '../support/store.js';
import { level, type TestNode, World } from '../support/world.js';
import { type Reader, watched } from './reader.js';

/** value, expiry and version of each key. */
type Model = Map<string, string>;

function replay(events: readonly WatchEvent[], model: Model = new Map()): Model {
  for (const event of events) {
    if (event.kind === 'put' || event.kind === 'entry') model.set(event.key.toString(), entryText(event));
    else if (event.kind === 'delete') model.delete(event.key.toString());
    else if (event.kind === 'clear' || event.kind === 'snapshotBegin') model.clear();
    else if (event.kind === 'expire') {
      const [type, value] = (model.get(event.key.toString()) ?? '').split(' ');
      model.set(
        event.key.toString(),
        entryText({ type, value, expiresAtMs: event.expiresAtMs, version: event.offset }),
      );
    }
  }
  return model;
}

function entryText(entry: { type?: unknown; value?: unknown; expiresAtMs: number; version: number }): string {
  return `${entry.type} ${entry.value} ${entry.expiresAtMs} ${entry.version}`;
}

async function keyspaceOf(node: TestNode, prefix = ''): Promise<Model> {
  const snapshot = await node.store.snapshots.at();
  const model: Model = new Map();
  for await (const chunk of snapshot.chunks(Buffer.from(prefix))) {
    for (const [name, record] of chunk) {
      const entry = decodeRecord(name, record);
      model.set(name.toString(), entryText({ ...entry, type: typeName(entry.type) }));
    }
  }
  await snapshot.release();
  return model;
}

const sorted = (model: Model) => [...model].sort(([a], [b]) => (a < b ? -1 : 1));

describe('watch', () => {
  let world: World;
  const readers: Reader<unknown>[] = [];

  beforeEach(() => {
    world = new World();
  });

  afterEach(async () => {
    for (const reader of readers.splice(0)) reader.stop();
    await turns(3);
    await world.stop();
    await removeTemporaryDirectories();
  });

  async function watch(node: TestNode, request: Parameters<typeof watched>[2] = {}) {
    const reader = await watched(world, node, request);
    readers.push(reader);
    return reader;
  }

  async function reached(reader: Reader<WatchEvent>, node: TestNode): Promise<void> {
    const { offset } = node.store.data.position;
    await world.until(`the watch has reached offset ${offset}`, () => (reader.position?.offset ?? 0) >= offset);
  }

  function kinds(reader: Reader<WatchEvent>): string[] {
    return reader.events.map((event) => {
      if (event.kind === 'snapshotBegin' || event.kind === 'snapshotEnd') return event.kind;
      if (event.kind === 'entry') return `entry ${event.key}`;
      return `${event.kind}${event.kind === 'clear' ? '' : ` ${event.key}`}@${event.offset}${event.continues ? '…' : ''}`;
    });
  }

  it('reports every kind of change with its offset, under its prefix', async () => {
    const leader = await world.node('L');
    const [all, some] = [await watch(leader), await watch(leader, { prefix: 'b' })];
    await leader.test.submit(set('a'), set('b'), set('bc', 'v', 60_000));
    await leader.test.submit({ kind: 'persist', key: key('bc') }, { kind: 'delete', keys: [key('a'), key('b')] });
    await leader.replication.publish({ channel: key('c'), data: key('d'), durable: true });
    await leader.test.submit({ kind: 'flushAll' });
    await reached(all, leader);
    await reached(some, leader);
    assert.deepEqual(kinds(all), [
      'put a@1',
      'put b@2',
      'put bc@3',
      'expire bc@4',
      'delete a@5…',
      'delete b@6',
      'clear@8',
    ]);
    assert.deepEqual(kinds(some), ['put b@2', 'put bc@3', 'expire bc@4', 'delete b@6', 'clear@8']);
  });

  it('reports its position once a second, also if nothing happens under its prefix', async () => {
    const leader = await world.node('L');
    const reader = await watch(leader, { prefix: 'none' });
    await leader.write(3);
    await world.until('it has said so', () => reader.position?.offset === 3);
    const before = reader.told.length;
    await world.clock.advance(3_000);
    assert.equal(reader.told.length - before, 3);
    assert.deepEqual(reader.position, leader.store.data.position);
  });

  it('never splits a transaction, also if it begins inside one', async () => {
    const leader = await world.node('L');
    const operations: Operation[] = [set('t1'), set('t2'), set('t3')];
    await leader.test.submit(set('a'), { kind: 'transact', conditions: [], operations }, set('z'));
    const whole = ['put t1@2…', 'put t2@3…', 'put t3@4', 'put z@5'];
    for (const [from, expected] of [
      [0, ['put a@1', ...whole]],
      [1, whole],
      [2, whole],
      [3, whole],
      [4, ['put z@5']],
      [5, []],
    ] as const) {
      const reader = await watch(leader, { from });
      await reached(reader, leader);
      assert.deepEqual(kinds(reader), expected, `from ${from}`);
    }
  });

  it('resumes from its position on another node, over a promotion', async () => {
    const leader = await world.node('L');
    const follower = await world.node('F', { follows: 'L' });
    await leader.write(3);
    await level(world, leader, follower);
    const reader = await watch(leader, { from: ORIGIN });
    await reached(reader, leader);
    await follower.replication.promote();
    await follower.write(2, 'new');
    const again = await watch(follower, { from: reader.position });
    await reached(again, follower);
    assert.deepEqual(kinds(again), ['put new0@4', 'put new1@5']);
  });

  for (const [why, from] of [
    ['trimmed', () => ORIGIN],
    ['trimmed, by its bare offset', () => 2],
    ['of another history', () => ({ ...ORIGIN, replicationId: 'ab'.repeat(20), offset: 3 })],
    ['of a past that is not this one', (node: TestNode) => ({ ...node.store.data.position, checksum: 1 })],
  ] as Array<[string, (node: TestNode) => Position | number]>) {
    it(`sends a snapshot if the position is ${why}, and continues behind it`, async () => {
      const leader = await world.node('L');
      await leader.write(6);
      await leader.test.submit({ kind: 'delete', keys: [key('k0')] });
      await (await leader.store.snapshots.at()).release();
      assert.equal(await leader.store.data.log.trimming.trim(5), 5);
      const reader = await watch(leader, { from: from(leader), prefix: 'k' });
      await world.until('the snapshot is there', () => kinds(reader).includes('snapshotEnd'));
      await leader.write(1, 'k-new');
      await reached(reader, leader);
      assert.deepEqual(kinds(reader), [
        'snapshotBegin',
        ...[1, 2, 3, 4, 5].map((i) => `entry k${i}`),
        'snapshotEnd',
        'put k-new0@8',
      ]);
      assert.deepEqual(sorted(replay(reader.events)), sorted(await keyspaceOf(leader)));
    });
  }

  it('begins again by itself if the log is trimmed past a watcher that does not read', async () => {
    const leader = await world.node('L');
    const reader = await watch(leader);
    reader.pause();
    await leader.write(20);
    await turns(5);
    await leader.write(20, 'more');
    await (await leader.store.snapshots.at()).release();
    await leader.store.data.log.trimming.trim(35);
    reader.resume();
    await reached(reader, leader);
    assert(kinds(reader).includes('snapshotBegin'));
    assert.deepEqual(sorted(replay(reader.events)), sorted(await keyspaceOf(leader)));
  });

  it('ends if a full resync replaces the data, and resumes with a snapshot', async () => {
    const { leader, follower } = await world.pair({ writes: 3 });
    const reader = await watch(follower, { from: ORIGIN });
    await follower.replication.promote();
    await follower.write(2, 'lost');
    await reached(reader, follower);
    await leader.write(1, 'kept');
    await follower.follow('L', { acceptDataLoss: true });
    await world.until('the watch has ended', () => reader.ended !== undefined);
    assert.equal(reader.ended?.code, 'unavailable');
    await level(world, leader, follower);
    const again = await watch(follower, { from: reader.position });
    await world.until('the snapshot is there', () => kinds(again).includes('snapshotEnd'));
    assert.deepEqual(sorted(replay(again.events)), sorted(await keyspaceOf(leader)));
  });

  it('sends large transactions and blocks in pieces, each with a mark if more follows', async () => {
    const leader = await world.node('L');
    const reader = await watch(leader);
    const value = Buffer.alloc(100 * 1024);
    const writes = Array.from({ length: 9 }, (_, i): Operation => ({ kind: 'set', key: key(`k${i}`), value }));
    await leader.test.submit(...writes);
    await reached(reader, leader);
    const responses = reader.told.filter(({ events }) => events.length > 0);
    assert.deepEqual(
      responses.map(({ events, more }) => [events.length, more]),
      [
        [3, true],
        [3, true],
        [3, false],
      ],
    );
    assert.deepEqual(responses[0]?.position, leader.store.data.position);
  });

  for (const seed of [1, 2, 3, 4, 5]) {
    it(`replays to the keyspace, whatever is written and wherever it is resumed (seed ${seed})`, async () => {
      const next = seededRandom(seed);
      const below = (count: number) => Math.floor(next() * count);
      const leader = await world.node('L');
      const follower = await world.node('F', { follows: 'L' });
      const name = () => key(`k${below(12)}`);
      const one = (): Operation => {
        const kind = below(9);
        if (kind === 0) return { kind: 'delete', keys: [name(), name()] };
        if (kind === 1) return { kind: 'expire', key: name(), expiry: { ttlMs: 1 + below(3_000) } };
        if (kind === 2) return { kind: 'persist', key: name() };
        if (kind === 3) return { kind: 'rename', key: name(), newKey: name() };
        if (kind === 4 && below(10) === 0) return { kind: 'flushAll' };
        if (kind === 5) return increment(`n${below(3)}`);
        if (kind === 6)
          return {
            kind: 'transact',
            conditions: [],
            operations: [set(`k${below(12)}`, `v${below(99)}`), increment('n')],
          };
        return set(`k${below(12)}`, `v${below(99)}`, below(3) === 0 ? 1 + below(3_000) : undefined);
      };
      let reader = await watch(follower, { from: 0 });
      const model: Model = new Map();
      for (let round = 0; round < 12; round++) {
        for (let i = below(20); i >= 0; i--) await leader.test.submit(...Array.from({ length: 1 + below(5) }, one));
        await level(world, leader, follower);
        await world.clock.advance(below(800));
        await level(world, leader, follower);
        await world.until('the watch and the keyspace are of one offset', async () => {
          // Keys expire meanwhile.
          const { offset } = follower.store.data.position;
          const keyspace = await keyspaceOf(follower);
          if (reader.position?.offset !== offset || follower.offset !== offset) return false;
          replay(reader.events, model);
          assert.deepEqual(sorted(model), sorted(keyspace));
          return true;
        });
        if (below(4) === 0) await follower.store.data.log.trimming.trim(follower.store.data.progress.checkpoint.offset);
        const { position } = reader;
        reader.stop();
        reader = await watch(world.nodes[below(2)] as TestNode, { from: position });
        assert.notEqual(reader.events[0]?.kind, 'snapshotBegin', 'nothing was missing');
      }
    });
  }
});
