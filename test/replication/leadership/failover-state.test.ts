/** The stages of a hand-over at its giver: the table of moves, and the call that waits for the outcome. */
import assert from 'node:assert/strict';
import { InvariantViolation } from '../../../src/base/invariant.js';
import {
  type Attempt,
  type FailoverStage,
  FailoverState,
  type FailoverStateName,
} from '../../../src/replication/leadership/failover-state.js';

const attempt: Attempt = { abort: new AbortController(), settle: () => {} };
const STAGES: Readonly<Record<FailoverStateName, FailoverStage>> = {
  none: { name: 'none' },
  pausing: { name: 'pausing', attempt },
  stepped_down: { name: 'stepped_down', attempt },
  asking: { name: 'asking', attempt },
};

function walk(...way: readonly FailoverStateName[]): FailoverState {
  const state = new FailoverState();
  for (const name of way) state.to(STAGES[name]);
  return state;
}

describe('the state of a hand-over', () => {
  it('goes through every stage, and may end in each', () => {
    assert.equal(walk('pausing', 'stepped_down', 'asking', 'none').name, 'none');
    for (const way of [[], ['pausing'], ['pausing', 'stepped_down'], ['asking']] as const) {
      const state = walk(...way);
      state.end();
      assert.equal(state.name, 'none');
    }
  });

  for (const [way, wrong] of [
    [[], 'stepped_down'],
    [['pausing'], 'pausing'],
    [['pausing'], 'asking'],
    [['asking'], 'stepped_down'],
    [['asking'], 'pausing'],
  ] as ReadonlyArray<[FailoverStateName[], FailoverStateName]>)
    it(`never goes from ${way.at(-1) ?? 'none'} to ${wrong}`, () => {
      const state = walk(...way);
      assert.throws(() => state.to(STAGES[wrong]), InvariantViolation);
    });

  it('continues without its caller once it cannot be given up', () => {
    for (const way of [['pausing', 'stepped_down'], ['asking']] as const) {
      const state = walk(...way);
      assert.equal(state.attempt, attempt);
      state.leave(attempt);
      assert.deepEqual([state.name, state.attempt], [way.at(-1), undefined]);
    }
  });

  it('is over if its caller leaves before', () => {
    const state = walk('pausing');
    state.leave(attempt);
    assert.equal(state.name, 'none');
  });

  it('stays with the next caller if one whose attempt is over leaves late', () => {
    const state = walk('pausing');
    state.end();
    const next: Attempt = { abort: new AbortController(), settle: () => {} };
    state.to({ name: 'pausing', attempt: next });
    state.leave(attempt);
    assert.deepEqual([state.name, state.attempt], ['pausing', next]);
  });
});
