/**
 * Time, injected. `Clock` is the machine's; `LogicalClock` is the one that the
 * log sees.
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

/** A machine's clock before this moment was never set: a battery is missing, or the time has not come over the network yet. */
export const CLOCK_SET_MS = Date.UTC(2020, 0, 1);

/** A clock that is so far ahead of the log is not followed without a person's word. */
const CLOCK_AHEAD_MS_MAX = 180 * 86_400_000;

/** While the log's time is ahead of the machine's, it passes at this part of its speed. */
const SLEW_RATE = 1 / 2;

/** Why the machine's clock is not followed. */
export type ClockDoubt = 'unset' | 'far ahead';

/**
 * The time that the log sees. Invariant: it never goes back, and never below the
 * last block, unless a logged step says so (commit.ts). One reading a block.
 *
 * On a leader it follows the machine's clock in both directions. If the machine's
 * clock jumps ahead, so does this one. If the machine's clock is behind, this one
 * passes at half its speed until the machine's has caught up. A clock in doubt is
 * not followed: time passes at its usual speed from where it was.
 *
 * On a follower it is the upstream's: `set` once, when a session has begun, and
 * kept by `follow` from then on. A key that was hidden as expired must not come
 * back while one upstream is followed, so within a session the clock stands still
 * if it is ahead, until the upstream's has caught up.
 */
export class LogicalClock {
  readonly #clock: Clock;
  /** A person has said that the machine's clock is right, whatever it says. */
  readonly #isTrusted: boolean;
  /** A reading, and when it was made. Until the log has said its time, or the machine, it is 0. */
  #baseMs = 0;
  #baseMonotonicMs: number;
  /** By an upstream's time, not by this machine's. */
  #isUpstreams = false;
  /** No reading of an upstream's time is below it. */
  #floorMs = 0;
  /** It has been set back, and no block says so yet. */
  #isStepping = false;

  constructor(clock: Clock, { trusted = false } = {}) {
    this.#clock = clock;
    this.#isTrusted = trusted;
    this.#baseMonotonicMs = clock.monotonicMs();
  }

  /** Whole milliseconds since the epoch. */
  now(): number {
    if (this.#isUpstreams) return Math.max(this.#floorMs, Math.floor(this.#unslewed));
    this.#from(this.#machineReading());
    return Math.floor(this.#baseMs);
  }

  /** A time to live that begins now has no meaning, for this reason; undefined if it has. */
  get doubt(): ClockDoubt | undefined {
    if (this.#isUpstreams || this.#isTrusted) return undefined;
    const wallMs = this.#clock.wallMs();
    if (wallMs < CLOCK_SET_MS) return 'unset';
    return isFarAhead(wallMs, this.#unslewed) ? 'far ahead' : undefined;
  }

  /** By how much it is ahead of the machine's clock; negative if it is behind. */
  get aheadMs(): number {
    return Math.round(this.now() - this.#clock.wallMs());
  }

  /** Never reads below `timeMs` from here on. */
  advanceTo(timeMs: number): void {
    this.#isStepping = false;
    const readingMs = this.#isUpstreams ? this.now() : this.#unslewed;
    if (timeMs <= readingMs) return;
    this.#floorMs = 0;
    this.#from(timeMs);
  }

  /** Goes on from `timeMs`, an upstream's time; may go back. */
  set(timeMs: number): void {
    this.#isUpstreams = true;
    this.#floorMs = 0;
    this.#from(timeMs);
  }

  /** Goes on from `timeMs`, an upstream's time, but never below what it reads now. */
  follow(timeMs: number): void {
    this.#floorMs = this.now();
    this.#isUpstreams = true;
    this.#from(timeMs);
  }

  /** Goes on by the machine's clock, from what it reads now. */
  lead(): void {
    const nowMs = this.now();
    this.#isUpstreams = false;
    this.#from(nowMs);
  }

  /** Goes on from the machine's clock, though that is behind: a step back, which the next block logs. */
  stepBack(): void {
    this.#isUpstreams = false;
    this.#isStepping = true;
    this.#from(this.#clock.wallMs());
  }

  /** The time of the next block after one of `endTimeMs`, if it is read now as `nowMs`. */
  blockTimeMs(nowMs: number, endTimeMs: number): number {
    return this.#isStepping ? nowMs : Math.max(nowMs, endTimeMs);
  }

  /** The last block has an earlier time than the one before it. */
  stepped(timeMs: number): void {
    if (this.#isUpstreams) this.set(timeMs);
    this.#isStepping = false;
  }

  /** The time as if the machine's clock were not looked at. */
  get #unslewed(): number {
    return this.#baseMs + this.#clock.monotonicMs() - this.#baseMonotonicMs;
  }

  #machineReading(): number {
    const wallMs = this.#clock.wallMs();
    const unslewedMs = this.#unslewed;
    if (wallMs >= unslewedMs) return !this.#isTrusted && isFarAhead(wallMs, unslewedMs) ? unslewedMs : wallMs;
    if (wallMs < CLOCK_SET_MS && !this.#isTrusted) return unslewedMs;
    return Math.max(wallMs, this.#baseMs + (unslewedMs - this.#baseMs) * SLEW_RATE);
  }

  #from(timeMs: number): void {
    this.#baseMs = timeMs;
    this.#baseMonotonicMs = this.#clock.monotonicMs();
  }
}

/** A log whose time is from before clocks were set says nothing about a clock that is. */
function isFarAhead(wallMs: number, logMs: number): boolean {
  return logMs >= CLOCK_SET_MS && wallMs - logMs > CLOCK_AHEAD_MS_MAX;
}
