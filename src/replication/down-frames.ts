/**
 * The frames that an upstream sends down (DownFrame in proto/headwater/v1/replication.proto) as a tagged union, and
 * their bytes. Blocks and records are opaque here and are never encoded again. They are views into the message that
 * brought them.
 */
import type { Details, HeadwaterError } from '../base/errors.js';
import type { LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import type { Position } from '../model/position.js';
import { fromErrorReply, toErrorReply } from '../protobuf/error.js';
import {
  detailsOf,
  frameName,
  frameNumber,
  parseFrame,
  placeOf,
  positionOf,
  rowOf,
  toDetails,
  toPlace,
  toPosition,
  toRow,
  unknownFrame,
} from '../protobuf/frame.js';
import { headwater } from '../protobuf/generated.js';
import { bytesOf } from '../protobuf/message.js';
import { type Part, partOf } from './parts.js';

const { v1 } = headwater;

export interface UpstreamInfo {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly address: string;
  readonly timeMs: number;
  /** The host:port of the node that the sender follows. Empty if the sender leads. */
  readonly follows: string;
  /** True if the follower may cut its large frames into parts. */
  readonly takesParts: boolean;
}

export interface Continue {
  readonly kind: 'continue';
  readonly upstream: UpstreamInfo;
  readonly lineage: readonly LineageRow[];
  /** The end of the log now. */
  readonly endOffset: number;
  /** A name in UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
  /** The values of both sides. */
  readonly details: Details;
  /** The place from which messages come. Undefined from a sender that does not count. */
  readonly live?: LivePlace | undefined;
}

export interface Blocks {
  readonly kind: 'blocks';
  readonly blocks: Buffer[];
  /** Asks for an acknowledgement as soon as the blocks are appended. */
  readonly acknowledge: boolean;
  /** Asks for an acknowledgement as soon as the blocks are durable. */
  readonly sync: boolean;
}

export interface FullResync {
  readonly kind: 'fullResync';
  readonly upstream: UpstreamInfo;
  /** A name in UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
  /** The values of both sides. */
  readonly details: Details;
  readonly position: Position;
  /**
   * The time of the block that ends at the position, in milliseconds since the epoch. Undefined if the sender does not
   * report it.
   */
  readonly positionTimeMs: number | undefined;
  readonly lineage: readonly LineageRow[];
  readonly keysEstimate: number;
  /** The offset behind which the resync discards the writes of the asking node. */
  readonly branchOffset: number | undefined;
  /** The place from which messages come. Undefined from a sender that does not count. */
  readonly live?: LivePlace | undefined;
}

export interface Refuse {
  readonly kind: 'refuse';
  /** A name in UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
  readonly details: Details;
}

export interface Heartbeat {
  readonly kind: 'heartbeat';
  readonly offset: number;
  readonly checksum: number;
  readonly timeMs: number;
  /** Node IDs from the leader down to the sender. */
  readonly path: readonly string[];
  /** The time, on the leader's clock, at which the sender was known to hold everything up to that time. */
  readonly levelMs: number;
  /**
   * The history that the leader has begun right behind the end of its log. Present while nothing is logged under it and
   * the sender has all before it.
   */
  readonly nextHistory?: LineageRow | undefined;
  /** The end of the sender's log, or 0 if the sender does not report it. */
  readonly endOffset?: number;
}

/** A published message that is not in the log. */
export interface LiveMessage {
  readonly channel: Buffer;
  readonly data: Buffer;
}

/** The outcome of a Publish. */
export interface Published {
  readonly kind: 'published';
  readonly sequence: number;
  /** The offset that the message follows, or the message's own offset if it is in the log. */
  readonly offset: number;
  /** The reason why the message was not published, undefined if it was. */
  readonly error: HeadwaterError | undefined;
}

/** Says that the leadership has moved to this node. */
export interface Moved {
  readonly kind: 'moved';
  readonly address: string;
  readonly nodeId: string;
}

export type DownFrame =
  | Continue
  | { readonly kind: 'wait'; readonly reason: string }
  | FullResync
  | Refuse
  | Blocks
  | { readonly kind: 'snapshotChunk'; readonly keys: Buffer[]; readonly records: Buffer[] }
  | { readonly kind: 'snapshotEnd'; readonly keys: number; readonly digest: Buffer }
  | { readonly kind: 'newHistory'; readonly row: LineageRow }
  | Heartbeat
  | { readonly kind: 'mark'; readonly markId: string }
  | Messages
  | Published
  | Moved;

export interface Messages {
  readonly kind: 'messages';
  /** Messages that had left the sender before they could be sent. For followers that do not count. */
  readonly missed: number;
  /** The place of the first message, or of the next if there is none. Undefined from a sender that does not count. */
  readonly place?: LivePlace | undefined;
  readonly messages: readonly LiveMessage[];
}

export function encodeDownFrame(frame: DownFrame | Part): Buffer {
  return bytesOf(v1.DownFrame.encode(downFrameOf(frame)).finish());
}

function downFrameOf(frame: DownFrame | Part): headwater.v1.DownFrame.$Properties {
  switch (frame.kind) {
    case 'continue':
      return {
        continue: {
          ...frame,
          lineage: frame.lineage.map(rowOf),
          details: detailsOf(frame.details),
          live: placeOf(frame.live),
        },
      };
    case 'wait':
      return { wait: frame };
    case 'fullResync':
      return { fullResync: fullResyncOf(frame) };
    case 'refuse':
      return { refuse: { ...frame, details: detailsOf(frame.details) } };
    case 'blocks':
      return { blocks: frame };
    case 'snapshotChunk':
      return { snapshotChunk: frame };
    case 'snapshotEnd':
      return { snapshotEnd: frame };
    case 'newHistory':
      return { newHistory: { row: rowOf(frame.row) } };
    case 'heartbeat':
      return {
        heartbeat: {
          ...frame,
          path: [...frame.path],
          nextHistory: frame.nextHistory ? rowOf(frame.nextHistory) : null,
        },
      };
    case 'mark':
      return { mark: frame };
    case 'messages':
      return { messages: { missed: frame.missed, messages: [...frame.messages], place: placeOf(frame.place) } };
    case 'published': {
      const { sequence, offset, error } = frame;
      return { published: { sequence, offset, error: error ? toErrorReply(error) : null } };
    }
    case 'moved':
      return { moved: frame };
    case 'part':
      return { part: frame };
  }
}

/** @throws HeadwaterError `protocol_violation`. */
export function decodeDownFrame(bytes: Buffer): DownFrame | Part {
  return parseFrame(() => downFrame(v1.DownFrame.decode(bytes)));
}

function downFrame(message: headwater.v1.DownFrame): DownFrame | Part {
  if (message.blocks) {
    const { blocks, acknowledge, sync } = message.blocks;
    return {
      kind: 'blocks',
      blocks: (blocks ?? []) as Buffer[],
      acknowledge: acknowledge ?? false,
      sync: sync ?? false,
    };
  }
  if (message.heartbeat) {
    const { offset, checksum, timeMs, path, levelMs, nextHistory, endOffset } = message.heartbeat;
    return {
      kind: 'heartbeat',
      offset: frameNumber(offset),
      checksum: checksum ?? 0,
      timeMs: frameNumber(timeMs),
      path: (path ?? []).map(frameName),
      levelMs: frameNumber(levelMs),
      nextHistory: nextHistory ? toRow(nextHistory) : undefined,
      endOffset: frameNumber(endOffset),
    };
  }
  if (message.snapshotChunk) {
    const { keys, records } = message.snapshotChunk;
    return { kind: 'snapshotChunk', keys: (keys ?? []) as Buffer[], records: (records ?? []) as Buffer[] };
  }
  if (message.part) return partOf(message.part);
  return decodeRareFrame(message);
}

function decodeRareFrame(message: headwater.v1.DownFrame): DownFrame {
  if (message.continue) {
    const { upstream, lineage, endOffset, reason, message: text, details, live } = message.continue;
    return {
      kind: 'continue',
      upstream: upstreamOf(upstream),
      lineage: (lineage ?? []).map(toRow),
      endOffset: frameNumber(endOffset),
      reason: reason ?? '',
      message: text ?? '',
      details: toDetails(details),
      live: toPlace(live),
    };
  }
  if (message.wait) return { kind: 'wait', reason: message.wait.reason ?? '' };
  if (message.fullResync) {
    const { upstream, position, positionTimeMs, lineage, keysEstimate, branchOffset, live, ...why } =
      message.fullResync;
    return {
      kind: 'fullResync',
      upstream: upstreamOf(upstream),
      reason: why.reason ?? '',
      message: why.message ?? '',
      details: toDetails(why.details),
      position: toPosition(position),
      positionTimeMs: optionalNumber(positionTimeMs),
      lineage: (lineage ?? []).map(toRow),
      keysEstimate: frameNumber(keysEstimate),
      branchOffset: optionalNumber(branchOffset),
      live: toPlace(live),
    };
  }
  if (message.refuse) {
    const { reason, message: text, details } = message.refuse;
    return { kind: 'refuse', reason: reason ?? '', message: text ?? '', details: toDetails(details) };
  }
  if (message.snapshotEnd) {
    return {
      kind: 'snapshotEnd',
      keys: frameNumber(message.snapshotEnd.keys),
      digest: bytesOf(message.snapshotEnd.digest),
    };
  }
  if (message.newHistory?.row) return { kind: 'newHistory', row: toRow(message.newHistory.row) };
  if (message.mark) return { kind: 'mark', markId: frameName(message.mark.markId) };
  return decodeSideFrame(message);
}

/** Decodes the frames about clients and leadership rather than about the log. */
function decodeSideFrame({ messages, published, moved }: headwater.v1.DownFrame): DownFrame {
  if (messages) {
    const live = (messages.messages ?? []).map(({ channel, data }) => ({
      channel: bytesOf(channel),
      data: bytesOf(data),
    }));
    return { kind: 'messages', missed: frameNumber(messages.missed), place: toPlace(messages.place), messages: live };
  }
  if (published) {
    const { sequence, offset, error } = published;
    return {
      kind: 'published',
      sequence: frameNumber(sequence),
      offset: frameNumber(offset),
      error: error ? fromErrorReply(v1.ErrorReply.create(error)) : undefined,
    };
  }
  if (moved) return { kind: 'moved', address: frameName(moved.address), nodeId: frameName(moved.nodeId) };
  throw unknownFrame();
}

function fullResyncOf(frame: FullResync): headwater.v1.FullResync.$Properties {
  const { upstream, reason, message, position, positionTimeMs, lineage, keysEstimate, branchOffset } = frame;
  const fields = {
    upstream,
    reason,
    message,
    details: detailsOf(frame.details),
    position: positionOf(position),
    lineage: lineage.map(rowOf),
    keysEstimate,
    live: placeOf(frame.live),
  };
  return {
    ...fields,
    ...(positionTimeMs !== undefined && { positionTimeMs }),
    ...(branchOffset !== undefined && { branchOffset }),
  };
}

function optionalNumber(value: Parameters<typeof frameNumber>[0]): number | undefined {
  return value === null || value === undefined ? undefined : frameNumber(value);
}

function upstreamOf(message: headwater.v1.Upstream.$Properties | null | undefined): UpstreamInfo {
  return {
    clusterId: frameName(message?.clusterId),
    nodeId: frameName(message?.nodeId),
    address: frameName(message?.address),
    timeMs: frameNumber(message?.timeMs),
    follows: frameName(message?.follows),
    takesParts: message?.takesParts ?? false,
  };
}
