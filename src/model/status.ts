/**
 * The status of a node, as `headwater status` shows it. The fields have the names of the proto in camel case. The command
 * line prints them under these names.
 */
import type { Details } from '../base/errors.js';
import type { StatusCluster } from './cluster.js';

/** The status of a node. */
export interface NodeStatus {
  /** The ID of the node, 32 hexadecimal characters. */
  readonly nodeId: string;
  /** The role of the node now. */
  readonly role: 'leader' | 'follower' | 'unknown';
  /** The host:port at which the node listens. */
  readonly address: string;
  /** Has 32 hexadecimal characters, or is empty until the node first leads or follows. */
  readonly clusterId: string;
  /** The version of the program. */
  readonly version: string;
  /** Has 40 hexadecimal characters. */
  readonly replicationId: string;
  /** Every history that the log has lived in, oldest first. */
  readonly lineage: readonly StatusLineageRow[];
  /** The end of the log, as far as the keyspace has applied it. */
  readonly offset: number;
  /** The first offset that the log still holds. */
  readonly firstOffset: number;
  /** The offset up to which the keyspace on disk is complete. */
  readonly checkpointOffset: number;
  /** The offset up to which the data would survive a power cut. */
  readonly durableOffset: number;
  /** The running checksum at `offset`, in 8 hexadecimal characters. */
  readonly checksum: string;
  /** The number of keys at `checkpointOffset`, or 0 if they have to be counted again. */
  readonly keysAtCheckpoint: number;
  /**
   * The exact number of keys, as `dbsize` counts them. Undefined if many keys were changed since the checkpoint, or while
   * a checkpoint is written: `dbsize` waits for one.
   */
  readonly keys: number | undefined;
  /** The link to the upstream, undefined on a leader. */
  readonly upstream: StatusUpstream | undefined;
  /** The connected followers, and the followers below them. */
  readonly followers: readonly StatusFollower[];
  /** Resyncs of this node from its upstreams, since the node started. */
  readonly fullResyncs: number;
  /** Partial resyncs of this node from its upstreams, since the node started. */
  readonly partialResyncs: number;
  /** Resyncs of followers from this node, since the node started. */
  readonly fullResyncsServed: number;
  /** Partial resyncs of followers from this node, since the node started. */
  readonly partialResyncsServed: number;
  /** The number of commands in lost-writes/ now. */
  readonly lostWrites: number;
  /** The reason why the node serves nothing, with what to do about it. Empty while it serves reads. */
  readonly unavailable: string;
  /** The data on disk that a background read could not read lately, or empty. */
  readonly damage: string;
  /** Streams that are open now. */
  readonly subscribers: number;
  /** Watches that are open now. */
  readonly watchers: number;
  /** Messages that clients published through this node, since it started. */
  readonly publishedMessages: number;
  /** Messages that subscribers were too slow for, since the node started. */
  readonly missedMessages: number;
  /** Watches that had to begin again with a snapshot, since the node started. */
  readonly watchSnapshots: number;
  /** The resident memory of the process. */
  readonly residentMemoryBytes: number;
  /** The delay of the event loop since the node started, 99th percentile. */
  readonly eventLoopDelayP99Ms: number;
  /** The longest delay of the event loop since the node started. */
  readonly eventLoopDelayMaxMs: number;
  /** The time since the node started. */
  readonly uptimeMs: number;
  /** The time at which the node calls fsync. */
  readonly fsync: 'always' | 'everysec' | 'never' | 'unknown';
  /** The number of followers within `maxLagMs` below which the leader refuses writes. 0 never refuses them. */
  readonly minFollowers: number;
  /** The lag up to which a follower counts for `minFollowers`. */
  readonly maxLagMs: number;
  /** Followers within `maxLagMs` now, followers of followers included. */
  readonly followersWithinLag: number;
  /** The time between two heartbeats of a link. */
  readonly heartbeatIntervalMs: number;
  /** The host:port of the receiver of a hand-over that has begun and whose outcome is unknown. Empty otherwise. */
  readonly handingOverTo: string;
  /**
   * The stage of the failover that this node gives: `pausing` while writes wait until the follower has everything,
   * `stepped_down` before the follower is asked to lead, `asking` after that. Empty if there is none.
   */
  readonly failoverState: 'pausing' | 'stepped_down' | 'asking' | 'unknown' | '';
  /** The reason why a superseded leader takes no writes. Empty if it was not superseded. */
  readonly superseded: string;
  /** The reason why this leader takes no writes yet. Empty if it asks no followers. */
  readonly askingFollowers: string;
  /**
   * Every follower that has followed this node, whether it does now or not. The list has no
   * nodes that stand above this node now, and no other nodes of its cluster while this node follows their leader.
   */
  readonly knownFollowers: readonly StatusKnownFollower[];
  /**
   * Reasons why this node, and in `resyncReasonsServed` its followers, were resynced or refused, since the node
   * started.
   */
  readonly resyncReasons: readonly StatusReasonCount[];
  /** The same for the followers of this node. */
  readonly resyncReasonsServed: readonly StatusReasonCount[];
  /** Full resyncs that this node sends to followers now. */
  readonly fullResyncsSending: number;
  /** Followers that wait until this node sends them a full resync. */
  readonly fullResyncsWaiting: number;
  /** The number of full resyncs that this node sends at once. */
  readonly fullResyncsMax: number;
  /** The last refusal that this node gave to a follower. */
  readonly lastRefusalServed: StatusRefusal | undefined;
  /** File names in lost-writes/. */
  readonly lostWritesFiles: readonly string[];
  /** The connections of clients and nodes. */
  readonly connections: StatusConnections | undefined;
  /** The host:port of the listener for the Redis protocol alone. Empty if there is none. */
  readonly redisAddress: string;
  /** The subscribers and monitors that speak the Redis protocol. */
  readonly redis: StatusRedis | undefined;
  /** Nodes that a comparison found to differ from this leader, since it started. */
  readonly digestDifferences: number;
  /** The size of the log. */
  readonly logBytes: number;
  /** The size that the log is trimmed to, or 0 if its size does not matter. */
  readonly logRetentionBytes: number;
  /** The age beyond which blocks are trimmed, or 0 if their age does not matter. */
  readonly logRetentionMs: number;
  /**
   * The most bytes of log kept for readers that have not read them yet, beyond both limits. 0 if the log grows for
   * ever.
   */
  readonly logRetentionPinBytes: number;
  /** Rates over the last minute. */
  readonly appendCommandsPerSecond: number;
  /** Bytes that were appended a second, over the last minute. */
  readonly appendBytesPerSecond: number;
  /** The headroom of the follower that is nearest to losing its place in the log, connected or away. */
  readonly headroom: StatusHeadroom | undefined;
  /** The archive, undefined if the node writes none. */
  readonly archive: StatusArchive | undefined;
  /** The cluster, undefined on a node without one. */
  readonly cluster: StatusCluster | undefined;
  /** Stretches of log that were fetched again, and full resyncs because of damage, since the node started. */
  readonly repairs: number;
  /** The result of the last repair, or empty. */
  readonly lastRepair: string;
  /** Free bytes on the disk of the data directory, undefined if the file system does not report them. */
  readonly diskFreeBytes: number | undefined;
  /** The free bytes below which the node refuses writes. */
  readonly minFreeBytes: number;
  /** The reason why the node takes no writes, if the disk has too little room. Empty otherwise. */
  readonly diskFull: string;
  /** The reason why writes wait for the disk, or waited a moment ago. Empty otherwise. */
  readonly writeWait: string;
  /** The time that the block being committed has waited, or 0 if none waits. */
  readonly writeWaitMs: number;
  /** The longest wait since the node started. */
  readonly writeWaitMaxMs: number;
  /** The difference between the log's clock and this machine's, with what to do. Empty if they agree. */
  readonly clock: string;
  /** The milliseconds that the log's clock is ahead, negative if it is behind. */
  readonly clockAheadMs: number;
  /** The time since the expiry of the oldest key that this leader has not deleted yet, or 0 if none waits. */
  readonly expiryLateMs: number;
  /** Expired keys that this node deleted as a leader since it started. */
  readonly expiredKeys: number;
  /** Whether the node is marked to be stopped, by `headwater drain`. */
  readonly draining: boolean;
  /** The reason why this node leads though it was started with --follow, with what to do. Empty otherwise. */
  readonly ignoredFollow: string;
  /** The stage of the store, a name of stages.ts. */
  readonly storeState: StoreState;
  /** The node that leads the tree. Undefined while this node does not know it. */
  readonly leader: StatusLeader | undefined;
}

