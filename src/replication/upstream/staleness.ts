/**
 * The greatest possible age of a follower's data, by the upstream's reports.
 * The age grows with this node's monotonic clock. So a clock that is set, or
 * another leader's clock, makes no data look fresh.
 *
 * The age is known only for data on the upstream's history. A caller that
 * doubts that calls `forget`.
 */
import type { Clock } from '../../base/clock.js';

export class Staleness {
  readonly #clock: Clock;
  #known: { readonly ms: number; readonly atMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds: the leader had written nothing more so long ago. Undefined if unknown. */
  get ms(): number | undefined {
    return this.#known && this.#known.ms + this.#clock.monotonicMs() - this.#known.atMs;
  }

  /** Notes the age that the upstream reports. */
  is(ms: number): void {
    this.#known = { ms: Math.max(0, ms), atMs: this.#clock.monotonicMs() };
  }

  /** Notes an upper bound, as a block gives it: the data may be fresher than known. */
  isAtMost(ms: number): void {
    this.is(Math.min(ms, this.ms ?? Number.POSITIVE_INFINITY));
  }

  forget(): void {
    this.#known = undefined;
  }
}
