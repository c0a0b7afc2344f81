/**
 * LevelDB, with what it does not promise put right. Only this file imports `level`. A `Database` is one
 * LevelDB directory.
 *
 * - `durable()` is the only way to know that everything written so far would survive a power cut. A `sync`
 *   write does not cover earlier plain ones once LevelDB has rotated its own log file.
 * - The first failed write of any kind latches the database, because LevelDB reports success for writes after
 *   an ENOSPC and loses them. From then on every write fails until the database is opened again, with full
 *   recovery.
 * - A seek (an iterator, `hasMany`) walks over every deletion mark up to the next row. A look-up (`get`,
 *   `getMany`) does not. So `hasMany` is only for ranges in which no row was ever deleted, and there it costs
 *   half as much.
 * - A database is created once. LevelDB takes a directory that lacks CURRENT for a new one, and deletes the
 *   tables in it. So the files are counted before (disk/leveldb/inventory.ts), and a database that is not
 *   whole is not opened.
 * - Damage (`corrupt`) is only what LevelDB calls so, or a table that is missing. A disk that cannot be read,
 *   or a process without descriptors, says nothing about the data (`io_error`).
 * - Reads made by one `get`, `getMany` or `iterate` call see the database as it was at the call, because
 *   classic-level takes the LevelDB snapshot inside the call. So the keyspace can read its layers and the
 *   disk in one turn. A call that is repeated for want of descriptors sees a later state. Only a snapshot
 *   keeps the earlier one.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Level } from 'level';
import { sleep, systemClock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { DESCRIPTORS_RETRY_MS, DESCRIPTORS_WAIT_MS } from '../base/limits.js';
import { isOutOfDescriptors, isOutOfSpace } from './files.js';
import { describeMisfits, type Inventory, takeInventory } from './leveldb/inventory.js';
import type { LogFileEnd } from './leveldb/log-file-ends.js';
import { LogFileSync } from './leveldb/sync.js';

export interface DatabaseOptions {
  /** Memory of LevelDB's write buffer, bytes. Up to twice as much is used. */
  writeBufferBytes: number;
  /** Size of LevelDB's table files, bytes. */
  fileBytes: number;
  /** LevelDB's cache of table blocks, bytes. */
  cacheBytes: number;
  /** Whether table blocks are compressed with Snappy. */
  compression: boolean;
}

export interface HowToOpen {
  /**
   * If true, the database must exist and be whole. Otherwise it may be created, in a directory that is absent
   * or empty.
   */
  mustExist?: boolean;
  /** Whether a write has failed since the last opening. Sequence numbers may be left out then. */
  afterFailedWrite?: boolean;
  /**
   * The ends of its log files at the last stop, if that stop was in good order. `check` compares the files
   * with them.
   */
  logFileEnds?: readonly LogFileEnd[];
}

export type OpeningOptions = DatabaseOptions & HowToOpen;

export interface IterateOptions {
  gt?: Buffer;
  gte?: Buffer;
  lt?: Buffer;
  lte?: Buffer;
  reverse?: boolean;
  limit?: number;
  snapshot?: Snapshot;
  /** If false, the values are left out (empty buffers). */
  values?: boolean;
  /** Read-ahead in bytes. The default suits a few entries, a scan needs 256 KiB. */
  highWaterMarkBytes?: number;
}

export interface Snapshot {
  close(): Promise<void>;
}

/** Entries in key order. */
export interface Entries {
  /** Up to `count` entries. An empty array at the end. */
  next(count: number): Promise<Array<[Buffer, Buffer]>>;
  close(): Promise<void>;
}

export interface WriteBatch {
  /** Copies key and value before it returns. */
  put(key: Buffer, value: Buffer): void;
  del(key: Buffer): void;
  /** Writes all of the batch or nothing. With `sync`, the batch itself is on disk when the call resolves. */
  write(options?: { sync?: boolean }): Promise<void>;
}

