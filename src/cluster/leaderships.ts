/** The leaderships of a cluster, the newest last: a list with a bound, which each leadership goes into as it begins. */
import type { LeaderKey, PastLeadership } from './view.js';

/** The leadership that a key begins. */
export function leadershipOf({ nodeId, address, reason }: Omit<LeaderKey, 'fence'>, fence: number, timeMs: number) {
  return { fence, nodeId, address, reason, timeMs, endedMs: 0 };
}

export function withBegun(
  leaderships: readonly PastLeadership[],
  begun: PastLeadership,
  countMax: number,
): readonly PastLeadership[] {
  return [...leaderships, begun].slice(-countMax);
}

/** @param fence of the leadership that has ended. Nothing changes if the list does not have it. */
export function withEnded(
  leaderships: readonly PastLeadership[],
  fence: number,
  endedMs: number,
): readonly PastLeadership[] {
  return leaderships.map((one) => (one.fence === fence && one.endedMs === 0 ? { ...one, endedMs } : one));
}