/** The node that leads the tree. */
export interface StatusLeader {
  /** The ID of the leader. */
  readonly nodeId: string;
  /** The host:port at which the leader listens. Empty if a node above does not report it. */
  readonly address: string;
  /** The links between the leader and this node. 0 if this node leads. */
  readonly linksAbove: number;
}

/** The stage of a store. `unknown` is one that this version does not know, here and in the other states. */
export type StoreState =
  | 'opening'
  | 'serving'
  | 'asking'
  | 'incomplete'
  | 'reopening'
  | 'stuck'
  | 'replacing'
  | 'closing'
  | 'closed'
  | 'unknown';

/** A follower that the node remembers. */
export interface StatusKnownFollower {
  /** The ID of the follower. */
  readonly nodeId: string;
  /** The host:port of the follower. */
  readonly address: string;
  /** The last offset that the follower reported to have in its log. */
  readonly appendedOffset: number;
  /** Milliseconds since the epoch. */
  readonly lastSeenMs: number;
  /** True if the log keeps the blocks behind `appendedOffset` for the follower. */
  readonly keepsPlace: boolean;
  /**
   * Bytes that may be appended until the place is given up. Undefined if the log keeps nothing, or keeps it for ever.
   */
  readonly leftBytes: number | undefined;
  /** The time until the place is given up at the present rate. Undefined while nothing is appended. */
  readonly leftMs: number | undefined;
  /** True if the follower is connected now. */
  readonly connected: boolean;
}

