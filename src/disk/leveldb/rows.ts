/**
 * The rows of a database in key order, from its files. LevelDB's iterator does the same, but makes two
 * buffers for every row, which cost more than all the rest. The checksum of every block is verified.
 * Synchronous: only for a thread of its own.
 */
import { HeadwaterError } from '../../base/errors.js';
import { type FileCursor, TablesCursor, WritesCursor } from './cursor.js';
import { compareAges, compareKeys, VALUE } from './key.js';
import type { OpenFiles, OpenTable } from './open-files.js';
import { type Write, writesIn } from './write-batch.js';

/** Visits the rows of the keys in [from, to), one after another. */
export class Rows {
  readonly #cursors: FileCursor[];
  /** The cursor at the smallest key, as long as the others do not move. */
  #first: FileCursor | undefined;
  /** The cursor at the smallest key of the others. */
  #second: FileCursor | undefined;

  /**
   * Takes the files over: `close` closes them.
   * @param writes the writes of the log files in [from, to), if the caller has them.
   * @throws HeadwaterError `corrupt`.
   */
  constructor(files: OpenFiles, from: Buffer, to: Buffer, writes: readonly Write[] = pending(files.logs, from, to)) {
    this.#cursors = sorted(files.tables).map((tables) => new TablesCursor(tables, from, to));
    this.#cursors.push(new WritesCursor(writes));
  }

  /** The next row, valid until the next call. Undefined behind the last row. @throws HeadwaterError `corrupt`. */
  next(): Omit<FileCursor, 'next' | 'close'> | undefined {
    this.#first?.next();
    for (;;) {
      const cursor = this.#smallest();
      if (!cursor || cursor.key[cursor.keyEnd] === VALUE) return cursor;
      cursor.next();
    }
  }

  close(): void {
    for (const cursor of this.#cursors) cursor.close();
  }

  /** The cursor at the latest row of the smallest key. Older rows of that key are skipped. */
  #smallest(): FileCursor | undefined {
    const [first, second] = [this.#first, this.#second];
    if (first?.valid && (!second || compareKeys(first.key, first.keyEnd, second.key, second.keyEnd) < 0)) return first;
    for (;;) {
      this.#rank();
      if (!this.#first || !this.#second) return this.#first;
      const { key, keyEnd } = this.#second;
      if (compareKeys(this.#first.key, this.#first.keyEnd, key, keyEnd) < 0) return this.#first;
      this.#second.next();
    }
  }

  #rank(): void {
    this.#first = this.#second = undefined;
    for (const cursor of this.#cursors) {
      if (!cursor.valid) continue;
      if (!this.#first || compare(cursor, this.#first) < 0) {
        this.#second = this.#first;
        this.#first = cursor;
      } else if (!this.#second || compare(cursor, this.#second) < 0) this.#second = cursor;
    }
  }
}

function compare(a: FileCursor, b: FileCursor): number {
  return compareKeys(a.key, a.keyEnd, b.key, b.keyEnd) || compareAges(a.key, a.keyEnd, b.key, b.keyEnd);
}

/**
 * Groups of tables that can be read one after another. A level is one group, but each table of level 0 is a
 * group of its own.
 */
function sorted(tables: readonly OpenTable[]): OpenTable[][] {
  const levels = new Map<number, OpenTable[]>();
  for (const table of tables) {
    const name = table.level === 0 ? -table.number : table.level;
    const level = levels.get(name);
    if (level) level.push(table);
    else levels.set(name, [table]);
  }
  return [...levels.values()];
}

function pending(logs: readonly Buffer[], from: Buffer, to: Buffer): Write[] {
  try {
    return writesIn(logs, from, to);
  } catch (error) {
    throw new HeadwaterError('corrupt', `the log of LevelDB cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
