/** Reads the keys of rows, without their values, up to a bound on their number and on their bytes. */
import type { Database } from '../disk/level.js';

/**
 * @param max.step rows read at a time.
 * @returns the keys, and whether a bound has ended the read, so that there may be more.
 */
export async function readRowKeys(
  db: Database,
  range: { gte: Buffer; lt: Buffer; reverse?: boolean },
  max: { rows: number; bytes: number; step: number },
): Promise<{ rows: Buffer[]; isCutShort: boolean }> {
  const rows: Buffer[] = [];
  let bytes = 0;
  const entries = db.iterate({ ...range, values: false, limit: max.rows });
  try {
    while (rows.length < max.rows && bytes < max.bytes) {
      const chunk = await entries.next(Math.min(max.step, max.rows - rows.length));
      if (chunk.length === 0) break;
      for (const [row] of chunk) {
        rows.push(row);
        bytes += row.length;
      }
    }
  } finally {
    await entries.close();
  }
  return { rows, isCutShort: rows.length >= max.rows || bytes >= max.bytes };
}
