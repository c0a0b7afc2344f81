/**
 * A snapshot as the chunks of a backup file. It reads ahead of the compression,
 * which runs in the thread pool, by a few chunks and no more, so its memory is
 * bounded whatever the size of the keyspace.
 */
import { compress } from 'lz4-napi';
import { HeadwaterError } from '../errors.js';
import { describeKey, isDamage } from '../keyspace/record.js';
import { type KeyAndRecord, KeyspaceDigest, type KeyspaceSnapshot } from '../keyspace/snapshot.js';
import { BACKUP_CHUNK_BYTES, BACKUP_CHUNKS_COMPRESSING_MAX } from '../limits.js';
import type { BackupHead } from '../wire/backup.js';
import { ChunkSealer, encodeEntries, entryBytes } from './format.js';

export interface WrittenChunk {
  /** As they stand in the file. */
  readonly bytes: Buffer;
  /** In the file up to the end of this chunk. */
  readonly keys: number;
  readonly last: boolean;
}

interface Compressing {
  readonly stored: Promise<Buffer>;
  readonly rawBytes: number;
  readonly keys: number;
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
  const waiting: Compressing[] = [];
  const first = async () => {
    const { stored, rawBytes, keys } = waiting.shift() as Compressing;
    return { bytes: sealer.entries(await stored, rawBytes), keys, last: false };
  };
  for await (const { entries, bytes } of groupsOf(snapshot)) {
    digest.add(entries);
    const raw = encodeEntries(entries, bytes);
    const stored = smaller(raw);
    // Whoever leaves before its turn has no use for its failure.
    stored.catch(() => {});
    waiting.push({ stored, rawBytes: raw.length, keys: digest.keys });
    if (waiting.length >= BACKUP_CHUNKS_COMPRESSING_MAX) yield await first();
  }
  while (waiting.length > 0) yield await first();
  const { keys } = digest;
  yield { bytes: sealer.end({ keys, digest: digest.finish() }), keys, last: true };
}

/** As it is where compression does not help. */
async function smaller(raw: Buffer): Promise<Buffer> {
  const compressed = await compress(raw);
  return compressed.length < raw.length ? compressed : raw;
}

/** Entries for a chunk each: as many as fit into its size, and one at least. */
async function* groupsOf(snapshot: KeyspaceSnapshot): AsyncGenerator<{ entries: KeyAndRecord[]; bytes: number }> {
  let entries: KeyAndRecord[] = [];
  let bytes = 0;
  let last: Buffer | undefined;
  try {
    for await (const chunk of snapshot.chunks()) {
      for (const entry of chunk) {
        const more = entryBytes(entry);
        if (bytes + more > BACKUP_CHUNK_BYTES && bytes > 0) {
          yield { entries, bytes };
          entries = [];
          bytes = 0;
        }
        entries.push(entry);
        bytes += more;
      }
      last = chunk.at(-1)?.[0];
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    const from = last ? `behind ${describeKey(last)}` : 'at the first keys';
    throw new HeadwaterError(error.code, `the keyspace cannot be backed up ${from}: ${error.message}`, {
      cause: error,
    });
  }
  if (bytes > 0) yield { entries, bytes };
}
