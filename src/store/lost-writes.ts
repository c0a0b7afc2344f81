/**
 * lost-writes/: blocks that a resync had no place for, saved before they were dropped. A file holds the blocks of one
 * node's tail verbatim (log/block-file.ts). The file is named by its content, REPLICATION_ID-FIRST-LAST.blocks, so that
 * a resync that is cut and begins again saves nothing twice. The names are also the only account of the lost writes.
 * They stay true over restarts, and an operator who has dealt with a file deletes it.
 */

import { systemClock } from '../base/clock.js';
import { CURSOR_READ_BYTES } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import type { Block } from '../log/block.js';
import { writeBlockFile } from '../log/block-file.js';
import type { Log } from '../log/log.js';
import type { Folder } from './folder.js';

const DIRECTORY = 'lost-writes';
const LISTING_MS_MAX = 1_000;
const FILE = /^[0-9a-f]{40}-(\d+)-(\d+)\.blocks$/;

export class LostWrites {
  readonly #folder: Folder;
  readonly #logger: Logger;
  readonly #log: () => Pick<Log, 'end' | 'read'>;
  /** The names of the last listing, and its time by the monotonic clock. */
  #names: readonly string[] = [];
  #listedMs = Number.NEGATIVE_INFINITY;

  /** @param log returns the log in use. */
  constructor(folder: Folder, logger: Logger, log: () => Pick<Log, 'end' | 'read'>) {
    this.#folder = folder;
    this.#logger = logger;
    this.#log = log;
  }

  /**
   * Copies the commands after `offset` in the log in use to a file of their own, durably, before a resync drops them.
   * Does nothing if there are none, or if they are saved already.
   * @throws HeadwaterError `trimmed` if the log does not hold them whole; there is no file then.
   */
  async save(offset: number): Promise<void> {
    const log = this.#log();
    const { end } = log;
    const count = end.offset - offset;
    if (count <= 0) return;
    const name = `${end.replicationId}-${offset + 1}-${end.offset}.blocks`;
    try {
      const directory = await this.#folder.directory(DIRECTORY);
      await writeBlockFile(this.#folder.files, directory, name, blocksAfter(log, offset));
      this.#listedMs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      // The same writes were saved by a resync that was cut short.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
      throw error;
    }
    this.#logger.warn(
      { count, file: name },
      `${count === 1 ? '1 write' : `${count} writes`} on this node only were saved to lost-writes/${name}`,
    );
  }

  /** The names of the files, sorted; the names of the last listing if the disk cannot be read. */
  async files(): Promise<readonly string[]> {
    this.#names = await this.#list().catch(() => this.#names);
    this.#listedMs = systemClock.monotonicMs();
    return this.#names;
  }

  /** The number of commands in the files, whenever they were saved. */
  async count(): Promise<number> {
    return commandsIn(await this.files());
  }

  /** The names and the number, as of a listing that is a second old at the most. A status is asked for often. */
  async recent(): Promise<{ readonly lostWrites: number; readonly lostWritesFiles: readonly string[] }> {
    const isRecent = systemClock.monotonicMs() - this.#listedMs < LISTING_MS_MAX;
    const files = isRecent ? this.#names : await this.files();
    return { lostWrites: commandsIn(files), lostWritesFiles: files };
  }

  async #list(): Promise<string[]> {
    try {
      return (await this.#folder.files.list(this.#folder.at(DIRECTORY))).filter((name) => FILE.test(name)).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

function commandsIn(files: readonly string[]): number {
  let count = 0;
  for (const name of files) {
    const [, first, last] = FILE.exec(name) ?? [];
    count += Number(last) - Number(first) + 1;
  }
  return count;
}

async function* blocksAfter(log: Pick<Log, 'read'>, offset: number): AsyncGenerator<Buffer> {
  for (let at = offset; ; ) {
    const blocks = await log.read(at, CURSOR_READ_BYTES);
    if (blocks.length === 0) return;
    for (const block of blocks) yield block.bytes;
    at = (blocks.at(-1) as Block).lastOffset;
  }
}
