/**
 * How old the data of a follower are, by what its upstream has told. It is
 * counted on by this node's monotonic time, so a clock that is set, or another
 * leader's clock, makes nothing look fresh. It is known only of data that lie on
 * the upstream's history: whoever finds that they may not, forgets it.
 */
import type { Clock } from '../../base/clock.js';

export class Staleness {
  readonly #clock: Clock;
  #known: { readonly ms: number; readonly atMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The leader had written nothing more so long ago; undefined if that is not known. */
  get ms(): number | undefined {
    return this.#known && this.#known.ms + this.#clock.monotonicMs() - this.#known.atMs;
  }

  /** The upstream says so. */
  is(ms: number): void {
    this.#known = { ms: Math.max(0, ms), atMs: this.#clock.monotonicMs() };
  }

  /** A block says so: the node may be known to be fresher. */
  isAtMost(ms: number): void {
    this.is(Math.min(ms, this.ms ?? Number.POSITIVE_INFINITY));
  }

  forget(): void {
    this.#known = undefined;
  }
}
