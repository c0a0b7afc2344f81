/**
 * A key table whose keys can be put in order, as merge.ts asks for it. The order is a part of the table, and not beside
 * it, since a flush compares each key many times.
 */
import { KeyTable, NATIVE_BYTES_MIN } from './key-table.js';
import type { Keys } from './merge.js';

/** Compares parts of two buffers in byte order. */
export function compareBytes(
  left: Buffer,
  start: number,
  end: number,
  right: Buffer,
  rightStart: number,
  rightEnd: number,
): number {
  let i = start;
  let j = rightStart;
  if (end - i > NATIVE_BYTES_MIN && rightEnd - j > NATIVE_BYTES_MIN) return left.compare(right, j, rightEnd, i, end);
  for (; i < end && j < rightEnd; i++, j++) {
    const difference = (left[i] as number) - (right[j] as number);
    if (difference !== 0) return difference;
  }
  return end - i - (rightEnd - j);
}

export class OrderedKeyTable extends KeyTable implements Keys {
  /** Compares the keys of two entries in byte order. */
  compare(a: number, b: number): number {
    const right = this.bytesOf(b);
    return compareBytes(this.bytesOf(a), this.keyStart(a), this.keyEnd(a), right, this.keyStart(b), this.keyEnd(b));
  }

  /** Compares the key of an entry with another key in byte order. */
  compareKey(entry: number, key: Buffer): number {
    return compareBytes(this.bytesOf(entry), this.keyStart(entry), this.keyEnd(entry), key, 0, key.length);
  }

  /** The number of equal bytes at the beginning of two entries' keys, at most `max`. */
  sharedBytes(a: number, b: number, max: number): number {
    const left = this.bytesOf(a);
    const right = this.bytesOf(b);
    const i = this.keyStart(a);
    const j = this.keyStart(b);
    const end = Math.min(max, this.keyEnd(a) - i, this.keyEnd(b) - j);
    if (end > NATIVE_BYTES_MIN && left.compare(right, j, j + end, i, i + end) === 0) return end;
    let shared = 0;
    while (shared < end && left[i + shared] === right[j + shared]) shared++;
    return shared;
  }

  /**
   * The `count` bytes of a key behind the first `from` as a big-endian number. `count` is at most 6. Bytes
   * behind the end of the key are 0.
   */
  leadingBytes(entry: number, from: number, count: number): number {
    const bytes = this.bytesOf(entry);
    const start = this.keyStart(entry) + from;
    const end = this.keyEnd(entry);
    let value = 0;
    for (let at = start; at < start + count; at++) value = value * 256 + (at < end ? (bytes[at] as number) : 0);
    return value;
  }
}
