/**
 * The messages of AdminService as plain objects with checked numbers. The fields of `NodeStatus` have the names of the
 * proto in camel case. The command line prints them under these names.
 */
import type { KeyspaceDigestReply } from '../model/comparison.js';
import type { FailoverReply, FailoverRequest, FollowRequest, PromoteReply } from '../model/leadership.js';
import type {
  NodeStatus,
  StatusArchive,
  StatusFollower,
  StatusLineageRow,
  StatusRefusal,
  StatusUpstream,
} from '../model/status.js';
import { detailsOf, toDetails } from './frame.js';
import { headwater } from './generated.js';
import { decodeMessage } from './message.js';
import { toNumber } from './numbers.js';
import { optional, toHeadroom, toReasonCount, toRefusal } from './why.js';

const { v1 } = headwater;

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
    failoverState: message.failoverState,
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
    storeState: message.storeState,
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
