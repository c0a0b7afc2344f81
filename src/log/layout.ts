/**
 * Finds the layout of the rows of a log database (rows.ts), and brings a log of the first layout to the current one.
 * The first layout had the rows behind the blocks:
 *
 *   l ‖ first offset u64   a lineage row
 *   m ‖ "base"             where the log begins
 *
 * The rows had the same bytes as now, except for the checksums, which cover the keys. On the first day the rows had no
 * checksums: nothing says then whether the disk has changed them, so such a log is refused. The rows move in one batch, so a
 * process that is cut short finds one layout or the other. An older version refuses the new number, since it would not
 * find the rows.
 */
import { unknownFormat } from '../base/unknown-format.js';
import { chunksOf } from '../disk/chunks.js';
import type { Database } from '../disk/level.js';
import {
  BASE_KEY,
  decodeBase,
  decodeLineageRow,
  encodeBase,
  encodeLineageRow,
  FORMAT_KEY,
  LINEAGE_ROW_BYTES,
  LOG_LAYOUT,
  lineageKey,
} from './rows.js';
import { settle } from './stored-blocks.js';

const FIRST_LAYOUT = 1;
const FIRST_BASE_KEY = Buffer.from('mbase');
const FIRST_LINEAGE_FROM = Buffer.from('l');
const FIRST_LINEAGE_TO = Buffer.from('m');

/**
 * @returns whether there is a layout; a new database has none.
 * @throws HeadwaterError `unknown_format`, or `corrupt` naming a row that cannot be moved because it is damaged.
 * Nothing is written in either case.
 */
export async function bringUpToDate(db: Database): Promise<boolean> {
  const layout = (await db.get(FORMAT_KEY))?.[0];
  if (layout === undefined) return false;
  if (layout === FIRST_LAYOUT) await moveRows(db);
  else if (layout !== LOG_LAYOUT)
    throw unknownFormat({
      subject: db.location,
      name: 'log layout',
      found: layout,
      read: [FIRST_LAYOUT, LOG_LAYOUT],
    });
  return true;
}

/** Writes the number of the layout before anything else, so that nothing shares a file with it. */
export async function beginLayout(db: Database): Promise<void> {
  await db.put(FORMAT_KEY, Buffer.from([LOG_LAYOUT]), { sync: true });
  await settle(db);
}

async function moveRows(db: Database): Promise<void> {
  const batch = db.batch();
  const base = await db.get(FIRST_BASE_KEY);
  if (base) batch.put(BASE_KEY, encodeBase(decodeBase(base, FIRST_BASE_KEY)));
  batch.del(FIRST_BASE_KEY);
  for await (const chunk of chunksOf(db, { gte: FIRST_LINEAGE_FROM, lt: FIRST_LINEAGE_TO }, 64))
    for (const [key, bytes] of chunk) {
      if (bytes.length === LINEAGE_ROW_BYTES)
        throw unknownFormat({
          subject: db.location,
          name: 'log layout',
          found: '1 without checksums',
          read: [FIRST_LAYOUT, LOG_LAYOUT],
        });
      const row = decodeLineageRow(key, bytes);
      batch.put(lineageKey(row.firstOffset), encodeLineageRow(row));
      batch.del(key);
    }
  batch.put(FORMAT_KEY, Buffer.from([LOG_LAYOUT]));
  await batch.write({ sync: true });
  await settle(db);
}
