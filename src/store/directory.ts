/**
 * A node's data directory, apart from the contents of a generation:
 *
 *   format           "headwater data directory, format 1"
 *   lock/            an empty LevelDB, held open for its operating-system lock
 *   owner            the process that holds the lock, for messages
 *   node.json        identity, role and upstream (node-record.ts)
 *   followers.json   the known followers (known-followers.ts)
 *   life.json        how the last life as a leader ended (life.ts)
 *   cluster.json     what the node remembers of the store of its cluster (cluster/memory.ts)
 *   clean-stop.json  the ends of LevelDB's log files, after a clean stop (clean-stop.ts)
 *   write-failed     empty: a write to the generation failed, and it was not opened since (failed-write.ts)
 *   CURRENT          the name of the generation in use (generations.ts)
 *   gen-000001/      a generation: log/ and keyspace/
 *   ballast          bytes without meaning, for a full disk (space.ts)
 *   damaged/         blocks that a recovery took out of the log
 *   lost-writes/     blocks that a resync had no place for
 *   restoring        only while a restore is not done: all else here is worth nothing
 *
 * The lock is taken before anything is read, and nothing is written into a directory that is not ours. Files are
 * replaced whole: written aside, synced, renamed, and the directory synced.
 */
import { HeadwaterError } from '../base/errors.js';
import { systemReason } from '../base/system-errors.js';
import type { Files } from '../disk/files.js';
import type { OpenDatabase } from '../disk/level.js';
import {
  FORMAT,
  FORMAT_TEXT,
  isRestoring,
  RESTORING,
  RESTORING_TEXT,
  refuseAbsent,
  refuseForeign,
  refuseIncomplete,
  refuseUnfinishedRestore,
  refuseUnlessRestorable,
} from './admission.js';
import { CLEAN_STOP, CleanStop } from './clean-stop.js';
import { WRITE_FAILED } from './failed-write.js';
import { Folder } from './folder.js';
import { Generations } from './generations.js';
import { type Lock, lockForReading, lockForWriting } from './lock.js';
import { NodeFile } from './node-record.js';

const LOCK = 'lock';
const OWNER = 'owner';

export interface DirectoryOptions {
  readonly files: Files;
  readonly openDatabase: OpenDatabase;
  randomBytes(count: number): Buffer;
  /** The advice if another process has the directory. By default, that of a node that starts. */
  readonly inUse?: string;
}

/** A data directory that is open for reading only. */
export interface Looked {
  readonly currentGeneration: string;
  /** Whether a write failed after the generation in use was last opened (failed-write.ts). */
  readonly hasFailedWrite: boolean;
  readonly cleanStop: CleanStop;
  close(): Promise<void>;
}

export class Directory {
  readonly folder: Folder;
  readonly node: NodeFile;
  readonly generations: Generations;
  readonly #lock: Lock;

  private constructor(folder: Folder, lock: Lock, node: NodeFile, generations: Generations) {
    this.folder = folder;
    this.#lock = lock;
    this.node = node;
    this.generations = generations;
  }

  /**
   * Opens or makes a data directory.
   * @throws HeadwaterError `directory_locked`, `foreign_directory`, `restore_unfinished`, `unknown_format` or
   * `corrupt`; the directory is unchanged then.
   */
  static async open(directory: string, options: DirectoryOptions): Promise<Directory> {
    const { files, randomBytes } = options;
    const folder = new Folder(directory, files);
    await refuseForeign(folder);
    return locked(folder, options, async (lock) => {
      // A restore may have begun, and been cut short, before the lock was taken.
      await refuseUnfinishedRestore(folder);
      await refuseIncomplete(folder);
      await folder.write(OWNER, `${process.pid}\n`);
      if (!(await folder.has(FORMAT))) await folder.write(FORMAT, FORMAT_TEXT);
      const node = (await NodeFile.read(folder)) ?? (await NodeFile.create(folder, randomBytes));
      const generations = (await Generations.read(folder)) ?? (await Generations.create(folder));
      return new Directory(folder, lock, node, generations);
    });
  }

