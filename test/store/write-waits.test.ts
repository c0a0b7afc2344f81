/** A node says when its writes wait for the disk, and why: in the log once, and in what status shows. */
import assert from 'node:assert/strict';
import { WRITE_WAIT_MS_MIN, WRITE_WAIT_OVER_MS } from '../../src/base/limits.js';
import { until } from '../support/clock.js';
import { type DiskOperation, removeTemporaryDirectories } from '../support/database.js';
import { hold, isAppend, set, TestStore } from '../support/store.js';

const isChunk = ({ location, kind }: DiskOperation) => location.endsWith('/keyspace') && kind === 'batch';
const isRead = ({ location, kind }: DiskOperation) => location.endsWith('/keyspace') && kind === 'read';

afterEach(removeTemporaryDirectories);

describe('a write that waits for the disk', () => {
  it('is no news while it is short', async () => {
    const test = await TestStore.open();
    const gate = hold(test.disk, isAppend);
    const writing = test.set('a');
    await until('it is on its way', gate.held);
    await test.clock.advance(WRITE_WAIT_MS_MIN - 10);
    assert.equal(test.store.writes.waits.message, '');
    assert.equal(test.store.writes.waits.currentMs, WRITE_WAIT_MS_MIN - 10);
    gate.release();
    await writing;
    await test.clock.advance(2 * WRITE_WAIT_MS_MIN);
    assert.deepEqual(
      [test.store.writes.waits.currentMs, test.store.writes.waits.longestMs],
      [0, WRITE_WAIT_MS_MIN - 10],
    );
    assert.equal(test.logger.said(/disk/), 0);
    await test.store.close();
  });

  it('is said once with its reason, and so is its end', async () => {
    const test = await TestStore.open();
    const gate = hold(test.disk, isAppend);
    const writing = test.set('a');
    await until('it is on its way', gate.held);
    await test.clock.advance(3_500);
    assert.match(
      test.store.writes.waits.message,
      /^writes have waited 3\.5 s for the disk: appending a block to the log takes long/,
    );
    gate.release();
    await writing;
    for (let i = 0; i < 3; i++) {
      const again = hold(test.disk, isAppend);
      const next = test.set('a');
      await until('it is on its way', again.held);
      await test.clock.advance(2_000);
      again.release();
      await next;
    }
    assert.match(test.store.writes.waits.message, /waited 2\.0 s/, 'it was a moment ago');
    assert.equal(test.logger.said(/writes have waited .* the log takes long/, 'warn'), 1);
    await test.clock.advance(WRITE_WAIT_OVER_MS + 2 * WRITE_WAIT_MS_MIN);
    assert.equal(test.store.writes.waits.message, '');
    assert.equal(test.store.writes.waits.longestMs, 3_500);
    assert.equal(test.logger.said(/no longer wait/, 'info'), 1);
    await test.clock.advance(60_000);
    assert.equal(test.logger.said(/no longer wait/), 1);
    await test.store.close();
  });

  it('names the checkpoint that has to make room in memory', async () => {
    const test = await TestStore.open({ budget: { overlayBytesMax: 2 ** 20, replayBytesMax: 1e9 } });
    const gate = hold(test.disk, isChunk);
    const value = Buffer.alloc(2 ** 20);
    await test.set('a', value);
    await until('the checkpoint is being written', gate.held);
    await test.set('b', value);
    const waiting = test.set('c', value);
    await until('it waits', () => test.store.writes.waits.message !== '', { clock: test.clock, stepMs: 100 });
    assert.match(
      test.store.writes.waits.message,
      /2 MiB of writes are in memory, and writes wait until a checkpoint has freed some; the checkpoint at offset 1 began \d\.\d s ago and is being written to the keyspace/,
    );
    gate.release();
    await waiting;
    await test.store.close();
  });

  it('names the keys that it has to read', async () => {
    const test = await TestStore.open();
    await test.set('a');
    await (await test.store.snapshots.at()).release();
    const gate = hold(test.disk, isRead);
    const writing = test.submit({ kind: 'increment', key: Buffer.from('n'), by: 1n }, set('b'));
    await until('it is on its way', gate.held);
    await test.clock.advance(1_500);
    assert.match(test.store.writes.waits.message, /reading the keys of a block from the keyspace takes long/);
    gate.release();
    await writing;
    await test.store.close();
  });
});
