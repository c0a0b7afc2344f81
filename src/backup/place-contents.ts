/** The content of a place as `archive list`, `verify` and `prune` see it. */
import { HeadwaterError } from '../base/errors.js';
import type { BackupHead } from '../model/backup.js';
import type { Position } from '../model/position.js';
import { readArchive, type Stretch } from './archive.js';
import { parseStretchName, readStretch } from './archive-file.js';
import type { Place } from './place.js';
import { retention } from './retention.js';
import { readBackups } from './stored-backups.js';
import { verifyBackup } from './verify-backup.js';

/** A file of a place. */
export type PlacedFile =
  | { readonly kind: 'backup'; readonly name: string; readonly head: BackupHead }
  | {
      readonly kind: 'archive';
      readonly name: string;
      readonly base: Position;
      readonly end: Position;
      readonly timeMs: number;
      /** The commands that are missing between the file before and this one. */
      readonly missing: number;
    }
  | { readonly kind: 'unreadable'; readonly name: string; readonly why: string };

/** The backups and the files of the archive, each in the order of names. */
export async function listPlace(place: Place): Promise<PlacedFile[]> {
  const { backups, unreadable } = await readBackups(place);
  const stretches = await readArchive(place);
  let reached: number | undefined;
  const files = stretches.map(({ name, base, end, timeMs }): PlacedFile => {
    const missing = reached === undefined ? 0 : Math.max(0, base.offset - reached);
    reached = Math.max(reached ?? 0, end.offset);
    return { kind: 'archive', name, base, end, timeMs, missing };
  });
  return [
    ...backups.map(({ name, head }): PlacedFile => ({ kind: 'backup', name, head })),
    ...unreadable.map(({ name, why }): PlacedFile => ({ kind: 'unreadable', name, why })),
    ...files,
  ];
}

/** A file that was read as a whole. `why` is the damage, or empty. */
export interface CheckedFile {
  readonly name: string;
  readonly why: string;
}

/** Reads every file of a place to its end, and checks it. */
export async function* verifyPlace(place: Place): AsyncGenerator<CheckedFile> {
  for (const name of await place.list()) {
    const check = checkOf(place, name);
    if (check) yield { name, why: await damageOf(check) };
  }
}

function checkOf(place: Place, name: string): (() => Promise<unknown>) | undefined {
  if (name.endsWith('.backup')) return () => verifyBackup(place.read(name), place.pathOf(name));
  if (parseStretchName(name) === undefined) return undefined;
  return async () => {
    for await (const _ of readStretch(place, name));
  };
}

async function damageOf(check: () => Promise<unknown>): Promise<string> {
  try {
    await check();
    return '';
  } catch (error) {
    if (HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'unknown_format')) return error.message;
    throw error;
  }
}

/** The result of a prune. */
export interface Pruned {
  /** The names of the files that were removed, or would be. */
  readonly removed: readonly string[];
  /** The number of backups that stay. */
  readonly backups: number;
}

/**
 * Removes what no restore to a moment since `sinceMs` needs.
 * @param isDry whether to remove nothing.
 */
export async function prunePlace(place: Place, sinceMs: number, { isDry }: { isDry: boolean }): Promise<Pruned> {
  const { backups } = await readBackups(place);
  const stretches: Stretch[] = await readArchive(place);
  const { remove, backups: kept } = retention(backups, stretches, sinceMs);
  // Backups go first. A prune that is interrupted then leaves files too many, and no backup without its archive.
  for (const name of remove) if (!isDry) await place.remove(name);
  return { removed: remove, backups: kept.length };
}
