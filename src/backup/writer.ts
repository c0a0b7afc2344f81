/**
 * The chunks of a backup file out of entries in key order, one of them in
 * memory at a time. Each record is verified: a backup of what is damaged is none.
 */
import { compressSync } from 'lz4-napi';
import { KeyspaceDigest } from '../keyspace/digest.js';
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

  /** The first chunk, with the preamble before it. */
  begin(head: BackupHead): WrittenChunk {
    return { bytes: this.#sealer.head(head), keys: 0, last: false };
  }

  /**
   * @param packed entries of packed.ts; not needed any more afterwards.
   * @throws HeadwaterError `corrupt` or `unknown_format` naming the key of a damaged record.
   */
  entries(packed: Buffer): WrittenChunk {
    this.#digest.addPacked(packed);
    return { bytes: this.#sealer.entries(smaller(packed), packed.length), keys: this.#digest.keys, last: false };
  }

  end(): WrittenChunk {
    const { keys } = this.#digest;
    return { bytes: this.#sealer.end({ keys, digest: this.#digest.finish() }), keys, last: true };
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
