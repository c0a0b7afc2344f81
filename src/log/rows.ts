/**
 * The keys of the log database and the bytes of its small records. Keys begin with one letter:
 *
 *   L ‖ first offset u64   a lineage row
 *   M ‖ "base"             where the log begins
 *   b ‖ last offset u64    a block (block.ts)
 *   m ‖ "format"           the number of this layout, one byte
 *
 * The rows stand before the blocks. A LevelDB file that holds blocks and a row behind them would span all blocks to
 * come, and LevelDB would write each of these twice. Only the number of the layout stands behind the blocks, in a file
 * of its own, because every version has looked for it there. In layout 1 (layout.ts) the rows stood behind the blocks,
 * under l and m.
 *
 * Layout 2, integers big-endian. A lineage row:
 *
 *   at  size
 *    0    20  replication ID
 *   20     4  running checksum right before the first offset
 *   24     8  epoch
 *   32     4  CRC-32 (zlib's) over the key and all bytes before
 *
 * The base:
 *
 *   at  size
 *    0    20  replication ID
 *   20     4  running checksum at the offset
 *   24     8  offset
 *   32     8  time of the block that ends there, milliseconds since the epoch
 *   40     4  CRC-32 (zlib's) over the key and all bytes before
 *
 * LevelDB serves a flipped bit as if it had been written. These rows decide which histories are ours, where the log
 * begins and from which checksum it chains. So each row has a checksum of its own, which covers the key too, so that a
 * row cannot turn up under another's key. A row that does not match is never guessed at: its reader refuses by name.
 */
import { checkedRow, valueOfCheckedRow } from '../base/checked-row.js';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { readUint64, writeUint64 } from '../base/uint64.js';
import type { LineageRow } from '../model/lineage.js';
import { ORIGIN, type Position } from '../model/position.js';

export const LOG_LAYOUT = 2;

export const BASE_KEY = Buffer.from('Mbase');
export const FORMAT_KEY = Buffer.from('mformat');

const BLOCK_PREFIX = 'b'.charCodeAt(0);
const LINEAGE_PREFIX = 'L'.charCodeAt(0);
/** Lengths without the checksum. */
export const LINEAGE_ROW_BYTES = 32;
const BASE_BYTES = 40;

/** The base of the log: the place right before its first block. */
export interface Base {
  readonly position: Position;
  /**
   * The time of the block that ends at the position, milliseconds since the epoch. This time keeps the clock from going
   * back while the log above is empty. After a full resync this is the upstream's clock when it sent the snapshot,
   * which is no earlier. If the block could not be read any more, the time is an earlier one. At the origin it is 0.
   */
  readonly timeMs: number;
}

export const EMPTY_BASE: Base = Object.freeze({ position: ORIGIN, timeMs: 0 });

export function blockKey(lastOffset: number): Buffer {
  return numberedKey(BLOCK_PREFIX, lastOffset);
}

/** The range of all blocks. */
export const BLOCKS_FROM = Buffer.from([BLOCK_PREFIX]);
export const BLOCKS_TO = Buffer.from([BLOCK_PREFIX + 1]);

export function lineageKey(firstOffset: number): Buffer {
  return numberedKey(LINEAGE_PREFIX, firstOffset);
}

/** A key behind every other: nothing stands in the range from here on. */
export const BEHIND_ALL = Buffer.from([0xff]);

export const LINEAGE_FROM = Buffer.from([LINEAGE_PREFIX]);
export const LINEAGE_TO = Buffer.from([LINEAGE_PREFIX + 1]);

/** @throws HeadwaterError `corrupt` if the key is not one of a block or a lineage row. */
export function offsetOfKey(key: Buffer): number {
  if (key.length !== 9) {
    throw new HeadwaterError('corrupt', `a numbered row has a key of 9 bytes, received ${key.toString('hex')}`);
  }
  return readUint64(key, 1);
}

function numberedKey(prefix: number, value: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = prefix;
  writeUint64(key, value, 1);
  return key;
}

export function encodeLineageRow(row: LineageRow): Buffer {
  const bytes = Buffer.alloc(LINEAGE_ROW_BYTES);
  writeReplicationId(bytes, row.replicationId);
  bytes.writeUInt32BE(row.checksum, 20);
  writeUint64(bytes, row.epoch, 24);
  return checkedRow(lineageKey(row.firstOffset), bytes);
}

/** @throws HeadwaterError `corrupt` naming the row. */
export function decodeLineageRow(key: Buffer, row: Buffer): LineageRow {
  const firstOffset = offsetOfKey(key);
  const bytes = verified(`the lineage row from offset ${firstOffset}`, LINEAGE_ROW_BYTES, key, row);
  return {
    replicationId: bytes.toString('hex', 0, 20),
    firstOffset,
    checksum: bytes.readUInt32BE(20),
    epoch: readUint64(bytes, 24),
  };
}

export function encodeBase({ position, timeMs }: Base): Buffer {
  const bytes = Buffer.alloc(BASE_BYTES);
  writeReplicationId(bytes, position.replicationId);
  bytes.writeUInt32BE(position.checksum, 20);
  writeUint64(bytes, position.offset, 24);
  writeUint64(bytes, timeMs, 32);
  return checkedRow(BASE_KEY, bytes);
}

/**
 * @param key the key that the row stands under.
 * @throws HeadwaterError `corrupt` naming the row.
 */
export function decodeBase(row: Buffer, key = BASE_KEY): Base {
  const bytes = verified('the base row', BASE_BYTES, key, row);
  return {
    position: {
      replicationId: bytes.toString('hex', 0, 20),
      offset: readUint64(bytes, 24),
      checksum: bytes.readUInt32BE(20),
    },
    timeMs: readUint64(bytes, 32),
  };
}

function writeReplicationId(bytes: Buffer, replicationId: string): void {
  const written = bytes.write(replicationId, 0, 20, 'hex');
  invariant(written === 20, `a replication ID of 40 hexadecimal characters, not ${replicationId}`);
}

function verified(name: string, length: number, key: Buffer, row: Buffer): Buffer {
  const bytes = valueOfCheckedRow(key, row);
  if (!bytes)
    throw new HeadwaterError(
      'corrupt',
      `${name} in the log database does not match its checksum. The disk changed it: run "headwater verify"`,
    );
  if (bytes.length === length) return bytes;
  throw new HeadwaterError(
    'corrupt',
    `${name} in the log database has ${bytes.length} bytes, expected ${length}. The disk changed it: run "headwater verify"`,
  );
}
