/**
 * The bytes of one key in the keyspace database, and the database's keys.
 *
 * Record format 1, integers big-endian:
 *
 *   at      size
 *    0         1  format number
 *    1         1  type: 0 = string
 *    2         8  version: the offset of the key's last write
 *   10         8  expires at, milliseconds since the epoch; 0 = never
 *   18         …  value
 *   end - 4    4  CRC-32 (zlib's) over the key and all bytes before
 *
 * The checksum covers the key, so that a record cannot turn up under another key.
 *
 * Keys of the database:
 *
 *   d ‖ epoch u32 ‖ key                   a record
 *   t ‖ due time u64 ‖ epoch u32 ‖ key    look at this key then; an empty value
 *   m ‖ name                              what checkpoints keep (checkpoint-record.ts)
 *   p ‖ epoch u32 ‖ number u64            prints of keys (key-prints.ts)
 *
 * The epoch rises with every `clear`, which hides all older rows at once. A sweep deletes them later. Each node
 * has its own epochs, which never travel. They are not the epochs of the leadership.
 */
import { crc32 } from 'node:zlib';
import { crc32Of } from '../base/crc32.js';
import { HeadwaterError } from '../base/errors.js';
import { readUint64, writeUint64 } from '../base/uint64.js';
import { unknownFormat } from '../base/unknown-format.js';
import type { Entry } from '../model/command.js';

export const RECORD_FORMAT = 1;
export const RECORD_HEADER_BYTES = 18;
export const RECORD_TRAILER_BYTES = 4;
export const RECORD_OVERHEAD_BYTES = RECORD_HEADER_BYTES + RECORD_TRAILER_BYTES;

const DATA_PREFIX = 'd'.charCodeAt(0);
const DUE_PREFIX = 't'.charCodeAt(0);
export const DATA_KEY_HEADER_BYTES = 5;
const DUE_KEY_HEADER_BYTES = 13;

/** Due times are rounded up to this, so that a key refreshed each second leaves few rows. */
const DUE_GRAIN_MS = 4_000;

/** Writes the bytes before the value, at `at`. */
export function writeRecordHeader(bytes: Buffer, at: number, type: number, version: number, expiresAtMs: number): void {
  bytes[at] = RECORD_FORMAT;
  bytes[at + 1] = type;
  writeUint64(bytes, version, at + 2);
  writeUint64(bytes, expiresAtMs, at + 10);
}

export function encodeRecord(key: Buffer, entry: Entry): Buffer {
  const record = Buffer.allocUnsafe(RECORD_OVERHEAD_BYTES + entry.value.length);
  const end = record.length - RECORD_TRAILER_BYTES;
  writeRecordHeader(record, 0, entry.type, entry.version, entry.expiresAtMs);
  record.set(entry.value, RECORD_HEADER_BYTES);
  record.writeUInt32BE(crc32(record.subarray(0, end), crc32(key)), end);
  return record;
}

/**
 * The entry of a record. The value is a view into `record`.
 * @throws HeadwaterError `corrupt` or `unknown_format`.
 */
export function decodeRecord(key: Buffer, record: Buffer): Entry {
  verifyRecord(key, record);
  return {
    type: record[1] as number,
    version: readUint64(record, 2),
    expiresAtMs: readUint64(record, 10),
    value: record.subarray(RECORD_HEADER_BYTES, record.length - RECORD_TRAILER_BYTES),
  };
}

export function verifyRecord(key: Buffer, record: Buffer): void {
  if (record.length < RECORD_OVERHEAD_BYTES) {
    throw new HeadwaterError(
      'corrupt',
      `the record of ${describeKey(key)} has ${record.length} bytes, expected at least ${RECORD_OVERHEAD_BYTES}`,
    );
  }
  if (record[0] !== RECORD_FORMAT) {
    throw unknownFormat({
      subject: `the record of ${describeKey(key)}`,
      name: 'record format',
      found: record[0],
      read: [RECORD_FORMAT],
    });
  }
  const end = record.length - RECORD_TRAILER_BYTES;
  if (crc32Of(record, 0, end, crc32Of(key, 0, key.length)) !== record.readUInt32BE(end)) {
    throw new HeadwaterError(
      'corrupt',
      `the record of ${describeKey(key)} does not match its checksum: the disk changed it`,
    );
  }
}

