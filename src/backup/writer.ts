/**
 * A snapshot as the chunks of a backup file, each made when it is asked for: one
 * of them is in memory at a time, whatever the size of the keyspace.
 */
import { compressSync } from 'lz4-napi';
import { HeadwaterError } from '../errors.js';
import { describeKey, isDamage } from '../keyspace/record.js';
import { KeyspaceDigest, type KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { BackupHead } from '../wire/backup.js';
import { ChunkSealer, EntryPacker } from './format.js';

/** Faster than what suits scans; some 2 ms of the event loop at a time. */
const READING = { chunkEntries: 1_024, readAheadBytes: 512 * 1024 };

export interface WrittenChunk {
  /** As they stand in the file. */
  readonly bytes: Buffer;
  /** In the file up to the end of this chunk. */
  readonly keys: number;
  readonly last: boolean;
}

/**
 * All chunks of the file; the first has the preamble before it.
 * @throws HeadwaterError `corrupt` naming the place where a record is damaged;
 *   the reason for which the snapshot was closed.
 */
export async function* writeChunks(snapshot: KeyspaceSnapshot, head: BackupHead): AsyncGenerator<WrittenChunk> {
  const sealer = new ChunkSealer();
  const digest = new KeyspaceDigest();
  yield { bytes: sealer.head(head), keys: 0, last: false };
  for await (const { raw, keys } of packed(snapshot, digest))
    yield { bytes: sealer.entries(smaller(raw), raw.length), keys, last: false };
  const { keys } = digest;
  yield { bytes: sealer.end({ keys, digest: digest.finish() }), keys, last: true };
}

/**
 * As it is where compression does not help. In the thread pool it would be off
 * the event loop, for the 1 or 2 ms that it takes; but what is allocated there
 * stays in the arenas of those threads: measured, 300 MB of chunks left 300 MB
 * of resident memory.
 */
function smaller(raw: Buffer): Buffer {
  const compressed = compressSync(raw);
  return compressed.length < raw.length ? compressed : raw;
}

/** Entries for a chunk each, with the number of keys up to its end: as many as fit into it, and one at least. `raw` is to be used before the next is asked for. */
async function* packed(
  snapshot: KeyspaceSnapshot,
  digest: KeyspaceDigest,
): AsyncGenerator<{ raw: Buffer; keys: number }> {
  const packer = new EntryPacker();
  let keys = 0;
  let last: Buffer | undefined;
  try {
    for await (const entries of snapshot.chunks(undefined, READING)) {
      digest.add(entries);
      for (const entry of entries) {
        if (!packer.add(entry)) {
          yield { raw: packer.take(), keys };
          packer.add(entry);
        }
        keys++;
      }
      last = entries.at(-1)?.[0];
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    const behind = last ? ` behind ${describeKey(last)}` : '';
    throw new HeadwaterError(error.code, `the keyspace cannot be backed up${behind}: ${error.message}`, {
      cause: error,
    });
  }
  if (!packer.isEmpty) yield { raw: packer.take(), keys };
}
