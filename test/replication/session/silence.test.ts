/**
 * A line between a leader and its follower goes silent, or is only slow. Each end
 * must give up a dead line, and neither may give up a living one.
 */
import assert from 'node:assert/strict';
import { LINK_TIMEOUT_MS } from '../../../src/base/limits.js';
import { hold, isAppend } from '../../support/store.js';
import { level, type World, worldForEachTest } from '../../support/world.js';

describe('a replication session that has gone silent', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('ends at the follower after the time-out, which dials again', async () => {
    const { leader, follower } = await world.pair({ writes: 1, follower: { timeoutMs: LINK_TIMEOUT_MS } });
    const line = world.network.last;
    line.hold('down');
    await world.clock.advance(LINK_TIMEOUT_MS - 2_000);
    assert(!line.up.ended.aborted);
    await world.until('it is noticed', () => line.up.ended.aborted);
    assert.match((line.up.ended.reason as Error).message, /upstream was silent for \d+ ms/);
    await leader.write(1, 'more');
    await level(world, leader, follower);
    assert.equal(follower.link.resyncs.partial, 1);
  });

  it('ends at the leader after the time-out', async () => {
    const { leader, follower } = await world.pair({ writes: 1, leader: { timeoutMs: LINK_TIMEOUT_MS } });
    const line = world.network.last;
    line.hold('up');
    await world.until('it is noticed', () => line.down.ended.aborted);
    assert.match((line.down.ended.reason as Error).message, /follower F was silent for \d+ ms/);
    await level(world, leader, follower);
  });

  it("is not the upstream's fault if the follower itself is busy for long", async () => {
    const { leader, follower } = await world.pair({ writes: 1, follower: { timeoutMs: LINK_TIMEOUT_MS } });
    const gate = hold(follower.test.disk, isAppend);
    await leader.write(1, 'slow');
    await world.until('the append is on its way', gate.held);
    for (let i = 0; i < 12; i++) await world.clock.advance(1_000);
    gate.release();
    await level(world, leader, follower);
    assert.equal(world.network.lines.length, 1, 'heartbeats were coming all the time');
  });

  it('never ends while there is nothing to send: heartbeats and acknowledgements are enough', async () => {
    await world.pair({
      writes: 1,
      leader: { timeoutMs: LINK_TIMEOUT_MS },
      follower: { timeoutMs: LINK_TIMEOUT_MS },
    });
    for (let i = 0; i < 60; i++) await world.clock.advance(1_000);
    assert.equal(world.network.lines.length, 1);
    assert(!world.network.last.up.ended.aborted);
  });

  it('before its handshake ends at the leader', async () => {
    await world.node('L', { timeoutMs: LINK_TIMEOUT_MS });
    const channel = await world.network.dial('L');
    const ended = assert.rejects(channel.receive(), /has sent no handshake was silent/);
    for (let i = 0; i < 8; i++) await world.clock.advance(1_000);
    await ended;
  });
});
