/**
 * LevelDB's own log files (`*.log`, `MANIFEST-*`): one flipped bit there makes
 * it drop a stretch from the middle without a word.
 *
 * Format (LevelDB's doc/log_format.md): blocks of 32 KiB; in them records of
 * checksum u32, length u16 (both little-endian), type u8 (1 whole, 2 first,
 * 3 middle, 4 last) and that many bytes; fewer than 7 bytes at a block's end
 * are zero. The checksum is the CRC-32C over type and bytes, masked.
 *
 * What a power cut leaves is no damage: a file that ends inside a record, and
 * pages of zeros where the system had not written yet, wherever it had written
 * what comes behind. The log's chain and the order of a checkpoint make that
 * good. A record whose checksum does not match otherwise, with whole ones behind
 * it, was whole once, and was changed. Where it holds a page of zeros of its own
 * the two cannot be told apart, and it counts as not written.
 */
import { maskedCrc32c } from './checksum.js';

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const WHOLE_TYPE = 1;
const LAST_TYPE = 4;
/** What a file system writes at once. */
const PAGE_BYTES = 4 * 1024;
/** Looked at in one step; records of a few bytes take some milliseconds for it. */
const STEP_BYTES = 256 * 1024;

export interface LogFileDamage {
  readonly byte: number;
  readonly why: string;
}

/**
 * The first record that was whole once and is not now.
 * @param bytes a whole log file.
 */
export function logFileDamage(bytes: Buffer): LogFileDamage | undefined {
  const steps = logFileSteps(bytes);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same in steps, each of which yields the bytes that it has looked at: a process that serves does other things in between. */
export function* logFileSteps(bytes: Buffer): Generator<number, LogFileDamage | undefined> {
  let told = 0;
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    if (at - told >= STEP_BYTES) {
      yield at - told;
      told = at;
    }
    if (leftInBlock(at) < HEADER_BYTES) {
      at += leftInBlock(at);
      continue;
    }
    const record = readRecord(bytes, at);
    if (record.kind === 'cut') return undefined;
    if (record.kind === 'whole') at = record.end;
    else if (hasUnwrittenPage(bytes, at, record.end)) at += leftInBlock(at);
    else return hasWholeRecord(bytes, at + 1) ? { byte: at, why: record.why } : undefined;
  }
  return undefined;
}

/**
 * The records of a log file in order, put together where they are in parts, up
 * to where no whole one begins: what is being written there is not whole yet.
 * @param bytes a whole log file.
 */
export function* logRecords(bytes: Buffer): Generator<Buffer> {
  let parts: Buffer[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    if (leftInBlock(at) < HEADER_BYTES) {
      at += leftInBlock(at);
      continue;
    }
    const record = readRecord(bytes, at);
    if (record.kind !== 'whole') return;
    const type = bytes[at + 6] as number;
    parts.push(bytes.subarray(at + HEADER_BYTES, record.end));
    if (type === WHOLE_TYPE || type === LAST_TYPE) {
      yield parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      parts = [];
    }
    at = record.end;
  }
}

/** The bytes of the first record, or of its first part; undefined if that is not whole. */
export function firstPart(bytes: Buffer): Buffer | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const record = readRecord(bytes, 0);
  return record.kind === 'whole' ? bytes.subarray(HEADER_BYTES, record.end) : undefined;
}

/** Whether a whole record stands behind the place up to which `logRecords` can read. */
export function goesOnBehindGap(bytes: Buffer): boolean {
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    if (leftInBlock(at) < HEADER_BYTES) {
      at += leftInBlock(at);
      continue;
    }
    const record = readRecord(bytes, at);
    if (record.kind !== 'whole') return hasWholeRecord(bytes, at + 1);
    at = record.end;
  }
  return false;
}

type Read =
  | { kind: 'whole'; end: number }
  /** The file ends inside it. */
  | { kind: 'cut' }
  | { kind: 'changed'; end: number; why: string };

function readRecord(bytes: Buffer, at: number): Read {
  const length = bytes.readUInt16LE(at + 4);
  const type = bytes[at + 6] as number;
  const end = at + HEADER_BYTES + length;
  if (type < 1 || type > LAST_TYPE || end > at + leftInBlock(at))
    return { kind: 'changed', end: at + leftInBlock(at), why: `no record begins here (type ${type}, ${length} bytes)` };
  if (end > bytes.length) return { kind: 'cut' };
  if (bytes.readUInt32LE(at) === maskedCrc32c(bytes.subarray(at + 6, end))) return { kind: 'whole', end };
  return { kind: 'changed', end, why: `the record of ${length} bytes does not match its checksum` };
}

/** Looked for at every byte: where a length is damaged nothing says where the next record begins. */
function hasWholeRecord(bytes: Buffer, from: number): boolean {
  for (let at = from; at + HEADER_BYTES <= bytes.length; at++) {
    if (leftInBlock(at) < HEADER_BYTES) continue;
    if (readRecord(bytes, at).kind === 'whole') return true;
  }
  return false;
}

function leftInBlock(at: number): number {
  return BLOCK_BYTES - (at % BLOCK_BYTES);
}

/** Whether one of the pages that [from, to) touches holds nothing but zeros. */
function hasUnwrittenPage(bytes: Buffer, from: number, to: number): boolean {
  for (let page = from - (from % PAGE_BYTES); page < Math.min(to, bytes.length); page += PAGE_BYTES)
    if (bytes.subarray(page, page + PAGE_BYTES).every((byte) => byte === 0)) return true;
  return false;
}
