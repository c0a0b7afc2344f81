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

/** The head of a backup. */
export interface BackupHead {
  /** The position whose keyspace the file holds. */
  readonly position: Position;
  /** The time of the last block up to the position, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** The histories that the data have lived in, oldest first. */
  readonly lineage: readonly LineageRow[];
  /** The ID of the cluster, empty if the node never belonged to one. */
  readonly clusterId: string;
  /** The ID of the node that made the backup. */
  readonly nodeId: string;
  /** Milliseconds since the epoch. */
  readonly madeMs: number;
  /** The approximate number of keys. */
  readonly keysEstimate: number;
  /** The compression of chunks that are smaller than their content. */
  readonly compression: string;
  /** The format of the records, a number. */
  readonly recordFormat: number;
}

/** The end of a backup, which proves the whole. */
export interface BackupEnd {
  /** The keys in the file. */
  readonly keys: number;
  /** Has 32 bytes. */
  readonly digest: Buffer;
  /** Chunks before this one. */
  readonly chunks: number;
  /** SHA-256 over all bytes of the file before this chunk, 32 bytes. */
  readonly sha256: Buffer;
}
