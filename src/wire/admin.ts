/**
 * The messages of AdminService as plain objects with checked numbers. The fields of `NodeStatus` have the names of the
 * proto in camel case. The command line prints them under these names.
 */
import { type Details, detailsOf, toDetails } from './frame.js';
import { headwater } from './generated.js';
import { decodeMessage } from './message.js';
import { toNumber } from './numbers.js';
import {
  optional,
  type StatusHeadroom,
  type StatusReasonCount,
  type StatusRefusal,
  toHeadroom,
  toReasonCount,
  toRefusal,
} from './why.js';

const { v1 } = headwater;

export interface NodeStatus {
  readonly nodeId: string;
  readonly role: 'leader' | 'follower';
  /** The host:port at which the node listens. */
  readonly address: string;
  /** Has 32 hexadecimal characters, or is empty until the node first leads or follows. */
  readonly clusterId: string;
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
  /** The link to the upstream, undefined on a leader. */
  readonly upstream: StatusUpstream | undefined;
  /** The connected followers, and the followers below them. */
  readonly followers: readonly StatusFollower[];
  /** Resyncs of this node from its upstreams, since the node started. */
  readonly fullResyncs: number;
  readonly partialResyncs: number;
  /** Resyncs of followers from this node, since the node started. */
  readonly fullResyncsServed: number;
  readonly partialResyncsServed: number;
  /** The number of commands in lost-writes/ now. */
  readonly lostWrites: number;
  /** The reason why the node serves nothing, with what to do about it. Empty while it serves reads. */
  readonly unavailable: string;
  /** The data on disk that a background read could not read lately, or empty. */
  readonly damage: string;
  /** Streams that are open now. */
  readonly subscribers: number;
  readonly watchers: number;
  /** Messages that clients published through this node, since it started. */
  readonly publishedMessages: number;
  /** Messages that subscribers were too slow for, since the node started. */
  readonly missedMessages: number;
  /** Watches that had to begin again with a snapshot, since the node started. */
  readonly watchSnapshots: number;
  readonly residentMemoryBytes: number;
  readonly eventLoopDelayP99Ms: number;
  readonly eventLoopDelayMaxMs: number;
  readonly uptimeMs: number;
  /** Is `always`, `everysec` or `never`. */
  readonly fsync: string;
  /** The number of followers within `maxLagMs` below which the leader refuses writes. 0 never refuses them. */
  readonly minFollowers: number;
  readonly maxLagMs: number;
  /** Followers within `maxLagMs` now, followers of followers included. */
  readonly followersWithinLag: number;
  readonly heartbeatIntervalMs: number;
  /** The host:port of the receiver of a hand-over that has begun and whose outcome is unknown. Empty otherwise. */
  readonly handingOverTo: string;
  /** The reason why a superseded leader takes no writes. Empty if it was not superseded. */
  readonly superseded: string;
  /** The reason why this leader takes no writes yet. Empty if it asks no followers. */
  readonly askingFollowers: string;
  /** Every follower that has followed this node, whether it does now or not. */
  readonly knownFollowers: readonly StatusKnownFollower[];
  /**
   * Reasons why this node, and in `resyncReasonsServed` its followers, were resynced or refused, since the node
   * started.
   */
  readonly resyncReasons: readonly StatusReasonCount[];
  readonly resyncReasonsServed: readonly StatusReasonCount[];
  /** The last refusal that this node gave to a follower. */
  readonly lastRefusalServed: StatusRefusal | undefined;
  /** File names in lost-writes/. */
  readonly lostWritesFiles: readonly string[];
  /** Nodes that a comparison found to differ from this leader, since it started. */
  readonly digestDifferences: number;
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
  readonly appendBytesPerSecond: number;
  /** The headroom of the follower that is nearest to losing its place in the log, connected or away. */
  readonly headroom: StatusHeadroom | undefined;
  /** The archive, undefined if the node writes none. */
  readonly archive: StatusArchive | undefined;
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
  /** The reason why this node leads though it was started with --follow, with what to do. Empty otherwise. */
  readonly ignoredFollow: string;
}

export interface StatusKnownFollower {
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
  readonly connected: boolean;
}

