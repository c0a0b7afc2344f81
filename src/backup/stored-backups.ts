/**
 * The backups of a place: files whose names end in `.backup`. `headwater backup` names those in a bucket by history,
 * offset and time, so that their names sort in this order. Others may have any name, since the head of a backup has
 * all of that too.
 */
import { HeadwaterError } from '../base/errors.js';
import type { BackupHead } from '../model/backup.js';
import { Lineage } from '../model/lineage.js';
import { type ArchiveRoute, findRoute, readArchive, type Target, type Unreadable, unreadableFor } from './archive.js';
import { parseStretchName } from './archive-file.js';
import { readBackupKey } from './backup-key.js';
import { type BucketOptions, BucketPlace, parseBucketUrl } from './bucket.js';
import { Folder } from './folder.js';
import { END_BYTES_MAX, hasEnd } from './format.js';
import { isBucketUrl, type Place } from './place.js';
import { readBackup } from './reader.js';
import { SealedPlace, type Unsealing } from './sealed-place.js';

const ENDING = '.backup';

/** Backups whose heads are read at the same time. */
const READ_TOGETHER = 8;

/** A backup in a place. */
export interface StoredBackup {
  readonly place: Place;
  readonly name: string;
  readonly head: BackupHead;
}

/** How a place is opened. */
export interface PlaceOptions extends BucketOptions {
  /** The file of the key with which new files are sealed, and sealed ones are read. */
  readonly keyFile?: string | undefined;
  /** Whether files that are not sealed are read too, though there is a key. False by default. */
  readonly acceptUnencrypted?: boolean | undefined;
}

/** @throws HeadwaterError `invalid_argument` unless the file of the key has one. */
export async function unsealing({ keyFile, acceptUnencrypted = false }: PlaceOptions): Promise<Unsealing> {
  return { key: keyFile === undefined ? undefined : await readBackupKey(keyFile), acceptsPlain: acceptUnencrypted };
}

/** Opens a folder, or a bucket if the text is a URL of one. */
export async function openPlace(text: string, options: PlaceOptions = {}): Promise<Place> {
  const how = await unsealing(options);
  return new SealedPlace(isBucketUrl(text) ? await BucketPlace.open(text, options) : new Folder(text), how);
}

/** A place, and the file in it if the text names one. */
export interface Location {
  readonly place: Place;
  /** Undefined if the text names a whole place. */
  readonly file: string | undefined;
}

/** Opens what the URL of a bucket names: one backup if the URL ends in `.backup`, else a place of backups. */
export async function openBucketLocation(url: string, options: PlaceOptions = {}): Promise<Location> {
  const { bucket, prefix } = parseBucketUrl(url);
  if (!prefix.endsWith(ENDING)) return { place: await openPlace(url, options), file: undefined };
  const cut = prefix.lastIndexOf('/') + 1;
  const place = await openPlace(`s3://${bucket}/${prefix.slice(0, cut)}`, options);
  return { place, file: prefix.slice(cut) };
}

/** The name of a backup: `backup-<epoch>-<history>-<offset>-<time>.backup`. */
export function backupName({ position, lineage, madeMs }: BackupHead): string {
  const epoch = String(new Lineage(lineage).epoch).padStart(10, '0');
  const offset = String(position.offset).padStart(20, '0');
  const time = new Date(madeMs).toISOString().replace(/[-:.]/g, '');
  return `${PREFIX}${epoch}-${position.replicationId.slice(0, 8)}-${offset}-${time}${ENDING}`;
}

const PREFIX = 'backup-';
const MADE = /-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.backup$/;

