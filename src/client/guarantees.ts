/**
 * The guarantees of a call: converts a caller's options to those of a message. A write that was not as durable as asked
 * in time gets the error here.
 */

import { HeadwaterError } from '../base/errors.js';
import { DURABILITY_TIMEOUT_MS } from '../base/limits.js';
import { checkOptionNames, optionNames } from '../base/option-names.js';
import { shownValue } from '../base/shown-value.js';
import { checkDurability, countsFollowers, type DurabilityLevel } from '../model/durability.js';
import type { Guarantees } from '../model/guarantees.js';
import type { Position } from '../model/position.js';
import { givenPosition } from './given-position.js';

/** The durability that a write must reach. */
export interface DurabilityOption {
  /** `appended`, `synced`, `followers` or `followers_synced`. */
  readonly level: DurabilityLevel;
  /** The number of followers, for `followers` and `followers_synced`. 1 by default. */
  readonly followers?: number | undefined;
  /**
   * The milliseconds to wait for the durability, below the timeout of the command. 5,000 by default, or less if the command
   * waits less.
   */
  readonly timeoutMs?: number | undefined;
}

const DURABILITY = optionNames<DurabilityOption>({ level: true, followers: true, timeoutMs: true });

/** The guarantees that a call asks for. */
export interface GuaranteeOptions {
  /**
   * The durability that a write must reach before its promise resolves. If the time for that passes, the promise is
   * rejected with a DurabilityNotReached (`durability_not_reached`). The error reports the durability that was reached,
   * and **the write stays**.
   */
  readonly durability?: DurabilityOption | undefined;
  /**
   * A `token` or `position`, of this client or another. The node answers when it has applied everything up to there.
   */
  readonly atLeast?: Position | string | undefined;
  /** The bound on staleness in milliseconds. A follower answers only if it has everything that the leader had so long ago. */
  readonly maxStalenessMs?: number | undefined;
}

/**
 * The part of a command's time that its guarantees may take, since the answer needs the rest. Most durable writes need
 * only a fraction of their command's time.
 */
const SHARE_OF_TIMEOUT = 0.8;

/** @throws HeadwaterError `invalid_argument` that names the expected and the received value. */
export function guaranteesOf(options: GuaranteeOptions, timeoutMs: number): Guarantees | undefined {
  const { durability, atLeast, maxStalenessMs } = options;
  // Most options are those of the operation alone, such as an expiry.
  if (durability === undefined && atLeast === undefined && maxStalenessMs === undefined) return undefined;
  if (maxStalenessMs !== undefined && !(Number.isSafeInteger(maxStalenessMs) && maxStalenessMs > 0))
    throw invalid('maxStalenessMs', 'a whole number above 0', shownValue(maxStalenessMs));
  const withinMs = Math.max(1, Math.floor(timeoutMs * SHARE_OF_TIMEOUT));
  const position = givenPosition('atLeast', atLeast);
  return {
    durability: durability && durabilityOf(durability, timeoutMs),
    freshness:
      position || maxStalenessMs ? { atLeast: position, maxStalenessMs: maxStalenessMs ?? 0, withinMs } : undefined,
  };
}

function durabilityOf(option: DurabilityOption, timeoutMs: number) {
  checkOptionNames(option, DURABILITY, 'durability.');
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

/** True if two commands can share a message. */
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
 * Adds to the guarantees that the node has applied `seen`.
 * @param withinMs the longest time that a node has to become that fresh. The caller may ask for less.
 */
export function withFreshness(
  asked: Guarantees | undefined,
  seen: Position | undefined,
  withinMs: number,
): Guarantees | undefined {
  const freshness = asked?.freshness;
  if (!seen && !freshness) return asked;
  const atLeast = freshness?.atLeast;
  // Within one history the later position implies the earlier one. With two histories, one may be lost.
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
