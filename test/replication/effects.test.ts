/**
 * Writes of all kinds go to a leader with followers, over cuts, restarts and
 * promotions. The followers must get their effects, absolute and whole, and end
 * equal. After unit/expire.tcl, unit/multi.tcl, integration/replication-3.tcl and
 * -4.tcl, psync2-master-restart.tcl, psync2-pingoff.tcl and replication-buffer.tcl
 * of Redis.
 */
import assert from 'node:assert/strict';
import { PUBLISHING_MAX, TAIL_BYTES_MAX } from '../../src/base/limits.js';
import type { Operation } from '../../src/model/operation.js';
import type { UpFrame } from '../../src/replication/frames.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';
import { increment, key, set } from '../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';

const CYCLES = 600;
const EXPIRED = 1_024;
const WAYS: ReadonlyArray<readonly [what: string, ...operations: Operation[]]> = [
  ['SET with a time to live', set('a', 'v', 5_000)],
  ['SET with a moment', { kind: 'set', key: key('a'), value: key('v'), expiry: { expiresAtMs: 2_000_000_000_000 } }],
  ['SET that keeps it', set('a', 'v', 5_000), { kind: 'set', key: key('a'), value: key('w'), expiry: 'keep' }],
  ['EXPIRE', set('a'), { kind: 'expire', key: key('a'), expiry: { ttlMs: 7_000 } }],
  ['GETEX', set('a'), { kind: 'getExpire', key: key('a'), expiry: { ttlMs: 7_000 } }],
  ['PERSIST', set('a', 'v', 5_000), { kind: 'persist', key: key('a') }],
  ['INCR', set('a', '1', 5_000), increment('a')],
  ['INCRBYFLOAT', set('a', '1', 5_000), { kind: 'incrementFloat', key: key('a'), by: 0.1 }],
  ['APPEND', set('a', '1', 5_000), { kind: 'append', key: key('a'), value: key('x') }],
  ['SETRANGE', set('a', '1', 5_000), { kind: 'setRange', key: key('a'), start: 3, value: key('x') }],
  ['RENAME', set('b', '1', 5_000), { kind: 'rename', key: key('b'), newKey: key('a') }],
];

