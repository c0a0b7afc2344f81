/** The stages of a store: the moves between them, and the names that a store shows. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { InvariantViolation } from '../../src/base/invariant.js';
import { REOPEN_MS_MAX } from '../../src/base/limits.js';
import { blockKey } from '../../src/log/rows.js';
import type { Generation } from '../../src/store/generation.js';
import { type StageName, Stages } from '../../src/store/stages.js';
import { flipped } from '../log/blocks.js';
import { until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { hold, isAppend, TestStore } from '../support/store.js';

const REASON = new HeadwaterError('unavailable', 'a reason');
const WHOLE = { incomplete: undefined } as Generation;
const AHEAD = { incomplete: new HeadwaterError('keyspace_incomplete', 'ahead') } as Generation;

describe('the stages of a store', () => {
  it('follow the table: a store that has closed does not open again', () => {
    const stages = new Stages();
    stages.open(WHOLE, { asks: false });
    stages.leave('closing', REASON);
    stages.leave('closed', REASON);
    assert.throws(() => stages.open(WHOLE, { asks: false }), InvariantViolation);
    assert.throws(() => stages.leave('reopening', REASON), InvariantViolation);
  });

  it('are never left for a place that the table does not name', () => {
    const stages = new Stages();
    assert.throws(() => stages.leave('stuck', REASON), InvariantViolation);
    stages.open(WHOLE, { asks: false });
    assert.throws(() => stages.leave('closed', REASON), InvariantViolation);
    assert.throws(() => stages.open(AHEAD, { asks: true }), InvariantViolation);
    assert.equal(stages.current.name, 'serving');
  });

  it('keep a generation while it is open', () => {
    const stages = new Stages();
    stages.open(WHOLE, { asks: false });
    assert.throws(() => stages.drop(), InvariantViolation);
    stages.leave('reopening', REASON);
    assert.equal(stages.current.generation, WHOLE);
    stages.drop();
    assert.equal(stages.current.generation, undefined);
  });

  it('remember over a failure that the leader asks, until it does not any more', () => {
    const stages = new Stages();
    stages.open(WHOLE, { asks: true });
    stages.leave('reopening', REASON);
    assert.equal(stages.asking, true);
    stages.leave('stuck', REASON);
    stages.open(AHEAD, { asks: stages.asking });
    assert.equal(stages.current.name, 'asking');
    stages.stopAsking();
    assert.equal(stages.current.name, 'incomplete');
    assert.equal(stages.asking, false);
  });

  it('have one listener, which is called after each move', () => {
    const stages = new Stages();
    const seen: StageName[] = [];
    stages.onMove(() => seen.push(stages.current.name));
    stages.open(WHOLE, { asks: false });
    stages.leave('replacing', REASON);
    stages.open(WHOLE, { asks: false });
    assert.deepEqual(seen, ['serving', 'replacing', 'serving']);
  });
});

describe('the stage that a store shows', () => {
  afterEach(removeTemporaryDirectories);

  it('is serving while it serves, and closed at the end', async () => {
    const { store } = await TestStore.open();
    assert.equal(store.data.stage, 'serving');
    await store.close();
    assert.equal(store.data.stage, 'closed');
  });

  it('is reopening after a failed write, and stuck while the store cannot be opened', async () => {
    const test = await TestStore.open();
    await test.set('a');
    test.disk.fault = async (operation) => {
      if (isAppend(operation)) throw new Error('EIO');
      if (operation.kind === 'open') throw new Error('EIO again');
    };
    const failed = test.set('b');
    await assert.rejects(failed, { code: 'outcome_unknown' });
    assert.equal(test.store.data.stage, 'reopening');
    await until('it is stuck', () => test.store.data.stage === 'stuck');
    test.disk.fault = undefined;
    await test.clock.advance(REOPEN_MS_MAX);
    await until('it serves again', () => test.store.data.stage === 'serving');
    await test.store.close();
  });

  it('is asking after a lost end of the log, even if the opening that found the loss has failed', async () => {
    const budget = { overlayBytesMax: 2 ** 20, replayBytesMax: 500 };
    const test = await TestStore.open({ budget });
    const follower = { nodeId: 'f'.repeat(32), address: 'F:1', appendedOffset: 2, replicationId: '' };
    await test.store.followers.note([{ ...follower, lastSeenMs: 0, keepsPlace: false, connected: true }]);
    let asked = 0;
    test.store.roles.onAsking(() => asked++);
    const flush = hold(test.disk, ({ kind, location }) => kind === 'put' && location.endsWith('/keyspace'));
    await test.set('a', 'v'.repeat(1_000));
    await test.set('b');
    await until('the checkpoint begins', flush.held);
    test.disk.fault = async ({ kind, location }) => {
      if (kind === 'put' && location.endsWith('/keyspace')) throw new Error('EIO again');
      if (kind !== 'open' || !location.endsWith('/log')) return;
      const log = test.disk.raw(location);
      const last = await log.get(blockKey(2));
      if (last) await log.put(blockKey(2), flipped(last, 55 * 8));
    };
    flush.release(new Error('EIO'));
    await until('it is stuck', () => test.store.data.stage === 'stuck');
    test.disk.fault = undefined;
    await test.clock.advance(REOPEN_MS_MAX);
    await until('it is open', () => test.store.data.isServing);
    assert.equal(test.store.data.stage, 'asking');
    assert.equal(asked, 1);
    await test.store.close();
  });

  it('is incomplete if the log has lost its end', async () => {
    const test = await TestStore.open();
    await test.set('a');
    await test.set('b');
    await test.loseTail(test.store.data.position.offset);
    await until('it is open', () => test.store.data.stage === 'incomplete');
    await test.store.close();
  });
});
