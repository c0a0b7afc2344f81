/**
 * Whether a node is healthy and ready, from what it knows at this moment. Nothing here waits for the disk, so that a
 * probe has its answer even if the disk stands still.
 */
import type { StoreState } from '../model/status.js';

export interface Conditions {
  readonly role: 'leader' | 'follower';
  readonly stage: StoreState;
  /** The bug after which the node must not go on. */
  readonly failure: string | undefined;
  readonly isStopping: boolean;
  readonly isDraining: boolean;
  /** The reason why the node serves no reads. */
  readonly notServing: string | undefined;
  /** The reason why a leader takes no writes. */
  readonly refusal: string | undefined;
  /** The followers that the leader needs for writes, and those within the lag. */
  readonly minFollowers: number;
  readonly followersWithinLag: number;
  /** The lag of a follower behind its upstream. Undefined if it was never level with it. */
  readonly lagMs: number | undefined;
  /** The reason why the link to the upstream is down, or empty. */
  readonly linkError: string;
  /** The reason why the archive is too far behind. */
  readonly archiveLate?: string | undefined;
}

/** The stages in which the node needs a person, or has ended. */
const BROKEN: ReadonlySet<StoreState> = new Set(['stuck', 'closed']);

/** The reason why the process does not work. Undefined while it does: a node that opens its data or lags is healthy. */
export function whyUnhealthy({ failure, stage, notServing }: Conditions): string | undefined {
  if (failure !== undefined) return `the node has met a bug and must be started again: ${failure}`;
  return BROKEN.has(stage) ? (notServing ?? `the store is ${stage}`) : undefined;
}

/**
 * The reason why no client should be sent to this node. Undefined for a leader that takes writes, and for a follower in
 * sync.
 * @param lagMsMax the lag up to which a follower counts as in sync.
 */
export function whyNotReady(conditions: Conditions, lagMsMax: number): string | undefined {
  const unhealthy = whyUnhealthy(conditions);
  if (unhealthy !== undefined) return unhealthy;
  if (conditions.isStopping) return 'the node is shutting down';
  if (conditions.isDraining) return 'the node is about to be stopped ("headwater drain --undo" takes that back)';
  if (conditions.notServing !== undefined) return conditions.notServing;
  return conditions.role === 'leader' ? whyNoWrites(conditions) : whyBehind(conditions, lagMsMax);
}

function whyNoWrites({ refusal, minFollowers, followersWithinLag }: Conditions): string | undefined {
  if (refusal !== undefined) return refusal;
  if (followersWithinLag >= minFollowers) return undefined;
  return `this leader takes no writes: expected ${minFollowers} followers within --max-lag, found ${followersWithinLag}`;
}

function whyBehind({ lagMs, linkError }: Conditions, lagMsMax: number): string | undefined {
  if (lagMs !== undefined && lagMs <= lagMsMax) return undefined;
  const found = lagMs === undefined ? 'none of it yet' : `a lag of ${Math.round(lagMs)} ms`;
  const because = linkError === '' ? '' : `: ${linkError}`;
  return `this follower is not in sync: expected a lag of at most ${lagMsMax} ms (--ready-lag), found ${found}${because}`;
}
