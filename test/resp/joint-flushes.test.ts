/** The replies of many connections leave behind the work of all, and not all memory is used for them. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FLUSHED_TOGETHER_BYTES, FLUSHED_TOGETHER_MAX } from '../../src/base/limits.js';
import { JointFlushes } from '../../src/resp/session/joint-flushes.js';

describe('replies of Redis clients that leave together', () => {
  const sent: string[] = [];
  const flushes = new JointFlushes();

  function connection(name: string, bytes = 5) {
    const flush = () => {
      sent.push(name);
      return true;
    };
    return { out: { bytes }, flush };
  }

  beforeEach(() => {
    sent.length = 0;
  });

  it('leave in order at the end of the turn, not before', async () => {
    flushes.add(connection('first'));
    flushes.add(connection('second'));
    assert.deepEqual(sent, []);
    await nextTurn();
    assert.deepEqual(sent, ['first', 'second']);
    flushes.add(connection('third'));
    await nextTurn();
    assert.deepEqual(sent, ['first', 'second', 'third']);
  });

  it('leave at once if they are many bytes', () => {
    flushes.add(connection('small'));
    flushes.add(connection('large', FLUSHED_TOGETHER_BYTES));
    assert.deepEqual(sent, ['small', 'large']);
  });

  it('leave at once if they are for many connections, and later ones at the end of the turn', async () => {
    for (let i = 0; i < FLUSHED_TOGETHER_MAX; i++) flushes.add(connection(`${i}`));
    assert.equal(sent.length, FLUSHED_TOGETHER_MAX);
    flushes.add(connection('later'));
    assert.equal(sent.length, FLUSHED_TOGETHER_MAX);
    await nextTurn();
    assert.equal(sent.at(-1), 'later');
  });
});
