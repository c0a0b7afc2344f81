/**
 * What stands in the log database: its keys and the bytes
 * of its small records. Keys begin with one letter:
 *
 *   b ‖ last offset u64    a block (block.ts)
 *   l ‖ first offset u64   a lineage row
 *   m ‖ "base"             where the log begins
 *   m ‖ "format"           the number of this layout
 *
 * A lineage row is replication ID (20) ‖ checksum u32 ‖ epoch u64; the base is
 * replication ID (20) ‖ checksum u32 ‖ offset u64. Integers are big-endian.
 */
import type { LineageRow } from '../lineage.js';
import type { Position } from '../position.js';
import { readUint64, writeUint64 } from '../uint64.js';

export const LOG_LAYOUT = 1;

export const BASE_KEY = Buffer.from('mbase');
export const FORMAT_KEY = Buffer.from('mformat');

const BLOCK_PREFIX = 'b'.charCodeAt(0);
const LINEAGE_PREFIX = 'l'.charCodeAt(0);
const ROW_BYTES = 32;

export function blockKey(lastOffset: number): Buffer {
  return numberedKey(BLOCK_PREFIX, lastOffset);
}

/** The range of all blocks. */
export const BLOCKS_FROM = Buffer.from([BLOCK_PREFIX]);
export const BLOCKS_TO = Buffer.from([BLOCK_PREFIX + 1]);

export function lineageKey(firstOffset: number): Buffer {
  return numberedKey(LINEAGE_PREFIX, firstOffset);
}

export const LINEAGE_FROM = Buffer.from([LINEAGE_PREFIX]);
export const LINEAGE_TO = Buffer.from([LINEAGE_PREFIX + 1]);

export function offsetOfKey(key: Buffer): number {
  return readUint64(key, 1);
}

function numberedKey(prefix: number, value: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = prefix;
  writeUint64(key, value, 1);
  return key;
}

export function encodeLineageRow(row: LineageRow): Buffer {
  return encodeRow(row.replicationId, row.checksum, row.epoch);
}

export function decodeLineageRow(firstOffset: number, bytes: Buffer): LineageRow {
  const { replicationId, checksum, number } = decodeRow(bytes);
  return { replicationId, firstOffset, checksum, epoch: number };
}

export function encodeBase(base: Position): Buffer {
  return encodeRow(base.replicationId, base.checksum, base.offset);
}

export function decodeBase(bytes: Buffer): Position {
  const { replicationId, checksum, number } = decodeRow(bytes);
  return { replicationId, offset: number, checksum };
}

function encodeRow(replicationId: string, checksum: number, number: number): Buffer {
  const bytes = Buffer.alloc(ROW_BYTES);
  bytes.write(replicationId, 0, 20, 'hex');
  bytes.writeUInt32BE(checksum, 20);
  writeUint64(bytes, number, 24);
  return bytes;
}

function decodeRow(bytes: Buffer): { replicationId: string; checksum: number; number: number } {
  return {
    replicationId: bytes.toString('hex', 0, 20),
    checksum: bytes.readUInt32BE(20),
    number: readUint64(bytes, 24),
  };
}
