/**
 * A backup file as its verified parts, from wherever its bytes come; a chunk or
 * two are in memory at a time. Decompressed in place: writer.ts says why.
 */
import { uncompressSync } from 'lz4-napi';
import { HeadwaterError } from '../base/errors.js';
import type { BackupEnd, BackupHead } from '../wire/backup.js';
import { CHUNK_HEADER_BYTES, type Chunk, ChunkChain, checkPreamble, PREAMBLE_BYTES } from './format.js';

export type BackupPart =
  | { readonly kind: 'head'; readonly head: BackupHead }
  /** For `unpackEntries`. */
  | { readonly kind: 'entries'; readonly raw: Buffer }
  | { readonly kind: 'end'; readonly end: BackupEnd };

/**
 * The head first, then entries in key order, then the end; the records
 * themselves are not verified.
 * @throws HeadwaterError `corrupt` where the file is damaged, cut off or none of
 *   ours, or `unknown_format`.
 */
export async function* readBackup(source: AsyncIterable<Buffer>): AsyncGenerator<BackupPart> {
  for await (const chunk of verifiedChunks(source))
    yield chunk.kind === 'entries' ? { kind: 'entries', raw: rawOf(chunk) } : chunk;
}

async function* verifiedChunks(source: AsyncIterable<Buffer>): AsyncGenerator<Chunk> {
  const bytes = new Bytes(source);
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
      // Looked at before the end is given: whoever has that asks for nothing more.
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
  // Looked at first: the decompressor sets aside as much as these four bytes say.
  const size = stored.length >= 4 ? stored.readUInt32LE() : 0;
  if (size !== rawBytes) throw damaged(`expected ${rawBytes} bytes, it tells of ${size}`);
  try {
    const raw = uncompressSync(stored);
    if (raw.length === rawBytes) return raw;
    throw new Error(`expected ${rawBytes} bytes, received ${raw.length}`);
  } catch (cause) {
    throw damaged((cause as Error).message, cause);
  }
}

/** Bytes in pieces of the source's choice, taken in pieces of ours; no more in memory than both. */
class Bytes {
  readonly #source: AsyncIterator<Buffer>;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Fewer where the source ends. */
  async take(count: number): Promise<Buffer> {
    const bytes = await this.peek(count);
    const rest = this.#joined.subarray(bytes.length);
    this.#pieces = [rest];
    this.#length = rest.length;
    return bytes;
  }

  /** Likewise; they are still to be taken. */
  async peek(count: number): Promise<Buffer> {
    while (this.#length < count) {
      const next = await this.#source.next();
      if (next.done) break;
      this.#pieces.push(next.value);
      this.#length += next.value.length;
    }
    return this.#joined.subarray(0, count);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  get #joined(): Buffer {
    const [only] = this.#pieces;
    if (this.#pieces.length === 1 && only) return only;
    const joined = Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }
}
