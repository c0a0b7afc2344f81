/**
 * Makes clients' expiries, relative or absolute, absolute. The log holds only absolute ones. Invariant: an
 * expiry in the log is a whole number of milliseconds above 0 (0 stands for "never") and below 2^53.
 */
import { HeadwaterError } from '../base/errors.js';
import type { NewExpiry } from '../model/operation.js';
import { checkWholeNumber } from './arguments.js';
import type { View } from './view.js';

/**
 * Checks the expiry of operations that give a key a life span (SET, GETEX). A life span of zero or less is a
 * mistake of the caller.
 */
export function checkLifeSpan(kind: string, expiry: NewExpiry): void {
  const [name, value] = 'ttlMs' in expiry ? ['ttl_ms', expiry.ttlMs] : ['expires_at_ms', expiry.expiresAtMs];
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new HeadwaterError(
    'invalid_argument',
    `invalid expire time: ${kind} expected ${name} to be a whole number from 1 to 2^53 - 1, received ${value}`,
  );
}

/** Checks the expiry of EXPIRE, for which a moment in the past is a way to delete the key. */
export function checkMoment(expiry: NewExpiry): void {
  if ('ttlMs' in expiry) checkWholeNumber('invalid expire time: ttl_ms', expiry.ttlMs, Number.MIN_SAFE_INTEGER);
  else checkWholeNumber('invalid expire time: expires_at_ms', expiry.expiresAtMs, Number.MIN_SAFE_INTEGER);
}

/**
 * Refuses a time to live while the clock is in doubt: it would end at once, or in decades, when the clock is
 * set. An absolute expiry is the caller's responsibility.
 * @throws HeadwaterError `unavailable`, `invalid_argument`.
 */
export function absolute(expiry: NewExpiry, { nowMs, clockDoubt }: Pick<View, 'nowMs' | 'clockDoubt'>): number {
  if ('expiresAtMs' in expiry) return expiry.expiresAtMs;
  if (clockDoubt !== undefined && expiry.ttlMs > 0)
    throw new HeadwaterError('unavailable', `a time to live cannot be counted now: ${clockDoubt}`, {
      details: { cause: 'CLOCK_IN_DOUBT' },
    });
  const expiresAtMs = nowMs + expiry.ttlMs;
  if (expiresAtMs <= Number.MAX_SAFE_INTEGER) return expiresAtMs;
  throw new HeadwaterError(
    'invalid_argument',
    `invalid expire time: expected at most ${Number.MAX_SAFE_INTEGER - nowMs} ms to live, received ${expiry.ttlMs} ms`,
  );
}

/** Whether a key that is given this expiry is gone at once. Unlike in an entry, 0 and less are past moments here. */
export function isPast(expiresAtMs: number, nowMs: number): boolean {
  return expiresAtMs <= nowMs;
}
