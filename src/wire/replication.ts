/**
 * Replication frames (proto/headwater/v1/replication.proto) as the tagged
 * unions that feed and link work with, and their bytes. Blocks and records are
 * opaque here and are never re-encoded: they are views into the message that
 * brought them.
 */
import { HeadwaterError } from '../errors.js';
import type { LineageRow } from '../lineage.js';
import type { Position } from '../position.js';
import { headwater } from './generated.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

export const PROTOCOL_VERSION = 1;

export interface Handshake {
  readonly kind: 'handshake';
  readonly protocolVersion: number;
  readonly blockFormat: number;
  readonly recordFormat: number;
  /** Empty where the node has never belonged to a cluster. */
  readonly clusterId: string;
  readonly nodeId: string;
  /** Drawn at each start. */
  readonly nonce: string;
  /** host:port at which the node itself listens; empty where it does not. */
  readonly address: string;
  /** Every history that log and keyspace have lived in. */
  readonly lineage: readonly LineageRow[];
  /** The end of the log. */
  readonly position: Position;
  /** The log holds what follows it. */
  readonly baseOffset: number;
  /** The keyspace may hold effects up to here: beyond `position` only where the log lost its tail. */
  readonly keyspaceOffset: number;
  readonly acceptDataLoss: boolean;
  readonly full: boolean;
  readonly keyspaceIncomplete: boolean;
}

export interface Acknowledgement {
  readonly kind: 'acknowledgement';
  readonly receivedOffset: number;
  readonly appendedOffset: number;
  readonly durableOffset: number;
  readonly replicationId: string;
  readonly checksum: number;
}

export interface DigestReport {
  readonly kind: 'digestReport';
  readonly markId: string;
  readonly nodeId: string;
  readonly offset: number;
  readonly keys: number;
  readonly digest: Buffer;
}

export type UpFrame = Handshake | Acknowledgement | DigestReport;

export interface UpstreamInfo {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly address: string;
  readonly timeMs: number;
}

export interface Continue {
  readonly kind: 'continue';
  readonly upstream: UpstreamInfo;
  readonly lineage: readonly LineageRow[];
  /** Where the log ends now. */
  readonly endOffset: number;
}

export interface Blocks {
  readonly kind: 'blocks';
  readonly blocks: Buffer[];
  /** Acknowledge as soon as they are appended. */
  readonly acknowledge: boolean;
  /** Acknowledge as soon as they are durable. */
  readonly sync: boolean;
}

export interface FullResync {
  readonly kind: 'fullResync';
  readonly upstream: UpstreamInfo;
  readonly reason: string;
  readonly position: Position;
  readonly lineage: readonly LineageRow[];
  readonly keysEstimate: number;
  /** Writes of the asker after it are lost by the resync. */
  readonly branchOffset: number | undefined;
}

