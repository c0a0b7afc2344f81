/**
 * Makes the chunks of a backup file from entries in key order. Only one chunk is in memory at a time. Each
 * record is verified, because a backup of damaged records is worthless.
 */

import { compressSync } from 'lz4-napi';
import { BACKUP_CHUNK_BYTES } from '../base/limits.js';
import { KeyspaceDigest } from '../keyspace/digest.js';
import { EntryPacker } from '../keyspace/entry-packer.js';
import type { BackupHead } from '../model/backup.js';
import { ChunkSealer } from './format.js';

export interface WrittenChunk {
  /** The bytes of the chunk in the file. */
  readonly bytes: Buffer;
  /** The number of keys in the file up to the end of this chunk. */
  readonly keys: number;
  readonly last: boolean;
}

export class ChunkWriter {
  readonly #sealer = new ChunkSealer();
  readonly #digest = new KeyspaceDigest();
  readonly #packer = new EntryPacker(BACKUP_CHUNK_BYTES);

  /** Returns the first chunk, with the preamble before it. */
  begin(head: BackupHead): WrittenChunk {
    return { bytes: this.#sealer.head(head), keys: 0, last: false };
  }

  /**
   * Adds an entry: key[keyStart..keyEnd) and record[recordStart..recordEnd). Both are copied.
   * @returns a chunk if the entries before have filled it.
   * @throws HeadwaterError `corrupt` or `unknown_format` naming the key of a damaged record.
   */
  add(
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    record: Buffer,
    recordStart: number,
    recordEnd: number,
  ): WrittenChunk | undefined {
    if (this.#packer.add(key, keyStart, keyEnd, record, recordStart, recordEnd)) return undefined;
    const chunk = this.#entries();
    this.#packer.add(key, keyStart, keyEnd, record, recordStart, recordEnd);
    return chunk;
  }

  /**
   * Yields the remaining entries and the end.
   * @throws HeadwaterError as `add` does.
   */
  *end(): Generator<WrittenChunk, void> {
    if (!this.#packer.isEmpty) yield this.#entries();
    const { keys } = this.#digest;
    yield { bytes: this.#sealer.end({ keys, digest: this.#digest.finish() }), keys, last: true };
  }

  #entries(): WrittenChunk {
    const packed = this.#packer.take();
    this.#digest.addPacked(packed);
    return { bytes: this.#sealer.entries(smaller(packed), packed.length), keys: this.#digest.keys, last: false };
  }
}

/**
 * Returns the bytes compressed, or unchanged if compression does not help. The thread pool could compress
 * beside other work. But its threads keep allocated memory in their arenas: 300 MB of chunks left 300 MB of
 * resident memory, measured.
 */
function smaller(raw: Buffer): Buffer {
  const compressed = compressSync(raw);
  return compressed.length < raw.length ? compressed : raw;
}
