/** The load of this process, for the status: its memory, and the delay of its event loop. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from './clock.js';

/** The interval at which the delay of the event loop is sampled. */
const DELAY_RESOLUTION_MS = 5;

/** The samples of the delay since the process load is measured. */
export interface Delays {
  readonly count: number;
  readonly meanMs: number;
  /** Percentiles in growing order. */
  readonly percentiles: ReadonlyArray<{ readonly percentile: number; readonly ms: number }>;
}

export class ProcessLoad {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  /** Begins to measure the delay. The work before this call does not count as a delay that callers feel. */
  start(): void {
    this.#delay.enable();
  }

  stop(): void {
    this.#delay.disable();
  }

  get delays(): Delays {
    const { count, mean, percentiles } = this.#delay;
    return {
      count,
      meanMs: count === 0 ? 0 : delayMs(mean),
      percentiles: Array.from(percentiles, ([percentile, ns]) => ({ percentile, ms: delayMs(ns) })),
    };
  }

  get status() {
    return {
      residentMemoryBytes: process.memoryUsage.rss(),
      eventLoopDelayP99Ms: delayMs(this.#delay.percentile(99)),
      eventLoopDelayMaxMs: delayMs(this.#delay.max),
      uptimeMs: Math.round(this.#clock.monotonicMs() - this.#startedMs),
    };
  }
}

/**
 * The delay in a record of the monitor, which is the time between two samples in nanoseconds: the part beyond the
 * interval.
 */
function delayMs(recordedNs: number): number {
  return Math.max(0, recordedNs / 1e6 - DELAY_RESOLUTION_MS);
}
