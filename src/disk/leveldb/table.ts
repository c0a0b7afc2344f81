/**
 * LevelDB's tables (`*.ldb`).
 *
 * Format (LevelDB's doc/table_format.md): blocks, each followed by type u8 (0
 * plain, 1 Snappy) and a masked CRC-32C over block and type, little-endian; the
 * last 48 bytes are the places of the metaindex and the index block and a magic
 * number. The index has for each block a key that is no smaller than any in it,
 * and its place. Keys are those of the database with sequence number and kind
 * behind them (key.ts).
 */
import { uncompressSync } from 'snappy';
import { ByteReader } from './bytes.js';
import { maskedCrc32c } from './checksum.js';

export const FOOTER_BYTES = 48;
export const TRAILER_BYTES = 5;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');

/** Of a block, without its trailer. */
export interface Place {
  readonly offset: number;
  readonly size: number;
}

export interface IndexEntry {
  /** Not one of the table always, but one between two of them. */
  readonly key: Buffer;
  readonly place: Place;
}

/** For 4 KiB, three times as fast as a buffer over memory of its own (measured). */
const COPIED = { copyOutputData: true };
/** Entries of an index taken apart in one step. */
const STEP_ENTRIES = 512;

export function endsAsTable(bytes: Buffer): boolean {
  return bytes.length >= FOOTER_BYTES && bytes.subarray(-MAGIC.length).equals(MAGIC);
}

/** @param footer the last 48 bytes. @throws Error where they make no sense. */
export function placesIn(footer: Buffer): { metaindex: Place; index: Place } {
  const reader = new ByteReader(footer);
  return { metaindex: placeIn(reader), index: placeIn(reader) };
}

/** @param bytes that begin `place.offset - at` bytes before the block and hold it with its trailer. */
export function damageOfBlock(bytes: Buffer, { offset, size }: Place, at = 0): string | undefined {
  const begin = offset - at;
  const end = begin + size;
  if (end + TRAILER_BYTES > bytes.length) return `the block at byte ${offset} would end behind the table`;
  if (maskedCrc32c(bytes.subarray(begin, end + 1)) === bytes.readUInt32LE(end + 1)) return undefined;
  return `the block of ${size} bytes does not match its checksum`;
}

/** A block of proven bytes, which are as for `damageOfBlock`; a view of them where it is not compressed. */
export function blockIn(bytes: Buffer, { offset, size }: Place, at = 0): Buffer {
  const stored = bytes.subarray(offset - at, offset - at + size);
  return bytes[offset - at + size] === 1 ? (uncompressSync(stored, COPIED) as Buffer) : stored;
}

/** Where the entries of a block end: what follows are the restarts. */
export function entriesEnd(block: Buffer): number {
  return block.length - 4 - 4 * block.readUInt32LE(block.length - 4);
}

/**
 * Entries of an index block: length shared with the key before, rest of the key,
 * place. Yields now and then, for whoever does other things in between.
 * @throws Error where they make no sense.
 */
export function* indexSteps(block: Buffer): Generator<number, IndexEntry[]> {
  const reader = new ByteReader(block.subarray(0, entriesEnd(block)));
  const entries: IndexEntry[] = [];
  let key = Buffer.alloc(0);
  while (!reader.done) {
    if (entries.length % STEP_ENTRIES === STEP_ENTRIES - 1) yield 0;
    const shared = reader.varint();
    const rest = reader.varint();
    const value = reader.varint();
    key = Buffer.concat([key.subarray(0, shared), reader.bytes(rest)]);
    entries.push({ key, place: placeIn(new ByteReader(reader.bytes(value))) });
  }
  return entries;
}

/** The place of a table's first block. @throws Error if that makes no sense. */
export function firstPlaceIn(index: Buffer): Place {
  const reader = new ByteReader(index.subarray(0, entriesEnd(index)));
  reader.varint();
  const keyBytes = reader.varint();
  const placeBytes = reader.varint();
  reader.bytes(keyBytes);
  return placeIn(new ByteReader(reader.bytes(placeBytes)));
}

/** The first key of a block, which shares nothing with another one. @throws Error where that makes no sense. */
export function firstKeyIn(block: Buffer): Buffer {
  const reader = new ByteReader(block);
  reader.varint();
  const keyBytes = reader.varint();
  reader.varint();
  return reader.bytes(keyBytes);
}

function placeIn(reader: ByteReader): Place {
  return { offset: reader.varint(), size: reader.varint() };
}
