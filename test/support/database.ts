/**
 * Databases for tests. `MemoryDisk` keeps what was written by location, as a
 * disk does: a database that is closed, or whose process "died", can be opened
 * again with what is there. Every operation can be held or made to fail, and a
 * location is locked while it is open, so that a handle that leaks is noticed.
 * It keeps LevelDB's deletion marks, and counts those that an iterator walks
 * over (deletion-marks.ts).
 * `temporaryDirectory` is for the tests in which the real LevelDB is the point.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MemoryLevel } from 'memory-level';
import { HeadwaterError } from '../../src/base/errors.js';
import {
  type Database,
  type HowToOpen,
  type IterateOptions,
  LatchingDatabase,
  missing,
  type OpenDatabase,
} from '../../src/disk/level.js';
import { turn } from './clock.js';
import { DeletionMarks } from './deletion-marks.js';

/** LevelDB's own default for one read of an iterator. */
const LEVEL_HIGH_WATER_MARK_BYTES = 16 * 1024;

/** LevelDB gives fewer rows than were asked for, as soon as they have more bytes than this. */
function rowsWithin(rows: ReadonlyArray<readonly [Buffer, Buffer]>, count: number, bytesMax: number): number {
  let bytes = 0;
  for (const [index, [key, value]] of rows.slice(0, count).entries()) {
    bytes += key.length + (value?.length ?? 0);
    if (bytes > bytesMax) return index + 1;
  }
  return Math.min(count, rows.length);
}

type Level = MemoryLevel<Buffer, Buffer>;

/** One write or read on its way to the disk. */
export interface DiskOperation {
  readonly kind: 'open' | 'put' | 'batch' | 'durable' | 'read' | 'compact' | 'close';
  readonly location: string;
  /** Keys that are written or asked for. */
  readonly keys: readonly Buffer[];
  readonly sync: boolean;
}

/** What stands around the databases: the real directories, unless a test brings its own. */
export interface Surroundings {
  isFolder(location: string): Promise<boolean> | boolean;
  makeFolder(location: string): Promise<unknown>;
  /** What an operation takes. */
  delay(): Promise<void>;
  /** Between 0 and 1, where a power cut has a choice. */
  random(): number;
  /** What a walk over so many deletion marks takes; nothing where it is left out. */
  walk?(marks: number): Promise<void>;
}

const REAL: Surroundings = {
  isFolder: isDirectory,
  makeFolder: (location) => mkdir(location, { recursive: true }),
  delay: turn,
  random: () => 0,
};

/** Runs before an operation takes effect: what it awaits holds the operation, what it throws fails it. */
export type Fault = (operation: DiskOperation) => Promise<void> | void;

/** One for each who waits: a promise that all wait for would keep all of them in memory. */
const never = () => new Promise<never>(() => {});

export class MemoryDisk {
  readonly #levels = new Map<string, Level>();
  readonly #journals = new Map<string, Journal>();
  readonly #marks = new Map<string, DeletionMarks>();
  readonly surroundings: Surroundings;
  readonly #open = new Map<string, Handle>();
  /** How often the process has died. */
  #lives = 0;
  /** Set by tests. */
  fault: Fault | undefined;
  /** Deletion marks that iterators have walked over. */
  marksWalked = 0;
  /** The most bytes of values that one look-up of keys has brought into memory. */
  largestRead = 0;
  /** Those of them that seeks of single keys have walked over. */
  marksSought = 0;
  /** Every operation so far, for assertions on order. */
  readonly operations: DiskOperation[] = [];

  constructor(surroundings = REAL) {
    this.surroundings = surroundings;
  }

  /** Makes the directory too, since the store's own files stand around it. */
  readonly open: OpenDatabase = (location, how) => this.#openIn(this.#lives, location, how);

  /** Opens databases for the process of now: once it has died, nothing that it asks is answered. */
  process(): OpenDatabase {
    const lives = this.#lives;
    return (location, how) => this.#openIn(lives, location, how);
  }

