/**
 * The deletion marks of one LevelDB, as far as they cost time: a deleted key
 * leaves one, which an iterator walks over whenever it passes, until the key is
 * written again or its range is compacted. A look-up of one key passes none.
 */

/** As abstract-level takes them. */
interface Range {
  gt?: Buffer;
  gte?: Buffer;
  lt?: Buffer;
  lte?: Buffer;
  reverse?: boolean;
  limit?: number;
}

/** Behind every key that has one. */
const LAST = '\u{ffff}';

export class DeletionMarks {
  readonly #marks = new Set<string>();
  /** In key order; undefined while it has to be made again. */
  #sorted: string[] | undefined;

  get count(): number {
    return this.#marks.size;
  }

  /** @param key as latin1, whose order is that of the bytes. */
  wrote(key: string, exists: boolean): void {
    if (exists ? !this.#marks.delete(key) : this.#marks.has(key)) return;
    if (!exists) this.#marks.add(key);
    this.#sorted = undefined;
  }

  compact(from: Buffer, to: Buffer): void {
    const [first, last] = [from.toString('latin1'), to.toString('latin1')];
    for (const mark of this.#marks) if (mark >= first && mark <= last) this.#marks.delete(mark);
    this.#sorted = undefined;
  }

  walk(range: Range): Walk {
    return new Walk(this, range);
  }

  /** Marks from `from` to `to`, both included. */
  between(from: string, to: string): number {
    this.#sorted ??= [...this.#marks].sort();
    return Math.max(0, this.#firstAfter(to) - this.#firstFrom(from));
  }

  #firstFrom(key: string): number {
    return lowest(this.#sorted as string[], (mark) => mark >= key);
  }

  #firstAfter(key: string): number {
    return lowest(this.#sorted as string[], (mark) => mark > key);
  }
}

/** The way of one iterator over the marks in its range. */
class Walk {
  readonly #marks: DeletionMarks;
  readonly #reverse: boolean;
  /** What of the range has not been walked over. */
  #from: string;
  #to: string;
  #left: number;

  constructor(marks: DeletionMarks, { gt, gte, lt, lte, reverse = false, limit = -1 }: Range) {
    this.#marks = marks;
    this.#reverse = reverse;
    // A bound that is excluded has no mark of its own that counts.
    this.#from = (gte ?? gt)?.toString('latin1') ?? '';
    this.#to = (lte ?? lt)?.toString('latin1') ?? LAST;
    this.#left = limit < 0 ? Number.POSITIVE_INFINITY : limit;
  }

  /** @returns the marks passed on the way to `rows`, of which up to `size` were asked for. */
  to(rows: ReadonlyArray<readonly [Buffer, Buffer]>, size: number): number {
    const wanted = Math.min(size, this.#left);
    this.#left -= rows.length;
    const last = rows.length < wanted ? undefined : rows.at(-1)?.[0].toString('latin1');
    if (this.#from > this.#to || (last === undefined && wanted === 0)) return 0;
    const [from, to] = this.#reverse ? [last ?? this.#from, this.#to] : [this.#from, last ?? this.#to];
    if (this.#reverse) this.#to = last ?? '';
    else this.#from = last ?? LAST;
    return this.#marks.between(from, to);
  }
}

function lowest(sorted: readonly string[], fits: (mark: string) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(sorted[middle] as string)) high = middle;
    else low = middle + 1;
  }
  return low;
}
