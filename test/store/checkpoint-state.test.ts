/** The moves of a checkpointer, held against the picture at the head of checkpoint-state.ts. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { type CheckpointState, nextState } from '../../src/store/checkpoint-state.js';

const why = new HeadwaterError('io_error', 'the disk cannot be read');

const STATES: readonly CheckpointState[] = [
  { name: 'ready' },
  { name: 'flushing', offset: 1, sinceMs: 0, step: 'is being written', share: 0 },
  { name: 'no_room', why },
  { name: 'unreadable', why },
  { name: 'failed', why },
  { name: 'closed', why, failure: undefined },
];

describe('the state of a checkpointer', () => {
  for (const [from, next] of [
    ['ready', 'flushing no_room unreadable failed closed'],
    ['flushing', 'ready flushing unreadable failed closed'],
    ['no_room', 'ready flushing no_room unreadable failed closed'],
    ['unreadable', 'ready closed'],
    ['failed', 'closed'],
    ['closed', 'closed'],
  ] as const) {
    it(`goes from ${from} to ${next.replaceAll(' ', ', ')}, and nowhere else`, () => {
      const state = STATES.find(({ name }) => name === from) as CheckpointState;
      for (const to of STATES) {
        if (next.split(' ').includes(to.name)) assert.equal(nextState(state, to), to);
        else assert.throws(() => nextState(state, to), new RegExp(`does not go from ${from} to ${to.name}`));
      }
    });
  }
});