export interface Database {
  readonly location: string;
  /** Whether the location has LevelDB's files, which disk/leveldb/ may read. */
  readonly hasFiles: boolean;
  /** The first failed write, if there was one. */
  readonly latched: Error | undefined;
  get(key: Buffer): Promise<Buffer | undefined>;
  /**
   * Reads as of `snapshot`. Without a snapshot, reads as of the call. If the process has no descriptors, the
   * call is repeated and reads a later state, unless `how.later` is false.
   * @param how.later if false, want of descriptors is an error, because a repeated call would give a later
   *   state.
   */
  getMany(keys: Buffer[], snapshot?: Snapshot, how?: { later: boolean }): Promise<Array<Buffer | undefined>>;
  /** Looks up by seeks. Use it only if no row of the range was ever deleted: see above. */
  hasMany(keys: Buffer[]): Promise<boolean[]>;
  put(key: Buffer, value: Buffer, options?: { sync?: boolean }): Promise<void>;
  batch(): WriteBatch;
  iterate(options: IterateOptions): Entries;
  snapshot(): Snapshot;
  /** Resolves when everything written before this call survives a power cut. */
  durable(): Promise<void>;
  compact(from: Buffer, to: Buffer): Promise<void>;
  /** Bytes of the table files between two keys. */
  approximateSize(from: Buffer, to: Buffer): Promise<number>;
  /** A property of LevelDB by its name. Undefined if there is none, or the database is closed. */
  property?(name: string): string | undefined;
  close(): Promise<void>;
}

export interface OpenDatabase {
  (location: string, options: OpeningOptions): Promise<Database>;
  /** Fails if opening would fail, and touches nothing. @throws HeadwaterError `corrupt` or `io_error`. */
  check?(location: string, how: HowToOpen): Promise<unknown>;
}

/** The part of abstract-level that a Database uses. */
interface LevelLike {
  get(key: Buffer): Promise<Buffer | undefined>;
  getMany(keys: Buffer[], options: { snapshot?: Snapshot }): Promise<Array<Buffer | undefined>>;
  hasMany(keys: Buffer[]): Promise<boolean[]>;
  put(key: Buffer, value: Buffer, options: object): Promise<void>;
  batch(): {
    put(key: Buffer, value: Buffer): unknown;
    del(key: Buffer): unknown;
    write(options?: object): Promise<void>;
  };
  iterator(options: object): {
    nextv(size: number): Promise<Array<[Buffer, Buffer]>>;
    close(): Promise<void>;
  };
  snapshot(): Snapshot;
  compactRange?(start: Buffer, end: Buffer): Promise<void>;
  approximateSize?(start: Buffer, end: Buffer): Promise<number>;
  readonly status?: string;
  getProperty?(name: string): string;
  close(): Promise<void>;
}

/**
 * Opens a LevelDB directory, or creates it.
 * @throws HeadwaterError `corrupt` naming the file if the database is not whole. Nothing was touched then.
 *   `directory_locked` if another process has it open, `disk_full` if LevelDB has no room, `io_error` if the
 *   system fails.
 */
export const openLevel: OpenDatabase = Object.assign(open, { check: checkLevel });

async function open(location: string, options: OpeningOptions): Promise<Database> {
  const state = await checkLevel(location, options);
  // Without CURRENT, LevelDB starts the unfinished creation from scratch.
  if (state === 'unfinished') await rm(path.join(location, 'CURRENT'), { force: true });
  const level = new Level<Buffer, Buffer>(location, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: options.writeBufferBytes,
    maxFileSize: options.fileBytes,
    cacheSize: options.cacheBytes,
    compression: options.compression,
  });
  try {
    await level.open();
  } catch (error) {
    throw notOpened(location, error);
  }
  const sync = new LogFileSync(location);
  return new LatchingDatabase(location, level as unknown as LevelLike, () => sync.run(), {
    hasFiles: true,
    closed: () => sync.close(),
  });
}

/**
 * Checks that a database is whole, and touches nothing. LevelDB would delete files that it does not know, so
 * a database that was ever created is opened whole or not at all.
 * @throws HeadwaterError `corrupt` naming the file, or `io_error`.
 */
