/**
 * Writes one frozen layer to the keyspace database, in batches small enough
 * that the event loop does not feel them, and finds out by how much the number
 * of records on disk changes: blind writes do not know whether they replace
 * something, so the disk is asked for keys that no recent flush has put there.
 * What a crash leaves of it is a mixture that replay makes whole.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { Entry } from '../command.js';
import { HeadwaterError } from '../errors.js';
import { invariant } from '../invariant.js';
import type { Database, WriteBatch } from '../level.js';
import { FLUSH_CHUNK_BYTES, FLUSH_CHUNK_ENTRIES, SORT_RUN_ENTRIES } from '../limits.js';
import { copyBytes } from './copy.js';
import { hashKey } from './key-table.js';
import { type Layer, TOMBSTONE, TOUCH } from './layer.js';
import type { RecentKeys } from './recent.js';
import {
  DATA_KEY_HEADER_BYTES,
  decodeRecord,
  dueKey,
  encodeRecord,
  RECORD_HEADER_BYTES,
  RECORD_TRAILER_BYTES,
  userKey,
  writeDataKeyHeader,
  writeRecordHeader,
} from './record.js';
import { mergeRuns } from './sorted.js';

const NO_VALUE: Buffer = Buffer.alloc(0);

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
  /** Keys known to be on disk; kept up with what is written here. */
  readonly #onDisk: RecentKeys;
  #delta = 0;
  /** The bytes of the chunk in hand. */
  #buffer: Buffer = NO_VALUE;

  constructor(db: Database, layer: Layer, onDisk: RecentKeys) {
    this.#db = db;
    this.#layer = layer;
    this.#onDisk = onDisk;
  }

  /** @returns by how much the number of records on disk has changed. */
  async run(): Promise<number> {
    const { count } = this.#layer;
    const runs: number[][] = [];
    for (let from = 0; from < count; from += SORT_RUN_ENTRIES) {
      const known: number[] = [];
      const unknown: number[] = [];
      for (let entry = from; entry < Math.min(count, from + SORT_RUN_ENTRIES); entry++)
        (this.#isOnDisk(entry) ? known : unknown).push(entry);
      for (const entries of this.#cut(known)) await this.#write(this.#layOut(entries), undefined);
      if (unknown.length === 0) continue;
      runs.push(unknown.sort(this.#compare));
      await nextTurn();
    }
    for (const entries of this.#cut(mergeRuns(runs, this.#compare))) {
      const chunk = this.#layOut(entries);
      await this.#write(chunk, await this.#db.hasMany(chunk.keys));
    }
    return this.#delta;
  }

  readonly #compare = (a: number, b: number): number => this.#layer.compare(a, b);

  #isOnDisk(entry: number): boolean {
    const bytes = this.#layer.bytesOf(entry);
    const start = this.#layer.keyStart(entry);
    const end = this.#layer.keyEnd(entry);
    return this.#onDisk.has(bytes, start, end, hashKey(bytes, start, end));
  }

  /** @param existed by index in the chunk; undefined where all are known to be on disk. */
  async #write({ entries, keys, records }: Chunk, existed: readonly boolean[] | undefined): Promise<void> {
    const touched = await this.#readTouched(entries, keys);
    const batch = this.#db.batch();
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as number;
      const key = keys[i] as Buffer;
      const existedHere = existed === undefined || existed[i] === true;
      if (this.#layer.kind(entry) === TOMBSTONE) {
        if (existedHere) this.#delete(batch, key);
        continue;
      }
      const record = records[i] ?? touched?.get(i);
      if (!record) continue;
      batch.put(key, record);
      const expiresAtMs = this.#layer.expiresAtMs(entry);
      if (expiresAtMs !== 0) batch.put(dueKey(expiresAtMs, this.#layer.epoch, userKey(key)), NO_VALUE);
      if (!existedHere) this.#delta++;
      if (existed)
        this.#onDisk.add(key, DATA_KEY_HEADER_BYTES, key.length, hashKey(key, DATA_KEY_HEADER_BYTES, key.length));
    }
    await batch.write();
  }

  #delete(batch: WriteBatch, key: Buffer): void {
    batch.del(key);
    this.#delta--;
    this.#onDisk.delete(key, DATA_KEY_HEADER_BYTES, key.length, hashKey(key, DATA_KEY_HEADER_BYTES, key.length));
  }

  /** The records of keys that were only touched, with their new expiry, by index in the chunk. */
  async #readTouched(entries: readonly number[], keys: readonly Buffer[]): Promise<Map<number, Buffer> | undefined> {
    const wanted: number[] = [];
    for (let i = 0; i < entries.length; i++) if (this.#layer.kind(entries[i] as number) === TOUCH) wanted.push(i);
    if (wanted.length === 0) return undefined;
    const found = await this.#db.getMany(wanted.map((i) => keys[i] as Buffer));
    const records = new Map<number, Buffer>();
    wanted.forEach((i, at) => {
      const key = userKey(keys[i] as Buffer);
      const known = found[at] && decodeUndamaged(key, found[at]);
      if (!known) return;
      const entry = entries[i] as number;
      const expiresAtMs = this.#layer.expiresAtMs(entry);
      const version = this.#layer.version(entry);
      records.set(i, encodeRecord(key, { ...known, expiresAtMs, version }));
    });
    return records;
  }

  /**
   * Builds the bytes of a chunk in one buffer, which the next chunk uses again.
   * Key and record lie next to each other, so that one checksum call covers both.
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
      at = buffer.writeUInt32BE(crc32(buffer.subarray(keyAt, valueEnd)), valueEnd);
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

  #cut(entries: Iterable<number>): Generator<number[]> {
    return cutBySize(entries, (entry) => this.#layer.valueEnd(entry) - this.#layer.valueStart(entry));
  }
}

/** A damaged record stays as it is: its readers hear of it, a checkpoint must not fail over it for ever. */
function decodeUndamaged(key: Buffer, record: Buffer): Entry | undefined {
  try {
    return decodeRecord(key, record);
  } catch (error) {
    if (error instanceof HeadwaterError) return undefined;
    throw error;
  }
}

function* cutBySize(entries: Iterable<number>, sizeOf: (entry: number) => number): Generator<number[]> {
  let chunk: number[] = [];
  let bytes = 0;
  for (const entry of entries) {
    chunk.push(entry);
    bytes += sizeOf(entry);
    if (chunk.length < FLUSH_CHUNK_ENTRIES && bytes < FLUSH_CHUNK_BYTES) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}
