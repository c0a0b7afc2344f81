/** The messages inside an archive file (proto/headwater/v1/disk.proto), with checked numbers. */
import type { LineageRow } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import { positionOf, rowOf, toPosition, toRow } from './frame.js';
import { headwater } from './generated.js';
import { bytesOf, decodeMessage } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

export interface ArchiveHead {
  /** The position right before the first block. */
  readonly base: Position;
  readonly clusterId: string;
  readonly nodeId: string;
  /** Milliseconds since the epoch. */
  readonly madeMs: number;
}

export interface ArchiveEnd {
  /** The position of the last block. */
  readonly position: Position;
  /** The time of the last block, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly lineage: readonly LineageRow[];
  readonly blocks: number;
  /** SHA-256 over all bytes of the file before, 32 bytes. */
  readonly sha256: Buffer;
}

export function encodeArchiveHead(head: ArchiveHead): Buffer {
  return v1.ArchiveHead.encode({ ...head, base: positionOf(head.base) }).finish() as Buffer;
}

export function decodeArchiveHead(bytes: Buffer): ArchiveHead {
  const { base, clusterId, nodeId, madeMs } = decodeMessage('ArchiveHead', bytes, v1.ArchiveHead);
  return { base: toPosition(base), clusterId, nodeId, madeMs: toNumber(madeMs, 'made_ms') };
}

export function encodeArchiveEnd(end: ArchiveEnd): Buffer {
  const message = { ...end, position: positionOf(end.position), lineage: end.lineage.map(rowOf) };
  return v1.ArchiveEnd.encode(message).finish() as Buffer;
}

export function decodeArchiveEnd(bytes: Buffer): ArchiveEnd {
  const { position, timeMs, lineage, blocks, sha256 } = decodeMessage('ArchiveEnd', bytes, v1.ArchiveEnd);
  return {
    position: toPosition(position),
    timeMs: toNumber(timeMs, 'time_ms'),
    lineage: lineage.map(toRow),
    blocks: toNumber(blocks, 'blocks'),
    sha256: bytesOf(sha256),
  };
}
