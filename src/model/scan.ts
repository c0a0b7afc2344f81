/** The requests and replies of a scan. A scanned record is the part of a key that clients may see. */
import type { ValueType } from './operation.js';

/** The keys that are asked for. */
export interface KeysRequest {
  /** A glob. Empty for all keys. */
  readonly pattern: Buffer;
  /** The first key of the range. Empty to begin at the first key of all. */
  readonly start: Buffer;
  /** The key before which the range ends. Undefined to end at the last key of all. */
  readonly end: Buffer | undefined;
  /** The largest number of keys. 0 for no limit. */
  readonly limit: number;
  /** The last key of the range comes first. */
  readonly reverse: boolean;
}

export interface ScanRequest extends KeysRequest {
  readonly keysOnly: boolean;
}

export interface ScannedRecord {
  readonly key: Buffer;
  /** The value, empty if only keys were asked for. */
  readonly value: Buffer;
  readonly type: ValueType;
  /** The time of expiry, or 0 for never. */
  readonly expiresAtMs: number;
  readonly version: number;
}

export interface ScanResponse {
  readonly records: readonly ScannedRecord[];
  /** The offset of the snapshot, the same in every message of one scan. */
  readonly offset: number;
}
