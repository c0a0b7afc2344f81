/**
 * LevelDB's tables (`*.ldb`), whose blocks have checksums that LevelDB does not
 * look at when it reads them: a flipped bit is served silently, or ends the
 * process where it makes no sense.
 *
 * Format (LevelDB's doc/table_format.md): blocks, each followed by type u8 (0
 * plain, 1 Snappy) and a masked CRC-32C over block and type, little-endian; the
 * last 48 bytes are the places of the metaindex and the index block and a magic
 * number. The index has for each block a key that is no smaller than any in it,
 * and its place.
 */
import { uncompressSync } from 'snappy';
import { maskedCrc32c } from './checksum.js';

const FOOTER_BYTES = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
const TRAILER_BYTES = 5;
/** Sequence number and kind, behind each key. */
const KEY_TRAILER_BYTES = 8;

export interface TableDamage {
  readonly byte: number;
  readonly why: string;
  /** The damaged block holds keys after this one; undefined: from the first of the table. */
  readonly after: Buffer | undefined;
  /** And none after this one; undefined: to the last of the table. */
  readonly through: Buffer | undefined;
}

interface Place {
  readonly offset: number;
  readonly size: number;
}

interface IndexEntry {
  /** Not the database's key always, but one between two of them. */
  readonly key: Buffer;
  readonly place: Place;
}

/** Looked at in one step. */
const STEP_BYTES = 256 * 1024;
/** Entries of an index taken apart in one step. */
const STEP_ENTRIES = 512;

/**
 * In steps, each of which yields the bytes that it has looked at: a process that
 * serves does other things in between.
 * @param bytes a whole table.
 */
export function* tableSteps(bytes: Buffer): Generator<number, TableDamage[]> {
  const whole = (byte: number, why: string): TableDamage[] => [{ byte, why, after: undefined, through: undefined }];
  const footer = bytes.length - FOOTER_BYTES;
  if (footer < 0 || !bytes.subarray(-MAGIC.length).equals(MAGIC))
    return whole(Math.max(0, footer), 'it does not end as a table does');
  let index: Place;
  let metaindex: Place;
  let entries: IndexEntry[];
  try {
    const reader = new Reader(bytes.subarray(footer));
    metaindex = reader.place();
    index = reader.place();
    for (const place of [metaindex, index]) {
      const why = damageAt(bytes, place);
      if (why !== undefined) return whole(place.offset, `its index: ${why}`);
    }
    entries = yield* indexEntries(blockAt(bytes, index));
  } catch (error) {
    return whole(footer, `its index cannot be read: ${(error as Error).message}`);
  }
  const damages: TableDamage[] = [];
  let after: Buffer | undefined;
  let looked = 0;
  for (const { key, place } of entries) {
    looked += place.size;
    if (looked >= STEP_BYTES) {
      yield looked;
      looked = 0;
    }
    const why = damageAt(bytes, place);
    if (why !== undefined) damages.push({ byte: place.offset, why, after, through: key });
    after = key;
  }
  return damages;
}

function damageAt(bytes: Buffer, { offset, size }: Place): string | undefined {
  const end = offset + size;
  if (end + TRAILER_BYTES > bytes.length) return `the block at byte ${offset} would end behind the table`;
  if (maskedCrc32c(bytes.subarray(offset, end + 1)) === bytes.readUInt32LE(end + 1)) return undefined;
  return `the block of ${size} bytes does not match its checksum`;
}

function blockAt(bytes: Buffer, { offset, size }: Place): Buffer {
  const stored = bytes.subarray(offset, offset + size);
  return bytes[offset + size] === 1 ? (uncompressSync(stored) as Buffer) : stored;
}

/** Entries of a block: length shared with the key before, rest of the key, value; then the restarts. */
function* indexEntries(block: Buffer): Generator<number, IndexEntry[]> {
  const restarts = block.readUInt32LE(block.length - 4);
  const reader = new Reader(block.subarray(0, block.length - 4 - 4 * restarts));
  const entries: IndexEntry[] = [];
  let key = Buffer.alloc(0);
  while (!reader.done) {
    if (entries.length % STEP_ENTRIES === STEP_ENTRIES - 1) yield 0;
    const shared = reader.varint();
    const rest = reader.varint();
    const value = reader.varint();
    key = Buffer.concat([key.subarray(0, shared), reader.bytes(rest)]);
    const place = new Reader(reader.bytes(value)).place();
    entries.push({ key: key.subarray(0, -KEY_TRAILER_BYTES), place });
  }
  return entries;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Up to 2^53: no file is larger. */
  varint(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || shift > 2 ** 49) throw new Error('a number does not end');
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  }

  bytes(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new Error(`expected ${count} bytes more`);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  place(): Place {
    return { offset: this.varint(), size: this.varint() };
  }
}
