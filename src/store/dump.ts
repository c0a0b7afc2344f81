/**
 * Reading blocks that no store has open: a file of lost-writes/ or damaged/,
 * or the log of a stopped node's data directory. Nothing is repaired, and what
 * cannot be read is told of in its place.
 */
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from '../command.js';
import { HeadwaterError } from '../errors.js';
import { systemFiles } from '../files.js';
import { type OpenDatabase, openLevel } from '../level.js';
import { Block } from '../log/block.js';
import { readBlockFile } from '../log/block-file.js';
import { storedBlocks } from '../log/stored.js';
import { Directory } from './directory.js';
import { LOG_DATABASE } from './generation.js';

/** A block as people and programs look at it. */
export interface DumpedBlock {
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** 40 hexadecimal characters. */
  readonly replicationId: string;
  readonly timeMs: number;
  /** The first has `firstOffset`. */
  readonly commands: readonly Command[];
}

/** Bytes that stand where a block should. */
export interface DamagedBlock {
  readonly damage: string;
}

export type Dumped = DumpedBlock | DamagedBlock;

/** @throws HeadwaterError `corrupt` where the file ends inside a block. */
export async function* dumpFile(file: string): AsyncGenerator<Dumped> {
  for await (const bytes of readBlockFile(file)) yield dumped(bytes);
}

/**
 * Takes the directory's lock: the node must not be running.
 * @throws HeadwaterError `directory_locked`, `foreign_directory`, `unknown_format` or `corrupt`.
 */
export async function* dumpDirectory(
  directory: string,
  openDatabase: OpenDatabase = openLevel,
): AsyncGenerator<Dumped> {
  // Opening makes what is missing; here that is a mistyped name.
  const isThere = (name: string) =>
    stat(path.join(directory, name)).then(
      () => true,
      () => false,
    );
  // What a restore was cut short in is refused by its own name, below.
  if (!(await isThere('CURRENT')) && !(await isThere('restoring')))
    throw new HeadwaterError('foreign_directory', `${directory} is no data directory: there is no CURRENT in it`);
  const opened = await Directory.open(directory, { files: systemFiles, openDatabase, randomBytes });
  try {
    const db = await openDatabase(path.join(opened.currentGeneration, 'log'), LOG_DATABASE);
    try {
      for await (const chunk of storedBlocks(db, 0)) for (const { bytes } of chunk) yield dumped(bytes);
    } finally {
      await db.close();
    }
  } finally {
    await opened.close();
  }
}

function dumped(bytes: Buffer): Dumped {
  try {
    const block = new Block(bytes);
    const { firstOffset, lastOffset, replicationId, timeMs } = block;
    return { firstOffset, lastOffset, replicationId, timeMs, commands: block.commands() };
  } catch (error) {
    if (HeadwaterError.is(error)) return { damage: error.message };
    throw error;
  }
}
