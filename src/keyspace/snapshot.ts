/**
 * The keyspace at one offset: scans, digests, backups and full resyncs read it. The LevelDB snapshot is taken
 * when everything up to the offset, and nothing after it, is on disk. So it costs no memory, whatever its
 * size. A scan of a few keys does not wait for that. The disk is then as of any moment, and the entries of
 * memory of the same moment lie over it (laid-entries.ts).
 */

import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { SNAPSHOT_UNREAD_MS_MAX } from '../base/limits.js';
import type { Database, Entries, Snapshot } from '../disk/level.js';
import type { Entry } from '../model/command.js';
import { isInRange, type KeyRange, rangeOfPrefix } from '../model/key-range.js';
import type { Position } from '../model/position.js';
import { type KeyAndRecord, KeyspaceDigest } from './digest.js';
import type { LaidEntries, LaidEntry } from './laid-entries.js';
import { touched } from './overlay.js';
import { dataEnd, dataKey, decodeRecord, userKey, verifyRecord } from './record.js';
import { type KeyspaceVerification, type KeyspaceVerified, verifyKeyspace } from './verify.js';

const READ_AHEAD_BYTES = 256 * 1024;
const ROWS_CHUNK_ENTRIES = 256;
/** The entries of the first chunk beyond those that the reader asks for. */
const FIRST_CHUNK_ENTRIES = 8;

/** A key and its entry. */
export type KeyAndEntry = [key: Buffer, entry: Entry];

/** The order in which a reader takes the entries of a range, and about how many. */
export interface ReadOrder {
  readonly reverse: boolean;
  /** The number of entries after which the reader may leave. Infinity for all. */
  readonly limit: number;
}

interface ChunksWanted {
  /** The rows of the first chunk. Each further one has twice as many, up to the largest number. */
  readonly chunkEntries: number;
  readonly chunkEntriesMax?: number;
  readonly reverse?: boolean;
}

export class KeyspaceSnapshot {
  readonly position: Position;
  /** The number of keys, if they have been counted. */
  readonly keys: number | undefined;
  readonly #db: Database;
  readonly #epoch: number;
  readonly #snapshot: Snapshot;
  readonly #onClose: () => void;
  /** The entries of memory over the disk, of one range only. */
  readonly #laid: LaidEntries | undefined;
  readonly #open = new Set<Entries>();
  /** The number of holders. The first is the caller that takes the snapshot. */
  #holders = 1;
  #reads = 0;
  #closed: HeadwaterError | undefined;

