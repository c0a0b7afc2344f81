/**
 * The leaderships of a cluster in etcd: the key `history`, which is changed in the same transaction as the leader key. So
 * no leadership is missing, and no key is written more often for it. The newest one has no fencing number in the value
 * until the next change, because the number is the revision of its own transaction.
 */
import type { EtcdEntry } from './etcd/model.js';
import { Value } from './etcd-value.js';
import { leadershipOf, withBegun, withEnded } from './leaderships.js';
import type { LeaderKey, PastLeadership, Reason } from './view.js';

/** About 25 KB: the key is written as seldom as leaders change. */
const LEADERSHIPS_MAX = 100;

/** Every change of the cluster makes a view, and this key changes seldom. */
const parsed = new WeakMap<EtcdEntry, readonly PastLeadership[]>();

/** @param base of the fencing numbers. @throws HeadwaterError `protocol_violation` */
export function leadershipsOf(entry: EtcdEntry, base: number): readonly PastLeadership[] {
  const known = parsed.get(entry);
  if (known) return known;
  const value = new Value(entry);
  const leaderships = value.list('leaderships').map((one) => ({
    fence: one.number('fence') || base + value.revision,
    nodeId: one.text('node_id'),
    address: one.text('address'),
    reason: one.text('reason') as Reason,
    timeMs: one.number('time_ms'),
    endedMs: one.number('ended_ms'),
  }));
  parsed.set(entry, leaderships);
  return leaderships;
}

/** The key as its next writer needs it. */
export class EtcdLeaderships {
  #newest: EtcdEntry | undefined;

  /** A read may be ahead of the watch. */
  saw(entry: EtcdEntry | undefined): void {
    if (entry && entry.modRevision > (this.#newest?.modRevision ?? 0n)) this.#newest = entry;
  }

  /** The value when a leadership begins. @param ended the fencing number of the one that ends for it; 0 if none does. */
  begun(key: Omit<LeaderKey, 'fence'>, ended: number, base: number, nowMs: number): string {
    const before = withEnded(this.#known(base), ended, nowMs);
    return textOf(withBegun(before, leadershipOf(key, 0, nowMs), LEADERSHIPS_MAX));
  }

  /** The value when a leadership ends. */
  ended(fence: number, base: number, nowMs: number): string {
    return textOf(withEnded(this.#known(base), fence, nowMs));
  }

  /** A person may have written something else: the list begins again then. */
  #known(base: number): readonly PastLeadership[] {
    if (!this.#newest) return [];
    try {
      return leadershipsOf(this.#newest, base);
    } catch {
      return [];
    }
  }
}

function textOf(leaderships: readonly PastLeadership[]): string {
  return JSON.stringify({
    leaderships: leaderships.map(({ fence, nodeId, address, reason, timeMs, endedMs }) => ({
      fence,
      node_id: nodeId,
      address,
      reason,
      time_ms: timeMs,
      ended_ms: endedMs,
    })),
  });
}
