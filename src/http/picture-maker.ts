/** Makes the picture of a node for its status page, from what the node knows. Every list and text in it has a bound. */
import type { ResyncNote } from '../replication/reasons.js';
import type { NodeFigures } from './facts.js';
import type { Picture, PictureClients, PictureLog, PictureResync, PictureRoom, PictureWarning } from './picture.js';
import { nameOf, stateOf, treeOf } from './picture-tree.js';
import { warningsOf } from './warnings.js';

export interface PictureFacts {
  readonly figures: NodeFigures;
  readonly resyncs: LatestResyncs;
  /** The data directory. */
  readonly directory: string;
  /** The reason why the node is not ready. */
  readonly notReady: string | undefined;
  readonly nowMs: number;
}

/** Resyncs of this node, and of its followers. */
export interface LatestResyncs {
  readonly own: readonly ResyncNote[];
  readonly served: readonly ResyncNote[];
}

/** The resyncs that the page lists. */
const RESYNCS_MAX = 16;

const WARNINGS_MAX = 32;

/** Longer texts are cut: some come from other nodes. */
const TEXT_CHARACTERS_MAX = 600;

export function pictureOf({ figures, resyncs, directory, notReady, nowMs }: PictureFacts): Picture {
  const { status } = figures;
  const [state, tone] = stateOf(status);
  const { root, leftOut } = treeOf(status);
  return {
    atMs: nowMs,
    node: {
      id: status.nodeId,
      address: status.address,
      role: status.role,
      tone,
      state,
      clusterId: status.clusterId,
      version: status.version,
      epoch: status.lineage.at(-1)?.epoch ?? 0,
      uptimeMs: status.uptimeMs,
      notReady: cut(notReady ?? ''),
      memoryBytes: status.residentMemoryBytes,
      eventLoopP99Ms: status.eventLoopDelayP99Ms,
    },
    tree: root,
    nodesLeftOut: leftOut,
    log: logOf(figures),
    room: roomOf(figures, nowMs),
    clients: clientsOf(figures),
    resyncs: resyncsOf(resyncs),
    warnings: warningsOf({ status, directory }).slice(0, WARNINGS_MAX).map(bounded),
  };
}

function logOf({ status, store: { checkpoints, overlayBytes } }: NodeFigures): PictureLog {
  return {
    offset: status.offset,
    firstOffset: status.firstOffset,
    durableOffset: status.durableOffset,
    checkpointOffset: status.checkpointOffset,
    fsync: status.fsync,
    bytes: status.logBytes,
    retentionBytes: status.logRetentionBytes,
    retentionMs: status.logRetentionMs,
    commandsPerSecond: status.appendCommandsPerSecond,
    bytesPerSecond: status.appendBytesPerSecond,
    keys: status.keys ?? null,
    overlayBytes,
    checkpointMs: checkpoints?.lastMs ?? null,
    checkpointTookMs: checkpoints?.lastTookMs ?? null,
    isCheckpointing: checkpoints?.isRunning ?? false,
    writeWaitMs: status.writeWaitMs,
  };
}

function roomOf({ status, headroom, archiveLackingSinceMs }: NodeFigures, nowMs: number): PictureRoom {
  const { archive, headroom: nearest } = status;
  return {
    diskFreeBytes: status.diskFreeBytes ?? null,
    diskFreeMinBytes: status.minFreeBytes,
    headroomBytes: headroom.leftBytes ?? null,
    headroomMs: headroom.ms ?? null,
    nearest: nearest ? nameOf(nearest) : '',
    nearestBytes: nearest?.leftBytes ?? null,
    nearestMs: nearest?.ms ?? null,
    archive: archive
      ? {
          directory: archive.directory,
          offset: archive.offset,
          ageMs: archiveLackingSinceMs === undefined ? 0 : Math.max(0, nowMs - archiveLackingSinceMs),
        }
      : null,
  };
}

function clientsOf({ status: { connections, redis, subscribers, watchers } }: NodeFigures): PictureClients {
  return {
    grpc: connections?.grpc ?? 0,
    redis: connections?.redis ?? 0,
    max: connections?.clientsMax ?? null,
    refused: connections ? connections.refusedGrpc + connections.refusedRedis + connections.refusedSilent : 0,
    subscribers: subscribers + (redis?.subscribers ?? 0),
    watchers,
  };
}

function resyncsOf({ own, served }: LatestResyncs): PictureResync[] {
  return [...own.map((note) => resyncRow(note, true)), ...served.map((note) => resyncRow(note, false))]
    .toSorted((a, b) => b.timeMs - a.timeMs)
    .slice(0, RESYNCS_MAX);
}

function resyncRow({ kind, reason, message, nodeId, address, timeMs }: ResyncNote, isOwn: boolean): PictureResync {
  return { timeMs, isOwn, name: nameOf({ address, nodeId }), kind, reason: cut(reason), message: cut(message) };
}

function bounded(warning: PictureWarning): PictureWarning {
  return {
    ...warning,
    text: cut(warning.text),
    commands: warning.commands.filter(({ length }) => length <= TEXT_CHARACTERS_MAX),
  };
}

function cut(text: string): string {
  return text.length <= TEXT_CHARACTERS_MAX ? text : `${text.slice(0, TEXT_CHARACTERS_MAX - 1)}…`;
}
