/**
 * The keyspace: the state that the commands of the log produce, as an in-memory overlay over a LevelDB
 * database of its own.
 *
 * Reads go through the active layer, the frozen layers and then the disk. A layer in which everything was
 * cleared hides what is below it. `apply` is blind: it never reads, so that leader, follower and recovery run
 * the same code and cannot drift. `flush` writes a frozen layer out. store/checkpoint.ts orders flushes and
 * the log's durable points.
 *
 * Two rows of the database are not records. `m ‖ "checkpoint"` holds a CheckpointRecord as JSON. `m ‖
 * "flushing"` holds the offset of the running flush as decimal text. Each has a checksum (checked-row.ts).
 * Between a flush's first chunk and its checkpoint the disk holds a mixture, which replay up to that offset
 * makes whole.
 */

import { checkedRow, valueOfCheckedRow } from '../base/checked-row.js';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { COMPACTION_BYTES_MAX, COMPACTION_RECORDS_MAX, RECENT_KEYS_MAX, SWEEP_BYTES } from '../base/limits.js';
import { isOutOfDescriptors } from '../disk/files.js';
import { type Database, isUnreadable, type Snapshot } from '../disk/level.js';
import type { Entry } from '../model/command.js';
import { type KeyRange, keyBehind } from '../model/key-range.js';
import type { LineageRow } from '../model/lineage.js';
import { ORIGIN, type Position } from '../model/position.js';
import { DueIndex } from './due-index.js';
import { EmptiedRanges } from './emptied-ranges.js';
import { Flush } from './flush.js';
import { GroupSize } from './group-size.js';
import { hashKey } from './key-table.js';
import { type AppliedBlock, DueKeys, Layer, TOMBSTONE, TOUCH } from './layer.js';
import { findChanges, type RangePatch, writeChanges } from './range-patch.js';
import { RecentKeys } from './recent-keys.js';
import { DATA_KEY_HEADER_BYTES, dataEnd, dataKey, dataStart, decodeRecord, isDamage } from './record.js';
import { type KeptSizes, RecordSizes } from './record-sizes.js';
import { KeyspaceSnapshot } from './snapshot.js';

const CHECKPOINT_FORMAT = 1;
const CHECKPOINT_KEY = Buffer.from('mcheckpoint');
const FLUSHING_KEY = Buffer.from('mflushing');

/** The content of a checkpoint. */
export interface CheckpointRecord {
  readonly format: number;
  readonly position: Position;
  readonly lineage: readonly LineageRow[];
  /** The epoch of the records on disk. */
  readonly epoch: number;
  /** The number of records on disk. Null if a crash made it unknown. */
  readonly keys: number | null;
  /** Sizes of the records on disk. Absent if they are not known, and in checkpoints of earlier versions. */
  readonly sizes?: KeptSizes | undefined;
  /** Set if no record of the epoch was ever deleted from the disk. */
  readonly unmarked?: true | undefined;
}

const EMPTY_CHECKPOINT: CheckpointRecord = {
  format: CHECKPOINT_FORMAT,
  position: ORIGIN,
  lineage: [],
  epoch: 0,
  keys: 0,
  sizes: new RecordSizes().kept,
  unmarked: true,
};

/** A new expiry to lay over the entry below. */
interface Touch {
  readonly expiresAtMs: number;
  readonly version: number;
}

/** The result for a key that has to be looked up on disk. */
interface Miss {
  readonly touch: Touch | undefined;
}

const PLAIN_MISS: Miss = { touch: undefined };

/** The result of a read, by the index of the key. */
export interface Found {
  readonly entries: ReadonlyArray<Entry | undefined>;
  /** Keys before this index were looked up. All keys, unless there was a bound on the bytes. */
  readonly count: number;
  /** Keys whose records are damaged (`corrupt`, `unknown_format`). They have no entry. Seldom any. */
  readonly damaged: ReadonlyMap<number, HeadwaterError> | undefined;
}

