/**
 * The frames that a follower sends up (UpFrame in proto/headwater/v1/replication.proto) as a tagged union, and their
 * bytes. The handshake comes first, then acknowledgements.
 */
import type { DigestReport } from '../model/comparison.js';
import { frameName, frameNumber, idOf, parseFrame, toId, unknownFrame } from '../protobuf/frame.js';
import { headwater } from '../protobuf/generated.js';
import { bytesOf } from '../protobuf/message.js';
import { type Handshake, handshakeMessage, handshakeOf } from './handshake.js';
import { type Part, partOf } from './parts.js';

const { v1 } = headwater;

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

export function encodeUpFrame(frame: UpFrame | Part): Buffer {
  return bytesOf(v1.UpFrame.encode(upFrameOf(frame)).finish());
}

function upFrameOf(frame: UpFrame | Part): headwater.v1.UpFrame.$Properties {
  switch (frame.kind) {
    case 'handshake':
      return { handshake: handshakeMessage(frame) };
    case 'acknowledgement':
      return {
        acknowledgement: {
          ...frame,
          replicationId: idOf(frame.replicationId),
          below: frame.below.map((report) => ({ ...report, replicationId: idOf(report.replicationId) })),
        },
      };
    case 'digestReport':
      return { digestReport: { ...frame, below: [...frame.below] } };
    case 'publish':
      return { publish: frame };
    case 'part':
      return { part: frame };
  }
}

/** @throws HeadwaterError `protocol_violation`. */
export function decodeUpFrame(bytes: Buffer): UpFrame | Part {
  return parseFrame(() => upFrame(v1.UpFrame.decode(bytes)));
}

function upFrame(message: headwater.v1.UpFrame): UpFrame | Part {
  const { handshake, acknowledgement, digestReport, publish } = message;
  if (acknowledgement) return acknowledgementOf(acknowledgement);
  if (handshake) return handshakeOf(handshake);
  if (digestReport) {
    const { markId, nodeId, offset, keys, digest, error, address, below } = digestReport;
    return {
      kind: 'digestReport',
      markId: frameName(markId),
      nodeId: frameName(nodeId),
      offset: frameNumber(offset),
      keys: frameNumber(keys),
      digest: bytesOf(digest),
      error: error ?? '',
      address: frameName(address),
      below: (below ?? []).map((name) => ({ nodeId: frameName(name.nodeId), address: frameName(name.address) })),
    };
  }
  if (publish) {
    const { sequence, channel, data, durable } = publish;
    return {
      kind: 'publish',
      sequence: frameNumber(sequence),
      channel: bytesOf(channel),
      data: bytesOf(data),
      durable: durable ?? false,
    };
  }
  if (message.part) return partOf(message.part);
  throw unknownFrame();
}

function acknowledgementOf(message: headwater.v1.Acknowledgement.$Properties): Acknowledgement {
  return {
    kind: 'acknowledgement',
    receivedOffset: frameNumber(message.receivedOffset),
    appendedOffset: frameNumber(message.appendedOffset),
    durableOffset: frameNumber(message.durableOffset),
    replicationId: toId(message.replicationId),
    checksum: message.checksum ?? 0,
    below: (message.below ?? []).map(reportOf),
    epochWaiting: frameNumber(message.epochWaiting),
  };
}

function reportOf(message: headwater.v1.NodeReport.$Properties): NodeReport {
  return {
    nodeId: frameName(message.nodeId),
    nonce: frameName(message.nonce),
    appendedOffset: frameNumber(message.appendedOffset),
    durableOffset: frameNumber(message.durableOffset),
    replicationId: toId(message.replicationId),
    checksum: message.checksum ?? 0,
    ageMs: frameNumber(message.ageMs),
  };
}
