/** The cluster of a node as its operators see it: who leads, for how long, and who could lead next. */
import type { FailoverReply, FailoverRequest } from './leadership.js';

/** The cluster of a node, as the node sees it. */
export interface StatusCluster {
  /** The name of the cluster in its store. */
  readonly name: string;
  /** The ID that the first leader gave to the cluster; empty before. */
  readonly clusterId: string;
  /** The mode says what a failover may cost: the last writes (`available`), or none that was answered (`safe`). */
  readonly mode: 'available' | 'safe' | 'unknown';
  /** Whether a leader continues without the store while all nodes answer it. */
  readonly failsafe: boolean;
  /** The time to live of the lease of a leader. */
  readonly ttlMs: number;
  /** The part that this node plays: see src/cluster/states.ts. */
  readonly state: ClusterStateName;
  /** The reason why this node does not lead, or does not ask to; empty if there is none. */
  readonly why: string;
  /** Whether a person has paused the cluster. */
  readonly paused: boolean;
  /** The fencing number of the present leadership, or of the last one; 0 if there was none. */
  readonly fence: number;
  /** The node ID of the leader; empty if there is none. */
  readonly leaderId: string;
  /** The host:port of the leader; empty if there is none. */
  readonly leaderAddress: string;
  /** The time that this leader has until it has to stop, if nothing renews its lease. 0 on a node that does not lead. */
  readonly leftMs: number;
  /** The nodes that must have a write before it is answered, in the mode `safe`. */
  readonly required: readonly string[];
  /** The nodes that are there now. */
  readonly members: readonly ClusterMember[];
  /** The last leaderships, the newest last, as the store of the cluster keeps them. */
  readonly history: readonly ClusterLeadership[];
  /** The time since the store of the cluster has answered; undefined if it never has. */
  readonly storeSilentMs: number | undefined;
  /** Whether there is no leader, and nobody leads before a person has resumed the cluster. */
  readonly needsPerson: boolean;
}

/** The part that a node plays in its cluster. A newer node may play one that is not known here. */
export type ClusterStateName =
  | 'joining'
  | 'refused'
  | 'following'
  | 'electing'
  | 'campaigning'
  | 'opening'
  | 'leading'
  | 'holding'
  | 'moving'
  | 'stopping'
  | 'unknown';

/** How a leadership came about: without a leader before, since that one was gone, or because a person wanted it. */
export type LeadershipReason = 'first' | 'automatic' | 'planned' | 'unknown';

/** A node of a cluster. */
export interface ClusterMember {
  /** The ID of the node. */
  readonly nodeId: string;
  /** The host:port of the node. */
  readonly address: string;
  /** The end of its log, as it has written to the store last. */
  readonly offset: number;
  /** The offset up to which its data would survive a power cut. */
  readonly durableOffset: number;
  /** The fencing number of the history of the node's last command. */
  readonly historyFence: number;
  /** The reason why the node may not lead if the leader goes; empty if it may. */
  readonly cannotLead: string;
}

/** A leadership of a cluster. */
export interface ClusterLeadership {
  /** The fencing number. */
  readonly fence: number;
  /** The ID of the node. */
  readonly nodeId: string;
  /** The host:port of the node. */
  readonly address: string;
  /** How it came about. */
  readonly reason: LeadershipReason;
  /** When it began, in milliseconds since the epoch, by the clock of the node that wrote it. */
  readonly timeMs: number;
  /** When its leader wrote that it has stopped, or gave it to another node; 0 if it has not. */
  readonly endedMs: number;
}

/** The result of a switch. */
export interface ClusterSwitchReply {
  /** The host:port of the old leader. */
  readonly oldLeader: string;
  /** The host:port of the new leader. */
  readonly newLeader: string;
  /** The node ID of the new leader. */
  readonly newLeaderId: string;
  /** The time until the new leader took writes. */
  readonly pauseMs: number;
  /** The end of the log of the old leader. */
  readonly offset: number;
}

/** The place of a node in its cluster. */
export interface ClusterControl {
  /** The cluster as the node sees it. */
  readonly status: StatusCluster;
  /** Pauses the cluster: nobody leads after the present leader, which leads on. */
  pause(): Promise<void>;
  /** Ends a pause, and lets a failover happen that waits for a person. */
  resume(): Promise<void>;
  /**
   * Gives the leadership of this node to another one. Resolves when that node takes writes.
   * @param wanted.to host:port or the node ID. Empty for the node that has the most.
   */
  switchTo(wanted: Pick<FailoverRequest, 'to'>): Promise<FailoverReply>;
}
