/**
 * The keyspace made anew from the log alone, and held against the one on disk:
 * a record that is missing, or an older one in its place, matches every checksum
 * and shows only so.
 */
import path from 'node:path';
import { HeadwaterError } from '../errors.js';
import { systemFiles } from '../files.js';
import { Keyspace } from '../keyspace/keyspace.js';
import { type Database, type OpenDatabase, openLevel } from '../level.js';
import { Log } from '../log/log.js';
import { blockAt, storedBlocks } from '../log/stored.js';
import type { Position } from '../position.js';
import { Directory } from '../store/directory.js';
import { KEYSPACE_DATABASE, LOG_DATABASE } from '../store/generation.js';

/** Memory of the layer that is written out then, bytes. */
const LAYER_BYTES_MAX = 32 * 1024 * 1024;

export interface Content {
  readonly keys: number;
  /** SHA-256 over all records, as `digest` tells it. */
  readonly digest: Buffer;
}

export interface Rebuilt {
  /** Where both stand. */
  readonly position: Position;
  readonly onDisk: Content;
  readonly rebuilt: Content;
}

export interface RebuildOptions {
  /** Told of the bytes of blocks since the last time. */
  read?(bytes: number): void;
  readonly openDatabase?: OpenDatabase;
}

/**
 * Of a node that is not running, and was found whole. Takes as much room beside
 * the keyspace as that takes itself, for as long as it runs.
 * @throws HeadwaterError `invalid_argument` where the log does not reach back to
 *   the beginning, or the node was not stopped in good order; as `verifyDirectory`.
 */
export async function rebuildDirectory(directory: string, options: RebuildOptions = {}): Promise<Rebuilt> {
  const { openDatabase = openLevel, read = () => {} } = options;
  const opened = await Directory.openExisting(directory, { files: systemFiles, openDatabase });
  const scratchPath = path.join(directory, 'rebuild.new');
  const databases: Database[] = [];
  const open = async (...[location, how]: Parameters<OpenDatabase>) => {
    const db = await openDatabase(location, how);
    databases.push(db);
    return db;
  };
  try {
    const log = await open(path.join(opened.currentGeneration, 'log'), LOG_DATABASE);
    const keyspace = await Keyspace.open(
      await open(path.join(opened.currentGeneration, 'keyspace'), KEYSPACE_DATABASE),
    );
    const { position } = keyspace.checkpoint;
    const { firstOffset } = await Log.open(log);
    if (firstOffset > 1)
      throw new HeadwaterError(
        'invalid_argument',
        `the log begins at offset ${firstOffset}: nothing tells what the keyspace was before, so it cannot be made anew`,
      );
    if (keyspace.flushingTo > 0)
      throw new HeadwaterError(
        'invalid_argument',
        'the node was killed while it wrote a checkpoint: start it once and stop it, so that its keyspace is of one moment',
      );
    await systemFiles.remove(scratchPath);
    await systemFiles.makeDirectory(scratchPath);
    const scratch = await open(path.join(scratchPath, 'keyspace'), KEYSPACE_DATABASE);
    const rebuilt = await rebuild(log, scratch, position, read);
    return { position, onDisk: await contentOf(keyspace), rebuilt };
  } finally {
    await Promise.all(databases.map((db) => db.close()));
    await systemFiles.remove(scratchPath);
    await opened.close();
  }
}

async function rebuild(
  log: Database,
  scratch: Database,
  through: Position,
  read: (bytes: number) => void,
): Promise<Content> {
  const keyspace = await Keyspace.open(scratch);
  for await (const chunk of storedBlocks(log, 0, through.offset)) {
    let bytes = 0;
    for (const { lastOffset, bytes: block } of chunk) {
      keyspace.apply(blockAt(lastOffset, block));
      bytes += block.length;
    }
    if (keyspace.active.bytes >= LAYER_BYTES_MAX) await writeOut(keyspace);
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