/** A history that the log has lived in. */
export interface StatusLineageRow {
  /** Has 40 hexadecimal characters. */
  readonly replicationId: string;
  /** The first offset of the history. */
  readonly firstOffset: number;
  /** The running checksum before the history, in 8 hexadecimal characters. */
  readonly checksum: string;
  /** The number of times leadership was taken on the way to this history. */
  readonly epoch: number;
}

/** The subscribers and monitors of a node that speak the Redis protocol. */
export interface StatusRedis {
  /** Connections that subscribe to channels now. */
  readonly subscribers: number;
  /** Subscribers and monitors that were closed because they read too slowly, since the node started. */
  readonly slowClosed: number;
  /**
   * The times that the stream of messages for all subscribers ended and began again, since the node started. Each time
   * they may have missed messages that nobody counted.
   */
  readonly streamBreaks: number;
}

/** The connections of a node. A connection is silent until its first bytes show its protocol. */
export interface StatusConnections {
  /** Open connections that speak gRPC. */
  readonly grpc: number;
  /** Open connections that speak the Redis protocol. */
  readonly redis: number;
  /** Open connections that have not shown their protocol yet. */
  readonly silent: number;
  /**
   * Connections that speak gRPC, and were refused a place for a client or closed because another needed their place,
   * since the node started.
   */
  readonly refusedGrpc: number;
  /** Connections of the Redis protocol that were refused, since the node started. */
  readonly refusedRedis: number;
  /**
   * Connections that the node closed before they showed their protocol, since it started. They were silent for too
   * long, or another connection needed the place.
   */
  readonly refusedSilent: number;
  /** The most connections of clients. Undefined if there is no bound. */
  readonly clientsMax: number | undefined;
  /** Further connections, which are reserved for replication and administration. */
  readonly reserved: number;
}

/** The archive of a node. */
export interface StatusArchive {
  /** The directory of the archive, or the bucket. If there are several, the one that is furthest behind is shown. */
  readonly directory: string;
  /** The offset up to which closed files hold all that this process has read. */
  readonly offset: number;
  /** The reason why nothing is archived at present. Empty if the archive works. */
  readonly error: string;
  /** Commands that left the log before they were archived, since the process began. */
  readonly missed: number;
  /** The age of the oldest write that an archive of the node lacks, 0 if none lacks any. */
  readonly ageSeconds?: number | undefined;
  /** The age of the newest backup that lies beside the archive. Undefined if there is none. */
  readonly backupAgeSeconds?: number | undefined;
  /** The reason why the archive is too far behind. Undefined if it is not. */
  readonly late?: string | undefined;
}

/** The link of a follower to its upstream. */
export interface StatusUpstream {
  /** The host:port of the upstream. */
  readonly address: string;
  /**
   * A state of link-state.ts: `streaming` if all is well, `disk_full` while received blocks wait for room on this
   * node's disk.
   */
  readonly state: UpstreamState;
  /** Commands behind the upstream. Undefined until the upstream of the present session has reported its offset. */
  readonly lagCommands: number | undefined;
  /**
   * The age of the oldest write that this node lacks. Without a session, the time since this node was level. Undefined
   * if it never was.
   */
  readonly lagMs: number | undefined;
  /** The last resync from this upstream, undefined before the first. */
  readonly lastResync: StatusResync | undefined;
  /** The reason why the link is down, or why received blocks wait for room. Empty otherwise. */
  readonly error: string;
  /** Keys loaded so far of a snapshot with about `keysEstimate` keys. Both are 0 if none is loading. */
  readonly loadedKeys: number;
  /** The approximate number of keys of the snapshot. */
  readonly keysEstimate: number;
  /** The last refusal that this node received. */
  readonly lastRefusal: StatusRefusal | undefined;
  /** The reason why the upstream lets this node wait. Empty in other states than `waiting`. */
  readonly waitingFor: string;
}

