/**
 * Time, injected. `Clock` is the machine's; `LogicalClock` is the one that the
 * log sees: it never goes back, neither below the last block nor when the wall
 * clock is set.
 */

/** Node's timers take no longer delay: one that is told to wait longer goes off at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export interface Clock {
  /** Milliseconds since the epoch, as the machine believes. */
  wallMs(): number;
  /** Milliseconds since some fixed moment; never goes back, never jumps. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`, or after some 24 days; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

/** Its timers do not keep a process alive by themselves. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, Math.min(delayMs, DELAY_MS_MAX));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/**
 * One reading a block. On the leader it starts from the wall clock and goes on
 * by monotonic time. On a follower it is the upstream's: `set` once, when a
 * session has begun, and kept by `follow` from then on. A key that was hidden
 * as expired must not come back while one upstream is followed, so within a
 * session the clock stands still where it is ahead, until the upstream's has
 * caught up.
 */
export class LogicalClock {
  readonly #clock: Clock;
  #baseMs: number;
  #baseMonotonicMs: number;
  /** No reading is below it. */
  #floorMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#baseMs = clock.wallMs();
    this.#baseMonotonicMs = clock.monotonicMs();
  }

  /** Whole milliseconds since the epoch. */
  now(): number {
    return Math.max(this.#floorMs, Math.floor(this.#baseMs + this.#clock.monotonicMs() - this.#baseMonotonicMs));
  }

  /** Never reads below `timeMs` from here on. */
  advanceTo(timeMs: number): void {
    if (timeMs > this.now()) this.set(timeMs);
  }

  /** Goes on from `timeMs`; the only way for it to go back. */
  set(timeMs: number): void {
    this.#floorMs = 0;
    this.#from(timeMs);
  }

  /** Goes on from `timeMs`, but never below what it reads now. */
  follow(timeMs: number): void {
    this.#floorMs = this.now();
    this.#from(timeMs);
  }

  #from(timeMs: number): void {
    this.#baseMs = timeMs;
    this.#baseMonotonicMs = this.#clock.monotonicMs();
  }
}
