/**
 * Rows of the database at random, every row about as likely as every other, however many there are.
 *
 * LevelDB knows the place of no row by its number. But it estimates the bytes between two keys, from the index of its
 * tables. So a byte of all the bytes is drawn, and the small piece of the rows that it lies in is found by halving. A
 * piece of large records is drawn too often, and so is one of deleted rows. So the rows of each piece are counted, and a
 * walk corrects this (Metropolis and Hastings): a drawn piece with fewer rows for each of its bytes than the last one is
 * taken only as often as it has fewer. The walk is then at every row as often. If the records are of similar size, every
 * draw is taken, and each row is independent of the one before.
 *
 * LevelDB does not estimate the rows that it has in memory, up to 16 MiB of them. They are written out first, if the last
 * time was a while ago.
 */
import type { Clock } from '../base/clock.js';
import {
  RANDOM_PIECE_BYTES,
  RANDOM_RESULTS_MAX,
  RANDOM_ROWS_COUNTED_MAX,
  RANDOM_ROWS_FRESH_MS,
} from '../base/limits.js';
import type { Database } from '../disk/level.js';
import { keyBehind } from '../model/key-range.js';
import { readRowKeys } from './row-keys.js';

/** A range of rows, from `from` on and before `to`. */
export interface Rows {
  readonly from: Buffer;
  readonly to: Buffer;
}

/** A piece that was drawn, and its rows for each of its bytes. */
interface Piece extends Rows {
  readonly density: number;
}

/** Bytes of rows that are few enough to be read as one piece, and of the keys of a piece. */
const COUNTED_BYTES_MAX = RANDOM_ROWS_COUNTED_MAX * RANDOM_PIECE_BYTES;

/** A range in which no row of any kind lies. */
const BEHIND_ALL = Buffer.of(0xff);

/** Draws of each call, which go on at the same time, since LevelDB estimates on other threads. */
const DRAWS = 8;
/** Draws before the first call, after which the place where the walk began no longer matters. */
const DRAWS_AT_FIRST = 16;

/** Bytes behind the common beginning of two keys that say which key lies in the middle. */
const MIDDLE_BYTES = 16;
/** Halvings in a row that leave all bytes on one side, before the first and the last row are looked up. */
const HALVINGS_IN_VAIN_MAX = 12;
const HALVINGS_MAX = 256;

export class RandomRows {
  readonly #db: Database;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #random: () => number;
  #range: Rows | undefined;
  #writtenOutMs = Number.NEGATIVE_INFINITY;
  #known = new Known();
  /** The place of the walk. */
  #piece: Piece | undefined;

