/**
 * Blocks in a file of their own: what a recovery took out of the log, and what
 * a resync had no place for. Each is a length (u32, big-endian) and that many
 * bytes, verbatim; a reader knows a cut-off end by the length.
 */
import { open } from 'node:fs/promises';
import { syncDirectory } from '../level.js';

/** Writes a new file and makes it durable; refuses to overwrite one. */
export async function writeBlockFile(directory: string, name: string, blocks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
  const handle = await open(`${directory}/${name}`, 'wx', 0o600);
  try {
    for await (const bytes of blocks) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      await handle.writev([length, bytes]);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectory(directory);
}
