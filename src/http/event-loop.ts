/**
 * The delays of the event loop, for a histogram. Node samples them and gives percentiles of all samples since the last
 * look. So each look counts the samples between two percentiles as the greater one: a delay is never shown too small.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Distribution, DURATION_BOUNDS_S } from '../base/distribution.js';

const RESOLUTION_MS = 10;

export class EventLoopDelays {
  readonly #seconds = new Distribution(DURATION_BOUNDS_S);
  readonly #monitor: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  start(): void {
    this.#monitor.enable();
  }

  stop(): void {
    this.#monitor.disable();
  }

  /** The distribution with all samples until now. */
  get seconds(): Distribution {
    const { count, percentiles } = this.#monitor;
    let counted = 0;
    for (const [percentile, ns] of percentiles) {
      const upTo = Math.round((count * percentile) / 100);
      if (upTo <= counted) continue;
      this.#seconds.observe(Math.max(0, ns / 1e9 - RESOLUTION_MS / 1e3), upTo - counted);
      counted = upTo;
    }
    this.#monitor.reset();
    return this.#seconds;
  }
}
