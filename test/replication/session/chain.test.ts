/**
 * Nodes follow each other in a chain, and one in the middle gets new data or lags.
 * The nodes below must have the same log as the leader, at every depth.
 */
import assert from 'node:assert/strict';
import type { InterludeReader, PlacedInterlude } from '../../../src/log/interludes.js';
import { NO_ORDERS } from '../../../src/replication/upstream/link.js';
import { key } from '../../support/store.js';
import { level, type World, worldForEachTest } from '../../support/world.js';

describe('a replication session down a chain', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('brings the same log to every depth, and each node answers for the next', async () => {
    const [leader, middle, end] = await world.chain(['L', 'M', 'E'], { writes: 3 });
    await leader.write(5, 'more');
    await level(world, leader, middle, end);
    assert.deepEqual(end.link.reports.path, [leader.store.identity.nodeId, middle.store.identity.nodeId]);
    await leader.restart();
    await leader.write(5, 'restarted');
    await level(world, leader, middle, end);
    assert.deepEqual([middle.link.resyncs.full, end.link.resyncs.full <= 1], [1, true]);
    assert.deepEqual(end.store.data.log.history.lineage.rows, leader.store.data.log.history.lineage.rows);
  });

  it('says what is said between two blocks at the same place on every node', async () => {
    const [leader, middle, end] = await world.chain(['L', 'M', 'E'], { writes: 1 });
    const readers = new Map([leader, middle, end].map((node) => [node, node.store.data.log.interludes.reader()]));
    const expected: Array<[number, string]> = [];
    for (let i = 0; i < 30; i++) {
      if (i % 3 > 0) await leader.test.set(`k${i}`, 'v');
      const markId = `mark ${i}`;
      leader.store.data.log.interludes.add({ kind: 'mark', markId });
      const message = { channel: key('news'), data: key(`message ${i}`) };
      leader.store.data.log.interludes.add({ kind: 'message', ...message });
      expected.push([leader.offset, markId], [leader.offset, `message ${i}`]);
    }
    for (const node of [leader, middle, end]) {
      const reader = readers.get(node) as InterludeReader;
      const said: PlacedInterlude[] = [];
      await world.until('everything has been said', () => {
        said.push(...reader.take(node.offset).placed);
        return said.length >= expected.length;
      });
      assert.deepEqual(
        said.map(({ offset, interlude }) => [
          offset,
          interlude.kind === 'mark' ? interlude.markId : interlude.kind === 'message' && interlude.data.toString(),
        ]),
        expected,
      );
    }
    await level(world, leader, middle, end);
  });

  it('ends the sessions below a node whose data were replaced, and all catch up again', async () => {
    const [leader, middle, end] = await world.chain(['L', 'M', 'E'], { writes: 3 });
    await middle.restart({ role: 'leader', upstream: '' });
    await middle.write(2, 'own');
    await world.until('the end has them', () => end.offset === middle.offset);
    await leader.leadOn();
    await leader.write(1, 'kept');
    await middle.follow('L');
    await level(world, leader, middle, end);
    assert.equal(await middle.store.lostWrites.count(), 2);
    assert.equal(await end.store.lostWrites.count(), 2);
  });

  it('waits if it asks for more than its upstream has reached', async () => {
    const [leader, slow, fast] = await world.star(['L', 'S', 'F'], { writes: 3 });
    await slow.link.stop();
    await leader.write(4, 'ahead');
    await level(world, leader, fast);
    await fast.follow('S');
    await world.until('it waits', () => fast.link.status.state === 'waiting');
    assert.equal(slow.followers.status[0]?.state, 'waiting');
    assert.equal(fast.offset, 7);
    slow.link.start('L', NO_ORDERS);
    await level(world, leader, slow, fast);
    assert.equal(fast.link.resyncs.full, 1, 'the one that it began with');
  });
});
