/**
 * The keyspace rebuilt from the log alone, or from a backup and the log behind it, and compared with the one on disk. A
 * missing record, or an older one in its place, matches every checksum: only this comparison shows it.
 */
import { lstat, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readBackup } from '../backup/reader.js';
import { HeadwaterError } from '../base/errors.js';
import { OFFLINE_LAYER_BYTES_MAX } from '../base/limits.js';
import { systemFiles } from '../disk/files.js';
import { type Database, type DatabaseOptions, type OpenDatabase, openLevel } from '../disk/level.js';
import { unpackEntries } from '../keyspace/entry-packer.js';
import { Keyspace } from '../keyspace/keyspace.js';
import { KeyspaceLoader } from '../keyspace/loader.js';
import { Log } from '../log/log.js';
import { blockKey } from '../log/rows.js';
import { blockAt, storedBlocks } from '../log/stored-blocks.js';
import { formatPosition, type Position } from '../model/position.js';
import { Directory } from '../store/directory.js';
import { KEYSPACE_DATABASE, LOG_DATABASE } from '../store/generation.js';
import { openForReading, type ReaderOptions } from './database-reader.js';

/** The name of an empty file that marks the directory as made by a rebuild. */
const MARK = 'headwater-rebuild';

/** The content of a keyspace. */
export interface Content {
  readonly keys: number;
  /** SHA-256 over all records, as `digest` computes it. */
  readonly digest: Buffer;
}

/** The result of a rebuild: the keyspace on disk, and the one that was rebuilt. */
export interface Rebuilt {
  /** The position of both keyspaces. */
  readonly position: Position;
  /** The position of the backup; undefined without one. */
  readonly from: Position | undefined;
  readonly onDisk: Content;
  readonly rebuilt: Content;
}

/** The options of `rebuildDirectory`. */
export interface RebuildOptions extends ReaderOptions {
  /** The bytes of a backup file to begin with. Without it, the log has to begin at offset 1. */
  readonly backup?: AsyncIterable<Buffer>;
  /** Called with the bytes of blocks and records since the last call. */
  read?(bytes: number): void;
  /** Opens the scratch database; tests pass in their own. */
  readonly openScratch?: OpenDatabase;
}

/**
 * Rebuilds the keyspace of a stopped node whose check has found no damage. The scratch directory takes as much room as
 * the keyspace, beside the data directory, while the rebuild runs. Nothing in the data directory is changed.
 * @throws HeadwaterError `invalid_argument` if the log does not reach back to the beginning or to the backup, if the
 *   backup is of another past, or if the node was killed while it wrote a checkpoint; `foreign_directory` if foreign
 *   files stand at the place of the scratch directory; the error of a bad backup; the errors of `verifyDirectory`.
 */
export async function rebuildDirectory(directory: string, options: RebuildOptions = {}): Promise<Rebuilt> {
  const { openDatabase = openForReading, openScratch = openLevel, read = () => {}, backup } = options;
  const opened = await Directory.look(directory, systemFiles, options.unlocked);
  const databases: Database[] = [];
  const open = async (name: 'log' | 'keyspace', how: DatabaseOptions) => {
    const { currentGeneration, hasFailedWrite: afterFailedWrite, cleanStop } = opened;
    const location = path.join(currentGeneration, name);
    const logFileEnds = cleanStop.endsIn(location);
    const db = await openDatabase(location, { ...how, mustExist: true, afterFailedWrite, logFileEnds });
    databases.push(db);
    return db;
  };
  let aside: string | undefined;
  try {
    const log = await open('log', LOG_DATABASE);
    const keyspace = await Keyspace.open(await open('keyspace', KEYSPACE_DATABASE));
    const { position } = keyspace.checkpoint;
    const { base } = await Log.open(log);
    if (base.offset > 0 && !backup)
      throw new HeadwaterError(
        'invalid_argument',
        `the log begins at offset ${base.offset + 1}: the keyspace cannot be rebuilt without the commands before. Give a backup that holds them (--backup FILE)`,
      );
    if (keyspace.flushingTo > 0)
      throw new HeadwaterError(
        'invalid_argument',
        'the keyspace cannot be compared: the node was killed while it wrote a checkpoint, and its keyspace holds data of two offsets. Start the node, stop it, and run verify again',
      );
    aside = await makeAside(directory);
    const scratch = await openScratch(path.join(aside, 'keyspace'), KEYSPACE_DATABASE);
    databases.push(scratch);
    const check = (from: Position) => checkStart(log, { from, base, position });
    const from = backup && (await loadBackup(scratch, backup, check, read));
    const rebuilt = await rebuild(log, scratch, position, read);
    return { position, from, onDisk: await contentOf(keyspace), rebuilt };
  } finally {
    await Promise.all(databases.map((db) => db.close()));
    if (aside !== undefined) await rm(aside, { recursive: true, force: true });
    await opened.close();
  }
}