/** The time at which a backup was made, by its name. Undefined if the name has none. */
function madeMsOf(name: string): number | undefined {
  const [, year, month, day, hours, minutes, seconds, ms] = MADE.exec(name) ?? [];
  if (year === undefined) return undefined;
  return Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}.${ms}Z`);
}

/** The time at which the newest backup of a place was made, as the names say. Undefined if there is none. */
export async function newestMadeMs(place: Place): Promise<number | undefined> {
  const times = (await place.list(PREFIX)).flatMap((name) => madeMsOf(name) ?? []);
  return times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b));
}

/** Reads the heads and ends of all backups in a place, in the order of their names. */
export async function readBackups(
  place: Place,
): Promise<{ readonly backups: StoredBackup[]; readonly unreadable: Unreadable[] }> {
  const names = (await place.list()).filter((name) => name.endsWith(ENDING));
  const backups: StoredBackup[] = [];
  const unreadable: Unreadable[] = [];
  const look = async (name: string): Promise<StoredBackup | Unreadable> => {
    try {
      const head = await readBackupHead(place, name);
      await refuseTorn(place, name);
      return { place, name, head };
    } catch (error) {
      return unreadableFor(name, error);
    }
  };
  for (let at = 0; at < names.length; at += READ_TOGETHER)
    for (const found of await Promise.all(names.slice(at, at + READ_TOGETHER).map(look)))
      if ('head' in found) backups.push(found);
      else unreadable.push(found);
  return { backups, unreadable };
}

/** @throws HeadwaterError `corrupt` or `unknown_format`. */
async function readBackupHead(place: Place, name: string): Promise<BackupHead> {
  for await (const section of readBackup(place.read(name), place.pathOf(name)))
    if (section.kind === 'head') return section.head;
  throw new HeadwaterError('corrupt', `${place.pathOf(name)} is damaged: expected its head first`);
}

/**
 * A copy that was cut off has a head like the whole backup. Nothing may be pruned for its sake, and no restore begin with it.
 * @throws HeadwaterError `corrupt` if the file has no end.
 */
async function refuseTorn(place: Place, name: string): Promise<void> {
  const { bytes, size } = await place.tail(name, END_BYTES_MAX);
  if (hasEnd(bytes)) return;
  throw new HeadwaterError('corrupt', `${place.pathOf(name)} is cut off after byte ${size}: its end is missing`);
}

/**
 * The backups with which a restore to the target may begin: those of the latest history come first, and then the latest.
 * @throws HeadwaterError `invalid_argument`, naming what the place has.
 */
async function backupsBefore(
  place: Place,
  { toOffset = Number.MAX_SAFE_INTEGER, toTimeMs = Number.MAX_SAFE_INTEGER }: Target,
): Promise<[StoredBackup, ...StoredBackup[]]> {
  const { backups, unreadable } = await readBackups(place);
  const early = backups.filter(({ head }) => head.position.offset <= toOffset && head.timeMs <= toTimeMs);
  const [newest, ...others] = early.toSorted((a, b) => compareHeads(b.head, a.head));
  if (newest) return [newest, ...others];
  const [first] = unreadable;
  const damaged = first === undefined ? '' : `, and ${unreadable.length} that cannot be read: ${first.why}`;
  throw new HeadwaterError(
    'invalid_argument',
    backups.length === 0
      ? `${place.name}: expected a backup, found none${damaged}`
      : `${place.name}: expected a backup before the target, found ${backups.length} later ones${damaged}`,
  );
}

/** The input of a restore. */
export interface RestoreSource {
  readonly source: AsyncIterable<Buffer>;
  /** The path or the URL of the backup. */
  readonly name: string;
  /** The place whose archive continues the backup. Undefined if the backup is all. */
  readonly archive: Place | undefined;
}

/**
 * Finds what a restore of a location reads: the backup that it names, or else the newest one that is not behind the
 * target, and the archive beside it as far as it goes.
 */
export async function findRestoreSource({ place, file }: Location, target: Target): Promise<RestoreSource> {
  if (file !== undefined) return { source: place.read(file), name: place.pathOf(file), archive: undefined };
  const candidates = await backupsBefore(place, target);
  const end = (await place.list()).reduce((most, one) => Math.max(most, parseStretchName(one)?.lastOffset ?? 0), 0);
  const isAsked = Object.values(target).some((value) => value !== undefined);
  const needsArchive = ({ head }: StoredBackup) => isAsked || end > head.position.offset;
  const [newest] = candidates;
  const found = needsArchive(newest) ? await leading(candidates, target) : newest;
  const { name } = found;
  return { source: place.read(name), name: place.pathOf(name), archive: needsArchive(found) ? place : undefined };
}

/**
 * The first backup from which the archive leads to the target; the first of all if none does. The newest backup may have
 * commands of a leader that died before others had them. The archive of the next leader then continues from an earlier
 * one.
 */
async function leading(candidates: [StoredBackup, ...StoredBackup[]], target: Target): Promise<StoredBackup> {
  const [newest, ...others] = candidates;
  const { epoch } = new Lineage(newest.head.lineage);
  if (others.length === 0 || (await routeFrom(newest, target))) return newest;
  for (const backup of others) {
    const route = await routeFrom(backup, target);
    if (route && route.lineage.epoch > epoch) return backup;
  }
  return newest;
}

/** Undefined if the archive does not lead from the backup to the target: the restore says why. */
async function routeFrom({ place, head }: StoredBackup, target: Target): Promise<ArchiveRoute | undefined> {
  try {
    return findRoute(await readArchive(place, head.position.offset), head, target);
  } catch (error) {
    if (HeadwaterError.is(error, 'invalid_argument') || HeadwaterError.is(error, 'corrupt')) return undefined;
    throw error;
  }
}

/** Earlier epochs come first, then earlier offsets, then earlier times. */
export function compareHeads(a: BackupHead, b: BackupHead): number {
  const epochs = new Lineage(a.lineage).epoch - new Lineage(b.lineage).epoch;
  return epochs || a.position.offset - b.position.offset || a.madeMs - b.madeMs;
}
