/** The states of a feed: the table of moves, and the parts that belong to a state. */
import assert from 'node:assert/strict';
import { InvariantViolation } from '../../../src/base/invariant.js';
import { type FeedStage, FeedState, type FeedStateName } from '../../../src/replication/downstream/feed-state.js';
import type { Outflow } from '../../../src/replication/downstream/outflow.js';

const outflow = {} as Outflow;
const STAGES: Readonly<Record<FeedStateName, FeedStage>> = {
  handshake: { name: 'handshake' },
  waiting: { name: 'waiting' },
  snapshot: { name: 'snapshot', outflow: undefined },
  streaming: { name: 'streaming', outflow },
  catching_up: { name: 'catching_up', outflow },
  ended: { name: 'ended' },
};
const WAYS: ReadonlyArray<readonly FeedStateName[]> = [
  ['waiting', 'waiting', 'streaming', 'ended'],
  ['waiting', 'snapshot', 'snapshot', 'streaming', 'ended'],
  ['streaming', 'ended'],
  ['catching_up', 'ended'],
  ['snapshot', 'ended'],
  ['ended'],
];

function walk(way: readonly FeedStateName[]): FeedState {
  const state = new FeedState();
  for (const name of way) state.to(STAGES[name]);
  return state;
}

describe('the state of a feed', () => {
  for (const way of WAYS)
    it(`goes from a handshake to ${way.join(', ')}`, () => assert.equal(walk(way).name, way.at(-1)));

  for (const [way, wrong] of [
    [['streaming'], 'waiting'],
    [['streaming'], 'snapshot'],
    [['catching_up'], 'streaming'],
    [['snapshot'], 'waiting'],
    [['ended'], 'streaming'],
    [['ended'], 'ended'],
  ] as const)
    it(`never goes from ${way.at(-1)} to ${wrong}`, () => {
      const state = walk(way);
      assert.throws(() => state.to(STAGES[wrong]), InvariantViolation);
      assert.equal(state.name, way.at(-1));
    });

  it('has an outflow only while the log is sent', () => {
    assert.equal(walk(['snapshot']).outflow, undefined);
    assert.equal(walk(['snapshot', 'streaming']).outflow, outflow);
    assert.equal(walk(['streaming', 'ended']).outflow, undefined);
  });

  it('is undecided until the log is sent, or a snapshot', () => {
    assert.deepEqual([walk([]).isUndecided, walk(['waiting']).isUndecided], [true, true]);
    assert.deepEqual([walk(['snapshot']).isUndecided, walk(['streaming']).isUndecided], [false, false]);
  });
});
