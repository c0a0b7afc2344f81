/**
 * Opens the files of a database that another part of the process has open, as they are at one moment. Nobody
 * may write to the database meanwhile. LevelDB may merge tables, because that does not change what they hold.
 * An open file stays readable here after LevelDB has deleted it.
 */
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { HeadwaterError } from '../../base/errors.js';
import { OPEN_TABLES_MAX } from '../../base/limits.js';
import type { TableFile } from './lookup.js';
import { readVersion, type TableOfVersion } from './version.js';

/** The most attempts. LevelDB may have merged the tables that its manifest named a moment ago. */
const ATTEMPTS_MAX = 100;

export interface OpenTable extends TableOfVersion {
  readonly descriptor: number;
  readonly file: string;
}

export interface OpenFiles {
  readonly tables: readonly OpenTable[];
  /** The log files that hold the writes in no table, as a whole. */
  readonly logs: readonly Buffer[];
}

/**
 * Opens the files. Synchronous: only for a thread of its own.
 * @throws HeadwaterError `overloaded` if there are more files than a process may have open.
 */
export function openFiles(location: string, tablesMax = OPEN_TABLES_MAX): OpenFiles {
  for (let attempt = 1; ; attempt++) {
    // Log files come before the manifest. A file that the manifest no longer counts has become a table that
    // it names.
    const logs = readLogs(location);
    const { logNumber, tables } = readVersion(readManifest(location));
    if (tables.length > tablesMax) throw tooMany(tables.length);
    const opened = openAll(location, tables);
    if (opened) {
      const live = logs.filter(({ number }) => number >= logNumber);
      return { tables: opened, logs: live.map(({ bytes }) => bytes) };
    }
    if (attempt === ATTEMPTS_MAX)
      throw new HeadwaterError('corrupt', `${location}: the manifest names tables that are missing`);
  }
}

/** The files of a database that nobody writes to: its tables, none of them open, and its log files. */
export function filesOf(location: string): { tables: readonly TableFile[]; logs: readonly Buffer[] } {
  const { logNumber, tables } = readVersion(readManifest(location));
  const logs = readLogs(location).filter(({ number }) => number >= logNumber);
  return {
    tables: tables.map((table) => ({ ...table, file: fileOf(location, table) })),
    logs: logs.map(({ bytes }) => bytes),
  };
}

function fileOf(location: string, { number }: TableOfVersion): string {
  return path.join(location, `${String(number).padStart(6, '0')}.ldb`);
}

/** @returns undefined if a table is not there any more. */
function openAll(location: string, tables: readonly TableOfVersion[]): OpenTable[] | undefined {
  const opened: OpenTable[] = [];
  try {
    for (const table of tables) {
      const file = fileOf(location, table);
      opened.push({ ...table, file, descriptor: openSync(file, 'r') });
    }
    return opened;
  } catch (error) {
    for (const { descriptor } of opened) closeSync(descriptor);
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EMFILE' || code === 'ENFILE') throw tooMany(tables.length, error);
    throw error;
  }
}

function tooMany(count: number, cause?: unknown): HeadwaterError {
  return new HeadwaterError(
    'overloaded',
    `${count} tables are too many to open at once. Raise the limit of open files (ulimit -n)`,
    { cause },
  );
}

function readManifest(location: string): Buffer {
  return readFileSync(path.join(location, readFileSync(path.join(location, 'CURRENT'), 'utf8').trimEnd()));
}

function readLogs(location: string): Array<{ number: number; bytes: Buffer }> {
  const logs: Array<{ number: number; bytes: Buffer }> = [];
  for (const name of readdirSync(location)) {
    const number = /^(\d+)\.log$/.exec(name)?.[1];
    if (number === undefined) continue;
    try {
      logs.push({ number: Number(number), bytes: readFileSync(path.join(location, name)) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return logs;
}