export interface Refuse {
  readonly kind: 'refuse';
  /** UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
  readonly details: Readonly<Record<string, string>>;
}

export interface Heartbeat {
  readonly kind: 'heartbeat';
  readonly offset: number;
  readonly checksum: number;
  readonly timeMs: number;
  /** Node IDs from the leader down to the sender. */
  readonly path: readonly string[];
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
  | { readonly kind: 'mark'; readonly markId: string };

/** A piece of an encoded DownFrame; only the transport sees it. */
export interface Part {
  readonly kind: 'part';
  readonly data: Buffer;
  readonly last: boolean;
}

export function encodeUpFrame(frame: UpFrame): Buffer {
  return buffer(v1.UpFrame.encode(upFrameOf(frame)).finish());
}

function upFrameOf(frame: UpFrame): headwater.v1.UpFrame.$Properties {
  switch (frame.kind) {
    case 'handshake':
      return { handshake: { ...frame, lineage: frame.lineage.map(rowOf), position: positionOf(frame.position) } };
    case 'acknowledgement':
      return { acknowledgement: { ...frame, replicationId: idOf(frame.replicationId) } };
    case 'digestReport':
      return { digestReport: frame };
  }
}

export function encodeDownFrame(frame: DownFrame | Part): Buffer {
  return buffer(v1.DownFrame.encode(downFrameOf(frame)).finish());
}

function downFrameOf(frame: DownFrame | Part): headwater.v1.DownFrame.$Properties {
  switch (frame.kind) {
    case 'continue':
      return { continue: { upstream: frame.upstream, lineage: frame.lineage.map(rowOf), endOffset: frame.endOffset } };
    case 'wait':
      return { wait: frame };
    case 'fullResync':
      return { fullResync: fullResyncOf(frame) };
    case 'refuse':
      return { refuse: { ...frame, details: Object.entries(frame.details).map(([name, value]) => ({ name, value })) } };
    case 'blocks':
      return { blocks: frame };
    case 'snapshotChunk':
      return { snapshotChunk: frame };
    case 'snapshotEnd':
      return { snapshotEnd: frame };
    case 'newHistory':
      return { newHistory: { row: rowOf(frame.row) } };
    case 'heartbeat':
      return { heartbeat: { ...frame, path: [...frame.path] } };
    case 'mark':
      return { mark: frame };
    case 'part':
      return { part: frame };
  }
}

/** @throws HeadwaterError `protocol_violation`. */
export function decodeUpFrame(bytes: Buffer): UpFrame {
  return parse(() => upFrame(v1.UpFrame.decode(bytes)));
}

function upFrame(message: headwater.v1.UpFrame): UpFrame {
  const { handshake, acknowledgement, digestReport } = message;
  if (acknowledgement) return acknowledgementOf(acknowledgement);
  if (handshake) return handshakeOf(handshake);
  if (digestReport) {
    const { markId, nodeId, offset, keys, digest } = digestReport;
    return {
      kind: 'digestReport',
      markId: markId ?? '',
      nodeId: nodeId ?? '',
      offset: number(offset),
      keys: number(keys),
      digest: buffer(digest),
    };
  }
  throw unknownFrame();
}

/** @throws HeadwaterError `protocol_violation`. */
export function decodeDownFrame(bytes: Buffer): DownFrame | Part {
  return parse(() => downFrame(v1.DownFrame.decode(bytes)));
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
    const { offset, checksum, timeMs, path } = message.heartbeat;
    return {
      kind: 'heartbeat',
      offset: number(offset),
      checksum: checksum ?? 0,
      timeMs: number(timeMs),
      path: path ?? [],
    };
  }
  if (message.snapshotChunk) {
    const { keys, records } = message.snapshotChunk;
    return { kind: 'snapshotChunk', keys: (keys ?? []) as Buffer[], records: (records ?? []) as Buffer[] };
  }
  if (message.part) return { kind: 'part', data: buffer(message.part.data), last: message.part.last ?? false };
  return decodeRareFrame(message);
}

function decodeRareFrame(message: headwater.v1.DownFrame): DownFrame {
  if (message.continue) {
    const { upstream, lineage, endOffset } = message.continue;
    return {
      kind: 'continue',
      upstream: upstreamOf(upstream),
      lineage: (lineage ?? []).map(toRow),
      endOffset: number(endOffset),
    };
  }
  if (message.wait) return { kind: 'wait', reason: message.wait.reason ?? '' };
  if (message.fullResync) {
    const { upstream, reason, position, lineage, keysEstimate, branchOffset } = message.fullResync;
    return {
      kind: 'fullResync',
      upstream: upstreamOf(upstream),
      reason: reason ?? '',
      position: toPosition(position),
      lineage: (lineage ?? []).map(toRow),
      keysEstimate: number(keysEstimate),
      branchOffset: branchOffset === null || branchOffset === undefined ? undefined : number(branchOffset),
    };
  }
  if (message.refuse) {
    const { reason, message: text, details } = message.refuse;
    const pairs = (details ?? []).map(({ name, value }) => [name ?? '', value ?? '']);
    return { kind: 'refuse', reason: reason ?? '', message: text ?? '', details: Object.fromEntries(pairs) };
  }
  if (message.snapshotEnd) {
    return { kind: 'snapshotEnd', keys: number(message.snapshotEnd.keys), digest: buffer(message.snapshotEnd.digest) };
  }
  if (message.newHistory?.row) return { kind: 'newHistory', row: toRow(message.newHistory.row) };
  if (message.mark) return { kind: 'mark', markId: message.mark.markId ?? '' };
  throw unknownFrame();
}

