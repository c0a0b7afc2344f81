/**
 * How safe a write has to be before it is answered, and how safe it is: the levels that a client can name. Each level
 * is about the block that holds the write.
 *
 *   appended           the block is in the leader's log: survives the leader's process
 *   synced             and survives a power cut of the leader
 *   followers          appended, and in the logs of N followers
 *   followers_synced   synced, and would survive power cuts of N followers;
 *                      a leader under `--fsync never` does not count its own disk
 */
import type { DurabilityReached } from '../base/error-details.js';
import { DurabilityNotReached, HeadwaterError } from '../base/errors.js';
import { DURABILITY_FOLLOWERS_MAX, DURABILITY_TIMEOUT_MS, DURABILITY_TIMEOUT_MS_MAX } from '../base/limits.js';
import type { Position } from './position.js';

/** The levels of durability that a write can ask for, the weakest first. */
export const DURABILITY_LEVELS = ['appended', 'synced', 'followers', 'followers_synced'] as const;

/** A level of durability: `appended`, `synced`, `followers` or `followers_synced`. */
export type DurabilityLevel = (typeof DURABILITY_LEVELS)[number];

export interface DurabilityWanted {
  readonly level: DurabilityLevel;
  /** The number of followers, with a level that counts them; else 0. A follower's follower counts. */
  readonly followers: number;
  /** Milliseconds after which the answer reports the durability reached; the write stays. */
  readonly timeoutMs: number;
}

/** Waits on a leader until a write that is appended there is as safe as wanted. */
export interface DurabilityWaiter {
  /**
   * Resolves once the wanted durability is reached or its time has passed, with the durability reached by then.
   * `appended` resolves at once.
   * @param position at or after the write, in the history that it was written under.
   * @throws HeadwaterError `outcome_unknown` if the node stops leading that history meanwhile, or `signal` aborts: the
   *   durability of the write is then unknown.
   */
  reach(position: Position, wanted: DurabilityWanted, signal: AbortSignal): Promise<DurabilityReached>;
}

export function countsFollowers(level: DurabilityLevel): boolean {
  return level === 'followers' || level === 'followers_synced';
}

/** @throws HeadwaterError `invalid_argument` that names the expected and the received value. */
export function checkDurability({ level, followers, timeoutMs }: DurabilityWanted): DurabilityWanted {
  if (!DURABILITY_LEVELS.includes(level)) throw invalid(`one of ${DURABILITY_LEVELS.join(', ')}`, String(level));
  const [min, max] = countsFollowers(level) ? [1, DURABILITY_FOLLOWERS_MAX] : [0, 0];
  if (!Number.isSafeInteger(followers) || followers < min || followers > max)
    throw invalid(`${level} with ${min === max ? 'no' : `${min} to ${max}`} followers`, `${followers}`);
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > DURABILITY_TIMEOUT_MS_MAX)
    throw invalid(`a timeout from 1 to ${DURABILITY_TIMEOUT_MS_MAX} ms`, `${timeoutMs}`);
  return { level, followers, timeoutMs };
}

/** The wanted durability as text: `followers=2;timeout_ms=500`. */
export function formatDurability({ level, followers, timeoutMs }: DurabilityWanted): string {
  return `${countsFollowers(level) ? `${level}=${followers}` : level};timeout_ms=${timeoutMs}`;
}

/**
 * Parses the text that `formatDurability` writes; the timeout may be left out.
 * @throws HeadwaterError `invalid_argument`.
 */
export function parseDurability(text: string): DurabilityWanted {
  const [, level, followers, timeoutMs] = /^([a-z_]+)(?:=(\d{1,9}))?(?:;timeout_ms=(\d{1,9}))?$/.exec(text) ?? [];
  if (level === undefined) throw invalid('LEVEL[=FOLLOWERS][;timeout_ms=N]', JSON.stringify(text.slice(0, 100)));
  return checkDurability({
    level: level as DurabilityLevel,
    followers: Number(followers ?? 0),
    timeoutMs: Number(timeoutMs ?? DURABILITY_TIMEOUT_MS),
  });
}

/** The durability as text: `reached=true;synced=false;followers_appended=2;followers_synced=0;unsynced_here=false`. */
export function formatReached(reached: DurabilityReached): string {
  const { synced, followersAppended, followersSynced, unsyncedHere } = reached;
  return `reached=${reached.reached};synced=${synced};followers_appended=${followersAppended};followers_synced=${followersSynced};unsynced_here=${unsyncedHere}`;
}

/** The error of a write that is in the leader's log and stays. */
export function notReached(reached: DurabilityReached): DurabilityNotReached {
  const { synced, followersAppended, followersSynced, unsyncedHere } = reached;
  return new DurabilityNotReached(
    `the write is done and stays, but did not reach its durability in time: ${synced ? 'synced' : 'not synced'} at the leader${unsyncedHere ? ' (--fsync never)' : ''}, appended at ${followersAppended} and synced at ${followersSynced} followers`,
    { details: reached },
  );
}

function invalid(expected: string, received: string): HeadwaterError {
  return new HeadwaterError('invalid_argument', `durability: expected ${expected}, received ${received}`);
}
