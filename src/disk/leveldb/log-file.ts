/**
 * LevelDB's own log files (`*.log`, `MANIFEST-*`). A single flipped bit there makes LevelDB silently drop a
 * stretch from the middle.
 *
 * Format (LevelDB's doc/log_format.md): the file is divided into blocks of 32 KiB, and blocks into records. A
 * record is checksum u32, length u16 (both little-endian), type u8 (1 whole, 2 first, 3 middle, 4 last) and
 * that many bytes. Fewer than 7 bytes at a block's end are zero. The checksum is the CRC-32C over type and
 * bytes, masked.
 *
 * The remains of a power cut are no damage. A file may end inside a record. Pages that the system had not
 * written yet are zeros, even before pages that it had written. The log's chain and the order of a checkpoint
 * make good what such a file lacks.
 *
 * Any other record whose checksum does not match, with whole ones behind it, was whole once and was changed.
 * If such a record holds a page of zeros of its own, the two cases look the same, and the page counts as not
 * written.
 */
import { maskedCrc32c } from './checksum.js';

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const WHOLE_TYPE = 1;
const LAST_TYPE = 4;
/** Bytes that a file system writes at once. */
const PAGE_BYTES = 4 * 1024;
/** Bytes checked in one step. Records of a few bytes take some milliseconds for that. */
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

/**
 * Does the same in steps. Each step yields the bytes that it has checked, so that a serving process can do
 * other work in between.
 */
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
 * The records of a log file in order, joined if they are in parts. Ends at the first record that is not
 * whole: it is still being written.
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

/** The bytes of the first record, or of its first part. Undefined if that is not whole. */
export function firstPart(bytes: Buffer): Buffer | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const record = readRecord(bytes, 0);
  return record.kind === 'whole' ? bytes.subarray(HEADER_BYTES, record.end) : undefined;
}

/** Whether a whole record stands behind the offset up to which `logRecords` can read. */
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
  /** The file ends inside the record. */
  | { kind: 'cut' }
  | { kind: 'changed'; end: number; why: string };

function readRecord(bytes: Buffer, at: number): Read {
  const length = bytes.readUInt16LE(at + 4);
  const type = bytes[at + 6] as number;
  const end = at + HEADER_BYTES + length;
  if (type < 1 || type > LAST_TYPE || end > at + leftInBlock(at))
    return {
      kind: 'changed',
      end: at + leftInBlock(at),
      why: `expected the beginning of a record, found type ${type} and ${length} bytes`,
    };
  if (end > bytes.length) return { kind: 'cut' };
  if (bytes.readUInt32LE(at) === maskedCrc32c(bytes.subarray(at + 6, end))) return { kind: 'whole', end };
  return { kind: 'changed', end, why: `the record of ${length} bytes does not match its checksum` };
}

/** Searches at every byte: if a length is damaged, nothing says where the next record begins. */
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

/** Whether one of the pages that [from, to) touches holds only zeros. */
function hasUnwrittenPage(bytes: Buffer, from: number, to: number): boolean {
  for (let page = from - (from % PAGE_BYTES); page < Math.min(to, bytes.length); page += PAGE_BYTES)
    if (bytes.subarray(page, page + PAGE_BYTES).every((byte) => byte === 0)) return true;
  return false;
}
