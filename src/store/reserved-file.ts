/**
 * The records of the node itself as they stand outside the log: in `reserved.json`, and as rows of the keyspace.
 *
 *   {"":"1042","user/boss":"eyJmb3JtYXQiOjF9"}
 *
 * Values are base64. The empty name has the offset of the last change in it, or `kept` if the data lack that change: a
 * file that is newer than the data shows that the end of the log is lost. Files of older versions have no empty name.
 */
import { HeadwaterError } from '../base/errors.js';
import { RESERVED_RANGE, reservedName } from '../base/reserved-keys.js';
import type { Database } from '../disk/level.js';
import type { CheckpointRecord } from '../keyspace/checkpoint-record.js';
import { dataKey, decodeRecord, userKey } from '../keyspace/record.js';
import { TYPE_RESERVED } from '../model/command.js';

/** The values of the records, by their names. */
export type Records = ReadonlyMap<string, Buffer>;

/** The offset of the last change of the records, or `kept` if the data lack it. Undefined if that is not known. */
export type ChangedAt = number | 'kept' | undefined;

export const RESERVED_FILE = 'reserved.json';

const KEPT = 'kept';
const ROWS_AT_ONCE = 100;

export function formatRecords(records: Records, changedAt: ChangedAt): string {
  const sorted = [...records].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const fields = sorted.map(([name, value]) => [name, value.toString('base64')]);
  return JSON.stringify(Object.fromEntries([...(changedAt === undefined ? [] : [['', String(changedAt)]]), ...fields]));
}

/** @throws HeadwaterError `corrupt` if the file is not one that a node wrote: nobody knows then who may do what. */
export function parseRecords(text = '{}'): { readonly records: Map<string, Buffer>; readonly changedAt: ChangedAt } {
  try {
    const { '': at, ...fields } = objectIn(text);
    const records = new Map(Object.entries(fields).map(([name, value]) => [name, bytesOf(value)]));
    return { records, changedAt: at === undefined || at === KEPT ? at : offsetOf(at) };
  } catch (error) {
    throw new HeadwaterError(
      'corrupt',
      `${RESERVED_FILE}: expected the records that the node wrote, received other text. Remove the file, and the node makes it again from its data`,
      { cause: error },
    );
  }
}

function objectIn(text: string): Record<string, unknown> {
  const parsed = JSON.parse(text) as unknown;
  // Any other value has no fields, and would count as a node without users, where everybody may do everything.
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new TypeError('not an object');
  return parsed as Record<string, unknown>;
}

function bytesOf(value: unknown): Buffer {
  const bytes = Buffer.from(String(value), 'base64');
  // Node drops characters that are not base64.
  if (bytes.toString('base64') !== value) throw new TypeError('not base64');
  return bytes;
}

function offsetOf(value: unknown): number {
  const offset = Number(value);
  if (!Number.isSafeInteger(offset) || offset < 0 || String(offset) !== value) throw new TypeError('not an offset');
  return offset;
}

/** The records that a keyspace has on disk, at its checkpoint. */
export async function readRecords(
  db: Database,
  { epoch, reserved }: Pick<CheckpointRecord, 'epoch' | 'reserved'>,
): Promise<Map<string, Buffer>> {
  const records = new Map<string, Buffer>();
  if (!reserved) return records;
  const { from, to } = RESERVED_RANGE;
  const rows = db.iterate({ gte: dataKey(epoch, from), lt: dataKey(epoch, to) });
  try {
    for (let chunk = await rows.next(ROWS_AT_ONCE); chunk.length > 0; chunk = await rows.next(ROWS_AT_ONCE)) {
      for (const [row, record] of chunk) {
        const key = userKey(row);
        const { type, value } = decodeRecord(key, record);
        if (type === TYPE_RESERVED) records.set(reservedName(key), Buffer.from(value));
      }
    }
  } finally {
    await rows.close();
  }
  return records;
}

export function areEqual(a: Records, b: Records): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name)?.equals(value));
}
