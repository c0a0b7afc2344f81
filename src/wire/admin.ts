/**
 * The messages of AdminService as plain objects with checked numbers. What a
 * node says about itself (`NodeStatus`) has the names of the proto in camel
 * case; the command line prints them as they stand there.
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
  /** host:port at which it listens. */
  readonly address: string;
  /** 32 hexadecimal characters; empty until it first leads or follows. */
  readonly clusterId: string;
  readonly version: string;
  /** 40 hexadecimal characters. */
  readonly replicationId: string;
  /** Every history that its log has lived in, oldest first. */
  readonly lineage: readonly StatusLineageRow[];
  /** The end of its log, as far as it is applied. */
  readonly offset: number;
  /** The first that the log still holds. */
  readonly firstOffset: number;
  /** The keyspace on disk is complete up to there. */
  readonly checkpointOffset: number;
  /** Up to there it would survive a power cut. */
  readonly durableOffset: number;
  /** 8 hexadecimal characters. */
  readonly checksum: string;
  /** At `checkpointOffset`; 0 where they have to be counted anew. */
  readonly keysAtCheckpoint: number;
  /** Undefined on a leader. */
  readonly upstream: StatusUpstream | undefined;
  /** Those connected, and those below them. */
  readonly followers: readonly StatusFollower[];
  /** Of this node from its upstreams, since it started. */
  readonly fullResyncs: number;
  readonly partialResyncs: number;
  /** Of its followers from this node, since it started. */
  readonly fullResyncsServed: number;
  readonly partialResyncsServed: number;
  /** Commands in lost-writes/ now. */
  readonly lostWrites: number;
  /** Why nothing is served, and what to do about it; empty while reads are. */
  readonly unavailable: string;
  /** What of the data on disk could not be read lately in the background; empty where nothing. */
  readonly damage: string;
  /** Streams that are open now. */
  readonly subscribers: number;
  readonly watchers: number;
  /** That clients published through this node, since it started. */
  readonly publishedMessages: number;
  /** That its subscribers were too slow for, since it started. */
  readonly missedMessages: number;
  /** Watches that had to begin anew with a snapshot, since it started. */
  readonly watchSnapshots: number;
  readonly residentMemoryBytes: number;
  readonly eventLoopDelayP99Ms: number;
  readonly eventLoopDelayMaxMs: number;
  readonly uptimeMs: number;
  /** `always`, `everysec` or `never`. */
  readonly fsync: string;
  /** Writes are refused while fewer followers than this are within `maxLagMs`; 0: they never are. */
  readonly minFollowers: number;
  readonly maxLagMs: number;
  /** How many are now, followers of followers included. */
  readonly followersWithinLag: number;
  readonly heartbeatIntervalMs: number;
  /** host:port; empty unless a handing over has begun and its outcome is not known. */
  readonly handingOverTo: string;
  /** Why this leader takes no writes; empty where it was not superseded. */
  readonly superseded: string;
  /** Why this leader takes no writes yet; empty where it asks nobody. */
  readonly askingFollowers: string;
  /** Those that have followed it, whether they do now or not. */
  readonly knownFollowers: readonly StatusKnownFollower[];
  /** Why this node was resynced or refused, since it started; and those that follow it. */
  readonly resyncReasons: readonly StatusReasonCount[];
  readonly resyncReasonsServed: readonly StatusReasonCount[];
  /** The last that it gave to a follower. */
  readonly lastRefusalServed: StatusRefusal | undefined;
  /** Names in lost-writes/. */
  readonly lostWritesFiles: readonly string[];
  /** Nodes that a comparison found to differ from this leader, since it started. */
  readonly digestDifferences: number;
  readonly logBytes: number;
  /** What the log is kept to; 0 where its size does not matter. */
  readonly logRetentionBytes: number;
  /** Older blocks go too; 0 where their age does not matter. */
  readonly logRetentionMs: number;
  /** What is kept beyond both for whoever has not read it yet; 0 where the log grows for ever. */
  readonly logRetentionPinBytes: number;
  /** Over the last minute. */
  readonly appendCommandsPerSecond: number;
  readonly appendBytesPerSecond: number;
  /** Of the follower that is nearest to losing its place in the log, connected or away. */
  readonly headroom: StatusHeadroom | undefined;
  /** Undefined where the node writes no archive. */
  readonly archive: StatusArchive | undefined;
  /** Stretches of log that were fetched anew, and full resyncs for the sake of damage, since it started. */
  readonly repairs: number;
  /** What the last repair did; empty before it. */
  readonly lastRepair: string;
  /** On the disk of the data directory; undefined where the file system does not tell. */
  readonly diskFreeBytes: number | undefined;
  /** Writes are refused while less is free. */
  readonly minFreeBytes: number;
  /** Why no writes are taken, where the disk has too little room; else empty. */
  readonly diskFull: string;
  /** Why writes wait for the disk, or have waited a moment ago; else empty. */
  readonly writeWait: string;
  /** How long the block in hand has waited; 0 if none does. */
  readonly writeWaitMs: number;
  /** The longest wait since it started. */
  readonly writeWaitMaxMs: number;
  /** In what the log's clock and this machine's do not agree, and what to do; empty if they do. */
  readonly clock: string;
  /** By how much the log's clock is ahead; negative if it is behind. */
  readonly clockAheadMs: number;
  /** How long ago the oldest key expired that this leader has not deleted yet; 0 if none waits. */
  readonly expiryLateMs: number;
  /** Why this node leads though it was started with --follow, and what to do; else empty. */
  readonly ignoredFollow: string;
}

