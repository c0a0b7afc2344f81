/**
 * Compares the files that a database has with those that it must have, before LevelDB opens it. Changes
 * nothing. LevelDB takes a directory without CURRENT for a new database, and deletes the tables in it.
 * LevelDB also takes a manifest that was cut for the whole one, and deletes the files that it does not name.
 *
 * LevelDB keeps an order that makes missing files show after any crash, even a crash of the machine:
 *
 * - Tables, and the name of the next log file, are on disk before the manifest names them.
 * - CURRENT names a manifest that is on disk.
 * - A file is deleted only after the manifest has stopped naming it.
 *
 * So each table that the manifest names must be there in its size, and so must the log file that continues
 * from it. Files that the manifest does not name are left by crashes, and prove nothing.
 */
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { goesOnBehindGap } from './log-file.js';
import { changeSince, type LogFileEnd, logFileNumber } from './log-file-ends.js';
import {
  type BlockSpan,
  blockIn,
  damageOfBlock,
  endsAsTable,
  FOOTER_BYTES,
  firstKeyIn,
  firstPlaceIn,
  placesIn,
  TRAILER_BYTES,
} from './table.js';
import { readVersion, type TableOfVersion, type Version, versionSteps } from './version.js';
import { firstSequenceOf, sequencesOf } from './write-batch.js';

/** A file that is missing, or is not the one that belongs there. */
export interface Misfit {
  readonly file: string;
  readonly why: string;
}

export interface Inventory {
  /**
   * `empty`: nothing was ever created there. `unfinished`: a process ended while it created the database,
   * before any write. `made`: the database must be whole.
   */
  readonly state: 'empty' | 'unfinished' | 'made';
  /** Empty if the database is whole. */
  readonly misfits: readonly Misfit[];
}

/** Files that hold no data of a database. */
const ASIDE = /^(LOCK|LOG|LOG\.old|\d+\.dbtmp)$/;
const TABLE = /^\d+\.(ldb|sst)$/;
const LOG = /^(\d+)\.log$/;
const CURRENT = /^MANIFEST-\d+\n$/;
/** Bytes of a table that are read, approximately: its footer, its index, and one block. */
const TABLE_LOOK_BYTES = 64 * 1024;
/** Bytes that hold the header of the first record of a log file. */
const LOG_HEAD_BYTES = 32 * 1024;
/** Tables read at the same time. */
const SIDE_BY_SIDE = 8;

interface Expected {
  /** Set after a failed write, which leaves out sequence numbers. */
  readonly anySequence?: boolean;
  /** The ends of its log files at the last stop, if that stop was in good order. */
  readonly logFileEnds?: readonly LogFileEnd[];
  /** Awaited with the bytes read since the last call. Given if LevelDB has the database open meanwhile. */
  readonly pace?: Pace;
}

type Pace = (bytes: number) => Promise<void>;

/**
 * Finds the misfits of a database that LevelDB has open and writes to. LevelDB still reads an open file after
 * somebody has deleted it, but the next start could not. A file that LevelDB deleted itself is not named by
 * the manifest at a second look.
 * @param pace awaited with the bytes read since the last call. @throws to end the search.
 * @throws the system's error if it cannot read the files.
 */
export async function misfitsOfOpen(location: string, pace: Pace): Promise<readonly Misfit[]> {
  const look = async (): Promise<readonly Misfit[]> => {
    const { state, misfits } = await takeInventory(location, { pace });
    return state === 'empty' ? [{ file: location, why: 'all files of the database are missing' }] : misfits;
  };
  const found = await look();
  if (found.length === 0) return found;
  const again = await look();
  return again.filter(({ file }) => found.some((one) => one.file === file));
}

/**
 * Takes the inventory of a database. Nobody may have it open, unless `expected.pace` is given.
 * @throws the system's error if it cannot read the files.
 */
export async function takeInventory(location: string, expected: Expected = {}): Promise<Inventory> {
  const names = (await namesIn(location)).filter((name) => !ASIDE.test(name));
  if (names.length === 0) return { state: 'empty', misfits: [] };
  const misfits = await misfitsIn(location, names, expected);
  // A database that LevelDB has open was created to the end.
  const isUnfinished = misfits.length > 0 && !expected.pace && !(await hasData(location, names));
  return { state: isUnfinished ? 'unfinished' : 'made', misfits };
}

/** Describes the first few misfits for a message, each with its file. */
export function describeMisfits(misfits: readonly Misfit[]): string {
  const shown = misfits.slice(0, 3).map(({ file, why }) => `${file}: ${why}`);
  const more = misfits.length - shown.length;
  return more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ');
}

async function namesIn(location: string): Promise<string[]> {
  return await readdir(location).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

async function hasData(location: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    if (TABLE.test(name)) return true;
    if (LOG.test(name) && (await stat(path.join(location, name))).size > 0) return true;
  }
  return false;
}

async function misfitsIn(location: string, names: readonly string[], expected: Expected): Promise<Misfit[]> {
  const files = names.filter((name) => TABLE.test(name) || LOG.test(name)).length;
  const beside = `but ${files} files of data exist`;
  const currentFile = path.join(location, 'CURRENT');
  const current = await bytesOf(currentFile);
  if (!current) return [{ file: currentFile, why: `the file is missing, ${beside}` }];
  const name = current.toString('latin1');
  if (!CURRENT.test(name)) {
    const received = JSON.stringify(name.slice(0, 40));
    return [{ file: currentFile, why: `expected the name of a manifest, received ${received}, ${beside}` }];
  }
  const manifestFile = path.join(location, name.trimEnd());
  const manifest = await bytesOf(manifestFile);
  if (!manifest) return [{ file: manifestFile, why: `the manifest is missing, ${beside}` }];
  const { pace } = expected;
  if (!pace && goesOnBehindGap(manifest))
    return [{ file: manifestFile, why: 'a record of the manifest is damaged, and undamaged records follow it' }];
  let version: Version;
  try {
    version = pace ? await versionIn(manifest, pace) : readVersion(manifest);
  } catch (error) {
    return [{ file: manifestFile, why: (error as Error).message }];
  }
  return [
    ...(await misfitTables(location, version.tables, pace)),
    ...(await misfitLogs(location, names, version, expected)),
  ];
}

