/**
 * The content of a cluster's store, as one node sees it. The fencing number of a leadership is the store's revision at
 * which the leader key came to its holder, plus a base that is fixed when the cluster is founded in the store. No later
 * leadership has a lower one. The base is above all numbers of the data, so a cluster can move to another store.
 */

/** How a leadership came about. */
export type Reason = 'first' | 'automatic' | 'planned';

/** The leader key, which lives as long as the lease of its holder. */
export interface LeaderKey {
  readonly nodeId: string;
  readonly address: string;
  readonly lease: string;
  /** The fencing number. */
  readonly fence: number;
  readonly ttlMs: number;
  readonly reason: Reason;
}

/** The last leadership, which is remembered when the leader key is gone. */
export interface LastLeader {
  readonly nodeId: string;
  readonly fence: number;
  /** The time to live of its lease, if the store knows it. Another node may have been started with another time. */
  readonly ttlMs?: number | undefined;
}

/** How far the log of a node reaches. */
export interface Standing {
  /** The fencing number of the history of the last command; 0 if no cluster has given one. */
  readonly historyFence: number;
  readonly offset: number;
  readonly durableOffset: number;
}

/** The record of a node about itself. The record lives as long as the node's lease. */
export interface MemberRecord extends Standing {
  readonly nodeId: string;
  readonly address: string;
  readonly lease: string;
  /** Why the node may not lead; empty if it may. */
  readonly cannotLead: string;
  /** The fencing number of the leader whose absence the node has seen; -1 while it sees a leader. */
  readonly round: number;
}

export interface Member extends MemberRecord {
  /** The store's revision of the last change. */
  readonly revision: number;
}

/** The nodes that have all acknowledged writes: only they may lead in safe mode. */
export interface SyncKey {
  readonly nodes: readonly string[];
  readonly revision: number;
}

/** A person's wish for another leader. */
export interface SwitchRequest {
  readonly to: string;
  /**
   * The fencing number of the leader that was asked; 0 if the writer has named none. No other leader carries out the
   * wish: its person has seen that leader fail, and has gone.
   */
  readonly fence: number;
  readonly revision: number;
}

/**
 * A leadership of the cluster: the present one, or an earlier one. The list decides only one thing: whether the last
 * automatic failover is so recent that a person is needed (hearing.ts).
 */
export interface PastLeadership {
  /** The fencing number. */
  readonly fence: number;
  readonly nodeId: string;
  readonly address: string;
  readonly reason: Reason;
  /** When it began, in milliseconds since the epoch, by the clock of the node that wrote it. */
  readonly timeMs: number;
  /** When its leader wrote that it has stopped, or has given it to another node; 0 if it has not. */
  readonly endedMs: number;
}

export interface View {
  /** Empty until the first leader. */
  readonly clusterId: string;
  /** Counted like a fencing number. */
  readonly revision: number;
  readonly leader: LeaderKey | undefined;
  readonly last: LastLeader | undefined;
  /** The fencing number of the last leader that said that it has stopped. */
  readonly resigned: number;
  /** Whether that leader stopped because a person stopped its node. */
  readonly isResignedInOrder: boolean;
  readonly sync: SyncKey | undefined;
  readonly members: readonly Member[];
  /** The nodes that may lead with `--failsafe`; empty without it. */
  readonly known: readonly string[];
  readonly isPaused: boolean;
  readonly request: SwitchRequest | undefined;
  /** The fencing number of the leader that a person allows to be replaced at once; 0 if none. */
  readonly allowed: number;
  /** The last leaderships, the newest last. */
  readonly history: readonly PastLeadership[];
}

/** The view of a store that nobody has written to. */
export const EMPTY_VIEW: View = {
  clusterId: '',
  revision: 0,
  leader: undefined,
  last: undefined,
  resigned: 0,
  isResignedInOrder: false,
  sync: undefined,
  members: [],
  known: [],
  isPaused: false,
  request: undefined,
  allowed: 0,
  history: [],
};
