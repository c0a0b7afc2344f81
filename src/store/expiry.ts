/**
 * Active expiry, in small steps: finds keys that may be due, from the overlay's
 * notes and the index on disk. On a leader they go to the writer, which looks
 * again and logs the deletions; a follower deletes nothing and only sweeps
 * index rows whose keys its leader has dealt with.
 */
import { type Clock, type LogicalClock, sleep } from '../clock.js';
import { isExpired } from '../command.js';
import { HeadwaterError } from '../errors.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import { parseDueKey } from '../keyspace/record.js';
import { EXPIRY_INTERVAL_MS, EXPIRY_STEP_KEYS } from '../limits.js';
import type { Logger } from '../logger.js';
import type { Space } from './space.js';
import type { Writer } from './writer.js';

/** How often a follower looks for index rows to sweep. */
const FOLLOWER_SWEEP_MS = 10_000;

/** A disk that could not be read is asked again after so long. */
const UNREADABLE_RETRY_MS = 60_000;

export interface ExpiryOptions {
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly logicalClock: LogicalClock;
  readonly logger: Logger;
  /** On a full disk nothing is deleted: what is expired is hidden all the same. */
  readonly space: Pick<Space, 'refusal' | 'whenRoom'>;
  readonly onFailure: (error: Error) => void;
}

/** Runs until `signal` aborts. */
export async function expireAsLeader(writer: Writer, options: ExpiryOptions, signal: AbortSignal): Promise<void> {
  const { keyspace, logicalClock } = options;
  await repeatedly(options, signal, async () => {
    const { keys, rows } = await keyspace.due(logicalClock.now(), EXPIRY_STEP_KEYS);
    if (signal.aborted) return 0;
    if (keys.length > 0) await writer.expire(keys);
    await keyspace.dropDueRows(rows);
    // A full step means that more is due: go on, behind the writes that came meanwhile.
    return keys.length + rows.length >= EXPIRY_STEP_KEYS ? 1 : EXPIRY_INTERVAL_MS;
  });
}

/** Runs until `signal` aborts. */
export async function sweepAsFollower(options: ExpiryOptions, signal: AbortSignal): Promise<void> {
  const { keyspace, clock, logicalClock } = options;
  await sleep(clock, FOLLOWER_SWEEP_MS, signal);
  await repeatedly(options, signal, async () => {
    const nowMs = logicalClock.now();
    const rows = await keyspace.dueRows(nowMs, EXPIRY_STEP_KEYS);
    const { entries, damaged } = await keyspace.read(
      rows.map((row) => parseDueKey(row).key),
      { needsValue: () => false },
    );
    const isStillDue = (i: number) => {
      const entry = entries[i];
      // What a damaged record says is not known: its row stays.
      return entry ? isExpired(entry.expiresAtMs, nowMs) : damaged?.has(i) === true;
    };
    await keyspace.dropDueRows(rows.filter((_, i) => !isStillDue(i)));
    return FOLLOWER_SWEEP_MS;
  });
}

/**
 * A part of the index that the disk cannot give holds up expiry, and nothing
 * else: opening anew would not mend it. A failed write is the store's to handle.
 * @param step does some of the work; resolves with the milliseconds to wait before the next.
 */
async function repeatedly(
  { clock, logger, space, onFailure }: ExpiryOptions,
  signal: AbortSignal,
  step: () => Promise<number>,
): Promise<void> {
  while (!signal.aborted) {
    let waitMs: number;
    try {
      if (space.refusal) await space.whenRoom(signal);
      waitMs = await step();
    } catch (error) {
      if (signal.aborted) return;
      if (!HeadwaterError.is(error, 'corrupt')) return onFailure(error as Error);
      logger.error({ error: error.message }, `expired keys are not deleted for now: ${error.message}; trying again`);
      waitMs = UNREADABLE_RETRY_MS;
    }
    await sleep(clock, waitMs, signal);
  }
}