async function versionIn(manifest: Buffer, pace: Pace): Promise<Version> {
  const steps = versionSteps(manifest);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await pace(value);
  }
}

async function misfitTables(
  location: string,
  tables: readonly TableOfVersion[],
  pace: Pace = async () => {},
): Promise<Misfit[]> {
  const found: Misfit[] = [];
  for (let next = 0; next < tables.length; next += SIDE_BY_SIDE) {
    const some = tables.slice(next, next + SIDE_BY_SIDE);
    for (const misfit of await Promise.all(some.map((table) => misfitTable(location, table))))
      if (misfit) found.push(misfit);
    await pace(some.length * TABLE_LOOK_BYTES);
  }
  return found;
}

async function misfitTable(location: string, table: TableOfVersion): Promise<Misfit | undefined> {
  const file = path.join(location, `${fileNumber(table.number)}.ldb`);
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { file, why: 'the manifest names this table, but the file is missing' };
  }
  try {
    const { size } = await handle.stat();
    if (size !== table.bytes)
      return { file, why: `expected a table of ${table.bytes} bytes, as the manifest says, found ${size}` };
    return (await beginsWith(handle, size, table.smallest))
      ? undefined
      : { file, why: 'the first key is not the key in the manifest: the file is another table' };
  } finally {
    await handle.close();
  }
}

/**
 * Whether the first key of the table is `key`. True also if the table is damaged: the check of tables reports
 * that with its byte.
 */
async function beginsWith(handle: FileHandle, size: number, key: Buffer): Promise<boolean> {
  const footer = await readAt(handle, size - FOOTER_BYTES, FOOTER_BYTES);
  if (!endsAsTable(footer)) return true;
  try {
    const index = await blockAt(handle, placesIn(footer).index);
    const block = index && (await blockAt(handle, firstPlaceIn(index)));
    return !block || firstKeyIn(block).equals(key);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    return true;
  }
}

/** @returns undefined if the block does not match its checksum. */
async function blockAt(handle: FileHandle, place: BlockSpan): Promise<Buffer | undefined> {
  const bytes = await readAt(handle, place.offset, place.size + TRAILER_BYTES);
  return damageOfBlock(bytes, place, place.offset) === undefined ? blockIn(bytes, place, place.offset) : undefined;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  if (position < 0) return Buffer.alloc(0);
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(length), position });
  return buffer.subarray(0, bytesRead);
}

async function misfitLogs(
  location: string,
  names: readonly string[],
  { logNumber, sequences }: Version,
  { anySequence = false, logFileEnds = [], pace }: Expected,
): Promise<Misfit[]> {
  // A manifest that names no log file is of a database that was never opened to the end.
  if (logNumber === 0) return [];
  const fileOf = (number: number) => path.join(location, `${fileNumber(number)}.log`);
  // The names are older than the manifest then: LevelDB may have begun the log file in between.
  if (pace) return await misfitHead(fileOf(logNumber), sequences);
  const numbers = names.flatMap((name) => LOG.exec(name)?.[1] ?? []).map(Number);
  const live = numbers.filter((number) => number >= logNumber).sort((a, b) => a - b);
  if (live[0] !== logNumber)
    return [{ file: fileOf(logNumber), why: 'the manifest names this log file, but the file is missing' }];
  const changed: Misfit[] = [];
  for (const end of logFileEnds.filter((one) => logFileNumber(one) >= logNumber)) {
    const file = path.join(location, end.name);
    const why = changeSince(end, await bytesOf(file));
    if (why !== undefined) changed.push({ file, why });
  }
  if (anySequence || changed.length > 0) return changed;
  let { from, through }: { from: bigint; through: bigint | undefined } = sequences;
  for (const number of live) {
    // A power cut may leave a file without a whole record at its beginning.
    const held = sequencesOf((await bytesOf(fileOf(number))) ?? Buffer.alloc(0));
    const why = held && misfitSequence(held.first, from, through);
    if (why !== undefined) return [{ file: fileOf(number), why }];
    from = held ? held.last + 1n : from;
    through = undefined;
  }
  return [];
}

/** @param through undefined if any number from `from` on is right. */
function misfitSequence(first: bigint, from: bigint, through: bigint | undefined): string | undefined {
  if (first >= from && (through === undefined || first <= through)) return undefined;
  const expected = through === undefined ? `${from} or more` : from === through ? from : `${from} to ${through}`;
  return `expected the sequence number ${expected} in the first write, found ${first}: another log file is here, or the file before is missing`;
}

/** Checks the beginning of the log file that LevelDB writes to, or wrote to last. Only the beginning stays as it is. */
async function misfitHead(file: string, { from, through }: Version['sequences']): Promise<Misfit[]> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [{ file, why: 'the manifest names this log file, but the file is missing' }];
  }
  try {
    const first = firstSequenceOf(await readAt(handle, 0, LOG_HEAD_BYTES));
    const why = first === undefined ? undefined : misfitSequence(first, from, through);
    return why === undefined ? [] : [{ file, why }];
  } finally {
    await handle.close();
  }
}

async function bytesOf(file: string): Promise<Buffer | undefined> {
  return await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

function fileNumber(number: number): string {
  return String(number).padStart(6, '0');
}
