/**
 * A leader L has followers at one or two steps below it, and one of them lags, is
 * frozen or restarts. L must know what each of them has, and writes that wait for
 * followers must be answered when that is true. After unit/wait.tcl and the
 * min-replicas cases of replication-2 and replication-4 of Redis.
 */
import assert from 'node:assert/strict';
import type { DurabilityReached } from '../../../src/base/error-details.js';
import { ACKNOWLEDGE_INTERVAL_MS } from '../../../src/base/limits.js';
import type { DurabilityLevel } from '../../../src/model/durability.js';
import { settled, turns, until } from '../../support/clock.js';
import { hold } from '../../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

const NEVER = new AbortController().signal;

describe('acknowledgements', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  /** Waits for what `node` has written last. */
  function reach(
    node: TestNode,
    wanted: DurabilityLevel,
    followers = 0,
    timeoutMs = 1_000,
    signal = NEVER,
  ): Promise<DurabilityReached> {
    const { durability } = node.replication;
    return durability.reach(node.store.data.position, { level: wanted, followers, timeoutMs }, signal);
  }

  /** Time goes on meanwhile, by a millisecond a turn. */
  async function done<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    promise.then(end, end);
    await until('it is settled', () => over, { clock: world.clock, stepMs: 1 });
    return promise;
  }

  /** Sooner than anybody says something by himself. */
  async function atOnce<T>(promise: Promise<T>): Promise<T> {
    const before = world.clock.monotonicMs();
    const value = await done(promise);
    const tookMs = world.clock.monotonicMs() - before;
    assert(tookMs < ACKNOWLEDGE_INTERVAL_MS, `it took ${tookMs} ms`);
    return value;
  }

  async function leaderAndFollowers(count: number, options: Parameters<World['node']>[1] = {}): Promise<TestNode[]> {
    const leader = await world.node('L', options);
    await leader.write(1);
    const followers: TestNode[] = [];
    for (let i = 1; i <= count; i++) followers.push(await world.node(`F${i}`, { ...options, follows: 'L' }));
    await level(world, leader, ...followers);
    await world.until('all have been heard', () =>
      leader.followers.status.every(({ appendedOffset }) => appendedOffset === 1),
    );
    return [leader, ...followers];
  }

  /** L ← M ← B. */
  async function chain(options: Parameters<World['node']>[1] = {}): Promise<[TestNode, TestNode, TestNode]> {
    const leader = await world.node('L', options);
    await leader.write(1);
    const middle = await world.node('M', { ...options, follows: 'L' });
    const bottom = await world.node('B', { ...options, follows: 'M' });
    await level(world, leader, middle, bottom);
    await world.until(
      'all have been heard',
      () => leader.replication.acknowledgements.indirect[0]?.appendedOffset === 1,
    );
    return [leader, middle, bottom];
  }

  describe('that somebody waits for', () => {
    it('are one for one follower, and come at once: no timer is waited for', async () => {
      const [leader] = (await leaderAndFollowers(1)) as [TestNode];
      await leader.write(3);
      const reached = await atOnce(reach(leader, 'followers', 1));
      assert.deepEqual(reached, {
        reached: true,
        synced: false,
        followersAppended: 1,
        followersSynced: 0,
        unsyncedHere: true,
      });
    });

    it('are there already if nothing has been written since', async () => {
      const [leader] = (await leaderAndFollowers(2)) as [TestNode];
      assert.equal((await reach(leader, 'followers', 2, 0)).followersAppended, 2);
    });

    it('are not there for more followers than there are: the time-out says how many there are', async () => {
      const [leader] = (await leaderAndFollowers(1)) as [TestNode];
      await leader.write(1);
      const waiting = reach(leader, 'followers', 2, 1_000);
      await turns(20);
      assert(!(await settled(waiting)));
      await world.clock.advance(1_000);
      const { reached, followersAppended } = await waiting;
      assert.deepEqual([reached, followersAppended], [false, 1]);
      assert.equal(leader.replication.durability.waiters, 0);
    });

    it('leave out a follower that is paused, until it resumes', async () => {
      const [leader] = (await leaderAndFollowers(1)) as [TestNode];
      const line = world.network.last;
      line.hold();
      await leader.write(1);
      const first = reach(leader, 'followers', 1, 500);
      await world.clock.advance(500);
      assert.deepEqual([(await first).reached, (await first).followersAppended], [false, 0]);
      const second = reach(leader, 'followers', 1, 10_000);
      assert(!(await settled(second)));
      line.release();
      assert.equal((await done(second)).reached, true);
    });

    it('release many waiting writes at once by one report, in any order of asking', async () => {
      const [leader] = (await leaderAndFollowers(1)) as [TestNode];
      const line = world.network.last;
      line.hold();
      const positions = [];
      for (let i = 0; i < 50; i++) {
        await leader.write(1, `w${i} `);
        positions.push(leader.store.data.position);
      }
      const wanted = { level: 'followers', followers: 1, timeoutMs: 60_000 } as const;
      const { durability } = leader.replication;
      const all = positions.reverse().map((position) => durability.reach(position, wanted, NEVER));
      assert.equal(durability.waiters, 50);
      line.release();
      for (const { reached } of await done(Promise.all(all))) assert(reached);
      assert.equal(durability.waiters, 0);
    });

    it('are asked for once, in the frame that brings the blocks or in an empty one behind it', async () => {
      const [leader] = (await leaderAndFollowers(1)) as [TestNode];
      const line = world.network.last;
      await leader.write(1);
      const frames = line.sent.length;
      await done(Promise.all([1, 2, 3].map(() => reach(leader, 'followers', 1))));
      const asking = line.sent.slice(frames - 1).filter((frame) => frame.kind === 'blocks' && frame.acknowledge);
      assert.equal(asking.length, 1);
    });

    it('are given up by a caller that has gone', async () => {
      const [leader] = (await leaderAndFollowers(1)) as [TestNode];
      const stop = new AbortController();
      const waiting = reach(leader, 'followers', 2, 60_000, stop.signal);
      stop.abort(new Error('the client has gone'));
      await assert.rejects(waiting, /the client has gone/);
      assert.equal(leader.replication.durability.waiters, 0);
    });

    it('end with a clear error when the node stops leading', async () => {
      const [leader, follower] = (await leaderAndFollowers(1)) as [TestNode, TestNode];
      await leader.write(1);
      const waiting = [reach(leader, 'followers', 2, 60_000), reach(leader, 'followers_synced', 2, 60_000)];
      const ends = Promise.all(
        waiting.map((one) => assert.rejects(one, { code: 'outcome_unknown', message: /no longer leads/ })),
      );
      await follower.replication.promote();
      await leader.follow('F1');
      await ends;
      await assert.rejects(reach(leader, 'followers', 1), { code: 'outcome_unknown', message: /this node follows F1/ });
    });

    it('end with a clear error when the store opens again', async () => {
      const [leader] = (await leaderAndFollowers(1)) as [TestNode];
      const { position } = leader.store.data;
      const waiting = assert.rejects(reach(leader, 'followers', 2, 60_000), { code: 'outcome_unknown' });
      leader.test.disk.fault = ({ kind }) => {
        if (kind === 'put') throw new Error('EIO');
      };
      await assert.rejects(leader.test.set('fails'), { code: 'outcome_unknown' });
      leader.test.disk.fault = undefined;
      await waiting;
      await world.until('it leads again', () => leader.store.data.isServing);
      const { durability } = leader.replication;
      const lost = { ...position, offset: position.offset + 5 };
      const wanted = { level: 'followers', followers: 1, timeoutMs: 60_000 } as const;
      await assert.rejects(durability.reach(lost, wanted, NEVER), {
        code: 'outcome_unknown',
        message: /up to 1/,
      });
      assert.equal((await done(durability.reach(position, wanted, NEVER))).reached, true);
    });

    it('for a promoted node count from the reports of those below it', async () => {
      const [, middle] = await chain();
      await middle.replication.promote();
      await middle.write(1, 'promoted');
      assert.equal((await done(reach(middle, 'followers', 1))).reached, true);
    });
  });

  describe('of durability', () => {
    it('on this node are one fsync for all callers', async () => {
      const [leader] = (await leaderAndFollowers(0)) as [TestNode];
      await leader.write(1);
      assert.deepEqual(
        [(await reach(leader, 'appended')).synced, (await reach(leader, 'appended')).reached],
        [false, true],
      );
      const before = leader.test.disk.operations.length;
      const all = await done(Promise.all(Array.from({ length: 20 }, () => reach(leader, 'synced'))));
      assert(all.every(({ reached, synced }) => reached && synced));
      const fsyncs = leader.test.disk.operations.slice(before).filter(({ kind }) => kind === 'durable');
      assert.equal(fsyncs.length, 1);
    });

    it('that come late are answered at the time-out, and the write stays', async () => {
      const [leader] = (await leaderAndFollowers(0)) as [TestNode];
      await leader.write(1);
      const gate = hold(leader.test.disk, ({ kind }) => kind === 'durable');
      const waiting = reach(leader, 'synced', 0, 100);
      await world.until('it is held', gate.held);
      await world.clock.advance(100);
      assert.deepEqual([(await waiting).reached, (await waiting).synced], [false, false]);
      gate.release();
      assert.equal(await leader.test.get('k0'), 'k at L');
    });

    it('of followers means their disks and this one', async () => {
      const [leader] = (await leaderAndFollowers(2, { fsync: 'everysec' })) as [TestNode];
      await leader.write(3);
      const reached = await atOnce(reach(leader, 'followers_synced', 2));
      assert.deepEqual(reached, {
        reached: true,
        synced: true,
        followersAppended: 2,
        followersSynced: 2,
        unsyncedHere: false,
      });
    });

    it('of followers leaves out the disk of a leader that does not persist, and says so', async () => {
      const [leader] = (await leaderAndFollowers(1, { fsync: 'never' })) as [TestNode];
      await leader.write(1);
      const { reached, synced, unsyncedHere } = await done(reach(leader, 'followers_synced', 1));
      assert.deepEqual([reached, synced, unsyncedHere], [true, false, true]);
    });

    it('is asked for again of a follower that comes back with the blocks in its log', async () => {
      const [leader] = (await leaderAndFollowers(1)) as [TestNode];
      await leader.write(1);
      assert.equal((await done(reach(leader, 'followers', 1))).reached, true);
      world.network.last.hold('down');
      const waiting = reach(leader, 'followers_synced', 1, 60_000);
      assert(!(await settled(waiting)));
      world.network.last.cut();
      await world.until('it has dialled again', () => world.network.lines.length === 2);
      assert.equal((await done(waiting)).followersSynced, 1);
    });

    it('of a follower whose fsync is slow holds up neither its blocks nor their acknowledgement', async () => {
      const [leader, follower] = (await leaderAndFollowers(1)) as [TestNode, TestNode];
      const gate = hold(follower.test.disk, ({ kind }) => kind === 'durable');
      await leader.write(1);
      const synced = reach(leader, 'followers_synced', 1, 60_000);
      await world.until('its disk is asked', gate.held);
      await leader.write(5, 'more');
      assert.equal((await done(reach(leader, 'followers', 1))).reached, true);
      assert(!(await settled(synced)));
      gate.release();
      assert.equal((await done(synced)).reached, true);
    });
  });

  describe('in a chain', () => {
    it('count followers of followers, and come up at once', async () => {
      const [leader] = await chain();
      await leader.write(3);
      const reached = await atOnce(reach(leader, 'followers', 2));
      assert.equal(reached.followersAppended, 2);
    });

    it('of many nodes below that come in one turn go up in one frame, and at once', async () => {
      const [leader, middle] = await world.chain(['L', 'M'], { writes: 1 });
      const [up] = world.network.lines;
      const bottom: TestNode[] = [];
      for (let i = 1; i <= 6; i++) bottom.push(await world.node(`B${i}`, { follows: 'M' }));
      await level(world, leader, middle, ...bottom);
      const lines = world.network.lines.slice(1);
      for (const line of lines) line.hold('up');
      await leader.write(1, 'more');
      const wanted = reach(leader, 'followers', 7);
      assert.equal(await settled(wanted), false);
      await world.until('all have it', () => bottom.every(({ offset }) => offset === 2));
      const before = up?.answered.length ?? 0;
      for (const line of lines) line.release();
      assert.equal((await atOnce(wanted)).followersAppended, 7);
      const frames = (up?.answered.length ?? 0) - before;
      assert(frames <= 2, `${frames} frames`);
    });

    it('count their disks likewise', async () => {
      const [leader] = await chain({ fsync: 'everysec' });
      await leader.write(3);
      const reached = await atOnce(reach(leader, 'followers_synced', 2));
      assert.equal(reached.followersSynced, 2);
    });

    it('go with the session of the one in the middle', async () => {
      const [leader, middle] = await chain();
      assert.equal((await reach(leader, 'followers', 2, 0)).followersAppended, 2);
      await middle.down();
      await world.until('it is gone', () => leader.followers.status.length === 0);
      const after = reach(leader, 'followers', 2, 100);
      await world.clock.advance(100);
      assert.deepEqual([(await after).reached, (await after).followersAppended], [false, 0]);
      assert.deepEqual(leader.replication.acknowledgements.indirect, []);
    });

    it('count a node once, though two sessions report it', async () => {
      const [leader, , bottom] = await chain();
      await bottom.follow('L');
      await world.until('it follows the leader', () => leader.followers.status.length === 2);
      await leader.write(1);
      const { reached, followersAppended } = await done(reach(leader, 'followers', 2));
      assert.deepEqual([reached, followersAppended], [true, 2]);
      const third = reach(leader, 'followers', 3, 100);
      await world.clock.advance(100);
      assert.equal((await third).reached, false);
    });

    it('are shown in status with the follower that reports them', async () => {
      const [leader, middle, bottom] = await chain();
      const [below] = leader.replication.acknowledgements.indirect;
      assert.deepEqual(
        [below?.nodeId, below?.via, below?.appendedOffset, below?.lagCommands, below?.state],
        [bottom.store.identity.nodeId, middle.store.identity.nodeId, 1, 0, 'below'],
      );
      assert.equal(below?.address, 'B');
    });

    it('are shown in status below the node that each follows, at any depth', async () => {
      const [leader, middle, bottom] = await chain();
      const last = await world.node('Z', { follows: 'B' });
      await level(world, leader, last);
      const nodes = () => leader.replication.acknowledgements.indirect;
      await world.until('the leader knows the last one', () => nodes().length === 2);
      const ids = [bottom, last].map(({ store }) => store.identity.nodeId);
      assert.deepEqual(
        ids.map((id) => nodes().find(({ nodeId }) => nodeId === id)?.via),
        [middle.store.identity.nodeId, bottom.store.identity.nodeId],
      );
    });
  });
});