  constructor(db: Database, clock: Pick<Clock, 'monotonicMs'>, random: () => number) {
    this.#db = db;
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * A row of the range at random. Undefined if the piece that was drawn has none.
   * @param isFew true if the range has so few rows that all can be read.
   */
  async take(range: Rows, isFew: boolean): Promise<Buffer | undefined> {
    const bytes = await this.#db.approximateSize(range.from, range.to);
    if (isFew && bytes <= COUNTED_BYTES_MAX) return this.#rowOf(range);
    const isFirst = await this.#writeOut(range);
    const draws = Array.from({ length: isFirst ? DRAWS_AT_FIRST : DRAWS }, () => this.#draw(range));
    for (const drawn of await Promise.all(draws)) this.#step(drawn);
    return this.#piece && this.#rowOf(this.#piece);
  }

  /** Returns true if the walk begins from scratch. */
  async #writeOut(range: Rows): Promise<boolean> {
    const isSame = this.#range?.from.equals(range.from) ?? false;
    const now = this.#clock.monotonicMs();
    if (isSame && now - this.#writtenOutMs < RANDOM_ROWS_FRESH_MS) return false;
    this.#range = range;
    this.#writtenOutMs = now;
    if (!isSame) this.#piece = undefined;
    // LevelDB writes its memory out before it looks for the range.
    await this.#db.compact(BEHIND_ALL, BEHIND_ALL);
    this.#known = new Known();
    return !isSame;
  }

  #step(drawn: Piece): void {
    const last = this.#piece?.density ?? 0;
    if (drawn.density >= last * this.#random()) this.#piece = drawn;
  }

  async #draw(range: Rows): Promise<Piece> {
    let { from, to } = range;
    let [before, end] = [0, await this.#bytesIn(range)];
    const at = this.#random() * end;
    for (let i = 0, inVain = 0; i < HALVINGS_MAX && end - before > RANDOM_PIECE_BYTES; i++, inVain++) {
      if (inVain === HALVINGS_IN_VAIN_MAX) {
        const outline = await this.#outlineOf({ from, to });
        if (!outline || outline.isOneRow) break;
        ({ from, to } = outline);
        inVain = 0;
      }
      const middle = middleOf(from, to);
      if (!middle) break;
      const bytes = await this.#bytesIn({ from: range.from, to: middle });
      if (bytes > before && bytes < end) inVain = 0;
      if (bytes <= at) [from, before] = [middle, bytes];
      else [to, end] = [middle, bytes];
    }
    return this.#pieceOf({ from, to }, end - before);
  }

  #pieceOf(rows: Rows, bytes: number): Promise<Piece> {
    return this.#known.pieces.of(rows, async () => {
      const { length } = await this.#keysOf(rows);
      return { ...rows, density: length / Math.max(1, bytes) };
    });
  }

  /** The rows from the first one to the last one. */
  #outlineOf(rows: Rows): Promise<(Rows & { readonly isOneRow: boolean }) | undefined> {
    return this.#known.outlines.of(rows, async () => {
      const [first] = await this.#keysOf(rows, { rows: 1 });
      const [last] = await this.#keysOf(rows, { rows: 1, reverse: true });
      return first && last && { from: first, to: keyBehind(last), isOneRow: first.equals(last) };
    });
  }

  #bytesIn(rows: Rows): Promise<number> {
    return this.#known.bytes.of(rows, () => this.#db.approximateSize(rows.from, rows.to));
  }

  async #rowOf(rows: Rows): Promise<Buffer | undefined> {
    const keys = await this.#keysOf(rows);
    return keys[Math.floor(this.#random() * keys.length)];
  }

  async #keysOf({ from, to }: Rows, { rows = RANDOM_ROWS_COUNTED_MAX, reverse = false } = {}): Promise<Buffer[]> {
    const max = { rows, bytes: COUNTED_BYTES_MAX, step: rows };
    return (await readRowKeys(this.#db, { gte: from, lt: to, reverse }, max)).rows;
  }
}

/** Facts about ranges of rows since LevelDB's memory was written out. The halvings of all draws begin alike. */
class Known {
  readonly bytes = new Kept<number>();
  readonly outlines = new Kept<(Rows & { readonly isOneRow: boolean }) | undefined>();
  readonly pieces = new Kept<Piece>();
}

/** Results by ranges of rows. All that are found at the same time are one. */
class Kept<Result> {
  readonly #results = new Map<string, Promise<Result>>();

  of({ from, to }: Rows, find: () => Promise<Result>): Promise<Result> {
    const name = `${from.toString('latin1')} ${to.toString('latin1')}`;
    const known = this.#results.get(name);
    if (known) return known;
    const found = find();
    found.catch(() => this.#results.delete(name));
    if (this.#results.size < RANDOM_RESULTS_MAX) this.#results.set(name, found);
    return found;
  }
}

/** A key about in the middle between two. Undefined if they are too near. */
export function middleOf(from: Buffer, to: Buffer): Buffer | undefined {
  let common = 0;
  while (common < from.length && common < to.length && from[common] === to[common]) common++;
  const half = (numberAt(from, common) + numberAt(to, common)) >> 1n;
  if (half === numberAt(from, common)) return undefined;
  const bytes = Buffer.from(half.toString(16).padStart(2 * MIDDLE_BYTES, '0'), 'hex');
  const last = bytes.findLastIndex((byte) => byte !== 0);
  return Buffer.concat([from.subarray(0, common), bytes.subarray(0, last + 1)]);
}

/** The bytes from `at` on as a number, followed by zeros. */
function numberAt(key: Buffer, at: number): bigint {
  const bytes = Buffer.alloc(MIDDLE_BYTES);
  key.copy(bytes, 0, at);
  return BigInt(`0x${bytes.toString('hex')}`);
}
