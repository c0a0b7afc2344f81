/**
 * The messages of a pipeline: PipelineRequest and PipelineResponse. Plain SETs and GETs and their replies are the hot
 * path. Like command.ts, this file writes and reads them by hand. All others go through the rows of kv.ts. The short
 * way stops at the first byte that it does not expect. The generated code then reads that operation from its start, so
 * both ways accept the same. Measured against generated code alone, writing is about twice as fast and reading five
 * times.
 */

import $protobuf from 'protobufjs/minimal.js';
import type { DurabilityReached } from '../base/error-details.js';
import { HeadwaterError } from '../base/errors.js';
import { TRACEPARENT_LENGTH } from '../base/tracing.js';
import type { Codec } from '../model/codec.js';
import type { Guarantees } from '../model/guarantees.js';
import type { ErrorReply, Operation, OutgoingOperation, Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { boundedReply, errorReply } from '../model/reply-size.js';
import { codecOf } from './codec.js';
import { checkOperationCount } from './count.js';
import { headwater } from './generated.js';
import { decodeGuarantees, encodeGuarantees, GUARANTEES_TAG } from './guarantees.js';
import { fromOperationMessage, fromReplyMessage, toOperationMessage, toReplyMessage } from './kv.js';
import { byteLength, fieldBytes, finish, room, varintBytes, writeField, writeVarint } from './output.js';
import { malformed } from './values.js';

const { Reader } = $protobuf;
const { v1 } = headwater;
type PbReader = InstanceType<typeof Reader>;

const POSITION_CODEC: Codec<Position> = codecOf('Position');
const REACHED_CODEC: Codec<DurabilityReached> = codecOf('DurabilityReached');

const bytesTag = (field: number): number => (field << 3) | 2;
const varintTag = (field: number): number => field << 3;

const OPERATIONS = bytesTag(1);
const REPLIES = bytesTag(1);
const POSITION = bytesTag(2);
const REACHED = bytesTag(3);
/** The field numbers are the same in Operation and in Reply. */
const GET = bytesTag(1);
const SET = bytesTag(3);
const KEY = bytesTag(1);
const SET_VALUE = bytesTag(2);
const GET_VALUE = bytesTag(1);
const GET_VERSION = varintTag(2);
const SET_APPLIED = varintTag(1);
/** The checksum of a Position, a fixed32. */
const CHECKSUM = (3 << 3) | 5;
const CHECKSUM_BYTES = 5;

const TRACES = bytesTag(2);

/** Bounds the operations of one message. Empty operations could otherwise fill a thousand times its size in memory. */
export const MESSAGE_OPERATIONS_MAX = 128 * 1024;

/** An operation, or the refusal of one that this version does not know. */
export type DecodedOperation = Operation | ErrorReply;

/** The span of OpenTelemetry in which an operation of a message was asked. */
export interface OperationTrace {
  /** The index of the operation in its message. */
  readonly operation: number;
  /** The name of the span: see base/tracing.ts. */
  readonly traceparent: string;
}

const NO_TRACES: readonly OperationTrace[] = [];

/** @param guarantees apply to all of the operations. */
export function encodePipelineRequest(
  asked: readonly { readonly operation: OutgoingOperation }[],
  guarantees?: Guarantees,
  traces: readonly OperationTrace[] = NO_TRACES,
): Buffer {
  let at = 0;
  for (const { operation } of asked) {
    if (operation.kind === 'get') at = writeGet(at, operation.key);
    else if (operation.kind === 'set' && isPlain(operation)) at = writeSet(at, operation.key, operation.value);
    else at = writeMessage(at, OPERATIONS, v1.Operation.encode(toOperationMessage(operation)).finish());
  }
  for (const trace of traces) at = writeMessage(at, TRACES, v1.OperationTrace.encode(trace).finish());
  if (guarantees) at = writeMessage(at, GUARANTEES_TAG, encodeGuarantees(guarantees));
  return finish(at);
}

function isPlain(set: OutgoingOperation & { readonly kind: 'set' }): boolean {
  return set.expiry === undefined && set.condition === undefined && !set.returnOld;
}

function writeGet(at: number, key: string | Uint8Array): number {
  const keyLength = byteLength(key);
  const get = fieldBytes(keyLength);
  const operation = fieldBytes(get);
  const bytes = room(at, fieldBytes(operation));
  return writeField(bytes, writeHead(bytes, at, OPERATIONS, operation, GET, get), KEY, key, keyLength);
}

function writeSet(at: number, key: string | Uint8Array, value: string | Uint8Array): number {
  const keyLength = byteLength(key);
  const valueLength = byteLength(value);
  const set = fieldBytes(keyLength) + fieldBytes(valueLength);
  const operation = fieldBytes(set);
  const bytes = room(at, fieldBytes(operation));
  const next = writeHead(bytes, at, OPERATIONS, operation, SET, set);
  return writeField(bytes, writeField(bytes, next, KEY, key, keyLength), SET_VALUE, value, valueLength);
}

/** Writes tag and length of an Operation or Reply, and of the message within. */
function writeHead(
  bytes: Buffer,
  at: number,
  outerTag: number,
  outer: number,
  innerTag: number,
  inner: number,
): number {
  bytes[at] = outerTag;
  const next = writeVarint(bytes, at + 1, outer);
  bytes[next] = innerTag;
  return writeVarint(bytes, next + 1, inner);
}

function writeMessage(at: number, tag: number, message: Uint8Array): number {
  return writeField(room(at, fieldBytes(message.length)), at, tag, message, message.length);
}

export interface DecodedPipelineRequest {
  readonly operations: DecodedOperation[];
  /**
   * The guarantees, or the refusal of ones that cannot be given. Undefined if none is asked for, which is nearly
   * always.
   */
  readonly guarantees: Guarantees | HeadwaterError | undefined;
  /** Undefined if the message has none, or nobody wants them. */
  readonly traces?: OperationTrace[] | undefined;
}

/**
 * Decodes without a copy: the bytes stay views of the message.
 * @throws HeadwaterError `invalid_argument` if the bytes are no PipelineRequest, `too_large` if there are too many
 * operations in one.
 */
export function decodePipelineRequest(bytes: Buffer, isTraced = false): DecodedPipelineRequest {
  const operations: DecodedOperation[] = [];
  let asked: Uint8Array | undefined;
  let traces: OperationTrace[] | undefined;
  const reader = Reader.create(bytes);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.tag();
      if (tag === OPERATIONS) operations.push(readOperation(reader));
      else if (tag === GUARANTEES_TAG) asked = reader.bytes();
      else if (tag === TRACES && isTraced) traces = withTrace(traces, reader);
      else reader.skipType(tag & 7, 0, tag >>> 3);
      if (operations.length > MESSAGE_OPERATIONS_MAX) {
        throw new HeadwaterError(
          'too_large',
          `a pipeline message: expected at most ${MESSAGE_OPERATIONS_MAX} operations, received more`,
        );
      }
    }
  } catch (error) {
    throw malformed('PipelineRequest', bytes.length, error);
  }
  return { operations, guarantees: asked && guaranteesIn(asked), ...(traces && { traces }) };
}

