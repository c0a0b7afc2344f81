/**
 * A node's data directory, apart from what is inside a generation:
 *
 *   format           "headwater data directory, format 1"
 *   lock/            an empty LevelDB, held open for its operating-system lock
 *   owner            the process that holds the lock, for messages
 *   node.json        identity, role and upstream (NodeRecord)
 *   followers.json   who has followed this node (known-followers.ts)
 *   life.json        how its last life as a leader ended (life.ts)
 *   CURRENT          the name of the generation in use
 *   gen-000001/      a generation: log/ and keyspace/
 *   damaged/         blocks that a recovery took out of the log
 *   lost-writes/     blocks that a resync had no place for
 *
 * The lock is taken before anything is read, and nothing is written into a
 * directory that is not ours. Files are replaced whole: written aside, synced,
 * renamed, and the directory synced.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { HeadwaterError } from '../errors.js';
import { type Database, type OpenDatabase, syncDirectory } from '../level.js';

const FORMAT_TEXT = 'headwater data directory, format 1\n';
const FORMAT_PATTERN = /^headwater data directory, format (\d+)\n$/;
const OWN_NAMES =
  /^(format|lock|node\.json|CURRENT|owner|followers\.json|life\.json|damaged|lost-writes|gen-\d{6}|.*\.new)$/;

export type Role = 'leader' | 'follower';

export interface NodeRecord {
  readonly node_id: string;
  /** Empty until the node first leads or follows. */
  readonly cluster_id: string;
  readonly role: Role;
  /** host:port; empty on a leader. */
  readonly upstream: string;
  /** Set on a former leader from when it stepped down until it knows that its upstream leads. */
  readonly handing_over?: HandingOver | undefined;
  /** Set on a leader that takes no writes, because another one leads its history on. */
  readonly superseded_by?: SupersededBy | undefined;
  /** How this node has answered those that handed the leadership over to it, newest last. */
  readonly grants?: Grants | undefined;
}

/** The leadership is handed over to a node that holds everything up to `offset`. */
export interface HandingOver {
  /** Drawn for this one attempt. */
  readonly grant: string;
  readonly node_id: string;
  /** host:port. */
  readonly address: string;
  /** Where the log of both ends. */
  readonly offset: number;
}

export interface SupersededBy {
  readonly node_id: string;
  /** host:port; may be empty. */
  readonly address: string;
  readonly epoch: number;
}

export interface Grants {
  readonly taken: readonly string[];
  readonly refused: readonly string[];
}

export class Directory {
  readonly path: string;
  readonly #lock: Database;
  #node: NodeRecord;
  #current: number;

  private constructor(directory: string, lock: Database, node: NodeRecord, current: number) {
    this.path = directory;
    this.#lock = lock;
    this.#node = node;
    this.#current = current;
  }

