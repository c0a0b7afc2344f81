/**
 * The place at which a resumed stream begins. The lineage decides, so that a
 * position stays good over promotions. Thus a position in a history that this
 * node has left differs from one in a history that it does not know yet.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { RESUME_WAIT_MS_MAX } from '../base/limits.js';
import type { Log } from '../log/log.js';
import { whenMoved } from '../log/wait.js';
import { formatChecksum, formatPosition, type Position } from '../model/position.js';

export type Start =
  /** The stream begins right behind this block end. */
  | { readonly kind: 'at'; readonly position: Position }
  /** The log begins behind the position. */
  | { readonly kind: 'trimmed'; readonly message: string }
  /** The position lies in a history, or in a part of one, that this node does not have. */
  | { readonly kind: 'left'; readonly message: string }
  /** This node may only be behind. */
  | { readonly kind: 'ahead'; readonly message: string };

/** @param learns whether the node may yet learn of an unknown history, as a follower may. */
async function locate(log: Log, from: Position | number, learns: boolean): Promise<Start> {
  if (typeof from === 'number') return locateOffset(log, from);
  const { end } = log;
  const { lineage } = log.history;
  const { offset, replicationId } = from;
  if (lineage.replicationIdAt(offset) !== replicationId) {
    const message = `the position ${formatPosition(from)} is not in the history of this node, which is at ${formatPosition(end)}`;
    const known = lineage.rows.some((row) => row.replicationId === replicationId);
    return { kind: learns && !known ? 'ahead' : 'left', message };
  }
  if (offset > end.offset) {
    const message = `the caller needs the changes after offset ${offset}, the log of this node ends at ${end.offset}`;
    return { kind: learns ? 'ahead' : 'left', message };
  }
  const checksum = await log.lookup.checksumAt(offset);
  if (checksum === 'trimmed') return trimmed(log, offset);
  if (checksum === from.checksum) return { kind: 'at', position: from };
  const here = typeof checksum === 'number' ? formatChecksum(checksum) : 'no block that ends there';
  const message = `expected the checksum ${formatChecksum(from.checksum)} at offset ${offset}, found ${here}`;
  return { kind: 'left', message };
}

async function locateOffset(log: Log, offset: number): Promise<Start> {
  if (offset < log.base.offset) return trimmed(log, offset);
  if (offset > log.end.offset)
    return {
      kind: 'ahead',
      message: `the caller needs the changes after offset ${offset}, the log ends at ${log.end.offset}`,
    };
  try {
    return { kind: 'at', position: await log.lookup.boundaryUpTo(offset) };
  } catch (error) {
    if (HeadwaterError.is(error, 'trimmed')) return trimmed(log, offset);
    throw error;
  }
}

function trimmed(log: Log, offset: number): Start {
  const message = `asked for what follows offset ${offset}, the log holds ${log.base.offset + 1} to ${log.end.offset}`;
  return { kind: 'trimmed', message };
}

/**
 * Locates like `locate`, and gives a node that may only be behind some time.
 * @throws HeadwaterError `unavailable` if the node is still behind then, or the signal's reason.
 */
export async function locateInTime(
  log: Log,
  from: Position | number,
  learns: () => boolean,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Exclude<Start, { kind: 'ahead' }>> {
  const untilMs = clock.monotonicMs() + RESUME_WAIT_MS_MAX;
  for (;;) {
    const start = await locate(log, from, learns());
    signal.throwIfAborted();
    if (start.kind !== 'ahead') return start;
    const leftMs = untilMs - clock.monotonicMs();
    if (leftMs <= 0) return stillAhead(log, from, start.message);
    await whenMoved(log.readers, log.end.offset, leftMs, { clock, signal });
  }
}

/** A history that has stayed unknown for all that time is foreign, not merely late. */
function stillAhead(log: Log, from: Position | number, message: string): Exclude<Start, { kind: 'ahead' }> {
  const foreign = typeof from !== 'number' && log.history.lineage.replicationIdAt(from.offset) !== from.replicationId;
  if (foreign) return { kind: 'left', message };
  throw new HeadwaterError('unavailable', `${message}. The node waited ${RESUME_WAIT_MS_MAX} ms for them`);
}
