/**
 * An archive: closed stretches of logs in a place, a folder or a bucket. The logs may be of several nodes, and of every history
 * that they went through. The blocks that follow a position are found by lineage and checksum, never by name
 * alone.
 */

import { HeadwaterError } from '../base/errors.js';
import { systemReason } from '../base/system-errors.js';
import type { Block } from '../log/block.js';
import type { BackupHead } from '../model/backup.js';
import { Lineage, rowsEqual } from '../model/lineage.js';
import { formatPosition, type Position } from '../model/position.js';
import { parseStretchName, readStretch, readStretchEnds, type StretchName } from './archive-file.js';
import type { Place } from './place.js';

/** A file of the archive: its name, head and end. */
export interface Stretch extends StretchName {
  readonly place: Place;
  readonly name: string;
  readonly base: Position;
  readonly end: Position;
  /** The time of the last block, milliseconds since the epoch. */
  readonly timeMs: number;
  readonly lineage: Lineage;
  readonly clusterId: string;
}

/** The point up to which a restore replays the archive. By default the whole archive is replayed. */
export interface Target {
  /** The last command to replay. */
  readonly toOffset?: number | undefined;
  /** Blocks later than this time are not replayed. Milliseconds since the epoch. */
  readonly toTimeMs?: number | undefined;
  /** The replication ID of the history to end in. By default the history of the highest epoch is taken. */
  readonly history?: string | undefined;
}

/** The blocks from a position to a target. */
export interface ArchiveRoute {
  readonly from: Position;
  readonly lineage: Lineage;
  /** The position at which the archive of this history ends. */
  readonly end: Position;
  /** Histories that continue from the same position but lead elsewhere. */
  readonly others: ReadonlyArray<{ readonly replicationId: string; readonly firstOffset: number }>;
  /** Yields the blocks, verified and chained, each once. */
  blocks(): AsyncGenerator<Block>;
}

/** Lists the names in the place of an archive. @throws HeadwaterError `invalid_argument` if it cannot be read. */
export function listArchive(place: Place): Promise<string[]> {
  return place.list().catch((error: Error) => {
    if (HeadwaterError.is(error)) throw error;
    throw new HeadwaterError('invalid_argument', `the archive ${place.name} cannot be read: ${systemReason(error)}`);
  });
}

/** Files of an archive whose ends are read at the same time: each is a round trip or two to a bucket. */
const READ_TOGETHER = 16;

/**
 * Reads names, heads and ends of the files of an archive.
 * @param from stretches that end before this offset are left out. Their files are not read: there may be
 *   years of them, and damage there does not matter.
 * @throws HeadwaterError `corrupt` or `unknown_format`, or `invalid_argument` if the place cannot be read at all.
 */
export async function readArchive(place: Place, from = 0): Promise<Stretch[]> {
  const wanted = (await listArchive(place)).filter((name) => (parseStretchName(name)?.lastOffset ?? -1) >= from);
  return await inTurn(wanted, (name) => stretchOf(place, name));
}

/** Reads the files of these names. @throws HeadwaterError `corrupt` or `unknown_format`. */
export function stretchesOf(place: Place, names: readonly string[]): Promise<Stretch[]> {
  return inTurn(names, (name) => stretchOf(place, name, rethrow));
}

/** A file with the name of an archive file, or of a backup, that cannot be read. */
export interface Unreadable {
  readonly name: string;
  readonly why: string;
}

/** Reads what `readArchive` reads, and goes on at a file that cannot be read. */
export async function surveyArchive(
  place: Place,
): Promise<{ readonly stretches: Stretch[]; readonly unreadable: Unreadable[] }> {
  const look = (name: string) => stretchOf(place, name, rethrow).catch((error) => unreadableFor(name, error));
  const found = await inTurn(
    (await listArchive(place)).filter((name) => parseStretchName(name)),
    look,
  );
  return {
    stretches: found.filter((one) => 'lineage' in one),
    unreadable: found.filter((one) => 'why' in one),
  };
}

/** The reason why a file cannot be read. @throws the error if it is of the place, and not of the file. */
export function unreadableFor(name: string, error: unknown): Unreadable {
  if (HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'unknown_format'))
    return { name, why: error.message };
  throw error;
}

