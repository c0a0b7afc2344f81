/**
 * Time under a test's hand, and waiting for conditions: nothing here sleeps.
 * `until` lets the event loop turn until something holds; `TestClock.advance`
 * runs what is due, one timer at a time, and lets the loop turn in between, so
 * that what a timer has begun can set the next.
 */
import assert from 'node:assert/strict';
import type { Clock } from '../../src/base/clock.js';

/** 2023-11-14, 22:13:20 UTC. */
export const START_MS = 1_700_000_000_000;

interface Timer {
  readonly atMs: number;
  task(): void;
}

export class TestClock implements Clock {
  #wallMs = START_MS;
  #monotonicMs = 5_000;
  readonly #timers = new Set<Timer>();

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + Math.max(0, delayMs), task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that wait: a test of what is cleaned up looks at it. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** How long it is until the next timer is due; Infinity if none waits. */
  get untilNextMs(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const timer of this.#timers) if (timer.atMs < atMs) atMs = timer.atMs;
    return Math.max(0, atMs - this.#monotonicMs);
  }

  /** Sets the wall clock, as an operator or NTP would; monotonic time goes on. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  /** Time passes while the process stands still: what was due meanwhile runs afterwards. */
  stall(byMs: number): void {
    this.#to(this.#monotonicMs + byMs);
  }

  async advance(byMs: number): Promise<void> {
    const endMs = this.#monotonicMs + byMs;
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) {
      this.#timers.delete(next);
      this.#to(next.atMs);
      next.task();
      await turn();
    }
    this.#to(endMs);
    await turn();
  }

  #next(endMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (timer.atMs <= endMs && (!first || timer.atMs < first.atMs)) first = timer;
    return first;
  }

  #to(monotonicMs: number): void {
    const byMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs += byMs;
    this.#wallMs += byMs;
  }
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

/** How long a condition may take to come true; far more than any needs. */
const PATIENCE_MS = 30_000;

/** Waits for a condition; with a clock, time goes on meanwhile by `stepMs` a turn. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  time?: { clock: TestClock; stepMs: number },
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    assert(performance.now() < deadline, `waited in vain until ${what}`);
    if (time) await time.clock.advance(time.stepMs);
    else await turn();
  }
}

/** Whether a promise has settled by now, a few turns of the event loop allowed. */
export async function settled(promise: Promise<unknown>, afterTurns = 5): Promise<boolean> {
  let done = false;
  promise.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  await turns(afterTurns);
  return done;
}