  /**
   * Reads the data directory of a node that is not running, and writes nothing to it. The directory is locked meanwhile
   * unless it cannot be written to.
   * @param unlocked called with the reason if there is no lock.
   * @throws as `open`; `foreign_directory` if there is none.
   */
  static async look(directory: string, files: Files, unlocked: (why: string) => void = () => {}): Promise<Looked> {
    const folder = new Folder(directory, files);
    // A restore that was cut short is refused by its own name, below.
    await refuseAbsent(folder);
    await refuseForeign(folder);
    const lock = await lockForReading(folder.at(LOCK), unlocked).catch((error: unknown) =>
      explainLock(folder, error, STOP_FIRST),
    );
    try {
      await refuseIncomplete(folder);
      const generations = await Generations.read(folder);
      return {
        currentGeneration: generations?.current ?? Generations.first(folder),
        hasFailedWrite: await folder.has(WRITE_FAILED),
        cleanStop: CleanStop.parse(directory, await folder.read(CLEAN_STOP)),
        close: () => lock.close(),
      };
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  /**
   * Makes a data directory that does not count until `finishRestore`: a new node, a leader, with a generation that is
   * not there yet.
   * @throws HeadwaterError `foreign_directory` unless the directory is absent, empty, or left by a restore that was cut
   * short or failed; `directory_locked`.
   */
  static async beginRestore(directory: string, options: DirectoryOptions): Promise<Directory> {
    const folder = new Folder(directory, options.files);
    await refuseUnlessRestorable(folder);
    return locked(folder, options, async (lock) => {
      // Before the lock was taken, another restore may have ended here, or a node begun.
      await refuseUnlessRestorable(folder);
      // This file comes first, since a directory without it is a node's.
      if (!(await isRestoring(folder))) await folder.write(RESTORING, RESTORING_TEXT);
      await folder.clearAllBut([LOCK, RESTORING]);
      await folder.write(OWNER, `${process.pid}\n`);
      await folder.write(FORMAT, FORMAT_TEXT);
      const node = await NodeFile.create(folder, options.randomBytes);
      return new Directory(folder, lock, node, await Generations.create(folder));
    });
  }

  /** Whether the directory is absent, empty, or left by a restore that was cut short or failed. */
  static async isRestorable(directory: string, files: Files): Promise<boolean> {
    try {
      await refuseUnlessRestorable(new Folder(directory, files));
      return true;
    } catch (error) {
      if (HeadwaterError.is(error, 'foreign_directory')) return false;
      throw error;
    }
  }

  /** Makes a directory, which a failed restore has left, as good as an empty one. */
  static async forgetRestore(directory: string, files: Files): Promise<void> {
    const folder = new Folder(directory, files);
    if (!(await isRestoring(folder))) return;
    await folder.clearAllBut([LOCK, RESTORING]);
    await folder.remove(RESTORING);
  }

  /** Makes the directory a node's. The caller has closed its databases, durably. */
  async finishRestore(): Promise<void> {
    await this.generations.sync();
    await this.folder.remove(RESTORING);
  }

  /** Frees the space of a failed restore. No node begins here afterwards; only another restore can. */
  abandonRestore(): Promise<void> {
    return this.folder.clearAllBut([LOCK, RESTORING]);
  }

  /**
   * Whether the generation in use has ever been open in a role, or comes from a resync or a restore. The databases were
   * on disk before that was noted.
   */
  get wasUsed(): boolean {
    return this.node.record.cluster_id !== '' || !this.generations.isFirst;
  }

  /** Reads the note of the last stop, which is empty if the stop was not clean or the generation was opened since. */
  async cleanStop(): Promise<CleanStop> {
    return CleanStop.parse(this.folder.path, await this.folder.read(CLEAN_STOP));
  }

  /**
   * Notes a clean stop, durably. The databases of the generation in use are closed, and everything in them is durable.
   */
  async noteCleanStop(): Promise<void> {
    const { files, path } = this.folder;
    const text = await CleanStop.of(files, path, this.generations.current);
    if (text !== undefined) await this.folder.replace(CLEAN_STOP, text);
  }

  /** Removes the note, durably, before anything is written. */
  async forgetCleanStop(): Promise<void> {
    if (await this.folder.has(CLEAN_STOP)) await this.folder.remove(CLEAN_STOP);
  }

  async close(): Promise<void> {
    await this.#lock.close();
  }
}

/** Makes the directory if it is missing, and runs `open` under its lock, which it keeps if it succeeds. */
async function locked<T>(
  folder: Folder,
  { openDatabase, inUse = OWN_DIRECTORY }: DirectoryOptions,
  open: (lock: Lock) => Promise<T>,
): Promise<T> {
  const { files, path } = folder;
  await files.makeDirectory(path).catch((error: unknown) => {
    const message = `${path} cannot be made: ${systemReason(error)}`;
    throw new HeadwaterError('foreign_directory', message, { cause: error });
  });
  const lock = await lockForWriting(folder.at(LOCK), openDatabase).catch((error: unknown) =>
    explainLock(folder, error, inUse),
  );
  try {
    return await open(lock);
  } catch (error) {
    await lock.close();
    throw error;
  }
}

/** The advice to a reader, and to a program that changes the directory of a stopped node. */
export const STOP_FIRST = 'Stop the node first';
const OWN_DIRECTORY = 'Give each node its own data directory';

async function explainLock(folder: Folder, error: unknown, advice: string): Promise<never> {
  if (!HeadwaterError.is(error, 'directory_locked')) throw error;
  const owner = (await folder.read(OWNER).catch(() => undefined))?.trim();
  const who = owner ? `process ${owner}` : 'another process';
  const message = `${folder.path} is in use by ${who}. ${advice}`;
  throw new HeadwaterError('directory_locked', message, { cause: error });
}
