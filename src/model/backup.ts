/** The requests and replies of a backup, and the first and last chunk of a backup file. */
import type { LineageRow } from './lineage.js';
import type { Position } from './position.js';

export interface BackupRequest {
  /** Names a backup that has begun. Empty to begin a new one. */
  readonly backupId: string;
  /** The first chunk that the caller wants, from 0. The chunks before it have arrived. */
  readonly chunk: number;
}

export interface BackupResponse {
  readonly backupId: string;
  readonly chunk: number;
  /** The whole chunk, or its next part. */
  readonly bytes: Buffer;
  /** True if more of the same chunk follows. */
  readonly more: boolean;
  /** True if the file ends with this chunk. */
  readonly last: boolean;
  /** Keys in the file up to the end of this chunk. */
  readonly keys: number;
}

export interface BackupHead {
  /** The position whose keyspace the file holds. */
  readonly position: Position;
  /** The time of the last block up to the position, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly lineage: readonly LineageRow[];
  /** The ID of the cluster, empty if the node never belonged to one. */
  readonly clusterId: string;
  readonly nodeId: string;
  /** Milliseconds since the epoch. */
  readonly madeMs: number;
  readonly keysEstimate: number;
  /** The compression of chunks that are smaller than their content. */
  readonly compression: string;
  readonly recordFormat: number;
}

export interface BackupEnd {
  readonly keys: number;
  /** Has 32 bytes. */
  readonly digest: Buffer;
  /** Chunks before this one. */
  readonly chunks: number;
  /** SHA-256 over all bytes of the file before this chunk, 32 bytes. */
  readonly sha256: Buffer;
}
