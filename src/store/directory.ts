/**
 * A node's data directory, apart from the contents of a generation:
 *
 *   format           "headwater data directory, format 1"
 *   lock/            an empty LevelDB, held open for its operating-system lock
 *   owner            the process that holds the lock, for messages
 *   node.json        identity, role and upstream (NodeRecord)
 *   followers.json   the known followers (known-followers.ts)
 *   life.json        how the last life as a leader ended (life.ts)
 *   clean-stop.json  the ends of LevelDB's log files, after a clean stop (clean-stop.ts)
 *   write-failed     empty: a write to the generation failed, and it was not opened since
 *   CURRENT          the name of the generation in use
 *   gen-000001/      a generation: log/ and keyspace/
 *   ballast          bytes without meaning, for a full disk (space.ts)
 *   damaged/         blocks that a recovery took out of the log
 *   lost-writes/     blocks that a resync had no place for
 *   restoring        only while a restore is not done: all else here is worth nothing
 *
 * The lock is taken before anything is read, and nothing is written into a directory that is not ours. Files are
 * replaced whole: written aside, synced, renamed, and the directory synced.
 */
import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import { systemReason } from '../base/system-errors.js';
import { type Files, isOutOfSpace, replaceFile } from '../disk/files.js';
import type { OpenDatabase } from '../disk/level.js';
import { CLEAN_STOP, CleanStop } from './clean-stop.js';
import { type Lock, lockForReading, lockForWriting } from './lock.js';

const FORMAT_TEXT = 'headwater data directory, format 1\n';
const FORMAT_PATTERN = /^headwater data directory, format (\d+)\n$/;
const WRITE_FAILED = 'write-failed';
const LOCK = 'lock';
const RESTORING = 'restoring';
const RESTORING_TEXT = 'headwater restore, not done\n';
const OWN_NAMES =
  /^(format|lock|node\.json|CURRENT|owner|followers\.json|life\.json|clean-stop\.json|write-failed|ballast|damaged|lost-writes|gen-\d{6}|.*\.new)$/;

export type Role = 'leader' | 'follower';

/** The role that a start option asks for. */
export interface RoleWanted {
  readonly role: Role;
  readonly upstream: string;
  /** Whether the option counts even if a hand-over or a promotion has changed the role since. */
  readonly overrules?: boolean;
}

export interface NodeRecord {
  readonly node_id: string;
  /** Empty until the node first leads or follows. */
  readonly cluster_id: string;
  readonly role: Role;
  /** host:port; empty on a leader. */
  readonly upstream: string;
  /** Set on a former leader from when it stepped down until it knows that its upstream leads. */
  readonly handing_over?: HandingOver | undefined;
  /** Set on a leader that was promoted, by a person or by a hand-over: a start option does not overrule that. */
  readonly promoted?: true | undefined;
  /** Set on a leader that takes no writes, because another one continues its history. */
  readonly superseded_by?: SupersededBy | undefined;
  /** Set while the log's clock is set back and the expiry of some keys has not been moved with it. */
  readonly clock_step?: ClockStep | undefined;
  /** The answers of this node to those that handed the leadership over to it, newest last. */
  readonly grants?: Grants | undefined;
}

/** A hand-over of the leadership to a node that holds everything up to `offset`. */
export interface HandingOver {
  /** A random ID for this one attempt. */
  readonly grant: string;
  readonly node_id: string;
  /** host:port. */
  readonly address: string;
  /** The offset at which the logs of both nodes end. */
  readonly offset: number;
}

export interface SupersededBy {
  readonly node_id: string;
  /** host:port; may be empty. */
  readonly address: string;
  readonly epoch: number;
}

/** A step of the log's clock back, which also moves the expiry of keys (clock-step.ts). */
export interface ClockStep {
  /** Keys whose last write has no later offset are moved. */
  readonly up_to: number;
  readonly by_ms: number;
}

export interface Grants {
  readonly taken: readonly string[];
  readonly refused: readonly string[];
}

export interface DirectoryOptions {
  readonly files: Files;
  readonly openDatabase: OpenDatabase;
  randomBytes(count: number): Buffer;
}

/** A data directory that is open for reading only. */
export interface Looked {
  readonly currentGeneration: string;
  /** The same as `Directory.hasFailedWrite`. */
  readonly hasFailedWrite: boolean;
  readonly cleanStop: CleanStop;
  close(): Promise<void>;
}

export class Directory {
  readonly path: string;
  readonly #files: Files;
  readonly #lock: Lock;
  #node: NodeRecord;
  /** Changes of node.json run one after another: each begins with the result of the one before. */
  #updating: Promise<unknown> = Promise.resolve();
  #current: number;

