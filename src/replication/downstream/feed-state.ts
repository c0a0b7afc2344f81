/**
 * The states of a feed, and the moves between them:
 *
 *   handshake → waiting | snapshot | streaming | catching_up
 *   waiting   → snapshot | streaming | catching_up
 *   snapshot  → streaming
 *   any       → ended
 *
 * A status shows the names.
 */
import { invariant } from '../../base/invariant.js';
import type { Outflow } from './outflow.js';

export type FeedStage =
  /** The session has begun, and nothing is decided yet. */
  | { readonly name: 'handshake' }
  /** The follower was told to wait. */
  | { readonly name: 'waiting' }
  /** A snapshot is on its way. The log behind it flows beside it, once the snapshot is taken. */
  | { readonly name: 'snapshot'; readonly outflow: Outflow | undefined }
  /** The log alone flows. */
  | { readonly name: 'streaming'; readonly outflow: Outflow }
  /** The log flows to a leader that wants its lost tail back. */
  | { readonly name: 'catching_up'; readonly outflow: Outflow }
  | { readonly name: 'ended' };

export type FeedStateName = FeedStage['name'];

const NEXT: Readonly<Record<FeedStateName, readonly FeedStateName[]>> = {
  handshake: ['waiting', 'snapshot', 'streaming', 'catching_up', 'ended'],
  waiting: ['waiting', 'snapshot', 'streaming', 'catching_up', 'ended'],
  snapshot: ['snapshot', 'streaming', 'ended'],
  streaming: ['ended'],
  catching_up: ['ended'],
  ended: [],
};

export class FeedState {
  #stage: FeedStage = { name: 'handshake' };

  get name(): FeedStateName {
    return this.#stage.name;
  }

  /** The part that sends the log; undefined while no log is sent. */
  get outflow(): Outflow | undefined {
    return 'outflow' in this.#stage ? this.#stage.outflow : undefined;
  }

  /** Whether the upstream has not decided yet how the follower may catch up. */
  get isUndecided(): boolean {
    return this.name === 'handshake' || this.name === 'waiting';
  }

  /** @throws InvariantViolation if the table has no such move. */
  to(stage: FeedStage): void {
    invariant(NEXT[this.name].includes(stage.name), `a feed does not go from ${this.name} to ${stage.name}`);
    this.#stage = stage;
  }
}
