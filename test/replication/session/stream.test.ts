/**
 * A leader streams to a follower that is slow, far behind, or sends wrong frames.
 * Blocks must arrive in order and in bounded memory, and checksums and clocks must
 * agree.
 */
import assert from 'node:assert/strict';
import type { DownFrame } from '../../../src/replication/frames.js';
import { until } from '../../support/clock.js';
import { hold } from '../../support/store.js';
import { level, type World, worldForEachTest } from '../../support/world.js';

describe('a replication session in its stream', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('carries a block that is larger than any frame', async () => {
    const { leader, follower } = await world.pair();
    await leader.test.set('large', Buffer.alloc(3 * 1024 * 1024, 7));
    await leader.write(2);
    await level(world, leader, follower);
    assert.equal(follower.link.resyncs.full, 0);
  });

  it('keeps no blocks in memory for a slow follower, but reads them from its log', async () => {
    const { leader, follower } = await world.pair({ writes: 1 });
    const line = world.network.last;
    line.hold('down');
    for (let i = 0; i < 60; i++) {
      await leader.write(2, `round ${i} `);
      await world.clock.advance(5);
    }
    assert(line.outstanding < 12, `${line.outstanding} frames are on their way`);
    assert((leader.followers.status[0]?.lagCommands ?? 0) >= 120);
    line.release();
    await level(world, leader, follower);
    assert.equal(leader.followers.status[0]?.state, 'streaming');
  });

  it('sends no heartbeats to a follower that is behind: each would wait in memory', async () => {
    const { leader, follower } = await world.pair({ writes: 1 });
    const line = world.network.last;
    line.hold('down');
    for (let i = 0; i < 60; i++) {
      await leader.write(1, `round ${i} `);
      await world.clock.advance(1_000);
    }
    assert(line.outstanding < 12, `${line.outstanding} frames are on their way`);
    line.release();
    await level(world, leader, follower);
  });

  it('acknowledges what is appended and what is durable, soon after it is', async () => {
    const { leader, follower } = await world.pair();
    await leader.write(5);
    await world.until('it is acknowledged', () => leader.followers.status[0]?.appendedOffset === 5);
    assert.deepEqual([leader.followers.status[0]?.lagCommands, leader.followers.status[0]?.durableOffset], [0, 0]);
    await follower.store.data.durablePoint.reach();
    await world.until('it is durable', () => leader.followers.status[0]?.durableOffset === 5);
  });

  it('can be asked for its status at any moment, also while a resync replaces the data', async () => {
    const leader = await world.node('L');
    await leader.write(5);
    const follower = await world.node('F');
    // Opened once to be filled, and again to be used.
    let opens = 0;
    const gate = hold(
      follower.test.disk,
      ({ kind, location }) => kind === 'open' && location.endsWith('gen-000002/log') && ++opens === 2,
    );
    await follower.follow('L');
    await world.until('the new data are being opened', gate.held);
    assert.equal(follower.link.status.state, 'loading');
    assert.deepEqual(follower.followers.status, []);
    gate.release();
    await level(world, leader, follower);
  });

  for (const kind of ['full', 'partial'] as const) {
    it(`acknowledges at once after a ${kind} resync, so that the follower does not seem to lag`, async () => {
      const leader = await world.node('L');
      await leader.write(5);
      const follower = await world.node('F', { follows: 'L' });
      if (kind === 'partial') {
        await level(world, leader, follower);
        await follower.down();
        await follower.test.open();
        follower.up();
      }
      // No time passes: nothing that waits for a timer is sent.
      const before = world.clock.monotonicMs();
      await until('it is acknowledged', () => leader.followers.status[0]?.appendedOffset === 5);
      assert.equal(world.clock.monotonicMs(), before);
      assert.deepEqual([leader.followers.status[0]?.lagCommands, leader.followers.status[0]?.lagMs], [0, 0]);
      assert.equal(follower.link.resyncs[kind], 1);
    });
  }

  it('reports which followers are connected, their addresses and their offsets', async () => {
    const leader = await world.node('L');
    const follower = await world.node('F', { follows: 'L' });
    await leader.write(2);
    await level(world, leader, follower);
    await world.until('it is acknowledged', () => leader.followers.status[0]?.appendedOffset === 2);
    const [status] = leader.followers.status;
    assert.deepEqual(
      [status?.nodeId, status?.address, status?.state],
      [follower.store.identity.nodeId, 'F', 'streaming'],
    );
    await follower.down();
    await world.until('it is gone', () => leader.followers.status.length === 0);
  });

  it('ends at a block that does not chain, and nothing of it enters the log', async () => {
    const { leader, follower } = await world.pair({ writes: 2 });
    const line = world.network.last;
    const send = line.down.send.bind(line.down);
    line.down.send = (frame: DownFrame) => {
      if (frame.kind !== 'blocks') return send(frame);
      const blocks = frame.blocks.map((bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([0x21])]));
      return send({ ...frame, blocks });
    };
    await leader.write(1, 'spoilt');
    await world.until('the session has ended', () => line.up.ended.aborted);
    await level(world, leader, follower);
    assert.equal(await follower.test.get('spoilt0'), 'spoilt at L');
    assert(follower.test.logger.said(/does not continue the log/) > 0);
  });

  it('is dialled with back-off if every session ends the same way', async () => {
    const { leader, follower } = await world.pair({ writes: 2 });
    world.network.onLine = (line) => {
      const send = line.down.send.bind(line.down);
      line.down.send = (frame: DownFrame) =>
        send(
          frame.kind === 'blocks'
            ? {
                ...frame,
                blocks: frame.blocks.map((bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([0x21])])),
              }
            : frame,
        );
    };
    world.network.last.cut();
    await leader.write(1, 'spoilt');
    const before = world.network.lines.length;
    for (let i = 0; i < 2_000; i++) await world.clock.advance(10);
    const dialled = world.network.lines.length - before;
    assert(dialled > 5 && dialled < 40, `${dialled} sessions in 20 seconds`);
    assert.equal(follower.test.logger.said(/does not continue the log/, 'warn'), 1, 'it is said once');
  });

  it('ends with an alarm if the running checksums differ at one offset', async () => {
    const { leader, follower } = await world.pair({ writes: 2 });
    await world.network.last.down.send({
      kind: 'heartbeat',
      levelMs: 0,
      endOffset: 0,
      leaderAddress: '',
      epoch: 0,
      sign: 0,
      offset: 2,
      checksum: 1,
      timeMs: world.clock.wallMs(),
      path: [],
    });
    await world.until('it is seen', () => follower.test.logger.said(/DIVERGED: at offset 2/, 'error') === 1);
    await level(world, leader, follower);
  });

  it('does not let the clock go back, until a new session begins', async () => {
    const leader = await world.node('L');
    await leader.test.set('a', 'v', 60_000);
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    const aheadMs = Math.ceil(world.clock.wallMs()) + 61_000;
    const beat = (timeMs: number) =>
      world.network.last.down.send({
        kind: 'heartbeat',
        offset: 0,
        checksum: 0,
        timeMs,
        path: ['L'],
        levelMs: 0,
        endOffset: 0,
        leaderAddress: '',
        epoch: 0,
        sign: 0,
      });
    await beat(aheadMs);
    await until('it is told', () => follower.store.clock.now() >= aheadMs);
    assert.equal(await follower.test.get('a'), undefined);
    await leader.write(1, 'more');
    await world.clock.advance(3_500);
    assert(world.network.last.count('heartbeat') > 3, 'the leader went on telling its own, earlier time');
    assert(follower.store.clock.now() >= aheadMs);
    assert.equal(await follower.test.get('a'), undefined, 'what was hidden as expired does not come back');
    world.network.last.cut();
    await world.until('a new session has begun', () => follower.link.resyncs.partial === 1);
    await level(world, leader, follower);
    assert(Math.abs(follower.store.clock.now() - leader.store.clock.now()) < 50);
    assert.equal(await follower.test.get('a'), 'v');
  });

  it('never lets the clock go below the last block, not even when it begins', async () => {
    const leader = await world.node('L');
    const follower = await world.node('F', { follows: 'L' });
    leader.store.intake.setTime(world.clock.wallMs() + 60_000);
    await leader.write(1);
    await level(world, leader, follower);
    world.network.onLine = (line) => {
      const send = line.down.send.bind(line.down);
      line.down.send = (frame: DownFrame) =>
        send(frame.kind === 'continue' ? { ...frame, upstream: { ...frame.upstream, timeMs: 1 } } : frame);
    };
    let lowestMs = Number.POSITIVE_INFINITY;
    const setTime = follower.store.intake.setTime.bind(follower.store.intake);
    follower.store.intake.setTime = (timeMs) => {
      setTime(timeMs);
      lowestMs = Math.min(lowestMs, follower.store.clock.now());
    };
    const { partial } = follower.link.resyncs;
    world.network.last.cut();
    await world.until('a new session has begun', () => follower.link.resyncs.partial > partial);
    assert(lowestMs >= follower.store.data.endTimeMs && lowestMs < Number.POSITIVE_INFINITY, `${lowestMs}`);
  });

  it("goes by the leader's clock", async () => {
    const { leader, follower } = await world.pair({ writes: 1 });
    leader.store.intake.setTime(world.clock.wallMs() + 100_000);
    await world.clock.advance(1_100);
    await world.until('it is told', () => Math.abs(follower.store.clock.now() - leader.store.clock.now()) < 50);
  });
});
