/**
 * The port to the store of a cluster: all that the cluster needs of etcd, and no more than a Kubernetes Lease can give.
 * The machine (machine.ts) decides, and its actions are these calls.
 *
 * Rules for an adapter:
 *   - An error of any call means that the store could not be asked. The call may have been carried out.
 *   - A lease that the store does not know is an answer and no error.
 *   - `campaign`, `moveLeader`, `resign` and `setSync` change the store only if it is as the caller expects, in one
 *     transaction.
 *   - A store that gives no events about ended leases (Kubernetes) is judged by changes as this node observes them, never
 *     by a time that another machine wrote.
 *   - The views of one watch skip no revision. A watch that has lost events says so, and a read follows.
 */
import type { LeaderKey, MemberRecord, View } from './view.js';

export type Renewal = { readonly outcome: 'alive'; readonly ttlMs: number } | { readonly outcome: 'unknown_lease' };

/** The state that a candidate has seen: the store elects it only if nothing of this has changed. */
export interface Expected {
  /** The fencing number of the last leader; 0 if there was none. */
  readonly lastFence: number;
  /** The revision of the sync key; 0 if there is none. */
  readonly syncRevision: number;
}

export interface ClusterStore {
  grant(ttlMs: number): Promise<{ readonly lease: string; readonly ttlMs: number }>;
  keepAlive(lease: string): Promise<Renewal>;
  read(): Promise<View>;
  /** @returns whether the lease of the record lives, so that the record stands in the store. */
  publish(record: MemberRecord): Promise<boolean>;
  /** @returns the fencing number, or undefined if another node leads or something else has changed. */
  campaign(
    key: Omit<LeaderKey, 'fence'>,
    options: { readonly clusterId: string; readonly expected: Expected; readonly sync: readonly string[] | undefined },
  ): Promise<number | undefined>;
  /** Gives the leader key to the lease of another member. @returns whether the caller still held it. */
  moveLeader(fence: number, key: Omit<LeaderKey, 'fence'>): Promise<boolean>;
  /** Deletes the leader key, and notes that its holder has stopped. */
  resign(fence: number): Promise<void>;
  /** @returns the revision, or undefined if the caller leads no more or the set has changed. */
  setSync(fence: number, nodes: readonly string[], expectedRevision: number): Promise<number | undefined>;
  /** Names the nodes that may lead while a leader may go on without the store. Only the leader does it. */
  setKnown(fence: number, nodes: readonly string[]): Promise<void>;
  /** Ends a person's request for another leader. */
  forgetRequest(fence: number, revision: number): Promise<void>;
}
