/**
 * A leader L stops while its followers lag, are frozen or take over. It must wait
 * until they have its last write, at most for the given time, and answer all clients
 * that wait for them.
 */
import assert from 'node:assert/strict';
import type { DurabilityReached } from '../../../src/base/error-details.js';
import type { DurabilityWanted } from '../../../src/model/durability.js';
import { settled, until } from '../../support/clock.js';
import { hold, set } from '../../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

const TIMEOUT_MS = 5_000;

describe('a leader that stops', () => {
  let world: World;
  let leader: TestNode;
  let follower: TestNode;

  worldForEachTest((made) => {
    world = made;
  });

  beforeEach(async () => {
    leader = await world.node('L');
    await leader.write(5);
    follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
  });

  it('waits until a follower that lags has the last write', async () => {
    world.network.last.hold();
    await leader.test.set('last', 'write');
    const stopping = leader.down({ shutdownTimeoutMs: TIMEOUT_MS });
    assert.equal(await settled(stopping), false);
    world.network.last.release();
    await stopping;
    assert.equal(await follower.test.get('last'), 'write');
    assert.equal(
      leader.test.logger.said(/^before this stop, 1 follower appended all writes, up to offset 6$/, 'info'),
      1,
    );
  });

  it('gives up after the time-out, and names the followers that may lack writes', async () => {
    world.network.last.hold();
    await leader.write(2, 'late');
    const stopping = leader.down({ shutdownTimeoutMs: TIMEOUT_MS });
    assert.equal(await settled(stopping), false);
    await world.clock.advance(TIMEOUT_MS - 1);
    assert.equal(await settled(stopping), false);
    await world.clock.advance(1);
    await stopping;
    const said = /^1 of 1 followers may lack the last writes after 5000 ms: expected offset 7, F reported 5$/;
    assert.equal(leader.test.logger.said(said, 'warn'), 1);
  });

  it('does not wait without followers, with a time of 0, or as a follower', async () => {
    const below = await world.node('B', { follows: 'F' });
    await level(world, leader, follower, below);
    for (const line of world.network.lines) line.hold('up');
    await leader.test.set('last');
    await follower.down({ shutdownTimeoutMs: TIMEOUT_MS });
    await leader.down();
    const alone = await world.node('A');
    await alone.write(1);
    await alone.down({ shutdownTimeoutMs: TIMEOUT_MS });
    for (const { test } of [leader, follower, alone]) assert.equal(test.logger.said(/followers (have|may lack)/), 0);
  });

  it('does not wait for a follower that goes away meanwhile', async () => {
    world.network.last.hold();
    await leader.test.set('last');
    const stopping = leader.down({ shutdownTimeoutMs: TIMEOUT_MS });
    assert.equal(await settled(stopping), false);
    world.network.last.cut();
    await stopping;
    assert.equal(leader.test.logger.said(/1 of 1 followers may lack/, 'warn'), 1);
  });

  it('takes no more writes and expires nothing while it waits, and answers reads', async () => {
    await leader.test.submit(set('short', 'v', 1_000));
    world.network.last.hold();
    const early = leader.test.set('early', 'yes');
    const stopping = leader.down({ shutdownTimeoutMs: TIMEOUT_MS });
    await early;
    const { replies } = await leader.store.writes.submit([set('late'), { kind: 'get', key: Buffer.from('early') }], {
      bytes: 100,
      ordered: true,
    });
    assert(replies[0]?.kind === 'error' && replies[0].error.code === 'shutting_down');
    assert(replies[1]?.kind === 'get' && replies[1].value?.toString() === 'yes', 'reads see what was asked before');
    const channel = Buffer.from('news');
    for (const durable of [true, false])
      await assert.rejects(leader.store.writes.publish({ channel, data: channel, durable }), { code: 'shutting_down' });
    await world.clock.advance(TIMEOUT_MS - 1);
    assert.equal(leader.offset, 7, 'what has expired is left to the next leader');
    world.network.last.release();
    await stopping;
    await leader.test.open({ role: 'follower', upstream: 'F' });
    assert.equal(leader.store.data.position.offset, 7);
    leader.up();
    await follower.replication.promote();
    await follower.write(1, 'after');
    await level(world, follower, leader);
    assert.deepEqual(leader.link.resyncs, { full: 0, partial: 1 });
    assert.equal(await leader.store.lostWrites.count(), 0);
  });

  it('lets writes that wait for followers still be confirmed', async () => {
    world.network.last.hold();
    await leader.test.set('last');
    const wanted = { level: 'followers', followers: 1, timeoutMs: 60_000 } as const;
    const signal = new AbortController().signal;
    const reached = leader.replication.durability.reach(leader.store.data.position, wanted, signal);
    const stopping = leader.down({ shutdownTimeoutMs: TIMEOUT_MS });
    assert.equal(await settled(reached), false);
    world.network.last.release();
    assert.equal((await reached).reached, true);
    await stopping;
  });

  function reach(wanted: Omit<DurabilityWanted, 'timeoutMs'>): Promise<DurabilityReached> {
    const { replication, store } = leader;
    return replication.durability.reach(
      store.data.position,
      { ...wanted, timeoutMs: 60_000 },
      new AbortController().signal,
    );
  }

  it('answers writes at once that wait for more followers than there are', async () => {
    world.network.last.hold();
    await leader.test.set('last');
    const [one, two] = [1, 2].map((followers) => reach({ level: 'followers', followers }));
    assert(one && two);
    const stopping = leader.down({ shutdownTimeoutMs: TIMEOUT_MS });
    assert.equal((await two).reached, false);
    assert.equal(await settled(one), false);
    await world.clock.advance(TIMEOUT_MS);
    assert.deepEqual([(await one).reached, (await one).followersAppended], [false, 0]);
    await stopping;
  });

  it('waits until its followers have on disk the writes that a client waits for', async () => {
    const sync = hold(follower.test.disk, ({ kind }) => kind === 'durable');
    await leader.test.set('last');
    const synced = reach({ level: 'followers_synced', followers: 1 });
    await world.until('it is appended', () => follower.offset === 6);
    await until('a durable point is in hand', sync.held);
    const stopping = leader.down({ shutdownTimeoutMs: TIMEOUT_MS });
    await world.clock.advance(TIMEOUT_MS - 1_000);
    assert.equal(await settled(synced), false);
    sync.release();
    assert.equal((await synced).reached, true);
    await stopping;
  });

  it('answers all of them at once if there is no follower to wait for', async () => {
    world.network.last.hold();
    await leader.test.set('last');
    const one = reach({ level: 'followers', followers: 1 });
    assert.equal(await settled(one), false);
    await leader.replication.drain(0);
    assert.equal((await one).reached, false);
    assert.equal((await reach({ level: 'followers', followers: 1 })).reached, false);
  });

  it('refuses writes that wait for a hand-over of which the outcome is not known', async () => {
    world.network.onLine = (line) => line.hold('down');
    await assert.rejects(failingOver(), { code: 'outcome_unknown' });
    const write = leader.store.writes.submit([set('waits')], { bytes: 10, ordered: false });
    assert.equal(await settled(write), false);
    await leader.replication.drain(TIMEOUT_MS);
    const [reply] = (await write).replies;
    assert(reply?.kind === 'error' && reply.error.code === 'shutting_down');
    assert.equal(leader.store.roles.handingOver?.address, 'F', 'it goes on asking when it comes back');
  });

  async function failingOver(): Promise<void> {
    const failover = leader.replication.failover({ to: 'F', timeoutMs: 300 });
    failover.catch(() => {});
    await world.until('its time is over', () => settled(failover));
    await failover;
  }

  it('stops when its time is over, also during a failover that does not end', async () => {
    world.network.last.hold();
    await leader.test.set('last');
    const failover = leader.replication.failover({ to: 'F', timeoutMs: 120_000 });
    failover.catch(() => {});
    assert.equal(await settled(failover), false);
    const stopping = leader.down({ shutdownTimeoutMs: TIMEOUT_MS });
    assert.equal(await settled(stopping), false);
    await world.clock.advance(TIMEOUT_MS);
    await stopping;
    await assert.rejects(failover, { code: 'failover_failed' });
    assert.equal(leader.test.logger.said(/the node stops before its followers have caught up/, 'warn'), 1);
  });
});
