/**
 * A key at random. Each entry in memory and each row on disk is a lot. A lot is drawn, and counts if it is the one that
 * readers see: an entry that no newer one hides, or a row of a key that memory does not know. So a key has one lot that
 * counts, wherever it lies.
 */
import type { Clock } from '../base/clock.js';
import { RANDOM_ATTEMPTS_MAX, RANDOM_ROWS_COUNTED_MAX } from '../base/limits.js';
import { isReserved } from '../base/reserved-keys.js';
import type { Database } from '../disk/level.js';
import { isExpired } from '../model/command.js';
import type { CheckpointRecord } from './checkpoint-record.js';
import type { Found, ReadOptions } from './cold-read.js';
import { TOMBSTONE, TOUCH } from './entry-table.js';
import type { Layer } from './layer.js';
import { isMiss, type Overlay } from './overlay.js';
import { RandomRows } from './random-rows.js';
import { dataEnd, dataStart, userKey } from './record.js';

/** The parts of the keyspace that are drawn from. */
export interface DrawnKeyspace {
  readonly overlay: Pick<Overlay, 'visible' | 'lookUp'>;
  readonly checkpoint: CheckpointRecord;
  read(keys: readonly Buffer[], options?: ReadOptions): Found | Promise<Found>;
}

/** The size of a record on disk, about, as long as the records are not counted. */
const RECORD_BYTES_ASSUMED = 128;

const WITHOUT_VALUE: ReadOptions = { needsValue: () => false };

export class RandomKeys {
  readonly #db: Database;
  readonly #keyspace: DrawnKeyspace;
  readonly #random: () => number;
  readonly #rows: RandomRows;

  constructor(db: Database, keyspace: DrawnKeyspace, clock: Pick<Clock, 'monotonicMs'>, random = Math.random) {
    this.#db = db;
    this.#keyspace = keyspace;
    this.#random = random;
    this.#rows = new RandomRows(db, clock, random);
  }

  /** Undefined if there is no key, or if no lot counted in so many attempts. */
  async take(nowMs: number): Promise<Buffer | undefined> {
    for (let attempt = 0; attempt < RANDOM_ATTEMPTS_MAX; attempt++) {
      const rows = await this.#rowsOnDisk();
      const layers = this.#keyspace.overlay.visible;
      const entries = layers.reduce((sum, { count }) => sum + count, 0);
      if (entries + rows === 0) return undefined;
      const lot = Math.floor(this.#random() * (entries + rows));
      const key = lot < entries ? this.#keyInMemory(layers, lot, nowMs) : await this.#keyOnDisk(rows, nowMs);
      if (key) return key;
    }
    return undefined;
  }

  /** The number of rows that readers may see. */
  async #rowsOnDisk(): Promise<number> {
    const { overlay, checkpoint } = this.#keyspace;
    if (overlay.visible.some(({ cleared }) => cleared)) return 0;
    if (checkpoint.keys !== null) return checkpoint.keys;
    const { from, to } = this.#range;
    return Math.ceil((await this.#db.approximateSize(from, to)) / RECORD_BYTES_ASSUMED);
  }

  get #range() {
    const { epoch } = this.#keyspace.checkpoint;
    return { from: dataStart(epoch), to: dataEnd(epoch) };
  }

  #keyInMemory(layers: readonly Layer[], lot: number, nowMs: number): Buffer | undefined {
    let entry = lot;
    for (const layer of layers) {
      if (entry >= layer.count) {
        entry -= layer.count;
        continue;
      }
      const kind = layer.kind(entry);
      if (kind === TOMBSTONE || kind === TOUCH) return undefined;
      const key = Buffer.from(layer.key(entry));
      const seen = this.#keyspace.overlay.lookUp(key);
      const hash = layer.hash(entry);
      const newer = layers.slice(0, layers.indexOf(layer));
      const isHidden = newer.some((other) => other.hasRecord(key, 0, key.length, hash) !== undefined);
      const isSeen = seen && !isMiss(seen) && !isHidden && !isReserved(key);
      return isSeen && !isExpired(seen.expiresAtMs, nowMs) ? key : undefined;
    }
    return undefined;
  }

  async #keyOnDisk(rows: number, nowMs: number): Promise<Buffer | undefined> {
    const row = await this.#rows.take(this.#range, rows <= RANDOM_ROWS_COUNTED_MAX);
    const key = row && Buffer.from(userKey(row));
    if (!key || isReserved(key) || !isMiss(this.#keyspace.overlay.lookUp(key))) return undefined;
    const { entries } = await this.#keyspace.read([key], WITHOUT_VALUE);
    const [entry] = entries;
    return entry && !isExpired(entry.expiresAtMs, nowMs) ? key : undefined;
  }
}
