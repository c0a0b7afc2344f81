/**
 * The distribution of a figure in a fixed number of ranges, for the histograms of metrics. An observation changes two
 * numbers and makes no garbage. So a block or a message may have one, and the memory does not grow.
 */

/** Upper ends of ranges for durations, in seconds: a commit in memory, a sync of a disk, a disk that hangs. */
export const DURATION_BOUNDS_S: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Upper ends of ranges for sizes, in bytes: 64 B to 64 MiB, by fours. */
export const SIZE_BOUNDS_BYTES: readonly number[] = Array.from({ length: 11 }, (_, power) => 64 * 4 ** power);

/** Upper ends of ranges for counts: 1 to 4,096, by fours. */
export const COUNT_BOUNDS: readonly number[] = Array.from({ length: 7 }, (_, power) => 4 ** power);

export class Distribution {
  /** The upper ends of the ranges, in growing order. A value that equals an end is in the range below it. */
  readonly bounds: readonly number[];
  /** The observations in each range. The last range has no end. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** The sum of all observed values. */
  get sum(): number {
    return this.#sum;
  }

  /** The number of observations up to each bound, and of all observations last. */
  get cumulative(): number[] {
    let sum = 0;
    return Array.from(this.#counts, (count) => {
      sum += count;
      return sum;
    });
  }

  /** Notes a value. @param times the number of observations of that value. */
  observe(value: number, times = 1): void {
    const { bounds } = this;
    let range = 0;
    while (range < bounds.length && value > (bounds[range] as number)) range++;
    this.#counts[range] = (this.#counts[range] as number) + times;
    this.#sum += value * times;
  }
}