export interface StatusLineageRow {
  /** Has 40 hexadecimal characters. */
  readonly replicationId: string;
  readonly firstOffset: number;
  /** The running checksum before the history, in 8 hexadecimal characters. */
  readonly checksum: string;
  /** The number of times leadership was taken on the way to this history. */
  readonly epoch: number;
}

export interface StatusArchive {
  readonly directory: string;
  /** The offset up to which closed files hold all that this process has read. */
  readonly offset: number;
  /** The reason why nothing is archived at present. Empty if the archive works. */
  readonly error: string;
  /** Commands that left the log before they were archived, since the process began. */
  readonly missed: number;
}

export interface StatusUpstream {
  /** The host:port of the upstream. */
  readonly address: string;
  /**
   * A state of link-state.ts: `streaming` if all is well, `disk_full` while received blocks wait for room on this
   * node's disk.
   */
  readonly state: string;
  /** Commands behind the upstream. Undefined until the upstream of the present session has reported its offset. */
  readonly lagCommands: number | undefined;
  /**
   * The age of the oldest write that this node lacks. Without a session, the time since this node was level. Undefined
   * if it never was.
   */
  readonly lagMs: number | undefined;
  readonly lastResync: StatusResync | undefined;
  /** The reason why the link is down, or why received blocks wait for room. Empty otherwise. */
  readonly error: string;
  /** Keys loaded so far of a snapshot with about `keysEstimate` keys. Both are 0 if none is loading. */
  readonly loadedKeys: number;
  readonly keysEstimate: number;
  /** The last refusal that this node received. */
  readonly lastRefusal: StatusRefusal | undefined;
}

export interface StatusResync {
  readonly kind: 'partial' | 'full';
  /** A name in UPPER_SNAKE. replication/README.md lists all of them. */
  readonly reason: string;
  /** Bytes of the snapshot, or of the blocks until the follower had all that the upstream had at the handshake. */
  readonly bytes: number;
  readonly durationMs: number;
  readonly message: string;
  /** The values of both sides. */
  readonly details: Details;
  /** The time at which the resync began, in milliseconds since the epoch. */
  readonly timeMs: number;
}

export interface StatusFollower {
  readonly nodeId: string;
  /**
   * The host:port of the follower. Empty if the follower does not listen, or only its own upstream knows the address.
   */
  readonly address: string;
  /** A state of feed.ts, or `below` for a follower's follower. */
  readonly state: string;
  readonly appendedOffset: number;
  readonly durableOffset: number;
  readonly lagCommands: number;
  /** The time since the oldest write that the follower has not acknowledged was made. */
  readonly lagMs: number;
  /** For a follower's follower, the ID of the follower that reports it. Empty otherwise. */
  readonly via: string;
  /** The time since the last report of the follower. */
  readonly silentMs: number;
  /** The headroom fields mean the same as in StatusHeadroom. */
  readonly headroomCommands: number;
  readonly headroomBytes: number;
  readonly headroomLeftBytes: number | undefined;
  readonly headroomMs: number | undefined;
}

export interface KeyspaceDigestReply {
  readonly offset: number;
  readonly keys: number;
  /** Has 64 hexadecimal characters. */
  readonly digest: string;
}

export interface FollowRequest {
  /** The host:port of the new upstream. */
  readonly address: string;
  /** Allows the node to discard data of its own that the upstream's history has no place for. */
  readonly acceptDataLoss: boolean;
  /** Begins with a full resync, at any position. */
  readonly full: boolean;
}

export interface FailoverRequest {
  /** A host:port or a node ID. Empty for the follower that has the most. */
  readonly to: string;
  /** The time that writes may wait. 0 means 5 s. */
  readonly timeoutMs: number;
}

export interface FailoverReply {
  /** The host:port of the old leader. */
  readonly oldLeader: string;
  readonly newLeader: string;
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
  readonly replicationId: string;
  readonly epoch: number;
  readonly firstOffset: number;
}

export function encodeStatusRequest(): Buffer {
  return v1.StatusRequest.encode({}).finish() as Buffer;
}

export function decodeStatusRequest(bytes: Buffer): void {
  decodeMessage('StatusRequest', bytes, v1.StatusRequest);
}

