/**
 * The histories that the log belongs to. A history that begins has its row on disk before the first block under it.
 * Histories that come with blocks from an upstream are appended with them (log.ts).
 */
import type { Database } from '../disk/level.js';
import type { Lineage, LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import type { Durable } from './durable.js';
import type { Extent } from './extent.js';
import type { Interludes } from './interludes.js';
import type { LogReaders } from './readers.js';
import { encodeLineageRow, lineageKey } from './rows.js';

interface HistoryParts {
  readonly db: Database;
  readonly extent: Extent;
  readonly durable: Durable;
  readonly interludes: Interludes;
  readonly readers: LogReaders;
}

export class LogHistory {
  readonly #parts: HistoryParts;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
  }

  /** Every history that the log has lived in. */
  get lineage(): Lineage {
    return this.#parts.extent.lineage;
  }

  /** The history that the next command begins; undefined if the next command continues the history of the last one. */
  get next(): LineageRow | undefined {
    const { current } = this.lineage;
    return current && current.firstOffset > this.#parts.extent.end.offset ? current : undefined;
  }

  /**
   * Begins a history with the next command. The row, and everything before it, is durable when the promise resolves.
   * @param above an epoch. The new epoch is higher than this one, and higher than that of the history before.
   * @param follows the end of the messages of a leader that has handed over.
   */
  async begin(replicationId: string, above = 0, follows?: LivePlace): Promise<LineageRow> {
    const { db, extent, durable, interludes, readers } = this.#parts;
    readers.assertOpen();
    const { end } = extent;
    const row: LineageRow = {
      replicationId,
      firstOffset: end.offset + 1,
      checksum: end.checksum,
      epoch: Math.max(this.lineage.epoch, above) + 1,
    };
    await durable.reach();
    await db.put(lineageKey(row.firstOffset), encodeLineageRow(row), { sync: true });
    extent.lineage = extent.lineage.with(row);
    interludes.lead(replicationId, follows);
    return row;
  }

  /** Drops a history under which nothing was logged. A follower continues the history of its upstream. */
  async forgetUnused(): Promise<void> {
    const { db, extent, readers } = this.#parts;
    readers.assertOpen();
    const row = this.next;
    if (!row) return;
    const batch = db.batch();
    batch.del(lineageKey(row.firstOffset));
    await batch.write({ sync: true });
    extent.lineage = extent.lineage.upTo(extent.end.offset);
  }
}
