/**
 * The files that LevelDB keeps a database in, checked by their own checksums
 * while it is not open, or beside it: LevelDB 1.20 as we have it looks at none
 * of them when it reads, and drops what does not fit when it opens.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Files } from '../files.js';
import { logFileSteps } from './log-file.js';
import { tableSteps } from './table-file.js';

export interface DamagedFile {
  readonly file: string;
  /** Where the record or block begins that is not what was written. */
  readonly byte: number;
  readonly why: string;
  /** Keys of the database that it held: after the first, up to the second. Undefined where that is not known. */
  readonly after: Buffer | undefined;
  readonly through: Buffer | undefined;
}

/** Told of the bytes looked at since the last time; awaited. @throws to end the check. */
type Pace = (bytes: number) => Promise<void>;

/** What is written at the end of; in each, the first damage counts. */
const LOGS = /^(\d+\.log|MANIFEST-\d+)$/;
/** What is written once. */
const TABLES = /^\d+\.(ldb|sst)$/;
const ALL = new RegExp(`${LOGS.source}|${TABLES.source}`);

/** Those that LevelDB reads when it opens: few, and small. */
export function damagedLogFiles(files: Files, location: string): Promise<DamagedFile[]> {
  return damagedFiles(files, location, LOGS);
}

/**
 * All of them; one at a time is read as a whole, and looked at in steps. A
 * database may be open meanwhile: a file that it deletes is none of it any more,
 * and what it is just writing looks like the end of a file.
 */
export function damagedDatabaseFiles(files: Files, location: string, pace?: Pace): Promise<DamagedFile[]> {
  return damagedFiles(files, location, ALL, pace);
}

/** Whether it is one that LevelDB reads whenever it looks for a key there, and not only when it opens. */
export function isTable(file: string): boolean {
  return TABLES.test(path.basename(file));
}

/** What those files take on the disk; 0 where there are none. */
export async function databaseBytes(files: Files, location: string): Promise<number> {
  let bytes = 0;
  for (const name of await databaseFiles(files, location, ALL)) {
    const entry = await stat(path.join(location, name)).catch(() => undefined);
    bytes += entry?.size ?? 0;
  }
  return bytes;
}

async function databaseFiles(files: Files, location: string, which: RegExp): Promise<string[]> {
  const names = await files.list(location).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((one) => which.test(one)).sort();
}

async function damagedFiles(
  files: Files,
  location: string,
  which: RegExp,
  pace: Pace = async () => {},
): Promise<DamagedFile[]> {
  const found: DamagedFile[] = [];
  for (const name of await databaseFiles(files, location, which)) {
    const file = path.join(location, name);
    const bytes = await files.read(file);
    // LevelDB may have deleted it meanwhile.
    if (!bytes) continue;
    const steps = LOGS.test(name) ? inLog(bytes) : tableSteps(bytes);
    let told = 0;
    for (;;) {
      const { done, value } = steps.next();
      if (done) {
        for (const damage of value) found.push({ file, ...damage });
        break;
      }
      told += value;
      await pace(value);
    }
    await pace(Math.max(0, bytes.length - told));
  }
  return found;
}

function* inLog(bytes: Buffer): Generator<number, Array<Omit<DamagedFile, 'file'>>> {
  const damage = yield* logFileSteps(bytes);
  return damage ? [{ ...damage, after: undefined, through: undefined }] : [];
}
