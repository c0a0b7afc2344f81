/**
 * The note of a clean stop, `clean-stop.json`: the ends of LevelDB's log files. After a clean stop no acknowledged
 * write is missing. So a file that is shorter at the next start was cut by something else, and is reported by name
 * (`corrupt`). The next life removes the note before it writes, so the note says nothing about the files that a crash
 * leaves.
 *
 *   {"log_files": {"gen-000001/log": [{"name", "bytes", "crc32c"}, …], …}, "crc32": …}
 *
 * The checksum is zlib's CRC-32 over `log_files` as JSON. A note that does not match it is ignored. Names are relative
 * to the data directory, so that a copy of the directory has a note of its own.
 */
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Files } from '../disk/files.js';
import { isLogFileEnd, type LogFileEnd, logFileEnds } from '../disk/leveldb/log-file-ends.js';

export const CLEAN_STOP = 'clean-stop.json';

export class CleanStop {
  readonly #directory: string;
  readonly #ends: ReadonlyMap<string, readonly LogFileEnd[]>;

  private constructor(directory: string, ends: ReadonlyMap<string, readonly LogFileEnd[]>) {
    this.#directory = directory;
    this.#ends = ends;
  }

  /** @param text the content of the note in a data directory; undefined if there is none. */
  static parse(directory: string, text: string | undefined): CleanStop {
    return new CleanStop(directory, new Map(Object.entries(logFilesIn(text))));
  }

  /**
   * @param generation a generation whose databases are closed and durable. @returns undefined if they have no files.
   */
  static async of(files: Files, directory: string, generation: string): Promise<string | undefined> {
    const ends: Record<string, LogFileEnd[]> = {};
    for (const name of ['log', 'keyspace']) {
      const location = path.join(generation, name);
      const found = await logFileEnds(files, location);
      if (found.length > 0) ends[path.relative(directory, location)] = found;
    }
    if (Object.keys(ends).length === 0) return undefined;
    return `${JSON.stringify({ log_files: ends, crc32: crc32(JSON.stringify(ends)) })}\n`;
  }

  /** The noted file ends of a database's directory; empty if nothing is known of it. */
  endsIn(location: string): readonly LogFileEnd[] {
    return this.#ends.get(path.relative(this.#directory, location)) ?? [];
  }
}

/** Reads a note; a damaged note counts as empty. */
function logFilesIn(text: string | undefined): Record<string, LogFileEnd[]> {
  try {
    const note = JSON.parse(text ?? '{}') as { log_files?: Record<string, LogFileEnd[]>; crc32?: unknown };
    const { log_files: ends = {} } = note;
    const isSound = note.crc32 === crc32(JSON.stringify(ends));
    return isSound && Object.values(ends).every((some) => Array.isArray(some) && some.every(isLogFileEnd)) ? ends : {};
  } catch {
    return {};
  }
}
