/**
 * Remembers in which ranges keys have been deleted, so that LevelDB can be made to forget its deletion marks
 * there. Until then every scan of such a range walks over all of them: 0.3 s per million marks for its first
 * row, each time. Rewriting a range costs as much as it holds, so only ranges that hold little else are worth
 * it.
 *
 * The key space is cut into a bounded number of ranges, each with a count. A range that has seen many
 * deletions is cut in two, so that ranges with many deletions are narrow. The counts are estimates and affect
 * only the amount of rewriting. After a restart they begin at zero. Checkpoints keep only whether there is
 * any deletion mark at all (`isUnmarked`).
 */

import {
  COMPACTION_BYTES_MAX,
  COMPACTION_RECORDS_MAX,
  EMPTIED_RANGE_MARKS_MIN,
  EMPTIED_RANGES_MAX,
} from '../base/limits.js';
import { firstIndex } from '../base/search.js';
import type { Database } from '../disk/level.js';

/** At least one of this many entries in a range has to be a deletion mark. */
const ENTRIES_PER_MARK_MAX = 2;

interface Range {
  /** The first row of the range, which extends to the start of the next range. */
  readonly start: Buffer;
  marks: number;
  /** The range is not examined before it has this many deletion marks. */
  dueMarks: number;
}

export class EmptiedRanges {
  readonly #db: Database;
  /** Ranges in key order. */
  #ranges: Range[];
  #end: Buffer;
  /** The range of the last row: rows that are deleted together lie side by side. */
  #last = 0;

  /** Whether no row was ever deleted, so that a seek walks over no deletion mark. */
  isUnmarked: boolean;

  /**
   * @param end a place behind all rows.
   * @param isUnmarked the first value of the property. False if it is not known.
   */
  constructor(db: Database, start: Buffer, end: Buffer, isUnmarked = false) {
    this.isUnmarked = isUnmarked;
    this.#db = db;
    this.#ranges = [newRange(start)];
    this.#end = end;
  }

  /** Starts from scratch: all rows are others now. */
  begin(start: Buffer, end: Buffer): void {
    this.#ranges = [newRange(start)];
    this.#end = end;
    this.#last = 0;
    this.isUnmarked = true;
  }

  /**
   * Counts a row that is about to be deleted, or may have been. The caller may change the bytes of `row`
   * afterwards.
   */
  add(row: Buffer): void {
    this.isUnmarked = false;
    this.#last = this.#find(row);
    const range = this.#ranges[this.#last] as Range;
    range.marks++;
    if (range.marks >= 2 * EMPTIED_RANGE_MARKS_MIN) this.#cut(range, row);
  }

  /** Whether `next` has a range to examine. */
  get areDue(): boolean {
    return this.#ranges.some(isDue);
  }

  /**
   * Takes out the next range that is worth rewriting, and resets its count.
   * @param keys the number of records on disk. Null if it is not known.
   */
  async next(keys: number | null): Promise<[from: Buffer, to: Buffer] | undefined> {
    const bytesPerEntry = await this.#bytesPerEntry(keys ?? 0);
    for (let first = this.#ranges.findIndex(isDue); first >= 0; first = this.#ranges.findIndex(isDue)) {
      const taken = await this.#take(first, bytesPerEntry);
      if (taken) return taken;
    }
    return undefined;
  }

  async #bytesPerEntry(keys: number): Promise<number> {
    const marks = this.#ranges.reduce((sum, range) => sum + range.marks, 0);
    const [first] = this.#ranges as [Range];
    return (await this.#db.approximateSize(first.start, this.#end)) / Math.max(1, keys + marks);
  }

  /**
   * Takes a range out, with its neighbours as long as they are worth it too and one rewriting stays short.
   * Ranges may be cut meanwhile.
   */
  async #take(first: number, bytesPerEntry: number): Promise<[from: Buffer, to: Buffer] | undefined> {
    const ranges = this.#ranges.slice(first);
    const ends = ranges.map((_, i) => this.#endOf(first + i));
    const [{ start: from }] = ranges as [Range];
    let to = from;
    let marks = 0;
    let bytes = 0;
    for (const [i, range] of ranges.entries()) {
      const end = ends[i] as Buffer;
      if (range.marks < EMPTIED_RANGE_MARKS_MIN) break;
      const size = await this.#db.approximateSize(range.start, end);
      marks += range.marks;
      bytes += size;
      const isWorthIt = size <= ENTRIES_PER_MARK_MAX * range.marks * bytesPerEntry;
      if (!isWorthIt || bytes > COMPACTION_BYTES_MAX || (i > 0 && marks > COMPACTION_RECORDS_MAX)) break;
      to = end;
    }
    if (to !== from) {
      this.#replace(from, to);
      return [from, to];
    }
    const [range] = ranges as [Range];
    range.dueMarks = range.marks + EMPTIED_RANGE_MARKS_MIN;
    return undefined;
  }

  /** Replaces the ranges between two rows by one range without deletion marks. */
  #replace(from: Buffer, to: Buffer): void {
    const isBefore = ({ start }: Range) => Buffer.compare(start, from) < 0;
    const isBehind = ({ start }: Range) => Buffer.compare(start, to) >= 0;
    this.#ranges = [...this.#ranges.filter(isBefore), newRange(from), ...this.#ranges.filter(isBehind)];
    this.#last = 0;
  }

  #endOf(index: number): Buffer {
    return this.#ranges[index + 1]?.start ?? this.#end;
  }

  #find(row: Buffer): number {
    const isBehind = (index: number) => Buffer.compare((this.#ranges[index] as Range).start, row) > 0;
    if (!isBehind(this.#last) && (this.#last + 1 === this.#ranges.length || isBehind(this.#last + 1)))
      return this.#last;
    // A row before all ranges counts to the first one.
    return Math.max(0, firstIndex(this.#ranges.length, isBehind) - 1);
  }

  /**
   * Cuts a range at the row. Half of the count goes to each part, because the places of the deletion marks
   * are not known.
   */
  #cut(range: Range, row: Buffer): void {
    if (range.start.equals(row)) return;
    if (this.#ranges.length >= EMPTIED_RANGES_MAX && !this.#joinTwo(range)) return;
    const half = range.marks >> 1;
    range.marks -= half;
    range.dueMarks = EMPTIED_RANGE_MARKS_MIN;
    this.#last = this.#ranges.indexOf(range);
    this.#ranges.splice(this.#last + 1, 0, { ...newRange(Buffer.from(row)), marks: half });
  }

  /** Joins the two neighbours with the fewest deletion marks, to have room for another range. */
  #joinTwo(except: Range): boolean {
    let fewest = except.marks;
    let at = -1;
    for (let i = 0; i + 1 < this.#ranges.length; i++) {
      const [one, other] = [this.#ranges[i] as Range, this.#ranges[i + 1] as Range];
      if (one === except || other === except || one.marks + other.marks >= fewest) continue;
      fewest = one.marks + other.marks;
      at = i;
    }
    if (at < 0) return false;
    (this.#ranges[at] as Range).marks = fewest;
    this.#ranges.splice(at + 1, 1);
    return true;
  }
}

function newRange(start: Buffer): Range {
  return { start, marks: 0, dueMarks: EMPTIED_RANGE_MARKS_MIN };
}

function isDue({ marks, dueMarks }: Range): boolean {
  return marks >= dueMarks;
}