export function encodeNodeStatus(status: NodeStatus): Buffer {
  const { lineage, followers, knownFollowers, upstream, headroom, archive, ...rest } = status;
  const message: headwater.v1.StatusResponse.$Properties = {
    ...rest,
    lineage: [...lineage],
    followers: followers.map((one) => ({
      ...one,
      headroomMs: one.headroomMs ?? null,
      headroomLeftBytes: one.headroomLeftBytes ?? null,
    })),
    knownFollowers: knownFollowers.map((one) => ({
      ...one,
      leftBytes: one.leftBytes ?? null,
      leftMs: one.leftMs ?? null,
    })),
    upstream: upstream === undefined ? null : upstreamMessage(upstream),
    resyncReasons: [...status.resyncReasons],
    resyncReasonsServed: [...status.resyncReasonsServed],
    lastRefusalServed: refusalMessage(status.lastRefusalServed),
    lostWritesFiles: [...status.lostWritesFiles],
    headroom:
      headroom === undefined ? null : { ...headroom, ms: headroom.ms ?? null, leftBytes: headroom.leftBytes ?? null },
    archive: archive ?? null,
    diskFreeBytes: status.diskFreeBytes ?? null,
  };
  return v1.StatusResponse.encode(message).finish() as Buffer;
}

export function decodeNodeStatus(bytes: Buffer): NodeStatus {
  const message = decodeMessage('StatusResponse', bytes, v1.StatusResponse);
  return {
    nodeId: message.nodeId,
    role: message.role === 'follower' ? 'follower' : 'leader',
    address: message.address,
    clusterId: message.clusterId,
    version: message.version,
    replicationId: message.replicationId,
    lineage: message.lineage.map(lineageRow),
    offset: toNumber(message.offset, 'offset'),
    firstOffset: toNumber(message.firstOffset, 'first_offset'),
    checkpointOffset: toNumber(message.checkpointOffset, 'checkpoint_offset'),
    durableOffset: toNumber(message.durableOffset, 'durable_offset'),
    checksum: message.checksum,
    keysAtCheckpoint: toNumber(message.keysAtCheckpoint, 'keys_at_checkpoint'),
    upstream: message.upstream ? upstreamOf(message.upstream) : undefined,
    followers: message.followers.map(follower),
    fullResyncs: toNumber(message.fullResyncs, 'full_resyncs'),
    partialResyncs: toNumber(message.partialResyncs, 'partial_resyncs'),
    fullResyncsServed: toNumber(message.fullResyncsServed, 'full_resyncs_served'),
    partialResyncsServed: toNumber(message.partialResyncsServed, 'partial_resyncs_served'),
    lostWrites: toNumber(message.lostWrites, 'lost_writes'),
    unavailable: message.unavailable,
    damage: message.damage,
    subscribers: toNumber(message.subscribers, 'subscribers'),
    watchers: toNumber(message.watchers, 'watchers'),
    publishedMessages: toNumber(message.publishedMessages, 'published_messages'),
    missedMessages: toNumber(message.missedMessages, 'missed_messages'),
    watchSnapshots: toNumber(message.watchSnapshots, 'watch_snapshots'),
    residentMemoryBytes: toNumber(message.residentMemoryBytes, 'resident_memory_bytes'),
    eventLoopDelayP99Ms: message.eventLoopDelayP99Ms,
    eventLoopDelayMaxMs: message.eventLoopDelayMaxMs,
    uptimeMs: toNumber(message.uptimeMs, 'uptime_ms'),
    fsync: message.fsync,
    minFollowers: toNumber(message.minFollowers, 'min_followers'),
    maxLagMs: toNumber(message.maxLagMs, 'max_lag_ms'),
    followersWithinLag: toNumber(message.followersWithinLag, 'followers_within_lag'),
    heartbeatIntervalMs: toNumber(message.heartbeatIntervalMs, 'heartbeat_interval_ms'),
    handingOverTo: message.handingOverTo,
    superseded: message.superseded,
    askingFollowers: message.askingFollowers,
    knownFollowers: message.knownFollowers.map((known) => ({
      nodeId: known.nodeId ?? '',
      address: known.address ?? '',
      appendedOffset: toNumber(known.appendedOffset, 'known_follower.appended_offset'),
      lastSeenMs: toNumber(known.lastSeenMs, 'known_follower.last_seen_ms'),
      keepsPlace: known.keepsPlace ?? false,
      leftBytes: optional(known.leftBytes, 'known_follower.left_bytes'),
      leftMs: optional(known.leftMs, 'known_follower.left_ms'),
      connected: known.connected ?? false,
    })),
    resyncReasons: message.resyncReasons.map(toReasonCount),
    resyncReasonsServed: message.resyncReasonsServed.map(toReasonCount),
    lastRefusalServed: toRefusal(message.lastRefusalServed),
    lostWritesFiles: message.lostWritesFiles,
    digestDifferences: toNumber(message.digestDifferences, 'digest_differences'),
    logBytes: toNumber(message.logBytes, 'log_bytes'),
    logRetentionBytes: toNumber(message.logRetentionBytes, 'log_retention_bytes'),
    logRetentionMs: toNumber(message.logRetentionMs, 'log_retention_ms'),
    logRetentionPinBytes: toNumber(message.logRetentionPinBytes, 'log_retention_pin_bytes'),
    appendCommandsPerSecond: message.appendCommandsPerSecond,
    appendBytesPerSecond: message.appendBytesPerSecond,
    headroom: toHeadroom(message.headroom),
    archive: toArchive(message.archive),
    repairs: toNumber(message.repairs, 'repairs'),
    lastRepair: message.lastRepair,
    diskFreeBytes: optional(message.diskFreeBytes, 'disk_free_bytes'),
    minFreeBytes: toNumber(message.minFreeBytes, 'min_free_bytes'),
    diskFull: message.diskFull,
    writeWait: message.writeWait,
    writeWaitMs: message.writeWaitMs,
    writeWaitMaxMs: message.writeWaitMaxMs,
    clock: message.clock,
    clockAheadMs: message.clockAheadMs,
    expiryLateMs: message.expiryLateMs,
    ignoredFollow: message.ignoredFollow,
  };
}

