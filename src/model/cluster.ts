/** The cluster of a node as its operators see it: who leads, for how long, and who could lead next. */

export interface StatusCluster {
  /** The name of the cluster in its store. */
  readonly name: string;
  /** The ID that the first leader gave to the cluster; empty before. */
  readonly clusterId: string;
  /** `available` or `safe`. */
  readonly mode: string;
  readonly failsafe: boolean;
  /** The time to live of the lease of a leader. */
  readonly ttlMs: number;
  /** The part that this node plays: `following`, `leading`, and so on. */
  readonly state: string;
  /** The reason why this node does not lead, or does not ask to; empty if there is none. */
  readonly why: string;
  readonly paused: boolean;
  /** The fencing number of the present leadership, or of the last one; 0 if there was none. */
  readonly fence: number;
  /** The node ID of the leader; empty if there is none. */
  readonly leaderId: string;
  readonly leaderAddress: string;
  /** The time that this leader has until it has to stop, if nothing renews its lease. 0 on a node that does not lead. */
  readonly leftMs: number;
  /** The nodes that must have a write before it is answered, in the mode `safe`. */
  readonly required: readonly string[];
  readonly members: readonly ClusterMember[];
  /** The leaderships that this node has seen since it started, the newest last. */
  readonly history: readonly ClusterLeadership[];
  /** The time since the store of the cluster has answered; undefined if it never has. */
  readonly storeSilentMs: number | undefined;
  /** Whether there is no leader, and nobody leads before a person has resumed the cluster. */
  readonly needsPerson: boolean;
}

export interface ClusterMember {
  readonly nodeId: string;
  readonly address: string;
  readonly offset: number;
  readonly durableOffset: number;
  /** The fencing number of the history of the node's last command. */
  readonly historyFence: number;
  /** The reason why the node may not lead if the leader goes; empty if it may. */
  readonly cannotLead: string;
}

export interface ClusterLeadership {
  readonly fence: number;
  readonly nodeId: string;
  readonly address: string;
  /** How it came about: `first`, `automatic` or `planned`. */
  readonly reason: string;
  /** When this node saw it, in milliseconds since the epoch. */
  readonly timeMs: number;
}

/** The result of a switch. */
export interface ClusterSwitchReply {
  /** The host:port of the old leader. */
  readonly oldLeader: string;
  readonly newLeader: string;
  readonly newLeaderId: string;
  /** The time until the new leader took writes. */
  readonly pauseMs: number;
  /** The end of the log of the old leader. */
  readonly offset: number;
}
