/** The digest of a node's keyspace, and the comparison of all nodes of a tree. */

/** The digest of the keyspace of a node. */
export interface KeyspaceDigestReply {
  /** The offset of the keyspace. */
  readonly offset: number;
  /** The number of keys. */
  readonly keys: number;
  /** Has 64 hexadecimal characters. */
  readonly digest: string;
}

export interface CompareRequest {
  /** The time that the leader waits for the last node. 0 for the leader's default. */
  readonly timeoutMs: number;
}

/** The result of a comparison. */
export interface CompareReply {
  /** The offset at which the nodes were compared. */
  readonly offset: number;
  /** The history of that offset, 40 hexadecimal characters. */
  readonly replicationId: string;
  /** The number of keys of the leader. */
  readonly keys: number;
  /** Has 64 hexadecimal characters. */
  readonly digest: string;
  /** All nodes but the leader. */
  readonly nodes: readonly ComparedNode[];
  /** The name by which the nodes know this offset, for the digests of ranges. */
  readonly markId: string;
}

/** A node that a comparison asked. */
export interface ComparedNode {
  /** The ID of the node. */
  readonly nodeId: string;
  /** The host:port of the node. */
  readonly address: string;
  /** The result for this node. `unknown` is one that this version does not know, here and in other results. */
  readonly outcome: 'equal' | 'different' | 'unable' | 'silent' | 'unknown';
  /** The offset at which the node computed its digest. */
  readonly offset: number;
  /** The number of keys of the node. */
  readonly keys: number;
  /** Has 64 hexadecimal characters, or is empty. */
  readonly digest: string;
  /** The reason why the node was unable. */
  readonly message: string;
}

export interface DigestReport {
  readonly kind: 'digestReport';
  readonly markId: string;
  readonly nodeId: string;
  readonly offset: number;
  readonly keys: number;
  readonly digest: Buffer;
  /** The reason why there is no digest. Empty if there is one. */
  readonly error: string;
  readonly address: string;
  /** Nodes connected below when the sender reached the mark. Each of them reports for itself. */
  readonly below: readonly NodeName[];
}

export interface NodeName {
  readonly nodeId: string;
  readonly address: string;
}
