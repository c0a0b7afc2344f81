/** The speed of a check beside writers: a number of bytes a second, in small steps that yield to all other work. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, sleep } from '../base/clock.js';

/** A check that is ahead of its time by less continues at once: timers are no finer. */
const AHEAD_MS = 4;

export class Pace {
  readonly #clock: Clock;
  readonly #bytesPerSecond: number;
  readonly #signal: AbortSignal;
  /** The time at which the next read is due. Time lost to other work is not made up for. */
  #dueMs: number;
  #bytes = 0;

  constructor(clock: Clock, bytesPerSecond: number, signal: AbortSignal) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    this.#signal = signal;
    this.#dueMs = clock.monotonicMs();
  }

  /** Bytes read so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when more may be read. @throws the reason of the signal. */
  async take(bytes: number): Promise<void> {
    this.#bytes += bytes;
    const nowMs = this.#clock.monotonicMs();
    this.#dueMs = Math.max(this.#dueMs, nowMs) + (bytes / this.#bytesPerSecond) * 1_000;
    if (this.#dueMs - nowMs > AHEAD_MS) await sleep(this.#clock, this.#dueMs - nowMs, this.#signal);
    else await nextTurn();
    if (this.#signal.aborted) throw this.#signal.reason;
  }
}
