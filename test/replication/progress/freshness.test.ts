/**
 * Reads at a leader and its followers ask for a position seen elsewhere, or for a
 * bound of staleness, over promotions and wrong clocks. A read may be answered only
 * if the node is that fresh, and must be refused in time otherwise.
 */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { HeadwaterError } from '../../../src/base/errors.js';
import type { FreshnessWanted } from '../../../src/model/guarantees.js';
import type { Position } from '../../../src/model/position.js';
import { Freshness } from '../../../src/replication/progress/freshness.js';
import { settled, until } from '../../support/clock.js';
import { hold } from '../../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

const never = new AbortController().signal;
setMaxListeners(0, never);

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('freshness', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  const freshness = ({ store, link }: TestNode, serveStaleReads = true) =>
    new Freshness({ store, link, clock: world.clock, serveStaleReads });

  function fresh(node: TestNode, wanted: Partial<FreshnessWanted>, writes = false): Promise<void> {
    const asked = freshness(node).whenFresh(
      { atLeast: undefined, maxStalenessMs: 0, withinMs: 0, ...wanted },
      { writes, signal: never },
    );
    asked.catch(() => {});
    return asked;
  }

  async function pair(): Promise<[leader: TestNode, follower: TestNode]> {
    const { leader, follower } = await world.pair({ writes: 3 });
    return [leader, follower];
  }

  describe('of a position', () => {
    it('is confirmed at once if it is applied, on every node', async () => {
      const [leader, follower] = await pair();
      const atLeast = leader.store.data.position;
      await fresh(leader, { atLeast });
      await fresh(follower, { atLeast });
    });

    it('is waited for at a follower, and confirmed with the write', async () => {
      const [leader, follower] = await pair();
      world.network.last.hold();
      await leader.write(1, 'late');
      const waiting = fresh(follower, { atLeast: leader.store.data.position });
      assert.equal(await settled(waiting), false);
      world.network.last.release();
      await waiting;
      assert.deepEqual(follower.store.data.position, leader.store.data.position);
    });

    it('that does not come is refused in time, with how far the node is', async () => {
      const [leader, follower] = await pair();
      world.network.last.hold();
      await leader.write(1, 'late');
      const waiting = fresh(follower, { atLeast: leader.store.data.position, withinMs: 300 });
      await world.clock.advance(250);
      assert.equal(await settled(waiting), false);
      await world.clock.advance(100);
      await assert.rejects(waiting, {
        code: 'unavailable',
        message: /expected offset 4 of .* applied offset 3 of/,
        details: { cause: 'NOT_FRESH', askedOffset: 4, offset: 3 },
      });
    });

    it('stays valid over promotions, and one of an unknown history is waited for', async () => {
      const [leader, follower] = await pair();
      const other = await world.node('O', { follows: 'L' });
      await level(world, leader, other);
      const before = leader.store.data.position;
      await follower.replication.promote();
      await follower.write(1, 'led');
      const waiting = fresh(other, { atLeast: follower.store.data.position });
      await world.clock.advance(100);
      assert.equal(await settled(waiting), false);
      await other.follow('F');
      await world.until('the other has it', () => settled(waiting));
      await waiting;
      await fresh(other, { atLeast: before });
      await fresh(follower, { atLeast: before });
    });

    it('of a branch that was left is refused at once, as lost', async () => {
      const [leader, follower] = await pair();
      world.network.last.cut();
      await leader.write(2, 'lost');
      const lost = leader.store.data.position;
      await follower.replication.promote();
      await assert.rejects(fresh(follower, { atLeast: lost }), {
        code: 'lost_branch',
        message: /offset 5 of .* left that history after offset 3/,
      });
    });

    it('of a branch that was left is refused beside a good one that is further on', async () => {
      const [leader, follower] = await pair();
      world.network.last.cut();
      await leader.write(1, 'lost');
      const lost = leader.store.data.position;
      await follower.replication.promote();
      await follower.write(9, 'later');
      const atLeast = follower.store.data.position;
      assert(lost.offset < atLeast.offset);
      await fresh(follower, { atLeast });
      for (const wanted of [
        { atLeast, alsoAtLeast: lost },
        { atLeast: lost, alsoAtLeast: atLeast },
      ])
        await assert.rejects(fresh(follower, wanted), { code: 'lost_branch' });
    });

    it('that is waited for is refused as lost when the node is promoted without it', async () => {
      const [leader, follower] = await pair();
      world.network.last.hold();
      await leader.write(2, 'lost');
      const waiting = fresh(follower, { atLeast: leader.store.data.position });
      assert.equal(await settled(waiting), false);
      await follower.replication.promote();
      await assert.rejects(waiting, { code: 'lost_branch' });
      world.network.last.cut();
    });

    it('with another checksum is of another past', async () => {
      const [leader] = await pair();
      const { position } = leader.store.data;
      const atLeast: Position = { ...position, checksum: position.checksum ^ 1 };
      await assert.rejects(fresh(leader, { atLeast }), { code: 'lost_branch', message: /another history/ });
    });

    it('that comes with a write sends a follower’s caller to the leader at once', async () => {
      const [leader, follower] = await pair();
      await assert.rejects(fresh(follower, { atLeast: leader.store.data.position }, true), {
        code: 'read_only_follower',
        details: { leader: 'L' },
      });
    });

    it('is not asked for by a read for the leader alone: a node that does not lead refuses that', async () => {
      const [leader, follower] = await pair();
      assert.equal(freshness(leader).notLeading, undefined);
      const { notLeading } = freshness(follower);
      assert(HeadwaterError.is(notLeading, 'read_only_follower'));
      assert.equal(notLeading.details.leader, 'L');
    });

    it('is confirmed as soon as a failed store is open again: no timer is waited for', async () => {
      const [leader] = await pair();
      const { disk } = leader.test;
      const atLeast = leader.store.data.position;
      const opening = hold(disk, ({ kind }) => kind === 'open');
      const failing = disk.fault;
      disk.fault = (operation) => {
        if (operation.kind === 'put') throw new Error('EIO');
        return failing?.(operation);
      };
      await assert.rejects(leader.test.set('fails'), { code: 'outcome_unknown' });
      await until('the store opens', opening.held);
      const asked = fresh(leader, { atLeast });
      assert.equal(await settled(asked), false);
      disk.fault = undefined;
      opening.release();
      await asked;
    });

    it('is judged by the data at the time of the answer, not of the lookup', async () => {
      const [leader, follower] = await pair();
      await follower.replication.promote();
      await follower.write(2, 'own');
      const mine = follower.store.data.position;
      await follower.write(1, 'later');
      await leader.write(1, 'other');
      const { lookup } = follower.store.data.log;
      const { checksumAt } = lookup;
      const { promise, resolve: goOn } = deferred();
      lookup.checksumAt = async (offset) => {
        const found = await checksumAt.call(lookup, offset);
        await promise;
        return found;
      };
      const asked = fresh(follower, { atLeast: mine, withinMs: 60_000 });
      await follower.follow('L', { acceptDataLoss: true });
      await level(world, leader, follower);
      goOn();
      await world.clock.advance(60_000);
      await assert.rejects(asked, { code: 'unavailable', message: /has applied offset 4 of/ });
    });

    it('is refused at once by a node that stops, unless it is there', async () => {
      const [leader, follower] = await pair();
      world.network.last.hold();
      const before = leader.store.data.position;
      await leader.write(1, 'late');
      const node = freshness(follower);
      const ask = (atLeast: Position) =>
        node.whenFresh({ atLeast, maxStalenessMs: 0, withinMs: 0 }, { writes: false, signal: never });
      const waiting = ask(leader.store.data.position);
      assert.equal(await settled(waiting), false);
      node.end(new HeadwaterError('shutting_down', 'the node is shutting down'));
      await assert.rejects(waiting, { code: 'shutting_down' });
      await assert.rejects(ask(leader.store.data.position), { code: 'shutting_down' });
      await ask(before);
    });

    it('is waited for through a full resync that replaces the store', async () => {
      const leader = await world.node('L');
      await leader.write(5);
      await leader.store.data.log.trimming.trim(0);
      const follower = await world.node('F', { follows: 'L' });
      const waiting = fresh(follower, { atLeast: leader.store.data.position });
      await world.until('the follower has it', () => settled(waiting));
      await waiting;
      assert.equal(follower.offset, 5);
    });
  });

  describe('in time', () => {
    it('a leader is never stale, whatever its clock says', async () => {
      const leader = await world.node('L');
      await world.clock.advance(100_000);
      await fresh(leader, { maxStalenessMs: 1 });
    });

    it('a follower is as stale as its last heartbeat, by the leader’s clock', async () => {
      const [leader, follower] = await pair();
      // Its own clock says something else altogether.
      world.clock.setWall(5);
      await world.until('a heartbeat', () => follower.link.levelMs > 0);
      await fresh(follower, { maxStalenessMs: 1_500 });
      world.network.last.hold();
      await world.clock.advance(4_000);
      const waiting = fresh(follower, { maxStalenessMs: 1_500 });
      assert.equal(await settled(waiting), false);
      world.network.last.release();
      await waiting;
      assert(follower.store.clock.now() - leader.store.clock.now() < 1_500);
    });

    it('a follower that stays stale refuses with both numbers', async () => {
      const [, follower] = await pair();
      await world.until('a heartbeat', () => follower.link.levelMs > 0);
      world.network.last.hold();
      await world.clock.advance(4_000);
      const waiting = fresh(follower, { maxStalenessMs: 1_500, withinMs: 500 });
      await world.clock.advance(600);
      await assert.rejects(waiting, {
        code: 'unavailable',
        message: /expected data at most 1500 ms old, the data are \d{4} ms old/,
      });
      world.network.last.release();
    });

    it('a node that was promoted and follows again does not judge by what it wrote itself', async () => {
      const [leader, follower] = await pair();
      await world.until('a heartbeat', () => follower.link.levelMs > 0);
      world.network.down('L');
      world.network.last.cut();
      await follower.replication.promote();
      await follower.write(1, 'own');
      await leader.write(1, 'missing');
      await world.clock.advance(8_000);
      await follower.write(1, 'own');
      await follower.follow('L');
      const waiting = fresh(follower, { maxStalenessMs: 5_000, withinMs: 100 });
      await world.clock.advance(200);
      await assert.rejects(waiting, { code: 'unavailable', details: { cause: 'NOT_FRESH', maxStalenessMs: 5000 } });
      world.network.listen('L', leader.replication.followers);
      // It has heard of the promotion below it.
      await world.until('it is superseded', () => leader.store.roles.supersededBy !== undefined);
      await leader.replication.promote();
      await level(world, leader, follower);
      await world.until('a heartbeat', () => follower.link.levelMs > 0);
      await fresh(follower, { maxStalenessMs: 5_000 });
    });

    it('a follower that moves to another upstream does not judge by the one before', async () => {
      const [, follower] = await pair();
      await world.until('a heartbeat', () => follower.link.levelMs > 0);
      const { changed } = follower.store.data;
      const asked = changed.rungAfter(changed.rings, never).then(() => {
        assert.equal(follower.store.roles.upstream, 'nobody');
        return fresh(follower, { maxStalenessMs: 5_000, withinMs: 1 });
      });
      const refused = assert.rejects(asked, { code: 'unavailable', message: /has not caught up/ });
      await follower.follow('nobody');
      await world.clock.advance(10);
      await refused;
    });

    it('a leader that knows of a later one is not fresh, nor are those below it', async () => {
      const [leader, follower] = await pair();
      await world.until('a heartbeat', () => follower.link.levelMs > 0);
      const other = await world.node('O', { follows: 'L' });
      await level(world, leader, follower, other);
      await other.replication.promote();
      await other.write(1, 'later');
      await other.follow('L');
      await world.until('it is superseded', () => leader.store.roles.supersededBy !== undefined);
      await world.clock.advance(2_000);
      for (const node of [leader, follower]) {
        const waiting = fresh(node, { maxStalenessMs: 60_000, withinMs: 100 });
        await world.clock.advance(200);
        const details = { cause: 'NOT_FRESH', maxStalenessMs: 60000 };
        await assert.rejects(waiting, { code: 'unavailable', details });
      }
    });

    it('a follower below which a later leader has written is not fresh', async () => {
      const [leader, middle] = await pair();
      const end = await world.node('E', { follows: 'F' });
      await level(world, leader, middle, end);
      await world.until('a heartbeat', () => middle.link.levelMs > 0);
      await fresh(middle, { maxStalenessMs: 60_000 });
      await end.replication.promote();
      await end.write(1, 'later');
      await end.follow('F');
      await world.until('it waits', () => end.link.status.state === 'waiting');
      const waiting = fresh(middle, { maxStalenessMs: 60_000, withinMs: 100 });
      await world.clock.advance(200);
      await assert.rejects(waiting, { code: 'unavailable', message: /has not caught up with its leader/ });
    });

    it('a clock that is set back makes nothing fresh', async () => {
      const [leader, follower] = await pair();
      await world.until('a heartbeat', () => follower.link.levelMs > 0);
      world.network.down('L');
      world.network.last.cut();
      await world.clock.advance(4_000);
      follower.store.intake.setTime(leader.store.clock.now() - 3_000_000);
      const waiting = fresh(follower, { maxStalenessMs: 1_500, withinMs: 100 });
      await world.clock.advance(200);
      await assert.rejects(waiting, { code: 'unavailable', message: /the data are \d{4} ms old/ });
    });

    it('a follower with writes of a clock that was ahead is stale until it has caught up', async () => {
      const [hourMs, wallMs] = [3_600_000, world.clock.wallMs()];
      world.clock.setWall(wallMs + 10 * hourMs);
      const leader = await world.node('L', { trustClock: true });
      const follower = await world.node('F', { follows: 'L' });
      await leader.write(1);
      await level(world, leader, follower);
      await follower.down();
      for (let i = 0; i < 8; i++) {
        await world.clock.advance(1_000);
        await leader.test.set(`large${i}`, 'x'.repeat(300_000));
      }
      // Killed, it has the blocks at hand that it replays, with their times.
      leader.kill();
      world.clock.setWall(wallMs);
      await leader.test.open();
      leader.up();
      await leader.write(2, 'since');
      await world.clock.advance(60_000);
      let blocks = 0;
      world.network.onLine = (line) => {
        line.onDown = ({ kind }) => {
          if (kind === 'blocks' && ++blocks === 4) line.hold('down');
        };
      };
      await follower.test.open();
      follower.up();
      await world.until('it has some of them', () => follower.offset === 4);
      const asked = fresh(follower, { maxStalenessMs: 5_000, withinMs: 1 });
      await world.clock.advance(10);
      await assert.rejects(asked, { code: 'unavailable', message: /has not caught up/ });
      assert.equal(
        leader.replication.acknowledgements.times.levelMs(follower.offset),
        0,
        'the leader does not know either',
      );
      world.network.last.release();
      await level(world, leader, follower);
      await world.until('it knows that it is level', () => follower.link.levelMs > 0);
      await fresh(follower, { maxStalenessMs: 5_000 });
    });

    it('a follower with a snapshot does not take an older write for a clock set back', async () => {
      const [leader, next] = await world.chain(['L', 'N'], { writes: 3 });
      await next.replication.promote();
      await next.write(1, 'on N');
      await world.clock.advance(3_600_000);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      assert.equal(follower.store.data.log.base.offset, 3, 'its data are a snapshot');
      assert.equal(follower.store.data.endTimeMs, leader.store.data.endTimeMs);
      const before = follower.store.clock.now();
      await follower.follow('N');
      await until('the write is here', () => follower.offset === 4);
      assert.ok(follower.store.clock.now() >= before, `its time is ${follower.store.clock.now()}, after ${before}`);
    });

    it('a follower whose data differ from its upstream’s at the same offset is not fresh', async () => {
      const [, follower] = await pair();
      await world.until('a heartbeat', () => follower.link.levelMs > 0);
      const line = world.network.last;
      line.hold('down');
      await world.clock.advance(3_000);
      const timeMs = follower.store.clock.now();
      const { offset, checksum } = follower.store.data.position;
      void line.down.send({
        kind: 'heartbeat',
        offset,
        checksum: checksum ^ 1,
        timeMs,
        path: ['L'],
        levelMs: timeMs,
        endOffset: 0,
        leaderAddress: '',
        epoch: 0,
        sign: 0,
      });
      world.network.down('L');
      line.release();
      await world.until('it has diverged', () => follower.test.logger.said(/DIVERGED/) > 0);
      const waiting = fresh(follower, { maxStalenessMs: 1_500, withinMs: 100 });
      await world.clock.advance(200);
      await assert.rejects(waiting, { code: 'unavailable' });
    });

    it('a follower that was never level does not know how stale it is', async () => {
      const follower = await world.node('F', { follows: 'nobody' });
      const waiting = fresh(follower, { maxStalenessMs: 1_500, withinMs: 100 });
      await world.clock.advance(200);
      await assert.rejects(waiting, {
        code: 'unavailable',
        message: /has not caught up with its leader/,
      });
    });
  });

  describe('without stale reads', () => {
    it('a follower refuses reads unless it streams and is level with the handshake', async () => {
      const [leader, follower] = await pair();
      const strict = freshness(follower, false);
      const refusal = () => strict.refusal;
      assert.equal(refusal(), undefined);
      assert.equal(freshness(leader, false).refusal, undefined);
      world.network.down('L');
      world.network.last.cut();
      await world.until('the link is down', () => follower.link.status.state !== 'streaming');
      assert.match(refusal()?.message ?? '', /follows L, is behind it/);
      assert.equal(refusal()?.code, 'unavailable');
      assert.equal(freshness(follower, true).refusal, undefined);
      await leader.write(3, 'meanwhile');
      world.network.listen('L', leader.replication.followers);
      await world.until('reads are served', () => refusal() === undefined);
      assert.equal(follower.offset, 6);
    });
  });
});
