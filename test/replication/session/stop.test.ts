/**
 * A session of a leader and a follower is stopped in the middle of its work. It must
 * end at both ends, and nothing of it may go on.
 */
import assert from 'node:assert/strict';
import { NO_ORDERS } from '../../../src/replication/upstream/link.js';
import { settled, turns } from '../../support/clock.js';
import { level, type World, worldForEachTest } from '../../support/world.js';

describe('a replication session that is stopped', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('takes nothing more from its upstream once the stop is done', async () => {
    const { leader, follower } = await world.pair({ writes: 1 });
    await follower.link.stop();
    assert.equal(follower.link.status.state, 'stopped');
    await leader.write(3, 'later');
    await world.clock.advance(3_000);
    await turns(50);
    assert.equal(follower.offset, 1);
  });

  it('stops while it waits between two attempts, and while no node answers', async () => {
    const follower = await world.node('F', { follows: 'L' });
    await world.until('it has tried', () => follower.link.status.error !== '');
    await follower.link.stop();
    assert.equal(follower.link.status.error, '', 'the error of a link ends with it');
    world.network.listen('L', { accept: () => new Promise(() => {}) });
    follower.link.start('L', NO_ORDERS);
    await turns(10);
    const stopping = follower.link.stop();
    assert(await settled(stopping, 20));
  });

  it('and started for another upstream follows that one', async () => {
    const [one, other] = [await world.node('A'), await world.node('B')];
    await one.write(2);
    const follower = await world.node('F', { follows: 'A' });
    await level(world, one, follower);
    await other.follow('A');
    await level(world, one, other);
    await follower.follow('B');
    await one.write(2, 'more');
    await level(world, one, other, follower);
    assert.deepEqual(follower.link.resyncs, { full: 1, partial: 1 });
  });
});
