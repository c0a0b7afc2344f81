/** The digest of a node's keyspace, and the comparison of all nodes of a tree. */

export interface KeyspaceDigestReply {
  readonly offset: number;
  readonly keys: number;
  /** Has 64 hexadecimal characters. */
  readonly digest: string;
}

export interface CompareRequest {
  /** The time that the leader waits for the last node. 0 for the leader's default. */
  readonly timeoutMs: number;
}

export interface CompareReply {
  readonly offset: number;
  readonly replicationId: string;
  readonly keys: number;
  /** Has 64 hexadecimal characters. */
  readonly digest: string;
  /** All nodes but the leader. */
  readonly nodes: readonly ComparedNode[];
  /** The name by which the nodes know this offset, for the digests of ranges. */
  readonly markId: string;
}

export interface ComparedNode {
  readonly nodeId: string;
  readonly address: string;
  /** Is "equal", "different", "unable" or "silent". */
  readonly outcome: string;
  readonly offset: number;
  readonly keys: number;
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
