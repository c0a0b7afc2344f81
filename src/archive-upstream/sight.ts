/**
 * The view of a place at one moment, as the upstream of a node: the newest history in it, how far back the files reach
 * without a gap, and the place at which the node stands among them.
 */
import { type Stretch, stretchesOf } from '../backup/archive.js';
import { parseStretchName, readStretch } from '../backup/archive-file.js';
import type { Place } from '../backup/place.js';
import { compareHeads, readBackups, type StoredBackup } from '../backup/stored-backups.js';
import type { ChecksumLookup } from '../log/lookup.js';
import { Lineage } from '../model/lineage.js';
import type { UpstreamSide } from '../replication/resync.js';

/** The data that a place offers to a node at one offset. */
export interface Sight extends UpstreamSide {
  /** The time of the command at the node's offset, milliseconds since the epoch. 0 if it is not known. */
  readonly timeMs: number;
}

/** Reads the ends of files, each once. */
export class KnownStretches {
  readonly #place: Place;
  #known = new Map<string, Stretch>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** Whether the place had files of an archive at the last look. */
  hasAny = false;

  /** The files that end at or behind an offset. If there are none, the last file before it. */
  async from(offset: number): Promise<Stretch[]> {
    const names = (await this.#place.list()).flatMap((name) => {
      const lastOffset = parseStretchName(name)?.lastOffset;
      return lastOffset === undefined ? [] : [{ name, lastOffset }];
    });
    this.hasAny = names.length > 0;
    const least = Math.min(
      offset,
      names.reduce((most, { lastOffset }) => Math.max(most, lastOffset), 0),
    );
    const wanted = names.filter(({ lastOffset }) => lastOffset >= least).map(({ name }) => name);
    const missing = wanted.filter((name) => !this.#known.has(name));
    const read = new Map((await stretchesOf(this.#place, missing)).map((stretch) => [stretch.name, stretch]));
    const stretches = wanted.map((name) => (this.#known.get(name) ?? read.get(name)) as Stretch);
    this.#known = new Map(stretches.map((stretch) => [stretch.name, stretch]));
    return stretches;
  }
}

/** The backups of a place, the newest first, by history, offset and time. Damaged ones do not count. */
export async function backupsOf(place: Place): Promise<StoredBackup[]> {
  const { backups } = await readBackups(place);
  return backups.toSorted((a, b) => compareHeads(b.head, a.head));
}

/**
 * Whether a node with the data of a backup can go on as the place does. A backup may have commands of a leader that died
 * before others had them: the newest history has left those. A later history may have no file of the archive yet.
 */
export function leadsTo({ head }: StoredBackup, { clusterId, lineage }: Sight): boolean {
  const { position } = head;
  if (head.clusterId !== clusterId) return false;
  return (
    new Lineage(head.lineage).epoch > lineage.epoch ||
    lineage.replicationIdAt(position.offset) === position.replicationId
  );
}

/** The backup alone: no file of an archive is in the place. */
export function sightOfBackup({ head }: StoredBackup, offset: number): Sight {
  const { position: end, clusterId, timeMs } = head;
  const checksumAtFollower: ChecksumLookup =
    offset === end.offset ? end.checksum : offset < end.offset ? 'trimmed' : 'beyond';
  const lineage = new Lineage(head.lineage);
  return { role: 'follower', clusterId, lineage, end, base: end, checksumAtFollower, timeMs };
}

/**
 * @param stretches files of an archive, at least one.
 * @param offset the end of the node's log.
 */
export async function sightOf(stretches: readonly Stretch[], offset: number): Promise<Sight> {
  const last = stretches.toSorted((a, b) => a.lineage.epoch - b.lineage.epoch || a.lastOffset - b.lastOffset).at(-1);
  const { lineage, end, clusterId } = last as Stretch;
  // A file of a history that others have left counts up to where the two part.
  const on = stretches
    .map((stretch) => ({ ...stretch, reach: lineage.branch(end.offset, stretch.lineage, stretch.lastOffset) ?? 0 }))
    .filter(({ base, reach }) => reach > base.offset)
    .sort((a, b) => b.reach - a.reach);
  const base = baseOf(on);
  const { checksum, timeMs } = await standsAt(on, offset, { base: base.offset, end: end.offset });
  return { role: 'follower', clusterId, lineage, end, base, checksumAtFollower: checksum, timeMs };
}

/** A file, and the last offset in it that belongs to the newest history. */
type Reaching = Stretch & { readonly reach: number };

/** The position from which the files reach to the end without a gap. @param on the files, the last one first. */
function baseOf(on: readonly Reaching[]): Stretch['base'] {
  let { base } = on[0] as Reaching;
  for (const stretch of on) {
    if (stretch.reach < base.offset) break;
    if (stretch.base.offset < base.offset) base = stretch.base;
  }
  return base;
}

async function standsAt(
  on: readonly Reaching[],
  offset: number,
  { base, end }: { base: number; end: number },
): Promise<{ checksum: ChecksumLookup; timeMs: number }> {
  if (offset < base) return { checksum: 'trimmed', timeMs: 0 };
  if (offset > end) return { checksum: 'beyond', timeMs: 0 };
  const around = on.filter((stretch) => stretch.base.offset <= offset && offset <= stretch.reach);
  const ends = around.find((stretch) => stretch.lastOffset === offset);
  if (ends) return { checksum: ends.end.checksum, timeMs: ends.timeMs };
  const begins = around.find((stretch) => stretch.base.offset === offset);
  if (begins) return { checksum: begins.base.checksum, timeMs: 0 };
  for (const { place, name } of around)
    for await (const block of readStretch(place, name)) {
      if (block.lastOffset < offset) continue;
      if (block.lastOffset === offset) return { checksum: block.checksum, timeMs: block.timeMs };
      return { checksum: 'not_a_boundary', timeMs: 0 };
    }
  return { checksum: 'trimmed', timeMs: 0 };
}
