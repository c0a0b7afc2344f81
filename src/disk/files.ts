/**
 * The few things that a data directory needs of a file system, injected: the
 * real one is `systemFiles`, tests bring one in memory that forgets what was
 * not synced. Databases are not files here: see level.ts.
 *
 * Errors are the system's, with its `code` (ENOENT and so on); whoever calls
 * knows what they mean.
 */
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import path from 'node:path';

/** A new file that is being written from its beginning. */
export interface FileWriter {
  /** All of it, or it rejects. */
  append(bytes: Uint8Array): Promise<void>;
  /** What was appended so far survives a power cut; the file's name does once its directory is synced. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Files {
  /** Undefined where there is none. */
  read(file: string): Promise<Buffer | undefined>;
  /** Begins an empty file, also where there is one; only its owner may read it. */
  create(file: string): Promise<FileWriter>;
  rename(from: string, to: string): Promise<void>;
  /** Names in a directory. @throws ENOENT */
  list(directory: string): Promise<string[]>;
  /**
   * With what is missing above it; only its owner may enter it. Its name
   * survives a power cut. Without effect where it is there.
   */
  makeDirectory(directory: string): Promise<void>;
  /** A file, or a directory with all that is in it; without effect where there is none. */
  remove(file: string): Promise<void>;
  /** The names in a directory survive a power cut. */
  syncDirectory(directory: string): Promise<void>;
  /** What its file system has left for this process, bytes; undefined where that cannot be told. */
  freeBytes(directory: string): Promise<number | undefined>;
}

export const systemFiles: Files = {
  read: (file) =>
    readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }),

  async create(file) {
    const handle = await open(file, 'w', 0o600);
    return {
      // Goes on where the system took a part only, which a plain write would not.
      append: (bytes) => handle.appendFile(bytes),
      sync: () => handle.sync(),
      close: () => handle.close(),
    };
  },

  rename,
  list: (directory) => readdir(directory),
  makeDirectory,
  remove: (file) => rm(file, { recursive: true, force: true }),

  syncDirectory,

  freeBytes: (directory) =>
    statfs(directory).then(
      // A file system without a size of its own tells 0 of 0.
      ({ blocks, bavail, bsize }) => (blocks === 0 ? undefined : bavail * bsize),
      () => undefined,
    ),
};

const OUT_OF_SPACE = /\b(ENOSPC|EDQUOT)\b|No space left on device|Disk quota exceeded/i;

/** Whether a file system, or a quota, had no room for a write; LevelDB tells it in words. */
export function isOutOfSpace(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT' || OUT_OF_SPACE.test(one.message)) return true;
  }
  return false;
}

const OUT_OF_DESCRIPTORS = /\b(EMFILE|ENFILE)\b|Too many open files/i;

/** Whether the process, or the machine, may have no more files open; LevelDB tells it in words. */
export function isOutOfDescriptors(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (code === 'EMFILE' || code === 'ENFILE' || OUT_OF_DESCRIPTORS.test(one.message)) return true;
  }
  return false;
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Node's recursive mkdir never ends where a file system makes no directories at all, as /proc. */
async function makeDirectory(directory: string): Promise<void> {
  const parent = path.dirname(path.resolve(directory));
  if (!existsSync(parent)) await makeDirectory(parent);
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  await syncDirectory(parent).catch((error: NodeJS.ErrnoException) => {
    // Where one may make a name and not list them, the system has to see to it.
    if (error.code !== 'EACCES') throw error;
  });
}

/** Replaces a file as a whole or not at all, durably: written aside, synced, renamed, and the directory synced. */
export async function replaceFile(files: Files, directory: string, name: string, text: string): Promise<void> {
  const file = path.join(directory, name);
  const aside = `${file}.new`;
  try {
    const writer = await files.create(aside);
    try {
      await writer.append(Buffer.from(text));
      await writer.sync();
    } finally {
      await writer.close();
    }
    await files.rename(aside, file);
  } catch (error) {
    // It counts for nothing, and a disk that is full has no room for it.
    await files.remove(aside).catch(() => {});
    throw error;
  }
  await files.syncDirectory(directory);
}
