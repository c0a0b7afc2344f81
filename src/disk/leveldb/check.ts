/**
 * Checks the files of a LevelDB database by their own checksums, while it is closed or while LevelDB has it
 * open. LevelDB 1.20 as this project uses it verifies no checksum when it reads. When it opens, it drops what
 * does not fit.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Files } from '../files.js';
import { logFileSteps } from './log-file.js';
import { tableSteps } from './table-file.js';

export interface DamagedFile {
  readonly file: string;
  /** The offset of the damaged record or block in the file. */
  readonly byte: number;
  readonly why: string;
  /** Keys that the damaged part held: after the first, up to the second. Undefined if not known. */
  readonly after: Buffer | undefined;
  readonly through: Buffer | undefined;
}

/** Called and awaited with the bytes checked since the last call. @throws to end the check. */
type Pace = (bytes: number) => Promise<void>;

/** Files that LevelDB appends to. In each, only the first damage is reported. */
const LOGS = /^(\d+\.log|MANIFEST-\d+)$/;
/** Files that LevelDB writes once. */
const TABLES = /^\d+\.(ldb|sst)$/;
const ALL = new RegExp(`${LOGS.source}|${TABLES.source}`);

/** Checks the files that LevelDB reads when it opens. They are few and small. */
export function damagedLogFiles(files: Files, location: string): Promise<DamagedFile[]> {
  return damagedFiles(files, location, LOGS);
}

/**
 * Checks all files. Files are read one at a time as a whole, and checked in steps. The database may be open
 * meanwhile. A file that LevelDB deletes no longer belongs to it, and a record being written looks like the
 * end of a file.
 */
export function damagedDatabaseFiles(files: Files, location: string, pace?: Pace): Promise<DamagedFile[]> {
  return damagedFiles(files, location, ALL, pace);
}

/** Whether LevelDB reads the file for every look-up there, and not only when it opens. */
export function isTable(file: string): boolean {
  return TABLES.test(path.basename(file));
}

/** Bytes of the files on the disk, 0 if there are none. */
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
    // LevelDB may have deleted the file meanwhile.
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
