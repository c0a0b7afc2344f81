/**
 * The source of a backup's chunks: the keyspace at one offset. A thread reads them from LevelDB's files, so
 * that the node itself only sends them. If there are no files, or too many, the chunks are read through
 * LevelDB like any snapshot.
 */

import type { Clock } from '../base/clock.js';
import { whenUnused } from '../base/disuse.js';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { SNAPSHOT_UNREAD_MS_MAX } from '../base/limits.js';
import { isDamage } from '../keyspace/record.js';
import { type KeyspaceSnapshot, unreadTooLong } from '../keyspace/snapshot.js';
import type { BackupHead } from '../model/backup.js';
import type { Position } from '../model/position.js';
import type { StoreData } from '../store/data.js';
import type { Snapshots } from '../store/snapshots.js';
import { BackupThread, type StartWorker } from './thread.js';
import { ChunkWriter, type WrittenChunk } from './writer.js';

/** The parts of the store that this file needs. */
export interface SourceStore {
  readonly data: Pick<StoreData, 'position'>;
  readonly snapshots: Pick<Snapshots, 'at' | 'keyspaceDirectory' | 'visitHere'>;
}

export interface Source {
  readonly position: Position;
  /** The number of keys. Undefined if they have not been counted. */
  readonly keys: number | undefined;
  /** Yields the chunks. May be called once. */
  chunks(head: BackupHead): AsyncGenerator<WrittenChunk>;
  /** Ends the reading and releases the keyspace. */
  release(): Promise<void>;
}

export interface SourceOptions {
  readonly clock: Clock;
  readonly startWorker: StartWorker;
}

/**
 * Opens the keyspace at the end of the log. The caller must release the source. The source also ends when the
 * store closes, or when nobody has read from it for an hour.
 */
export async function openSource(store: SourceStore, options: SourceOptions): Promise<Source> {
  const source = (await fromFiles(store, options)) ?? (await fromSnapshot(store));
  return { ...source, chunks: (head) => explained(counted(source.chunks(head), source)) };
}

/**
 * Opens LevelDB's files in a thread.
 * @returns undefined if there are no files, or too many.
 */
async function fromFiles(store: SourceStore, { clock, startWorker }: SourceOptions): Promise<Source | undefined> {
  if (store.snapshots.keyspaceDirectory === undefined) return undefined;
  const thread = await BackupThread.start(startWorker);
  const released = new HeadwaterError('internal', 'the backup has been released');
  try {
    return await store.snapshots.visitHere(async (keyspace, closing) => {
      const { position, epoch, keys } = keyspace.checkpoint;
      invariant(keyspace.directory !== undefined, 'a store whose keyspace has files keeps having them');
      await thread.open(keyspace.directory, closing);
      const close = () => void thread.end(HeadwaterError.from(closing.reason));
      closing.addEventListener('abort', close);
      // Open files take space on the disk even after a compaction has deleted them.
      let reads = 0;
      const giveUp = () => void thread.end(unreadTooLong());
      const stopWatching = whenUnused(clock, SNAPSHOT_UNREAD_MS_MAX, () => reads, giveUp);
      return {
        position,
        keys: keys ?? undefined,
        chunks: async function* (head) {
          for await (const chunk of thread.chunks(head, epoch, writesSeen(store))) {
            reads++;
            yield chunk;
          }
        },
        release: async () => {
          stopWatching();
          closing.removeEventListener('abort', close);
          await thread.end(released);
        },
      };
    });
  } catch (error) {
    await thread.end(released);
    if (HeadwaterError.is(error, 'overloaded')) return undefined;
    throw error;
  }
}

/** Returns a function that reports whether writes have come since its last call. */
function writesSeen(store: SourceStore): () => boolean {
  let { offset } = store.data.position;
  return () => {
    const before = offset;
    offset = store.data.position.offset;
    return offset > before;
  };
}

async function fromSnapshot(store: SourceStore): Promise<Source> {
  const snapshot = await store.snapshots.at();
  return {
    position: snapshot.position,
    keys: snapshot.keys,
    chunks: (head) => chunksOf(snapshot, head),
    release: () => snapshot.release(),
  };
}

async function* chunksOf(snapshot: KeyspaceSnapshot, head: BackupHead): AsyncGenerator<WrittenChunk> {
  const writer = new ChunkWriter();
  yield writer.begin(head);
  for await (const entries of snapshot.chunks()) {
    for (const [key, record] of entries) {
      const chunk = writer.add(key, 0, key.length, record, 0, record.length);
      if (chunk) yield chunk;
    }
  }
  yield* writer.end();
}

/**
 * Refuses a backup that has fewer keys than the checkpoint counted: its digest would only prove the keys that
 * are left.
 */
async function* counted(
  chunks: AsyncGenerator<WrittenChunk>,
  { keys, position }: Pick<Source, 'keys' | 'position'>,
): AsyncGenerator<WrittenChunk> {
  for await (const chunk of chunks) {
    if (chunk.last && keys !== undefined && chunk.keys !== keys)
      throw new HeadwaterError(
        'corrupt',
        `expected ${keys} keys at offset ${position.offset}, as the checkpoint counted, received ${chunk.keys}. Run "verify" on this node, and back up another node`,
      );
    yield chunk;
  }
}

async function* explained(chunks: AsyncGenerator<WrittenChunk>): AsyncGenerator<WrittenChunk> {
  try {
    yield* chunks;
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new HeadwaterError(error.code, `the keyspace cannot be backed up: ${error.message}`, { cause: error });
  }
}