/**
 * Verifies a key and its record that stand one behind the other, as `verifyRecord` does, in one pass and
 * without views.
 */
export function verifyRecordAt(bytes: Buffer, keyStart: number, recordStart: number, end: number): void {
  const checked = end - RECORD_TRAILER_BYTES;
  if (
    end - recordStart >= RECORD_OVERHEAD_BYTES &&
    bytes[recordStart] === RECORD_FORMAT &&
    crc32Of(bytes, keyStart, checked) === bytes.readUInt32BE(checked)
  )
    return;
  // `verifyRecord` finds the reason and throws it.
  verifyRecord(Buffer.from(bytes.subarray(keyStart, recordStart)), bytes.subarray(recordStart, end));
}

/** Whether an error says that a record cannot be read, by any reader and at any time. */
export function isDamage(error: unknown): error is HeadwaterError {
  return HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'unknown_format');
}

/** The type of a verified record, without decoding the rest. */
export function recordType(record: Buffer): number {
  return record[1] as number;
}

/** The expiry of a verified record, without decoding the rest. */
export function recordExpiresAtMs(record: Buffer): number {
  return readUint64(record, 10);
}

export function dataKey(epoch: number, key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(DATA_KEY_HEADER_BYTES + key.length);
  writeDataKeyHeader(bytes, 0, epoch);
  bytes.set(key, DATA_KEY_HEADER_BYTES);
  return bytes;
}

/** Writes the bytes before the key in the key of its record, at `at`. */
export function writeDataKeyHeader(bytes: Buffer, at: number, epoch: number): void {
  bytes[at] = DATA_PREFIX;
  bytes.writeUInt32BE(epoch, at + 1);
}

/** Whether a row of the database is a record. The key may be cut off behind the epoch. */
export function isDataKey(key: Buffer): boolean {
  return key[0] === DATA_PREFIX && key.length >= DATA_KEY_HEADER_BYTES;
}

export function userKey(key: Buffer): Buffer {
  return key.subarray(DATA_KEY_HEADER_BYTES);
}

/** A place before all records of an epoch. `dataEnd` is behind them. */
export function dataStart(epoch: number): Buffer {
  return dataKey(epoch, Buffer.alloc(0));
}

export function dataEnd(epoch: number): Buffer {
  return dataStart(epoch + 1);
}

export function dueKey(expiresAtMs: number, epoch: number, key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(DUE_KEY_HEADER_BYTES + key.length);
  bytes[0] = DUE_PREFIX;
  // The last possible expiries lie behind the last whole grain.
  writeUint64(bytes, Math.min(Math.ceil(expiresAtMs / DUE_GRAIN_MS) * DUE_GRAIN_MS, Number.MAX_SAFE_INTEGER), 1);
  bytes.writeUInt32BE(epoch, 9);
  bytes.set(key, DUE_KEY_HEADER_BYTES);
  return bytes;
}

/** A place before all due rows. `dueEnd` is behind those that are due at `nowMs`. */
export const DUE_START = Buffer.from([DUE_PREFIX]);

export function dueEnd(nowMs: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = DUE_PREFIX;
  writeUint64(bytes, nowMs + 1, 1);
  return bytes;
}

export function parseDueKey(bytes: Buffer): { dueMs: number; epoch: number; key: Buffer } {
  return { dueMs: readUint64(bytes, 1), epoch: bytes.readUInt32BE(9), key: bytes.subarray(DUE_KEY_HEADER_BYTES) };
}

/** Formats a key for messages: printable and short, never a whole large key. */
export function describeKey(key: Buffer): string {
  const shown = JSON.stringify(key.toString('utf8', 0, Math.min(key.length, 64)));
  return key.length > 64 ? `the key ${shown}… (${key.length} bytes)` : `the key ${shown}`;
}
