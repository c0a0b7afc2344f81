/** Ranges of keys, and the requests and replies that compare, fetch and repair them. */
import type { Position } from './position.js';

/** All keys from `from` on and before `to`. */
export interface KeyRange {
  /** The first key. Empty to begin at the first key of all. */
  readonly from: Buffer;
  /** The key before which the range ends. Undefined to end at the last key of all. */
  readonly to: Buffer | undefined;
}

/** The first key behind `key`, in the order of keys. */
export function keyBehind(key: Buffer): Buffer {
  const behind = Buffer.allocUnsafe(key.length + 1);
  behind.set(key);
  behind[key.length] = 0;
  return behind;
}

/** The keys that begin with the prefix. */
export function rangeOfPrefix(prefix: Buffer): KeyRange {
  const last = prefix.findLastIndex((byte) => byte !== 0xff);
  if (last < 0) return { from: prefix, to: undefined };
  const to = Buffer.from(prefix.subarray(0, last + 1));
  to[last] = (to[last] as number) + 1;
  return { from: prefix, to };
}

/** The keys that are in both ranges. `to` may be before `from` if there are none. */
export function bothRanges(one: KeyRange, other: KeyRange): KeyRange {
  const from = Buffer.compare(one.from, other.from) >= 0 ? one.from : other.from;
  if (one.to === undefined || other.to === undefined) return { from, to: one.to ?? other.to };
  return { from, to: Buffer.compare(one.to, other.to) <= 0 ? one.to : other.to };
}

export function isInRange(key: Buffer, { from, to }: KeyRange): boolean {
  return Buffer.compare(from, key) <= 0 && (to === undefined || Buffer.compare(key, to) < 0);
}

export interface RangeDigestsRequest {
  readonly markId: string;
  readonly ranges: readonly KeyRange[];
  /** For each range, the number of keys behind which it is cut. 0 or absent for no cuts. */
  readonly cuts: readonly number[];
}

/** The digest of a piece of a range. */
export interface RangeDigest {
  /** The index of the range. */
  readonly range: number;
  /** The last key of a piece behind which the range was cut. Empty at the end of the range. */
  readonly lastKey: Buffer;
  /** True if the piece goes to the end of the range. */
  readonly end: boolean;
  /** The number of keys in the piece. */
  readonly keys: number;
  /** The digest over the sound records, 32 bytes. */
  readonly digest: Buffer;
  /** Keys with damaged records. */
  readonly damaged: number;
  /** The reason why the range could not be read to its end, or empty. */
  readonly unreadable: string;
}

export interface FetchRangesRequest {
  readonly markId: string;
  /** Ranges in key order that do not overlap. */
  readonly ranges: readonly KeyRange[];
}

export interface FetchRangesResponse {
  /** The position of the records, in the first response only. */
  readonly position: Position | undefined;
  /** The next bytes of all entries, in the form of `packEntry`. */
  readonly entries: Buffer;
  readonly end: boolean;
  /**
   * The index of the range that the next request begins in. All ranges before it have come, and the keys before
   * `nextKey` of this one. Valid at the end.
   */
  readonly nextRange: number;
  readonly nextKey: Buffer;
}

/** The progress of a repair of key ranges. */
export interface RepairRangesResponse {
  /** The offset of the upstream's data. */
  readonly offset: number;
  /** The number of keys that were written so far. */
  readonly written: number;
  /** The number of keys that were deleted so far. */
  readonly deleted: number;
}
