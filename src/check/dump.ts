/**
 * Reads blocks that no store has open: a file of lost-writes/, of damaged/ or of an archive, or a stopped node's log.
 * Nothing is repaired. A damaged block is reported in its place.
 */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { isArchiveFile, readStretch } from '../backup/archive-file.js';
import { openPlace } from '../backup/stored-backups.js';
import { HeadwaterError } from '../base/errors.js';
import { systemFiles } from '../disk/files.js';
import { damagedLogFiles } from '../disk/leveldb/check.js';
import { Block } from '../log/block.js';
import { readBlockFile } from '../log/block-file.js';
import { storedBlocks } from '../log/stored-blocks.js';
import { wideEncoding } from '../log/wide-text.js';
import type { Command } from '../model/command.js';
import { ORIGIN } from '../model/position.js';
import { Directory } from '../store/directory.js';
import { LOG_DATABASE } from '../store/generation.js';
import { openForReading, type ReaderOptions } from './database-reader.js';

/** A block in the form for people and programs. */
export interface DumpedBlock {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** 40 hexadecimal characters. */
  readonly replicationId: string;
  readonly timeMs: number;
  /** The commands in order; the first has `firstOffset`. */
  readonly commands: readonly Command[];
}

/** Bytes at the place of a block that are not one. */
export interface DamagedBlock {
  readonly damage: string;
}

/** A block, or the damage at its place. */
export type Dumped = DumpedBlock | DamagedBlock;

/**
 * @param keyFile the file of the key that opens a sealed file of an archive.
 * @throws HeadwaterError `corrupt` if the file ends inside a block, or a file of an archive is damaged;
 *   `invalid_argument` if it is text.
 */
export async function* dumpFile(file: string, keyFile?: string): AsyncGenerator<Dumped> {
  const encoding = wideEncoding(await firstBytes(file));
  if (encoding !== undefined)
    throw new HeadwaterError('invalid_argument', `${file}: expected a file of blocks, received text in ${encoding}`);
  const chain = new Chain();
  const how = { keyFile, acceptUnencrypted: true };
  const stretch =
    (await isArchiveFile(file)) && readStretch(await openPlace(path.dirname(file), how), path.basename(file));
  if (stretch) for await (const { bytes } of stretch) yield chain.dumped(bytes);
  else for await (const bytes of readBlockFile(file)) yield chain.dumped(bytes);
}

/** The first bytes of the file, as many as `wideEncoding` needs. */
async function firstBytes(file: string): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/**
 * Reads the log of a node that is not running. Nothing in the directory is changed.
 * @throws HeadwaterError `directory_locked`, `foreign_directory`, `unknown_format`, or `corrupt` if a start would drop
 *   a part of the log.
 */
export async function* dumpDirectory(
  directory: string,
  { openDatabase = openForReading, unlocked }: ReaderOptions = {},
): AsyncGenerator<Dumped> {
  const opened = await Directory.look(directory, systemFiles, unlocked);
  try {
    const location = path.join(opened.currentGeneration, 'log');
    const { hasFailedWrite: afterFailedWrite, cleanStop } = opened;
    // A failed write leaves a record in pieces. No write behind it was answered.
    if (!afterFailedWrite) await refuseDamaged(location);
    const how = { mustExist: true, afterFailedWrite, logFileEnds: cleanStop.endsIn(location) };
    const db = await openDatabase(location, { ...LOG_DATABASE, ...how });
    try {
      const chain = new Chain();
      for await (const chunk of storedBlocks(db, 0)) for (const { bytes } of chunk) yield chain.dumped(bytes);
    } finally {
      await db.close();
    }
  } finally {
    await opened.close();
  }
}

/**
 * Refuses a damaged log. LevelDB drops damaged records when it opens, and the node would no longer know that its log
 * has lost something.
 */
async function refuseDamaged(location: string): Promise<void> {
  const [damage] = await damagedLogFiles(systemFiles, location);
  if (!damage) return;
  const { file, byte, why } = damage;
  throw new HeadwaterError(
    'corrupt',
    `${file}, byte ${byte}: ${why}; opening the log would drop the damaged commands. List all damage with "verify --data". Then start the node, which asks its followers for the missing commands, and dump its log again`,
  );
}

/**
 * Blocks one after another. A block that continues from a whole block has to chain from it. The first block, a block
 * behind a gap, and a block behind a damaged one have no predecessor to prove them. They are accepted as they are.
 */
class Chain {
  #before: { readonly offset: number; readonly checksum: number } | undefined = ORIGIN;

  dumped(bytes: Buffer): Dumped {
    const before = this.#before;
    this.#before = undefined;
    try {
      const block = new Block(bytes);
      const { firstOffset, lastOffset, replicationId, timeMs } = block;
      if (before?.offset === firstOffset - 1) block.verifyAfter(before.offset, before.checksum);
      const commands = block.commands();
      this.#before = block.position;
      return { firstOffset, lastOffset, replicationId, timeMs, commands };
    } catch (error) {
      if (HeadwaterError.is(error)) return { damage: error.message };
      throw error;
    }
  }
}
