/**
 * The states of a checkpointer, and the moves between them:
 *
 *   ready      → flushing → ready
 *              → no_room → ready (the disk has room again)
 *   flushing   → unreadable → ready (the next try)
 *   any        → failed (the generation has to be reopened) | closed
 */
import type { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';

export type CheckpointState =
  | { readonly name: 'ready' }
  /** A layer is being written out, since a time by the monotonic clock. A share of 0 to 1 of it is on disk. */
  | {
      readonly name: 'flushing';
      readonly offset: number;
      readonly sinceMs: number;
      readonly step: string;
      readonly share: number;
    }
  /** The disk has no room for the oldest layer. */
  | { readonly name: 'no_room'; readonly why: HeadwaterError }
  /** The disk cannot be read, so the oldest layer could not be written out. No flush begins before the next try. */
  | { readonly name: 'unreadable'; readonly why: HeadwaterError }
  /** Nothing is written out any more. */
  | { readonly name: 'failed'; readonly why: Error }
  /** `failure` is the reason of the state `failed`, if that came before. */
  | { readonly name: 'closed'; readonly why: HeadwaterError; readonly failure: Error | undefined };

type Name = CheckpointState['name'];

const NEXT: Readonly<Record<Name, readonly Name[]>> = {
  ready: ['flushing', 'no_room', 'unreadable', 'failed', 'closed'],
  flushing: ['flushing', 'ready', 'unreadable', 'failed', 'closed'],
  no_room: ['no_room', 'flushing', 'ready', 'unreadable', 'failed', 'closed'],
  unreadable: ['ready', 'closed'],
  failed: ['closed'],
  closed: ['closed'],
};

/** @throws InvariantViolation if the table has no such move. */
export function nextState(state: CheckpointState, next: CheckpointState): CheckpointState {
  invariant(NEXT[state.name].includes(next.name), `a checkpointer does not go from ${state.name} to ${next.name}`);
  return next;
}