  constructor(options: {
    db: Database;
    epoch: number;
    position: Position;
    keys: number | undefined;
    laid?: LaidEntries | undefined;
    onClose: () => void;
  }) {
    this.#db = options.db;
    this.#snapshot = options.db.snapshot();
    this.#epoch = options.epoch;
    this.position = options.position;
    this.keys = options.keys;
    this.#laid = options.laid;
    this.#onClose = options.onClose;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** The number of reads so far. */
  get reads(): number {
    return this.#reads;
  }

  /** Adds a holder, which must `release` the snapshot. */
  share(): this {
    invariant(this.#holders > 0 && !this.#closed, 'a snapshot is shared while it is held');
    this.#holders++;
    return this;
  }

  async release(): Promise<void> {
    this.#holders--;
    if (this.#holders === 0) await this.close(new HeadwaterError('internal', 'the snapshot has been released'));
  }

  /** Ends every reader with `reason`. */
  async close(reason: HeadwaterError): Promise<void> {
    if (this.#closed) return;
    this.#closed = reason;
    this.#onClose();
    for (const entries of this.#open) await entries.close();
    await this.#snapshot.close();
  }

  /**
   * Yields keys and verified records in key order, in chunks.
   * @param prefix only keys that begin with it.
   * @throws HeadwaterError `corrupt` at a damaged record, or the reason for which the snapshot was closed.
   */
  async *chunks(prefix: Buffer = Buffer.alloc(0), chunkEntries = ROWS_CHUNK_ENTRIES): AsyncGenerator<KeyAndRecord[]> {
    for await (const rows of this.#read(rangeOfPrefix(prefix), { chunkEntries })) {
      for (const [key, record] of rows) verifyRecord(key, record);
      yield rows;
    }
  }

  /**
   * Yields the keys and entries of a range in order, in chunks, expired ones too. With entries of memory over the disk,
   * the range lies in that which the snapshot was taken for, and the order is the same.
   * @throws HeadwaterError `corrupt` at a damaged record, or the reason for which the snapshot was closed.
   */
  async *entries(range: KeyRange, { reverse, limit }: ReadOrder): AsyncGenerator<KeyAndEntry[]> {
    const { entries = [], hidesDisk = false } = this.#laid ?? {};
    const inRange = entries.filter(({ key }) => isInRange(key, range));
    const laying = new Laying(inRange, reverse);
    const chunkEntries = Math.min(ROWS_CHUNK_ENTRIES, limit + FIRST_CHUNK_ENTRIES);
    const chunks = { chunkEntries, chunkEntriesMax: ROWS_CHUNK_ENTRIES, reverse };
    if (!hidesDisk) for await (const rows of this.#read(range, chunks)) yield laying.over(rows);
    yield laying.rest();
  }

  /**
   * Yields keys and records of a range as they are on disk, not verified, in chunks.
   * @throws the reason for which the snapshot was closed.
   */
  rows(range: KeyRange): AsyncGenerator<KeyAndRecord[]> {
    return this.#read(range, { chunkEntries: ROWS_CHUNK_ENTRIES });
  }

  async *#read(
    { from, to }: KeyRange,
    { chunkEntries, chunkEntriesMax = chunkEntries, reverse = false }: ChunksWanted,
  ): AsyncGenerator<KeyAndRecord[]> {
    if (this.#closed) throw this.#closed;
    const entries = this.#db.iterate({
      gte: dataKey(this.#epoch, from),
      lt: to === undefined ? dataEnd(this.#epoch) : dataKey(this.#epoch, to),
      reverse,
      snapshot: this.#snapshot,
      highWaterMarkBytes: READ_AHEAD_BYTES,
    });
    this.#open.add(entries);
    try {
      let count = chunkEntries;
      for (let ahead = entries.next(count); ; ) {
        const rows = await ahead;
        this.#reads++;
        if (this.#closed) throw this.#closed;
        if (rows.length === 0) return;
        // LevelDB reads on while these rows are verified and used.
        count = Math.min(2 * count, chunkEntriesMax);
        ahead = entries.next(count);
        // A reader that leaves early has no use for the failure of this read.
        ahead.catch(() => {});
        for (const row of rows) row[0] = userKey(row[0]);
        yield rows;
      }
    } catch (error) {
      throw this.#closed ?? error;
    } finally {
      this.#open.delete(entries);
      if (!this.#closed) await entries.close();
    }
  }

  /** Checks every record, damaged ones too. @throws the reason for which the snapshot was closed. */
  async verify(options: Pick<KeyspaceVerification, 'found' | 'pace' | 'restoreDue'>): Promise<KeyspaceVerified> {
    if (this.#closed) throw this.#closed;
    const pace = async (bytes: number) => {
      await options.pace(bytes);
      this.#reads++;
      if (this.#closed) throw this.#closed;
    };
    return await verifyKeyspace(this.#db, { ...options, pace, epoch: this.#epoch, snapshot: this.#snapshot });
  }

  async digest(): Promise<{ keys: number; digest: Buffer }> {
    const digest = new KeyspaceDigest();
    for await (const chunk of this.chunks()) digest.add(chunk);
    return { keys: digest.keys, digest: digest.finish() };
  }
}

/** The reason for which an abandoned snapshot ends, because it keeps space on the disk from being freed. */
export function unreadTooLong(): HeadwaterError {
  return new HeadwaterError(
    'unavailable',
    `the snapshot was released, because its reader read nothing for ${SNAPSHOT_UNREAD_MS_MAX / 60_000} minutes`,
  );
}

/** Lays the entries of memory over rows of the disk. Both come in the same order. */
class Laying {
  readonly #entries: readonly LaidEntry[];
  readonly #sign: 1 | -1;
  #next = 0;

  constructor(entries: readonly LaidEntry[], reverse: boolean) {
    this.#entries = entries;
    this.#sign = reverse ? -1 : 1;
  }

  /** The entries up to the last of some rows of the disk, and those rows that are not hidden. */
  over(rows: readonly KeyAndRecord[]): KeyAndEntry[] {
    const found: KeyAndEntry[] = [];
    for (const [key, record] of rows) this.#layOver(key, record, found);
    return found;
  }

  #layOver(key: Buffer, record: Buffer, found: KeyAndEntry[]): void {
    for (;;) {
      const laid = this.#entries[this.#next];
      const order = laid ? Buffer.compare(laid.key, key) * this.#sign : 1;
      if (!laid || order > 0) {
        found.push([key, decodeRecord(key, record)]);
        return;
      }
      this.#next++;
      if (isWhole(laid)) found.push([laid.key, laid.known]);
      else if (order === 0 && laid.known) found.push([key, touched(decodeRecord(key, record), laid.known)]);
      if (order === 0) return;
    }
  }

  /** The entries behind the last row. */
  rest(): KeyAndEntry[] {
    const left = this.#entries.slice(this.#next).filter(isWhole);
    return left.map(({ key, known }): KeyAndEntry => [key, known]);
  }
}

/** Whether memory knows the whole entry. Otherwise the key is deleted, or only its expiry is known. */
function isWhole(laid: LaidEntry): laid is LaidEntry & { readonly known: Entry } {
  return laid.known !== undefined && 'value' in laid.known;
}
