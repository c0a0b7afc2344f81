/**
 * The order of a layer's entries, made only when a scan asks for it. Entries are cut into runs in the order in which
 * they were added, and each run is sorted once. The key of an entry never changes, and no entry is removed, so a run
 * stays valid until the layer is cleared. A search looks into each run.
 */
import { SORT_RUN_BYTES, SORT_RUN_ENTRIES } from '../base/limits.js';
import { type Keys, sortRun } from './merge.js';

/** The table of the entries. */
export interface SortedTable extends Keys {
  readonly count: number;
  keyStart(entry: number): number;
  keyEnd(entry: number): number;
}

/** The numbers of entries, in the order of their keys. */
export type Run = Int32Array;

export class SortedRuns {
  readonly #table: SortedTable;
  readonly #runs: Run[] = [];
  /** Entries before this number are in runs. */
  #next = 0;
  /** The last run of `all`, of entries that did not fill a whole one. */
  #rest: Run | undefined;

  constructor(table: SortedTable) {
    this.#table = table;
  }

  get bytes(): number {
    return Int32Array.BYTES_PER_ELEMENT * (this.#next + (this.#rest?.length ?? 0));
  }

  /** Sorts the next whole run. Returns false if there is none. */
  sortNext(): boolean {
    const end = this.#endOfRun();
    if (end === undefined) return false;
    this.#runs.push(this.#sorted(end));
    this.#next = end;
    this.#rest = undefined;
    return true;
  }

  /** All runs, and one of the entries that do not fill a run yet, which is sorted again if there are more of them. */
  all(): readonly Run[] {
    while (this.sortNext());
    const { count } = this.#table;
    if (this.#next === count) return this.#runs;
    if (this.#rest?.length !== count - this.#next) this.#rest = this.#sorted(count);
    return [...this.#runs, this.#rest];
  }

  #sorted(end: number): Run {
    const entries = Array.from({ length: end - this.#next }, (_, i) => this.#next + i);
    return Int32Array.from(sortRun(entries, this.#table));
  }

  /** The entry behind the next whole run. Undefined if the entries do not fill one. */
  #endOfRun(): number | undefined {
    const table = this.#table;
    let bytes = 0;
    for (let entry = this.#next; entry < table.count; entry++) {
      bytes += table.keyEnd(entry) - table.keyStart(entry);
      if (entry - this.#next + 1 === SORT_RUN_ENTRIES || bytes >= SORT_RUN_BYTES) return entry + 1;
    }
    return undefined;
  }
}
