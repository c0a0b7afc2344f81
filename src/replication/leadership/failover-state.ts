/**
 * The states of a hand-over at the node that gives it, and the moves between
 * them:
 *
 *   none         → pausing (a person asks for it)
 *   pausing      → stepped_down | none (given up: nothing has changed)
 *   stepped_down → asking | none (taken back, or a person has decided otherwise)
 *   asking       → none (the answer has come, or a person has decided otherwise)
 *
 * A giver that restarts after it has stepped down goes from `none` to `asking`:
 * the grant may have reached the node that it names. A status shows the names.
 */
import type { HeadwaterError } from '../../base/errors.js';
import { invariant } from '../../base/invariant.js';

/** The call that began a hand-over and waits for its outcome. */
export interface Attempt {
  /** Ends the wait for the follower. */
  readonly abort: AbortController;
  settle(outcome: Accepted | HeadwaterError): void;
}

export interface Accepted {
  /** When the new leader's answer arrived, by the monotonic clock. */
  readonly acceptedMs: number;
  /** Followers that were sent to the new leader. */
  readonly moved: number;
}

export type FailoverStage =
  | { readonly name: 'none' }
  /** Writes wait until the follower holds everything. */
  | { readonly name: 'pausing'; readonly attempt: Attempt }
  /** This node leads no more, and nobody can know of the grant yet. */
  | { readonly name: 'stepped_down'; readonly attempt: Attempt | undefined }
  /** The grant may have reached the node that it names. The call that waits may have given up. */
  | { readonly name: 'asking'; readonly attempt: Attempt | undefined };

export type FailoverStateName = FailoverStage['name'];

const NEXT: Readonly<Record<FailoverStateName, readonly FailoverStateName[]>> = {
  none: ['pausing', 'asking'],
  pausing: ['stepped_down', 'none'],
  stepped_down: ['stepped_down', 'asking', 'none'],
  asking: ['asking', 'none'],
};

export class FailoverState {
  #stage: FailoverStage = { name: 'none' };

  get name(): FailoverStateName {
    return this.#stage.name;
  }

  /** The call that waits for the outcome; undefined if none does. */
  get attempt(): Attempt | undefined {
    return 'attempt' in this.#stage ? this.#stage.attempt : undefined;
  }

  /** @throws InvariantViolation if the table has no such move. */
  to(stage: FailoverStage): void {
    invariant(NEXT[this.name].includes(stage.name), `a hand-over does not go from ${this.name} to ${stage.name}`);
    this.#stage = stage;
  }

  /** The hand-over has come to its end, whichever it is. */
  end(): void {
    if (this.name !== 'none') this.to({ name: 'none' });
  }

  /** The call waits no longer. A hand-over that cannot be given up goes on without it. The next call's is left alone. */
  leave(attempt: Attempt): void {
    if (this.attempt !== attempt) return;
    const { name } = this;
    if (name === 'pausing') this.end();
    if (name === 'stepped_down' || name === 'asking') this.to({ name, attempt: undefined });
  }
}
