/**
 * The keyspace at one offset: scans, digests, backups and full resyncs read it. The LevelDB snapshot is taken
 * when everything up to the offset, and nothing after it, is on disk. So it costs no memory, whatever its
 * size.
 */

import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { SNAPSHOT_UNREAD_MS_MAX } from '../base/limits.js';
import type { Database, Entries, Snapshot } from '../disk/level.js';
import type { KeyRange } from '../model/key-range.js';
import type { Position } from '../model/position.js';
import { type KeyAndRecord, KeyspaceDigest } from './digest.js';
import { dataEnd, dataKey, userKey, verifyRecord } from './record.js';
import { type KeyspaceVerification, type KeyspaceVerified, verifyKeyspace } from './verify.js';

const READ_AHEAD_BYTES = 256 * 1024;
const ROWS_CHUNK_ENTRIES = 256;

export class KeyspaceSnapshot {
  readonly position: Position;
  /** The number of keys, if they have been counted. */
  readonly keys: number | undefined;
  readonly #db: Database;
  readonly #epoch: number;
  readonly #snapshot: Snapshot;
  readonly #onClose: () => void;
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
    onClose: () => void;
  }) {
    this.#db = options.db;
    this.#snapshot = options.db.snapshot();
    this.#epoch = options.epoch;
    this.position = options.position;
    this.keys = options.keys;
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
    const range = { gte: dataKey(this.#epoch, prefix), lt: after(prefix, this.#epoch) };
    for await (const rows of this.#read(range, chunkEntries)) {
      for (const [key, record] of rows) verifyRecord(key, record);
      yield rows;
    }
  }

  /**
   * Yields keys and records of a range as they are on disk, not verified, in chunks.
   * @throws the reason for which the snapshot was closed.
   */
  rows({ from, to }: KeyRange): AsyncGenerator<KeyAndRecord[]> {
    const end = to === undefined ? dataEnd(this.#epoch) : dataKey(this.#epoch, to);
    return this.#read({ gte: dataKey(this.#epoch, from), lt: end }, ROWS_CHUNK_ENTRIES);
  }

  async *#read(range: { gte: Buffer; lt: Buffer }, chunkEntries: number): AsyncGenerator<KeyAndRecord[]> {
    if (this.#closed) throw this.#closed;
    const entries = this.#db.iterate({ ...range, snapshot: this.#snapshot, highWaterMarkBytes: READ_AHEAD_BYTES });
    this.#open.add(entries);
    try {
      for (let ahead = entries.next(chunkEntries); ; ) {
        const rows = await ahead;
        this.#reads++;
        if (this.#closed) throw this.#closed;
        if (rows.length === 0) return;
        // LevelDB reads on while these rows are verified and used.
        ahead = entries.next(chunkEntries);
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

function after(prefix: Buffer, epoch: number): Buffer {
  const last = prefix.findLastIndex((byte) => byte !== 0xff);
  if (last < 0) return dataEnd(epoch);
  const end = Buffer.from(prefix.subarray(0, last + 1));
  end[last] = (end[last] as number) + 1;
  return dataKey(epoch, end);
}
