/**
 * LCS: the longest common subsequence of two strings, with the same choice among equally long ones as Redis.
 *
 * The usual table has a number for each pair of bytes. Here a row of the table is a bit vector with one bit for each
 * byte of the second value: the bit says whether the length grows at that byte. A row follows from the row above by an
 * addition, 32 cells at a time. Redis's way back through the table needs no more than these bits: where two bytes
 * differ, the length has grown at this place exactly if the cell above holds more than the cell to the left.
 *
 * The table has at most SUBSEQUENCE_CELLS_MAX bits, 8 MiB. Filling it blocks all other work for 15 to 30 ms (measured).
 */

import { HeadwaterError } from '../base/errors.js';
import { SUBSEQUENCE_CELLS_MAX } from '../base/limits.js';
import type { LongestCommonSubsequenceOperation, ReplyTo, SubsequenceMatch } from '../model/operation.js';
import { checkKey, checkWholeNumber } from './arguments.js';
import { stringAt } from './entry.js';
import { type Family, OVERHEAD_BYTES } from './handler.js';
import { NOTHING } from './value.js';
import type { Limits, View } from './view.js';

export const subsequences: Family<'longestCommonSubsequence'> = {
  longestCommonSubsequence: {
    validate,
    sizeOf: ({ key, otherKey }) => OVERHEAD_BYTES + key.length + otherKey.length,
    keysRead: ({ key, otherKey }) => [key, otherKey],
    execute,
  },
};

function validate({ key, otherKey, minMatchLength }: LongestCommonSubsequenceOperation, limits: Limits): void {
  checkKey(key, limits);
  checkKey(otherKey, limits);
  if (minMatchLength !== undefined) checkWholeNumber('longestCommonSubsequence: minMatchLength', minMatchLength, 0);
}

function execute(
  { key, otherKey, result = 'text', minMatchLength = 0 }: LongestCommonSubsequenceOperation,
  view: View,
): ReplyTo<'longestCommonSubsequence'> {
  const one = stringAt(view, key)?.value ?? NOTHING;
  const other = stringAt(view, otherKey)?.value ?? NOTHING;
  checkCells(one, other);
  view.work(one.length * wordsOf(other));
  const rows = new Rows(one, other);
  const { length } = rows;
  if (result === 'length') return { kind: 'longestCommonSubsequence', length, matches: [] };
  const found = matchesIn(one, other, rows);
  if (result === 'text') {
    const parts = found.reverse().map(({ range }) => one.subarray(range.start, range.end + 1));
    return { kind: 'longestCommonSubsequence', length, value: Buffer.concat(parts, length), matches: [] };
  }
  const matches = found.filter(({ range }) => range.end - range.start + 1 >= minMatchLength);
  return { kind: 'longestCommonSubsequence', length, matches };
}

const WORD_BITS = 32;

function wordsOf(bytes: Buffer): number {
  return Math.ceil(bytes.length / WORD_BITS);
}

/** @throws HeadwaterError `too_large` if the table would be too large. */
function checkCells(one: Buffer, other: Buffer): void {
  const cells = one.length * wordsOf(other) * WORD_BITS;
  if (cells <= SUBSEQUENCE_CELLS_MAX) return;
  throw new HeadwaterError(
    'too_large',
    `longestCommonSubsequence: expected a product of the lengths of at most ${SUBSEQUENCE_CELLS_MAX}, received ${one.length} * ${other.length} bytes. The second length counts in steps of ${WORD_BITS}. Compare parts of the values`,
  );
}

/** The table: a row of bits for each byte of the first value. A zero bit says that the length grows there. */
class Rows {
  readonly #bits: Int32Array;
  readonly #words: number;
  readonly #columns: number;

  constructor(one: Buffer, other: Buffer) {
    this.#words = wordsOf(other);
    this.#columns = other.length;
    this.#bits = new Int32Array((one.length + 1) * this.#words);
    const places = placesOf(one, other, this.#words);
    this.#bits.fill(-1, 0, this.#words);
    for (let row = 0; row < one.length; row++) this.#fill(row * this.#words, places[one[row] as number] as Int32Array);
  }

  /** Makes the row behind the row at `from`, for a byte that stands at these places of the second value. */
  #fill(from: number, places: Int32Array): void {
    const bits = this.#bits;
    const words = this.#words;
    let carry = 0;
    for (let word = 0; word < words; word++) {
      const above = bits[from + word] as number;
      const matching = above & (places[word] as number);
      const sum = (above >>> 0) + (matching >>> 0) + carry;
      carry = sum > 0xffff_ffff ? 1 : 0;
      bits[from + words + word] = sum | (above & ~(places[word] as number));
    }
  }

  /** Whether the length of the common subsequence grows at this byte of the second value. Both count from 1. */
  grows(row: number, column: number): boolean {
    const bit = column - 1;
    const word = this.#bits[row * this.#words + (bit >>> 5)] as number;
    return ((word >>> (bit & 31)) & 1) === 0;
  }

  /** The length of the longest common subsequence. */
  get length(): number {
    const last = this.#words === 0 ? 0 : this.#bits.length / this.#words - 1;
    let length = 0;
    for (let column = 1; column <= this.#columns; column++) if (this.grows(last, column)) length += 1;
    return length;
  }
}

/** For each byte of the first value, the places at which it stands in the second. */
function placesOf(one: Buffer, other: Buffer, words: number): Array<Int32Array | undefined> {
  const places: Array<Int32Array | undefined> = Array.from({ length: 256 });
  for (const byte of one) places[byte] ??= new Int32Array(words);
  for (let at = 0; at < other.length; at++) {
    const row = places[other[at] as number];
    if (row) row[at >>> 5] = (row[at >>> 5] as number) | (1 << (at & 31));
  }
  return places;
}

/** Goes back through the table, as Redis does. The matches come in that order, the last first. */
function matchesIn(one: Buffer, other: Buffer, rows: Rows): SubsequenceMatch[] {
  const found: SubsequenceMatch[] = [];
  let row = one.length;
  let column = other.length;
  while (row > 0 && column > 0) {
    let length = 0;
    while (length < row && length < column && one[row - length - 1] === other[column - length - 1]) length += 1;
    if (length > 0) {
      row -= length;
      column -= length;
      found.push({
        range: { start: row, end: row + length - 1 },
        otherRange: { start: column, end: column + length - 1 },
      });
    } else if (rows.grows(row, column)) row -= 1;
    else column -= 1;
  }
  return found;
}
