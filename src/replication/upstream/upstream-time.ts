/** The upstream's time: as last reported, plus the time since, by this node's monotonic clock. */
import type { Clock } from '../../base/clock.js';

export class UpstreamTime {
  readonly #clock: Clock;
  #reported = { ms: 0, heardMs: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  heard(ms: number): void {
    this.#reported = { ms, heardMs: this.#clock.monotonicMs() };
  }

  /** The time now. A snapshot may load for long after the last report. */
  get ms(): number {
    return this.#reported.ms + this.#clock.monotonicMs() - this.#reported.heardMs;
  }
}
