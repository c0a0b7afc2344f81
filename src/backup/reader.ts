/**
 * Reads a backup file, from any source of bytes, as verified parts. Only a chunk or two are in memory at a
 * time. Decompression runs on the calling thread, for the reason given in writer.ts.
 */

import { uncompressSync } from 'lz4-napi';
import { HeadwaterError } from '../base/errors.js';
import type { BackupEnd, BackupHead } from '../model/backup.js';
import { ByteReader } from './byte-reader.js';
import { CHUNK_HEADER_BYTES, type Chunk, ChunkChain, checkPreamble, PREAMBLE_BYTES } from './format.js';

export type BackupSection =
  | { readonly kind: 'head'; readonly head: BackupHead }
  /** `raw` is the input of `unpackEntries`. */
  | { readonly kind: 'entries'; readonly raw: Buffer }
  | { readonly kind: 'end'; readonly end: BackupEnd };

/**
 * Yields the head first, then entries in key order, then the end. The records themselves are not verified.
 * @param name the file's, which errors about the content begin with.
 * @throws HeadwaterError `corrupt` if the file is damaged, cut off or not a backup, or `unknown_format`.
 */
export async function* readBackup(source: AsyncIterable<Buffer>, name?: string): AsyncGenerator<BackupSection> {
  try {
    for await (const chunk of verifiedChunks(source))
      yield chunk.kind === 'entries' ? { kind: 'entries', raw: rawOf(chunk) } : chunk;
  } catch (error) {
    const isOfContent = HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'unknown_format');
    if (name === undefined || !isOfContent) throw error;
    throw new HeadwaterError(error.code, named(name, error.message), { cause: error });
  }
}

/** The message, with the name of the file in front if it is known, and not there already. */
export function named(name: string | undefined, message: string): string {
  return name === undefined || message.startsWith(name) ? message : `${name}: ${message}`;
}

async function* verifiedChunks(source: AsyncIterable<Buffer>): AsyncGenerator<Chunk> {
  const bytes = new ByteReader(source);
  const chain = new ChunkChain();
  try {
    const preamble = await bytes.take(PREAMBLE_BYTES);
    checkPreamble(preamble);
    for (;;) {
      const header = await bytes.peek(CHUNK_HEADER_BYTES);
      if (header.length < CHUNK_HEADER_BYTES) throw chain.cutOff();
      const length = chain.lengthOf(header);
      const chunk = await bytes.take(length);
      if (chunk.length < length) throw chain.cutOff();
      const taken = chain.take(chunk);
      // This check comes before the end is yielded: a caller that has the end asks for nothing more.
      if (chain.ended && (await bytes.peek(1)).length > 0) throw chain.tooLong();
      yield taken;
      if (chain.ended) return;
    }
  } finally {
    await bytes.close();
  }
}

function rawOf({ stored, rawBytes }: Chunk & { kind: 'entries' }): Buffer {
  if (stored.length === rawBytes) return stored;
  const damaged = (why: string, cause?: unknown) =>
    new HeadwaterError('corrupt', `the backup is damaged: a chunk cannot be decompressed: ${why}`, { cause });
  // This check comes first, because the decompressor allocates as much as these four bytes say.
  const size = stored.length >= 4 ? stored.readUInt32LE() : 0;
  if (size !== rawBytes) throw damaged(`expected ${rawBytes} bytes, its header says ${size}`);
  try {
    const raw = uncompressSync(stored);
    if (raw.length === rawBytes) return raw;
    throw new Error(`expected ${rawBytes} bytes, received ${raw.length}`);
  } catch (cause) {
    throw damaged((cause as Error).message, cause);
  }
}
