/**
 * lost-writes/: what a resync had no place for, saved before it was dropped. A
 * file holds the blocks of one node's tail verbatim (log/block-file.ts) and is
 * named by what it holds, REPLICATION_ID-FIRST-LAST.blocks, so that a resync
 * that is cut and begins again saves nothing twice. The names are also the only
 * account of it: it is true over restarts, and an operator who has dealt with a
 * file deletes it.
 */
import type { Files } from '../files.js';
import { CURSOR_READ_BYTES } from '../limits.js';
import type { Block } from '../log/block.js';
import { writeBlockFile } from '../log/block-file.js';
import type { Log } from '../log/log.js';

const FILE = /^[0-9a-f]{40}-(\d+)-(\d+)\.blocks$/;

/**
 * Copies the commands after `offset`, of which there are some, to a file of
 * their own, durably.
 * @returns the file's name; undefined where they were saved before.
 * @throws HeadwaterError `trimmed` where the log does not hold them whole; there is no file then.
 */
export async function saveLostWrites(
  files: Files,
  directory: string,
  log: Log,
  offset: number,
): Promise<string | undefined> {
  const name = `${log.end.replicationId}-${offset + 1}-${log.end.offset}.blocks`;
  try {
    await writeBlockFile(files, directory, name, blocksAfter(log, offset));
    return name;
  } catch (error) {
    // The same writes were saved by a resync that was cut short.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

/** The names of the files in `directory`, sorted; none where there is no such directory. */
export async function lostWritesFiles(files: Files, directory: string): Promise<string[]> {
  try {
    return (await files.list(directory)).filter((name) => FILE.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** How many commands files of these names hold. */
export function countLostWrites(names: readonly string[]): number {
  return names.reduce((sum, name) => {
    const held = FILE.exec(name);
    return held ? sum + Number(held[2]) - Number(held[1]) + 1 : sum;
  }, 0);
}

async function* blocksAfter(log: Log, offset: number): AsyncGenerator<Buffer> {
  for (let at = offset; ; ) {
    const blocks = await log.read(at, CURSOR_READ_BYTES);
    if (blocks.length === 0) return;
    for (const block of blocks) yield block.bytes;
    at = (blocks.at(-1) as Block).lastOffset;
  }
}
