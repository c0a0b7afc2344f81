/**
 * Time, injected. `Clock` is the machine's; `LogicalClock` is the one that the
 * log sees: it never goes back, neither below the last block nor when the wall
 * clock is set.
 */

export interface Clock {
  /** Milliseconds since the epoch, as the machine believes. */
  wallMs(): number;
  /** Milliseconds since some fixed moment; never goes back, never jumps. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

/** Its timers do not keep a process alive by themselves. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
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
 * by monotonic time; on a follower the heartbeats set it.
 */
export class LogicalClock {
  readonly #clock: Clock;
  #baseMs: number;
  #baseMonotonicMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#baseMs = clock.wallMs();
    this.#baseMonotonicMs = clock.monotonicMs();
  }

  /** Whole milliseconds since the epoch. */
  now(): number {
    return Math.floor(this.#baseMs + this.#clock.monotonicMs() - this.#baseMonotonicMs);
  }

  /** Never reads below `timeMs` from here on. */
  advanceTo(timeMs: number): void {
    if (timeMs > this.now()) this.set(timeMs);
  }

  /** Takes the leader's time; the only way for it to go back, and only between blocks. */
  set(timeMs: number): void {
    this.#baseMs = timeMs;
    this.#baseMonotonicMs = this.#clock.monotonicMs();
  }
}