function rethrow(error: unknown): never {
  throw error;
}

async function inTurn<T>(names: readonly string[], read: (name: string) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let at = 0; at < names.length; at += READ_TOGETHER)
    results.push(...(await Promise.all(names.slice(at, at + READ_TOGETHER).map(read))));
  return results;
}

/**
 * Reads the head and the end of a file of an archive.
 * @param refused adds what a restore can do about a damaged file.
 */
async function stretchOf(place: Place, name: string, refused = refuse): Promise<Stretch> {
  const parsed = parseStretchName(name) as StretchName;
  const { head, end } = await readStretchEnds(place, name).catch(refused);
  const { position, timeMs } = end;
  if (
    head.base.offset + 1 !== parsed.firstOffset ||
    position.offset !== parsed.lastOffset ||
    position.checksum !== parsed.checksum
  )
    throw new HeadwaterError(
      'corrupt',
      `${place.pathOf(name)} has the wrong name: its blocks lie between ${formatPosition(head.base)} and ${formatPosition(position)}`,
    );
  const { base, clusterId } = head;
  return { ...parsed, place, name, base, end: position, timeMs, lineage: Lineage.received(end.lineage), clusterId };
}

/**
 * Finds the blocks from `from` to the target.
 * @throws HeadwaterError `invalid_argument`, naming what the archive has, in one of four cases. The target
 *   lies before `from`, or behind the archive's end. Commands are missing on the way. No stretch continues
 *   from `from`.
 */
export function findRoute(
  stretches: readonly Stretch[],
  from: Pick<BackupHead, 'position' | 'timeMs' | 'lineage'>,
  target: Target,
): ArchiveRoute {
  const { position } = from;
  refuseEarlier(from, target);
  if (isThereAlready(stretches, from, target))
    return {
      from: position,
      lineage: new Lineage(from.lineage),
      end: position,
      others: [],
      blocks: async function* () {},
    };
  const following = stretches.filter((stretch) => stretch.lastOffset > position.offset && leadsOn(stretch, position));
  const last = lastOf(following, position, target.history);
  const { lineage } = last;
  const on = following.filter((stretch) => isPast(stretch, lineage)).sort((a, b) => a.firstOffset - b.firstOffset);
  refuseGaps(on, position, last, target);
  const others = histories(following).filter(
    ({ replicationId }) => !lineage.rows.some((row) => row.replicationId === replicationId),
  );
  return { from: position, lineage, end: last.end, others, blocks: () => blocksOf(on, position, last, target) };
}

function refuseEarlier(
  { position, timeMs }: { position: Position; timeMs: number },
  { toOffset, toTimeMs }: Target,
): void {
  if (toOffset !== undefined && toOffset < position.offset)
    throw new HeadwaterError(
      'invalid_argument',
      `the backup ends at offset ${position.offset}, after --to-offset ${toOffset}. Take an earlier backup`,
    );
  if (toTimeMs !== undefined && toTimeMs < timeMs)
    throw new HeadwaterError(
      'invalid_argument',
      `the backup holds commands up to ${new Date(timeMs).toISOString()}, after --to-time ${new Date(toTimeMs).toISOString()}. Take an earlier backup`,
    );
}

/** Whether the restore needs no blocks of the archive: the target is the backup, or the archive ends at the backup. */
function isThereAlready(
  stretches: readonly Stretch[],
  { position }: { position: Position },
  { toOffset, toTimeMs, history }: Target,
): boolean {
  if (history !== undefined) return false;
  if (toOffset !== undefined || toTimeMs !== undefined) return toOffset === position.offset;
  const isNewer = stretches.some(({ lastOffset }) => lastOffset > position.offset);
  return !isNewer && stretches.some(({ end }) => end.offset === position.offset && end.checksum === position.checksum);
}

/** Whether the stretch's blocks, or those before them, follow the position in one history. */
export function leadsOn({ lineage }: Stretch, position: Position): boolean {
  return position.offset === 0 || lineage.replicationIdAt(position.offset) === position.replicationId;
}

/** Whether the stretch shares a row with the lineage: then its blocks up to the branch point belong to the lineage. */
function isPast(stretch: Stretch, lineage: Lineage): boolean {
  return lineage.rows.some((row) => stretch.lineage.rows.some((other) => rowsEqual(row, other)));
}

