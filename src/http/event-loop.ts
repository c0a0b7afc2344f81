/**
 * The delays of the event loop as a histogram. Node samples them all the time for the status, and shows percentiles of
 * all samples. So the samples between two percentiles count as the greater one: no delay is shown too small.
 */
import { DURATION_BOUNDS_S } from '../base/distribution.js';
import type { Delays } from '../base/process-load.js';
import type { HistogramValues } from './facts.js';

export class EventLoopDelays {
  readonly #read: () => Delays;
  readonly #cumulative = DURATION_BOUNDS_S.map(() => 0);

  constructor(read: () => Delays) {
    this.#read = read;
  }

  /** The histogram of all samples until now. No count falls, though percentiles move. */
  get seconds(): HistogramValues {
    const { count, meanMs, percentiles } = this.#read();
    for (const [at, bound] of DURATION_BOUNDS_S.entries()) {
      const within = percentiles.filter(({ ms }) => ms / 1_000 <= bound).at(-1)?.percentile ?? 0;
      this.#cumulative[at] = Math.max(this.#cumulative[at] as number, Math.floor((count * within) / 100));
    }
    return { bounds: DURATION_BOUNDS_S, cumulative: [...this.#cumulative, count], sum: (count * meanMs) / 1_000 };
  }
}
