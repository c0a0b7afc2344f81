/** The requests and replies of a scan. A scanned record is the part of a key that clients may see. */
import type { ValueType } from './operation.js';

export interface ScanRequest {
  /** A glob. Empty for all keys. */
  readonly pattern: Buffer;
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
