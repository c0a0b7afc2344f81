/** The figures of a store that only metrics show. The status has the others. */
import type { DatabaseFigures } from '../disk/leveldb/figures.js';
import type { CheckpointFigures } from './checkpoint.js';
import type { CommitFigures } from './commit-figures.js';
import type { StoreData } from './data.js';
import type { Snapshots } from './snapshots.js';
import type { Writes } from './writes.js';

export interface StoreFigures {
  readonly commits: CommitFigures;
  /** Undefined while nothing is served. */
  readonly checkpoints: CheckpointFigures | undefined;
  /** Bytes of operations that wait for the writer or at the gate. */
  readonly queuedBytes: number;
  /** The memory of recent writes and of recent reads. All are 0 while nothing is served. */
  readonly overlayBytes: number;
  /** The memory of the layer that a checkpoint has written out last, and that reads still find. */
  readonly writtenLayerBytes: number;
  readonly frozenLayers: number;
  readonly readCacheBytes: number;
  /** The memory of the prints, which tell new keys from those on disk: 11 to 32 bits a key. */
  readonly keyPrintsBytes: number;
  /** The databases of the log and the keyspace. None while nothing is served. */
  readonly databases: readonly DatabaseFigures[];
  /** The time of the last block, in milliseconds since the epoch. */
  readonly endTimeMs: number;
}

interface Parts {
  readonly data: StoreData;
  readonly snapshots: Snapshots;
  readonly writes: Writes;
}

/** @param commits the figures that the store was opened with. */
export function storeFigures({ data, snapshots, writes }: Parts, commits: CommitFigures): StoreFigures {
  const generation = data.isServing ? data.generation : undefined;
  return {
    commits,
    checkpoints: snapshots.checkpoints,
    queuedBytes: writes.queuedBytes,
    overlayBytes: generation?.keyspace.overlay.bytes ?? 0,
    writtenLayerBytes: generation?.keyspace.overlay.writtenBytes ?? 0,
    frozenLayers: generation?.keyspace.overlay.frozenLayers ?? 0,
    ...(generation?.figures ?? { databases: [], readCacheBytes: 0, keyPrintsBytes: 0 }),
    endTimeMs: data.endTimeMs,
  };
}