function lastOf(following: readonly Stretch[], position: Position, history: string | undefined): Stretch {
  const candidates =
    history === undefined ? following : following.filter(({ lineage }) => lineage.current?.replicationId === history);
  const last = candidates.toSorted((a, b) => a.lineage.epoch - b.lineage.epoch || a.lastOffset - b.lastOffset).at(-1);
  if (last) return last;
  const wanted = history === undefined ? '' : ` in the history ${history}`;
  throw new HeadwaterError(
    'invalid_argument',
    `the archive holds no commands after ${formatPosition(position)}${wanted}`,
  );
}

/** Checks the names alone. The checksums are checked when the blocks are read. */
function refuseGaps(on: readonly Stretch[], position: Position, last: Stretch, { toOffset, toTimeMs }: Target): void {
  if (toOffset !== undefined && toOffset > last.lastOffset)
    throw new HeadwaterError(
      'invalid_argument',
      `expected commands up to offset ${toOffset}, the archive ends at ${last.lastOffset}`,
    );
  if (toTimeMs !== undefined && toTimeMs > last.timeMs)
    throw new HeadwaterError(
      'invalid_argument',
      `expected commands up to ${new Date(toTimeMs).toISOString()}, the archive ends at ${new Date(last.timeMs).toISOString()}. Leave out --to-time to restore all of it`,
    );
  let covered = position.offset;
  for (const { firstOffset, lastOffset, timeMs } of on) {
    if (toOffset !== undefined && covered >= toOffset) return;
    if (firstOffset > covered + 1) throw missing(covered + 1, firstOffset - 1);
    covered = Math.max(covered, lastOffset);
    if (toTimeMs !== undefined && timeMs >= toTimeMs) return;
  }
}

function missingBehind(at: Position): HeadwaterError {
  return new HeadwaterError(
    'invalid_argument',
    `the archive has a gap: none of its files continues after ${formatPosition(at)}`,
  );
}

function missing(from: number, to: number): HeadwaterError {
  return new HeadwaterError(
    'invalid_argument',
    `the archive has a gap: the commands ${from} to ${to} are in none of its files`,
  );
}

async function* blocksOf(
  on: readonly Stretch[],
  from: Position,
  { lineage, lastOffset }: Stretch,
  { toOffset = lastOffset, toTimeMs = Number.MAX_SAFE_INTEGER }: Target,
): AsyncGenerator<Block> {
  let at = from;
  while (at.offset < toOffset) {
    const before = at;
    for (const stretch of on) {
      if (stretch.base.offset > at.offset || stretch.lastOffset <= at.offset) continue;
      for await (const block of readable(stretch)) {
        if (block.lastOffset <= at.offset) continue;
        // The block follows another history, or the histories part here.
        if (!continues(block, at) || lineage.replicationIdAt(block.firstOffset) !== block.replicationId) break;
        if (block.lastOffset > toOffset || block.timeMs > toTimeMs) return;
        yield block;
        at = block.position;
      }
    }
    if (at === before) throw missingBehind(at);
  }
}

async function* readable({ place, name }: Stretch): AsyncGenerator<Block> {
  try {
    yield* readStretch(place, name);
  } catch (error) {
    refuse(error);
  }
}

/** A damaged file is not skipped automatically: it may be the only file of the wanted history. */
function refuse(error: unknown): never {
  if (!HeadwaterError.is(error, 'corrupt')) throw error;
  const remedy = 'Move the file away. If no other node has archived its commands, restore with --to-offset before it';
  throw new HeadwaterError('corrupt', `${error.message}. ${remedy}`, { cause: error });
}

function continues(block: Block, at: Position): boolean {
  return block.firstOffset === at.offset + 1 && block.chains(at.checksum);
}

function histories(stretches: readonly Stretch[]): Array<{ replicationId: string; firstOffset: number }> {
  const found = new Map<string, number>();
  for (const { lineage } of stretches)
    for (const { replicationId, firstOffset } of lineage.rows) found.set(replicationId, firstOffset);
  return [...found].map(([replicationId, firstOffset]) => ({ replicationId, firstOffset }));
}
