/**
 * LevelDB, with what it does not promise put right: the only importer of
 * `level`. One `Database` is one LevelDB directory.
 *
 * - `durable()` is the only way to know that everything written so far would
 *   survive a power cut: one `sync` write does not cover earlier plain ones
 *   once LevelDB has rotated its own log file.
 * - The first failed write of any kind latches the database: LevelDB reports
 *   success for writes after an ENOSPC and loses them. From then on every write
 *   fails until the database is opened anew, with full recovery.
 * - A seek (an iterator, `has`, `hasMany`) walks over every deletion mark up to
 *   the next row; a look-up (`get`, `getMany`) does not. So there is no `has`
 *   here: whoever asks for single keys looks them up.
 * - Reads made by one `get`, `getMany` or `iterate` call see the database as it
 *   was when the call was made (classic-level takes the LevelDB snapshot inside
 *   the call), which is what lets the keyspace look at its layers and the disk
 *   in one turn.
 */
import { open as openFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { Level } from 'level';
import { HeadwaterError } from './errors.js';
import { isOutOfSpace, systemFiles } from './files.js';

export interface DatabaseOptions {
  /** Memory of LevelDB's write buffer, bytes; up to twice as much is used. */
  writeBufferBytes: number;
  /** Size of LevelDB's table files, bytes. */
  fileBytes: number;
  /** LevelDB's cache of table blocks, bytes. */
  cacheBytes: number;
  /** Whether table blocks are compressed with Snappy. */
  compression: boolean;
}

export interface IterateOptions {
  gt?: Buffer;
  gte?: Buffer;
  lt?: Buffer;
  lte?: Buffer;
  reverse?: boolean;
  limit?: number;
  snapshot?: Snapshot;
  /** False leaves the values out (empty buffers). */
  values?: boolean;
  /** Read-ahead in bytes; the default suits a few entries, scans want 256 KiB. */
  highWaterMarkBytes?: number;
}

export interface Snapshot {
  close(): Promise<void>;
}

/** Entries in key order. */
export interface Entries {
  /** Up to `count` entries; an empty array at the end. */
  next(count: number): Promise<Array<[Buffer, Buffer]>>;
  close(): Promise<void>;
}

export interface WriteBatch {
  /** Copies both before it returns. */
  put(key: Buffer, value: Buffer): void;
  del(key: Buffer): void;
  /** All or nothing; with `sync`, the batch itself is on disk when it resolves. */
  write(options?: { sync?: boolean }): Promise<void>;
}

export interface Database {
  readonly location: string;
  /** Whether there are LevelDB's files at the location, which may be read (level-files/). */
  readonly hasFiles: boolean;
  /** The first failed write, if there was one. */
  readonly latched: Error | undefined;
  get(key: Buffer): Promise<Buffer | undefined>;
  /** As of the call, or as of `snapshot`. */
  getMany(keys: Buffer[], snapshot?: Snapshot): Promise<Array<Buffer | undefined>>;
  put(key: Buffer, value: Buffer, options?: { sync?: boolean }): Promise<void>;
  batch(): WriteBatch;
  iterate(options: IterateOptions): Entries;
  snapshot(): Snapshot;
  /** Everything written before this call survives a power cut once it resolves. */
  durable(): Promise<void>;
  compact(from: Buffer, to: Buffer): Promise<void>;
  close(): Promise<void>;
}

export type OpenDatabase = (location: string, options: DatabaseOptions) => Promise<Database>;

/** The part of abstract-level that a Database stands on. */
interface LevelLike {
  get(key: Buffer): Promise<Buffer | undefined>;
  getMany(keys: Buffer[], options: { snapshot?: Snapshot }): Promise<Array<Buffer | undefined>>;
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
  close(): Promise<void>;
}

/**
 * Opens or creates a LevelDB directory.
 * @throws HeadwaterError `directory_locked` where another process has it open,
 *   `disk_full` where LevelDB has no room to open it, `corrupt` where it cannot.
 */
export const openLevel: OpenDatabase = async (location, options) => {
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
    const cause = error instanceof Error ? error.cause : undefined;
    if ((cause as { code?: string } | undefined)?.code === 'LEVEL_LOCKED') {
      throw new HeadwaterError('directory_locked', `${location} is in use by another process`, { cause });
    }
    const why = cause instanceof Error ? cause.message : String(error);
    const code = isOutOfSpace(error) ? 'disk_full' : 'corrupt';
    throw new HeadwaterError(code, `LevelDB cannot open ${location}: ${why}`, { cause: error });
  }
  return new LatchingDatabase(location, level as unknown as LevelLike, () => syncLogFiles(location), {
    hasFiles: true,
  });
};

