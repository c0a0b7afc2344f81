/**
 * The two rows of the keyspace database that say what the others are. `m ‖ "checkpoint"` holds a CheckpointRecord as JSON. `m ‖
 * "flushing"` holds the offset of the running flush as decimal text. Each has a checksum (checked-row.ts). Between a
 * flush's first chunk and its checkpoint the disk holds a mixture, which replay up to that offset makes whole.
 */
import { checkedRow, valueOfCheckedRow } from '../base/checked-row.js';
import { HeadwaterError } from '../base/errors.js';
import { unknownFormat } from '../base/unknown-format.js';
import type { Database } from '../disk/level.js';
import type { LineageRow } from '../model/lineage.js';
import { ORIGIN, type Position } from '../model/position.js';
import { type KeptSizes, RecordSizes } from './record-sizes.js';

export const CHECKPOINT_FORMAT = 1;
const CHECKPOINT_KEY = Buffer.from('mcheckpoint');
const FLUSHING_KEY = Buffer.from('mflushing');

/** The content of a checkpoint. */
export interface CheckpointRecord {
  readonly format: number;
  readonly position: Position;
  readonly lineage: readonly LineageRow[];
  /** The epoch of the records on disk. */
  readonly epoch: number;
  /** The number of records on disk. Null if a crash made it unknown. */
  readonly keys: number | null;
  /** Sizes of the records on disk. Absent if they are not known, and in checkpoints of earlier versions. */
  readonly sizes?: KeptSizes | undefined;
  /**
   * The number of prints of the keys on disk (key-prints.ts). Absent if they do not cover all records, and in checkpoints
   * of earlier versions.
   */
  readonly prints?: number | undefined;
  /** Set if no record of the epoch was ever deleted from the disk. */
  readonly unmarked?: true | undefined;
  /** Set if records of the node itself may be among the records. */
  readonly reserved?: true | undefined;
}

const EMPTY_CHECKPOINT: CheckpointRecord = {
  format: CHECKPOINT_FORMAT,
  position: ORIGIN,
  lineage: [],
  epoch: 0,
  keys: 0,
  sizes: new RecordSizes().kept,
  prints: 0,
  unmarked: true,
};

/**
 * Reads both rows. After a crash in the middle of a flush, the number of keys is not known.
 * @returns the checkpoint, and the offset of the flush that a crash interrupted, 0 if none.
 * @throws HeadwaterError `unknown_format` or `corrupt`.
 */
export async function readCheckpoint(db: Database): Promise<{ checkpoint: CheckpointRecord; flushingTo: number }> {
  const [checkpointBytes, flushingBytes] = await db.getMany([CHECKPOINT_KEY, FLUSHING_KEY]);
  const flushingTo = flushingBytes ? parseFlushing(flushingBytes, db.location) : 0;
  const checkpoint = checkpointBytes ? parseCheckpoint(checkpointBytes, db.location) : EMPTY_CHECKPOINT;
  if (flushingTo <= checkpoint.position.offset) return { checkpoint, flushingTo: 0 };
  return { checkpoint: { ...checkpoint, keys: null }, flushingTo };
}

/** The row of a checkpoint. Code that writes a keyspace from outside uses it too (loader.ts). */
export function checkpointRow(checkpoint: Omit<CheckpointRecord, 'format'>): [Buffer, Buffer] {
  const record: CheckpointRecord = { ...checkpoint, format: CHECKPOINT_FORMAT };
  return [CHECKPOINT_KEY, checkedRow(CHECKPOINT_KEY, Buffer.from(JSON.stringify(record)))];
}

/** The row that says that a flush to `offset` has begun. */
export function flushingRow(offset: number): [Buffer, Buffer] {
  return [FLUSHING_KEY, checkedRow(FLUSHING_KEY, Buffer.from(String(offset)))];
}

function parseCheckpoint(row: Buffer, location: string): CheckpointRecord {
  const record = JSON.parse(soundValue(CHECKPOINT_KEY, row, 'the checkpoint record', location)) as CheckpointRecord;
  if (record.format === CHECKPOINT_FORMAT) return record;
  throw unknownFormat({
    subject: location,
    name: 'checkpoint format',
    found: record.format,
    read: [CHECKPOINT_FORMAT],
  });
}

function parseFlushing(row: Buffer, location: string): number {
  return Number(soundValue(FLUSHING_KEY, row, 'the mark of a running flush', location));
}

/** @throws HeadwaterError `corrupt`, because a start from a damaged row would silently lose writes. */
function soundValue(key: Buffer, row: Buffer, what: string, location: string): string {
  const value = valueOfCheckedRow(key, row);
  if (value) return value.toString();
  throw new HeadwaterError('corrupt', `${location}: ${what} does not match its checksum: the disk changed it`);
}
