/** Requests that change the role of nodes or their place in the tree, and the replies. */

/** The request to follow another node. */
export interface FollowRequest {
  /** The host:port of the new upstream. */
  readonly address: string;
  /** Allows the node to discard data of its own that the upstream's history has no place for. */
  readonly acceptDataLoss: boolean;
  /** Begins with a full resync, at any position. */
  readonly full: boolean;
}

/** The request of a failover. */
export interface FailoverRequest {
  /** A host:port or a node ID. Empty for the follower that has the most. */
  readonly to: string;
  /** The time that writes may wait. 0 means 5 s. */
  readonly timeoutMs: number;
}

/** The result of a failover. */
export interface FailoverReply {
  /** The host:port of the old leader. */
  readonly oldLeader: string;
  /** The host:port of the new leader. */
  readonly newLeader: string;
  /** The node ID of the new leader. */
  readonly newLeaderId: string;
  /** The time that writes waited, until the new leader was known to take them. */
  readonly pauseMs: number;
  /** The number of other followers that were told to follow the new leader. */
  readonly followersMoved: number;
  /** The end of the log of both leaders. */
  readonly offset: number;
}

/** The history that a node leads. */
export interface PromoteReply {
  /** The ID of the history, 40 hexadecimal characters. */
  readonly replicationId: string;
  /** The number of times leadership was taken on the way to the history. */
  readonly epoch: number;
  /** The first offset of the history. */
  readonly firstOffset: number;
}

/** The follower that is forgotten. */
export interface ForgetReply {
  /** The node ID of the follower. */
  readonly nodeId: string;
  /** The host:port of the follower. */
  readonly address: string;
  /** The offset behind which the log was kept for the follower. */
  readonly appendedOffset: number;
}
