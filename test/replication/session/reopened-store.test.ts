/**
 * The store of a leader or of its follower fails and opens again, or its log loses a
 * tail. The session must continue, or be refused until a person decides.
 */
import assert from 'node:assert/strict';
import { blockKey } from '../../../src/log/rows.js';
import { level, type World, worldForEachTest } from '../../support/world.js';

describe('a replication session', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('continues over a store that had to open again, at either end', async () => {
    const { leader, follower } = await world.pair({ writes: 3 });
    for (const node of [follower, leader]) {
      node.test.disk.fault = ({ kind, location }) => {
        if (kind !== 'put' || !location.endsWith('/log')) return;
        node.test.disk.fault = undefined;
        throw new Error('EIO');
      };
      await leader.test.set('x', node.address).catch(() => {});
      await world.until(
        'it serves',
        () => node.test.disk.fault === undefined && leader.store.data.isServing && follower.store.data.isServing,
      );
      await leader.write(2, node.address);
      await level(world, leader, follower);
    }
    assert.equal(follower.link.resyncs.full, 1);
    assert.equal(await follower.store.lostWrites.count(), 0);
  });

  it('is not begun by a leader that lost a tail of its log, until it is ordered to follow', async () => {
    const { leader, follower } = await world.pair({ writes: 5 });
    await leader.test.loseTail(5);
    await world.until('it is open again', () => leader.store.data.incomplete !== undefined);
    await world.until('it is said', () => /neither serves nor leads/.test(follower.link.status.error));
    assert.equal(await follower.test.get('k4'), 'k at L', 'the follower serves what it has');
    assert.equal(await follower.store.lostWrites.count(), 0);
    await follower.restart({ role: 'leader', upstream: '' });
    await follower.write(2, 'led on');
    await leader.follow('F');
    await level(world, follower, leader);
    assert.equal(leader.link.status.lastResync?.reason, 'KEYSPACE_INCOMPLETE');
    assert.match(leader.link.status.lastResync?.message ?? '', /ends at offset 4, .* at 5;/);
    assert(leader.store.data.isServing);
  });

  it('is refused if the follower lost a tail, until a person accepts the loss', async () => {
    const { leader, follower: former } = await world.pair({ writes: 3, prefix: 'common' });
    await former.restart({ role: 'leader', upstream: '' });
    await former.write(4, 'own');
    await former.down();
    const log = former.test.disk.raw(former.test.location('log', 2));
    for (const offset of [4, 5, 6, 7]) await log.del(blockKey(offset));
    await leader.leadOn();
    await leader.write(9, 'longer');
    await former.test.open({ role: 'follower', upstream: 'L' });
    former.up();
    await world.until('it is refused', () => /TAIL_NOT_IN_LOG/.test(former.link.status.error));
    assert.match(former.link.status.error, /up to offset 7.* lacks those after 3.* at 12\. .*holds nothing/);
    assert.equal(former.store.data.incomplete?.code, 'keyspace_incomplete');
    await former.follow('L', { acceptDataLoss: true });
    await level(world, leader, former);
    assert.match(former.link.status.lastResync?.reason ?? '', /DATA_LOSS_ACCEPTED/);
  });

  it('gets a full resync if the follower lost a tail of its log that its keyspace has', async () => {
    const { leader, follower } = await world.pair({ writes: 5 });
    await leader.write(3, 'more');
    await level(world, leader, follower);
    await follower.down();
    await follower.test.disk.raw(follower.test.location('log', 2)).del(blockKey(8));
    await follower.test.open();
    assert.equal(follower.store.data.incomplete?.code, 'keyspace_incomplete');
    follower.up();
    await level(world, leader, follower);
    assert.match(follower.link.status.lastResync?.reason ?? '', /KEYSPACE_INCOMPLETE/);
    assert.equal(follower.store.data.incomplete, undefined);
  });
});
