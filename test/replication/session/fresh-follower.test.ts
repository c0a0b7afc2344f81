/**
 * A fresh follower F joins a leader L. It must begin with one full resync, or with
 * the log of an empty leader, and then stream.
 */
import assert from 'node:assert/strict';
import { SNAPSHOT_SHARE_MS } from '../../../src/base/limits.js';
import { key, set } from '../../support/store.js';
import { level, type World, worldForEachTest } from '../../support/world.js';

describe('a replication session of a fresh follower', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('begins with a full resync, once, and continues with the log', async () => {
    const { leader, follower } = await world.pair({ writes: 5 });
    await leader.write(5, 'more');
    await level(world, leader, follower);
    assert.deepEqual(
      [follower.link.resyncs, leader.followers.served],
      [
        { full: 1, partial: 0 },
        { full: 1, partial: 0 },
      ],
    );
    assert.match(follower.link.status.lastResync?.reason ?? '', /EMPTY_FOLLOWER/);
    assert.equal(await follower.store.lostWrites.count(), 0);
    assert.equal(world.network.lines.length, 1);
  });

  it('is known by its source address if it listens everywhere', async () => {
    const leader = await world.node('L');
    await leader.write(1);
    world.network.onLine = (line) => Object.assign(line.down, { peerAddress: '10.0.0.9:51234' });
    const follower = await world.node('0.0.0.0:7420', { follows: 'L' });
    await level(world, leader, follower);
    assert.equal(leader.followers.status[0]?.address, '10.0.0.9:7420');
    await world.until('it is remembered', () => leader.store.followers.all[0]?.address === '10.0.0.9:7420');
  });

  it('holds on to no snapshot once it streams, and to no more of the log than it has to send', async () => {
    const { leader, follower } = await world.pair({ writes: 5 });
    // For so long it is kept for others who join.
    await world.clock.advance(SNAPSHOT_SHARE_MS);
    const snapshot = await leader.store.snapshots.at();
    await snapshot.release();
    assert(snapshot.closed, 'nobody else has it');
    assert.equal(await leader.store.data.log.trimming.trim(5), 5);
    world.network.last.cut();
    await leader.write(5, 'more');
    await level(world, leader, follower);
    await (await leader.store.snapshots.at()).release();
    // It is remembered every few seconds how far it is.
    await world.until('all of it may go', async () => (await leader.store.data.log.trimming.trim(10)) === 10);
  });

  it('knows the time of its data before the next block, and does not go back if it leads', async () => {
    const { leader, follower } = await world.pair({ writes: 1 });
    await follower.restart();
    assert.equal(follower.store.data.log.base.offset, 1);
    assert.ok(follower.store.data.endTimeMs >= leader.store.data.endTimeMs);
  });

  it('begins at the first block of an empty leader, without a snapshot', async () => {
    const { leader, follower } = await world.pair();
    await leader.write(3);
    await level(world, leader, follower);
    assert.deepEqual(follower.link.resyncs, { full: 0, partial: 1 });
    assert.deepEqual(follower.store.data.log.history.lineage.rows, leader.store.data.log.history.lineage.rows);
  });

  it('takes on the cluster of its upstream if it led an empty store before', async () => {
    const leader = await world.node('L');
    await leader.write(3);
    const follower = await world.node('F');
    assert.notEqual(follower.store.identity.clusterId, leader.store.identity.clusterId);
    await follower.follow('L');
    await level(world, leader, follower);
  });

  it('takes keys of all bytes and values of no byte, and what expires', async () => {
    const leader = await world.node('L');
    await leader.test.submit(set('', ''), set('\x00\xff', Buffer.from([0, 255])), set('later', 'v', 3_600_000));
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    const [ttl] = await follower.test.submit({ kind: 'timeToLive', key: key('later') });
    assert(ttl?.kind === 'timeToLive' && (ttl.ttlMs ?? 0) > 3_500_000);
  });

  it('dials again until its upstream is there', async () => {
    const follower = await world.node('F', { follows: 'L' });
    await world.until(
      'it has tried',
      () => follower.test.logger.said(/link to upstream L is down: L cannot be reached/) > 0,
    );
    assert.deepEqual([follower.link.status.state, follower.link.status.error], ['connecting', 'L cannot be reached']);
    const leader = await world.node('L');
    await leader.write(2);
    await level(world, leader, follower);
    assert.equal(follower.link.status.error, '');
  });

  it('is one of three that come at once, under writes', async () => {
    const leader = await world.node('L');
    await leader.write(20);
    const followers = await Promise.all(['F1', 'F2', 'F3'].map((address) => world.node(address, { follows: 'L' })));
    await leader.write(30, 'meanwhile');
    await level(world, leader, ...followers);
    assert.equal(leader.followers.served.full, 3);
  });
});
