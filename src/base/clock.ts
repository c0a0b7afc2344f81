/** Time, injected. `Clock` is the machine's clock; `LogicalClock` is the clock that the log sees. */

import { TIMER_MS_MAX } from './limits.js';

export interface Clock {
  /** Milliseconds since the epoch by the machine's clock. */
  wallMs(): number;
  /** Milliseconds since some fixed moment. Never goes back and never jumps. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`, or after some 24 days if that is sooner. The returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

/** The machine's clock. A pending timer does not keep the process alive. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, Math.min(delayMs, TIMER_MS_MAX));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return beginSleep(clock, delayMs, signal).over;
}

/** Like `sleep`. `end` ends the wait early, and does nothing once it is over. */
export function beginSleep(
  clock: Clock,
  delayMs: number,
  signal?: AbortSignal,
): { readonly over: Promise<void>; readonly end: () => void } {
  if (signal?.aborted) return { over: Promise.resolve(), end() {} };
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = () => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal?.addEventListener('abort', end, { once: true });
  });
  return { over, end };
}

/**
 * A machine whose clock reads an earlier time never had its clock set. Either a battery is missing, or the time has not
 * come over the network yet.
 */
export const CLOCK_SET_MS = Date.UTC(2020, 0, 1);

/** The furthest that a machine's clock may be ahead of the log without a person's confirmation. */
const CLOCK_AHEAD_MS_MAX = 180 * 86_400_000;

/** The speed of the log's time while it is ahead of the machine's, as a part of normal speed. */
const SLEW_RATE = 1 / 2;

/** Why the machine's clock is not followed. */
export type ClockDoubt = 'unset' | 'far ahead';

/**
 * The time that the log sees. Invariant: the time never goes back, and never below the last block, unless a logged step
 * says so (commit.ts). A block takes one reading.
 *
 * A leader's clock follows the machine's clock in both directions. If the machine's clock jumps ahead, so does this
 * one. If the machine's clock is behind, this one runs at half speed until the machine's has caught up. If the
 * machine's clock is in doubt, it is not followed: time runs on at its usual speed.
 *
 * A follower's clock is its upstream's: `set` once, when a session has begun, and kept by `follow` from then on. A key
 * that was hidden as expired must not come back while one upstream is followed. So within a session a clock that is
 * ahead stands still until the upstream's has caught up.
 */
export class LogicalClock {
  readonly #clock: Clock;
  /** Whether a person has confirmed the machine's clock, whatever it reads. */
  readonly #isTrusted: boolean;
  /** The last reading; `#baseMonotonicMs` is when it was made. 0 until the log or the machine gives a time. */
  #baseMs = 0;
  #baseMonotonicMs: number;
  /** Whether the clock runs by an upstream's time instead of this machine's. */
  #isUpstreams = false;
  /** The least reading by an upstream's time. */
  #floorMs = 0;
  /** Whether the clock has been set back, and no block has logged the step yet. */
  #isStepping = false;

  constructor(clock: Clock, { trusted = false } = {}) {
    this.#clock = clock;
    this.#isTrusted = trusted;
    this.#baseMonotonicMs = clock.monotonicMs();
  }

  /** The reading, in whole milliseconds since the epoch. */
  now(): number {
    if (this.#isUpstreams) return Math.max(this.#floorMs, Math.floor(this.#unslewed));
    const monotonicMs = this.#clock.monotonicMs();
    this.#baseMs = this.#machineReading(this.#baseMs + monotonicMs - this.#baseMonotonicMs);
    this.#baseMonotonicMs = monotonicMs;
    return Math.floor(this.#baseMs);
  }

  /** Why a time to live that begins now has no meaning; undefined if it has one. */
  get doubt(): ClockDoubt | undefined {
    if (this.#isUpstreams || this.#isTrusted) return undefined;
    const wallMs = this.#clock.wallMs();
    if (wallMs < CLOCK_SET_MS) return 'unset';
    return isFarAhead(wallMs, this.#unslewed) ? 'far ahead' : undefined;
  }

  /** Milliseconds by which this clock is ahead of the machine's; negative if it is behind. */
  get aheadMs(): number {
    return Math.round(this.now() - this.#clock.wallMs());
  }

  /** Keeps every later reading at or above `timeMs`. */
  advanceTo(timeMs: number): void {
    this.#isStepping = false;
    const readingMs = this.#isUpstreams ? this.now() : this.#unslewed;
    if (timeMs <= readingMs) return;
    this.#floorMs = 0;
    this.#from(timeMs);
  }

  /** Continues from `timeMs`, an upstream's time. May go back. */
  set(timeMs: number): void {
    this.#isUpstreams = true;
    this.#floorMs = 0;
    this.#from(timeMs);
  }

  /** Continues from `timeMs`, an upstream's time, but never reads below the present reading. */
  follow(timeMs: number): void {
    this.#floorMs = this.now();
    this.#isUpstreams = true;
    this.#from(timeMs);
  }

  /** Continues from the present reading by the machine's clock. */
  lead(): void {
    const nowMs = this.now();
    this.#isUpstreams = false;
    this.#from(nowMs);
  }

  /** Continues from the machine's clock, even if that is behind. The next block logs the step back. */
  stepBack(): void {
    this.#isUpstreams = false;
    this.#isStepping = true;
    this.#from(this.#clock.wallMs());
  }

  /** The time of the block after one of `endTimeMs`, if the clock reads `nowMs`. */
  blockTimeMs(nowMs: number, endTimeMs: number): number {
    return this.#isStepping ? nowMs : Math.max(nowMs, endTimeMs);
  }

  /** Takes note of a block whose time is earlier than that of the block before. */
  stepped(timeMs: number): void {
    if (this.#isUpstreams) this.set(timeMs);
    this.#isStepping = false;
  }

  /** The time as it would be if the machine's clock were ignored. */
  get #unslewed(): number {
    return this.#baseMs + this.#clock.monotonicMs() - this.#baseMonotonicMs;
  }

  #machineReading(unslewedMs: number): number {
    const wallMs = this.#clock.wallMs();
    if (wallMs >= unslewedMs) return !this.#isTrusted && isFarAhead(wallMs, unslewedMs) ? unslewedMs : wallMs;
    if (wallMs < CLOCK_SET_MS && !this.#isTrusted) return unslewedMs;
    return Math.max(wallMs, this.#baseMs + (unslewedMs - this.#baseMs) * SLEW_RATE);
  }

  #from(timeMs: number): void {
    this.#baseMs = timeMs;
    this.#baseMonotonicMs = this.#clock.monotonicMs();
  }
}

/** A log whose time is from before clocks were set gives no reason to doubt a clock that is set. */
function isFarAhead(wallMs: number, logMs: number): boolean {
  return logMs >= CLOCK_SET_MS && wallMs - logMs > CLOCK_AHEAD_MS_MAX;
}