function handshakeOf(message: headwater.v1.Handshake.$Properties): Handshake {
  return {
    kind: 'handshake',
    protocolVersion: message.protocolVersion ?? 0,
    blockFormat: message.blockFormat ?? 0,
    recordFormat: message.recordFormat ?? 0,
    clusterId: message.clusterId ?? '',
    nodeId: message.nodeId ?? '',
    nonce: message.nonce ?? '',
    address: message.address ?? '',
    lineage: (message.lineage ?? []).map(toRow),
    position: toPosition(message.position),
    baseOffset: number(message.baseOffset),
    keyspaceOffset: number(message.keyspaceOffset),
    acceptDataLoss: message.acceptDataLoss ?? false,
    full: message.full ?? false,
    keyspaceIncomplete: message.keyspaceIncomplete ?? false,
  };
}

function acknowledgementOf(message: headwater.v1.Acknowledgement.$Properties): Acknowledgement {
  return {
    kind: 'acknowledgement',
    receivedOffset: number(message.receivedOffset),
    appendedOffset: number(message.appendedOffset),
    durableOffset: number(message.durableOffset),
    replicationId: toId(message.replicationId),
    checksum: message.checksum ?? 0,
  };
}

function fullResyncOf(frame: FullResync): headwater.v1.FullResync.$Properties {
  const { upstream, reason, position, lineage, keysEstimate, branchOffset } = frame;
  const fields = { upstream, reason, position: positionOf(position), lineage: lineage.map(rowOf), keysEstimate };
  return branchOffset === undefined ? fields : { ...fields, branchOffset };
}

function upstreamOf(message: headwater.v1.Upstream.$Properties | null | undefined): UpstreamInfo {
  return {
    clusterId: message?.clusterId ?? '',
    nodeId: message?.nodeId ?? '',
    address: message?.address ?? '',
    timeMs: number(message?.timeMs),
  };
}

function rowOf(row: LineageRow): headwater.v1.LineageRow.$Properties {
  return { ...row, replicationId: idOf(row.replicationId) };
}

function toRow(message: headwater.v1.LineageRow.$Properties): LineageRow {
  return {
    replicationId: toId(message.replicationId),
    firstOffset: number(message.firstOffset),
    checksum: message.checksum ?? 0,
    epoch: number(message.epoch),
  };
}

function positionOf(position: Position): headwater.v1.Position.$Properties {
  return { ...position, replicationId: idOf(position.replicationId) };
}

export function toPosition(message: headwater.v1.Position.$Properties | null | undefined): Position {
  return {
    replicationId: toId(message?.replicationId),
    offset: number(message?.offset),
    checksum: message?.checksum ?? 0,
  };
}

function idOf(replicationId: string): Buffer {
  return Buffer.from(replicationId, 'hex');
}

function toId(bytes: Uint8Array | null | undefined): string {
  if (bytes?.length === 20) return buffer(bytes).toString('hex');
  throw new HeadwaterError('protocol_violation', `a replication ID has 20 bytes, received ${bytes?.length ?? 0}`);
}

function number(value: Parameters<typeof toNumber>[0]): number {
  return toNumber(value, 'a replication frame');
}

function buffer(bytes: Uint8Array | null | undefined): Buffer {
  if (!bytes) return Buffer.alloc(0);
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function parse<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (HeadwaterError.is(error, 'protocol_violation')) throw error;
    throw new HeadwaterError('protocol_violation', `a replication frame cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function unknownFrame(): HeadwaterError {
  return new HeadwaterError('protocol_violation', 'a replication frame of a kind that this version does not know');
}
