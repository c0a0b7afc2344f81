/**
 * How safe a write has to be before it is answered, and how safe it is: the
 * levels that a client can name. Each is about the block that holds the write.
 *
 *   appended           in the leader's log: survives the leader's process
 *   synced             and survives a power cut of the leader
 *   followers          appended, and in the logs of so many followers
 *   followers_synced   synced, and would survive power cuts of so many followers;
 *                      a leader under `--fsync never` leaves its own disk out of it
 */
import type { Position } from './position.js';

export const DURABILITY_LEVELS = ['appended', 'synced', 'followers', 'followers_synced'] as const;

export type DurabilityLevel = (typeof DURABILITY_LEVELS)[number];

export interface DurabilityWanted {
  readonly level: DurabilityLevel;
  /** With a level of followers: how many; else 0. A follower's follower counts. */
  readonly followers: number;
  /** After so long the answer says what has been reached; the write stays. */
  readonly timeoutMs: number;
}

export interface DurabilityReached {
  /** Whether what was wanted is reached. */
  readonly reached: boolean;
  /** It would survive a power cut of this node. */
  readonly synced: boolean;
  /** In the logs of so many followers. */
  readonly followersAppended: number;
  /** Would survive power cuts of so many followers. */
  readonly followersSynced: number;
  /** This node runs under `--fsync never`: its own disk does not count for `followers_synced`. */
  readonly unsyncedHere: boolean;
}

export interface DurabilityWaiter {
  reach(position: Position, wanted: DurabilityWanted, signal: AbortSignal): Promise<DurabilityReached>;
}
