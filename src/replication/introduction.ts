/**
 * The first frame of a session, from both ends. A node reports about itself to
 * its upstream, and the upstream checks that before anything else.
 */
import { HeadwaterError } from '../base/errors.js';
import { unknownFormat } from '../base/unknown-format.js';
import { RECORD_FORMAT } from '../keyspace/record.js';
import { BLOCK_FORMAT } from '../log/block.js';
import { CONTENT_VERSION } from '../model/content-version.js';
import type { StoreData } from '../store/data.js';
import type { NodeIdentity } from '../store/node-identity.js';
import type { Roles } from '../store/roles.js';
import { type Handshake, type KeptLoad, PROTOCOL_VERSION, type UpFrame } from './frames.js';

/** The parts of the store that this file needs. */
export interface IntroducedStore {
  readonly data: Pick<StoreData, 'generation' | 'incomplete' | 'log'>;
  readonly roles: Pick<Roles, 'handingOver'>;
  readonly identity: Pick<NodeIdentity, 'clusterId' | 'nodeId'>;
}

export interface Introduced {
  /** A value drawn at each start of the process. */
  readonly nonce: string;
  /** host:port at which this node itself listens. */
  readonly address: string;
}

/**
 * The handshake of a follower, which wants whatever it lacks. A former leader
 * that hands over sends it too, with its grant.
 */
export function followerHandshake(
  store: IntroducedStore,
  introduced: Introduced & {
    readonly acceptDataLoss: boolean;
    readonly full: boolean;
    readonly byOrder: boolean;
    readonly keptLoad: KeptLoad | undefined;
  },
): Handshake {
  return {
    ...introduction(store, introduced),
    lineage: store.data.generation.lineage.rows,
    keyspaceOffset: store.data.generation.keyspaceOffset,
    acceptDataLoss: introduced.acceptDataLoss,
    full: introduced.full,
    keyspaceIncomplete: store.data.incomplete !== undefined,
    catchingUp: false,
    handsOverTo: store.roles.handingOver?.node_id ?? '',
    grant: store.roles.handingOver?.grant ?? '',
    byOrder: introduced.byOrder,
    live: store.roles.handingOver && store.data.log.interludes.place,
    keptLoad: introduced.keptLoad,
  };
}

/**
 * The handshake of a leader that asks for the log alone. The leader's keyspace
 * may be ahead of its log, so the keyspace offset is cut to the end of the log.
 */
export function askerHandshake(store: IntroducedStore, introduced: Introduced): Handshake {
  const { log } = store.data;
  return {
    ...introduction(store, introduced),
    lineage: log.history.lineage.upTo(log.end.offset).rows,
    keyspaceOffset: Math.min(store.data.generation.keyspaceOffset, log.end.offset),
    acceptDataLoss: false,
    full: false,
    keyspaceIncomplete: false,
    catchingUp: true,
    handsOverTo: '',
    grant: '',
    byOrder: false,
  };
}

function introduction({ identity, data }: IntroducedStore, { nonce, address }: Introduced) {
  const { clusterId, nodeId } = identity;
  const { log } = data;
  return {
    kind: 'handshake',
    protocolVersion: PROTOCOL_VERSION,
    blockFormat: BLOCK_FORMAT,
    recordFormat: RECORD_FORMAT,
    contentVersion: CONTENT_VERSION,
    clusterId,
    nodeId,
    nonce,
    address,
    position: log.end,
    baseOffset: log.base.offset,
  } as const;
}

/**
 * Checks the handshake that a session has begun with.
 * @param ownId the node ID of the node that was asked.
 * @throws HeadwaterError `protocol_violation` if the frame is no handshake;
 *   `unknown_format` if protocol version or formats do not match;
 *   `replication_loop` if a node asks itself.
 */
export function checkHandshake(frame: UpFrame | undefined, ownId: string): Handshake {
  if (frame?.kind !== 'handshake')
    throw new HeadwaterError(
      'protocol_violation',
      `expected a handshake at the beginning of a session, received ${frame?.kind ?? 'nothing'}`,
    );
  const { protocolVersion, blockFormat, recordFormat, nodeId } = frame;
  if (protocolVersion !== PROTOCOL_VERSION) throw mismatch('protocol version', PROTOCOL_VERSION, protocolVersion);
  if (blockFormat < BLOCK_FORMAT) throw mismatch('block format', BLOCK_FORMAT, blockFormat);
  if (recordFormat < RECORD_FORMAT) throw mismatch('record format', RECORD_FORMAT, recordFormat);
  if (nodeId === ownId)
    throw new HeadwaterError(
      'replication_loop',
      `the node ${nodeId} cannot follow itself. If these are two nodes, one data directory is a copy of the other's: stop the copy, and run "headwater id renew --data DIR"`,
    );
  return frame;
}

function mismatch(name: string, own: number, found: number): HeadwaterError {
  const remedy = found < own ? 'Update the follower' : 'Update this node';
  return unknownFormat({ subject: 'the follower', name, found, read: [own], remedy });
}
