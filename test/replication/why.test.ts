/**
 * A leader and a follower resync for every reason there is. Both must report the
 * reason, both sides' values and how often it happened.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { BASE_KEY, blockKey, encodeBase } from '../../src/log/rows.js';
import { START_MS } from '../support/clock.js';
import { level, type World, worldForEachTest } from '../support/world.js';

describe('a resync', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('has a reason with both sides’ values, and is counted by it on both sides', async () => {
    const { leader, follower } = await world.pair({ writes: 5 });
    await follower.down();
    await leader.write(3, 'more');
    await follower.test.open();
    follower.up();
    await level(world, leader, follower);
    const { lastResync } = follower.link.status;
    assert.deepEqual([lastResync?.kind, lastResync?.reason], ['partial', 'SAME_HISTORY']);
    assert.match(lastResync?.message ?? '', /the commands after offset 5, up to 8/);
    assert.deepEqual(
      [lastResync?.details.follower_offset, lastResync?.details.upstream_offset, lastResync?.details.branch_offset],
      ['5', '8', '5'],
    );
    assert((lastResync?.timeMs ?? 0) >= START_MS);
    assert.deepEqual(follower.link.reasons.counts, [{ kind: 'partial', reason: 'SAME_HISTORY', count: 1 }]);
    assert.deepEqual(leader.followers.reasons.counts, [
      { kind: 'full', reason: 'EMPTY_FOLLOWER', count: 1 },
      { kind: 'partial', reason: 'SAME_HISTORY', count: 1 },
    ]);
  });

  it('is refused by the node itself if it would wipe it, and its upstream did not see that', async () => {
    const leader = await world.node('L');
    const stranger = await world.node('S');
    await leader.write(2);
    await stranger.write(3);
    world.network.onLine = (line) => {
      const send = line.up.send.bind(line.up);
      line.up.send = (frame) => send(frame.kind === 'handshake' ? { ...frame, acceptDataLoss: true } : frame);
    };
    await stranger.follow('L');
    await world.until('it has refused', () => /The two have no common history/.test(stranger.link.status.error));
    assert.equal(stranger.link.resyncs.full, 0);
    assert.deepEqual([stranger.offset, await stranger.test.get('k2')], [3, 'k at S']);
    await stranger.follow('L', { acceptDataLoss: true });
    await level(world, leader, stranger);
  });

  it('is reported likewise if it is refused', async () => {
    const leader = await world.node('L');
    const stranger = await world.node('S');
    await leader.write(2);
    await stranger.write(3);
    await stranger.follow('L');
    await world.until('it is refused', () => stranger.link.reasons.lastRefusal !== undefined);
    const ours = stranger.link.reasons.lastRefusal;
    const theirs = leader.followers.reasons.lastRefusal;
    assert.deepEqual([ours?.reason, theirs?.reason], ['OTHER_CLUSTER', 'OTHER_CLUSTER']);
    assert.deepEqual([ours?.address, theirs?.address, theirs?.nodeId], ['L', 'S', stranger.store.identity.nodeId]);
    assert.deepEqual(ours?.details, theirs?.details);
    assert.equal(ours?.details.follower_cluster_id, stranger.store.identity.clusterId);
    assert.equal(ours?.details.upstream_cluster_id, leader.store.identity.clusterId);
    assert.equal(stranger.link.reasons.counts[0]?.kind, 'refused');
    assert.deepEqual(stranger.link.status.lastRefusal, ours);
  });

  it('never drops the log of a node whose keyspace has another past', async () => {
    const { leader, follower: former } = await world.pair({ writes: 3, prefix: 'common' });
    await former.restart({ role: 'leader', upstream: '' });
    await former.write(6, 'own');
    const at6 = await former.store.data.log.lookup.checksumAt(6);
    const replicationId = former.store.data.log.end.replicationId;
    await former.write(1, 'last');
    former.kill();
    // Its log begins after offset 6 now, its keyspace on disk is at 3.
    const log = former.test.disk.raw(former.test.location('log', 2));
    const base = { position: { replicationId, offset: 6, checksum: at6 as number }, timeMs: START_MS };
    await log.put(BASE_KEY, encodeBase(base));
    for (const offset of [4, 5, 6]) await log.del(blockKey(offset));
    await leader.leadOn();
    await former.test.open({ role: 'follower', upstream: 'L' });
    assert.equal(former.store.data.incomplete?.code, 'keyspace_incomplete');
    former.up();
    await world.until('it is refused', () => /TAIL_NOT_IN_LOG/.test(former.link.status.error));
    assert.match(former.link.status.error, /up to offset 10.* lacks those after 3.*it holds 7 to 10/);
    await former.follow('L', { acceptDataLoss: true });
    await level(world, leader, former);
    assert.equal(former.link.status.lastResync?.reason, 'DATA_LOSS_ACCEPTED');
    assert.deepEqual(await readdir(`${former.test.directory}/lost-writes`), [`${replicationId}-7-10.blocks`]);
  });
});
