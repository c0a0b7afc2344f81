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
      if (keys.length > 0) await expire(writer, keys);
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
      const keep = await Promise.all(rows.map((row) => isStillDue(keyspace, parseDueKey(row).key, nowMs)));
      await keyspace.dropDueRows(rows.filter((_, i) => !keep[i]));
    }
  } catch (error) {
    if (!signal.aborted) onFailure(error as Error);
  }
}

/** A record that is damaged can be neither judged nor deleted; whoever reads it hears why. */
async function expire(writer: Writer, keys: readonly Buffer[]): Promise<void> {
  try {
    await writer.expire(keys);
  } catch (error) {
    if (!isDamage(error)) throw error;
    if (keys.length > 1) for (const key of keys) await expire(writer, [key]);
  }
}

async function isStillDue(keyspace: Keyspace, key: Buffer, nowMs: number): Promise<boolean> {
  try {
    const [entry] = await keyspace.read([key]);
    return entry !== undefined && isExpired(entry.expiresAtMs, nowMs);
  } catch (error) {
    if (isDamage(error)) return true;
    throw error;
  }
}

function isDamage(error: unknown): boolean {
  return HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'unknown_format');
}
