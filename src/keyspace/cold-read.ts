/**
 * The part of a read that memory cannot answer: keys are looked up on disk in groups, and damage of one record is kept
 * apart from the others.
 */
import { HeadwaterError } from '../base/errors.js';
import { isOutOfDescriptors } from '../disk/files.js';
import { type Database, isUnreadable, type Snapshot } from '../disk/level.js';
import type { Entry } from '../model/command.js';
import { GroupSize } from './group-size.js';
import { type Miss, touched } from './overlay.js';
import type { ReadCache } from './read-cache.js';
import { dataKey, decodeRecord, isDamage } from './record.js';
import type { RecordSizes } from './record-sizes.js';

/** The result of a read, by the index of the key. */
export interface Found {
  readonly entries: ReadonlyArray<Entry | undefined>;
  /** Keys before this index were looked up. All keys, unless there was a bound on the bytes. */
  readonly count: number;
  /** Keys whose records are damaged (`corrupt`, `unknown_format`). They have no entry. Seldom any. */
  readonly damaged: ReadonlyMap<number, HeadwaterError> | undefined;
}

export interface ReadOptions {
  readonly bytesMax?: number | undefined;
  needsValue?(index: number): boolean;
}

/** The rows must be as of the turn in which the layers were read. */
const AS_OF_CALL = { later: false };
const NO_VALUE = Buffer.alloc(0);

export interface ColdKey {
  readonly index: number;
  readonly hash: number;
  readonly miss: Miss;
}

interface ColdRead {
  readonly keys: readonly Buffer[];
  /** The entries that memory knows. The read adds the others. */
  readonly entries: Array<Entry | undefined>;
  readonly cold: readonly ColdKey[];
  /** Bytes of values that memory has copied for this read. */
  readonly copiedBytes: number;
  readonly options: ReadOptions;
  readonly withSnapshot: boolean;
  /** The epoch of the records, as of the turn in which the layers were read: see level.ts. */
  readonly epoch: number;
  /** Sizes of the records on disk. */
  readonly sizes: RecordSizes;
  /** The cache to fill, and its number of changes as of the turn in which the layers were read. */
  readonly cache: ReadCache;
  readonly changes: number;
  /** Begins the whole read again, with a snapshot. */
  again(): Found | Promise<Found>;
}

/** The disk's result for a key: nothing, a record, or the reason why it cannot be read. */
type StoredRecord = Buffer | HeadwaterError | undefined;

/**
 * Reads in groups, so that the event loop turns in between. A single group is read as of its call. For more
 * groups, a snapshot keeps the state.
 */
export async function readCold(db: Database, read: ColdRead): Promise<Found> {
  const { keys, entries, cold, options, epoch, cache, changes } = read;
  const group = new GroupSize(read.sizes);
  const keyOf = ({ index }: ColdKey) => keys[index] as Buffer;
  let wanted = group.take(cold, 0, keyOf, 0);
  const snapshot = read.withSnapshot || cold.length > wanted.length ? db.snapshot() : undefined;
  const damaged = new Map<number, HeadwaterError>();
  const { bytesMax = Number.POSITIVE_INFINITY, needsValue } = options;
  const keep = (key: ColdKey, entry: Entry | undefined) => {
    if (!key.miss.touch) cache.add(keyOf(key), key.hash, entry, changes);
  };
  let next = 0;
  let bytes = read.copiedBytes;
  try {
    for (;;) {
      const rows = wanted.map(({ index }) => dataKey(epoch, keys[index] as Buffer));
      const records = await readRows(db, rows, snapshot);
      if (!records) return await read.again();
      const { bytesRead, bytesKept } = decodeInto({ keys, entries, damaged, needsValue, keep }, wanted, records);
      group.hasRead(wanted.length, bytesRead);
      bytes += bytesKept;
      next += wanted.length;
      if (next >= cold.length || bytes >= bytesMax) break;
      wanted = group.take(cold, next, keyOf, 0);
    }
  } finally {
    await snapshot?.close();
  }
  const count = cold[next]?.index ?? keys.length;
  return { entries, count, damaged: damaged.size > 0 ? damaged : undefined };
}

/**
 * Reads rows. If LevelDB reports damage, it does not say in which row. Then each row is read on its own, as
 * of the snapshot. Want of descriptors is no damage of a row. As of a snapshot, the call waits for
 * descriptors once for all rows.
 * @returns undefined if that needs a snapshot and there is none.
 */
async function readRows(
  db: Database,
  rows: Buffer[],
  snapshot: Snapshot | undefined,
): Promise<readonly StoredRecord[] | undefined> {
  try {
    return await db.getMany(rows, snapshot, AS_OF_CALL);
  } catch (error) {
    if (!cannotBeRead(error)) throw error;
    if (snapshot && isOutOfDescriptors(error)) return rows.map(() => error);
  }
  if (!snapshot) return undefined;
  const records: StoredRecord[] = [];
  for (const row of rows) {
    const record = await db.getMany([row], snapshot).catch((error: unknown) => {
      if (cannotBeRead(error)) return [error];
      throw error;
    });
    records.push(record[0]);
  }
  return records;
}

/**
 * Decodes records into the entries.
 * @returns the bytes of the records read, and of those whose value is kept.
 */
function decodeInto(
  into: {
    keys: readonly Buffer[];
    entries: Array<Entry | undefined>;
    damaged: Map<number, HeadwaterError>;
    needsValue: ReadOptions['needsValue'];
    /** Called with what the disk has for a key. */
    keep(key: ColdKey, entry: Entry | undefined): void;
  },
  wanted: readonly ColdKey[],
  records: readonly StoredRecord[],
): { bytesRead: number; bytesKept: number } {
  let bytesRead = 0;
  let bytesKept = 0;
  for (let i = 0; i < wanted.length; i++) {
    const record = records[i];
    const key = wanted[i] as ColdKey;
    const { index, miss } = key;
    if (!record) {
      into.keep(key, undefined);
      continue;
    }
    try {
      if (record instanceof HeadwaterError) throw record;
      bytesRead += record.length;
      const found = decodeRecord(into.keys[index] as Buffer, record);
      into.keep(key, found);
      const entry = touched(found, miss.touch);
      const keeps = into.needsValue?.(index) ?? true;
      // The value is a view that would keep the whole record.
      into.entries[index] = keeps ? entry : { ...entry, value: NO_VALUE };
      if (keeps) bytesKept += record.length;
    } catch (error) {
      if (!cannotBeRead(error)) throw error;
      into.damaged.set(index, error);
    }
  }
  return { bytesRead, bytesKept };
}

/** Whether the error concerns one key, so that the others can be read. */
function cannotBeRead(error: unknown): error is HeadwaterError {
  return isDamage(error) || isUnreadable(error);
}
