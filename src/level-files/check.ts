/**
 * The files that LevelDB keeps a database in, checked by their own checksums
 * while it is not open, or beside it: LevelDB 1.20 as we have it looks at none
 * of them when it reads, and drops what does not fit when it opens.
 */
import path from 'node:path';
import type { Files } from '../files.js';
import { logFileDamage } from './log-file.js';
import { tableDamages } from './table-file.js';

export interface DamagedFile {
  readonly file: string;
  /** Where the record or block begins that is not what was written. */
  readonly byte: number;
  readonly why: string;
  /** Keys of the database that it held: after the first, up to the second. Undefined where that is not known. */
  readonly after: Buffer | undefined;
  readonly through: Buffer | undefined;
}

/** What is written at the end of; in each, the first damage counts. */
const LOGS = /^(\d+\.log|MANIFEST-\d+)$/;
/** What is written once. */
const TABLES = /^\d+\.(ldb|sst)$/;

/** Those that LevelDB reads when it opens: few, and small. */
export function damagedLogFiles(files: Files, location: string): Promise<DamagedFile[]> {
  return damagedFiles(files, location, LOGS);
}

/**
 * All of them; each is read as a whole, one at a time.
 * @param read told of the bytes of each. @throws to end it.
 */
export function damagedDatabaseFiles(
  files: Files,
  location: string,
  read: (bytes: number) => Promise<void> = async () => {},
): Promise<DamagedFile[]> {
  return damagedFiles(files, location, new RegExp(`${LOGS.source}|${TABLES.source}`), read);
}

async function damagedFiles(
  files: Files,
  location: string,
  which: RegExp,
  read: (bytes: number) => Promise<void> = async () => {},
): Promise<DamagedFile[]> {
  const names = await files.list(location).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found: DamagedFile[] = [];
  for (const name of names.filter((one) => which.test(one)).sort()) {
    const file = path.join(location, name);
    const bytes = await files.read(file);
    // LevelDB may have deleted it meanwhile.
    if (!bytes) continue;
    for (const damage of LOGS.test(name) ? inLog(bytes) : tableDamages(bytes)) found.push({ file, ...damage });
    await read(bytes.length);
  }
  return found;
}

function inLog(bytes: Buffer) {
  const damage = logFileDamage(bytes);
  return damage ? [{ ...damage, after: undefined, through: undefined }] : [];
}
