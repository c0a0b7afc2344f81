/** The reasons for which an upstream refuses a follower. */
import type { StatusUpstream } from './status.js';

/** The loss of data that a person accepts overrules each of them. */
export const REFUSE_REASONS = [
  /** The upstream holds nothing and would wipe the follower. */
  'UPSTREAM_EMPTY',
  'OTHER_CLUSTER',
  /** The two have no history in common. */
  'NO_COMMON_HISTORY',
  /** Writes would be lost that the follower's own log does not hold whole. */
  'TAIL_NOT_IN_LOG',
  /** The follower has the writes of a later leader than the upstream. */
  'LATER_EPOCH',
] as const;

export type RefuseReason = (typeof REFUSE_REASONS)[number];

/** Whether a refusal keeps the link down now, so that `follow` with --accept-data-loss would help. */
export function isRefusedForData({ lastRefusal, error }: Pick<StatusUpstream, 'lastRefusal' | 'error'>): boolean {
  return REFUSE_REASONS.some((reason) => lastRefusal?.reason === reason && error.includes(`(${reason})`));
}