/**
 * Makes the scratch directory beside the data directory, or elsewhere if nothing can be made there.
 * @throws HeadwaterError `foreign_directory` if foreign files stand there.
 */
async function makeAside(directory: string): Promise<string> {
  const aside = `${path.resolve(directory)}.rebuild`;
  await refuseForeign(aside);
  try {
    // The directory is left over if an earlier process was killed.
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside, { mode: 0o700 });
    // The mark comes first: a directory without it is deleted only while it is empty.
    await writeFile(path.join(aside, MARK), '');
    return aside;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EROFS') throw error;
    return await mkdtemp(path.join(tmpdir(), 'headwater-rebuild-'));
  }
}

/** Refuses to delete foreign files. The name is an ordinary one, and a person may have put a copy of the data there. */
async function refuseForeign(aside: string): Promise<void> {
  const found = await lstat(aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!found) return;
  const names = found.isDirectory() ? await readdir(aside) : undefined;
  if (names?.length === 0 || names?.includes(MARK)) return;
  const what = names ? `a directory that holds ${JSON.stringify(names[0])}` : 'no directory';
  throw new HeadwaterError(
    'foreign_directory',
    `${aside} is in the way: expected nothing, or the files of an earlier check, found ${what}. Nothing was changed. Move it away`,
  );
}

/** @param check checks the backup's position before anything is loaded. */
async function loadBackup(
  scratch: Database,
  backup: AsyncIterable<Buffer>,
  check: (from: Position) => Promise<void>,
  read: (bytes: number) => void,
): Promise<Position> {
  const loader = new KeyspaceLoader(scratch);
  let from: Position | undefined;
  for await (const part of readBackup(backup)) {
    if (part.kind === 'head') {
      from = part.head.position;
      await check(from);
    } else if (part.kind === 'entries') {
      for (const { keys, records } of unpackEntries(part.raw)) await loader.add(keys, records);
      read(part.raw.length);
    } else if (from) {
      await loader.finish(part.end, from, []);
      return from;
    }
  }
  throw new HeadwaterError('corrupt', 'the backup is cut off: its end is missing');
}

/** Checks that the log leads from the backup to the keyspace. */
async function checkStart(
  log: Database,
  { from, base, position }: { from: Position; base: Position; position: Position },
): Promise<void> {
  const unfit = (why: string) =>
    new HeadwaterError('invalid_argument', `the backup ends at ${formatPosition(from)}; ${why}`);
  if (from.offset < base.offset)
    throw unfit(`the log begins at offset ${base.offset + 1}: the commands between are missing. Take a later backup`);
  if (from.offset > position.offset)
    throw unfit(`the keyspace on disk is at offset ${position.offset}. Take an earlier backup`);
  const bytes = from.offset === base.offset ? undefined : await log.get(blockKey(from.offset));
  const here = bytes ? blockAt(from.offset, bytes).position : base;
  if (here.offset === from.offset && here.checksum === from.checksum) return;
  throw unfit(`this log is at ${formatPosition(here)} there: the two histories differ. Take a backup of this history`);
}

async function rebuild(
  log: Database,
  scratch: Database,
  through: Position,
  read: (bytes: number) => void,
): Promise<Content> {
  const keyspace = await Keyspace.open(scratch);
  for await (const chunk of storedBlocks(log, keyspace.checkpoint.position.offset, through.offset)) {
    let bytes = 0;
    for (const { lastOffset, bytes: block } of chunk) {
      keyspace.apply(blockAt(lastOffset, block));
      bytes += block.length;
    }
    if (keyspace.overlay.active.bytes >= OFFLINE_LAYER_BYTES_MAX) await writeOut(keyspace);
    read(bytes);
  }
  await writeOut(keyspace);
  return contentOf(keyspace);
}

async function writeOut(keyspace: Keyspace): Promise<void> {
  if (keyspace.freeze()) await keyspace.flush([]);
}

async function contentOf(keyspace: Keyspace): Promise<Content> {
  const snapshot = keyspace.snapshot();
  try {
    return await snapshot.digest();
  } finally {
    await snapshot.release();
  }
}
