/**
 * The nouns of etcd's API, in etcd's own words. The client (client.ts) takes and returns them, and nothing else of the
 * protocol leaves this folder.
 *
 * Revisions and leases are `bigint`. A lease has 63 random bits, which a number cannot hold. Revisions are compared by
 * order, which decimal text cannot do. A cluster and a member are only compared for equality and shown to people, so
 * they are hexadecimal text, as `etcdctl` shows them.
 */

/** The state of the member that answered, at the moment of its answer. */
export interface EtcdHeader {
  readonly clusterId: string;
  readonly memberId: string;
  /** The revision of the whole store. An answer about a lease has that of the member, which may be behind others. */
  readonly revision: bigint;
  readonly raftTerm: bigint;
}

export interface EtcdEntry {
  readonly key: string;
  readonly value: Buffer;
  /** The revision of the transaction that created the key. If the key is deleted and comes back, this one is new. */
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  /** The number of changes since the key was created. */
  readonly version: bigint;
  /** 0n if the key is on no lease. */
  readonly lease: bigint;
}

/** A key, or all keys that begin with a text. */
export type EtcdKeys = { readonly key: string } | { readonly prefix: string };

export type EtcdComparison = 'equal' | 'greater' | 'less' | 'not_equal';

/**
 * A condition on one key. A key that does not exist has the revisions, the version and the lease 0n. A
 * comparison of its `value` always fails, also `not_equal`.
 */
export type EtcdCompare = { readonly key: string; readonly result: EtcdComparison } & (
  | { readonly target: 'create' | 'mod' | 'version' | 'lease'; readonly than: bigint }
  | { readonly target: 'value'; readonly than: string | Uint8Array }
);

export type EtcdOperation =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly value: string | Uint8Array;
      /** The key is deleted with this lease. 0n or nothing for no lease. */
      readonly lease?: bigint;
    }
  | ({ readonly kind: 'delete' } & EtcdKeys)
  | ({ readonly kind: 'range' } & EtcdKeys);

export type EtcdResult =
  | { readonly kind: 'put' }
  | { readonly kind: 'delete'; readonly deleted: number }
  | { readonly kind: 'range'; readonly entries: readonly EtcdEntry[] };

export interface EtcdTransaction {
  /** All of them have to hold. None hold always. */
  readonly compares: readonly EtcdCompare[];
  readonly success: readonly EtcdOperation[];
  readonly failure?: readonly EtcdOperation[];
}

export interface EtcdTransactionReply {
  readonly header: EtcdHeader;
  /** Whether all compares held, so that the operations of `success` were carried out. */
  readonly succeeded: boolean;
  /** In the order of the operations that were carried out. */
  readonly results: readonly EtcdResult[];
}

export interface EtcdRange {
  readonly header: EtcdHeader;
  /** In the order of their keys. */
  readonly entries: readonly EtcdEntry[];
}

/** A lease that lives. */
export interface EtcdLease {
  readonly outcome: 'alive';
  readonly header: EtcdHeader;
  readonly lease: bigint;
  /** The time until the lease ends, unless it is kept alive. Can be longer than was asked: etcd has a minimum. */
  readonly ttlSeconds: number;
  /** The monotonic time before the request was sent. A deadline counts from here, never from the answer. */
  readonly askedMs: number;
}

/** The lease has ended, or never was. An answer of etcd, so the keys on the lease are gone. */
export interface EtcdUnknownLease {
  readonly outcome: 'unknown_lease';
}

export interface EtcdTimeToLive extends EtcdLease {
  /** The time to live that the lease was granted with, and gets again whenever it is kept alive. */
  readonly grantedSeconds: number;
}

export type EtcdEvent =
  | { readonly kind: 'put'; readonly entry: EtcdEntry }
  | { readonly kind: 'delete'; readonly key: string; readonly modRevision: bigint };

/** Receives what a watch sees. A method that throws does not end the watch. */
export interface EtcdWatchListener {
  /** The events of one or more whole transactions, in order. */
  events(events: readonly EtcdEvent[], header: EtcdHeader): void;
  /**
   * The watch has ended, since etcd has forgotten events before `revision`. The caller reads all keys, and watches from
   * the revision of that answer.
   */
  compacted(revision: bigint): void;
  /** All events up to this revision have been handed out. */
  progress?(revision: bigint): void;
  /** A member watches for this client: at the beginning, and again after each interruption. */
  watching?(header: EtcdHeader): void;
  /** No member watches at the moment. The watch resumes by itself at the revision where it was. */
  interrupted?(reason: Error): void;
}

export interface EtcdWatch {
  /** The first revision whose events have not been handed out. Undefined before a member watches. */
  readonly nextRevision: bigint | undefined;
  close(): void;
}

/**
 * The end of the range that begins at `prefix`: the first key behind all that begin with it. A zero byte alone stands
 * for the end of all keys.
 */
export function endOfPrefix(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] as number;
    if (byte === 0xff) continue;
    end[at] = byte + 1;
    return end.subarray(0, at + 1);
  }
  return Buffer.alloc(1);
}
