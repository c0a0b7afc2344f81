/**
 * The extent of the log: the base, the end and the histories in between, and the rows that record them on disk.
 * Opening, recovery and the background check move the extent as log.ts and trimming.ts do, so this file stands below
 * them all.
 *
 * Invariants: the start goes back only after a repair has put the blocks in between in place. A base is on disk before
 * anything at or below it leaves the log.
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { chunksOf } from '../disk/chunks.js';
import type { Database } from '../disk/level.js';
import { Lineage, type LineageRow } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import { beginLayout, bringUpToDate } from './layout.js';
import {
  BASE_KEY,
  type Base,
  decodeBase,
  decodeLineageRow,
  EMPTY_BASE,
  encodeBase,
  encodeLineageRow,
  LINEAGE_FROM,
  LINEAGE_TO,
  lineageKey,
} from './rows.js';
import { clearBlocks } from './stored-blocks.js';

export class Extent {
  readonly #db: Database;
  #base: Base;
  #end: Position;
  #endTimeMs: number;
  /** Bases go to the disk one after another, since LevelDB does not order two writes in flight. */
  #raising: Promise<void> = Promise.resolve();
  /** The rows on disk and the rows of appends in flight; grows with each new history (lineage.ts). */
  lineage: Lineage;

  private constructor(db: Database, base: Base, lineage: Lineage) {
    this.#db = db;
    this.#base = base;
    this.#end = base.position;
    this.#endTimeMs = base.timeMs;
    this.lineage = lineage;
  }

  /**
   * Reads the rows, and makes the rows that a new database needs. The extent ends at its base until recovery has looked
   * at the blocks.
   *
   * A damaged row is refused and never guessed at. Without the base, any block could be the first of the log. Without a
   * lineage row, a history of this node would be taken for a foreign one, or the reverse. A resync would then keep the
   * wrong data on one node or another. Nothing else on this node says what stood in the row.
   * @throws HeadwaterError `corrupt` naming the row and the directory, or `unknown_format`. Nothing is written in
   * either case.
   */
  static async read(db: Database): Promise<Extent> {
    return namingDirectory(db, async () => {
      const hasLayout = await bringUpToDate(db);
      const base = await db.get(BASE_KEY);
      const extent = new Extent(db, base ? decodeBase(base) : EMPTY_BASE, new Lineage(await readLineage(db)));
      if (!hasLayout) await beginLayout(db);
      return extent;
    });
  }

  /** Makes an empty extent right after a snapshot's position, durable when the promise resolves. */
  static async createAt(db: Database, base: Base, lineage: Lineage): Promise<Extent> {
    await beginLayout(db);
    const batch = db.batch();
    batch.put(BASE_KEY, encodeBase(base));
    for (const row of lineage.rows) batch.put(lineageKey(row.firstOffset), encodeLineageRow(row));
    await batch.write({ sync: true });
    return new Extent(db, base, lineage);
  }

  /** The position right before the first block. */
  get base(): Position {
    return this.#base.position;
  }

  /** The time of the base, milliseconds since the epoch. rows.ts says which time this is if the block is gone. */
  get baseTimeMs(): number {
    return this.#base.timeMs;
  }

  /** The position of the last block that readers may see. */
  get end(): Position {
    return this.#end;
  }

  /** The time of the block that ends at `end`, milliseconds since the epoch; the base's time above an empty log. */
  get endTimeMs(): number {
    return this.#endTimeMs;
  }

  endAt(end: Position, timeMs: number): void {
    this.#end = end;
    this.#endTimeMs = timeMs;
  }

  /**
   * Gives up everything at or below `base`. The base is on disk before any block goes, and readable from memory before
   * that. So a caller that pins in between sees which blocks are going. The next open finishes a clearing that is cut
   * short. Only blocks above the old base are looked for. A scan from the beginning would walk over the deletion marks
   * of all earlier raises.
   */
  async raise(base: Base): Promise<void> {
    const { offset } = base.position;
    const from = this.base.offset;
    invariant(offset > from, `the start of the log does not go back from ${from} to ${offset}`);
    this.#base = base;
    this.#raising = this.#raising.then(() => this.#db.put(BASE_KEY, encodeBase(base), { sync: true }));
    await this.#raising;
    await clearBlocks(this.#db, from, offset);
  }

  /**
   * Moves the base down again. The blocks in between are in place and durable.
   * @param from the base above which the new one was chosen.
   * @returns false if the log has been trimmed meanwhile; nothing has changed then.
   */
  async lower(base: Base, from: Position): Promise<boolean> {
    invariant(
      base.position.offset < from.offset,
      `the start of the log is lowered from ${from.offset}, not to ${base.position.offset}`,
    );
    let lowered = false;
    this.#raising = this.#raising.then(async () => {
      if (this.base !== from) return;
      await this.#db.put(BASE_KEY, encodeBase(base), { sync: true });
      // A trim that came meanwhile writes its own base after this one.
      lowered = this.base === from;
      if (lowered) this.#base = base;
    });
    await this.#raising;
    return lowered;
  }

  /**
   * Proves blocks from `base` on; undefined if the proof fails because the base was raised meanwhile, so the blocks may
   * have gone.
   */
  async unlessRaised<T>(base: Position, prove: () => Promise<T>): Promise<T | undefined> {
    try {
      return await prove();
    } catch (cause) {
      if (base !== this.base) return undefined;
      throw cause;
    }
  }

  /** The refusal of a read behind `offset`, which lies before the base. */
  trimmed(offset: number): HeadwaterError {
    return new HeadwaterError(
      'trimmed',
      `the reader needs the commands after offset ${offset}, the log holds ${this.base.offset + 1} to ${this.end.offset}`,
    );
  }

  async clearBelowBase(): Promise<void> {
    if (this.base.offset > 0) await clearBlocks(this.#db, 0, this.base.offset);
  }
}

async function readLineage(db: Database): Promise<LineageRow[]> {
  const rows: LineageRow[] = [];
  for await (const chunk of chunksOf(db, { gte: LINEAGE_FROM, lt: LINEAGE_TO }, 64))
    for (const [key, bytes] of chunk) rows.push(decodeLineageRow(key, bytes));
  return rows;
}

async function namingDirectory<T>(db: Database, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!HeadwaterError.is(cause, 'corrupt')) throw cause;
    throw new HeadwaterError(
      'corrupt',
      `${db.location}: ${cause.message}. Nothing was changed. Restore a backup, or begin with an empty data directory and follow an undamaged node`,
      { cause },
    );
  }
}
