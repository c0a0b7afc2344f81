/**
 * A database read out of its files. LevelDB writes to every database that it opens: LevelDB makes tables of its log
 * files, begins another manifest, and deletes unneeded files. So commands that only read a stopped node use this
 * reader, which changes nothing and needs only read access.
 */
import { openSync } from 'node:fs';
import { HeadwaterError } from '../base/errors.js';
import { isOutOfDescriptors } from '../disk/files.js';
import {
  checkLevel,
  type Database,
  type Entries,
  type HowToOpen,
  type IterateOptions,
  type OpenDatabase,
} from '../disk/level.js';
import { compareKeys, endOf } from '../disk/leveldb/key.js';
import { firstAtOrBehind, Lookup, type TableFile } from '../disk/leveldb/lookup.js';
import { filesOf } from '../disk/leveldb/open-files.js';
import { Rows } from '../disk/leveldb/rows.js';
import { type Write, writesIn } from '../disk/leveldb/write-batch.js';
import { keyBehind } from '../model/key-range.js';

/** How the directory of a stopped node is read. */
export interface ReaderOptions {
  /** Opens databases; tests pass in their own. */
  readonly openDatabase?: OpenDatabase;
  /** Called with the reason if the directory is not locked meanwhile. */
  readonly unlocked?: (why: string) => void;
}

const FIRST = Buffer.alloc(0);
/** A key behind every key that Headwater writes. */
const LAST = Buffer.alloc(1, 0xff);
const NO_VALUE = Buffer.alloc(0);

/**
 * Opens an existing, whole database for reading.
 * @throws HeadwaterError `corrupt` that names the file if the database is not whole, `io_error`.
 */
export const openForReading: OpenDatabase = Object.assign(
  async (location: string, how: HowToOpen): Promise<Database> => {
    await checkLevel(location, { ...how, mustExist: true });
    return reading(location, () => new FilesDatabase(location));
  },
  { check: checkLevel },
);

class FilesDatabase implements Database {
  readonly location: string;
  readonly hasFiles = true;
  readonly latched = undefined;
  readonly #tables: readonly TableFile[];
  readonly #writes: readonly Write[];
  readonly #lookup: Lookup;

  constructor(location: string) {
    this.location = location;
    const { tables, logs } = filesOf(location);
    this.#tables = tables;
    this.#writes = writesIn(logs, FIRST, LAST);
    this.#lookup = new Lookup(tables, this.#writes);
  }

  async get(key: Buffer): Promise<Buffer | undefined> {
    return reading(this.location, () => this.#lookup.get(key));
  }

  async getMany(keys: Buffer[]): Promise<Array<Buffer | undefined>> {
    return reading(this.location, () => keys.map((key) => this.#lookup.get(key)));
  }

  async hasMany(keys: Buffer[]): Promise<boolean[]> {
    return (await this.getMany(keys)).map((value) => value !== undefined);
  }

  iterate(options: IterateOptions): Entries {
    const { gt, gte, lt, lte, reverse = false, limit = Number.POSITIVE_INFINITY, values = true } = options;
    const from = gt ? keyBehind(gt) : (gte ?? FIRST);
    const to = lte ? keyBehind(lte) : (lt ?? LAST);
    let rows: Rows | undefined;
    let left = limit;
    const forward = (count: number): Array<[Buffer, Buffer]> => {
      const entries: Array<[Buffer, Buffer]> = [];
      rows ??= this.#rows(from, to);
      for (let row = rows.next(); row; row = rows.next()) {
        const value = values ? Buffer.from(row.value.subarray(row.valueStart, row.valueEnd)) : NO_VALUE;
        entries.push([Buffer.from(row.key.subarray(0, row.keyEnd)), value]);
        if (entries.length === count) break;
      }
      return entries;
    };
    // The entries of a reverse iteration. The rows are read forward only, so all of them are read first.
    let backward: Array<[Buffer, Buffer]> | undefined;
    return {
      next: async (count) => {
        const most = Math.min(count, left);
        if (most === 0) return [];
        const entries = reading(this.location, () => {
          if (!reverse) return forward(most);
          backward ??= forward(Number.POSITIVE_INFINITY);
          return backward.splice(-most).reverse();
        });
        left -= entries.length;
        return entries;
      },
      close: async () => rows?.close(),
    };
  }

  /** A snapshot needs no hold, since nobody writes. */
  snapshot(): { close(): Promise<void> } {
    return { close: async () => {} };
  }

  async put(): Promise<void> {
    throw this.#refusal();
  }

  batch(): never {
    throw this.#refusal();
  }

  async durable(): Promise<void> {}

  async compact(): Promise<void> {}

  async approximateSize(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    this.#lookup.close();
  }

  #rows(from: Buffer, to: Buffer): Rows {
    const tables = this.#tables.filter(
      ({ smallest, largest }) =>
        compareKeys(largest, endOf(largest), from, from.length) >= 0 &&
        compareKeys(smallest, endOf(smallest), to, to.length) < 0,
    );
    const writes = this.#writes.slice(firstAtOrBehind(this.#writes, from), firstAtOrBehind(this.#writes, to));
    const opened = tables.map((table) => ({ ...table, descriptor: openSync(table.file, 'r') }));
    return new Rows({ tables: opened, logs: [] }, from, to, writes);
  }

  /** The refusal of a write: an older layout would be upgraded, or a database that was never begun would be begun. */
  #refusal(): HeadwaterError {
    return new HeadwaterError(
      'invalid_argument',
      `${this.location} cannot be read without writing to it first. Start the node once, and stop it`,
    );
  }
}

function reading<T>(location: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (HeadwaterError.is(error)) throw error;
    const { syscall, message } = error as NodeJS.ErrnoException;
    const advice = isOutOfDescriptors(error) ? '. Raise the limit of open files (ulimit -n)' : '';
    const code = syscall === undefined ? 'corrupt' : 'io_error';
    throw new HeadwaterError(code, `${location} cannot be read: ${message}${advice}`, { cause: error });
  }
}