export async function checkLevel(
  location: string,
  { mustExist = false, afterFailedWrite = false, logFileEnds = [] }: HowToOpen,
): Promise<Inventory['state']> {
  const expected = { anySequence: afterFailedWrite, logFileEnds };
  const { state, misfits } = await takeInventory(location, expected).catch((error: Error) => {
    throw new HeadwaterError('io_error', `${location} cannot be checked: ${error.message}`, { cause: error });
  });
  if (state === 'empty' && mustExist) throw missing(location);
  const [misfit] = misfits;
  if (!misfit || (state === 'unfinished' && !mustExist)) return state;
  throw new HeadwaterError('corrupt', `${location} is not complete: ${describeMisfits(misfits)}. Nothing was changed`, {
    details: { file: misfit.file },
  });
}

/** The error for a database that must exist and does not. */
export function missing(location: string): HeadwaterError {
  return new HeadwaterError(
    'corrupt',
    `${location} existed and is missing now. Put it back: no empty database is made in its place`,
    {
      details: { file: location },
    },
  );
}

function notOpened(location: string, error: unknown): HeadwaterError {
  const cause = error instanceof Error ? error.cause : undefined;
  const { code } = (cause ?? {}) as { code?: string };
  if (code === 'LEVEL_LOCKED')
    return new HeadwaterError('directory_locked', `${location} is in use by another process`, { cause });
  const why = cause instanceof Error ? cause.message : String(error);
  const found = isOutOfSpace(error) ? 'disk_full' : code === 'LEVEL_IO_ERROR' ? codeOfIoError(why) : 'corrupt';
  return new HeadwaterError(found, `LevelDB cannot open ${location}: ${why}`, { cause: error });
}

/** A missing table is damage: LevelDB deletes no table that it still needs. */
function codeOfIoError(message: string): 'corrupt' | 'io_error' {
  return /No such file/.test(message) ? 'corrupt' : 'io_error';
}

/**
 * Whether the disk could not supply the data, damaged or not. Background work records such an error and tries
 * again later.
 */
export function isUnreadable(error: unknown): error is HeadwaterError {
  return HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'io_error');
}

/** Whether only one place of the disk is unreadable, so that another place may be readable. */
export function isUnreadablePlace(error: unknown): error is HeadwaterError {
  return isUnreadable(error) && !isOutOfDescriptors(error);
}

const NO_OPTIONS = Object.freeze({});
const LATER = Object.freeze({ later: true });

/** A Database over any abstract-level store. Tests bring a store and a `durable` of their own. */
export class LatchingDatabase implements Database {
  readonly location: string;
  readonly hasFiles: boolean;
  readonly #level: LevelLike;
  readonly #sync: () => Promise<void>;
  readonly #closed: () => Promise<void>;
  /** Writes that LevelDB has received and not answered. */
  readonly #inHand = new Set<Promise<void>>();
  #latched: Error | undefined;

  constructor(
    location: string,
    level: LevelLike,
    sync: () => Promise<void>,
    { hasFiles = false, closed = async () => {} }: { hasFiles?: boolean; closed?: () => Promise<void> } = {},
  ) {
    this.location = location;
    this.hasFiles = hasFiles;
    this.#level = level;
    this.#sync = sync;
    this.#closed = closed;
  }

  get latched(): Error | undefined {
    return this.#latched;
  }

  get(key: Buffer): Promise<Buffer | undefined> {
    return this.#reading(() => this.#level.get(key));
  }

  getMany(keys: Buffer[], snapshot?: Snapshot, { later } = LATER): Promise<Array<Buffer | undefined>> {
    const read = () => this.#level.getMany(keys, snapshot ? { snapshot } : NO_OPTIONS);
    return snapshot || later ? this.#reading(read) : read().catch((error: unknown) => this.#failedRead(error));
  }

  hasMany(keys: Buffer[]): Promise<boolean[]> {
    return this.#reading(() => this.#level.hasMany(keys));
  }

