/**
 * The frames of a replication session as tagged unions, and their bytes (proto/headwater/v1/replication.proto). A
 * follower sends the handshake, then acknowledgements. An upstream sends blocks. Blocks and records are opaque here and
 * are never encoded again. They are views into the message that brought them.
 */
import { type Details, HeadwaterError } from '../base/errors.js';
import type { Codec } from '../model/codec.js';
import type { DigestReport } from '../model/comparison.js';
import type { LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import type { Position } from '../model/position.js';
import { codecOf } from '../protobuf/codec.js';
import type { Part } from './parts.js';

// ---- frames that a follower sends up --------------------------------------------

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
  /** The offset up to which the keyspace may hold effects. Beyond `position` only if the log lost its end. */
  readonly keyspaceOffset: number;
  /** Whether a person has accepted the loss of the asking node's data. */
  readonly acceptDataLoss: boolean;
  /** Whether the asking node wants a snapshot, whatever its position. */
  readonly full: boolean;
  /** Whether the log has lost a tail whose effects the keyspace has. */
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
  /** The newest content of the log that the asking node knows (model/content-version.ts). */
  readonly contentVersion: number;
  /** The part of an interrupted full resync that the asking node has kept. */
  readonly keptLoad?: KeptLoad | undefined;
}

/** The entries of a snapshot up to a key, and the log behind the snapshot's position. */
export interface KeptLoad {
  /** The ID of the cluster that the data belong to. */
  readonly clusterId: string;
  /** The end of the log. All entries are of this offset or an earlier one. */
  readonly logEnd: Position;
  /** The last key of the entries. */
  readonly lastKey: Buffer;
  /** The number of entries. */
  readonly keys: number;
}

export interface Acknowledgement {
  readonly kind: 'acknowledgement';
  readonly receivedOffset: number;
  readonly appendedOffset: number;
  readonly durableOffset: number;
  readonly replicationId: string;
  readonly checksum: number;
  /** The last reports of the nodes below. */
  readonly below: readonly NodeReport[];
  /** The latest epoch of a node that waits below the sender with a later history than the sender's. 0 if none does. */
  readonly epochWaiting: number;
  /** The least content version of the sender and the nodes below it, at any depth. */
  readonly contentVersion: number;
  /** The last sign of life that the sender accepted. 0 if there was none. */
  readonly signHeard: number;
}

/** The progress of one node below the sender. */
export interface NodeReport {
  readonly nodeId: string;
  /** Identifies a process: two reports with one node ID and different nonces come from two processes. */
  readonly nonce: string;
  readonly appendedOffset: number;
  readonly durableOffset: number;
  readonly replicationId: string;
  readonly checksum: number;
  /** The time since the node reported this to its own upstream. */
  readonly ageMs: number;
  /** The host:port of the node. Empty if it is not known. */
  readonly address: string;
  /** The ID of the node that it follows. Empty if that is the sender. */
  readonly via: string;
}

/** A message that a client of the sender publishes. */
export interface Publish {
  readonly kind: 'publish';
  /** A number of the sender's choice, which the answer carries back. */
  readonly sequence: number;
  readonly channel: Buffer;
  readonly data: Buffer;
  /** True if the message goes into the log, as a command. */
  readonly durable: boolean;
}

export type UpFrame = Handshake | Acknowledgement | DigestReport | Publish;

// ---- frames that an upstream sends down -----------------------------------------

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
  readonly blocks: readonly Buffer[];
  /** Asks for an acknowledgement as soon as the blocks are appended. */
  readonly acknowledge: boolean;
  /** Asks for an acknowledgement as soon as the blocks are durable. */
  readonly sync: boolean;
  /** The spans in which writes were asked, of these blocks or of others. */
  readonly traces: readonly WriteTrace[];
}

export interface WriteTrace {
  /** An offset at or after the write. */
  readonly offset: number;
  /** The name of the span: see base/tracing.ts. */
  readonly traceparent: string;
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
  /** The position behind which the log comes if an interrupted full resync resumes; else undefined. */
  readonly logFrom?: Position | undefined;
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
  readonly endOffset: number;
  /** The host:port at which the leader listens. Empty if the sender does not know it. */
  readonly leaderAddress: string;
  /** The epoch of the leader's history. 0 if the leader takes no writes, or the sender does not know. */
  readonly epoch: number;
  /** A sign of life that the follower acknowledges at once (progress/signs-of-life.ts). 0 if there is none. */
  readonly sign: number;
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

/** Nothing can be decided yet, or the snapshot has to wait. */
export interface Wait {
  readonly kind: 'wait';
  readonly reason: string;
  /** host:port of followers that could send the snapshot. Empty if the follower waits for something else. */
  readonly sources: readonly string[];
}

export type DownFrame =
  | Continue
  | Wait
  | FullResync
  | Refuse
  | Blocks
  | { readonly kind: 'snapshotChunk'; readonly keys: readonly Buffer[]; readonly records: readonly Buffer[] }
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

// ---- bytes ----------------------------------------------------------------------

const UP: Codec<UpFrame | Part> = codecOf('ReplicateRequest');
const DOWN: Codec<DownFrame | Part> = codecOf('ReplicateResponse');

export function encodeUpFrame(frame: UpFrame | Part): Buffer {
  return UP.encode(frame);
}

/** @throws HeadwaterError `protocol_violation`. */
export function decodeUpFrame(bytes: Buffer): UpFrame | Part {
  return decodeFrame(UP, bytes);
}

export function encodeDownFrame(frame: DownFrame | Part): Buffer {
  return DOWN.encode(frame);
}

/** @throws HeadwaterError `protocol_violation`. */
export function decodeDownFrame(bytes: Buffer): DownFrame | Part {
  return decodeFrame(DOWN, bytes);
}

function decodeFrame<Frame>({ decode }: Codec<Frame>, bytes: Buffer): Frame {
  try {
    return decode(bytes);
  } catch (error) {
    throw new HeadwaterError('protocol_violation', `a replication frame cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