/** More traces than operations are none of this client. */
function withTrace(traces: OperationTrace[] = [], reader: PbReader): OperationTrace[] {
  const { operation, traceparent } = v1.OperationTrace.decode(reader, reader.uint32());
  if (traces.length < MESSAGE_OPERATIONS_MAX && traceparent.length === TRACEPARENT_LENGTH)
    traces.push({ operation, traceparent });
  return traces;
}

function guaranteesIn(field: Uint8Array): Guarantees | HeadwaterError {
  try {
    return decodeGuarantees(field as Buffer);
  } catch (error) {
    return malformed('PipelineRequest', field.length, error);
  }
}

function readOperation(reader: PbReader): DecodedOperation {
  const length = reader.size();
  const start = reader.pos;
  const end = start + length;
  const tag = length > 2 ? reader.tag() : 0;
  if (tag === SET || tag === GET) {
    if (reader.size() + reader.pos === end && end <= reader.len) {
      const key = readBytes(reader, KEY, end);
      const value = key && tag === SET ? readBytes(reader, SET_VALUE, end) : undefined;
      if (key && reader.pos === end) {
        if (tag === GET) return { kind: 'get', key };
        if (value) return { kind: 'set', key, value, expiry: undefined, condition: undefined, returnOld: undefined };
      }
    }
  }
  reader.pos = start;
  return orRefusal(() => {
    // The next operation begins here, if this one is refused before it is decoded.
    reader.pos = end;
    checkOperationCount(reader.buf, start, end);
    reader.pos = start;
    return fromOperationMessage(v1.Operation.decode(reader, length));
  });
}

/** Returns undefined if the next field is another one, or if the message ends. */
function readBytes(reader: PbReader, tag: number, end: number): Buffer | undefined {
  if (reader.pos >= end || reader.tag() !== tag) return undefined;
  return reader.bytes() as Buffer;
}

/** A fault in one operation or reply refuses that one alone, not its neighbours. */
function orRefusal<T>(read: () => T): T | ErrorReply {
  try {
    return read();
  } catch (error) {
    if (HeadwaterError.is(error)) return errorReply(error);
    throw error;
  }
}

/**
 * Encodes one message with the replies from `start` on, until it has `bytesTarget` bytes.
 * @param reached the durability reached, for all of the replies.
 * @returns the message, and the index of the first reply that is not in it.
 */
export function encodePipelineResponse(
  replies: readonly Reply[],
  start: number,
  position: Position | undefined,
  bytesTarget: number,
  reached?: DurabilityReached,
): { bytes: Buffer; next: number } {
  let at = 0;
  let next = start;
  while (next < replies.length && at < bytesTarget) {
    at = writeReply(at, replies[next] as Reply);
    next++;
  }
  if (position) at = writePosition(at, position);
  if (reached) at = writeMessage(at, REACHED, REACHED_CODEC.encode(reached));
  return { bytes: finish(at), next };
}

