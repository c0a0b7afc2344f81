/** Freezing the keyspace at one offset exactly, which is what nodes are compared by. */
import assert from 'node:assert/strict';
import { until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { hold, TestStore } from '../support/store.js';

describe('a mark', () => {
  let test: TestStore;

  beforeEach(async () => {
    test = await TestStore.open();
  });

  afterEach(async () => {
    await test.store.close();
    assert.deepEqual(test.fatal, []);
    await removeTemporaryDirectories();
  });

  it('freezes the keyspace at its offset, though a checkpoint runs and writes continue', async () => {
    await test.set('before');
    const flush = hold(test.disk, ({ kind, location }) => kind === 'batch' && location.endsWith('/keyspace'));
    const earlier = test.store.snapshots.at();
    await until('a checkpoint is in hand', flush.held);
    await test.set('at the mark');
    const reader = test.store.data.log.interludes.reader();
    const frozen = test.store.writes.mark('m');
    await test.set('after');
    flush.release();
    const snapshots = await Promise.all([earlier, frozen]);
    assert.deepEqual(
      snapshots.map(({ position }) => position.offset),
      [1, 2],
    );
    const { keys } = await snapshots[1].digest();
    assert.equal(keys, 2);
    for (const snapshot of snapshots) await snapshot.release();
    assert.equal(test.store.data.position.offset, 3);
    assert.deepEqual(
      reader.take(3).placed.map(({ offset, interlude }) => ({ offset, interlude })),
      [{ offset: 2, interlude: { kind: 'mark', markId: 'm' } }],
    );
  });

  it('is refused by a follower, and by no other node', async () => {
    await test.store.roles.follow('127.0.0.1:1');
    const reader = test.store.data.log.interludes.reader();
    await assert.rejects(test.store.writes.mark('m'), { code: 'read_only_follower' });
    assert.equal(reader.isBehind, false);
  });
});