  put(key: Buffer, value: Buffer, options: { sync?: boolean } = {}): Promise<void> {
    return this.#writing(() => this.#tracked(this.#level.put(key, value, options)));
  }

  batch(): WriteBatch {
    const batch = this.#level.batch();
    return {
      put: (key, value) => void batch.put(key, value),
      del: (key) => void batch.del(key),
      write: (options = {}) => this.#writing(() => this.#tracked(batch.write(options))),
    };
  }

  iterate(options: IterateOptions): Entries {
    const iterator = this.#level.iterator(options);
    return {
      // An iterator that has failed cannot continue.
      next: (count) => iterator.nextv(count).catch((error: unknown) => this.#failedRead(error)),
      close: () => iterator.close(),
    };
  }

  snapshot(): Snapshot {
    return this.#level.snapshot();
  }

  /**
   * If the process has no descriptor, the disk was not asked, and no write has failed.
   * @throws HeadwaterError `io_error` then.
   */
  async durable(): Promise<void> {
    let notAsked: unknown;
    await this.#writing(() =>
      this.#sync().catch((error: unknown) => {
        if (!isOutOfDescriptors(error)) throw error;
        notAsked = error;
      }),
    );
    if (notAsked === undefined) return;
    const why = `${this.location} cannot be synced: ${(notAsked as Error).message}. Raise the limit of open files (ulimit -n), or close connections`;
    throw new HeadwaterError('io_error', why, { cause: notAsked });
  }

  async compact(from: Buffer, to: Buffer): Promise<void> {
    await this.#level.compactRange?.(from, to);
  }

  async approximateSize(from: Buffer, to: Buffer): Promise<number> {
    return (await this.#level.approximateSize?.(from, to)) ?? 0;
  }

  property(name: string): string | undefined {
    if (this.#level.status !== 'open') return undefined;
    return this.#level.getProperty?.(name) || undefined;
  }

  async close(): Promise<void> {
    await this.#level.close();
    await this.#closed();
  }

  /** Repeats the read for a while if the process has no descriptors: connections come and go. */
  async #reading<T>(read: () => Promise<T>): Promise<T> {
    for (let waitedMs = 0; ; waitedMs += DESCRIPTORS_RETRY_MS) {
      try {
        return await read();
      } catch (error) {
        if (!isOutOfDescriptors(error) || waitedMs >= DESCRIPTORS_WAIT_MS) return this.#failedRead(error);
        await sleep(systemClock, DESCRIPTORS_RETRY_MS);
      }
    }
  }

  /** A failed read is no bug: the disk, the system, or a close during a series of reads has caused it. */
  #failedRead(error: unknown): never {
    const { code, message } = error as Error & { code?: string };
    if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_SNAPSHOT_NOT_OPEN')
      throw new HeadwaterError('unavailable', `${this.location} has been closed`, { cause: error });
    if (code !== 'LEVEL_CORRUPTION' && code !== 'LEVEL_IO_ERROR') throw error;
    const found = code === 'LEVEL_CORRUPTION' ? 'corrupt' : codeOfIoError(message);
    throw new HeadwaterError(found, `${this.location}: ${message}`, { cause: error });
  }

  async #writing(write: () => Promise<void>): Promise<void> {
    if (this.#latched) throw this.#refusal(this.#latched);
    try {
      await write();
    } catch (error) {
      this.#latched ??= error instanceof Error ? error : new Error(String(error));
      throw this.#refusal(this.#latched);
    }
    // LevelDB may have taken a pending write first. If that write fails, this one may be lost whatever
    // LevelDB reports. The failure may also arrive later than this success.
    if (this.#inHand.size > 0) await Promise.allSettled(this.#inHand);
    if (this.#latched) throw this.#refusal(this.#latched);
  }

  #tracked(write: Promise<void>): Promise<void> {
    this.#inHand.add(write);
    const done = () => void this.#inHand.delete(write);
    write.then(done, done);
    return write;
  }

  #refusal(cause: Error): HeadwaterError {
    return new HeadwaterError('store_latched', `a write to ${this.location} failed: ${cause.message}`, { cause });
  }
}
