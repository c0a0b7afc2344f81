/**
 * An archive: a directory of closed stretches of logs, of one node or of several,
 * and of every history that they went through. What follows a position in it is
 * found by lineage and checksum, never by name alone.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import { systemReason } from '../base/system-errors.js';
import type { Block } from '../log/block.js';
import { Lineage, rowsEqual } from '../model/lineage.js';
import { formatPosition, type Position } from '../model/position.js';
import type { BackupHead } from '../wire/backup.js';
import { parseStretchName, readStretch, readStretchEnds, type StretchName } from './archive-file.js';

/** A file of the archive, by its name and what stands around its blocks. */
export interface Stretch extends StretchName {
  readonly file: string;
  readonly base: Position;
  readonly end: Position;
  /** Of the last block, milliseconds since the epoch. */
  readonly timeMs: number;
  readonly lineage: Lineage;
}

/** How far to go; all that there is where nothing is said. */
export interface Target {
  /** The last command that is wanted. */
  readonly toOffset?: number | undefined;
  /** Milliseconds since the epoch: nothing that was written later. */
  readonly toTimeMs?: number | undefined;
  /** The replication ID of the history to end in; else the one of the highest epoch. */
  readonly history?: string | undefined;
}

/** What leads from a position to a target. */
export interface Route {
  readonly from: Position;
  readonly lineage: Lineage;
  /** Where the archive of this history ends. */
  readonly end: Position;
  /** Histories that go on from the same position, and lead elsewhere. */
  readonly others: ReadonlyArray<{ readonly replicationId: string; readonly firstOffset: number }>;
  /** The blocks, verified and chained, each once. */
  blocks(): AsyncGenerator<Block>;
}

/**
 * @param from stretches that end before this offset are left out, and not even looked at: years of
 *   them may stand there, and what became of them is no matter.
 * @throws HeadwaterError `corrupt`, `unknown_format`, or `invalid_argument` where it cannot be read at all.
 */
export async function readArchive(directory: string, from = 0): Promise<Stretch[]> {
  const names = await readdir(directory).catch((error: Error) => {
    throw new HeadwaterError('invalid_argument', `the archive ${directory} cannot be read: ${systemReason(error)}`);
  });
  const stretches: Stretch[] = [];
  for (const name of names.sort()) {
    const parsed = parseStretchName(name);
    if (!parsed || parsed.lastOffset < from) continue;
    const file = path.join(directory, name);
    const { head, end } = await readStretchEnds(file).catch(refuse);
    const { position, timeMs } = end;
    if (
      head.base.offset + 1 !== parsed.firstOffset ||
      position.offset !== parsed.lastOffset ||
      position.checksum !== parsed.checksum
    )
      throw new HeadwaterError(
        'corrupt',
        `${file} does not hold what its name says: from ${formatPosition(head.base)} to ${formatPosition(position)}`,
      );
    stretches.push({ ...parsed, file, base: head.base, end: position, timeMs, lineage: Lineage.received(end.lineage) });
  }
  return stretches;
}

/**
 * The way from `from` to the target.
 * @throws HeadwaterError `invalid_argument`, naming what is there: where the target lies before `from` or
 *   behind the archive's end, where commands are missing on the way, or no stretch goes on from there.
 */
export function findRoute(
  stretches: readonly Stretch[],
  from: Pick<BackupHead, 'position' | 'timeMs' | 'lineage'>,
  target: Target,
): Route {
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
      `the backup is of offset ${position.offset}, which is behind ${toOffset}: take an earlier backup`,
    );
  if (toTimeMs !== undefined && toTimeMs < timeMs)
    throw new HeadwaterError(
      'invalid_argument',
      `the backup holds commands up to ${new Date(timeMs).toISOString()}, which is after ${new Date(toTimeMs).toISOString()}: take an earlier backup`,
    );
}

/** Whether nothing has to come from the archive: nothing more is asked for, or it ends right where the backup was made. */
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

/** Whether its blocks, or those before them, come after the position in one history. */
function leadsOn({ lineage }: Stretch, position: Position): boolean {
  return position.offset === 0 || lineage.replicationIdAt(position.offset) === position.replicationId;
}

/** Whether what it holds, up to where the two part, is of that lineage. */
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
    `the archive holds nothing that goes on from ${formatPosition(position)}${wanted}`,
  );
}

/** By the names alone: the checksums are looked at when the blocks are read. */
function refuseGaps(on: readonly Stretch[], position: Position, last: Stretch, { toOffset, toTimeMs }: Target): void {
  if (toOffset !== undefined && toOffset > last.lastOffset)
    throw new HeadwaterError(
      'invalid_argument',
      `the archive ends at offset ${last.lastOffset}, asked for ${toOffset}`,
    );
  if (toTimeMs !== undefined && toTimeMs > last.timeMs)
    throw new HeadwaterError(
      'invalid_argument',
      `the archive ends with a command of ${new Date(last.timeMs).toISOString()}, asked for ${new Date(toTimeMs).toISOString()}; without --to-time all of it is taken`,
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
    `the archive has a gap: none of its files goes on from ${formatPosition(at)}`,
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
      for await (const block of readable(stretch.file)) {
        if (block.lastOffset <= at.offset) continue;
        // Another past stands before it, or the histories part here.
        if (!continues(block, at) || lineage.replicationIdAt(block.firstOffset) !== block.replicationId) break;
        if (block.lastOffset > toOffset || block.timeMs > toTimeMs) return;
        yield block;
        at = block.position;
      }
    }
    if (at === before) throw missingBehind(at);
  }
}

async function* readable(file: string): AsyncGenerator<Block> {
  try {
    yield* readStretch(file);
  } catch (error) {
    refuse(error);
  }
}

/** One is not passed over by itself: it may be the only one of the history that is wanted. */
function refuse(error: unknown): never {
  if (!HeadwaterError.is(error, 'corrupt')) throw error;
  const remedy =
    'move it away: nothing is missing where another node has archived the same commands, and --to-offset ends before it where none has';
  throw new HeadwaterError('corrupt', `${error.message}. What to do: ${remedy}`, { cause: error });
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
