/**
 * Active expiry, in small steps: finds keys that may be due, from the overlay's
 * notes and the index on disk. On a leader they go to the writer, which looks
 * again and logs the deletions; a follower deletes nothing and only sweeps
 * index rows whose keys its leader has dealt with.
 */
import { type Clock, type LogicalClock, sleep } from '../clock.js';
import { isExpired } from '../command.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import { parseDueKey } from '../keyspace/record.js';
import { EXPIRY_INTERVAL_MS, EXPIRY_STEP_KEYS } from '../limits.js';
import type { Writer } from './writer.js';

/** How often a follower looks for index rows to sweep. */
const FOLLOWER_SWEEP_MS = 10_000;

export interface ExpiryOptions {
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly logicalClock: LogicalClock;
  readonly onFailure: (error: Error) => void;
}

/** Runs until `signal` aborts. */
export async function expireAsLeader(writer: Writer, options: ExpiryOptions, signal: AbortSignal): Promise<void> {
  const { keyspace, clock, logicalClock, onFailure } = options;
  try {
    while (!signal.aborted) {
      const { keys, rows } = await keyspace.due(logicalClock.now(), EXPIRY_STEP_KEYS);
      if (keys.length > 0) await writer.expire(keys);
      await keyspace.dropDueRows(rows);
      // A full step means that more is due: go on, behind the writes that came meanwhile.
      await sleep(clock, keys.length + rows.length >= EXPIRY_STEP_KEYS ? 1 : EXPIRY_INTERVAL_MS, signal);
    }
  } catch (error) {
    if (!signal.aborted) onFailure(error as Error);
  }
}

/** Runs until `signal` aborts. */
export async function sweepAsFollower(
  { keyspace, clock, logicalClock, onFailure }: ExpiryOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      await sleep(clock, FOLLOWER_SWEEP_MS, signal);
      if (signal.aborted) return;
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
    }
  } catch (error) {
    if (!signal.aborted) onFailure(error as Error);
  }
}