function writeReply(at: number, reply: Reply): number {
  if (reply.kind === 'set' && reply.oldValue === undefined) return writeSetReply(at, reply.applied);
  if (reply.kind === 'get') return writeGetReply(at, reply.value, reply.version);
  return writeMessage(at, REPLIES, v1.Reply.encode(toReplyMessage(boundedReply(reply))).finish());
}

function writeSetReply(at: number, applied: boolean): number {
  const bytes = room(at, 6);
  const next = writeHead(bytes, at, REPLIES, applied ? 4 : 2, SET, applied ? 2 : 0);
  return applied ? writeNumber(bytes, next, SET_APPLIED, 1) : next;
}

function writeGetReply(at: number, value: Buffer | undefined, version: number): number {
  const get = (value ? fieldBytes(value.length) : 0) + numberBytes(version);
  const reply = fieldBytes(get);
  const bytes = room(at, fieldBytes(reply));
  const next = writeHead(bytes, at, REPLIES, reply, GET, get);
  return writeNumber(
    bytes,
    value ? writeField(bytes, next, GET_VALUE, value, value.length) : next,
    GET_VERSION,
    version,
  );
}

/** Bytes of a field with the default 0. A 0 is not written. */
function numberBytes(value: number): number {
  return value > 0 ? 1 + varintBytes(value) : 0;
}

function writeNumber(bytes: Buffer, at: number, tag: number, value: number): number {
  if (value === 0) return at;
  bytes[at] = tag;
  return writeVarint(bytes, at + 1, value);
}

/** The last replication ID and its bytes, which seldom change. */
let lastId = '';
let lastIdBytes = Buffer.alloc(0);

function writePosition(at: number, { replicationId, offset, checksum }: Position): number {
  if (replicationId !== lastId) {
    lastId = replicationId;
    lastIdBytes = Buffer.from(replicationId, 'hex');
  }
  const length = fieldBytes(lastIdBytes.length) + numberBytes(offset) + CHECKSUM_BYTES;
  const bytes = room(at, fieldBytes(length));
  bytes[at] = POSITION;
  const next = writeField(bytes, writeVarint(bytes, at + 1, length), bytesTag(1), lastIdBytes, lastIdBytes.length);
  const last = writeNumber(bytes, next, varintTag(2), offset);
  bytes[last] = CHECKSUM;
  return bytes.writeUInt32LE(checksum, last + 1);
}

export interface DecodedPipelineResponse {
  readonly replies: Reply[];
  readonly position: Position | undefined;
  /** The durability reached, for all of the replies. */
  readonly reached: DurabilityReached | undefined;
}

/** @throws HeadwaterError `invalid_argument` if the bytes are no PipelineResponse. */
export function decodePipelineResponse(bytes: Buffer): DecodedPipelineResponse {
  const replies: Reply[] = [];
  let position: Uint8Array | undefined;
  let reached: Uint8Array | undefined;
  const reader = Reader.create(bytes);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.tag();
      if (tag === REPLIES) replies.push(readReply(reader));
      else if (tag === POSITION) position = reader.bytes();
      else if (tag === REACHED) reached = reader.bytes();
      else reader.skipType(tag & 7, 0, tag >>> 3);
    }
    return {
      replies,
      position: position && POSITION_CODEC.decode(position as Buffer),
      reached: reached && REACHED_CODEC.decode(reached as Buffer),
    };
  } catch (error) {
    throw malformed('PipelineResponse', bytes.length, error);
  }
}

/** The reply to every plain SET that was applied. */
const APPLIED: Reply = Object.freeze({ kind: 'set', applied: true, oldValue: undefined });

function readReply(reader: PbReader): Reply {
  const length = reader.size();
  const start = reader.pos;
  const reply = length > 2 ? readPlainReply(reader, start + length) : undefined;
  if (reply) return reply;
  reader.pos = start;
  return orRefusal(() => fromReplyMessage(v1.Reply.decode(reader, length)));
}

function readPlainReply(reader: PbReader, end: number): Reply | undefined {
  const tag = reader.tag();
  if ((tag !== SET && tag !== GET) || reader.size() + reader.pos !== end || end > reader.len) return undefined;
  if (tag === SET) {
    if (reader.pos + 2 !== end || reader.tag() !== SET_APPLIED || reader.buf[reader.pos] !== 1) return undefined;
    reader.pos = end;
    return APPLIED;
  }
  const value = readBytes(reader, GET_VALUE, end);
  if (!value || reader.pos >= end || reader.tag() !== GET_VERSION) return undefined;
  const version = readVersion(reader, end);
  return version === undefined ? undefined : { kind: 'get', value, version };
}

/**
 * Reads a version without the `Long` that protobufjs would make of it. Undefined if the number does not end with the
 * message.
 */
function readVersion(reader: PbReader, end: number): number | undefined {
  let version = 0;
  let scale = 1;
  for (let at = reader.pos; at < end; at++) {
    const byte = reader.buf[at] as number;
    version += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte > 0x7f) continue;
    if (at + 1 !== end || !Number.isSafeInteger(version)) return undefined;
    reader.pos = end;
    return version;
  }
  return undefined;
}
