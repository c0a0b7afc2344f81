/** The content of a place as `archive list`, `verify` and `prune` see it. */
import { HeadwaterError } from '../base/errors.js';
import { UPLOAD_MS_MAX } from '../base/limits.js';
import type { BackupHead } from '../model/backup.js';
import type { Position } from '../model/position.js';
import { surveyArchive, type Unreadable } from './archive.js';
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
  const { stretches, unreadable: damaged } = await surveyArchive(place);
  let reached: number | undefined;
  const files = stretches.map(({ name, base, end, timeMs }): PlacedFile => {
    const missing = reached === undefined ? 0 : Math.max(0, base.offset - reached);
    reached = Math.max(reached ?? 0, end.offset);
    return { kind: 'archive', name, base, end, timeMs, missing };
  });
  return [
    ...backups.map(({ name, head }): PlacedFile => ({ kind: 'backup', name, head })),
    ...unreadable.map(placed),
    ...[...files, ...damaged.map(placed)].sort((a, b) => (a.name < b.name ? -1 : 1)),
  ];
}

function placed({ name, why }: Unreadable): PlacedFile {
  return { kind: 'unreadable', name, why };
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
  /** The files that nobody can judge. They stay, with all that may belong to them. */
  readonly unreadable: readonly Unreadable[];
  /** The names of the files whose upload was begun long ago and never finished. The uploads were ended, or would be. */
  readonly uploads: readonly string[];
}

/**
 * Removes what no restore to a moment since `sinceMs` needs, and ends uploads that nobody will finish.
 * @param isDry whether to remove nothing.
 * @param nowMs the time, milliseconds since the epoch.
 */
export async function prunePlace(
  place: Place,
  sinceMs: number,
  { isDry, nowMs = Date.now() }: { isDry: boolean; nowMs?: number },
): Promise<Pruned> {
  const { backups, unreadable } = await readBackups(place);
  const { stretches, unreadable: damaged } = await surveyArchive(place);
  const unknown = damaged.flatMap(({ name }) => parseStretchName(name) ?? []);
  const { remove, backups: kept } = retention(backups, stretches, sinceMs, unknown);
  // Backups go first. A prune that is interrupted then leaves files too many, and no backup without its archive.
  for (const name of remove) if (!isDry) await place.remove(name);
  const left = (await place.unfinished()).filter(
    ({ file, begunMs }) => begunMs < nowMs - UPLOAD_MS_MAX && checkOf(place, file) !== undefined,
  );
  for (const upload of left) if (!isDry) await upload.end();
  return {
    removed: remove,
    backups: kept.length,
    unreadable: [...unreadable, ...damaged],
    uploads: left.map(({ file }) => file),
  };
}
