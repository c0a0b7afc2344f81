/** A state that lasts is said once, again when it changes, and once an hour. */
import assert from 'node:assert/strict';
import { RepeatedState } from '../src/repeated.js';
import { TestClock } from './support/clock.js';

describe('a state that is repeated', () => {
  it('is said once, whatever numbers are in it, and again when it is another one', () => {
    const state = new RepeatedState(new TestClock());
    assert.equal(state.meets('refused at 10:31, offset 7'), 1);
    assert.equal(state.meets('refused at 10:32, offset 9'), undefined);
    assert.equal(state.meets('unreachable'), 1);
    assert.equal(state.meets('refused at 10:33, offset 9'), 1);
  });

  it('is said once an hour with how often it was met, and at once when it comes back', async () => {
    const clock = new TestClock();
    const state = new RepeatedState(clock);
    const said: number[] = [];
    for (let i = 0; i < 3_600; i++) {
      const times = state.meets('down');
      if (times !== undefined) said.push(times);
      void clock.advance(2_000);
    }
    assert.deepEqual(said, [1, 1_800]);
    state.ends();
    assert.equal(state.meets('down'), 1);
  });
});
