/**
 * The first frame of a replication session: who asks, what it holds, and which
 * versions it speaks. What the upstream makes of it is replication/resync.ts's.
 */
import { HeadwaterError } from '../base/errors.js';
import type { LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import type { Position } from '../model/position.js';
import { frameName, frameNumber, placeOf, positionOf, rowOf, toPlace, toPosition, toRow } from './frame.js';
import type { headwater } from './generated.js';

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
  /** Not a follower: it wants what follows its position, where there is anything, before it leads. */
  readonly catchingUp: boolean;
  /** The node ID to which the asker, who led up to its position, hands over; empty where it does not. */
  readonly handsOverTo: string;
  /** Names this one handing over; empty where there is none. */
  readonly grant: string;
  /** A person has told the asker to follow this node, and it has not been served since. */
  readonly byOrder: boolean;
  /** The end of the messages that the asker has published, where it hands over. */
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

/** Whoever has none could neither be told from others nor be counted. */
function nodeIdOf({ nodeId }: headwater.v1.Handshake.$Properties): string {
  const name = frameName(nodeId);
  if (name !== '') return name;
  throw new HeadwaterError('protocol_violation', 'a handshake: expected a node ID, received none');
}
