/**
 * Writes one frozen layer to the keyspace database, in batches small enough that the event loop does not feel
 * them. Also finds by how much the number of records on disk changes. Blind writes do not know whether they
 * replace something. So the disk is asked for keys that no recent flush has put there.
 *
 * A crash in the middle leaves a mixture, which replay makes whole. If the disk cannot be read, the layer is
 * written out nevertheless, and only the number is no longer known. An exception is a record that needs a new
 * expiry: if its read fails, and not for damage, the flush ends.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { copyBytes } from '../base/copy.js';
import { crc32Of } from '../base/crc32.js';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { FLUSH_CHUNK_BYTES, FLUSH_CHUNK_ENTRIES, SORT_RUN_BYTES, SORT_RUN_ENTRIES } from '../base/limits.js';
import type { Database, WriteBatch } from '../disk/level.js';
import type { Entry } from '../model/command.js';
import type { DueIndex } from './due-index.js';
import type { EmptiedRanges } from './emptied-ranges.js';
import { TOMBSTONE, TOUCH } from './entry-table.js';
import { GroupSize } from './group-size.js';
import type { KeyPrints } from './key-prints.js';
import type { Layer } from './layer.js';
import { Merge, sortRun } from './merge.js';
import { Presence } from './presence.js';
import type { ReadCache } from './read-cache.js';
import type { RecentKeys } from './recent-keys.js';
import {
  DATA_KEY_HEADER_BYTES,
  decodeRecord,
  dueKey,
  encodeRecord,
  isDamage,
  RECORD_HEADER_BYTES,
  RECORD_TRAILER_BYTES,
  userKey,
  writeDataKeyHeader,
  writeRecordHeader,
} from './record.js';
import { RecordSizes } from './record-sizes.js';

const NO_VALUE: Buffer = Buffer.alloc(0);

/** Told which share of a layer is written, 0 to 1. If it returns false, the flush ends early. */
export type GoesOn = (share: number) => boolean;

/** Entries of a layer laid out for the database: each key, and right behind it its record. */
interface Chunk {
  readonly entries: readonly number[];
  readonly keys: Buffer[];
  /** Undefined for entries that have no record of their own (tombstones, touches). */
  readonly records: Array<Buffer | undefined>;
}

export class Flush {
  readonly #db: Database;
  readonly #layer: Layer;
  /** Keys known to be on disk, updated with what this flush writes. */
  readonly #onDisk: RecentKeys;
  /** Tells new keys from those that may be on disk, and learns of every key that is written. */
  readonly #prints: KeyPrints;
  /** The cache forgets each key before its record changes. */
  readonly #cache: ReadCache;
  readonly #presence: Presence;
  /** The index learns of every row that is added to it. */
  readonly #dueIndex: DueIndex;
  /** The ranges learn of every record that is deleted. */
  readonly #emptied: EmptiedRanges;
  /** Whether an interrupted flush may have written or deleted a part of the layer. */
  readonly #repeats: boolean;
  /** Sizes of the records on disk before the flush. */
  readonly #sizesBefore: RecordSizes;
  /** Sizes of the records that the flush has written. */
  readonly written = new RecordSizes();
  /** The time at which the first key of the current batch is due. */
  #earliestMs = Number.POSITIVE_INFINITY;
  #delta = 0;
  #unreadable: HeadwaterError | undefined;
  /** The bytes of the current chunk. */
  #buffer: Buffer = NO_VALUE;
  /** The batch that is being written. The next one is filled meanwhile. */
  #writing: Promise<void> = Promise.resolve();
  #entriesDone = 0;

  constructor(
    db: Database,
    layer: Layer,
    {
      onDisk,
      prints,
      cache,
      dueIndex,
      emptied,
      sizes,
      repeats,
    }: {
      onDisk: RecentKeys;
      prints: KeyPrints;
      cache: ReadCache;
      dueIndex: DueIndex;
      emptied: EmptiedRanges;
      sizes: RecordSizes;
      repeats: boolean;
    },
  ) {
    this.#cache = cache;
    this.#prints = prints;
    this.#dueIndex = dueIndex;
    this.#emptied = emptied;
    this.#db = db;
    this.#layer = layer;
    this.#onDisk = onDisk;
    this.#sizesBefore = sizes;
    this.#repeats = repeats;
    this.#presence = new Presence(db, repeats ? undefined : emptied, sizes);
  }