/** The state of a link to an upstream. */
export type UpstreamState =
  | 'connecting'
  | 'handshake'
  | 'waiting'
  | 'loading'
  | 'streaming'
  | 'refused'
  | 'stopped'
  | 'disk_full'
  | 'unknown';

/** The kind of a resync, or of the answer to a follower that asked for one. */
export type ResyncKind = 'partial' | 'full' | 'refused' | 'unknown';

/** A resync. */
export interface StatusResync {
  /** A partial resync sends the log alone. A full one sends a snapshot first. */
  readonly kind: ResyncKind;
  /** A name in UPPER_SNAKE. replication/README.md lists all of them. */
  readonly reason: string;
  /** Bytes of the snapshot, or of the blocks until the follower had all that the upstream had at the handshake. */
  readonly bytes: number;
  /** The time that the resync took. */
  readonly durationMs: number;
  /** A text for people. */
  readonly message: string;
  /** The values of both sides. */
  readonly details: Details;
  /** The time at which the resync began, in milliseconds since the epoch. */
  readonly timeMs: number;
}

/** The state of a follower. */
export type FollowerState =
  | 'handshake'
  | 'waiting'
  | 'snapshot'
  | 'streaming'
  | 'catching_up'
  | 'below'
  | 'ended'
  | 'unknown';

/** The progress of a node below: a follower, or a follower of a follower. */
export interface NodeBelow<State extends string = FollowerState> {
  /** The ID of the follower. */
  readonly nodeId: string;
  /**
   * The host:port of the follower. Empty if the follower does not listen, or if a node between is of a version that
   * does not report addresses.
   */
  readonly address: string;
  /** A state of feed-state.ts, or `below` for a follower's follower. */
  readonly state: State;
  /** The last offset in the log of the follower. */
  readonly appendedOffset: number;
  /** The offset up to which the data of the follower would survive a power cut. */
  readonly durableOffset: number;
  /** Commands that the follower has not acknowledged. */
  readonly lagCommands: number;
  /** The time since the oldest write that the follower has not acknowledged was made. */
  readonly lagMs: number;
  /**
   * For a follower's follower, the ID of the node that it follows, or of the follower that reports it if a node between is
   * of an older version. Empty otherwise.
   */
  readonly via: string;
  /** The time since the last report of the follower. */
  readonly silentMs: number;
}

/** A connected follower, or a follower of one. */
export interface StatusFollower extends NodeBelow {
  /** The headroom fields mean the same as in StatusHeadroom. */
  readonly headroomCommands: number;
  /** Bytes of log between the start of the log and the follower. */
  readonly headroomBytes: number;
  /** Bytes that may be appended until the follower's place is given up. */
  readonly headroomLeftBytes: number | undefined;
  /** The time until then at the present rate. */
  readonly headroomMs: number | undefined;
}

/** A reason of resyncs or refusals, with their number. */
export interface StatusReasonCount {
  /** The kind of the answer. */
  readonly kind: ResyncKind;
  /** A name in UPPER_SNAKE. */
  readonly reason: string;
  /** The number of resyncs or refusals for this reason. */
  readonly count: number;
}

/** A resync that was refused. */
export interface StatusRefusal {
  /** The refused follower, or empty if this node itself was refused. */
  readonly nodeId: string;
  /** The host:port of the other node. */
  readonly address: string;
  /** A name in UPPER_SNAKE. */
  readonly reason: string;
  /** A text for people. */
  readonly message: string;
  /** The values of both sides. */
  readonly details: Details;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

/** The room in the log that a follower has left. */
export interface StatusHeadroom {
  /** The ID of the follower. */
  readonly nodeId: string;
  /** The host:port of the follower. */
  readonly address: string;
  /** True if the follower is connected now. */
  readonly connected: boolean;
  /** Commands and bytes of log between the start of the log and the follower. */
  readonly commands: number;
  /** Bytes of log between the start of the log and the follower. */
  readonly bytes: number;
  /** Bytes that may be appended until the follower's place is given up. Undefined if the log grows for ever. */
  readonly leftBytes: number | undefined;
  /** The time until the follower's place is given up at the present rate. Undefined while nothing is appended. */
  readonly ms: number | undefined;
}
