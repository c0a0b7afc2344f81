/**
 * `verify` of a stopped node: the check covers everything in its generation that has a checksum, and changes nothing.
 * LevelDB's own files come first. Opening a database removes what does not match, and reading a damaged table may end
 * the process. So a database with damaged files is not opened.
 */

import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import { readUint64 } from '../base/uint64.js';
import { systemFiles } from '../disk/files.js';
import type { Database, OpenDatabase } from '../disk/level.js';
import { type DamagedFile, damagedDatabaseFiles, databaseBytes, isTable } from '../disk/leveldb/check.js';
import { Keyspace } from '../keyspace/keyspace.js';
import { isDataKey, userKey } from '../keyspace/record.js';
import { Log } from '../log/log.js';
import { BLOCKS_FROM } from '../log/rows.js';
import type { Damage, Verified } from '../model/check.js';
import { formatPosition, type Position } from '../model/position.js';
import type { CleanStop } from '../store/clean-stop.js';
import { Directory } from '../store/directory.js';
import { KEYSPACE_DATABASE, LOG_DATABASE } from '../store/generation.js';
import { verifyIdentity } from '../store/identity.js';
import { openForReading, type ReaderOptions } from './database-reader.js';

/** The options of `verifyDirectory`. */
export interface VerifyOptions extends ReaderOptions {
  found(damage: Damage): void;
  /** Called with the bytes read since the last call, files included, and with an estimate of all bytes. */
  read?(bytes: number, bytesEstimate: number): void;
}

/**
 * Checks the data directory of a node that is not running. Nothing in the directory is changed.
 * @throws HeadwaterError `directory_locked`, `foreign_directory`, `unknown_format`, or `corrupt` if the check cannot
 *   even find out which data belong to the node.
 */
export async function verifyDirectory(directory: string, options: VerifyOptions): Promise<Verified> {
  const { openDatabase = openForReading } = options;
  const opened = await Directory.look(directory, systemFiles, options.unlocked);
  try {
    const { currentGeneration, hasFailedWrite: afterFailedWrite, cleanStop } = opened;
    const how = { openDatabase, afterFailedWrite, cleanStop };
    return await new Verification(currentGeneration, { ...options, ...how }).run();
  } finally {
    await opened.close();
  }
}

interface VerificationOptions extends VerifyOptions {
  readonly openDatabase: OpenDatabase;
  /** Whether the node ended after a failed write, before it could reopen its data. */
  readonly afterFailedWrite: boolean;
  readonly cleanStop: CleanStop;
}

const LEFT_BY_WRITE =
  'this is the record of a write that failed before the node ended. The write was not acknowledged, and the data can be opened';

class Verification {
  readonly #generation: string;
  readonly #options: VerificationOptions;
  /** The estimate of all bytes: each file is read, and then its content. */
  #bytesEstimate = 0;
  readonly #opened: Database[] = [];

  constructor(generation: string, options: VerificationOptions) {
    this.#generation = generation;
    this.#options = options;
  }

