/**
 * The messages of Backup, and the messages inside a backup file (proto/headwater/v1/disk.proto), with checked numbers.
 */
import type { BackupEnd, BackupHead, BackupRequest, BackupResponse } from '../model/backup.js';
import { positionOf, rowOf, toPosition, toRow } from './frame.js';
import { headwater } from './generated.js';
import { bytesOf, decodeMessage } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

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
