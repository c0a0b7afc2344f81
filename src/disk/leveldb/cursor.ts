/** Cursors over sorted files. A cursor moves in the order of key.ts. Synchronous. */
import { closeSync } from 'node:fs';
import type { HeadwaterError } from '../../base/errors.js';
import { compareKeys, endOf, KEY_TRAILER_BYTES } from './key.js';
import type { OpenTable } from './open-files.js';
import { type BlockSpan, blockIn, damageOfBlock, entriesEnd, type IndexEntry, TRAILER_BYTES } from './table.js';
import { damageAt, readAt, readIndex } from './table-index.js';
import type { Write } from './write-batch.js';

/** Bytes of a table read at once. Each cursor keeps that much in memory. */
const STRIP_BYTES = 256 * 1024;
const KEY_BYTES = 256;
const NOTHING = Buffer.alloc(0);

/**
 * A cursor writes its fields in place: a getter for each field, or an object for each row, would cost more
 * than the reading.
 */
export abstract class FileCursor {
  /** False behind the last row. The other fields have no meaning then. */
  valid = true;
  /** The key of the database up to `keyEnd`, then its trailer. Key and value are valid until the cursor moves. */
  key: Buffer = NOTHING;
  keyEnd = -1;
  value: Buffer = NOTHING;
  valueStart = 0;
  valueEnd = 0;

  abstract next(): void;
  abstract close(): void;
}

/** Writes that are in no table. Only the latest write of each key is visited. */
export class WritesCursor extends FileCursor {
  readonly #writes: readonly Write[];
  #next = 0;

  constructor(writes: readonly Write[]) {
    super();
    this.#writes = writes;
    this.next();
  }

  next(): void {
    let write: Write | undefined;
    do write = this.#writes[this.#next++];
    while (write && compareKeys(write.key, endOf(write.key), this.key, this.keyEnd) === 0);
    this.valid = write !== undefined;
    if (!write) return;
    this.key = write.key;
    this.keyEnd = endOf(write.key);
    this.value = write.value;
    this.valueEnd = write.value.length;
  }

  close(): void {}
}

/**
 * A single table, or the tables of one level, which share no keys. Each table is open until it has been read.
 * Only the latest row of each key is visited.
 */
export class TablesCursor extends FileCursor {
  readonly #tables: readonly OpenTable[];
  readonly #from: Buffer;
  readonly #to: Buffer;
  #nextTable = 0;
  #table: OpenTable | undefined;
  #index: readonly IndexEntry[] = [];
  #nextBlock = 0;
  /** The buffer that every strip is read into. The block before is used up by then. */
  #memory: Buffer = NOTHING;
  #strip: Buffer = NOTHING;
  /** The offset of the strip in the table. */
  #stripAt = 0;
  #block: Buffer = NOTHING;
  #at = 0;
  #end = 0;
  /** Whether the block may hold keys from `to` on. */
  #mayPass = false;

  /** Stands at the first row of [from, to). @throws HeadwaterError `corrupt`. */
  constructor(tables: readonly OpenTable[], from: Buffer, to: Buffer) {
    super();
    this.#from = from;
    this.#to = to;
    this.#tables = [...tables].sort((a, b) =>
      compareKeys(a.smallest, endOf(a.smallest), b.smallest, endOf(b.smallest)),
    );
    this.key = Buffer.allocUnsafeSlow(KEY_BYTES);
    do this.next();
    while (this.valid && compareKeys(this.key, this.keyEnd, from, from.length) < 0);
  }

  /** @throws HeadwaterError `corrupt`. */
  next(): void {
    do {
      while (this.#at === this.#end) {
        if (this.#nextBlock < this.#index.length) this.#readNextBlock();
        else if (!this.#openNextTable()) return this.#stop();
      }
    } while (!this.#readEntry());
    if (this.#mayPass && compareKeys(this.key, this.keyEnd, this.#to, this.#to.length) >= 0) this.#stop();
  }

  close(): void {
    if (this.#table) closeSync(this.#table.descriptor);
    this.#table = undefined;
    while (this.#nextTable < this.#tables.length) closeSync((this.#tables[this.#nextTable++] as OpenTable).descriptor);
  }

  #stop(): void {
    this.valid = false;
    this.close();
  }

  /** Opens the next table. The first block there that may have keys of the range comes next. */
  #openNextTable(): boolean {
    if (this.#table) closeSync(this.#table.descriptor);
    this.#table = this.#tables[this.#nextTable];
    if (!this.#table) return false;
    this.#nextTable++;
    this.#index = readIndex(this.#table.descriptor, this.#table.file);
    const first = this.#index.findIndex(({ key }) => compareKeys(key, endOf(key), this.#from, this.#from.length) >= 0);
    this.#nextBlock = first < 0 ? this.#index.length : first;
    this.#stripAt = 0;
    this.#strip = NOTHING;
    return true;
  }

  #readNextBlock(): void {
    const { key, place } = this.#index[this.#nextBlock++] as IndexEntry;
    this.#mayPass = compareKeys(key, endOf(key), this.#to, this.#to.length) >= 0;
    const end = place.offset + place.size + TRAILER_BYTES;
    if (place.offset < this.#stripAt || end > this.#stripAt + this.#strip.length) this.#readStrip(place);
    const why = damageOfBlock(this.#strip, place, this.#stripAt);
    if (why !== undefined) throw this.#damage(place.offset, why);
    this.#block = this.value = blockIn(this.#strip, place, this.#stripAt);
    this.#at = 0;
    this.#end = entriesEnd(this.#block);
  }

  #readStrip({ offset, size }: BlockSpan): void {
    const bytes = Math.max(STRIP_BYTES, size + TRAILER_BYTES);
    if (this.#memory.length < bytes) this.#memory = Buffer.allocUnsafeSlow(bytes);
    this.#strip = readAt((this.#table as OpenTable).descriptor, offset, this.#memory);
    this.#stripAt = offset;
  }

  /**
   * Reads an entry: length shared with the key before, length of the rest of the key, length of the value,
   * rest, value.
   * @returns false if the entry is an older row of the same key.
   */
  #readEntry(): boolean {
    const shared = this.#varint();
    const rest = this.#varint();
    const valueBytes = this.#varint();
    const length = shared + rest;
    if (this.#at + rest + valueBytes > this.#end || length < KEY_TRAILER_BYTES)
      throw this.#damage(
        (this.#index[this.#nextBlock - 1] as IndexEntry).place.offset,
        'an entry ends after the end of its block',
      );
    if (length > this.key.length) this.key = Buffer.concat([this.key], 2 * length);
    const { key } = this;
    const block = this.#block;
    const keyEnd = length - KEY_TRAILER_BYTES;
    let at = this.#at;
    let isNew = keyEnd !== this.keyEnd;
    for (let i = shared; i < keyEnd; i++) {
      const byte = block[at++] as number;
      if (byte === key[i]) continue;
      isNew = true;
      key[i] = byte;
    }
    for (let i = Math.max(shared, keyEnd); i < length; i++) key[i] = block[at++] as number;
    this.keyEnd = keyEnd;
    this.valueStart = at;
    this.#at = this.valueEnd = at + valueBytes;
    return isNew;
  }

  /** Reads up to 32 bits. */
  #varint(): number {
    const block = this.#block;
    let byte = block[this.#at++] as number;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
      byte = block[this.#at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
    }
    return value;
  }

  #damage(byte: number, why: string): HeadwaterError {
    return damageAt((this.#table as OpenTable).file, byte, why);
  }
}
