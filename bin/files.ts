/**
 * Files that a command reads and writes on its own machine. A refusal of the operating system reads the same in every
 * command: "cannot read FILE: no such file or directory". output.ts has the exit status of each.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { HeadwaterError } from '../src/base/errors.js';
import { isSystemError, systemReason } from '../src/base/system-errors.js';
import { freeStdin } from './input.js';
import { EXIT, FileError, statusOfSystem, UsageError } from './output.js';

const READ_BYTES = 1024 * 1024;

export interface Sink {
  write(bytes: Buffer | string): Promise<void>;
}

/** The error to throw in place of a system's refusal; any other error is returned as it is. */
function refusal(verb: 'read' | 'write', file: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const message = `cannot ${verb} ${file}: ${systemReason(error)}`;
  return new FileError(message, { status: statusOfSystem(error), cause: error });
}

function directoryRefusal(verb: 'read' | 'write', file: string): FileError {
  return new FileError(`cannot ${verb} ${file}: expected a file, received a directory`, { status: EXIT.USAGE });
}

/**
 * Adds to the refusal of a data directory that a node has open.
 * @param instead what a person can do while the node runs.
 */
export function whileRunning(error: unknown, instead: string): unknown {
  if (!HeadwaterError.is(error, 'directory_locked')) return error;
  return new HeadwaterError(error.code, `${error.message}, ${instead}`, { cause: error, details: error.details });
}

// ---- reading ------------------------------------------------------------------

/** @throws FileError unless `file` exists and is no directory. */
export async function readableStats(file: string): Promise<Stats> {
  const stats = await reading(file, () => stat(file));
  if (stats.isDirectory()) throw directoryRefusal('read', file);
  return stats;
}

/** The bytes of a file, or of stdin for `-`. */
export async function* contentOf(file: string, readBytes = READ_BYTES): AsyncGenerator<Buffer> {
  const source = file === '-' ? freeStdin() : createReadStream(file, { highWaterMark: readBytes });
  try {
    yield* readingFrom<Buffer>(file === '-' ? 'stdin' : file, source);
  } finally {
    source.destroy();
  }
}

/**
 * The whole content of a file, or of stdin for `-`.
 * @param limit the reason for `bytesMax`, in words.
 * @throws UsageError if there are more than `bytesMax`. No more are in memory then.
 */
export async function contentWithin(file: string, bytesMax: number, limit: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of contentOf(file)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > bytesMax)
      throw new UsageError(
        `cannot read ${file === '-' ? 'stdin' : file}: expected at most ${bytesMax} bytes, ${limit}, received more`,
      );
  }
  return Buffer.concat(chunks);
}

/** The first `count` bytes; fewer if the file has no more. */
export async function firstBytes(file: string, count: number): Promise<Buffer> {
  return reading(file, async () => {
    const handle = await open(file, 'r');
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(count), 0, count, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  });
}

/**
 * The whole content of a small file, or of a pipe.
 * @throws UsageError if there are more than `bytesMax`, before they are in memory.
 */
export function wholeContent(file: string, bytesMax: number, shown = file): Buffer {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(bytesMax + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length <= bytesMax; length += read)
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      if (length <= bytesMax) return bytes.subarray(0, length);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw refusal('read', shown, error);
  }
  throw new UsageError(`cannot read ${shown}: expected at most ${bytesMax} bytes, received more`);
}

async function reading<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw refusal('read', file, error);
  }
}

/** The items of work on a file, with the system's refusals in words. */
export async function* readingFrom<Item>(file: string, items: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    throw refusal('read', file, error);
  }
}

// ---- writing ------------------------------------------------------------------

export interface WholeOptions {
  /** Whether a file of that name is replaced. */
  readonly overwrite: boolean;
  /** The kind of content, if --overwrite would replace a file with it. */
  readonly content?: string;
  readonly mode: number;
}

/**
 * Writes a file beside its name, and renames it when it is whole and on disk, so that a partial file never has that
 * name. A target that is no regular file (a pipe, a device) is written to directly.
 */
export async function writeWhole<Result>(
  file: string,
  options: WholeOptions,
  fill: (sink: Sink) => Promise<Result>,
): Promise<Result> {
  const isRegular = await mayWrite(file, options);
  const aside = isRegular ? `${file}.${randomBytes(4).toString('hex')}.new` : file;
  const handle = await writing(file, () => open(aside, isRegular ? 'wx' : 'w', options.mode));
  try {
    const result = await fill({ write: (bytes) => writing(file, () => handle.appendFile(bytes)) });
    if (isRegular) await writing(file, () => handle.sync());
    await writing(file, () => handle.close());
    if (!isRegular) return result;
    // Another process may have made the file meanwhile.
    await mayWrite(file, options);
    await writing(file, () => rename(aside, file));
    await writing(file, () => syncDirectory(path.dirname(file)));
    return result;
  } catch (error) {
    await handle.close().catch(() => {});
    if (isRegular) await rm(aside, { force: true });
    throw error;
  }
}

/** @returns whether the file is, or will be, a regular file. */
async function mayWrite(file: string, { overwrite, content }: WholeOptions): Promise<boolean> {
  const existing = await stat(file).catch(() => undefined);
  if (!existing) return true;
  if (existing.isDirectory()) throw directoryRefusal('write', file);
  if (existing.isFile() && !overwrite)
    throw new UsageError(
      `${file} exists already. Use ${content === undefined ? 'another name' : `--overwrite to replace it with the ${content}`}`,
    );
  return existing.isFile();
}

async function writing<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw refusal('write', file, error);
  }
}

async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(directory, 'r');
    await handle.sync();
  } finally {
    await handle?.close();
  }
}
