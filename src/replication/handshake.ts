/**
 * The first frame of a replication session: the asking node, the data that it holds, and the versions that it speaks.
 * The upstream's decision is in replication/resync.ts.
 */
import { HeadwaterError } from '../base/errors.js';
import type { LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import type { Position } from '../model/position.js';
import { frameName, frameNumber, placeOf, positionOf, rowOf, toPlace, toPosition, toRow } from '../protobuf/frame.js';
import type { headwater } from '../protobuf/generated.js';

export const PROTOCOL_VERSION = 1;

export interface Handshake {
  readonly kind: 'handshake';
  readonly protocolVersion: number;
  readonly blockFormat: number;
  readonly recordFormat: number;
  /** The ID of the cluster, empty if the node has never belonged to one. */
  readonly clusterId: string;
  readonly nodeId: string;
  /** A random text, drawn at each start of the node. */
  readonly nonce: string;
  /** The host:port at which the node listens. Empty if it does not listen. */
  readonly address: string;
  /** Every history that log and keyspace have lived in. */
  readonly lineage: readonly LineageRow[];
  /** The end of the log. */
  readonly position: Position;
  /** The offset behind which the log holds all commands. */
  readonly baseOffset: number;
  /** The offset up to which the keyspace may hold effects. Beyond `position` only if the log lost its tail. */
  readonly keyspaceOffset: number;
  readonly acceptDataLoss: boolean;
  readonly full: boolean;
  readonly keyspaceIncomplete: boolean;
  /** True for a node that is no follower, and wants the commands behind its position, if any, before it leads. */
  readonly catchingUp: boolean;
  /** The node ID that the asking node, a leader up to its position, hands over to. Empty if it does not. */
  readonly handsOverTo: string;
  /** The ID of this hand-over. Empty if there is none. */
  readonly grant: string;
  /** True if a person ordered the asking node to follow this node, and this node has not served it since. */
  readonly byOrder: boolean;
  /** The end of the messages that the asking node has published, if it hands over. */
  readonly live?: LivePlace | undefined;
}

export function handshakeMessage(frame: Handshake): headwater.v1.Handshake.$Properties {
  const { lineage, position, live } = frame;
  return { ...frame, lineage: lineage.map(rowOf), position: positionOf(position), live: placeOf(live) };
}

export function handshakeOf(message: headwater.v1.Handshake.$Properties): Handshake {
  return {
    kind: 'handshake',
    protocolVersion: message.protocolVersion ?? 0,
    blockFormat: message.blockFormat ?? 0,
    recordFormat: message.recordFormat ?? 0,
    clusterId: frameName(message.clusterId),
    nodeId: nodeIdOf(message),
    nonce: frameName(message.nonce),
    address: frameName(message.address),
    lineage: (message.lineage ?? []).map(toRow),
    position: toPosition(message.position),
    baseOffset: frameNumber(message.baseOffset),
    keyspaceOffset: frameNumber(message.keyspaceOffset),
    acceptDataLoss: message.acceptDataLoss ?? false,
    full: message.full ?? false,
    keyspaceIncomplete: message.keyspaceIncomplete ?? false,
    catchingUp: message.catchingUp ?? false,
    handsOverTo: frameName(message.handsOverTo),
    grant: frameName(message.grant),
    byOrder: message.byOrder ?? false,
    live: toPlace(message.live),
  };
}

/** A node ID is required: without one, a node could neither be told from others nor be counted. */
function nodeIdOf({ nodeId }: headwater.v1.Handshake.$Properties): string {
  const name = frameName(nodeId);
  if (name !== '') return name;
  throw new HeadwaterError('protocol_violation', 'a handshake: expected a node ID, received none');
}
