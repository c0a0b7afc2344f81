/**
 * The index of due keys on disk: one row for each key that expires, in the order of time (record.ts). A row
 * only says when to look at its key, and the record decides. Flushes add rows. The sweep of the node's role
 * drops them.
 *
 * LevelDB keeps a deletion mark for each dropped row until it compacts. An iterator that starts before the
 * marks walks over all of them. The index therefore remembers a lower bound, before which there is no row. A
 * node that has just started walks over the marks once. If no row is due, the bound is the first row, so that
 * an idle node does not read.
 *
 * Invariant: before a row is dropped, the deletion of its key is durable in the log, or the write that gave
 * it another expiry. Otherwise a power cut could leave a key that no row names, and nothing would ever delete
 * it.
 */

import { DUE_COMPACTION_ROWS_MIN, DUE_SCAN_BYTES } from '../base/limits.js';
import type { Database } from '../disk/level.js';
import { keyBehind } from '../model/key-range.js';
import { DUE_START, dueEnd, dueKey, parseDueKey } from './record.js';
import { readRowKeys } from './row-keys.js';

const STEP = 256;
/** Rows dropped in one batch. */
const DROP_STEP = 1024;
const NO_KEY = Buffer.alloc(0);
/** A place behind every row. */
const LAST = dueEnd(Number.MAX_SAFE_INTEGER - 1);

/** Rows that are due, in the order of time. */
export interface DueRows {
  readonly rows: readonly Buffer[];
  /** The row from which the next scan may start. Undefined if no due row follows. */
  readonly next: Buffer | undefined;
  /** Whether the scan started at the lower bound of the index. */
  readonly isFront: boolean;
  /** Every row of the scan's range that lies before this one is in `rows`. */
  readonly end: Buffer;
}

export class DueIndex {
  readonly #db: Database;
  /** Invariant: no row is less. */
  #from: Buffer = DUE_START;
  /** The lowest row that a flush has added since the current scan began. */
  #lowestAdded: Buffer | undefined;
  /** Rows dropped since the last compaction, and the range in which they lay. */
  #dropped = 0;
  #droppedFrom: Buffer | undefined;
  #droppedTo: Buffer = DUE_START;
  #compacting = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Scans up to `limit` rows that are due at `nowMs`, and not more than about DUE_SCAN_BYTES of them. Only
   * one scan may run at a time.
   * @param from the `next` of an earlier scan. Undefined: from the first row.
   */
  async scan(nowMs: number, limit: number, from?: Buffer): Promise<DueRows> {
    this.#lowestAdded = undefined;
    const isFront = from === undefined || Buffer.compare(from, this.#from) <= 0;
    const start = isFront ? this.#from : from;
    const end = dueEnd(nowMs);
    // Until the first row is due, an idle node reads nothing.
    if (Buffer.compare(start, end) >= 0) return { rows: [], next: undefined, isFront, end };
    const { rows, next } = await this.#read({ gte: start, lt: end }, limit);
    const scanned = { rows, next, isFront, end: next ?? end };
    if (rows.length === 0 && isFront) this.#raise({ isFront, end: await this.#firstFrom(end) }, undefined);
    return scanned;
  }

  /** The first row at or behind a place. The end of all rows if there is none. */
  async #firstFrom(place: Buffer): Promise<Buffer> {
    const { rows } = await this.#read({ gte: place, lt: LAST }, 1);
    return rows[0] ?? LAST;
  }

  /** Reads up to `limit` rows of keys that expire at any time. May run beside a scan. */
  all(limit: number, from = this.#from): Promise<Pick<DueRows, 'rows' | 'next'>> {
    return this.#read({ gte: from, lt: LAST }, limit);
  }

  async #read(
    range: { gte: Buffer; lt: Buffer },
    limit: number,
  ): Promise<{ rows: Buffer[]; next: Buffer | undefined }> {
    const max = { rows: limit, bytes: DUE_SCAN_BYTES, step: STEP };
    const { rows, isCutShort } = await readRowKeys(this.#db, range, max);
    return { rows, next: isCutShort ? keyBehind(rows.at(-1) as Buffer) : undefined };
  }

  /**
   * Notes that a flush has written rows.
   * @param earliestMs the time at which the earliest of them is due.
   */
  added(earliestMs: number): void {
    const row = dueKey(earliestMs, 0, NO_KEY);
    if (Buffer.compare(row, this.#from) < 0) this.#from = row;
    if (!this.#lowestAdded || Buffer.compare(row, this.#lowestAdded) < 0) this.#lowestAdded = row;
  }

  /** Writes missing rows. An extra row does no harm. */
  async restore(rows: readonly Buffer[]): Promise<void> {
    const batch = this.#db.batch();
    for (const row of rows) batch.put(row, NO_KEY);
    await batch.write();
    this.added(Math.min(...rows.map((row) => parseDueKey(row).dueMs)));
  }

  /**
   * Drops rows of a scan whose keys have been dealt with. The caller keeps the invariant above.
   * @param dropped some of the scan's rows, in their order.
   */
  async drop(scanned: DueRows, dropped: readonly Buffer[]): Promise<void> {
    for (let at = 0; at < dropped.length; at += DROP_STEP) {
      const batch = this.#db.batch();
      for (const row of dropped.slice(at, at + DROP_STEP)) batch.del(row);
      await batch.write();
    }
    if (dropped.length > 0) {
      this.#dropped += dropped.length;
      this.#droppedFrom ??= dropped[0];
      this.#droppedTo = dropped.at(-1) as Buffer;
    }
    let kept = 0;
    while (kept < dropped.length && scanned.rows[kept] === dropped[kept]) kept++;
    this.#raise(scanned, scanned.rows[kept]);
  }

  /**
   * Raises the lower bound, if the scan started there.
   * @param firstKept the first row of the scan that is still there.
   */
  #raise({ isFront, end }: Pick<DueRows, 'isFront' | 'end'>, firstKept: Buffer | undefined): void {
    if (!isFront) return;
    let to = firstKept ?? end;
    if (this.#lowestAdded && Buffer.compare(this.#lowestAdded, to) < 0) to = this.#lowestAdded;
    if (Buffer.compare(to, this.#from) > 0) this.#from = to;
  }

  /**
   * Makes LevelDB forget the deletion marks of the dropped rows, if there are many. The compaction cannot be
   * stopped. A failure costs only disk space.
   */
  async compact(): Promise<void> {
    if (this.#compacting || this.#dropped < DUE_COMPACTION_ROWS_MIN || !this.#droppedFrom) return;
    const [from, to] = [this.#droppedFrom, this.#droppedTo];
    this.#dropped = 0;
    this.#droppedFrom = undefined;
    this.#compacting = true;
    try {
      await this.#db.compact(from, to);
    } finally {
      this.#compacting = false;
    }
  }
}
