/**
 * The log files of a database as they were when it was closed in good order. LevelDB takes a log file that
 * was cut at its end for the remains of a power cut, and so does log-file.ts. After a close in good order a
 * power cut takes nothing. So each file must then hold what it held.
 *
 * LevelDB makes tables of the log files that it finds, and never appends to an old one. So an end that was
 * recorded stays true, however often the database is opened.
 */
import path from 'node:path';
import { crc32c } from '@node-rs/crc32';
import type { Files } from '../files.js';
import { logFileDamage } from './log-file.js';

/** A log file, up to its end. */
export interface LogFileEnd {
  /** The name in the directory of the database. */
  readonly name: string;
  readonly bytes: number;
  /** CRC-32C over all bytes. */
  readonly crc32c: number;
}

const ADVICE = 'Put the file back. To accept the loss, remove clean-stop.json';
const LOG = /^(\d+)\.log$/;

/** The ends of a database that is closed and durable. None if there are no files at the location. */
export async function logFileEnds(files: Files, location: string): Promise<LogFileEnd[]> {
  const names = await files.list(location).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const ends: LogFileEnd[] = [];
  for (const name of names.filter((one) => LOG.test(one)).sort()) {
    const bytes = await files.read(path.join(location, name));
    if (bytes) ends.push({ name, bytes: bytes.length, crc32c: crc32c(bytes) });
  }
  return ends;
}

/**
 * The number that LevelDB has given the file. LevelDB makes tables of files whose number is below the one in
 * its manifest.
 */
export function logFileNumber({ name }: LogFileEnd): number {
  return Number(LOG.exec(name)?.[1]);
}

/**
 * Says how the file differs from what it was, or returns undefined if it does not.
 * @param bytes the bytes of the file now, undefined if it is missing.
 * @returns undefined also if a record in the middle is damaged: the check of records reports that with its
 *   byte.
 */
export function changeSince(end: LogFileEnd, bytes: Buffer | undefined): string | undefined {
  const before = `expected ${end.bytes} bytes, as the last clean stop left them`;
  if (!bytes) return `${before}, the file is missing. ${ADVICE}`;
  if (bytes.length < end.bytes) return `${before}, found ${bytes.length}: the end of the file is missing. ${ADVICE}`;
  if (crc32c(bytes.subarray(0, end.bytes)) === end.crc32c || logFileDamage(bytes)) return undefined;
  return `${before}, found bytes with another checksum: the end of the file was changed. ${ADVICE}`;
}

export function isLogFileEnd(value: unknown): value is LogFileEnd {
  if (typeof value !== 'object' || value === null) return false;
  const { name, bytes, crc32c } = value as Partial<Record<keyof LogFileEnd, unknown>>;
  return typeof name === 'string' && LOG.test(name) && Number.isInteger(bytes) && Number.isInteger(crc32c);
}