describe('what reaches the other nodes', function () {
  this.timeout(60_000);
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  function chain(): Promise<[leader: TestNode, middle: TestNode, bottom: TestNode]> {
    return world.chain(['L', 'M', 'B']);
  }

  async function expiryOf(node: TestNode, name: string): Promise<number | undefined> {
    const [reply] = await node.test.submit({ kind: 'timeToLive', key: key(name) });
    assert(reply?.kind === 'timeToLive' && reply.exists, `${name} at ${node.address}`);
    return reply.expiresAtMs;
  }

  for (const [what, ...operations] of WAYS) {
    it(`of ${what} is one moment on all nodes, by stream, restart and snapshot`, async () => {
      const [leader, middle, bottom] = await chain();
      for (const operation of operations) {
        await leader.test.submit(operation);
        await world.clock.advance(137);
      }
      await level(world, leader, middle, bottom);
      const late = await world.node('S', { follows: 'L' });
      await level(world, leader, late);
      await bottom.restart();
      await level(world, leader, bottom);
      const moment = await expiryOf(leader, 'a');
      for (const node of [middle, bottom, late]) assert.equal(await expiryOf(node, 'a'), moment, node.address);
    });
  }

  it('is equal after everything has expired, however often lines were cut', async () => {
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    const nodes = await chain();
    const [leader] = nodes;
    const name = () => `k${Math.floor(random() * 40)}`;
    const ttl = () => 1 + Math.floor(random() * 3_000);
    for (let i = 0; i < CYCLES; i++) {
      const makers: Array<() => Operation> = [
        () => set(name(), `${i}`, ttl()),
        () => ({ kind: 'expire', key: key(name()), expiry: { ttlMs: ttl() } }),
        () => ({ kind: 'append', key: key('joined'), value: key('x') }),
        () => ({ kind: 'delete', keys: [key(name())] }),
        () => ({ kind: 'rename', key: key(name()), newKey: key(name()) }),
      ];
      await leader.test.submit((makers[Math.floor(random() * makers.length)] as () => Operation)());
      if (random() < 0.3) await world.clock.advance(Math.floor(random() * 200));
      if (random() < 0.05) world.network.lines.at(-1 - Math.floor(random() * 2))?.cut();
    }
    await leader.test.submit({ kind: 'expire', key: key('joined'), expiry: { ttlMs: 5_000 } });
    await level(world, ...nodes);
    await world.until('all has expired', async () => (await leader.store.snapshots.size()) === 0);
    await level(world, ...nodes);
    for (const node of nodes) assert.equal(await node.store.snapshots.size(), 0, `seed ${seed}`);
  });

  it('keeps a key that a follower takes for expired if its leader gave it more time', async () => {
    const [leader, middle, bottom] = await chain();
    await leader.test.submit(set('a', '1', 1_000));
    await level(world, leader, middle, bottom);
    for (const line of world.network.lines) line.hold();
    await leader.test.submit({ kind: 'expire', key: key('a'), expiry: { ttlMs: 60_000 } }, increment('a'));
    await world.clock.advance(2_000);
    for (const node of [middle, bottom]) assert.equal(await node.test.get('a'), undefined, 'hidden');
    for (const line of world.network.lines) line.release();
    await level(world, leader, middle, bottom);
    for (const node of [leader, middle, bottom]) assert.equal(await node.test.get('a'), '2');
  });

  it('of a transaction is one stretch of one block, or nothing if a condition failed', async () => {
    const [leader, middle, bottom] = await chain();
    const operations = [set('a', '1'), increment('a'), set('b', 'x'), { kind: 'delete', keys: [key('b')] } as const];
    const before = leader.offset;
    await leader.test.submit({ kind: 'transact', conditions: [], operations });
    await leader.test.submit({ kind: 'transact', conditions: [{ key: key('a'), test: 'absent' }], operations });
    await level(world, leader, middle, bottom);
    for (const node of [leader, middle, bottom]) {
      const blocks = await node.store.data.log.read(before, 1e9);
      assert.equal(blocks.length, 1);
      assert.equal(await node.test.get('a'), '2');
      assert.equal(await node.test.get('b'), undefined);
    }
  });

  it('of a hundred transactions of a thousand keys each is the same data', async () => {
    const [leader, middle, bottom] = await chain();
    for (let round = 0; round < 100; round++) {
      const operations = Array.from({ length: 1_000 }, (_, i) => set(`k${i}`, `${round}`));
      await leader.test.submit({ kind: 'transact', conditions: [], operations });
    }
    await level(world, leader, middle, bottom);
    assert.equal(await bottom.store.snapshots.size(), 1_000);
  });

  it('of a restarted leader are the deletions of what had expired meanwhile, by a partial resync', async () => {
    const [leader, middle, bottom] = await chain();
    await leader.write(3);
    for (let i = 0; i < EXPIRED; i++) await leader.test.set(`short${i}`, 'v', 1_000);
    await level(world, leader, middle, bottom);
    await leader.down();
    await world.clock.advance(5_000);
    assert.equal(await bottom.test.get('short0'), undefined, 'hidden');
    await leader.test.open();
    leader.up();
    await world.until('the leader has deleted them', async () => (await leader.store.snapshots.size()) === 3);
    await level(world, leader, middle, bottom);
    assert.equal(await bottom.store.snapshots.size(), 3);
    assert.deepEqual([middle.link.resyncs.full, bottom.link.resyncs.full], [0, 0]);
    assert.equal(leader.store.data.log.history.lineage.rows.length, 2);
  });

  it('keeps one copy of it in memory, however many followers stand still', async () => {
    const leader = await world.node('L');
    await leader.write(1);
    const followers: TestNode[] = [];
    for (let i = 0; i < 3; i++) followers.push(await world.node(`F${i}`, { follows: 'L' }));
    await level(world, leader, ...followers);
    for (const line of world.network.lines) line.hold('down');
    const value = Buffer.alloc(256 * 1024, 'x');
    for (let i = 0; i * value.length < 1.2 * TAIL_BYTES_MAX; i++) {
      await leader.test.set(`k${i % 10}`, value);
      await world.clock.advance(3);
    }
    const outstanding = world.network.lines.reduce((sum, line) => sum + line.outstanding, 0);
    assert(outstanding < 12 * followers.length, `${outstanding} frames are on their way to ${followers.length}`);
    const [gone] = world.network.lines;
    gone?.cut();
    for (const line of world.network.lines) line.release();
    await world.until('all have all', () => followers.every(({ offset }) => offset === leader.offset));
    for (const follower of followers) assert.equal(await follower.digest(), await leader.digest());
    assert.deepEqual(
      followers.map(({ link }) => link.resyncs.full),
      [1, 1, 1],
      'the one from an empty store',
    );
  });

  it('of a promoted node includes the writes that only its new followers had', async () => {
    const a = await world.node('A');
    const [b, c] = [await world.node('B', { follows: 'A' }), await world.node('C', { follows: 'A' })];
    const d = await world.node('D', { follows: 'C' });
    await a.write(5);
    await level(world, a, b, c, d);
    world.network.lines.findLast(({ from }) => from === 'B')?.hold();
    await a.write(3, 'unseen by B');
    await level(world, a, c, d);
    await b.replication.promote();
    await b.write(1, 'by B');
    await c.follow('B');
    await level(world, b, c, d);
    await a.follow('B');
    await level(world, b, a, c, d);
    for (const node of [a, c]) {
      assert.equal(node.link.resyncs.full, 1, node.address);
      assert.equal(await node.store.lostWrites.count(), 3);
      assert.equal(node.link.status.lastResync?.reason, 'DIVERGED');
    }
    await b.write(1, 'again');
    for (const line of world.network.lines) if (!line.ended) line.cut();
    await level(world, b, a, c, d);
    assert.deepEqual(
      [a, c].map(({ link }) => link.resyncs.full),
      [1, 1],
      'breaks cost partial resyncs only',
    );
  });

  for (const [what, frame] of [
    ['a second handshake', undefined],
    ['an acknowledgement before any handshake', 'first'],
  ] as const) {
    it(`is not sent to a peer that sends ${what}: the session ends`, async () => {
      const { leader, follower } = await world.pair({ writes: 2 });
      const frames = world.network.last.answered;
      const handshake = frames[0] as UpFrame & { kind: 'handshake' };
      const channel = await world.network.dial('L');
      if (frame === undefined) await channel.send({ ...handshake, nodeId: 'ab'.repeat(16), nonce: 'stranger' });
      await channel.send(frame ? ({ ...frames.find(({ kind }) => kind === 'acknowledgement') } as UpFrame) : handshake);
      await assert.rejects(
        (async () => {
          for (;;) await channel.receive();
        })(),
        { code: 'protocol_violation' },
      );
      await leader.write(1, 'more');
      await level(world, leader, follower);
    });
  }

  it('does not pile up: the session of a peer that publishes without waiting ends', async () => {
    const { leader, follower } = await world.pair({ writes: 2 });
    const [handshake] = world.network.last.answered as [UpFrame & { kind: 'handshake' }];
    const channel = await world.network.dial('L');
    void channel.send({ ...handshake, nodeId: 'ab'.repeat(16), nonce: 'stranger' });
    await world.until('it is served', () => leader.followers.status.length === 2);
    await leader.store.writes.pause();
    for (let sequence = 1; sequence <= PUBLISHING_MAX + 1; sequence++)
      void channel.send({ kind: 'publish', sequence, channel: key('c'), data: key('m'), durable: false });
    await assert.rejects(
      (async () => {
        for (;;) await channel.receive();
      })(),
      { code: 'protocol_violation' },
    );
    leader.store.writes.resume();
    await leader.write(1, 'more');
    await level(world, leader, follower);
  });
});
