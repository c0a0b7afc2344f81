/**
 * The machine of a leader A loses its power while followers B and C may have more
 * blocks. A must get the missing blocks back from them before it takes writes, or
 * say why it leads without them.
 */
import assert from 'node:assert/strict';
import { blockKey } from '../../../src/log/rows.js';
import { settled } from '../../support/clock.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

describe('a leader whose machine went down', () => {
  let world: World;
  let a: TestNode;

  worldForEachTest((made) => {
    world = made;
  });

  beforeEach(async () => {
    a = await world.node('A');
    await a.write(3);
  });

  async function follower(address: string): Promise<TestNode> {
    const node = await world.node(address, { follows: 'A' });
    await reached(node);
    await world.until('it is remembered', () => a.store.followers.all.some((known) => known.address === address));
    return node;
  }

  /** Unlike `level`, it looks at no digest: that would put everything into the keyspace on disk. */
  function reached(...nodes: TestNode[]): Promise<void> {
    return world.until('all have it', () => nodes.every(({ offset }) => offset === a.offset));
  }

  /** The machine takes the blocks after `offset` with it; a write is a block. */
  async function powerCut(offset: number): Promise<void> {
    const { offset: end } = a.store.data.position;
    a.kill();
    for (let lost = offset + 1; lost <= end; lost++) await a.test.disk.raw(a.test.location('log')).del(blockKey(lost));
    a.test.bootId = 'boot 2';
    await a.test.open();
  }

  function leads(): Promise<void> {
    return world.until('it leads', () => a.store.roles.role === 'leader' && !a.store.roles.asking);
  }

  async function refusal(): Promise<string> {
    const [reply] = await a.test.submit({ kind: 'delete', keys: [Buffer.from('x')] });
    return reply?.kind === 'error' ? `${reply.error.code}: ${reply.error.message}` : '';
  }

  it('gets the missing blocks back from its follower before it takes writes', async () => {
    const b = await follower('B');
    await a.write(4, 'lost');
    await reached(b);
    await powerCut(5);
    assert.equal(a.offset, 5);
    assert.equal(a.store.roles.asking, true);
    world.network.onLine = (line) => line.hold();
    a.up();
    assert.match(await refusal(), /^unavailable: .* at most until 2023-11-14T22:/);
    assert.equal(await a.test.get('k0'), 'k at A');
    world.network.onLine = () => {};
    for (const line of world.network.lines) line.release();
    await leads();
    assert.equal(await a.test.get('lost3'), 'lost at A');
    await a.write(1, 'after');
    await level(world, a, b);
    assert.deepEqual(b.link.resyncs, { full: 1, partial: 1 });
    assert.equal(await b.store.lostWrites.count(), 0);
    assert.deepEqual(b.followers.served, { full: 0, partial: 0 }, 'it was no follower');
    assert.deepEqual(b.store.followers.all, []);
  });

  it('serves no follower before: one that is ahead of it is not taken for astray', async () => {
    const b = await follower('B');
    await a.write(4, 'lost');
    await reached(b);
    await powerCut(5);
    world.network.onLine = (line) => {
      if (line.from === 'A') line.hold();
    };
    a.up();
    await world.until('B waits', () => b.link.status.state === 'waiting');
    assert.equal(a.store.roles.asking, true);
    assert.deepEqual([b.offset, b.link.resyncs.full], [7, 1]);
    for (const line of world.network.lines) line.release();
    await leads();
    await level(world, a, b);
    assert.equal(a.offset, 7);
    assert.equal(b.link.resyncs.full, 1);
    assert.equal(await b.store.lostWrites.count(), 0);
  });

  it('gets all blocks back if two followers are ahead by different amounts', async () => {
    const b = await follower('B');
    const c = await follower('C');
    await a.write(2, 'both');
    await reached(b, c);
    await c.down();
    await a.write(3, 'only B');
    await reached(b);
    await powerCut(3);
    await c.test.open();
    c.up();
    a.up();
    await leads();
    assert.equal(a.offset, 8);
    await level(world, a, b, c);
    assert.deepEqual([b.link.resyncs.full, c.link.resyncs.full], [1, 0], 'nobody needed another snapshot');
  });

  it('continues without them after the time-out, or at once when a person says so', async () => {
    const b = await follower('B');
    for (const way of ['waits', 'is told'] as const) {
      await b.down();
      await a.write(2, way);
      await powerCut(a.offset);
      a.test.bootId = `boot, ${way}`;
      world.network.listen('B', { accept: () => new Promise(() => {}) });
      a.up();
      const leading = leads();
      if (way === 'is told') {
        assert.equal(await settled(leading), false);
        await a.replication.promote();
      }
      await leading;
      assert.equal(await refusal(), '');
      world.network.down('B');
      await b.test.open();
      b.up();
      await level(world, a, b);
    }
  });

  describe('over a line on which one block takes twice the time-out', () => {
    let b: TestNode;
    let beganMs: number;

    beforeEach(async () => {
      b = await follower('B');
      await a.test.set('large', Buffer.alloc(20_000, 'v'));
      await reached(b);
      await powerCut(3);
      world.network.after = (delayMs, task) => world.clock.after(delayMs, task);
      world.network.speed = (from) => (from === 'A' ? 2 : undefined);
      beganMs = world.clock.monotonicMs();
      a.up();
    });

    const passedMs = () => world.clock.monotonicMs() - beganMs;

    it('gets the block back, as long as parts of it arrive', async () => {
      await world.until('the time-out has passed', () => passedMs() > 6_000);
      assert.match(await refusal(), /^unavailable: .* at most until 2023-11-14T22:/);
      await leads();
      assert.ok(passedMs() > 8_000, `it took ${passedMs()} ms`);
      assert.equal((await a.test.get('large'))?.length, 20_000);
      await level(world, a, b);
      assert.deepEqual([b.link.resyncs.full, await b.store.lostWrites.count()], [1, 0]);
    });

    it('continues without the block once no part of it arrives for the time-out', async () => {
      await world.until('a part has arrived', () => passedMs() > 2_000);
      for (const line of world.network.lines) if (line.from === 'A') line.hold('down');
      await leads();
      assert.ok(passedMs() < 9_000, `it took ${passedMs()} ms`);
      assert.equal(await a.test.get('large'), undefined);
    });
  });

  it('does not wait if no follower can be reached', async () => {
    const b = await follower('B');
    await b.down();
    const before = world.clock.monotonicMs();
    await a.write(2, 'lost');
    await powerCut(4);
    a.up();
    await leads();
    assert.ok(world.clock.monotonicMs() - before < 5_000);
    assert.equal(a.offset, 4);
  });

  it('does not wait after a killed process, an orderly stop, or if no node ever followed', async () => {
    assert.equal(a.store.roles.asking, false);
    await powerCut(3);
    assert.equal(a.store.roles.asking, false, 'nobody to ask');
    a.up();
    await follower('B');
    a.kill();
    await a.test.open();
    assert.equal(a.store.roles.asking, false, 'killed');
    a.up();
    await a.down();
    a.test.bootId = 'boot 3';
    await a.test.open();
    assert.equal(a.store.roles.asking, false, 'stopped');
    a.up();
  });

  it('leaves out a follower that has another past', async () => {
    const b = await follower('B');
    await b.replication.promote();
    await b.write(2, 'of its own');
    // And loses, with its machine, what A has: no leader later than A's is left.
    await a.write(4, 'lost');
    await a.replication.failover().catch(() => {});
    await powerCut(5);
    a.up();
    await world.until('it knows', () => !a.store.roles.asking);
    assert.equal(await a.test.get('of its own0'), undefined);
    assert.equal(await a.test.get('lost1'), 'lost at A');
  });

  it('takes no writes if one of them has been promoted meanwhile, and names it', async () => {
    const b = await follower('B');
    await powerCut(3);
    await b.replication.promote();
    await b.write(2, 'later');
    a.up();
    await world.until('it knows', () => !a.store.roles.asking);
    assert.match(await refusal(), /^superseded: .* epoch 2, as node [0-9a-f]{32} at B reports/);
    await a.follow('B');
    await level(world, b, a);
    assert.equal(a.link.resyncs.full, 0);
  });

  it('knows its own histories, even if it has lost every block of them', async () => {
    const b = await follower('B');
    await a.restart();
    await a.write(4, 'lost');
    await reached(b);
    assert.equal(a.store.data.log.history.lineage.epoch, 2);
    await powerCut(3);
    a.up();
    await leads();
    assert.equal(await refusal(), '');
    assert.equal(await a.test.get('lost3'), 'lost at A');
    await level(world, a, b);
    assert.equal(b.link.resyncs.full, 1);
    assert.equal(a.store.data.log.history.lineage.epoch, 3);
  });

  it('gets back the blocks that only its keyspace holds, or says what to do', async () => {
    const b = await follower('B');
    await a.write(4, 'lost');
    await reached(b);
    await (await a.store.snapshots.at()).release();
    await powerCut(5);
    assert.match(a.store.data.notServing?.message ?? '', /the log lost its end\. This leader asks its known followers/);
    a.up();
    await leads();
    await world.until('it serves', () => a.store.data.isServing);
    assert.equal(await a.test.get('lost3'), 'lost at A');
    await a.write(1, 'after');
    await level(world, a, b);
    assert.deepEqual([b.link.resyncs.full, await b.store.lostWrites.count()], [1, 0]);
    await b.down();
    await (await a.store.snapshots.at()).release();
    a.test.bootId = 'boot 2, before the third';
    await powerCut(6);
    a.up();
    const advice = /until it has copied the data of another node\. Send it "follow HOST:PORT"/;
    await world.until('it says so', () => advice.test(a.store.data.notServing?.message ?? ''));
    assert.equal(a.store.roles.asking, false);
    await b.test.open();
    b.up();
    await b.replication.promote();
    await a.follow('B');
    await level(world, b, a);
  });

  it('can be ordered to follow instead', async () => {
    const b = await follower('B');
    await a.write(1, 'lost');
    await reached(b);
    await powerCut(3);
    world.network.onLine = (line) => line.hold();
    a.up();
    world.network.onLine = () => {};
    await b.replication.promote();
    await a.follow('B');
    await level(world, b, a);
    assert.equal(await a.test.get('lost0'), 'lost at A');
  });
});