export interface ReadOptions {
  readonly bytesMax?: number | undefined;
  needsValue?(index: number): boolean;
}

const EVERYTHING: ReadOptions = {};
/** The rows must be as of the turn in which the layers were read. */
const AS_OF_CALL = { later: false };
/** Rows read at a time by a sweep. */
const SWEEP_CHUNK_ROWS = 32;
const NO_VALUE = Buffer.alloc(0);

interface ColdKey {
  readonly index: number;
  readonly miss: Miss;
}

interface ColdRead {
  readonly keys: readonly Buffer[];
  /** The entries that memory knows. The read adds the others. */
  readonly entries: Array<Entry | undefined>;
  readonly cold: readonly ColdKey[];
  readonly options: ReadOptions;
  readonly withSnapshot: boolean;
}

/** The disk's result for a key: nothing, a record, or the reason why it cannot be read. */
type StoredRecord = Buffer | HeadwaterError | undefined;

export class Keyspace {
  /** The keys on disk that expire, by the time at which they are due. */
  readonly dueIndex: DueIndex;
  readonly #db: Database;
  #active: Layer;
  /** Frozen layers, oldest first. */
  readonly #frozen: Layer[] = [];
  /** The last layer that was written out. A new table of that size would have to grow, and to be collected, again. */
  #spare: Layer | undefined;
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
  /** The ranges in which flushes have deleted records of that epoch. */
  readonly #emptied: EmptiedRanges;
  /** Whether a flush has ended early. */
  #cutShort = false;
  /** Whether the last flush failed, so that the disk may hold a part of its layer. */
  #isInterrupted = false;
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

  private constructor(db: Database, checkpoint: CheckpointRecord, flushingTo: number) {
    this.#db = db;
    this.dueIndex = new DueIndex(db);
    const { epoch, unmarked } = checkpoint;
    this.#emptied = new EmptiedRanges(db, dataStart(epoch), dataEnd(epoch), unmarked);
    this.#checkpoint = checkpoint;
    this.#sizes = checkpoint.sizes ? RecordSizes.parse(checkpoint.sizes) : RecordSizes.unknown();
    this.flushingTo = flushingTo;
    this.#applied = checkpoint.position;
    this.#active = new Layer(checkpoint.epoch);
  }

