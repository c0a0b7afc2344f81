/** The stages of a store: the moves between them, and the names that a store shows. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { InvariantViolation } from '../../src/base/invariant.js';
import { REOPEN_MS_MAX } from '../../src/base/limits.js';
import type { Generation } from '../../src/store/generation.js';
import { type StageName, Stages } from '../../src/store/stages.js';
import { until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { isAppend, TestStore } from '../support/store.js';

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

  it('is incomplete if the log has lost its end', async () => {
    const test = await TestStore.open();
    await test.set('a');
    await test.set('b');
    await test.loseTail(test.store.data.position.offset);
    await until('it is open', () => test.store.data.stage === 'incomplete');
    await test.store.close();
  });
});
