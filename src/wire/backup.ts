/**
 * The messages of Backup, and the messages inside a backup file (proto/headwater/v1/disk.proto), with checked numbers.
 */
import type { LineageRow } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import { positionOf, rowOf, toPosition, toRow } from './frame.js';
import { headwater } from './generated.js';
import { bytesOf, decodeMessage } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

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

export function encodeBackupRequest(request: BackupRequest): Buffer {
  return v1.BackupRequest.encode(request).finish() as Buffer;
}

export function decodeBackupRequest(bytes: Buffer): BackupRequest {
  const { backupId, chunk } = decodeMessage('BackupRequest', bytes, v1.BackupRequest);
  return { backupId, chunk: toNumber(chunk, 'chunk') };
}

export function encodeBackupResponse(response: BackupResponse): Buffer {
  return v1.BackupResponse.encode(response).finish() as Buffer;
}

/** Decodes without a copy: the bytes are a view of the message. */
export function decodeBackupResponse(message: Buffer): BackupResponse {
  const { backupId, chunk, bytes, more, last, keys } = decodeMessage('BackupResponse', message, v1.BackupResponse);
  const [number, keysSoFar] = [toNumber(chunk, 'chunk'), toNumber(keys, 'keys')];
  return { backupId, chunk: number, bytes: bytesOf(bytes), more, last, keys: keysSoFar };
}

export function encodeBackupHead(head: BackupHead): Buffer {
  const message = { ...head, position: positionOf(head.position), lineage: head.lineage.map(rowOf) };
  return v1.BackupHead.encode(message).finish() as Buffer;
}

export function decodeBackupHead(bytes: Buffer): BackupHead {
  // The message is not destructured, because only the message itself has the defaults of absent fields.
  const message = decodeMessage('BackupHead', bytes, v1.BackupHead);
  return {
    position: toPosition(message.position),
    timeMs: toNumber(message.timeMs, 'time_ms'),
    lineage: message.lineage.map(toRow),
    clusterId: message.clusterId,
    nodeId: message.nodeId,
    madeMs: toNumber(message.madeMs, 'made_ms'),
    keysEstimate: toNumber(message.keysEstimate, 'keys_estimate'),
    compression: message.compression,
    recordFormat: message.recordFormat,
  };
}

export function encodeBackupEnd(end: BackupEnd): Buffer {
  return v1.BackupEnd.encode(end).finish() as Buffer;
}

export function decodeBackupEnd(bytes: Buffer): BackupEnd {
  const { keys, digest, chunks, sha256 } = decodeMessage('BackupEnd', bytes, v1.BackupEnd);
  return {
    keys: toNumber(keys, 'keys'),
    digest: bytesOf(digest),
    chunks: toNumber(chunks, 'chunks'),
    sha256: bytesOf(sha256),
  };
}