export interface StatusKnownFollower {
  readonly nodeId: string;
  /** host:port. */
  readonly address: string;
  /** The last offset that it has said to have in its log. */
  readonly appendedOffset: number;
  /** Milliseconds since the epoch. */
  readonly lastSeenMs: number;
  /** The log keeps what follows `appendedOffset` for it. */
  readonly keepsPlace: boolean;
  /** What may be appended until it is let go; undefined where nothing is kept, or for ever. */
  readonly leftBytes: number | undefined;
  /** How long that lasts at the present rate; undefined while nothing is appended. */
  readonly leftMs: number | undefined;
  readonly connected: boolean;
}

export interface StatusLineageRow {
  /** 40 hexadecimal characters. */
  readonly replicationId: string;
  readonly firstOffset: number;
  /** The running checksum before it, 8 hexadecimal characters. */
  readonly checksum: string;
  /** How many times leadership was taken on the way to it. */
  readonly epoch: number;
}

export interface StatusArchive {
  readonly directory: string;
  /** What this process has come by, up to here, stands in closed files. */
  readonly offset: number;
  /** Why nothing is archived at present; empty where it is. */
  readonly error: string;
  /** Commands that left the log before they were archived, since the process began. */
  readonly missed: number;
}

export interface StatusUpstream {
  /** host:port. */
  readonly address: string;
  /** As in link-state.ts: `streaming` where all is well; `disk_full` while what comes waits for room on this node's disk. */
  readonly state: string;
  /** Undefined while there is no session in which the upstream has told where it is. */
  readonly lagCommands: number | undefined;
  /** The age of the oldest write that is not here; without a session, how long ago this node was level. Undefined where it never was. */
  readonly lagMs: number | undefined;
  readonly lastResync: StatusResync | undefined;
  /** Why the link is down; empty where it is not. */
  readonly error: string;
  /** Of a snapshot that is loading, of about `keysEstimate`; else 0. */
  readonly loadedKeys: number;
  readonly keysEstimate: number;
  /** The last that this node was given. */
  readonly lastRefusal: StatusRefusal | undefined;
}

export interface StatusResync {
  readonly kind: 'partial' | 'full';
  /** UPPER_SNAKE; all of them stand in replication/README.md. */
  readonly reason: string;
  /** Of the snapshot, or of the blocks until it had what the upstream had at the handshake. */
  readonly bytes: number;
  readonly durationMs: number;
  readonly message: string;
  /** Both sides' values. */
  readonly details: Details;
  /** When it began, milliseconds since the epoch. */
  readonly timeMs: number;
}

export interface StatusFollower {
  readonly nodeId: string;
  /** host:port; empty where only its own upstream knows. */
  readonly address: string;
  /** As in feed.ts; `below` of a follower's follower. */
  readonly state: string;
  readonly appendedOffset: number;
  readonly durableOffset: number;
  readonly lagCommands: number;
  /** How long ago the oldest write was made that it has not acknowledged. */
  readonly lagMs: number;
  /** Of a follower's follower: the ID of the follower that reports it; else empty. */
  readonly via: string;
  /** How long ago it was heard from last. */
  readonly silentMs: number;
  /** As in StatusHeadroom. */
  readonly headroomCommands: number;
  readonly headroomBytes: number;
  readonly headroomLeftBytes: number | undefined;
  readonly headroomMs: number | undefined;
}

export interface KeyspaceDigestReply {
  readonly offset: number;
  readonly keys: number;
  /** 64 hexadecimal characters. */
  readonly digest: string;
}

export interface FollowRequest {
  /** host:port. */
  readonly address: string;
  /** Its own data may go where the upstream's history has no place for them. */
  readonly acceptDataLoss: boolean;
  /** Begins with a full resync, whatever its position. */
  readonly full: boolean;
}

export interface FailoverRequest {
  /** host:port or node ID; empty: the follower that has the most. */
  readonly to: string;
  /** How long writes may wait; 0: 5 s. */
  readonly timeoutMs: number;
}

export interface FailoverReply {
  /** host:port. */
  readonly oldLeader: string;
  readonly newLeader: string;
  readonly newLeaderId: string;
  /** From when writes waited until the new leader was known to take them. */
  readonly pauseMs: number;
  /** How many others were told to follow the new leader. */
  readonly followersMoved: number;
  /** Where the log of both ended. */
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
