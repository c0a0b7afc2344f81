/**
 * Positions in values. Redis counts with 64 bits, and the store with numbers, of which those beyond 2^53 are not exact.
 * Every value is far shorter, so that a larger position means the same as the largest number.
 */
import { int64 } from './arguments.js';

const POSITION_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** A range whose ends count from the end of the value, and whose order is wrong. */
const BACKWARDS = { start: -1, end: -2 };

export function positionOf(position: bigint): number {
  if (position > POSITION_MAX) return Number.MAX_SAFE_INTEGER;
  return position < -POSITION_MAX ? -Number.MAX_SAFE_INTEGER : Number(position);
}

/** The range of GETRANGE and BITCOUNT. The order of its ends is kept, which counts if both are negative. */
export function rangeOf(start: Buffer | undefined, end: Buffer | undefined): { start: number; end: number } {
  const [first, last] = [int64(start), int64(end)];
  if (first < 0n && last < 0n && first > last) return BACKWARDS;
  return { start: positionOf(first), end: positionOf(last) };
}
