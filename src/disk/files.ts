/**
 * The few operations that a data directory needs of a file system, injected. The real one is `systemFiles`.
 * Tests bring one in memory that forgets what was not synced. Databases are not files here: see level.ts.
 *
 * Errors are the system's, with its `code` (ENOENT and so on). The caller decides what they mean.
 */
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import path from 'node:path';

/** A new file that is being written from its beginning. */
export interface FileWriter {
  /** Appends all bytes, or rejects. */
  append(bytes: Uint8Array): Promise<void>;
  /** Makes the bytes appended so far survive a power cut. The file's name survives once its directory is synced. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Files {
  /** Resolves with undefined if there is no such file. */
  read(file: string): Promise<Buffer | undefined>;
  /** Creates an empty file, or empties an existing one. Only its owner may read it. */
  create(file: string): Promise<FileWriter>;
  rename(from: string, to: string): Promise<void>;
  /** Names in a directory. @throws ENOENT */
  list(directory: string): Promise<string[]>;
  /**
   * Creates a directory, with any missing parents. Only its owner may enter it, and its name survives a power
   * cut. Does nothing if the directory exists.
   */
  makeDirectory(directory: string): Promise<void>;
  /** Removes a file, or a directory with all its content. Does nothing if there is none. */
  remove(file: string): Promise<void>;
  /** Makes the names in a directory survive a power cut. */
  syncDirectory(directory: string): Promise<void>;
  /** Bytes that the file system has free for this process, or undefined if the system cannot tell. */
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
      // This call continues after a partial write of the system, which a plain write would not.
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
      // A file system without a size of its own reports 0 of 0.
      ({ blocks, bavail, bsize }) => (blocks === 0 ? undefined : bavail * bsize),
      () => undefined,
    ),
};

const OUT_OF_SPACE = /\b(ENOSPC|EDQUOT)\b|No space left on device|Disk quota exceeded/i;

/** Whether a file system, or a quota, had no room for a write. LevelDB reports that only in its message. */
export function isOutOfSpace(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT' || OUT_OF_SPACE.test(one.message)) return true;
  }
  return false;
}

const OUT_OF_DESCRIPTORS = /\b(EMFILE|ENFILE)\b|Too many open files/i;

/** Whether the process or the machine has no file descriptor left. LevelDB reports that only in its message. */
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

/** Node's recursive mkdir never ends on a file system that creates no directories at all, such as /proc. */
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
    // If the process may create names in the parent but not list them, the system has to make them durable.
    if (error.code !== 'EACCES') throw error;
  });
}

/**
 * Replaces a file as a whole or not at all, durably: writes it aside, syncs it, renames it, and syncs the
 * directory.
 */
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
    // The unfinished file is worthless, and a full disk has no room for it.
    await files.remove(aside).catch(() => {});
    throw error;
  }
  await files.syncDirectory(directory);
}