function toArchive(archive: headwater.v1.StatusArchive.$Properties | null | undefined): StatusArchive | undefined {
  if (!archive) return undefined;
  return {
    directory: archive.directory ?? '',
    offset: toNumber(archive.offset, 'archive.offset'),
    error: archive.error ?? '',
    missed: toNumber(archive.missed, 'archive.missed'),
  };
}

function upstreamMessage(upstream: StatusUpstream): headwater.v1.StatusUpstream.$Properties {
  const { lastResync, lastRefusal } = upstream;
  return {
    ...upstream,
    lagCommands: upstream.lagCommands ?? null,
    lagMs: upstream.lagMs ?? null,
    lastResync: lastResync === undefined ? null : { ...lastResync, details: detailsOf(lastResync.details) },
    lastRefusal: refusalMessage(lastRefusal),
  };
}

function refusalMessage(refusal: StatusRefusal | undefined): headwater.v1.StatusRefusal.$Properties | null {
  return refusal === undefined ? null : { ...refusal, details: detailsOf(refusal.details) };
}

function lineageRow(row: headwater.v1.StatusLineageRow.$Properties): StatusLineageRow {
  return {
    replicationId: row.replicationId ?? '',
    firstOffset: toNumber(row.firstOffset, 'lineage.first_offset'),
    checksum: row.checksum ?? '',
    epoch: toNumber(row.epoch, 'lineage.epoch'),
  };
}

function upstreamOf(upstream: headwater.v1.StatusUpstream.$Properties): StatusUpstream {
  const resync = upstream.lastResync;
  return {
    address: upstream.address ?? '',
    state: upstream.state ?? '',
    lagCommands: optional(upstream.lagCommands, 'upstream.lag_commands'),
    lagMs: optional(upstream.lagMs, 'upstream.lag_ms'),
    lastResync: resync
      ? {
          kind: resync.kind === 'full' ? 'full' : 'partial',
          reason: resync.reason ?? '',
          bytes: toNumber(resync.bytes, 'last_resync.bytes'),
          durationMs: toNumber(resync.durationMs, 'last_resync.duration_ms'),
          message: resync.message ?? '',
          details: toDetails(resync.details),
          timeMs: toNumber(resync.timeMs, 'last_resync.time_ms'),
        }
      : undefined,
    error: upstream.error ?? '',
    loadedKeys: toNumber(upstream.loadedKeys, 'upstream.loaded_keys'),
    keysEstimate: toNumber(upstream.keysEstimate, 'upstream.keys_estimate'),
    lastRefusal: toRefusal(upstream.lastRefusal),
  };
}

