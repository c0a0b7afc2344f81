/**
 * The record of a run: the trace of all that happened, with its time, how often
 * each kind of thing happened, and the first failure. A run is repeated exactly
 * if its trace is the same.
 */
import type { Clock } from '../../src/base/clock.js';

/** How often each kind of thing happened. Over many seeds, no kind may be missing. */
export type Counts = Record<string, number>;

export class Journal {
  readonly counts: Counts = {};
  readonly trace: string[] = [];
  readonly #clock: Clock;
  #failure: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The first failure; the run ends with it after the step in hand. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  readonly count = (kind: string): void => {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  };

  note(text: string): void {
    this.trace.push(`${Math.round(this.#clock.monotonicMs() * 1_000)} ${text}`);
  }

  readonly failed = (error: unknown): void => {
    this.#failure ??= error as Error;
  };

  /** Runs a check in the middle of the product's own code, which must not see that it fails. */
  checked(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.failed(error);
    }
  }
}
