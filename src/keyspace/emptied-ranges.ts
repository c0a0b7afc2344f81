/**
 * Remembers where keys have been deleted, so that LevelDB can be made to forget
 * its deletion marks there. Until then every scan of such a range walks over all
 * of them: 0.3 s a million for its first row, each time. Rewriting a range costs
 * as much as it holds, so only ranges that hold little else are worth it.
 *
 * The key space is cut into a bounded number of ranges, each with a count. A
 * range that has seen many deletions is cut in two, so that ranges are narrow
 * where much is deleted. The counts are estimates and bound nothing but the
 * amount of rewriting; after a restart they begin at zero. Only whether there is
 * any mark at all is kept with checkpoints (`isUnmarked`).
 */

import {
  COMPACTION_BYTES_MAX,
  COMPACTION_RECORDS_MAX,
  EMPTIED_RANGE_MARKS_MIN,
  EMPTIED_RANGES_MAX,
} from '../base/limits.js';
import type { Database } from '../disk/level.js';

/** At least one of so many entries in a range has to be a mark. */
const ENTRIES_PER_MARK_MAX = 2;

interface Range {
  /** Rows of the database, up to the start of the next range. */
  readonly start: Buffer;
  marks: number;
  /** Not looked at before it has so many. */
  dueMarks: number;
}

export class EmptiedRanges {
  readonly #db: Database;
  /** In key order. */
  #ranges: Range[];
  #end: Buffer;
  /** The range of the last row: those that are deleted together lie side by side. */
  #last = 0;

  /** No row was ever deleted: a seek walks over no mark. */
  isUnmarked: boolean;

  /**
   * @param end behind all rows.
   * @param isUnmarked see there; false if it is not known.
   */
  constructor(db: Database, start: Buffer, end: Buffer, isUnmarked = false) {
    this.isUnmarked = isUnmarked;
    this.#db = db;
    this.#ranges = [newRange(start)];
    this.#end = end;
  }

  /** All rows are others now. */
  begin(start: Buffer, end: Buffer): void {
    this.#ranges = [newRange(start)];
    this.#end = end;
    this.#last = 0;
    this.isUnmarked = true;
  }

  /** A row is about to be deleted, or may have been; its bytes may change afterwards. */
  add(row: Buffer): void {
    this.isUnmarked = false;
    this.#last = this.#find(row);
    const range = this.#ranges[this.#last] as Range;
    range.marks++;
    if (range.marks >= 2 * EMPTIED_RANGE_MARKS_MIN) this.#cut(range, row);
  }

  /** Whether `next` has a range to look at. */
  get areDue(): boolean {
    return this.#ranges.some(isDue);
  }

  /**
   * Takes out the next range that is worth rewriting, and counts anew in it.
   * @param keys records on disk; null if that is not known.
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

  /** With its neighbours, as far as they are worth it too and one rewriting stays short. Ranges may be cut meanwhile. */
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

  /** By one range without marks. */
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
    let [low, high] = [0, this.#ranges.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (isBehind(middle)) high = middle;
      else low = middle;
    }
    return low;
  }

  /** At the row; where in the range its marks lie is not known. */
  #cut(range: Range, row: Buffer): void {
    if (range.start.equals(row)) return;
    if (this.#ranges.length >= EMPTIED_RANGES_MAX && !this.#joinTwo(range)) return;
    const half = range.marks >> 1;
    range.marks -= half;
    range.dueMarks = EMPTIED_RANGE_MARKS_MIN;
    this.#last = this.#ranges.indexOf(range);
    this.#ranges.splice(this.#last + 1, 0, { ...newRange(Buffer.from(row)), marks: half });
  }

  /** The two neighbours with the fewest marks, to have room for another range. */
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
