/**
 * When a node has heard the last leader, and what it knows of that leader. The leader's records in the store count, and
 * so does everything that comes over the replication stream. If the node may have missed records, it counts from then
 * on.
 */
import type { View } from './view.js';

export class Hearing {
  /** When something of the last leader was heard last, by the monotonic clock. */
  heardMs = Number.NEGATIVE_INFINITY;
  /** When the last automatic failover was seen. */
  failedOverMs = Number.NEGATIVE_INFINITY;
  /** The offset of the last leader, as far as this node knows it. */
  leaderOffset = 0;

  /** @param isWhole whether nothing between the two views was missed. */
  saw(before: View | undefined, view: View, isWhole: boolean, nowMs: number): void {
    const wasLed = before?.leader !== undefined;
    const isNew = before?.last?.fence !== view.last?.fence;
    const isAlive = view.leader && recordOf(view)?.revision !== recordOf(before)?.revision;
    const mayHaveMissed = !view.leader && view.last !== undefined && wasLed && !isWhole;
    if (isNew || isAlive || mayHaveMissed) this.heardMs = nowMs;
    if (view.leader && isNew && before && view.leader.reason === 'automatic') this.failedOverMs = nowMs;
    if (view.leader) this.leaderOffset = recordOf(view)?.offset ?? this.leaderOffset;
  }
}

/** The leader's record about itself. */
function recordOf(view: View | undefined): View['members'][number] | undefined {
  return view?.members.find(({ nodeId }) => nodeId === view.leader?.nodeId);
}