  async #openIn(lives: number, location: string, { mustExist = false }: HowToOpen): Promise<Database> {
    if (lives !== this.#lives) await never();
    await this.do({ kind: 'open', location, keys: [], sync: false });
    if (lives !== this.#lives) await never();
    if (this.#open.has(location))
      throw new HeadwaterError('directory_locked', `${location} is in use by another process`);
    const known = await this.surroundings.isFolder(location);
    if (mustExist && !(known && this.#levels.has(location))) throw missing(location);
    await this.surroundings.makeFolder(location);
    if (lives !== this.#lives) await never();
    let level = this.#levels.get(location);
    if (!level || !known) {
      level = await newLevel();
      this.#levels.set(location, level);
      this.#journals.set(location, new Journal());
      this.#marks.delete(location);
    }
    const handle = new Handle(this, location, level);
    this.#open.set(location, handle);
    return handle.database;
  }

  /** A database with no directory behind it. */
  async database(location = 'memory'): Promise<Database> {
    const level = this.#levels.get(location) ?? (await newLevel());
    this.#levels.set(location, level);
    const handle = new Handle(this, location, level);
    this.#open.set(location, handle);
    return handle.database;
  }

  /** Locations that are open. */
  get opened(): string[] {
    return [...this.#open.keys()];
  }

  /** The process dies: nothing that is in hand takes effect or is answered any more; all locks are free. */
  crash(): void {
    this.#lives++;
    for (const handle of this.#open.values()) handle.dead = true;
    this.#open.clear();
    this.snapshots = 0;
    this.iterators = 0;
  }

  /**
   * The machine loses its power after `crash`: of what was not made durable, an
   * end is lost of each file that LevelDB had begun. A write that was synced
   * proves nothing about those before it in another file.
   */
  async powerCut(): Promise<void> {
    for (const [location, journal] of this.#journals) {
      const level = this.raw(location);
      await level.clear();
      const batch = level.batch();
      for (const [key, value] of journal.powerCut(this.surroundings.random))
        batch.put(Buffer.from(key, 'latin1'), value);
      await batch.write();
    }
  }

  readonly #lost = new Map<string, Level>();

  /** The files at a location are moved away, as long as nothing has it open. */
  lose(location: string): void {
    this.#lost.set(location, this.raw(location));
    this.#levels.delete(location);
  }

  /** They are where they were. */
  putBack(): void {
    for (const [location, level] of this.#lost) this.#levels.set(location, level);
    this.#lost.clear();
  }

  /** Whether a database stands there. */
  has(location: string): boolean {
    return this.#levels.has(location);
  }

  /** What was written at a location, for a power cut to take away. */
  journal(location: string): Journal | undefined {
    return this.#journals.get(location);
  }

  /** What was deleted at a location and has not been compacted away. */
  marks(location: string): DeletionMarks {
    let marks = this.#marks.get(location);
    if (!marks) {
      marks = new DeletionMarks();
      this.#marks.set(location, marks);
    }
    return marks;
  }

  /** Snapshots that somebody holds. */
  snapshots = 0;
  /** Iterators that are open. */
  iterators = 0;

  /** What stands at a location, to look at and to damage. */
  raw(location: string): Level {
    const level = this.#levels.get(location);
    if (!level) throw new Error(`nothing was ever opened at ${location}`);
    return level;
  }

  /** As if the location were copied aside now: a disk that holds the same. */
  async copy(): Promise<MemoryDisk> {
    const copy = new MemoryDisk();
    for (const [location, level] of this.#levels) {
      const other = await newLevel();
      for await (const [key, value] of level.iterator()) await other.put(Buffer.from(key), Buffer.from(value));
      copy.#levels.set(location, other);
    }
    return copy;
  }

  /** Passes an operation through `fault`. */
  async do(operation: DiskOperation): Promise<void> {
    this.operations.push(operation);
    await this.fault?.(operation);
  }

  closed(handle: Handle): void {
    if (this.#open.get(handle.location) === handle) this.#open.delete(handle.location);
  }
}

type Change = readonly [key: string, value: Buffer | undefined];

interface Written {
  readonly changes: readonly Change[];
  readonly file: number;
  durable: boolean;
}

/** Writes that a power cut may take away, in order, over those that it cannot. */
class Journal {
  readonly #durable = new Map<string, Buffer>();
  #writes: Written[] = [];
  #file = 0;

  wrote(changes: readonly Change[], options: { sync: boolean; random: number }): void {
    if (options.random < 1 / 16) this.#file++;
    this.#writes.push({ changes, file: this.#file, durable: options.sync });
    this.#settle();
  }

  /** Makes what was written so far durable, when it is called. */
  durable(): () => void {
    const writes = [...this.#writes];
    return () => {
      for (const write of writes) write.durable = true;
      this.#settle();
    };
  }

  powerCut(random: () => number): Map<string, Buffer> {
    const files = new Map<number, Written[]>();
    for (const write of this.#writes) files.set(write.file, [...(files.get(write.file) ?? []), write]);
    for (const writes of files.values()) {
      const certain = writes.findLastIndex((write) => write.durable) + 1;
      const kept = certain + Math.floor(random() * (writes.length - certain + 1));
      for (const { changes } of writes.slice(0, kept)) this.#apply(changes);
    }
    this.#writes = [];
    return this.#durable;
  }

  #settle(): void {
    let settled = 0;
    for (let next = this.#writes[0]; next?.durable; next = this.#writes[++settled]) this.#apply(next.changes);
    this.#writes.splice(0, settled);
  }

  #apply(changes: readonly Change[]): void {
    for (const [key, value] of changes) {
      if (value) this.#durable.set(key, value);
      else this.#durable.delete(key);
    }
  }
}

/** Open, so that its operations take effect at once instead of after opening. */
async function newLevel(): Promise<Level> {
  const level = new MemoryLevel<Buffer, Buffer>({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await level.open();
  return level;
}

async function isDirectory(location: string): Promise<boolean> {
  return stat(location).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

/** One opened database: its own end does not end the memory behind it. */
class Handle {
  readonly location: string;
  readonly database: Database;
  dead = false;
  readonly #disk: MemoryDisk;
  readonly #level: Level;
  #closed = false;
  #inHand = 0;

  constructor(disk: MemoryDisk, location: string, level: Level) {
    this.#disk = disk;
    this.location = location;
    this.#level = level;
    this.database = new LatchingDatabase(location, this.#levelLike(), () => {
      const durable = this.#journal?.durable();
      return this.#write('durable', [], false, async () => durable?.());
    });
  }

  #levelLike(): ConstructorParameters<typeof LatchingDatabase>[1] {
    return {
      get: (key) => this.#read([key], this.#level.get(key)),
      getMany: async (keys, options) => {
        const values = await this.#read(keys, this.#level.getMany(keys, options as object));
        const bytes = values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
        this.#disk.largestRead = Math.max(this.#disk.largestRead, bytes);
        return values;
      },
      hasMany: async (keys) => {
        // A seek walks over the marks that stood there at the call.
        const isUnmarked = this.#marks.count === 0;
        const found = await this.#read(keys, this.#level.hasMany(keys));
        let marks = 0;
        for (const [i, key] of keys.entries()) if (!found[i] && !isUnmarked) marks += await this.#marksBehind(key);
        this.#disk.marksSought += marks;
        await this.#walked(marks);
        return found;
      },
      put: (key, value, options) => {
        const sync = (options as { sync?: boolean }).sync ?? false;
        const [ownKey, ownValue] = [Buffer.from(key), Buffer.from(value)];
        return this.#write('put', [ownKey], sync, () => {
          this.#wrote([[ownKey.toString('latin1'), ownValue]], sync);
          return this.#level.put(ownKey, ownValue);
        });
      },
      batch: () => {
        this.#assertOpen();
        const batch = this.#level.batch();
        const keys: Buffer[] = [];
        const changes: Change[] = [];
        const own = (bytes: Buffer) => Buffer.from(bytes);
        return {
          put: (key, value) => {
            keys.push(own(key));
            batch.put(own(key), own(value));
            changes.push([key.toString('latin1'), own(value)]);
          },
          del: (key) => {
            keys.push(own(key));
            batch.del(own(key));
            changes.push([key.toString('latin1'), undefined]);
          },
          write: (options) => {
            const sync = (options as { sync?: boolean } | undefined)?.sync ?? false;
            return this.#write('batch', keys, sync, () => {
              this.#wrote(changes, sync);
              return batch.write();
            });
          },
        };
      },
      iterator: (options) => {
        this.#assertOpen();
        const iterator = this.#level.iterator(options);
        const walk = this.#marks.walk(options);
        const { highWaterMarkBytes = LEVEL_HIGH_WATER_MARK_BYTES } = options as IterateOptions;
        const ahead: Array<[Buffer, Buffer]> = [];
        let open = !this.dead;
        if (open) this.#disk.iterators++;
        return {
          nextv: async (size) => {
            const missing = size - ahead.length;
            const read = await this.#read([], missing > 0 ? iterator.nextv(missing) : Promise.resolve([]));
            ahead.push(...read);
            const rows = ahead.splice(0, rowsWithin(ahead, size, highWaterMarkBytes));
            const isEnd = ahead.length === 0 && read.length < missing;
            await this.#walked(walk.to(rows, isEnd ? size : rows.length));
            return rows;
          },
          close: () => {
            if (open && !this.dead) this.#disk.iterators--;
            open = false;
            return iterator.close();
          },
        };
      },
      snapshot: () => {
        this.#assertOpen();
        const snapshot = this.#level.snapshot();
        // A process that has died may still be on its way here: nobody holds what it takes.
        let open = !this.dead;
        if (open) this.#disk.snapshots++;
        const close = snapshot.close.bind(snapshot);
        // The level knows its own snapshots only: this one counts when it ends.
        snapshot.close = () => {
          if (open && !this.dead) this.#disk.snapshots--;
          open = false;
          return close();
        };
        return snapshot;
      },
      compactRange: (from, to) => this.#write('compact', [from, to], false, async () => this.#marks.compact(from, to)),
      close: () => this.#close(),
    };
  }

  get #journal(): Journal | undefined {
    return this.#disk.journal(this.location);
  }

  get #marks(): DeletionMarks {
    return this.#disk.marks(this.location);
  }

  /** Up to the next row. */
  async #marksBehind(key: Buffer): Promise<number> {
    if (this.#marks.count === 0) return 0;
    const range = { gte: key, limit: 1 };
    return this.#marks.walk(range).to(await this.#level.iterator(range).all(), 1);
  }

  async #walked(marks: number): Promise<void> {
    this.#disk.marksWalked += marks;
    if (marks > 0) await this.#disk.surroundings.walk?.(marks);
    if (this.dead) await never();
  }

  #wrote(changes: readonly Change[], sync: boolean): void {
    for (const [key, value] of changes) this.#marks.wrote(key, value !== undefined);
    this.#journal?.wrote(changes, { sync, random: this.#disk.surroundings.random() });
  }

  /** What is read is what stood there at the call; it arrives a turn later. */
  async #read<T>(keys: readonly Buffer[], reading: Promise<T>): Promise<T> {
    reading.catch(() => {});
    this.#assertOpen();
    return this.#hold('read', keys, false, () => reading);
  }

  async #write(
    kind: 'put' | 'batch' | 'durable' | 'compact',
    keys: readonly Buffer[],
    sync: boolean,
    write: () => Promise<void>,
  ): Promise<void> {
    this.#assertOpen();
    await this.#hold(kind, keys, sync, write);
  }

  async #hold<T>(
    kind: DiskOperation['kind'],
    keys: readonly Buffer[],
    sync: boolean,
    effect: () => Promise<T>,
  ): Promise<T> {
    this.#inHand++;
    try {
      await this.#disk.do({ kind, location: this.location, keys, sync });
      await this.#disk.surroundings.delay();
      if (this.dead) return await never();
      const result = await effect();
      return this.dead ? await never() : result;
    } finally {
      this.#inHand--;
    }
  }

  /** As LevelDB's: what is in hand is finished, what comes later is refused. */
  async #close(): Promise<void> {
    if (this.dead) return never();
    if (this.#closed) return;
    this.#closed = true;
    await this.#disk.do({ kind: 'close', location: this.location, keys: [], sync: false });
    while (this.#inHand > 0 && !this.dead) await this.#disk.surroundings.delay();
    if (this.dead) return never();
    this.#disk.closed(this);
  }

  #assertOpen(): void {
    if (this.#closed) throw Object.assign(new Error('Database is not open'), { code: 'LEVEL_DATABASE_NOT_OPEN' });
  }
}

/** In memory where the machine has that: what these tests look at is not what a power cut leaves. */
const BASE = process.env.TMPDIR === undefined && existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A directory that goes when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(BASE, 'headwater-'));
  made.push(directory);
  return directory;
}

const made: string[] = [];

/** For an `afterEach` of every file that makes directories. */
export async function removeTemporaryDirectories(): Promise<void> {
  await Promise.all(made.splice(0).map((directory) => rm(directory, { recursive: true, force: true })));
}
