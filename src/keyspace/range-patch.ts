/**
 * Finds the changes that give some key ranges on disk the content that another keyspace has there at the same
 * position. The search changes nothing. The changes fit into one batch, so that a crash leaves all of them or
 * none.
 */

import { REPAIR_STEP_KEYS } from '../base/limits.js';
import { chunksOf } from '../disk/chunks.js';
import type { Database } from '../disk/level.js';
import { isInRange, type KeyRange, keyBehind } from '../model/key-range.js';
import type { KeyAndRecord } from './digest.js';
import { dataEnd, dataKey, dueKey, recordExpiresAtMs, userKey } from './record.js';

const STEP = 256;
const NO_VALUE = Buffer.alloc(0);

export interface RangePatch {
  /** Ranges in key order, apart from each other. */
  readonly ranges: readonly KeyRange[];
  /** All verified records that belong there, in key order. */
  readonly entries: readonly KeyAndRecord[];
}

/** Changes of rows of the database. */
export interface RowChanges {
  readonly puts: ReadonlyArray<readonly [row: Buffer, record: Buffer]>;
  readonly deletions: readonly Buffer[];
  /** Rows of the index of due keys, of every record that expires, whether it changes or not. */
  readonly due: readonly Buffer[];
  /** The ranges that were not searched, because the changes are enough for one batch. */
  readonly rest: readonly KeyRange[];
}

/**
 * @throws HeadwaterError `corrupt` if LevelDB cannot read the present rows: rows that nobody can name cannot
 *   be deleted.
 */
export async function findChanges(db: Database, epoch: number, { ranges, entries }: RangePatch): Promise<RowChanges> {
  const puts: Array<[Buffer, Buffer]> = [];
  const deletions: Buffer[] = [];
  const due: Buffer[] = [];
  let next = 0;
  const take = (known: Buffer | undefined) => {
    const [key, record] = entries[next++] as KeyAndRecord;
    if (!known?.equals(record)) puts.push([dataKey(epoch, key), record]);
    const expiresAtMs = recordExpiresAtMs(record);
    if (expiresAtMs !== 0) due.push(dueKey(expiresAtMs, epoch, key));
  };
  for (const [i, range] of ranges.entries()) {
    const { from, to } = range;
    const rows = { gte: dataKey(epoch, from), lt: to ? dataKey(epoch, to) : dataEnd(epoch) };
    for await (const chunk of chunksOf(db, rows, STEP)) {
      for (const [row, record] of chunk) {
        const key = userKey(row);
        while (next < entries.length && Buffer.compare((entries[next] as KeyAndRecord)[0], key) < 0) take(undefined);
        if (entries[next]?.[0].equals(key)) take(record);
        else deletions.push(row);
        if (deletions.length >= REPAIR_STEP_KEYS)
          return { puts, deletions, due, rest: [{ from: keyBehind(key), to }, ...ranges.slice(i + 1)] };
      }
    }
    while (next < entries.length && isInRange((entries[next] as KeyAndRecord)[0], range)) take(undefined);
  }
  return { puts, deletions, due, rest: [] };
}

/** Adds the changes to a batch that has not been written. */
export function writeChanges(
  batch: { put(key: Buffer, value: Buffer): void; del(key: Buffer): void },
  { puts, deletions, due }: RowChanges,
): void {
  for (const row of deletions) batch.del(row);
  for (const [row, record] of puts) batch.put(row, record);
  for (const row of due) batch.put(row, NO_VALUE);
}
