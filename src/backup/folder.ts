/** A folder as a place of backups and archives. A file is written beside its place, and renamed when it is on disk. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import { systemReason } from '../base/system-errors.js';
import { type Files, type FileWriter, systemFiles } from '../disk/files.js';
import type { Place, PlaceWriter, Tail, Unfinished } from './place.js';

const READ_BYTES = 256 * 1024;

/** The refusals of file systems that have no hard links, such as FAT, and of some network file systems. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** The ending of files that are not finished. */
const UNFINISHED = '.new';

export class Folder implements Place {
  readonly name: string;
  readonly #files: Files;
  readonly #link: typeof link;

  /** @param linkFile makes a hard link. */
  constructor(directory: string, files: Files = systemFiles, linkFile: typeof link = link) {
    this.name = directory;
    this.#files = files;
    this.#link = linkFile;
  }

  pathOf(file: string): string {
    return path.join(this.name, file);
  }

  prepare(): Promise<void> {
    return this.#files.makeDirectory(this.name);
  }

  async list(prefix = ''): Promise<string[]> {
    return (await this.#files.list(this.name)).filter((name) => name.startsWith(prefix)).sort();
  }

  async tail(file: string, count: number): Promise<Tail> {
    const handle = await open(this.pathOf(file), 'r');
    try {
      const { size } = await handle.stat();
      const bytes = Buffer.alloc(Math.min(count, size));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, size - bytes.length);
      return { bytes: bytes.subarray(0, bytesRead), size };
    } finally {
      await handle.close();
    }
  }

  async *read(file: string, from = 0): AsyncGenerator<Buffer> {
    const stream = createReadStream(this.pathOf(file), { start: from, highWaterMark: READ_BYTES });
    try {
      yield* stream as AsyncIterable<Buffer>;
    } finally {
      stream.destroy();
    }
  }

  async create(writer: string, bytesMax: number): Promise<PlaceWriter> {
    await this.#expectRoom(bytesMax);
    const aside = this.pathOf(`${writer}${UNFINISHED}`);
    const opened = await this.#files.create(aside);
    return {
      append: (bytes) => opened.append(bytes),
      finish: async (name) => {
        await closeDurably(opened);
        // A file of this name holds the same, so it does not matter which one stays.
        await this.#files.rename(aside, this.pathOf(name));
        await this.#files.syncDirectory(this.name);
      },
      abandon: async () => {
        await opened.close().catch(() => {});
        await this.#files.remove(aside);
      },
    };
  }

  async write(file: string, source: AsyncIterable<Buffer>): Promise<void> {
    const target = this.pathOf(file);
    if ((await this.list(file)).includes(file)) throw alreadyThere(target);
    const aside = `${target}.${randomBytes(4).toString('hex')}${UNFINISHED}`;
    const opened = await this.#files.create(aside);
    try {
      for await (const bytes of source) await opened.append(bytes);
      await closeDurably(opened);
      await this.#name(aside, file);
      await this.#files.syncDirectory(this.name);
    } finally {
      await opened.close().catch(() => {});
      await this.#files.remove(aside);
    }
  }

  /**
   * Gives a whole file its name. A link, unlike a rename, never replaces a file that another process has made meanwhile.
   * File systems without links have the rename alone: two writers of one name, in one moment, would leave the later file.
   */
  async #name(aside: string, file: string): Promise<void> {
    const target = this.pathOf(file);
    try {
      await this.#link(aside, target);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') throw alreadyThere(target);
      if (!WITHOUT_LINKS.has(code)) throw error;
      if ((await this.list(file)).includes(file)) throw alreadyThere(target);
      await this.#files.rename(aside, target);
    }
  }

  async remove(file: string): Promise<void> {
    await this.#files.remove(this.pathOf(file));
    await this.#files.syncDirectory(this.name);
  }

  async unfinished(): Promise<Unfinished[]> {
    return [];
  }

  /**
   * Refuses to begin a file without room for it. An unfinished file would only take space from others, perhaps from
   * the data directory.
   */
  async #expectRoom(bytesMax: number): Promise<void> {
    const free = await this.#files.freeBytes(this.name);
    if (free === undefined || free >= bytesMax) return;
    const least = `${Math.round(bytesMax / 2 ** 20)} MiB`;
    throw new HeadwaterError('disk_full', `the disk of the archive is full: expected ${least} free before a new file`);
  }
}

/** The error if a file of this name is there. */
export function alreadyThere(file: string): HeadwaterError {
  return new HeadwaterError('invalid_argument', `${file} exists already, and files are never replaced`);
}

async function closeDurably(file: FileWriter): Promise<void> {
  await file.sync();
  await file.close();
}

/**
 * Refuses a path that can never be a folder. Whatever else is missing, an attempt later may find.
 * @throws HeadwaterError `invalid_argument` if the path, or a part of it, is a file.
 */
export async function refuseFile(directory: string): Promise<void> {
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) => error);
  const isFile = found instanceof Error ? found.code === 'ENOTDIR' : !found.isDirectory();
  if (!isFile) return;
  const received = found instanceof Error ? `${directory}: ${systemReason(found)}` : `the file ${directory}`;
  throw new HeadwaterError('invalid_argument', `archive: expected the path of a directory, received ${received}`);
}
