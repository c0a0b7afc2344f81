/**
 * When a node has heard the last leader, and what it knows of that leader. The leader's records in the store count, and
 * so does everything that comes over the replication stream. If the node may have missed records, it counts from then
 * on.
 */
import type { PastLeadership, View } from './view.js';

/** The time of a view, by the monotonic clock and by the wall clock of this machine. */
interface SeenAt {
  readonly nowMs: number;
  readonly wallMs: number;
}

export class Hearing {
  /** When something of the last leader was heard last, by the monotonic clock. */
  heardMs = Number.NEGATIVE_INFINITY;
  /** When the last automatic failover was, by the monotonic clock. */
  failedOverMs = Number.NEGATIVE_INFINITY;
  /** The fencing number of the leadership that it began. */
  #failedOverTo = 0;
  /** The offset of the last leader, as far as this node knows it. */
  leaderOffset = 0;

  /** @param isWhole whether nothing between the two views was missed. */
  saw(before: View | undefined, view: View, isWhole: boolean, at: SeenAt): void {
    const wasLed = before?.leader !== undefined;
    const isNew = before?.last?.fence !== view.last?.fence;
    const isAlive = view.leader && recordOf(view)?.revision !== recordOf(before)?.revision;
    const mayHaveMissed = !view.leader && view.last !== undefined && wasLed && !isWhole;
    if (isNew || isAlive || mayHaveMissed) this.heardMs = at.nowMs;
    if (view.leader) this.leaderOffset = recordOf(view)?.offset ?? this.leaderOffset;
    const failover = view.history.findLast(({ reason }) => reason === 'automatic');
    if (failover) this.#sawFailover(failover, before === undefined, at);
  }

  /**
   * A node that was watching takes a failover for one of this moment. A node that was just started has only the time that
   * the new leader wrote, by a clock that may be wrong. A time ahead of this node's clock counts as this moment, so that
   * a wrong clock makes a person necessary for a minute at most. If the clocks differ the other way, the failover
   * seems older, and the next one may come without a person. No two nodes lead for it: whoever leads, the fencing number
   * and the lease decide.
   */
  #sawFailover({ fence, timeMs }: PastLeadership, isStarted: boolean, { nowMs, wallMs }: SeenAt): void {
    if (fence <= this.#failedOverTo) return;
    this.#failedOverTo = fence;
    this.failedOverMs = nowMs - (isStarted ? Math.max(0, wallMs - timeMs) : 0);
  }
}

/** The leader's record about itself. */
function recordOf(view: View | undefined): View['members'][number] | undefined {
  return view?.members.find(({ nodeId }) => nodeId === view.leader?.nodeId);
}
