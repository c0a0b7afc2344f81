/**
 * Notices when writes wait for the disk. They may wait for a checkpoint that has to make room in memory, for the log,
 * or for keys that a block reads. A long wait is logged once with its reason. `status` reports it while it lasts and
 * for a while after. Short waits cost two readings of the clock a block.
 *
 * Only one step waits at a time: that of the block being written.
 */
import type { Clock } from '../base/clock.js';
import { WRITE_WAIT_MS_MIN, WRITE_WAIT_OVER_MS } from '../base/limits.js';
import type { RepeatedLog } from '../base/repeated-log.js';

/** Called only if the wait is long. */
export type Reason = () => string;

export class WriteWaits {
  readonly #clock: Clock;
  readonly #log: RepeatedLog;
  /** The reason of the step that waits now. */
  #reason: Reason | undefined;
  #sinceMs = 0;
  /** Whether a step has waited since the last look. */
  #isBusy = false;
  #isWatched = false;
  /** The last reason of a long wait, until no write has waited for a while. */
  #said = '';
  #lastedUntilMs = 0;
  #longestMs = 0;
  #cancelLook = () => {};

  constructor(clock: Clock, log: RepeatedLog) {
    this.#clock = clock;
    this.#log = log;
  }

  /** The reason why writes wait now, or waited recently; empty if they do not. */
  get message(): string {
    if (this.#isLong) return this.#describe();
    return this.#said;
  }

  /** The time that the current block has waited, milliseconds; 0 if none waits. */
  get currentMs(): number {
    return this.#reason ? this.#clock.monotonicMs() - this.#sinceMs : 0;
  }

  /** The longest wait of one block for one step, milliseconds. */
  get longestMs(): number {
    return Math.max(this.#longestMs, this.currentMs);
  }

  async during<T>(reason: Reason, step: Promise<T>): Promise<T> {
    this.#reason = reason;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#isBusy = true;
    if (!this.#isWatched) this.#watch();
    try {
      return await step;
    } finally {
      this.#end();
    }
  }

  /** Ends the looks: nobody writes any more. */
  close(): void {
    this.#cancelLook();
    this.#isWatched = true;
  }

  #end(): void {
    const now = this.#clock.monotonicMs();
    const tookMs = now - this.#sinceMs;
    if (tookMs > this.#longestMs) this.#longestMs = tookMs;
    if (tookMs >= WRITE_WAIT_MS_MIN) {
      this.#warn();
      this.#lastedUntilMs = now;
    }
    this.#reason = undefined;
  }

  get #isLong(): boolean {
    return this.currentMs >= WRITE_WAIT_MS_MIN;
  }

  #describe(): string {
    return `writes have waited ${(this.currentMs / 1_000).toFixed(1)} s for the disk: ${(this.#reason as Reason)()}`;
  }

  /** Looks once a second while there are writes, rather than at every block. */
  #watch(): void {
    this.#isWatched = true;
    this.#cancelLook = this.#clock.after(WRITE_WAIT_MS_MIN, () => {
      if (this.#isLong) this.#warn();
      const isOver = this.#said !== '' && this.#clock.monotonicMs() - this.#lastedUntilMs > WRITE_WAIT_OVER_MS;
      if (isOver && !this.#isLong) {
        this.#said = '';
        const longestMs = Math.round(this.#longestMs);
        this.#log.info({ longest_ms: longestMs }, 'writes no longer wait for the disk', 'writes');
      }
      this.#isWatched = false;
      if (this.#reason || this.#isBusy || this.#said !== '') this.#watch();
      this.#isBusy = false;
    });
  }

  /** Warns once, however many blocks wait one after another. */
  #warn(): void {
    const said = this.#describe();
    if (this.#said === '') this.#log.warn({}, said, 'writes');
    this.#said = said;
    this.#lastedUntilMs = this.#clock.monotonicMs();
  }
}
