/**
 * The first frame of a session, from both ends: what a node says of itself to
 * the one above it, and what that one checks before it looks any further.
 */
import { HeadwaterError } from '../base/errors.js';
import { RECORD_FORMAT } from '../keyspace/record.js';
import { BLOCK_FORMAT } from '../log/block.js';
import type { Store } from '../store/store.js';
import { type Handshake, PROTOCOL_VERSION } from '../wire/handshake.js';
import type { UpFrame } from '../wire/up-frames.js';

export interface Introduced {
  /** Drawn at each start of the process. */
  readonly nonce: string;
  /** host:port at which this node itself listens. */
  readonly address: string;
}

/** Of a follower, which wants whatever it lacks; of a former leader, that it hands over. */
export function followerHandshake(
  store: Store,
  introduced: Introduced & { readonly acceptDataLoss: boolean; readonly full: boolean; readonly byOrder: boolean },
): Handshake {
  return {
    ...introduction(store, introduced),
    lineage: store.lineageOfData.rows,
    keyspaceOffset: store.keyspaceOffset,
    acceptDataLoss: introduced.acceptDataLoss,
    full: introduced.full,
    keyspaceIncomplete: store.incomplete !== undefined,
    catchingUp: false,
    handsOverTo: store.handingOver?.node_id ?? '',
    grant: store.handingOver?.grant ?? '',
    byOrder: introduced.byOrder,
    live: store.handingOver && store.log.interludes.place,
  };
}

/** Of a leader that asks for the log alone: its keyspace may be ahead of that. */
export function askerHandshake(store: Store, introduced: Introduced): Handshake {
  const { log } = store;
  return {
    ...introduction(store, introduced),
    lineage: log.lineage.upTo(log.end.offset).rows,
    keyspaceOffset: Math.min(store.keyspaceOffset, log.end.offset),
    acceptDataLoss: false,
    full: false,
    keyspaceIncomplete: false,
    catchingUp: true,
    handsOverTo: '',
    grant: '',
    byOrder: false,
  };
}

function introduction({ clusterId, nodeId, log }: Store, { nonce, address }: Introduced) {
  return {
    kind: 'handshake',
    protocolVersion: PROTOCOL_VERSION,
    blockFormat: BLOCK_FORMAT,
    recordFormat: RECORD_FORMAT,
    clusterId,
    nodeId,
    nonce,
    address,
    position: log.end,
    baseOffset: log.base.offset,
  } as const;
}

/**
 * The handshake that a session has begun with.
 * @param ownId the node ID of the node that was asked.
 * @throws HeadwaterError `protocol_violation` where it is none; `unknown_format`
 *   where the two do not speak the same; `replication_loop` of a node that asks itself.
 */
export function checkHandshake(frame: UpFrame | undefined, ownId: string): Handshake {
  if (frame?.kind !== 'handshake')
    throw new HeadwaterError(
      'protocol_violation',
      `a session begins with a handshake, received ${frame?.kind ?? 'nothing'}`,
    );
  const { protocolVersion, blockFormat, recordFormat, nodeId } = frame;
  if (protocolVersion !== PROTOCOL_VERSION) throw mismatch('protocol version', PROTOCOL_VERSION, protocolVersion);
  if (blockFormat < BLOCK_FORMAT) throw mismatch('block format', BLOCK_FORMAT, blockFormat);
  if (recordFormat < RECORD_FORMAT) throw mismatch('record format', RECORD_FORMAT, recordFormat);
  if (nodeId === ownId)
    throw new HeadwaterError(
      'replication_loop',
      `the node ${nodeId} cannot follow itself; if these are two nodes, one data directory is a copy of the other's: stop that one and run "headwater id renew --data DIR"`,
    );
  return frame;
}

function mismatch(what: string, expected: number, received: number): HeadwaterError {
  return new HeadwaterError(
    'unknown_format',
    `${what}: this node speaks ${expected}, the follower ${received}; update the older of the two`,
  );
}