/**
 * Whether a database could not be opened, or be read, for what its files hold or
 * lack; not where the system had no room, or could not read at all.
 */
export function isDamagedDatabase(error: unknown): boolean {
  if (!HeadwaterError.is(error, 'corrupt')) return false;
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    if ((cause as { code?: string }).code === 'LEVEL_IO_ERROR') return /No such file/.test(cause.message);
  return true;
}

const NO_OPTIONS = Object.freeze({});

/** A Database over any abstract-level store; tests bring their own and their own `durable`. */
export class LatchingDatabase implements Database {
  readonly location: string;
  readonly hasFiles: boolean;
  readonly #level: LevelLike;
  readonly #sync: () => Promise<void>;
  #latched: Error | undefined;

  constructor(location: string, level: LevelLike, sync: () => Promise<void>, { hasFiles = false } = {}) {
    this.location = location;
    this.hasFiles = hasFiles;
    this.#level = level;
    this.#sync = sync;
  }

  get latched(): Error | undefined {
    return this.#latched;
  }

  get(key: Buffer): Promise<Buffer | undefined> {
    return this.#reading(this.#level.get(key));
  }

  getMany(keys: Buffer[], snapshot?: Snapshot): Promise<Array<Buffer | undefined>> {
    return this.#reading(this.#level.getMany(keys, snapshot ? { snapshot } : NO_OPTIONS));
  }

  put(key: Buffer, value: Buffer, options: { sync?: boolean } = {}): Promise<void> {
    return this.#writing(() => this.#level.put(key, value, options));
  }

  batch(): WriteBatch {
    const batch = this.#level.batch();
    return {
      put: (key, value) => void batch.put(key, value),
      del: (key) => void batch.del(key),
      write: (options = {}) => this.#writing(() => batch.write(options)),
    };
  }

  iterate(options: IterateOptions): Entries {
    const iterator = this.#level.iterator(options);
    return {
      next: (count) => this.#reading(iterator.nextv(count)),
      close: () => iterator.close(),
    };
  }

  snapshot(): Snapshot {
    return this.#level.snapshot();
  }

  durable(): Promise<void> {
    return this.#writing(this.#sync);
  }

  async compact(from: Buffer, to: Buffer): Promise<void> {
    await this.#level.compactRange?.(from, to);
  }

  close(): Promise<void> {
    return this.#level.close();
  }

  /**
   * LevelDB notices some damage itself, and a disk may refuse to be read: errors
   * of the world, not bugs of ours. So is a close under a reader that asks more
   * than once.
   */
  async #reading<T>(result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_SNAPSHOT_NOT_OPEN')
        throw new HeadwaterError('unavailable', `${this.location} has been closed`, { cause: error });
      if (code !== 'LEVEL_CORRUPTION' && code !== 'LEVEL_IO_ERROR') throw error;
      throw new HeadwaterError('corrupt', `${this.location}: ${(error as Error).message}`, { cause: error });
    }
  }

  async #writing(write: () => Promise<void>): Promise<void> {
    if (this.#latched) throw this.#refusal(this.#latched);
    try {
      await write();
    } catch (error) {
      this.#latched ??= error instanceof Error ? error : new Error(String(error));
      throw this.#refusal(this.#latched);
    }
    // What was in hand when another write failed may be lost like what comes after it, whatever LevelDB says.
    if (this.#latched) throw this.#refusal(this.#latched);
  }

  #refusal(cause: Error): HeadwaterError {
    return new HeadwaterError('store_latched', `a write to ${this.location} failed: ${cause.message}`, { cause });
  }
}

/**
 * LevelDB's own log files hold every write that is not yet in a table; tables
 * and manifest are synced by LevelDB. A file that vanished meanwhile was
 * written to a table.
 */
async function syncLogFiles(location: string): Promise<void> {
  const names = await readdir(location);
  const logs = names.filter((name) => name.endsWith('.log'));
  await Promise.all(logs.map((name) => syncFile(path.join(location, name))));
  await systemFiles.syncDirectory(location);
}

async function syncFile(file: string): Promise<void> {
  let handle: Awaited<ReturnType<typeof openFile>>;
  try {
    handle = await openFile(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
