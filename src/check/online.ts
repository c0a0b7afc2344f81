/**
 * `verify` of a running node: the same check as of a stopped node, beside readers and writers. The check covers the
 * keyspace as of one moment, and the log up to its end at the beginning. Files that LevelDB deletes meanwhile no longer
 * belong to it. A database with damaged tables is not read through LevelDB: that may end the process.
 */

import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import type { Files } from '../disk/files.js';
import { type DamagedFile, damagedDatabaseFiles, databaseBytes, isTable } from '../disk/leveldb/check.js';
import { misfitsOfOpen } from '../disk/leveldb/inventory.js';
import type { Log } from '../log/log.js';
import type { Damage, Verified } from '../model/check.js';
import type { Position } from '../model/position.js';
import type { StoreData } from '../store/data.js';
import type { Snapshots } from '../store/snapshots.js';
import { inKeyspace, inLog } from './verify.js';

/** The parts of the store that this file needs. */
export interface OnlineStore {
  readonly data: Pick<StoreData, 'directory' | 'log' | 'serving'>;
  readonly snapshots: Pick<Snapshots, 'at' | 'keyspaceDirectory'>;
}

const MISSING =
  'The node serves as long as it has the file open, but its next start will fail. Put the file back, or run "repair" on this node while it is a follower';

export interface OnlineOptions {
  readonly files: Files;
  found(damage: Damage): void;
  /** Called and awaited with the bytes that were read since the last call. @throws to end the check. */
  pace(bytes: number): Promise<void>;
  /** Called with a description, for people, of the step that begins. */
  doing(what: string): void;
}

/** @throws HeadwaterError if the node serves nothing, or its data are replaced meanwhile. */
export async function verifyStore(store: OnlineStore, options: OnlineOptions): Promise<Verified> {
  const { log } = store.data;
  const counted = new Counted(options);
  const location = (name: string) => path.join(store.data.directory, name);
  // A store in memory has no files.
  if (store.snapshots.keyspaceDirectory !== undefined)
    for (const name of ['keyspace', 'log']) {
      options.doing(`the list of the files of the ${name}`);
      for (const damage of await missingFiles(location(name), options.pace)) options.found(damage);
    }
  options.doing('the files of the keyspace');
  const keyspaceFiles = await damagedDatabaseFiles(options.files, location('keyspace'), (bytes) => options.pace(bytes));
  for (const file of keyspaceFiles) options.found(inKeyspace(file));
  options.doing('the files of the log');
  const logFiles = await damagedDatabaseFiles(options.files, location('log'), (bytes) => options.pace(bytes));
  for (const file of logFiles) options.found(inLog(file));
  options.doing('the records of the keyspace');
  const keyspace = await verifyRecords(store, counted, keyspaceFiles);
  options.doing('the log');
  const lastOffset = isReadable(logFiles) ? await verifyChain(log, counted, keyspace.position) : undefined;
  const firstOffset = lastOffset === undefined ? undefined : log.base.offset + 1;
  const { records } = keyspace;
  return { firstOffset, lastOffset, checkpointOffset: keyspace.position.offset, records, bytes: counted.bytes };
}

/** The files of an open database that the next start would not find, or would find to be other files. */
export async function missingFiles(location: string, pace: OnlineOptions['pace']): Promise<Damage[]> {
  const misfits = await misfitsOfOpen(location, pace).catch((error: NodeJS.ErrnoException) => {
    if (error.syscall === undefined) throw error;
    throw new HeadwaterError('io_error', `${location} cannot be checked: ${error.message}`, { cause: error });
  });
  return misfits.map(({ file, why }) => ({ part: 'file', file, byte: 0, why: `${why}. ${MISSING}` }));
}

/** The estimated number of bytes that `verifyStore` reads. */
export async function bytesToVerify(store: OnlineStore, files: Files): Promise<number> {
  const keyspace = await databaseBytes(files, path.join(store.data.directory, 'keyspace'));
  const log = await databaseBytes(files, path.join(store.data.directory, 'log'));
  return 2 * (keyspace + log);
}

/**
 * Verifies the chain of the log, from its start to its present end. A damaged table of the log is safe to read, since
 * tables of the log are not compressed. Only the chain shows which commands are lost.
 * @returns the end of the last block.
 */
export async function verifyChain(
  log: Log,
  { found, pace }: Pick<OnlineOptions, 'found' | 'pace'>,
  passes?: Position,
): Promise<number> {
  // The pin is set in the turn in which the base is read: from here on nothing of the log is trimmed.
  const pin = log.trimming.pin(log.base.offset, 'a check of the whole log');
  try {
    const { lastOffset } = await log.integrity.verify({
      // The log's own check may have dropped a damaged part meanwhile, and has then reported it.
      found: (damage) => damage.to > log.base.offset && found({ part: 'log', ...damage }),
      pace,
      through: log.end.offset,
      ...(passes ? { passes } : {}),
    });
    return lastOffset;
  } finally {
    log.trimming.unpin(pin);
  }
}

async function verifyRecords(
  store: OnlineStore,
  { found, pace }: Pick<OnlineOptions, 'found' | 'pace'>,
  files: readonly DamagedFile[],
): Promise<{ position: Position; records: number }> {
  const snapshot = await store.snapshots.at();
  const { position, keys } = snapshot;
  try {
    if (!isReadable(files)) return { position, records: 0 };
    const { records, readable } = await snapshot.verify({
      found: (damage) => found({ part: 'keyspace', ...damage }),
      pace,
      restoreDue: (rows) => store.data.serving.keyspace.indexes.due.restore(rows),
    });
    if (readable && keys !== undefined && keys !== records) {
      const why = `expected ${keys} records in the keyspace, as its checkpoint at offset ${position.offset} counted; found ${records}`;
      found({ part: 'database', why });
    }
    return { position, records };
  } finally {
    await snapshot.release();
  }
}

/** Whether LevelDB can read the database: it reads log files only when it opens, so only tables count. */
function isReadable(files: readonly DamagedFile[]): boolean {
  return !files.some(({ file }) => isTable(file));
}

/** Counts the bytes that were read as blocks and records, and not as files. */
class Counted {
  bytes = 0;
  readonly #options: OnlineOptions;

  constructor(options: OnlineOptions) {
    this.#options = options;
  }

  readonly found = (damage: Damage): void => this.#options.found(damage);

  readonly pace = (bytes: number): Promise<void> => {
    this.bytes += bytes;
    return this.#options.pace(bytes);
  };
}
