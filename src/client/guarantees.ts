/**
 * The guarantees of a call: what a caller writes, made into what a message
 * asks, and what becomes of a write that was not as durable as asked in time.
 */

import { HeadwaterError } from '../base/errors.js';
import { DURABILITY_TIMEOUT_MS } from '../base/limits.js';
import {
  checkDurability,
  countsFollowers,
  type DurabilityLevel,
  type DurabilityReached,
  reachedFields,
} from '../model/durability.js';
import type { Guarantees } from '../model/guarantees.js';
import { type Position, parseToken } from '../model/position.js';

export interface DurabilityOption {
  readonly level: DurabilityLevel;
  /** With `followers` and `followers_synced`: how many; 1 by default. */
  readonly followers?: number | undefined;
  /** How long to wait for it; 5,000 by default, or less where the command waits less. Below the timeout of the command. */
  readonly timeoutMs?: number | undefined;
}

export interface GuaranteeOptions {
  /**
   * How safe a write must be before its promise resolves. Where that is not
   * reached in time the promise is rejected with `durability_not_reached`, a
   * DurabilityNotReached that says what was: **the write stays**.
   */
  readonly durability?: DurabilityOption | undefined;
  /** A `token` or `position`, of this client or another: the node answers when it has applied everything up to there. */
  readonly atLeast?: Position | string | undefined;
  /** A follower answers only if it has everything that the leader had so long ago. */
  readonly maxStalenessMs?: number | undefined;
}

/** The write is in the leader's log and stays; `reached` says how safe it was when the time was over. */
export class DurabilityNotReached extends HeadwaterError {
  readonly reached: DurabilityReached;

  constructor(reached: DurabilityReached) {
    const { synced, followersAppended, followersSynced, unsyncedHere } = reached;
    super(
      'durability_not_reached',
      `the write is done and stays, but was not as durable as asked in time: ${synced ? 'synced' : 'not synced'} at the leader${unsyncedHere ? ' (which runs under --fsync never)' : ''}, appended at ${followersAppended} and synced at ${followersSynced} followers`,
      { details: reachedFields(reached) },
    );
    this.reached = reached;
  }
}

/** Most durable writes finish in a fraction of the time that their command may take: the answer needs the rest. */
const SHARE_OF_TIMEOUT = 0.8;

/** @throws HeadwaterError `invalid_argument` naming what was expected and received. */
export function guaranteesOf(options: GuaranteeOptions, timeoutMs: number): Guarantees | undefined {
  const { durability, atLeast, maxStalenessMs } = options;
  // Most options are those of the operation alone, such as an expiry.
  if (durability === undefined && atLeast === undefined && maxStalenessMs === undefined) return undefined;
  if (maxStalenessMs !== undefined && !(Number.isSafeInteger(maxStalenessMs) && maxStalenessMs > 0))
    throw invalid('maxStalenessMs', 'a whole number above 0', `${maxStalenessMs}`);
  const withinMs = Math.max(1, Math.floor(timeoutMs * SHARE_OF_TIMEOUT));
  const position = typeof atLeast === 'string' ? parseToken(atLeast) : atLeast;
  return {
    durability: durability && durabilityOf(durability, timeoutMs),
    freshness:
      position || maxStalenessMs ? { atLeast: position, maxStalenessMs: maxStalenessMs ?? 0, withinMs } : undefined,
  };
}

function durabilityOf(option: DurabilityOption, timeoutMs: number) {
  const { level, followers = countsFollowers(level) ? 1 : 0 } = option;
  const mostMs = Math.max(1, Math.floor(timeoutMs * SHARE_OF_TIMEOUT));
  const wanted = checkDurability({
    level,
    followers,
    timeoutMs: option.timeoutMs ?? Math.min(DURABILITY_TIMEOUT_MS, mostMs),
  });
  if (wanted.timeoutMs < timeoutMs) return wanted;
  throw invalid(
    'durability.timeoutMs',
    `less than the ${timeoutMs} ms that the command waits for its answer`,
    `${wanted.timeoutMs}`,
  );
}

/** Whether two commands can share a message. */
export function sameGuarantees(a: Guarantees | undefined, b: Guarantees | undefined): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  const [da, db, fa, fb] = [a.durability, b.durability, a.freshness, b.freshness];
  return (
    da?.level === db?.level &&
    da?.followers === db?.followers &&
    da?.timeoutMs === db?.timeoutMs &&
    fa?.maxStalenessMs === fb?.maxStalenessMs &&
    fa?.withinMs === fb?.withinMs &&
    samePosition(fa?.atLeast, fb?.atLeast)
  );
}

function samePosition(a: Position | undefined, b: Position | undefined): boolean {
  return a?.replicationId === b?.replicationId && a?.offset === b?.offset && a?.checksum === b?.checksum;
}

/**
 * What is asked, and that the node has applied `seen`.
 * @param withinMs how long a node is given to become that fresh, where less is not asked.
 */
export function withFreshness(
  asked: Guarantees | undefined,
  seen: Position | undefined,
  withinMs: number,
): Guarantees | undefined {
  const freshness = asked?.freshness;
  if (!seen && !freshness) return asked;
  const atLeast = freshness?.atLeast;
  // Within one history the later position implies the earlier one; of two histories, one may be lost.
  const isOther = seen && atLeast && seen.replicationId !== atLeast.replicationId;
  return {
    durability: asked?.durability,
    freshness: {
      atLeast: seen && atLeast && !isOther && atLeast.offset < seen.offset ? seen : (atLeast ?? seen),
      ...(isOther && { alsoAtLeast: seen }),
      maxStalenessMs: freshness?.maxStalenessMs ?? 0,
      withinMs: Math.min(freshness?.withinMs ?? withinMs, withinMs),
    },
  };
}

function invalid(name: string, expected: string, received: string): HeadwaterError {
  return new HeadwaterError('invalid_argument', `${name}: expected ${expected}, received ${received}`);
}
