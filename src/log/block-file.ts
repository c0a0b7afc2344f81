/**
 * Blocks in a file of their own: the blocks that a recovery took out of the log, or that a resync had no place for.
 * Each block is a length (u32, big-endian) and that many bytes, verbatim. A reader knows a cut-off end by the length.
 * Blocks are written as they come, one in memory at a time.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { HeadwaterError } from '../base/errors.js';
import { BLOCK_BYTES_CEILING } from '../base/limits.js';
import type { Files } from '../disk/files.js';

type Blocks = AsyncIterable<Buffer> | Iterable<Buffer>;

/** A file is named by 128 bits of the digest of its content. */
const DIGEST_DIGITS = 32;

/**
 * Writes a new file, whole or not at all, and makes it durable.
 * @throws `EEXIST` if there is a file of that name, which is then whole.
 */
export async function writeBlockFile(files: Files, directory: string, name: string, blocks: Blocks): Promise<void> {
  const file = `${directory}/${name}`;
  if ((await files.list(directory)).includes(name)) {
    // The process that wrote the file may have died before the name was durable.
    await files.syncDirectory(directory);
    throw Object.assign(new Error(`${file} exists already`), { code: 'EEXIST' });
  }
  await writeWhole(files, directory, `${name}.new`, blocks, () => name);
}

/**
 * Writes a new file as `writeBlockFile` does, under a name that the content decides. A writer that is cut short after
 * the rename and begins again leaves one copy and not two. A content that differs in a single bit gets a name of its
 * own.
 * @returns the name.
 */
export async function keepBlocks(files: Files, directory: string, prefix: string, blocks: Blocks): Promise<string> {
  return writeWhole(files, directory, `${prefix}.new`, blocks, (digest) => `${prefix}-${digest}.blocks`);
}

async function writeWhole(
  files: Files,
  directory: string,
  aside: string,
  blocks: Blocks,
  nameOf: (digest: string) => string,
): Promise<string> {
  const hash = createHash('sha256');
  const writer = await files.create(`${directory}/${aside}`);
  let name: string;
  try {
    for await (const bytes of blocks) {
      const framed = Buffer.allocUnsafe(4 + bytes.length);
      framed.writeUInt32BE(bytes.length);
      framed.set(bytes, 4);
      hash.update(framed);
      await writer.append(framed);
    }
    await writer.sync();
    name = nameOf(hash.digest('hex').slice(0, DIGEST_DIGITS));
    await files.rename(`${directory}/${aside}`, `${directory}/${name}`);
  } finally {
    await writer.close();
    await files.remove(`${directory}/${aside}`);
  }
  await files.syncDirectory(directory);
  return name;
}

/**
 * Yields the blocks of a file, verbatim, one in memory at a time.
 * @throws HeadwaterError `corrupt` if the file ends inside a block, or is not a file of blocks.
 */
export async function* readBlockFile(file: string): AsyncGenerator<Buffer> {
  const handle = await open(file, 'r');
  try {
    const length = Buffer.alloc(4);
    for (let at = 0; ; ) {
      const { bytesRead } = await handle.read(length, 0, 4, at);
      if (bytesRead === 0) return;
      const size = bytesRead === 4 ? length.readUInt32BE() : 0;
      if (bytesRead === 4 && (size === 0 || size > BLOCK_BYTES_CEILING))
        throw new HeadwaterError(
          'corrupt',
          `${file}: expected the length of a block at byte ${at}, 1 to ${BLOCK_BYTES_CEILING}, received ${size}. Check that this is a file of blocks`,
        );
      const bytes = Buffer.allocUnsafeSlow(size);
      const read = bytesRead === 4 ? await handle.read(bytes, 0, size, at + 4) : { bytesRead: -1 };
      if (read.bytesRead !== size)
        throw new HeadwaterError(
          'corrupt',
          `${file}: the file ends inside the block at byte ${at}; the blocks before it are complete`,
        );
      yield bytes;
      at += 4 + size;
    }
  } finally {
    await handle.close();
  }
}
