/**
 * Blocks in a file of their own: what a recovery took out of the log, and what
 * a resync had no place for. Each is a length (u32, big-endian) and that many
 * bytes, verbatim; a reader knows a cut-off end by the length.
 */
import { open, rename, rm, stat } from 'node:fs/promises';
import { syncDirectory } from '../level.js';

/**
 * Writes a new file, whole or not at all, and makes it durable.
 * @throws `EEXIST` where there is one of that name: it is whole then.
 */
export async function writeBlockFile(
  directory: string,
  name: string,
  blocks: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<void> {
  const file = `${directory}/${name}`;
  if (await isThere(file)) throw Object.assign(new Error(`${file} exists already`), { code: 'EEXIST' });
  const aside = `${file}.new`;
  const handle = await open(aside, 'w', 0o600);
  try {
    for await (const bytes of blocks) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      await handle.writev([length, bytes]);
    }
    await handle.sync();
    await rename(aside, file);
  } finally {
    await handle.close();
    await rm(aside, { force: true });
  }
  await syncDirectory(directory);
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
