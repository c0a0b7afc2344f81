/**
 * Frees the space of records that nobody can read any more: of the epochs that a `clear` has ended, and of the ranges
 * in which flushes have deleted records. Records go in small steps; a compaction then makes LevelDB forget their
 * deletion marks.
 */
import { COMPACTION_BYTES_MAX, COMPACTION_RECORDS_MAX, SWEEP_BYTES } from '../base/limits.js';
import type { Database } from '../disk/level.js';
import { keyBehind } from '../model/key-range.js';
import type { CheckpointRecord } from './checkpoint-record.js';
import type { EmptiedRanges } from './emptied-ranges.js';
import { dataStart } from './record.js';
import { readRowKeys } from './row-keys.js';

/** Rows read at a time. */
const CHUNK_ROWS = 32;

export class Sweep {
  readonly #db: Database;
  readonly #emptied: EmptiedRanges;
  readonly #checkpoint: () => Pick<CheckpointRecord, 'epoch' | 'keys'>;
  /** No records of epochs before this one are left. */
  #sweptEpoch = 0;
  /** Ranges that have been swept, and whose space LevelDB still takes. Oldest first. */
  readonly #swept: Array<[from: Buffer, to: Buffer]> = [];
  /**
   * The row at which the sweep continues. From the beginning, each step would walk over the deletion marks of
   * all earlier ones.
   */
  #sweptTo = dataStart(0);
  /** The start of the next swept range, and the number of records deleted since. */
  #sweptFrom = dataStart(0);
  #sweptRecords = 0;

  /** @param checkpoint returns the epoch of the records on disk, and their number. */
  constructor(db: Database, emptied: EmptiedRanges, checkpoint: () => Pick<CheckpointRecord, 'epoch' | 'keys'>) {
    this.#db = db;
    this.#emptied = emptied;
    this.#checkpoint = checkpoint;
  }

  /**
   * Deletes up to `limit` records of epochs that a `clear` ended, fewer if their keys are long. `compact`
   * gives the space back.
   * @returns the number of records deleted, 0 if none is left.
   */
  async step(limit: number): Promise<number> {
    const { epoch } = this.#checkpoint();
    if (epoch === this.#sweptEpoch) return 0;
    const range = { gte: this.#sweptTo, lt: dataStart(epoch) };
    const { rows } = await readRowKeys(this.#db, range, { rows: limit, bytes: SWEEP_BYTES, step: CHUNK_ROWS });
    const [last] = rows.slice(-1);
    if (!last) {
      this.#sweptEpoch = epoch;
      this.#sweptTo = dataStart(epoch);
      this.#endSweptRange(dataStart(epoch), dataStart(epoch));
      return 0;
    }
    const batch = this.#db.batch();
    for (const row of rows) batch.del(row);
    await batch.write();
    this.#sweptRecords += rows.length;
    this.#sweptTo = keyBehind(last);
    if (this.#sweptRecords >= COMPACTION_RECORDS_MAX || (await this.#isMuch(last))) this.#endSweptRange(last, last);
    return rows.length;
  }

  /** A range of large records reaches the bound with fewer of them. */
  async #isMuch(last: Buffer): Promise<boolean> {
    return (await this.#db.approximateSize(this.#sweptFrom, last)) >= COMPACTION_BYTES_MAX;
  }

  #endSweptRange(to: Buffer, nextFrom: Buffer): void {
    this.#swept.push([this.#sweptFrom, to]);
    this.#sweptFrom = nextFrom;
    this.#sweptRecords = 0;
  }

  /** Whether there may be something to compact. */
  get isToCompact(): boolean {
    return this.#swept.length > 0 || this.#emptied.areDue;
  }

  /**
   * Makes LevelDB give back the space, and forget the deletion marks, of one range that was swept or emptied.
   * The compaction cannot be stopped.
   */
  async compact(): Promise<void> {
    const range = this.#swept.shift() ?? (await this.#emptied.next(this.#checkpoint().keys));
    if (range) await this.#db.compact(...range);
  }
}
