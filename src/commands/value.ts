/** Values of strings, and the ranges of positions in them. A negative position counts from the end, -1 is the last. */

/** The value of a key that does not exist. */
export const NOTHING = Buffer.alloc(0);

/** A copy of the value, with zero bytes at its end up to this length. */
export function extended(value: Buffer, length: number): Buffer {
  const result = Buffer.alloc(Math.max(value.length, length));
  value.copy(result);
  return result;
}

/** A range of positions, as an operation names it. */
interface Positions {
  readonly start: number;
  readonly end: number;
}

/** The first and the last position of a range that has been placed in a value, both included. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * Places a range in a value of this length, as Redis does: a position before the first counts as the first. Returns
 * undefined if the range is empty.
 */
export function spanIn(length: number, { start, end }: Positions): Span | undefined {
  const first = placed(start, length);
  const last = Math.min(placed(end, length), length - 1);
  return first > last ? undefined : { first, last };
}

function placed(position: number, length: number): number {
  return position < 0 ? Math.max(0, length + position) : position;
}

/** In Redis, GETRANGE and BITCOUNT take this order as empty, however short the value is. BITPOS does not. */
export function isBackwards({ start, end }: Positions): boolean {
  return start < 0 && end < 0 && start > end;
}