  async run(): Promise<Verified> {
    try {
      const verified = await this.#run();
      await this.#identity();
      return verified;
    } finally {
      for (const db of this.#opened) await db.close();
    }
  }

  async #run(): Promise<Verified> {
    for (const name of ['log', 'keyspace'])
      this.#bytesEstimate += 2 * (await databaseBytes(systemFiles, path.join(this.#generation, name)));
    let bytes = 0;
    let records = 0;
    const keyspace = await this.#database('keyspace', async (db) => {
      const opened = await Keyspace.open(db);
      const verified = await this.#keyspace(opened);
      bytes += verified.bytes;
      records = verified.records;
      return opened;
    });
    const log = await this.#database('log', async (db) => {
      const opened = await Log.open(db);
      const checkpoint = keyspace?.checkpoint.position;
      const verified = await this.#log(opened, checkpoint, keyspace?.flushingTo ?? 0);
      bytes += verified.bytes;
      return { firstOffset: opened.base.offset + 1, lastOffset: verified.lastOffset };
    });
    return {
      firstOffset: log?.firstOffset,
      lastOffset: log?.lastOffset,
      checkpointOffset: keyspace?.checkpoint.position.offset,
      records,
      bytes,
    };
  }

  /** Opens a database if that does no harm. Damage beyond reading is reported as found, not thrown. */
  async #database<T>(name: 'log' | 'keyspace', look: (db: Database) => Promise<T>): Promise<T | undefined> {
    const { found, openDatabase } = this.#options;
    const location = path.join(this.#generation, name);
    const files = await damagedDatabaseFiles(systemFiles, location, (bytes) => this.#read(bytes));
    for (const damage of files.map((one) => this.#explained(one)))
      found(name === 'log' ? inLog(damage) : inKeyspace(damage));
    const { afterFailedWrite, cleanStop } = this.#options;
    const how = { mustExist: true, afterFailedWrite, logFileEnds: cleanStop.endsIn(location) };
    try {
      await openDatabase.check?.(location, how);
      if (files.length > 0) return undefined;
      const db = await openDatabase(location, { ...(name === 'log' ? LOG_DATABASE : KEYSPACE_DATABASE), ...how });
      this.#opened.push(db);
      return await look(db);
    } catch (error) {
      if (!HeadwaterError.is(error, 'corrupt')) throw error;
      found({ part: 'database', why: error.message });
      return undefined;
    }
  }

  /** Checks that the log and the keyspace belong to one generation. */
  async #identity(): Promise<void> {
    const [keyspace, log] = this.#opened;
    if (!keyspace || !log) return;
    try {
      await verifyIdentity([log, keyspace]);
    } catch (error) {
      if (!HeadwaterError.is(error, 'corrupt')) throw error;
      this.#options.found({ part: 'database', why: error.message });
    }
  }

  #explained(damage: DamagedFile): DamagedFile {
    if (!this.#options.afterFailedWrite || isTable(damage.file)) return damage;
    return { ...damage, why: `${damage.why}; ${LEFT_BY_WRITE}` };
  }

  async #keyspace(keyspace: Keyspace): Promise<{ records: number; bytes: number }> {
    const { found } = this.#options;
    const { position, keys } = keyspace.checkpoint;
    const snapshot = keyspace.snapshot();
    try {
      const verified = await snapshot.verify({
        found: (damage) => found({ part: 'keyspace', ...damage }),
        pace: (bytes) => this.#read(bytes),
      });
      if (verified.readable && keys !== null && keys !== verified.records) {
        const why = `expected ${keys} records in the keyspace, as its checkpoint at offset ${position.offset} counted; found ${verified.records}`;
        found({ part: 'database', why });
      }
      return verified;
    } finally {
      await snapshot.release();
    }
  }

  async #log(
    log: Log,
    checkpoint: Position | undefined,
    flushingTo: number,
  ): Promise<{ lastOffset: number; bytes: number }> {
    const { found } = this.#options;
    const verified = await log.integrity.verify({
      found: (damage) => found({ part: 'log', ...damage }),
      pace: (bytes) => this.#read(bytes),
      ...(checkpoint ? { passes: checkpoint } : {}),
    });
    const reached = Math.max(checkpoint?.offset ?? 0, flushingTo);
    if (verified.lastOffset < reached) {
      const why = `the log lost its end: expected it to end at offset ${reached}, as the keyspace does, found ${verified.lastOffset}`;
      found({ part: 'database', why });
    }
    if (checkpoint && checkpoint.offset < log.base.offset) {
      const why = `the log begins after offset ${log.base.offset}, the keyspace ends at ${formatPosition(checkpoint)}: the commands between are missing`;
      found({ part: 'database', why });
    }
    return verified;
  }

  async #read(bytes: number): Promise<void> {
    this.#options.read?.(bytes, this.#bytesEstimate);
  }
}

/** The damage as a range of commands, if the file shows which; else as a place in the file. */
export function inLog({ file, byte, why, after, through }: DamagedFile): Damage {
  // The log's other rows stand before its blocks.
  const isBehindRows = after && after.compare(BLOCKS_FROM) > 0;
  const [from, to] = [isBehindRows ? after : BLOCKS_FROM, through].map((key) => key && offsetUpTo(key));
  if (from === undefined || to === undefined) return { part: 'file', file, byte, why };
  return { part: 'log', from: from + 1, to, why: `${file}, byte ${byte}: ${why}` };
}

/**
 * The last offset whose block can stand at or before a key of a table's index. Such a key may be shorter than a whole
 * key.
 */
function offsetUpTo(key: Buffer): number | undefined {
  if (key[0] !== BLOCKS_FROM[0]) return undefined;
  const padded = Buffer.alloc(9);
  key.copy(padded);
  return readUint64(padded, 1);
}

/** The damage as a range of keys, if the file shows which; else as a place in the file. */
export function inKeyspace({ file, byte, why, after, through }: DamagedFile): Damage {
  const isRecord = (key: Buffer | undefined) => key === undefined || isDataKey(key);
  if (!(after || through) || !isRecord(after) || !isRecord(through)) return { part: 'file', file, byte, why };
  const [from, to] = [after, through].map((key) => key && userKey(key));
  return { part: 'keyspace', from, to, why: `${file}, byte ${byte}: ${why}` };
}
