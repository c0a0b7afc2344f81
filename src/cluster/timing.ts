/**
 * The times of a cluster, all made from the time to live of a lease. A leader that cannot renew stops `marginMs` before
 * its lease can end. A follower runs only `marginMs` after it. The margins cover clocks of unequal speed.
 */
import { HeadwaterError } from '../base/errors.js';

export interface Timing {
  readonly ttlMs: number;
  readonly marginMs: number;
  /** The time between two renewals. */
  readonly keepAliveMs: number;
  /** The longest time for one request to the store. */
  readonly requestMs: number;
  /** How long nothing of the old leader has been heard before another node runs. */
  readonly silenceMs: number;
}

/** The shortest time to live of a lease. Below it, one slow request would end a leadership. */
const TTL_MS_MIN = 3_000;
const TTL_MS_MAX = 600_000;

/** The time between two looks of a node at itself and at the time. */
export const TICK_MS = 50;

/** The longest wait for the positions of the other members. */
export const WINDOW_MS = 1_000;

/** Within this time after an automatic failover, the next one needs a person. */
export const FLAPPING_MS = 60_000;

/** @throws HeadwaterError `invalid_argument` if a lease of this length leaves no time for two failed renewals. */
export function timingOf(ttlMs: number): Timing {
  const marginMs = marginOf(ttlMs);
  const keepAliveMs = ttlMs / 3;
  const requestMs = ttlMs / 6;
  const fits = keepAliveMs + 2 * requestMs <= ttlMs - marginMs;
  if (!fits || !(ttlMs >= TTL_MS_MIN && ttlMs <= TTL_MS_MAX))
    throw new HeadwaterError(
      'invalid_argument',
      `the time to live of a leader's lease: expected ${TTL_MS_MIN / 1_000} s to ${TTL_MS_MAX / 1_000} s, received ${ttlMs / 1_000} s`,
    );
  return { ttlMs, marginMs, keepAliveMs, requestMs, silenceMs: silenceOf(ttlMs) };
}

/** How long nothing of a leader with this time to live has been heard before another node runs. */
export function silenceOf(ttlMs: number): number {
  return ttlMs + marginOf(ttlMs);
}

function marginOf(ttlMs: number): number {
  return Math.max(1_000, ttlMs / 5);
}