  /** The reason why the number of records is no longer known, if the disk could not be read. */
  get unreadable(): HeadwaterError | undefined {
    return this.#unreadable ?? this.#presence.unreadable;
  }

  /**
   * @param goesOn asked after every chunk, with the share of the layer that was written, 0 to 1.
   * @returns the change of the number of records on disk, which is meaningless if the disk was `unreadable`.
   *   Undefined if the flush ended early: then the disk holds what a crash would have left.
   */
  async run(goesOn: GoesOn): Promise<number | undefined> {
    try {
      return await this.#run(goesOn);
    } finally {
      await this.#writing;
    }
  }

  async #run(goesOn: GoesOn): Promise<number | undefined> {
    const runs: number[][] = [];
    for (const run of this.#runs()) {
      const known: number[] = [];
      const added: number[] = [];
      const unknown: number[] = [];
      for (const entry of run) (this.#isOnDisk(entry) ? known : this.#isNew(entry) ? added : unknown).push(entry);
      for (const [entries, areOnDisk] of [
        [known, true],
        [added, false],
      ] as const) {
        for (const part of this.#cut(eachOf(entries))) {
          await this.#write(this.#layOut(part), areOnDisk);
          if (!goesOn(this.#share(part))) return undefined;
        }
      }
      if (unknown.length === 0) continue;
      runs.push(sortRun(unknown, this.#layer));
      await nextTurn();
    }
    const merge = new Merge(runs, this.#layer);
    for (const entries of this.#cut(() => merge.next())) {
      const chunk = this.#layOut(entries);
      await this.#write(chunk, await this.#existed(chunk));
      if (!goesOn(this.#share(entries))) return undefined;
    }
    return this.#delta;
  }

  /** The share of the entries that were written, these being the last of them. */
  #share(entries: readonly number[]): number {
    this.#entriesDone += entries.length;
    return this.#entriesDone / this.#layer.count;
  }

  #isOnDisk(entry: number): boolean {
    const layer = this.#layer;
    return this.#onDisk.has(layer.bytesOf(entry), layer.keyStart(entry), layer.keyEnd(entry), layer.hash(entry));
  }

  /** Whether it is certain that a put is of a key that is not on disk. */
  #isNew(entry: number): boolean {
    const layer = this.#layer;
    if (layer.kind(entry) < 0 || this.#repeats) return false;
    return this.#prints.isAbsent(layer.bytesOf(entry), layer.keyStart(entry), layer.keyEnd(entry));
  }

  /**
   * Whether each key may be on disk, by index in the chunk. A key that was only touched may be there:
   * rewriting its record shows that.
   */
  async #existed({ entries, keys }: Chunk): Promise<readonly boolean[]> {
    const isTouched = (i: number) => this.#layer.kind(entries[i] as number) === TOUCH;
    if (!entries.some((_, i) => isTouched(i))) return this.#presence.of(keys);
    const present = await this.#presence.of(keys.filter((_, i) => !isTouched(i)));
    let next = 0;
    return keys.map((_, i) => isTouched(i) || present[next++] === true);
  }

  /** @param existed by index in the chunk, or one answer for all. */
  async #write({ entries, keys, records }: Chunk, existed: readonly boolean[] | boolean): Promise<void> {
    const batch = this.#db.batch();
    const touched: number[] = [];
    for (let i = 0; i < entries.length; i++) {
      this.#forget(entries[i] as number);
      const kind = this.#layer.kind(entries[i] as number);
      const key = keys[i] as Buffer;
      const existedHere = typeof existed === 'boolean' ? existed : existed[i] === true;
      if (kind === TOMBSTONE) {
        if (existedHere) this.#delete(batch, entries[i] as number, key);
        else if (this.#repeats) this.#emptied.add(key);
      } else if (kind === TOUCH) {
        if (existedHere) touched.push(i);
      } else {
        this.#put(batch, entries[i] as number, key, records[i] as Buffer);
        if (!existedHere) this.#delta++;
        // An earlier version may have written a part of the layer, without the prints. And keys count as present if the
        // disk cannot be read.
        if (!existedHere || this.#repeats || this.unreadable) this.#addPrint(entries[i] as number);
        if (existed !== true) this.#noteOnDisk(entries[i] as number, key);
      }
    }
    this.#prints.putRow(batch);
    await this.#writeNext(batch);
    if (touched.length > 0) await this.#rewrite(touched, entries, keys);
  }

  /**
   * Gives keys that were only touched their new expiry, if they are on disk. Their values, which may be
   * large, are read a few at a time, and written as soon as they fill a batch.
   * @param touched indexes in the chunk.
   */
  async #rewrite(touched: readonly number[], entries: readonly number[], keys: readonly Buffer[]): Promise<void> {
    const group = new GroupSize(this.#sizesBefore);
    const keyOf = (i: number) => keys[i] as Buffer;
    let batch: WriteBatch | undefined;
    let batchBytes = 0;
    for (let next = 0; next < touched.length; ) {
      const wanted = group.take(touched, next, keyOf, DATA_KEY_HEADER_BYTES);
      const found = await this.#read(wanted.map(keyOf));
      group.hasRead(
        wanted.length,
        found.reduce((bytes, record) => bytes + (record?.length ?? 0), 0),
      );
      next += wanted.length;
      for (const [at, i] of wanted.entries()) {
        const record = this.#withNewExpiry(entries[i] as number, userKey(keys[i] as Buffer), found[at]);
        if (!record) continue;
        batch ??= this.#db.batch();
        this.#put(batch, entries[i] as number, keys[i] as Buffer, record);
        this.#noteOnDisk(entries[i] as number, keys[i] as Buffer);
        batchBytes += record.length;
        if (batchBytes < FLUSH_CHUNK_BYTES) continue;
        await this.#writeOut(batch);
        batch = undefined;
        batchBytes = 0;
      }
    }
    if (batch) await this.#writeOut(batch);
  }

  /** Begins to write the batch, when the one before is written. */
  async #writeNext(batch: WriteBatch): Promise<void> {
    await this.#writing;
    this.#writing = this.#writeOut(batch);
    // The next write, or the end of the flush, meets the error.
    this.#writing.catch(() => {});
  }

  /** Writes the batch, then reports its rows to the index: they exist once the batch is written. */
  async #writeOut(batch: WriteBatch): Promise<void> {
    const earliestMs = this.#earliestMs;
    this.#earliestMs = Number.POSITIVE_INFINITY;
    await batch.write();
    if (earliestMs !== Number.POSITIVE_INFINITY) this.#dueIndex.added(earliestMs);
  }

  /**
   * Reads records and leaves damaged ones as they are. A read that fails otherwise says nothing of the
   * record, and ends the flush. Otherwise an expiry that clients were promised would be left out.
   */
  async #read(keys: Buffer[]): Promise<Array<Buffer | undefined>> {
    try {
      return await this.#db.getMany(keys);
    } catch (error) {
      if (!HeadwaterError.is(error, 'corrupt')) throw error;
      this.#unreadable = error;
    }
    const found: Array<Buffer | undefined> = [];
    for (const key of keys) {
      const one = this.#db.get(key).catch((error: unknown) => {
        if (HeadwaterError.is(error, 'corrupt')) return undefined;
        throw error;
      });
      found.push(await one);
    }
    return found;
  }

