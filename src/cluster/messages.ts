/**
 * The events that go into the machine of a cluster (machine.ts), and the actions that come out. `Call` and its answers
 * are the port to the store: all that the cluster needs of etcd, and no more than a Kubernetes Lease can give.
 *
 * Rules for an adapter of a store:
 *   - An error means that the store could not be asked. The call may have been carried out.
 *   - A lease that the store does not know is an answer and no error.
 *   - `campaign`, `move_leader`, `resign` and the sets change the store only if it is as the caller expects, in one
 *     transaction. The fencing number is the revision of that transaction, plus the base: nothing else may change the leader key.
 *   - `move_leader` and `campaign` write the last leader beside the leader key. `resign` deletes the leader key and
 *     notes its number.
 *   - A store without events about ended leases is judged by changes as this node observes them, never by a time that
 *     another machine wrote.
 *   - The views of one watch skip no revision. If events were lost, the next view says so.
 */
import type { LeaderKey, MemberRecord, Standing, View } from './view.js';

/** The state that a candidate has seen: the store elects it only if nothing of this has changed. */
export interface Expected {
  /** The fencing number of the last leader; 0 if there was none. */
  readonly lastFence: number;
  /** The revision of the sync key; 0 if there is none. */
  readonly syncRevision: number;
}

/** The facts that the node knows about itself. */
export interface Self extends Standing {
  /** Empty on a node that never had data of a cluster. */
  readonly clusterId: string;
  /**
   * The ID that this node gives to the cluster if it is the first leader. The ID is on its disk before it runs, so that
   * it may run again if it wins and stops before its history has begun.
   */
  readonly proposedClusterId: string;
  /** Why the node may not lead: open findings of verify, a tag, a drain. Empty if it may. */
  readonly cannotLead: string;
}

/** A call of the store. At most one of each runs at a time, and each ends with its answer or with `failed`. */
export type Call =
  | { readonly kind: 'grant'; readonly ttlMs: number }
  | { readonly kind: 'keep_alive'; readonly lease: string }
  | { readonly kind: 'read' }
  | { readonly kind: 'publish'; readonly record: MemberRecord; readonly provesMs: number }
  | {
      readonly kind: 'campaign';
      /** The name of a cluster that has none yet. */
      readonly clusterId: string;
      /** The base of the fencing numbers of a cluster that has no name yet: the highest number of this node's data. */
      readonly fenceBase: number;
      readonly key: Omit<LeaderKey, 'fence'>;
      readonly expected: Expected;
      readonly sync: readonly string[] | undefined;
    }
  | { readonly kind: 'move_leader'; readonly fence: number; readonly key: Omit<LeaderKey, 'fence'> }
  /** @param isInOrder whether the node is being stopped by a person, so that the next leadership is no automatic failover. */
  | { readonly kind: 'resign'; readonly fence: number; readonly isInOrder: boolean }
  | {
      readonly kind: 'set_sync';
      readonly fence: number;
      readonly nodes: readonly string[];
      readonly expectedRevision: number;
    }
  | { readonly kind: 'set_known'; readonly fence: number; readonly nodes: readonly string[] }
  | { readonly kind: 'forget_request'; readonly fence: number; readonly revision: number };

export type CallKind = Call['kind'];

/** `askedMs` is the monotonic time before the request was sent. */
export type Event =
  | { readonly kind: 'tick' }
  | { readonly kind: 'self'; readonly self: Self }
  /**
   * @param isWhole whether no event between this view and the one before was missed.
   * @param wallMs the wall clock of this machine, which the history is held against.
   */
  | { readonly kind: 'view'; readonly view: View; readonly isWhole: boolean; readonly wallMs: number }
  | { readonly kind: 'granted'; readonly askedMs: number; readonly lease: string; readonly ttlMs: number }
  | { readonly kind: 'kept'; readonly askedMs: number; readonly lease: string; readonly ttlMs: number }
  | { readonly kind: 'lease_unknown'; readonly call: 'keep_alive' | 'publish'; readonly lease: string }
  | {
      readonly kind: 'published';
      readonly lease: string;
      readonly provesMs: number;
      /** The revision of the record, counted like a fencing number. */
      readonly revision: number;
      /** The fencing number of the leader key at that revision or later; 0 without a leader. */
      readonly fence: number;
    }
  | { readonly kind: 'campaigned'; readonly lease: string; readonly fence: number | undefined }
  | { readonly kind: 'moved'; readonly done: boolean }
  | { readonly kind: 'resigned' }
  | { readonly kind: 'sync_set'; readonly nodes: readonly string[]; readonly revision: number | undefined }
  | { readonly kind: 'request_forgotten' }
  | { readonly kind: 'known_set' }
  /** The store could not be asked. The call may have been carried out. */
  | { readonly kind: 'failed'; readonly call: CallKind; readonly reason?: string }
  /** The store is another one, or an older state of it. */
  | { readonly kind: 'store_changed'; readonly reason: string }
  /** Something of a leader came over the replication stream. */
  | { readonly kind: 'heard'; readonly fence: number }
  /** These nodes have acknowledged a sign of life that this leader sent at `sentMs`. */
  | { readonly kind: 'acknowledged'; readonly sentMs: number; readonly nodes: readonly string[] }
  /** The node leads: its history has begun durably. */
  | { readonly kind: 'opened' }
  /** The node could not begin to lead, or its term is over. */
  | { readonly kind: 'over'; readonly reason: string; readonly isInOrder?: boolean }
  /** The node appends and answers nothing more. */
  | { readonly kind: 'stopped' }
  /** Writes wait, and the target of a switch has all of them. */
  | { readonly kind: 'held' }
  | { readonly kind: 'hold_failed'; readonly reason: string }
  /** The followers that have all writes durably, and those that are too slow to wait for. */
  | { readonly kind: 'followers'; readonly level: readonly string[]; readonly slow: readonly string[] };

export type Action =
  | { readonly kind: 'call'; readonly call: Call }
  /** Begin a history with this fencing number, and lead until the deadline. */
  | { readonly kind: 'lead'; readonly fence: number; readonly untilMs: number }
  | { readonly kind: 'renew'; readonly untilMs: number }
  | { readonly kind: 'stop_leading'; readonly reason: string }
  | { readonly kind: 'follow'; readonly leader: LeaderKey }
  /** Let writes wait until the node has all of them. */
  | { readonly kind: 'hold'; readonly nodeId: string }
  | { readonly kind: 'release' }
  /** The switch that a person wanted is over. @param failure empty if the other node has the leader key. */
  | { readonly kind: 'switch_ended'; readonly failure: string }
  | { readonly kind: 'say'; readonly level: 'info' | 'warn' | 'error'; readonly message: string };