  /**
   * Opens or makes a data directory.
   * @throws HeadwaterError `directory_locked`, `foreign_directory`,
   *   `unknown_format` or `corrupt`; the directory is as it was then.
   */
  static async open(directory: string, openDatabase: OpenDatabase): Promise<Directory> {
    await refuseForeign(directory);
    await makeDirectory(directory);
    const lock = await takeLock(directory, openDatabase);
    try {
      await refuseIncomplete(directory);
      await replaceFile(directory, 'owner', `${process.pid}\n`);
      if ((await readIfThere(path.join(directory, 'format'))) === undefined)
        await replaceFile(directory, 'format', FORMAT_TEXT);
      const node = (await readNode(directory)) ?? (await writeNode(directory, newNode()));
      const current = (await readCurrent(directory)) ?? (await writeCurrent(directory, 1));
      return new Directory(directory, lock, node, current);
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  get node(): NodeRecord {
    return this.#node;
  }

  /** Durable when it resolves. */
  async update(change: Partial<NodeRecord>): Promise<void> {
    this.#node = await writeNode(this.path, { ...this.#node, ...change });
  }

  /** A file of the node's own beside node.json, as text; undefined where there is none. */
  read(name: 'followers.json' | 'life.json'): Promise<string | undefined> {
    return readIfThere(path.join(this.path, name));
  }

  /** Durable when it resolves. */
  replace(name: 'followers.json' | 'life.json', text: string): Promise<void> {
    return replaceFile(this.path, name, text);
  }

  get currentGeneration(): string {
    return this.#generation(this.#current);
  }

  /** An empty directory for the generation that may follow the current one. */
  async newGeneration(): Promise<string> {
    const next = this.#generation(this.#current + 1);
    await rm(next, { recursive: true, force: true });
    await mkdir(next, { recursive: true, mode: 0o700 });
    return next;
  }

  /** Makes the new generation the current one, for good. Its databases are closed and durable. */
  async switchToNew(): Promise<void> {
    const next = this.#generation(this.#current + 1);
    for (const name of await readdir(next)) await syncDirectory(path.join(next, name));
    await syncDirectory(next);
    await syncDirectory(this.path);
    try {
      await writeCurrent(this.path, this.#current + 1);
    } finally {
      // What stands there counts, wherever it failed.
      this.#current = (await readCurrent(this.path)) ?? this.#current;
    }
  }

  /** Deletes every generation but the current one: leftovers of a resync that was cut, or the one before a switch. */
  async removeOtherGenerations(): Promise<void> {
    for (const name of await readdir(this.path)) {
      if (GENERATION.test(name) && name !== path.basename(this.currentGeneration)) {
        await rm(path.join(this.path, name), { recursive: true, force: true });
      }
    }
  }

  /** A directory beside the generations, made where it is missing and durable: a file in it lasts no longer than its name. */
  async beside(name: 'damaged' | 'lost-writes'): Promise<string> {
    const directory = path.join(this.path, name);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await syncDirectory(this.path);
    return directory;
  }

  /** Where `beside('lost-writes')` makes it; it need not be there. */
  get lostWrites(): string {
    return path.join(this.path, 'lost-writes');
  }

  async close(): Promise<void> {
    await this.#lock.close();
  }

  #generation(number: number): string {
    return path.join(this.path, generationName(number));
  }
}

const GENERATION = /^gen-(\d{6})$/;

function generationName(number: number): string {
  return `gen-${String(number).padStart(6, '0')}`;
}

/** Node's recursive mkdir never ends where a file system makes no directories at all, as /proc. */
async function makeDirectory(directory: string): Promise<void> {
  const parent = path.dirname(path.resolve(directory));
  try {
    if (!existsSync(parent)) await makeDirectory(parent);
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    if (HeadwaterError.is(error)) throw error;
    throw new HeadwaterError('foreign_directory', `${directory} cannot be made: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function refuseForeign(directory: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new HeadwaterError('foreign_directory', `${directory} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (names.includes('format')) {
    const text = await readFile(path.join(directory, 'format'), 'utf8');
    const format = FORMAT_PATTERN.exec(text)?.[1];
    if (format === '1') return;
    if (format)
      throw new HeadwaterError(
        'unknown_format',
        `${directory} has directory format ${format}; this version knows format 1`,
      );
    throw new HeadwaterError(
      'foreign_directory',
      `${directory}/format is not Headwater's: expected ${JSON.stringify(FORMAT_TEXT)}`,
    );
  }
  const foreign = names.find((name) => !OWN_NAMES.test(name));
  if (foreign !== undefined) {
    throw new HeadwaterError(
      'foreign_directory',
      `${directory} is not empty and not Headwater's (it holds ${JSON.stringify(foreign)}); nothing in it was touched`,
    );
  }
}

async function takeLock(directory: string, openDatabase: OpenDatabase): Promise<Database> {
  try {
    return await openDatabase(path.join(directory, 'lock'), {
      writeBufferBytes: 64 * 1024,
      fileBytes: 1024 * 1024,
      cacheBytes: 0,
      compression: false,
    });
  } catch (error) {
    if (!HeadwaterError.is(error, 'directory_locked')) throw error;
    const owner = await readFile(path.join(directory, 'owner'), 'utf8').catch(() => '');
    const who = owner.trim() ? `process ${owner.trim()}` : 'another process';
    throw new HeadwaterError('directory_locked', `${directory} is in use by ${who}; one node, one data directory`, {
      cause: error,
    });
  }
}

function newNode(): NodeRecord {
  return { node_id: randomBytes(16).toString('hex'), cluster_id: '', role: 'leader', upstream: '' };
}

async function readNode(directory: string): Promise<NodeRecord | undefined> {
  const text = await readIfThere(path.join(directory, 'node.json'));
  if (text === undefined) return undefined;
  try {
    const node = JSON.parse(text) as NodeRecord;
    if (/^[0-9a-f]{32}$/.test(node.node_id) && (node.role === 'leader' || node.role === 'follower')) return node;
  } catch {
    // Falls through to the one refusal.
  }
  throw new HeadwaterError(
    'corrupt',
    `${directory}/node.json is damaged; received ${JSON.stringify(text.slice(0, 80))}`,
  );
}

async function writeNode(directory: string, node: NodeRecord): Promise<NodeRecord> {
  await replaceFile(directory, 'node.json', `${JSON.stringify(node, undefined, 2)}\n`);
  return node;
}

async function readCurrent(directory: string): Promise<number | undefined> {
  const text = await readIfThere(path.join(directory, 'CURRENT'));
  if (text === undefined) return undefined;
  const number = /^gen-(\d{6})\n$/.exec(text)?.[1];
  if (number) return Number(number);
  throw new HeadwaterError(
    'corrupt',
    `${directory}/CURRENT is damaged: expected the name of a generation, received ${JSON.stringify(text.slice(0, 80))}`,
  );
}

async function writeCurrent(directory: string, number: number): Promise<number> {
  await replaceFile(directory, 'CURRENT', `${generationName(number)}\n`);
  return number;
}

/**
 * What a first start leaves when it is cut is no damage: the files are made in
 * a fixed order, the first generation last. Anything else that is missing must
 * not be made anew, because data would be taken for leftovers.
 */
async function refuseIncomplete(directory: string): Promise<void> {
  const [node, current] = [await readNode(directory), await readCurrent(directory)];
  const generations = (await readdir(directory)).filter((name) => GENERATION.test(name));
  const missing = (what: string) =>
    new HeadwaterError(
      'corrupt',
      `${directory}/${what} is missing, though there is ${[...generations, 'CURRENT'][0]}; nothing was touched`,
    );
  if (!node && (current !== undefined || generations.length > 0)) throw missing('node.json');
  if (current === undefined && generations.length > 0) throw missing('CURRENT');
  const fresh = current === undefined || (current === 1 && generations.length === 0);
  if (!fresh && !generations.includes(generationName(current))) throw missing(generationName(current));
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all, and durable. */
async function replaceFile(directory: string, name: string, text: string): Promise<void> {
  const file = path.join(directory, name);
  const aside = `${file}.new`;
  const handle = await open(aside, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
  await syncDirectory(directory);
}
