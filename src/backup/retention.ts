/**
 * The files of a place that may go, so that every moment since a given time can still be restored. The decision has no
 * I/O. No chain is cut: a backup that stays keeps every file of the archive that a restore from it may need.
 */
import type { BackupHead } from '../model/backup.js';
import type { Stretch } from './archive.js';
import { compareHeads } from './stored-backups.js';

export interface RetainedBackup {
  readonly name: string;
  readonly head: BackupHead;
}

export interface Retention {
  /** The names of backups and archive files that may go. */
  readonly remove: readonly string[];
  /** The backups that stay. */
  readonly backups: readonly RetainedBackup[];
}

/**
 * @param sinceMs every moment from here on stays restorable, as far as it was.
 * @param stretches the files of the archive that end at or after `sinceMs`, and any others that were looked at.
 * @param unknown the files of the archive that cannot be read. They may be of any time and history, so they stay, and so
 *   does what a restore through them would need.
 */
export function retention(
  backups: readonly RetainedBackup[],
  stretches: ReadonlyArray<Pick<Stretch, 'name' | 'base' | 'lastOffset' | 'timeMs' | 'lineage'>>,
  sinceMs: number,
  unknown: ReadonlyArray<{ readonly firstOffset: number }> = [],
): Retention {
  const sorted = backups.toSorted((a, b) => compareHeads(a.head, b.head));
  const kept = new Set(sorted.filter(({ head }) => head.madeMs >= sinceMs));
  // Without a backup, nothing tells which files of the archive are needed.
  const newest = sorted.at(-1);
  if (newest === undefined) return { remove: [], backups: [] };
  kept.add(newest);
  const recent = stretches.filter(({ timeMs }) => timeMs >= sinceMs);
  for (const stretch of recent) {
    const base = sorted.findLast((backup) => leadsTo(backup.head, stretch, sinceMs));
    // A chain that begins at no backup may begin at a backup that lies elsewhere.
    if (base === undefined) return { remove: [], backups: sorted };
    kept.add(base);
  }
  const histories = new Set(sorted.map(({ head }) => head.position.replicationId));
  for (const { firstOffset } of unknown) {
    const before = sorted.filter(({ head }) => head.timeMs <= sinceMs && head.position.offset < firstOffset);
    if (before.length === 0) return { remove: [], backups: sorted };
    for (const id of histories) {
      const base = before.findLast(({ head }) => head.position.replicationId === id);
      if (base) kept.add(base);
    }
  }
  const from = Math.min(...Array.from(kept, ({ head }) => head.position.offset));
  return {
    remove: [
      ...sorted.filter((backup) => !kept.has(backup)).map(({ name }) => name),
      ...stretches.filter(({ timeMs, lastOffset }) => timeMs < sinceMs && lastOffset <= from).map(({ name }) => name),
    ],
    backups: sorted.filter((backup) => kept.has(backup)),
  };
}

/** Whether a restore from the backup passes through the stretch, and reaches the moment from which all has to stay. */
function leadsTo(head: BackupHead, { base, lineage }: Pick<Stretch, 'base' | 'lineage'>, sinceMs: number): boolean {
  const { offset, replicationId } = head.position;
  const isOnTheWay = offset === 0 || lineage.replicationIdAt(offset) === replicationId;
  return head.timeMs <= sinceMs && offset <= base.offset && isOnTheWay;
}
