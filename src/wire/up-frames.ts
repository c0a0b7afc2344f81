/**
 * What a follower sends up (UpFrame in proto/headwater/v1/replication.proto) as
 * a tagged union, and its bytes: the handshake, then how far it has got.
 */
import { frameNumber, idOf, parseFrame, toId, unknownFrame } from './frame.js';
import { headwater } from './generated.js';
import { type Handshake, handshakeMessage, handshakeOf } from './handshake.js';
import { bytesOf } from './message.js';

const { v1 } = headwater;

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

export function encodeUpFrame(frame: UpFrame): Buffer {
  return bytesOf(v1.UpFrame.encode(upFrameOf(frame)).finish());
}

function upFrameOf(frame: UpFrame): headwater.v1.UpFrame.$Properties {
  switch (frame.kind) {
    case 'handshake':
      return { handshake: handshakeMessage(frame) };
    case 'acknowledgement':
      return { acknowledgement: { ...frame, replicationId: idOf(frame.replicationId) } };
    case 'digestReport':
      return { digestReport: frame };
  }
}

/** @throws HeadwaterError `protocol_violation`. */
export function decodeUpFrame(bytes: Buffer): UpFrame {
  return parseFrame(() => upFrame(v1.UpFrame.decode(bytes)));
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
      offset: frameNumber(offset),
      keys: frameNumber(keys),
      digest: bytesOf(digest),
    };
  }
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
  };
}
