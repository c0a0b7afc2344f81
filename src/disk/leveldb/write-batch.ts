/**
 * The content of LevelDB's `*.log` files: writes that are in no table yet.
 *
 * Format (LevelDB's db/write_batch.cc): a record of the file is sequence number u64, count u32, both
 * little-endian, and that many writes. A write is kind u8, key, and for the kind VALUE the value. Key and
 * value have their lengths before them. The first write has the sequence number, each further write the next.
 */
import { ByteReader } from './bytes.js';
import { compareAges, compareKeys, DELETION, endOf, KEY_TRAILER_BYTES, VALUE } from './key.js';
import { firstPart, logRecords } from './log-file.js';

const HEADER_BYTES = 12;

export interface Write {
  /** The key with the trailer of key.ts. */
  readonly key: Buffer;
  /** Empty for a deletion. */
  readonly value: Buffer;
}

/**
 * All writes of some log files to keys in [from, to), in the order of key.ts.
 * @throws Error if the log files make no sense.
 */
export function writesIn(logs: readonly Buffer[], from: Buffer, to: Buffer): Write[] {
  const writes: Write[] = [];
  for (const log of logs) for (const record of logRecords(log)) collect(record, from, to, writes);
  return writes.sort((a, b) => {
    const [aEnd, bEnd] = [endOf(a.key), endOf(b.key)];
    return compareKeys(a.key, aEnd, b.key, bEnd) || compareAges(a.key, aEnd, b.key, bEnd);
  });
}

/** The sequence numbers of the first and the last write of a log file. Undefined if its first record is not whole. */
export function sequencesOf(log: Buffer): { first: bigint; last: bigint } | undefined {
  let first: bigint | undefined;
  let last = 0n;
  for (const record of logRecords(log)) {
    if (record.length < HEADER_BYTES) return undefined;
    const sequence = record.readBigUInt64LE();
    first ??= sequence;
    last = sequence + BigInt(record.readUInt32LE(8)) - 1n;
  }
  return first === undefined ? undefined : { first, last };
}

/**
 * @param head the first 32 KiB of a log file.
 * @returns undefined if its first record, or the first part of that, is not whole.
 */
export function firstSequenceOf(head: Buffer): bigint | undefined {
  const record = firstPart(head);
  return record && record.length >= HEADER_BYTES ? record.readBigUInt64LE() : undefined;
}

function collect(record: Buffer, from: Buffer, to: Buffer, writes: Write[]): void {
  if (record.length < HEADER_BYTES)
    throw new Error(`expected a write of at least ${HEADER_BYTES} bytes, found ${record.length}`);
  const sequence = record.readBigUInt64LE();
  const count = record.readUInt32LE(8);
  const reader = new ByteReader(record.subarray(HEADER_BYTES));
  for (let i = 0; i < count; i++) {
    const kind = reader.bytes(1)[0] as number;
    if (kind !== DELETION && kind !== VALUE)
      throw new Error(`a write has the kind ${kind}, which this version does not know`);
    const key = reader.string();
    const value = kind === VALUE ? reader.string() : Buffer.alloc(0);
    if (Buffer.compare(key, from) < 0 || Buffer.compare(key, to) >= 0) continue;
    const withTrailer = Buffer.allocUnsafe(key.length + KEY_TRAILER_BYTES);
    withTrailer.set(key);
    withTrailer.writeBigUInt64LE(((sequence + BigInt(i)) << 8n) | BigInt(kind), key.length);
    writes.push({ key: withTrailer, value });
  }
}