function follower(message: headwater.v1.StatusFollower.$Properties): StatusFollower {
  return {
    nodeId: message.nodeId ?? '',
    address: message.address ?? '',
    state: message.state ?? '',
    appendedOffset: toNumber(message.appendedOffset, 'follower.appended_offset'),
    durableOffset: toNumber(message.durableOffset, 'follower.durable_offset'),
    lagCommands: toNumber(message.lagCommands, 'follower.lag_commands'),
    lagMs: toNumber(message.lagMs, 'follower.lag_ms'),
    via: message.via ?? '',
    silentMs: toNumber(message.silentMs, 'follower.silent_ms'),
    headroomCommands: toNumber(message.headroomCommands, 'follower.headroom_commands'),
    headroomBytes: toNumber(message.headroomBytes, 'follower.headroom_bytes'),
    headroomLeftBytes: optional(message.headroomLeftBytes, 'follower.headroom_left_bytes'),
    headroomMs: optional(message.headroomMs, 'follower.headroom_ms'),
  };
}

export function encodeDigestRequest(): Buffer {
  return v1.DigestRequest.encode({}).finish() as Buffer;
}

export function decodeDigestRequest(bytes: Buffer): void {
  decodeMessage('DigestRequest', bytes, v1.DigestRequest);
}

export function encodeDigestResponse(digest: KeyspaceDigestReply): Buffer {
  return v1.DigestResponse.encode(digest).finish() as Buffer;
}

export function decodeDigestResponse(bytes: Buffer): KeyspaceDigestReply {
  const { offset, keys, digest } = decodeMessage('DigestResponse', bytes, v1.DigestResponse);
  return { offset: toNumber(offset, 'offset'), keys: toNumber(keys, 'keys'), digest };
}

export function encodeFollowRequest(request: FollowRequest): Buffer {
  return v1.FollowRequest.encode(request).finish() as Buffer;
}

export function decodeFollowRequest(bytes: Buffer): FollowRequest {
  const { address, acceptDataLoss, full } = decodeMessage('FollowRequest', bytes, v1.FollowRequest);
  return { address, acceptDataLoss, full };
}

export function encodeFollowResponse(): Buffer {
  return v1.FollowResponse.encode({}).finish() as Buffer;
}

export function decodeFollowResponse(bytes: Buffer): void {
  decodeMessage('FollowResponse', bytes, v1.FollowResponse);
}

export function encodePromoteRequest(): Buffer {
  return v1.PromoteRequest.encode({}).finish() as Buffer;
}

export function decodePromoteRequest(bytes: Buffer): void {
  decodeMessage('PromoteRequest', bytes, v1.PromoteRequest);
}

export function encodePromoteResponse({ replicationId, epoch, firstOffset }: PromoteReply): Buffer {
  return v1.PromoteResponse.encode({ replicationId, epoch, firstOffset }).finish() as Buffer;
}

export function decodePromoteResponse(bytes: Buffer): PromoteReply {
  const { replicationId, epoch, firstOffset } = decodeMessage('PromoteResponse', bytes, v1.PromoteResponse);
  return {
    replicationId,
    epoch: toNumber(epoch, 'epoch'),
    firstOffset: toNumber(firstOffset, 'first_offset'),
  };
}

export function encodeFailoverRequest(request: FailoverRequest): Buffer {
  return v1.FailoverRequest.encode(request).finish() as Buffer;
}

export function decodeFailoverRequest(bytes: Buffer): FailoverRequest {
  const { to, timeoutMs } = decodeMessage('FailoverRequest', bytes, v1.FailoverRequest);
  return { to, timeoutMs: toNumber(timeoutMs, 'timeout_ms') };
}

export function encodeFailoverResponse(reply: FailoverReply): Buffer {
  return v1.FailoverResponse.encode(reply).finish() as Buffer;
}

export function decodeFailoverResponse(bytes: Buffer): FailoverReply {
  const { oldLeader, newLeader, newLeaderId, pauseMs, followersMoved, offset } = decodeMessage(
    'FailoverResponse',
    bytes,
    v1.FailoverResponse,
  );
  return { oldLeader, newLeader, newLeaderId, pauseMs, followersMoved, offset: toNumber(offset, 'offset') };
}
