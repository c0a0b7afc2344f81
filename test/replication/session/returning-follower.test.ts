/**
 * A follower comes back after a cut, a stop or a kill of either node. It must
 * continue at its position, or get a full resync if the log was trimmed.
 */
import assert from 'node:assert/strict';
import { forgotten, level, type World, worldForEachTest } from '../../support/world.js';

describe('a replication session of a follower that comes back', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('resumes at its position after the line was cut', async () => {
    const { leader, follower } = await world.pair({ writes: 3 });
    for (let round = 0; round < 3; round++) {
      world.network.last.cut();
      await leader.write(4, `round ${round} `);
      await level(world, leader, follower);
    }
    assert.deepEqual(follower.link.resyncs, { full: 1, partial: 3 });
  });

  it('resumes at its position after it was stopped or killed', async () => {
    const { leader, follower } = await world.pair({ writes: 3 });
    await follower.down();
    await leader.write(10, 'stopped');
    await follower.test.open();
    follower.up();
    await level(world, leader, follower);
    follower.kill();
    await leader.write(10, 'killed');
    await follower.test.open();
    follower.up();
    await level(world, leader, follower);
    assert.deepEqual(leader.followers.served, { full: 1, partial: 2 });
  });

  it('resumes at its position after its leader was stopped or killed', async () => {
    const { leader, follower } = await world.pair({ writes: 3 });
    await leader.restart();
    await leader.write(3, 'restarted');
    await level(world, leader, follower);
    leader.kill();
    await leader.test.open();
    leader.up();
    await leader.write(3, 'killed');
    await level(world, leader, follower);
    assert.deepEqual(follower.link.resyncs, { full: 1, partial: 2 });
    assert.equal(leader.store.data.log.history.lineage.rows.length, 3);
    assert.deepEqual(follower.store.data.log.history.lineage.rows, leader.store.data.log.history.lineage.rows);
    const kinds = world.network.last.sent.map(({ kind }) => kind).filter((kind) => kind !== 'heartbeat');
    assert.deepEqual(kinds.slice(0, 3), ['continue', 'newHistory', 'blocks']);
  });

  it('gets a full resync if the log was trimmed meanwhile, and serves old data until then', async () => {
    const { leader, follower } = await world.pair({ writes: 5 });
    await follower.down();
    await leader.write(5, 'missed');
    await (await leader.store.snapshots.at()).release();
    await forgotten(world, leader, follower);
    await leader.store.data.log.trimming.trim(8);
    await follower.test.open();
    follower.up();
    await level(world, leader, follower);
    assert.match(follower.link.status.lastResync?.message ?? '', /the commands after offset 5, the log holds 9 to 10/);
    assert.equal(await follower.store.lostWrites.count(), 0);
  });

  it('resumes at exactly the offset after which the log begins', async () => {
    const { leader, follower } = await world.pair({ writes: 5 });
    await follower.down();
    await leader.write(5, 'missed');
    await (await leader.store.snapshots.at()).release();
    await leader.store.data.log.trimming.trim(5);
    await follower.test.open();
    follower.up();
    await level(world, leader, follower);
    assert.deepEqual(follower.link.resyncs, { full: 0, partial: 1 });
  });

  it('that only one of many was trimmed away from costs the others nothing', async () => {
    const leader = await world.node('L');
    const [near, far] = [await world.node('N', { follows: 'L' }), await world.node('F', { follows: 'L' })];
    await leader.write(5);
    await level(world, leader, near, far);
    await far.down();
    await leader.write(5, 'missed');
    await level(world, leader, near);
    await (await leader.store.snapshots.at()).release();
    await forgotten(world, leader, far);
    await world.until('the rest is trimmed', async () => (await leader.store.data.log.trimming.trim(10)) === 10);
    await leader.write(1, 'after');
    await far.test.open();
    far.up();
    await level(world, leader, near, far);
    assert.equal(near.link.resyncs.full, 0);
    assert.equal(far.link.resyncs.full, 1);
  });
});
