/** Waits that end together. */
import assert from 'node:assert/strict';
import { firstOf, unlessAborted } from '../../src/base/abort.js';

const forever = new Promise<never>(() => {});

describe('the first of several waits', () => {
  it('settles the whole, and ends the others', async () => {
    let others: AbortSignal | undefined;
    const first = await firstOf(new AbortController().signal, (over) => {
      others = over;
      return [unlessAborted(forever, over), Promise.resolve('first')];
    });
    assert.equal(first, 'first');
    assert.equal(others?.aborted, true);
  });

  it('fails the whole if it fails, and ends the others', async () => {
    let others: AbortSignal | undefined;
    const failed = firstOf(new AbortController().signal, (over) => {
      others = over;
      return [unlessAborted(forever, over), Promise.reject(new Error('first'))];
    });
    await assert.rejects(failed, { message: 'first' });
    assert.equal(others?.aborted, true);
  });

  it('gets the reason of the signal', async () => {
    const asked = new AbortController();
    const ended = firstOf(asked.signal, (over) => [unlessAborted(forever, over)]);
    asked.abort(new Error('enough'));
    await assert.rejects(ended, { message: 'enough' });
  });
});