  /** @throws HeadwaterError `unknown_format` or `corrupt`. */
  static async open(db: Database): Promise<Keyspace> {
    const [checkpointBytes, flushingBytes] = await db.getMany([CHECKPOINT_KEY, FLUSHING_KEY]);
    const flushingTo = flushingBytes ? parseFlushing(flushingBytes, db.location) : 0;
    let checkpoint = EMPTY_CHECKPOINT;
    if (checkpointBytes) checkpoint = parseCheckpoint(checkpointBytes, db.location);
    const midFlush = flushingTo > checkpoint.position.offset;
    if (midFlush) checkpoint = { ...checkpoint, keys: null };
    return new Keyspace(db, checkpoint, midFlush ? flushingTo : 0);
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

  /** Memory of all layers, bytes. */
  get overlayBytes(): number {
    return this.#frozen.reduce((sum, layer) => sum + layer.bytes, this.#active.bytes);
  }

  get active(): { readonly bytes: number; readonly logBytes: number; readonly isEmpty: boolean } {
    return this.#active;
  }

  /** Whether the number of keys on disk is known, and how large their records may be. */
  get isCounted(): boolean {
    return this.#checkpoint.keys !== null && this.#sizes.isKnown;
  }

  get frozenLayers(): number {
    return this.#frozen.length;
  }

  // ---- writing ----------------------------------------------------------

  /** Applies the effects of the next block. Synchronous. Nothing else changes the keyspace. */
  apply(block: AppliedBlock): void {
    invariant(
      block.firstOffset === this.#applied.offset + 1,
      `block ${block.firstOffset} applied after ${this.#applied.offset}`,
    );
    this.#active.apply(block);
    this.#applied = block.position;
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
    const entries: Array<Entry | undefined> = [];
    let cold: ColdKey[] | undefined;
    for (let index = 0; index < keys.length; index++) {
      const hit = this.#lookUp(keys[index] as Buffer);
      if (isMiss(hit)) {
        cold ??= [];
        cold.push({ index, miss: hit });
        entries.push(undefined);
      } else {
        entries.push(hit);
      }
    }
    if (!cold) return { entries, count: keys.length, damaged: undefined };
    return this.#readCold({ keys, entries, cold, options, withSnapshot });
  }

  /**
   * Reads in groups, so that the event loop turns in between. A single group is read as of its call. For more
   * groups, a snapshot keeps the state.
   */
  async #readCold({ keys, entries, cold, options, withSnapshot }: ColdRead): Promise<Found> {
    // The epoch is of the turn in which the layers were read: see level.ts.
    const { epoch } = this.#checkpoint;
    const group = new GroupSize(this.#sizes);
    const keyOf = ({ index }: ColdKey) => keys[index] as Buffer;
    let wanted = group.take(cold, 0, keyOf, 0);
    const snapshot = withSnapshot || cold.length > wanted.length ? this.#db.snapshot() : undefined;
    const damaged = new Map<number, HeadwaterError>();
    const { bytesMax = Number.POSITIVE_INFINITY, needsValue } = options;
    let next = 0;
    let bytes = 0;
    try {
      for (;;) {
        const rows = wanted.map(({ index }) => dataKey(epoch, keys[index] as Buffer));
        const records = await this.#readRows(rows, snapshot);
        if (!records) return await this.#read(keys, options, true);
        const { read, kept } = decodeInto({ keys, entries, damaged, needsValue }, wanted, records);
        group.hasRead(wanted.length, read);
        bytes += kept;
        next += wanted.length;
        if (next >= cold.length || bytes >= bytesMax) break;
        wanted = group.take(cold, next, keyOf, 0);
      }
    } finally {
      await snapshot?.close();
    }
    const count = cold[next]?.index ?? keys.length;
    return { entries, count, damaged: damaged.size > 0 ? damaged : undefined };
  }

  /**
   * Reads rows. If LevelDB reports damage, it does not say in which row. Then each row is read on its own, as
   * of the snapshot. Want of descriptors is no damage of a row. As of a snapshot, the call waits for
   * descriptors once for all rows.
   * @returns undefined if that needs a snapshot and there is none.
   */
  async #readRows(rows: Buffer[], snapshot: Snapshot | undefined): Promise<readonly StoredRecord[] | undefined> {
    try {
      return await this.#db.getMany(rows, snapshot, AS_OF_CALL);
    } catch (error) {
      if (!cannotBeRead(error)) throw error;
      if (snapshot && isOutOfDescriptors(error)) return rows.map(() => error);
    }
    if (!snapshot) return undefined;
    const records: StoredRecord[] = [];
    for (const row of rows) {
      const record = await this.#db.getMany([row], snapshot).catch((error: unknown) => {
        if (cannotBeRead(error)) return [error];
        throw error;
      });
      records.push(record[0]);
    }
    return records;
  }

  #lookUp(key: Buffer): Entry | undefined | Miss {
    const hash = hashKey(key, 0, key.length);
    let touch: Touch | undefined;
    for (let i = this.#frozen.length; i >= 0; i--) {
      const layer = i === this.#frozen.length ? this.#active : (this.#frozen[i] as Layer);
      const entry = layer.find(key, 0, key.length, hash);
      if (entry >= 0) {
        if (layer.kind(entry) === TOMBSTONE) return undefined;
        if (layer.kind(entry) !== TOUCH) return touched(layer.read(entry), touch);
        touch ??= { expiresAtMs: layer.expiresAtMs(entry), version: layer.version(entry) };
      }
      if (layer.cleared) return undefined;
    }
    return touch ? { touch } : PLAIN_MISS;
  }

  // ---- freezing and flushing ---------------------------------------------

  /** Ends the active layer at the last block applied. Returns false if there is nothing to write out. */
  freeze(): boolean {
    if (this.#active.isEmpty && this.#applied.offset === this.#checkpointedOrFrozen()) return false;
    const layer = this.#active;
    layer.position = this.#applied;
    this.#frozen.push(layer);
    this.#active = new Layer(layer.epoch, this.#spare);
    this.#spare = undefined;
    return true;
  }

  #checkpointedOrFrozen(): number {
    return this.#frozen.at(-1)?.position?.offset ?? this.#checkpoint.position.offset;
  }

  /** The end of the oldest frozen layer, which its flush would make the checkpoint. */
  get oldestFrozen(): Position | undefined {
    return this.#frozen[0]?.position;
  }

  /** Memory of the oldest frozen layer, bytes. Writing it out takes about as many. */
  get oldestFrozenBytes(): number {
    return this.#frozen[0]?.bytes ?? 0;
  }

  /**
   * Writes the oldest frozen layer out and makes a checkpoint of it. The caller has made the log durable up
   * to the layer's end.
   * @param cancelled asked after every chunk. A flush that ends early leaves what a crash would have left,
   *   and is the last one of this object. Reads remain correct.
   * @returns the reason why a part of the disk could not be read, if there was one. The number of keys is not
   *   known then.
   * @throws HeadwaterError `io_error` if the layer cannot be written out for now. The layer stays in memory,
   *   and another flush writes all of it again.
   */
  async flush(
    lineage: readonly LineageRow[],
    cancelled: () => boolean = () => false,
  ): Promise<HeadwaterError | undefined> {
    const layer = this.#frozen[0];
    invariant(layer?.position, 'a flush needs a frozen layer');
    invariant(!this.#cutShort, 'after a flush that ended early the count and what is on disk are unknown');
    // Replay may flush on its way. Until replay has passed an interrupted flush, the disk is ahead of every
    // checkpoint.
    const flushingTo = Math.max(layer.position.offset, this.flushingTo);
    await this.#db.put(FLUSHING_KEY, checkedRow(FLUSHING_KEY, Buffer.from(String(flushingTo))), { sync: true });
    if (layer.cleared) {
      this.#onDisk.clear();
      this.#emptied.begin(dataStart(layer.epoch), dataEnd(layer.epoch));
    }
    // An interrupted flush may have left larger records than these. They are of one layer, so their bytes are
    // bounded nevertheless.
    const repeats = this.#isInterrupted || this.#checkpoint.position.offset < this.flushingTo;
    const [onDisk, emptied, sizes] = [this.#onDisk, this.#emptied, this.#sizes];
    const flush = new Flush(this.#db, layer, { onDisk, dueIndex: this.dueIndex, emptied, sizes, repeats });
    const delta = await this.#interruptible(async () => {
      const changed = await flush.run(cancelled);
      if (changed !== undefined) await this.#db.durable();
      return changed;
    });
    if (delta === undefined) {
      this.#cutShort = true;
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
      position: layer.position,
      lineage,
      epoch: layer.epoch,
      keys,
      sizes: sizesNow.kept,
      unmarked: emptied.isUnmarked || undefined,
    };
    await this.#db.put(...checkpointRow(checkpoint), { sync: true });
    this.#sizes = sizesNow;
    this.#recountDelta = layer.cleared || unreadable ? Number.NaN : this.#recountDelta + delta;
    this.#recountSizes.addAll(flush.written);
    this.#checkpoint = checkpoint;
    this.#frozen.shift();
    layer.retire();
    this.#spare = layer;
    return unreadable;
  }

  /** Runs a flush. If it fails, the number of keys is not known. */
  async #interruptible<T>(flushing: () => Promise<T>): Promise<T> {
    try {
      const done = await flushing();
      this.#isInterrupted = false;
      return done;
    } catch (error) {
      this.#isInterrupted = true;
      this.#recountDelta = Number.NaN;
      this.#checkpoint = { ...this.#checkpoint, keys: null };
      throw error;
    }
  }

  #sizesAfter(layer: Layer, written: RecordSizes): RecordSizes {
    const stays = (key: Buffer) => {
      const entry = layer.find(key, 0, key.length, hashKey(key, 0, key.length));
      return entry < 0 || layer.kind(entry) === TOUCH;
    };
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
      const unmarked = this.#emptied.isUnmarked || undefined;
      this.#checkpoint = { ...this.#checkpoint, keys: null, sizes: this.#sizes.kept, unmarked };
      batch.put(...checkpointRow(this.#checkpoint));
    }
    await batch.write({ sync: true });
    if (changes.due.length > 0) this.dueIndex.added(0);
    return { written, deleted, rest: changes.rest };
  }

  // ---- snapshots and counts -----------------------------------------------

  /** Takes a snapshot of the keyspace on disk. Call it only while no flush is running and nothing is in memory. */
  snapshot(onClose: () => void = () => {}): KeyspaceSnapshot {
    const { position, epoch, keys } = this.#checkpoint;
    return new KeyspaceSnapshot({ db: this.#db, epoch, position, keys: keys ?? undefined, onClose });
  }

  /**
   * Counts the keys after a crash in the middle of a flush, and finds the sizes of the records if they are
   * not known. As for `snapshot`, no flush may run when this begins. Flushes may run afterwards. Has no
   * effect if a `clear` comes in between, or `cancelled`.
   */
  async recount(cancelled: () => boolean = () => false): Promise<void> {
    const snapshot = this.snapshot();
    this.#recountDelta = 0;
    this.#recountSizes = new RecordSizes();
    try {
      let keys = 0;
      const sizes = new RecordSizes();
      for await (const chunk of snapshot.chunks()) {
        if (cancelled()) return;
        keys += chunk.length;
        for (const [key, record] of chunk) sizes.add(key, 0, record.length);
      }
      const recounted = keys + this.#recountDelta;
      if (this.#checkpoint.keys === null && !Number.isNaN(recounted))
        this.#checkpoint = { ...this.#checkpoint, keys: recounted };
      if (!this.#sizes.isKnown) this.#sizesFound(sizes);
    } finally {
      await snapshot.release();
    }
  }

  /** Stores the sizes. The next flush puts them into its checkpoint. */
  #sizesFound(sizes: RecordSizes): void {
    sizes.addAll(this.#recountSizes);
    this.#sizes = sizes;
  }

  // ---- expiry and sweeping -------------------------------------------------

  /**
   * Takes out about `limit` keys that memory has noted as due at `nowMs`, fewer if they are long. The caller
   * looks at each key before it deletes one. The rest is in `dueIndex`.
   * @returns the keys, the time at which the first of them was due (undefined if there are none), and whether
   *   there may be more.
   */
  takeDue(nowMs: number, limit: number): { keys: Buffer[]; sinceMs: number | undefined; isFull: boolean } {
    const taken = new DueKeys(limit);
    let sinceMs: number | undefined;
    for (const layer of [...this.#frozen, this.#active]) {
      const firstMs = layer.takeDue(nowMs, taken);
      if (firstMs !== undefined) sinceMs = Math.min(sinceMs ?? firstMs, firstMs);
      if (taken.isFull) break;
    }
    return { keys: taken.keys, sinceMs, isFull: taken.isFull };
  }

  /**
   * Deletes up to `limit` records of epochs that a `clear` ended, fewer if their keys are long. `compact`
   * gives the space back.
   * @returns the number of records deleted, 0 if none is left.
   */
  async sweep(limit: number): Promise<number> {
    const { epoch } = this.#checkpoint;
    if (epoch === this.#sweptEpoch) return 0;
    const rows = await this.#rowsToSweep(dataStart(epoch), limit);
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

  /** The next rows to sweep, up to `end`, bounded by number and bytes. */
  async #rowsToSweep(end: Buffer, limit: number): Promise<Buffer[]> {
    const rows: Buffer[] = [];
    let bytes = 0;
    const entries = this.#db.iterate({ gte: this.#sweptTo, lt: end, values: false, limit });
    try {
      while (bytes < SWEEP_BYTES) {
        const chunk = await entries.next(SWEEP_CHUNK_ROWS);
        if (chunk.length === 0) break;
        for (const [row] of chunk) {
          rows.push(row);
          bytes += row.length;
        }
      }
    } finally {
      await entries.close();
    }
    return rows;
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
    const range = this.#swept.shift() ?? (await this.#emptied.next(this.#checkpoint.keys));
    if (range) await this.#db.compact(...range);
  }
}

function parseCheckpoint(row: Buffer, location: string): CheckpointRecord {
  const record = JSON.parse(soundValue(CHECKPOINT_KEY, row, 'the checkpoint record', location)) as CheckpointRecord;
  if (record.format === CHECKPOINT_FORMAT) return record;
  throw new HeadwaterError(
    'unknown_format',
    `${location}: checkpoint format ${record.format}; this version knows format ${CHECKPOINT_FORMAT}`,
  );
}

function parseFlushing(row: Buffer, location: string): number {
  return Number(soundValue(FLUSHING_KEY, row, 'the mark of a flush in hand', location));
}

/** @throws HeadwaterError `corrupt`, because a start from a damaged row would silently lose writes. */
function soundValue(key: Buffer, row: Buffer, what: string, location: string): string {
  const value = valueOfCheckedRow(key, row);
  if (value) return value.toString();
  throw new HeadwaterError('corrupt', `${location}: ${what} does not match its checksum: the disk changed it`);
}

/** The row of a checkpoint. Code that writes a keyspace from outside uses it too (loader.ts). */
export function checkpointRow(checkpoint: Omit<CheckpointRecord, 'format'>): [Buffer, Buffer] {
  const record: CheckpointRecord = { ...checkpoint, format: CHECKPOINT_FORMAT };
  return [CHECKPOINT_KEY, checkedRow(CHECKPOINT_KEY, Buffer.from(JSON.stringify(record)))];
}

/**
 * Decodes records into the entries.
 * @returns the bytes of the records read, and of those whose value is kept.
 */
function decodeInto(
  into: {
    keys: readonly Buffer[];
    entries: Array<Entry | undefined>;
    damaged: Map<number, HeadwaterError>;
    needsValue: ReadOptions['needsValue'];
  },
  wanted: readonly ColdKey[],
  records: readonly StoredRecord[],
): { read: number; kept: number } {
  let read = 0;
  let kept = 0;
  for (let i = 0; i < wanted.length; i++) {
    const record = records[i];
    if (!record) continue;
    const { index, miss } = wanted[i] as ColdKey;
    try {
      if (record instanceof HeadwaterError) throw record;
      read += record.length;
      const entry = touched(decodeRecord(into.keys[index] as Buffer, record), miss.touch);
      const keeps = into.needsValue?.(index) ?? true;
      // The value is a view that would keep the whole record.
      into.entries[index] = keeps ? entry : { ...entry, value: NO_VALUE };
      if (keeps) kept += record.length;
    } catch (error) {
      if (!cannotBeRead(error)) throw error;
      into.damaged.set(index, error);
    }
  }
  return { read, kept };
}

/** Whether the error concerns one key, so that the others can be read. */
function cannotBeRead(error: unknown): error is HeadwaterError {
  return isDamage(error) || isUnreadable(error);
}

function isMiss(hit: Entry | Miss | undefined): hit is Miss {
  return hit !== undefined && !('value' in hit);
}

function touched(entry: Entry, touch: Touch | undefined): Entry {
  return touch ? { ...entry, ...touch } : entry;
}
