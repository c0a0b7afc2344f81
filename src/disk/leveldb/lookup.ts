/**
 * Looks up single keys in the files of a database that nobody writes to. The checksum of every block that is
 * read is verified. Synchronous. The most recently used tables stay open, with their indexes in memory.
 */

import { closeSync, openSync } from 'node:fs';
import { firstIndex } from '../../base/search.js';
import { ByteReader } from './bytes.js';
import { compareAges, compareKeys, endOf, VALUE } from './key.js';
import { type BlockSpan, blockIn, damageOfBlock, entriesEnd, type IndexEntry, TRAILER_BYTES } from './table.js';
import { damageAt, readAt, readIndex } from './table-index.js';
import type { TableOfVersion } from './version.js';
import type { Write } from './write-batch.js';

export interface TableFile extends TableOfVersion {
  readonly file: string;
}

/** The most tables kept open. Each takes a descriptor, and memory of about a hundredth of the table. */
const OPEN_MAX = 64;

export class Lookup {
  readonly #tables: readonly TableFile[];
  /** Writes in the order of key.ts. */
  readonly #writes: readonly Write[];
  /** Open tables, the least recently used first. */
  readonly #open = new Map<TableFile, Table>();

  constructor(tables: readonly TableFile[], writes: readonly Write[]) {
    this.#tables = tables;
    this.#writes = writes;
  }

  /** @throws HeadwaterError `corrupt`, or the system's error. */
  get(key: Buffer): Buffer | undefined {
    const write = this.#writes[firstAtOrBehind(this.#writes, key)];
    let latest = write && isOf(write.key, key) ? write : undefined;
    for (const table of this.#tables) {
      if (isBefore(key, table.smallest) || isBehind(key, table.largest)) continue;
      const found = this.#table(table).get(key);
      if (!found || (latest && compareAges(latest.key, endOf(latest.key), found.key, endOf(found.key)) < 0)) continue;
      latest = found;
    }
    return latest && latest.key[endOf(latest.key)] === VALUE ? latest.value : undefined;
  }

  close(): void {
    for (const table of this.#open.values()) table.close();
    this.#open.clear();
  }

  #table(of: TableFile): Table {
    const table = this.#open.get(of) ?? new Table(of.file);
    this.#open.delete(of);
    this.#open.set(of, table);
    if (this.#open.size > OPEN_MAX) {
      const [[oldest, its]] = [...this.#open] as [[TableFile, Table]];
      this.#open.delete(oldest);
      its.close();
    }
    return table;
  }
}

/** The index of the first entry whose key is `key` or comes behind it. */
export function firstAtOrBehind(entries: ReadonlyArray<{ readonly key: Buffer }>, key: Buffer): number {
  return firstIndex(entries.length, (at) => !isBehind(key, (entries[at] as { readonly key: Buffer }).key));
}

class Table {
  readonly #file: string;
  readonly #descriptor: number;
  readonly #index: readonly IndexEntry[];
  /** The block that was read last. */
  #block: { readonly place: BlockSpan; readonly bytes: Buffer } | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#descriptor = openSync(file, 'r');
    try {
      this.#index = readIndex(this.#descriptor, file);
    } catch (error) {
      closeSync(this.#descriptor);
      throw error;
    }
  }

  /** The latest row of the key, with its trailer. */
  get(key: Buffer): Write | undefined {
    // Rows of a key may continue in the next block. The first of them is the latest.
    const at = this.#index[firstAtOrBehind(this.#index, key)];
    return at && firstOf(key, this.#cached(at.place));
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #cached(place: BlockSpan): Buffer {
    if (this.#block?.place !== place) this.#block = { place, bytes: this.#blockAt(place) };
    return this.#block.bytes;
  }

  #blockAt(place: BlockSpan): Buffer {
    const bytes = readAt(this.#descriptor, place.offset, Buffer.allocUnsafe(place.size + TRAILER_BYTES));
    const why = damageOfBlock(bytes, place, place.offset);
    if (why !== undefined) throw damageAt(this.#file, place.offset, why);
    return blockIn(bytes, place, place.offset);
  }
}

/** The first row of the key in a block. Undefined if there is none. */
function firstOf(key: Buffer, block: Buffer): Write | undefined {
  const reader = new ByteReader(block.subarray(0, entriesEnd(block)));
  let found = Buffer.alloc(0);
  while (!reader.done) {
    const shared = reader.varint();
    const rest = reader.varint();
    const valueBytes = reader.varint();
    found = Buffer.concat([found.subarray(0, shared), reader.bytes(rest)]);
    const value = reader.bytes(valueBytes);
    if (isBehind(key, found)) continue;
    return isOf(found, key) ? { key: found, value } : undefined;
  }
  return undefined;
}

/** Whether a key comes behind another key that has its trailer. */
function isBehind(key: Buffer, other: Buffer): boolean {
  return compareKeys(key, key.length, other, endOf(other)) > 0;
}

function isBefore(key: Buffer, other: Buffer): boolean {
  return compareKeys(key, key.length, other, endOf(other)) < 0;
}

function isOf(withTrailer: Buffer, key: Buffer): boolean {
  return compareKeys(withTrailer, endOf(withTrailer), key, key.length) === 0;
}