  private constructor(directory: string, files: Files, lock: Lock, node: NodeRecord, current: number) {
    this.path = directory;
    this.#files = files;
    this.#lock = lock;
    this.#node = node;
    this.#current = current;
  }

  /**
   * Opens or makes a data directory.
   * @throws HeadwaterError `directory_locked`, `foreign_directory`, `restore_unfinished`, `unknown_format` or
   * `corrupt`; the directory is unchanged then.
   */
  static async open(directory: string, options: DirectoryOptions): Promise<Directory> {
    const { files, openDatabase } = options;
    await refuseForeign(files, directory);
    await makeDirectory(files, directory);
    const lock = await takeLock(files, directory, openDatabase);
    try {
      // A restore may have begun, and been cut short, before the lock was taken.
      await refuseUnfinishedRestore(files, directory);
      await refuseIncomplete(files, directory);
      await replaceFile(files, directory, 'owner', `${process.pid}\n`);
      if ((await readText(files, directory, 'format')) === undefined)
        await replaceFile(files, directory, 'format', FORMAT_TEXT);
      const node = (await readNode(files, directory)) ?? (await writeNode(files, directory, newNode(options)));
      const current = (await readCurrent(files, directory)) ?? (await writeCurrent(files, directory, 1));
      return new Directory(directory, files, lock, node, current);
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  /**
   * Reads the data directory of a node that is not running, and writes nothing to it. The directory is locked meanwhile
   * unless it cannot be written to.
   * @param unlocked called with the reason if there is no lock.
   * @throws as `open`; `foreign_directory` if there is none.
   */
  static async look(directory: string, files: Files, unlocked: (why: string) => void = () => {}): Promise<Looked> {
    // A restore that was cut short is refused by its own name, below.
    const names = ['CURRENT', RESTORING].map((name) => files.read(path.join(directory, name)));
    if ((await Promise.all(names)).every((bytes) => bytes === undefined))
      throw new HeadwaterError('foreign_directory', `${directory} is no data directory: it has no file CURRENT`);
    await refuseForeign(files, directory);
    const lock = await lockForReading(path.join(directory, LOCK), unlocked).catch((error: unknown) =>
      explainLock(files, directory, error),
    );
    try {
      await refuseIncomplete(files, directory);
      const generation = generationName((await readCurrent(files, directory)) ?? 1);
      return {
        currentGeneration: path.join(directory, generation),
        hasFailedWrite: (await files.read(path.join(directory, WRITE_FAILED))) !== undefined,
        cleanStop: CleanStop.parse(directory, await readText(files, directory, CLEAN_STOP)),
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
    const { files, openDatabase } = options;
    await refuseUnlessRestorable(files, directory);
    await makeDirectory(files, directory);
    const lock = await takeLock(files, directory, openDatabase);
    try {
      // Before the lock was taken, another restore may have ended here, or a node begun.
      await refuseUnlessRestorable(files, directory);
      // This file comes first, since a directory without it is a node's.
      if (!(await isRestoring(files, directory))) await replaceFile(files, directory, RESTORING, RESTORING_TEXT);
      await clearAllBut(files, directory, ['lock', RESTORING]);
      await replaceFile(files, directory, 'owner', `${process.pid}\n`);
      await replaceFile(files, directory, 'format', FORMAT_TEXT);
      const node = await writeNode(files, directory, newNode(options));
      return new Directory(directory, files, lock, node, await writeCurrent(files, directory, 1));
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  /** Makes the directory a node's. The caller has closed its databases, durably. */
  async finishRestore(): Promise<void> {
    await this.#syncGeneration(this.currentGeneration);
    await this.#files.remove(path.join(this.path, RESTORING));
    await this.#files.syncDirectory(this.path);
  }

  /** Frees the space of a failed restore. No node begins here afterwards; only another restore can. */
  async abandonRestore(): Promise<void> {
    await clearAllBut(this.#files, this.path, ['lock', RESTORING]);
  }

  get node(): NodeRecord {
    return this.#node;
  }

  /**
   * Takes the role that a start option asks for, if the node may have it. A leadership taken by "promote" or by a
   * hand-over is newer than the options with which the node is started each time. A hand-over that is not done is newer
   * too.
   * @returns why the option does not count; undefined if it does. The change is durable then.
   */
  async takeRole({ role, upstream, overrules = false }: RoleWanted): Promise<string | undefined> {
    const { node } = this;
    if (role === node.role && upstream === node.upstream) return undefined;
    const stays = role === 'follower' && !overrules && (node.handing_over || (node.promoted && !node.superseded_by));
    if (stays) return this.whyNotFollowing(upstream);
    await this.update({ role, upstream, handing_over: undefined, superseded_by: undefined, promoted: undefined });
    return undefined;
  }

  /** Says why this node leads though it was started to follow, and what to do. */
  whyNotFollowing(upstream: string): string {
    const { handing_over } = this.node;
    if (handing_over)
      return `this node is handing over to ${handing_over.address}, and asks that node first. To cancel the hand-over, send "follow ${upstream}" to the running node`;
    return `this node was promoted and leads. To make it follow, send "follow ${upstream}" to the running node, or add --accept-data-loss at the start`;
  }

  /**
   * Changes node.json, durably when the promise resolves.
   * @param change the fields to change, or a function that derives them from the record before.
   */
  async update(change: Partial<NodeRecord> | ((node: NodeRecord) => Partial<NodeRecord>)): Promise<void> {
    const updated = this.#updating.then(async () => {
      const changed = typeof change === 'function' ? change(this.#node) : change;
      this.#node = await this.#withRoom('node.json', writeNode(this.#files, this.path, { ...this.#node, ...changed }));
    });
    this.#updating = updated.catch(() => {});
    await updated;
  }

  /** Reads a file of the node's own beside node.json, as text; undefined if there is none. */
  read(name: 'followers.json' | 'life.json'): Promise<string | undefined> {
    return readText(this.#files, this.path, name);
  }

  /** Replaces such a file, durably when the promise resolves. */
  replace(name: 'followers.json' | 'life.json', text: string): Promise<void> {
    return this.#withRoom(name, replaceFile(this.#files, this.path, name, text));
  }

  /** Reads the note of the last stop, which is empty if the stop was not clean or the generation was opened since. */
  async cleanStop(): Promise<CleanStop> {
    return CleanStop.parse(this.path, await readText(this.#files, this.path, CLEAN_STOP));
  }

  /**
   * Notes a clean stop, durably. The databases of the generation in use are closed, and everything in them is durable.
   */
  async noteCleanStop(): Promise<void> {
    const text = await CleanStop.of(this.#files, this.path, this.currentGeneration);
    if (text !== undefined) await this.#withRoom(CLEAN_STOP, replaceFile(this.#files, this.path, CLEAN_STOP, text));
  }

  /** Removes the note, durably, before anything is written. */
  async forgetCleanStop(): Promise<void> {
    if ((await this.#files.read(path.join(this.path, CLEAN_STOP))) === undefined) return;
    await this.#files.remove(path.join(this.path, CLEAN_STOP));
    await this.#files.syncDirectory(this.path);
  }

  /**
   * Whether a write failed (`noteWriteFailed`) after the generation in use was last opened, in this life or in an
   * earlier one.
   */
  async hasFailedWrite(): Promise<boolean> {
    return (await this.#files.read(path.join(this.path, WRITE_FAILED))) !== undefined;
  }

  /** Makes an empty file: a full disk often still has room for that. */
  async noteWriteFailed(): Promise<void> {
    await (await this.#files.create(path.join(this.path, WRITE_FAILED))).close();
    await this.#files.syncDirectory(this.path);
  }

  async forgetWriteFailed(): Promise<void> {
    await this.#files.remove(path.join(this.path, WRITE_FAILED));
    await this.#files.syncDirectory(this.path);
  }

  /** @throws HeadwaterError `disk_full`: the file is unchanged then. */
  async #withRoom<T>(name: string, writing: Promise<T>): Promise<T> {
    try {
      return await writing;
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      throw new HeadwaterError(
        'disk_full',
        `the disk is full: ${path.join(this.path, name)} cannot be written: ${systemReason(error)}`,
        { cause: error },
      );
    }
  }

  get currentGeneration(): string {
    return this.#generation(this.#current);
  }

  /**
   * Whether the generation in use has ever been open in a role, or comes from a resync or a restore. The databases were
   * on disk before that was noted.
   */
  get wasUsed(): boolean {
    return this.#node.cluster_id !== '' || this.#current > 1;
  }

  /** Makes an empty directory for the generation that may follow the current one. */
  async newGeneration(): Promise<string> {
    const next = this.#generation(this.#current + 1);
    await this.#files.remove(next);
    await this.#files.makeDirectory(next);
    return next;
  }

  /** Makes the new generation the current one, durably. The caller has closed its databases, durably. */
  async switchToNew(): Promise<void> {
    const next = this.#generation(this.#current + 1);
    await this.#syncGeneration(next);
    try {
      await writeCurrent(this.#files, this.path, this.#current + 1);
    } finally {
      // The content of the file counts, wherever the write failed.
      this.#current = (await readCurrent(this.#files, this.path)) ?? this.#current;
    }
  }

  /** Deletes every generation but the current one: leftovers of a resync that was cut, or the one before a switch. */
  async removeOtherGenerations(): Promise<void> {
    await this.removeAside();
    for (const name of await this.#files.list(this.path)) {
      if (GENERATION.test(name) && name !== path.basename(this.currentGeneration)) {
        await this.#files.remove(path.join(this.path, name));
      }
    }
  }

  /**
   * Makes an empty directory for databases that replace a generation for a while, or are compared with it.
   * `removeOtherGenerations` deletes it too.
   */
  async aside(): Promise<string> {
    await this.removeAside();
    const directory = path.join(this.path, STAND_IN);
    await this.#files.makeDirectory(directory);
    return directory;
  }

  removeAside(): Promise<void> {
    return this.#files.remove(path.join(this.path, STAND_IN));
  }

  /**
   * Returns a directory beside the generations, and makes it, durably, if it is missing: a file in it lasts no longer
   * than its name.
   */
  async beside(name: 'damaged' | 'lost-writes'): Promise<string> {
    const directory = path.join(this.path, name);
    await this.#files.makeDirectory(directory);
    await this.#files.syncDirectory(this.path);
    return directory;
  }

  /** The directory that `beside('lost-writes')` makes; it may be absent. */
  get lostWrites(): string {
    return path.join(this.path, 'lost-writes');
  }

  async close(): Promise<void> {
    await this.#lock.close();
  }

  /** Syncs the names in a generation, down to those of the databases' files. */
  async #syncGeneration(generation: string): Promise<void> {
    for (const name of await this.#files.list(generation)) await this.#files.syncDirectory(path.join(generation, name));
    await this.#files.syncDirectory(generation);
    await this.#files.syncDirectory(this.path);
  }

  #generation(number: number): string {
    return path.join(this.path, generationName(number));
  }
}

const STAND_IN = 'stand-in.new';
const GENERATION = /^gen-(\d{6})$/;

function generationName(number: number): string {
  return `gen-${String(number).padStart(6, '0')}`;
}

async function makeDirectory(files: Files, directory: string): Promise<void> {
  try {
    await files.makeDirectory(directory);
  } catch (error) {
    throw new HeadwaterError('foreign_directory', `${directory} cannot be made: ${systemReason(error)}`, {
      cause: error,
    });
  }
}

async function refuseForeign(files: Files, directory: string): Promise<void> {
  let names: string[];
  try {
    names = await files.list(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new HeadwaterError('foreign_directory', `${directory} cannot be read: ${systemReason(error)}`, {
      cause: error,
    });
  }
  await refuseUnfinishedRestore(files, directory);
  if (names.includes('format')) {
    const text = await readText(files, directory, 'format');
    const format = FORMAT_PATTERN.exec(text ?? '')?.[1];
    if (format === '1') return;
    if (format)
      throw new HeadwaterError(
        'unknown_format',
        `${directory} has directory format ${format}; this version knows format 1`,
      );
    throw new HeadwaterError(
      'foreign_directory',
      `${directory}/format is not Headwater's: expected ${JSON.stringify(FORMAT_TEXT)}, received another text`,
    );
  }
  const foreign = names.find((name) => !OWN_NAMES.test(name));
  if (foreign !== undefined) {
    throw new HeadwaterError(
      'foreign_directory',
      `${directory} is not empty and not Headwater's (it holds ${JSON.stringify(foreign)}). Nothing was changed. Use an empty directory`,
    );
  }
}

async function isRestoring(files: Files, directory: string): Promise<boolean> {
  return (await readText(files, directory, RESTORING)) === RESTORING_TEXT;
}

async function refuseUnfinishedRestore(files: Files, directory: string): Promise<void> {
  if (!(await isRestoring(files, directory))) return;
  throw new HeadwaterError(
    'restore_unfinished',
    `${directory} holds an unfinished restore. Run "headwater restore FILE --data ${directory}" again`,
  );
}

async function refuseUnlessRestorable(files: Files, directory: string): Promise<void> {
  const names = await files.list(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new HeadwaterError('foreign_directory', `${directory} cannot be read: ${systemReason(error)}`, {
      cause: error,
    });
  });
  if (await isRestoring(files, directory)) return;
  // A restore that was killed as it began, or that failed, leaves these at the most.
  const found = names.find((name) => name !== `${RESTORING}.new` && name !== 'lock');
  if (found === undefined) return;
  throw new HeadwaterError(
    'foreign_directory',
    `${directory} is not empty (it holds ${JSON.stringify(found)}). Nothing was changed. Restore into an empty or a new directory`,
  );
}

async function clearAllBut(files: Files, directory: string, kept: readonly string[]): Promise<void> {
  for (const name of await files.list(directory))
    if (!kept.includes(name)) await files.remove(path.join(directory, name));
}

async function takeLock(files: Files, directory: string, openDatabase: OpenDatabase): Promise<Lock> {
  return await lockForWriting(path.join(directory, LOCK), openDatabase).catch((error: unknown) =>
    explainLock(files, directory, error),
  );
}

async function explainLock(files: Files, directory: string, error: unknown): Promise<never> {
  if (!HeadwaterError.is(error, 'directory_locked')) throw error;
  const owner = await readText(files, directory, 'owner').catch(() => undefined);
  const who = owner?.trim() ? `process ${owner.trim()}` : 'another process';
  throw new HeadwaterError(
    'directory_locked',
    `${directory} is in use by ${who}. Give each node its own data directory`,
    {
      cause: error,
    },
  );
}

function newNode({ randomBytes }: DirectoryOptions): NodeRecord {
  return { node_id: randomBytes(16).toString('hex'), cluster_id: '', role: 'leader', upstream: '' };
}

async function readNode(files: Files, directory: string): Promise<NodeRecord | undefined> {
  const text = await readText(files, directory, 'node.json');
  if (text === undefined) return undefined;
  try {
    const node: unknown = JSON.parse(text);
    if (isNodeRecord(node)) return node;
  } catch {
    // Falls through to the one refusal.
  }
  throw new HeadwaterError(
    'corrupt',
    `${directory}/node.json is damaged: expected the fields of a node, received ${JSON.stringify(text.slice(0, 80))}`,
  );
}

function isNodeRecord(value: unknown): value is NodeRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { node_id, cluster_id, role, upstream } = value as Partial<Record<keyof NodeRecord, unknown>>;
  const isNamed = typeof node_id === 'string' && /^[0-9a-f]{32}$/.test(node_id);
  const isPlaced = typeof cluster_id === 'string' && typeof upstream === 'string';
  return isNamed && isPlaced && (role === 'leader' || role === 'follower');
}

async function writeNode(files: Files, directory: string, node: NodeRecord): Promise<NodeRecord> {
  await replaceFile(files, directory, 'node.json', `${JSON.stringify(node, undefined, 2)}\n`);
  return node;
}

async function readCurrent(files: Files, directory: string): Promise<number | undefined> {
  const text = await readText(files, directory, 'CURRENT');
  if (text === undefined) return undefined;
  const number = /^gen-(\d{6})\n$/.exec(text)?.[1];
  if (number) return Number(number);
  throw new HeadwaterError(
    'corrupt',
    `${directory}/CURRENT is damaged: expected the name of a generation, received ${JSON.stringify(text.slice(0, 80))}`,
  );
}

async function writeCurrent(files: Files, directory: string, number: number): Promise<number> {
  await replaceFile(files, directory, 'CURRENT', `${generationName(number)}\n`);
  return number;
}

/**
 * Refuses a directory in which a file is missing that cannot be a leftover of a first start. A first start makes the
 * files in a fixed order, the first generation last, so it may leave some of them if it is cut. Any other missing file
 * must not be made again, because data would be taken for leftovers.
 */
async function refuseIncomplete(files: Files, directory: string): Promise<void> {
  const [node, current] = [await readNode(files, directory), await readCurrent(files, directory)];
  const generations = (await files.list(directory)).filter((name) => GENERATION.test(name));
  const missing = (what: string) =>
    new HeadwaterError(
      'corrupt',
      `${directory}/${what} is missing, but ${[...generations, 'CURRENT'][0]} exists. Nothing was changed. Put the file back, or restore a backup`,
    );
  if (!node && (current !== undefined || generations.length > 0)) throw missing('node.json');
  if (current === undefined && generations.length > 0) throw missing('CURRENT');
  // The cluster ID is noted once the databases of the first generation are on disk.
  const fresh = current === undefined || (current === 1 && generations.length === 0 && node?.cluster_id === '');
  if (!fresh && !generations.includes(generationName(current))) throw missing(generationName(current));
}

async function readText(files: Files, directory: string, name: string): Promise<string | undefined> {
  return (await files.read(path.join(directory, name)))?.toString();
}