  /**
   * A damaged record stays as it is: readers of the key get the error, and a checkpoint must not fail over it
   * for ever.
   */
  #withNewExpiry(entry: number, key: Buffer, record: Buffer | undefined): Buffer | undefined {
    const known = record && decodeUndamaged(key, record);
    if (!known) return undefined;
    return encodeRecord(key, {
      ...known,
      expiresAtMs: this.#layer.expiresAtMs(entry),
      version: this.#layer.version(entry),
    });
  }

  #put(batch: WriteBatch, entry: number, key: Buffer, record: Buffer): void {
    batch.put(key, record);
    this.written.add(key, DATA_KEY_HEADER_BYTES, record.length);
    const expiresAtMs = this.#layer.expiresAtMs(entry);
    if (expiresAtMs === 0) return;
    batch.put(dueKey(expiresAtMs, this.#layer.epoch, userKey(key)), NO_VALUE);
    this.#earliestMs = Math.min(this.#earliestMs, expiresAtMs);
  }

  #noteOnDisk(entry: number, key: Buffer): void {
    this.#onDisk.add(key, DATA_KEY_HEADER_BYTES, key.length, this.#layer.hash(entry));
  }

  #addPrint(entry: number): void {
    const layer = this.#layer;
    this.#prints.add(layer.bytesOf(entry), layer.keyStart(entry), layer.keyEnd(entry));
  }

  #forget(entry: number): void {
    const layer = this.#layer;
    this.#cache.forget(layer.bytesOf(entry), layer.keyStart(entry), layer.keyEnd(entry), layer.hash(entry));
  }

  #delete(batch: WriteBatch, entry: number, key: Buffer): void {
    batch.del(key);
    this.#delta--;
    this.#emptied.add(key);
    this.#onDisk.delete(key, DATA_KEY_HEADER_BYTES, key.length, this.#layer.hash(entry));
  }

  /**
   * Builds the bytes of a chunk in one buffer, which the next chunk uses again. Key and record lie next to
   * each other, so that one checksum call covers both.
   */
  #layOut(entries: readonly number[]): Chunk {
    const layer = this.#layer;
    const bytes = entries.reduce((sum, entry) => sum + this.#sizeOf(entry), 0);
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(bytes);
    const buffer = this.#buffer;
    const keys: Buffer[] = [];
    const records: Array<Buffer | undefined> = [];
    let at = 0;
    for (const entry of entries) {
      const source = layer.bytesOf(entry);
      writeDataKeyHeader(buffer, at, layer.epoch);
      const keyAt = at + DATA_KEY_HEADER_BYTES;
      const recordAt = copyBytes(source, layer.keyStart(entry), layer.keyEnd(entry), buffer, keyAt);
      keys.push(buffer.subarray(at, recordAt));
      at = recordAt;
      const kind = layer.kind(entry);
      if (kind < 0) {
        records.push(undefined);
        continue;
      }
      writeRecordHeader(buffer, recordAt, kind, layer.version(entry), layer.expiresAtMs(entry));
      const valueAt = recordAt + RECORD_HEADER_BYTES;
      const valueEnd = copyBytes(source, layer.valueStart(entry), layer.valueEnd(entry), buffer, valueAt);
      at = buffer.writeUInt32BE(crc32Of(buffer, keyAt, valueEnd), valueEnd);
      records.push(buffer.subarray(recordAt, at));
    }
    invariant(at === bytes, `a chunk of ${bytes} bytes, laid out ${at}`);
    return { entries, keys, records };
  }

  #sizeOf(entry: number): number {
    const layer = this.#layer;
    const keyBytes = DATA_KEY_HEADER_BYTES + layer.keyEnd(entry) - layer.keyStart(entry);
    if (layer.kind(entry) < 0) return keyBytes;
    return keyBytes + RECORD_HEADER_BYTES + layer.valueEnd(entry) - layer.valueStart(entry) + RECORD_TRAILER_BYTES;
  }

  /** The entries that are sorted at a time. */
  #runs(): Generator<number[]> {
    const max = { entries: SORT_RUN_ENTRIES, bytes: SORT_RUN_BYTES };
    const { count } = this.#layer;
    let next = 0;
    return cutBySize(
      () => (next < count ? next++ : undefined),
      max,
      (entry) => this.#keyBytes(entry),
    );
  }

  #cut(next: Next): Generator<number[]> {
    const max = { entries: FLUSH_CHUNK_ENTRIES, bytes: FLUSH_CHUNK_BYTES };
    const layer = this.#layer;
    return cutBySize(next, max, (one) => this.#keyBytes(one) + layer.valueEnd(one) - layer.valueStart(one));
  }

  #keyBytes(entry: number): number {
    return this.#layer.keyEnd(entry) - this.#layer.keyStart(entry);
  }
}

function decodeUndamaged(key: Buffer, record: Buffer): Entry | undefined {
  try {
    return decodeRecord(key, record);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/**
 * Returns the next entry, undefined at the end. A generator would cost more for each entry than the rest of
 * the cutting.
 */
type Next = () => number | undefined;

function eachOf(entries: readonly number[]): Next {
  let next = 0;
  return () => entries[next++];
}

function* cutBySize(
  next: Next,
  max: { entries: number; bytes: number },
  sizeOf: (entry: number) => number,
): Generator<number[]> {
  let chunk: number[] = [];
  let bytes = 0;
  for (let entry = next(); entry !== undefined; entry = next()) {
    chunk.push(entry);
    bytes += sizeOf(entry);
    if (chunk.length < max.entries && bytes < max.bytes) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}
