/**
 * The chunks of a backup file out of entries in key order, one of them in
 * memory at a time. Each record is verified: a backup of what is damaged is none.
 */
import { compressSync } from 'lz4-napi';
import { BACKUP_CHUNK_BYTES } from '../base/limits.js';
import { KeyspaceDigest } from '../keyspace/digest.js';
import { EntryPacker } from '../keyspace/entry-packer.js';
import type { BackupHead } from '../wire/backup.js';
import { ChunkSealer } from './format.js';

export interface WrittenChunk {
  /** As they stand in the file. */
  readonly bytes: Buffer;
  /** In the file up to the end of this chunk. */
  readonly keys: number;
  readonly last: boolean;
}

export class ChunkWriter {
  readonly #sealer = new ChunkSealer();
  readonly #digest = new KeyspaceDigest();
  readonly #packer = new EntryPacker(BACKUP_CHUNK_BYTES);

  /** The first chunk, with the preamble before it. */
  begin(head: BackupHead): WrittenChunk {
    return { bytes: this.#sealer.head(head), keys: 0, last: false };
  }

  /**
   * Key and record are key[keyStart..keyEnd) and record[recordStart..recordEnd); they are copied.
   * @returns a chunk where those before have filled it.
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

  /** What is left, and the end. @throws as `add`. */
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
 * As it is where compression does not help. In the thread pool it would be
 * beside the rest; but what is allocated there stays in the arenas of those
 * threads: measured, 300 MB of chunks left 300 MB of resident memory.
 */
function smaller(raw: Buffer): Buffer {
  const compressed = compressSync(raw);
  return compressed.length < raw.length ? compressed : raw;
}
