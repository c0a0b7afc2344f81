/** Whether the event loop of this process has time to spare. The answer is of the last moments, and costs nothing. */
import type { EventLoopUtilization } from 'node:perf_hooks';
import type { Clock } from './clock.js';
import { LOOP_BUSY_SHARE, LOOP_LOOK_MS } from './limits.js';

/** Time that the loop has spent idle and at work since the process started, milliseconds. */
type LoopTimes = Pick<EventLoopUtilization, 'idle' | 'active'>;

export class LoopLoad {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #times: () => LoopTimes;
  #seen: LoopTimes;
  #lookMs: number;
  #isBusy = false;

  constructor(clock: Pick<Clock, 'monotonicMs'>, times: () => LoopTimes = () => performance.eventLoopUtilization()) {
    this.#clock = clock;
    this.#times = times;
    this.#seen = times();
    this.#lookMs = clock.monotonicMs() + LOOP_LOOK_MS;
  }

  /** True if the loop was at work for most of the time since the last look. A look is made every LOOP_LOOK_MS at most. */
  get isBusy(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#lookMs) this.#look(nowMs);
    return this.#isBusy;
  }

  #look(nowMs: number): void {
    const times = this.#times();
    const active = times.active - this.#seen.active;
    const idle = times.idle - this.#seen.idle;
    this.#isBusy = active > LOOP_BUSY_SHARE * (active + idle);
    this.#seen = times;
    this.#lookMs = nowMs + LOOP_LOOK_MS;
  }
}
