/**
 * What the log reaches over: where it begins, where it ends and which histories
 * lie in between; and the rows that say so on disk. Opening, recovery and the
 * background check move it as well as log.ts does, so it stands below them all.
 *
 * What stays true: the start goes back only where a repair has put in place what
 * lies between; a base is on disk before anything at or below it leaves the log.
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
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
  /** Bases go to the disk one after another: LevelDB orders no two writes that are in hand together. */
  #raising: Promise<void> = Promise.resolve();
  /** The rows on disk and those of appends in hand; rises with each (lineage.ts). */
  lineage: Lineage;

  private constructor(db: Database, base: Base, lineage: Lineage) {
    this.#db = db;
    this.#base = base;
    this.#end = base.position;
    this.#endTimeMs = base.timeMs;
    this.lineage = lineage;
  }

  /**
   * Reads the rows, and makes what a new database needs. It ends at its base
   * until recovery has looked at the blocks.
   *
   * A damaged row is refused and never guessed at. Without the base, any
   * block could be the first of the log; without a lineage row, a history that
   * is ours would be taken for a foreign one, or one that is not for ours: the
   * wrong data would be kept on one node or another. Nothing else on this node
   * says what stood there.
   * @throws HeadwaterError `corrupt` naming the row and the directory, or
   *   `unknown_format`; nothing is written then.
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

  /** An empty extent right after a snapshot's position, durable when it resolves. */
  static async createAt(db: Database, base: Base, lineage: Lineage): Promise<Extent> {
    await beginLayout(db);
    const batch = db.batch();
    batch.put(BASE_KEY, encodeBase(base));
    for (const row of lineage.rows) batch.put(lineageKey(row.firstOffset), encodeLineageRow(row));
    await batch.write({ sync: true });
    return new Extent(db, base, lineage);
  }

  /** Right before the first block. */
  get base(): Position {
    return this.#base.position;
  }

  /** Milliseconds since the epoch; rows.ts says what it may be where the block is gone. */
  get baseTimeMs(): number {
    return this.#base.timeMs;
  }

  /** Of the last block that readers may see. */
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
   * Gives up everything at or below `base`. The base is on disk before anything
   * goes, and known before that: whoever pins while it is on its way sees that
   * what lies below is going. A clearing that is cut short is finished by the next open.
   * Only what this raise gives up is looked for: from the beginning, each raise would
   * walk over the deletion marks of all those before.
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
   * The log begins further down again: what lies between is in place, and durable.
   * @param from the base that it was put before.
   * @returns false where the log has been trimmed meanwhile: nothing has changed then.
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
      // A trim that came meanwhile writes its own behind this one.
      lowered = this.base === from;
      if (lowered) this.#base = base;
    });
    await this.#raising;
    return lowered;
  }

  async clearBelowBase(): Promise<void> {
    if (this.base.offset > 0) await clearBlocks(this.#db, 0, this.base.offset);
  }
}

async function readLineage(db: Database): Promise<LineageRow[]> {
  const rows: LineageRow[] = [];
  const entries = db.iterate({ gte: LINEAGE_FROM, lt: LINEAGE_TO });
  try {
    for (let chunk = await entries.next(64); chunk.length > 0; chunk = await entries.next(64)) {
      for (const [key, bytes] of chunk) rows.push(decodeLineageRow(key, bytes));
    }
  } finally {
    await entries.close();
  }
  return rows;
}

async function namingDirectory<T>(db: Database, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!HeadwaterError.is(cause, 'corrupt')) throw cause;
    throw new HeadwaterError(
      'corrupt',
      `${db.location}: ${cause.message}; nothing was touched: restore a backup, or begin with an empty data directory and follow a node that is whole`,
      { cause },
    );
  }
}
