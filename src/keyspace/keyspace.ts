/**
 * The keyspace: the state that the commands of the log produce, as an in-memory overlay over a LevelDB
 * database of its own.
 *
 * Reads go through the layers in memory (overlay.ts), the cache (read-cache.ts) and then the disk (cold-read.ts).
 * `apply` is blind: it never reads, so that leader, follower and recovery run the same code and cannot drift. `flush`
 * writes a frozen layer out and makes a checkpoint of it (checkpoint-record.ts). store/checkpoint.ts orders flushes and
 * the log's durable points.
 */

import type { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { RECENT_KEYS_MAX } from '../base/limits.js';
import { isReserved } from '../base/reserved-keys.js';
import type { Database } from '../disk/level.js';
import type { Entry } from '../model/command.js';
import type { KeyRange } from '../model/key-range.js';
import type { LineageRow } from '../model/lineage.js';
import type { Position } from '../model/position.js';

import {
  CHECKPOINT_FORMAT,
  type CheckpointRecord,
  checkpointRow,
  flushingRow,
  readCheckpoint,
} from './checkpoint-record.js';
import { type ColdKey, type Found, type ReadOptions, readCold } from './cold-read.js';
import { DueIndex } from './due-index.js';
import { EmptiedRanges } from './emptied-ranges.js';
import { Flush, type GoesOn } from './flush.js';
import { KeyPrints } from './key-prints.js';
import { hashKey } from './key-table.js';
import type { LaidEntries } from './laid-entries.js';
import type { AppliedBlock, Layer } from './layer.js';
import { type FrozenLayer, isMiss, Overlay, touched } from './overlay.js';
import { findChanges, type RangePatch, writeChanges } from './range-patch.js';
import { NOT_CACHED, ReadCache } from './read-cache.js';
import { RecentKeys } from './recent-keys.js';
import { DATA_KEY_HEADER_BYTES, dataEnd, dataStart, userKey } from './record.js';
import { RecordSizes } from './record-sizes.js';
import { KeyspaceSnapshot } from './snapshot.js';
import { Sweep } from './sweep.js';

const EVERYTHING: ReadOptions = {};

/** The progress of flushes. After a flush that was cut short, the count and the content of the disk are unknown. */
type FlushState =
  | 'whole'
  /** The last flush failed, so the disk may hold a part of its layer. */
  | 'interrupted'
  | 'cut_short';

export class Keyspace {
  /** The keys on disk that expire, by the time at which they are due, and the prints of all keys on disk. */
  readonly indexes: { readonly due: DueIndex; readonly prints: KeyPrints };
  /** The layers in memory. */
  readonly overlay: Overlay;
  /** The end of records that nobody can read any more. */
  readonly sweep: Sweep;
  readonly #db: Database;
  #checkpoint: CheckpointRecord;
  /** The offset of the flush that a crash interrupted, 0 if none. */
  readonly flushingTo: number;
  #applied: Position;
  /** Sizes of the records on disk at the checkpoint. Later writes to the disk are in memory too. */
  #sizes: RecordSizes;
  /** Changes of the record count by flushes since a recount began, and the sizes of what they have written. */
  #recountDelta = 0;
  #recountSizes = new RecordSizes();
  /** Keys of the epoch on disk. A failed write latches the database, so a key noted before its write does no harm. */
  readonly #onDisk = new RecentKeys(RECENT_KEYS_MAX);
  readonly #dueIndex: DueIndex;
  /** Tells new keys from those that may be on disk. */
  readonly #prints: KeyPrints;
  /** Records that reads have found on disk. All code that changes records on disk keeps the invariant of the cache. */
  readonly #cache: ReadCache;
  /** The ranges in which flushes have deleted records of that epoch. */
  readonly #emptied: EmptiedRanges;
  #flushes: FlushState = 'whole';
  /** Whether records of the node itself may be on disk or above. */
  #hasReserved: boolean;

  private constructor(
    db: Database,
    cache: ReadCache,
    { checkpoint, flushingTo, prints }: { checkpoint: CheckpointRecord; flushingTo: number; prints: KeyPrints },
  ) {
    this.#db = db;
    this.#cache = cache;
    this.#dueIndex = new DueIndex(db);
    const { epoch, unmarked } = checkpoint;
    this.#prints = prints;
    this.indexes = { due: this.#dueIndex, prints };
    this.#emptied = new EmptiedRanges(db, dataStart(epoch), dataEnd(epoch), unmarked);
    this.#checkpoint = checkpoint;
    this.#hasReserved = checkpoint.reserved ?? false;
    this.#sizes = RecordSizes.parse(checkpoint.sizes);
    this.flushingTo = flushingTo;
    this.#applied = checkpoint.position;
    this.overlay = new Overlay(checkpoint.epoch, { keepsWritten: cache.keepsAny });
    this.sweep = new Sweep(db, this.#emptied, () => this.#checkpoint);
  }

  /**
   * @param cache an empty cache, for this keyspace alone. Without one, nothing is cached.
   * @throws HeadwaterError `unknown_format` or `corrupt`.
   */
  static async open(db: Database, cache = new ReadCache(0)): Promise<Keyspace> {
    const { checkpoint, flushingTo } = await readCheckpoint(db);
    const prints = await KeyPrints.open(db, checkpoint.epoch, checkpoint.prints);
    return new Keyspace(db, cache, { checkpoint, flushingTo, prints });
  }

  /** The directory of LevelDB's files. Undefined if there are none. */
  get directory(): string | undefined {
    return this.#db.hasFiles ? this.#db.location : undefined;
  }

  /** The checkpoint up to which the keyspace on disk is complete. */
  get checkpoint(): CheckpointRecord {
    return this.#checkpoint;
  }

  /** The end of the last block applied. */
  get applied(): Position {
    return this.#applied;
  }

  /** Whether `recount` has something to find: the number of keys, the sizes of the records, or the prints of the keys. */
  get isCountDue(): boolean {
    const { keys } = this.#checkpoint;
    return keys === null || !this.#sizes.isKnown || this.#prints.isPassDue(keys);
  }

  // ---- writing ----------------------------------------------------------

  /**
   * Applies the effects of the next block. Synchronous. Nothing else changes the keyspace.
   * @returns whether the block may have changed records of the node itself.
   */
  apply(block: AppliedBlock): boolean {
    invariant(
      block.firstOffset === this.#applied.offset + 1,
      `block ${block.firstOffset} applied after ${this.#applied.offset}`,
    );
    const effect = this.overlay.active.apply(block);
    this.#applied = block.position;
    if (effect === 'written') this.#hasReserved = true;
    return effect !== 'untouched';
  }

  // ---- reading ----------------------------------------------------------

  /**
   * The entry of each key, expired or not. All results of one call are of one state, however many keys there
   * are. That is the state at the call, unless LevelDB reports damage on the way: then all keys are looked up
   * again. Returns at once if memory knows every key, otherwise returns a promise.
   * @param options.bytesMax about how many bytes of values may be read from disk and kept. Keys beyond that
   *   are not looked up (`Found.count`).
   * @param options.needsValue asked with the index of a key, only for keys on disk. If it returns false, the
   *   entry may come with an empty value.
   */
  read(keys: readonly Buffer[], options: ReadOptions = EVERYTHING): Found | Promise<Found> {
    return this.#read(keys, options, false);
  }

  #read(keys: readonly Buffer[], options: ReadOptions, withSnapshot: boolean): Found | Promise<Found> {
    const { bytesMax = Number.POSITIVE_INFINITY } = options;
    const entries: Array<Entry | undefined> = [];
    let cold: ColdKey[] | undefined;
    let copiedBytes = 0;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as Buffer;
      const hash = hashKey(key, 0, key.length);
      const hit = this.overlay.lookUp(key, hash);
      if (!isMiss(hit)) {
        entries.push(hit);
        continue;
      }
      const cached = copiedBytes < bytesMax ? this.#cache.find(key, hash) : NOT_CACHED;
      if (cached === NOT_CACHED) {
        cold ??= [];
        cold.push({ index, hash, miss: hit });
        entries.push(undefined);
      } else {
        entries.push(cached && touched(cached, hit.touch));
        copiedBytes += cached?.value.length ?? 0;
      }
    }
    if (!cold) return { entries, count: keys.length, damaged: undefined };
    const again = () => this.#read(keys, options, true);
    const { epoch } = this.#checkpoint;
    const ofTurn = { epoch, cache: this.#cache, changes: this.#cache.changes, sizes: this.#sizes };
    return readCold(this.#db, { keys, entries, cold, copiedBytes, options, withSnapshot, again, ...ofTurn });
  }

  // ---- freezing and flushing ---------------------------------------------

  /** Ends the active layer at the last block applied. Returns false if there is nothing to write out. */
  freeze(): boolean {
    const { active, newest } = this.overlay;
    const frozenTo = (newest ?? this.#checkpoint).position.offset;
    if (active.isEmpty && this.#applied.offset === frozenTo && !this.#prints.isUnsaved) return false;
    this.overlay.freeze(this.#applied);
    return true;
  }

  /**
   * Writes the oldest frozen layer out and makes a checkpoint of it. The caller has made the log durable up
   * to the layer's end.
   * @param goesOn asked after every chunk, with the share that is written. A flush that ends early leaves what a crash would have left,
   *   and is the last one of this object. Reads remain correct.
   * @returns the reason why a part of the disk could not be read, if there was one. The number of keys is not
   *   known then.
   * @throws HeadwaterError `io_error` if the layer cannot be written out for now. The layer stays in memory,
   *   and another flush writes all of it again.
   */
  async flush(lineage: readonly LineageRow[], goesOn: GoesOn = () => true): Promise<HeadwaterError | undefined> {
    const { oldest } = this.overlay;
    invariant(oldest, 'a flush needs a frozen layer');
    const { layer, position } = oldest;
    await this.#prints.dropEarlier(this.#checkpoint.epoch);
    await this.#beginFlush(oldest);
    // An interrupted flush may have left larger records than these. They are of one layer, so their bytes are
    // bounded nevertheless.
    const repeats = this.#flushes === 'interrupted' || this.#checkpoint.position.offset < this.flushingTo;
    const [onDisk, prints, cache, emptied] = [this.#onDisk, this.#prints, this.#cache, this.#emptied];
    const known = { onDisk, prints, cache, emptied, sizes: this.#sizes, dueIndex: this.#dueIndex };
    const flush = new Flush(this.#db, layer, { ...known, repeats });
    const delta = await this.#interruptible(async () => {
      const changed = await flush.run(goesOn);
      if (changed !== undefined) await this.#db.durable();
      return changed;
    });
    if (delta === undefined) {
      this.#flushes = 'cut_short';
      return undefined;
    }
    const { unreadable } = flush;
    const before = layer.cleared ? 0 : this.#checkpoint.keys;
    // A cleared layer may meet rows that an interrupted flush has left in its epoch. Then only a recount
    // shows the number.
    const unsure = layer.cleared && repeats;
    const keys = before === null || unsure || unreadable ? null : before + delta;
    const sizesNow = this.#sizesAfter(layer, flush.written);
    const checkpoint: CheckpointRecord = {
      format: CHECKPOINT_FORMAT,
      position,
      lineage,
      epoch: layer.epoch,
      keys,
      sizes: sizesNow.kept,
      prints: prints.kept,
      unmarked: emptied.isUnmarked || undefined,
      reserved: this.#hasReserved || undefined,
    };
    prints.saved();
    await this.#db.put(...checkpointRow(checkpoint), { sync: true });
    this.#sizes = sizesNow;
    this.#recountDelta = layer.cleared || unreadable ? Number.NaN : this.#recountDelta + delta;
    this.#recountSizes.addAll(flush.written);
    this.#checkpoint = checkpoint;
    this.overlay.retireOldest();
    return unreadable;
  }

  /** Marks on disk that a flush of the layer has begun, and takes notes of a `clear` in it. */
  async #beginFlush({ layer, position }: FrozenLayer): Promise<void> {
    invariant(
      this.#flushes !== 'cut_short',
      'after a flush that ended early the count and what is on disk are unknown',
    );
    if (layer.cleared) this.#cache.clear();
    else this.#cache.changing();
    // Replay may flush on its way. Until replay has passed an interrupted flush, the disk is ahead of every
    // checkpoint.
    await this.#db.put(...flushingRow(Math.max(position.offset, this.flushingTo)), { sync: true });
    if (!layer.cleared) return;
    this.#onDisk.clear();
    this.#prints.clear(layer.epoch);
    this.#emptied.begin(dataStart(layer.epoch), dataEnd(layer.epoch));
  }

  /** Runs a flush. If it fails, the number of keys is not known. */
  async #interruptible<T>(flushing: () => Promise<T>): Promise<T> {
    try {
      const done = await flushing();
      this.#flushes = 'whole';
      return done;
    } catch (error) {
      this.#flushes = 'interrupted';
      this.#recountDelta = Number.NaN;
      this.#checkpoint = { ...this.#checkpoint, keys: null };
      throw error;
    }
  }

  #sizesAfter(layer: Layer, written: RecordSizes): RecordSizes {
    const stays = (key: Buffer) => layer.hasRecord(key, 0, key.length, hashKey(key, 0, key.length)) === undefined;
    const sizes = layer.cleared ? new RecordSizes() : this.#sizes.filter(stays);
    sizes.addAll(written);
    return sizes;
  }

  // ---- repair --------------------------------------------------------------

  /**
   * Replaces some ranges on disk by what another keyspace has there at the checkpoint's position. The change
   * is durable, and happens as a whole or not at all. Later writes stay above. As for `snapshot`, no flush
   * may run until this is done. The number of records is not known afterwards, since a repaired record may or
   * may not have been counted.
   * @param before called when nothing has been written yet. If it throws, nothing is written.
   * @throws HeadwaterError `corrupt` if the present rows cannot be read.
   */
  async mend(
    mending: RangePatch,
    before: () => void,
  ): Promise<{ written: number; deleted: number; rest: readonly KeyRange[] }> {
    const changes = await findChanges(this.#db, this.#checkpoint.epoch, mending);
    const [written, deleted] = [changes.puts.length, changes.deletions.length];
    before();
    const batch = this.#db.batch();
    writeChanges(batch, changes);
    if (written + deleted > 0) {
      // The recount and the notes of flushes do not match the disk any more.
      this.#recountDelta = Number.NaN;
      this.#onDisk.clear();
      this.#sizes = this.#sizes.filter(() => true);
      for (const [row, record] of changes.puts) this.#sizes.add(row, DATA_KEY_HEADER_BYTES, record.length);
      for (const row of changes.deletions) this.#emptied.add(row);
      for (const [row] of changes.puts) this.#prints.add(row, DATA_KEY_HEADER_BYTES, row.length);
      this.#prints.putRow(batch);
      const unmarked = this.#emptied.isUnmarked || undefined;
      this.#hasReserved ||= changes.puts.some(([row]) => isReserved(userKey(row)));
      const reserved = this.#hasReserved || undefined;
      this.#checkpoint = {
        ...this.#checkpoint,
        keys: null,
        sizes: this.#sizes.kept,
        prints: this.#prints.kept,
        unmarked,
        reserved,
      };
      batch.put(...checkpointRow(this.#checkpoint));
    }
    this.overlay.forgetWritten();
    await this.#cache.emptyDuring(() => batch.write({ sync: true }));
    if (changes.due.length > 0) this.#dueIndex.added(0);
    return { written, deleted, rest: changes.rest };
  }

  // ---- snapshots and counts -----------------------------------------------

  /**
   * Takes a snapshot of the keyspace on disk. Call it only while no flush is running and nothing is in memory.
   * @param laid the entries of memory of this turn, for a snapshot of a range at any time.
   */
  snapshot(onClose: () => void = () => {}, laid?: LaidEntries): KeyspaceSnapshot {
    const { epoch, keys } = this.#checkpoint;
    const position = laid ? this.#applied : this.#checkpoint.position;
    const known = laid ? undefined : (keys ?? undefined);
    return new KeyspaceSnapshot({ db: this.#db, epoch, position, keys: known, laid, onClose });
  }

  /**
   * Counts the keys after a crash in the middle of a flush, finds the sizes of the records if they are not
   * known, and collects the prints of the keys if they are not whole, or mostly stale. As for `snapshot`, no flush may run when this begins. Flushes may run afterwards. Has no
   * effect if a `clear` comes in between, or `cancelled`.
   */
  async recount(cancelled: () => boolean = () => false): Promise<void> {
    const prints = this.#prints.isPassDue(this.#checkpoint.keys) ? this.#prints : undefined;
    prints?.beginPass();
    const snapshot = this.snapshot();
    this.#recountDelta = 0;
    this.#recountSizes = new RecordSizes();
    let isDone = false;
    try {
      let keys = 0;
      const sizes = new RecordSizes();
      for await (const chunk of snapshot.chunks()) {
        if (cancelled()) return;
        keys += chunk.length;
        for (const [key, record] of chunk) sizes.add(key, 0, record.length);
        await prints?.collect(chunk.map(([key]) => key));
      }
      isDone = true;
      const recounted = keys + this.#recountDelta;
      if (this.#checkpoint.keys === null && !Number.isNaN(recounted))
        this.#checkpoint = { ...this.#checkpoint, keys: recounted };
      if (!this.#sizes.isKnown) {
        // The next flush puts the sizes into its checkpoint.
        sizes.addAll(this.#recountSizes);
        this.#sizes = sizes;
      }
    } finally {
      await snapshot.release();
      await prints?.endPass(isDone);
    }
  }
}
