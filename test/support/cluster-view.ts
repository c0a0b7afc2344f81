/** What the store of a cluster holds, for tests: nothing yet, a member, and the key of a leader. */
import { type LeaderKey, type Member, EMPTY_VIEW as UNWRITTEN, type View } from '../../src/cluster/view.js';

export const EMPTY_VIEW: View = { ...UNWRITTEN, clusterId: 'c', revision: 10 };

export function member(nodeId: string, more: Partial<Member> = {}): Member {
  const standing = { historyFence: 0, offset: 0, durableOffset: 0, cannotLead: '', round: 0, revision: 5 };
  return { nodeId, address: `${nodeId}:1`, lease: `lease of ${nodeId}`, ...standing, ...more };
}

export function key(nodeId: string, fence: number): LeaderKey {
  return { nodeId, address: `${nodeId}:1`, lease: `lease of ${nodeId}`, fence, ttlMs: 10_000, reason: 'first' };
}
