/**
 * Operations and replies on the wire, one row per kind. A row has the request and the response message, and converts
 * both to tagged unions and back. Unary calls use the rows as they are. Pipelines wrap them in Operation and Reply
 * (pipeline.ts, which has a shorter way for plain SET and GET). Decoding checks the shape. The code in commands/ checks
 * sizes and ranges.
 */

import { HeadwaterError } from '../base/errors.js';
import type {
  Condition,
  ErrorReply,
  GetReply,
  NewExpiry,
  Operation,
  OperationKind,
  Outgoing,
  OutgoingOperation,
  Reply,
} from '../model/operation.js';
import { errorReply } from '../model/reply-size.js';
import { BIT_ROWS } from './bit-rows.js';
import { checkRequestCount } from './count.js';
import { enumCodec } from './enums.js';
import { fromErrorReply, toErrorReply } from './error.js';
import { headwater } from './generated.js';
import {
  int64,
  type MessageType,
  type Row,
  row,
  toApplied,
  toKey,
  toKeyAndValue,
  toKeys,
  toLength,
  toOptionalValue,
} from './row.js';
import { bytesOf, decodeMessage, optionalBytesOf, toBigInt, toBytes, toClampedNumber, toNumber } from './values.js';

const { v1 } = headwater;

// ---- the smaller unions inside requests -----------------------------------------

type Int64 = headwater.v1.ExpireRequest['ttlMs'];

const setCondition = enumCodec('SetCondition');
const expireCondition = enumCodec('ExpireCondition');
const refusalHandling = enumCodec('OnRefusal');
const valueType = enumCodec('ValueType');

/** The expiry of a message that has one of the two fields set, or neither. */
function decodeExpiry(message: { ttlMs?: Int64; expiresAtMs?: Int64 }): NewExpiry | undefined {
  if (message.ttlMs != null) return { ttlMs: toNumber(message.ttlMs, 'ttl_ms') };
  if (message.expiresAtMs != null) return { expiresAtMs: toNumber(message.expiresAtMs, 'expires_at_ms') };
  return undefined;
}

function encodeCondition(condition: Outgoing<Condition>): headwater.v1.Condition.$Properties {
  const key = toBytes(condition.key);
  switch (condition.test) {
    case 'exists':
      return { key, exists: {} };
    case 'absent':
      return { key, absent: {} };
    case 'version':
      return { key, version: condition.version };
    case 'value':
      return { key, value: toBytes(condition.value) };
  }
}

function decodeCondition(message: headwater.v1.Condition.$Properties, index: number): Condition {
  const key = bytesOf(message.key);
  if (message.exists) return { key, test: 'exists' };
  if (message.absent) return { key, test: 'absent' };
  if (message.version != null) return { key, test: 'version', version: toNumber(message.version, 'version') };
  if (message.value != null) return { key, test: 'value', value: bytesOf(message.value) };
  throw new HeadwaterError(
    'invalid_argument',
    `condition ${index}: expected exists, absent, version or value, received none of these, or a condition that this version does not know`,
  );
}

// ---- the rows -------------------------------------------------------------------

const ROWS: { readonly [K in OperationKind]: Row<K> } = {
  get: row({
    kind: 'get',
    request: v1.GetRequest,
    response: v1.GetResponse,
    toRequest: toKey,
    fromRequest: ({ key }) => ({ kind: 'get', key: bytesOf(key) }),
    toResponse: ({ value, version }) => ({ value: value ?? null, version }),
    fromResponse: getReply,
  }),
  multiGet: row({
    kind: 'multiGet',
    request: v1.MultiGetRequest,
    response: v1.MultiGetResponse,
    toRequest: toKeys,
    fromRequest: ({ keys }) => ({ kind: 'multiGet', keys: keys.map(bytesOf) }),
    toResponse: ({ values }) => ({ values: values.map(({ value, version }) => ({ value: value ?? null, version })) }),
    fromResponse: ({ values }) => ({ kind: 'multiGet', values: values.map(getReply) }),
  }),
  set: row({
    kind: 'set',
    request: v1.SetRequest,
    response: v1.SetResponse,
    toRequest: ({ key, value, expiry, condition, returnOld }) => ({
      key: toBytes(key),
      value: toBytes(value),
      ...(expiry === 'keep' ? { keep: {} } : expiry),
      condition: setCondition.toNumber(condition),
      returnOld: returnOld === true,
    }),
    fromRequest: (message) => ({
      kind: 'set',
      key: bytesOf(message.key),
      value: bytesOf(message.value),
      expiry: message.keep ? 'keep' : decodeExpiry(message),
      condition: setCondition.toWord(message.condition, 'SetRequest.condition'),
      returnOld: message.returnOld,
    }),
    toResponse: ({ applied, oldValue }) => ({ applied, oldValue: oldValue ?? null }),
    fromResponse: ({ applied, oldValue }) => ({ kind: 'set', applied, oldValue: optionalBytesOf(oldValue) }),
  }),
  delete: row({
    kind: 'delete',
    request: v1.DeleteRequest,
    response: v1.DeleteResponse,
    toRequest: toKeys,
    fromRequest: ({ keys }) => ({ kind: 'delete', keys: keys.map(bytesOf) }),
    toResponse: ({ deleted }) => ({ deleted }),
    fromResponse: ({ deleted }) => ({ kind: 'delete', deleted: toNumber(deleted, 'deleted') }),
  }),
  exists: row({
    kind: 'exists',
    request: v1.ExistsRequest,
    response: v1.ExistsResponse,
    toRequest: toKeys,
    fromRequest: ({ keys }) => ({ kind: 'exists', keys: keys.map(bytesOf) }),
    toResponse: ({ existing }) => ({ existing }),
    fromResponse: ({ existing }) => ({ kind: 'exists', existing: toNumber(existing, 'existing') }),
  }),
  increment: row({
    kind: 'increment',
    request: v1.IncrementRequest,
    response: v1.IncrementResponse,
    toRequest: ({ key, by }) => ({ key: toBytes(key), by: int64(by) }),
    fromRequest: ({ key, by }) => ({ kind: 'increment', key: bytesOf(key), by: by == null ? 1n : toBigInt(by) }),
    toResponse: ({ value }) => ({ value: int64(value) }),
    fromResponse: ({ value }) => ({ kind: 'increment', value: toBigInt(value) }),
  }),
  incrementFloat: row({
    kind: 'incrementFloat',
    request: v1.IncrementFloatRequest,
    response: v1.IncrementFloatResponse,
    toRequest: ({ key, by, longDouble }) => ({
      key: toBytes(key),
      ...(typeof by === 'string' ? { byText: by } : { by }),
      longDouble: longDouble === true,
    }),
    fromRequest: ({ key, by, byText, longDouble }) => ({
      kind: 'incrementFloat',
      key: bytesOf(key),
      by: byText === '' ? by : byText,
      ...(longDouble && { longDouble }),
    }),
    toResponse: ({ value }) => ({ value }),
    fromResponse: ({ value }) => ({ kind: 'incrementFloat', value }),
  }),
  append: row({
    kind: 'append',
    request: v1.AppendRequest,
    response: v1.AppendResponse,
    toRequest: toKeyAndValue,
    fromRequest: ({ key, value }) => ({ kind: 'append', key: bytesOf(key), value: bytesOf(value) }),
    toResponse: toLength,
    fromResponse: ({ length }) => ({ kind: 'append', length: toNumber(length, 'length') }),
  }),
  stringLength: row({
    kind: 'stringLength',
    request: v1.StringLengthRequest,
    response: v1.StringLengthResponse,
    toRequest: toKey,
    fromRequest: ({ key }) => ({ kind: 'stringLength', key: bytesOf(key) }),
    toResponse: toLength,
    fromResponse: ({ length }) => ({ kind: 'stringLength', length: toNumber(length, 'length') }),
  }),
  getRange: row({
    kind: 'getRange',
    request: v1.GetRangeRequest,
    response: v1.GetRangeResponse,
    toRequest: ({ key, start, end }) => ({ key: toBytes(key), start, end }),
    fromRequest: ({ key, start, end }) => ({
      kind: 'getRange',
      key: bytesOf(key),
      start: toClampedNumber(start),
      end: toClampedNumber(end),
    }),
    toResponse: ({ value }) => ({ value }),
    fromResponse: ({ value }) => ({ kind: 'getRange', value: bytesOf(value) }),
  }),
  setRange: row({
    kind: 'setRange',
    request: v1.SetRangeRequest,
    response: v1.SetRangeResponse,
    toRequest: ({ key, start, value }) => ({ key: toBytes(key), start, value: toBytes(value) }),
    fromRequest: ({ key, start, value }) => ({
      kind: 'setRange',
      key: bytesOf(key),
      start: toNumber(start, 'start'),
      value: bytesOf(value),
    }),
    toResponse: toLength,
    fromResponse: ({ length }) => ({ kind: 'setRange', length: toNumber(length, 'length') }),
  }),
  getDelete: row({
    kind: 'getDelete',
    request: v1.GetDeleteRequest,
    response: v1.GetDeleteResponse,
    toRequest: toKey,
    fromRequest: ({ key }) => ({ kind: 'getDelete', key: bytesOf(key) }),
    toResponse: toOptionalValue,
    fromResponse: ({ value }) => ({ kind: 'getDelete', value: optionalBytesOf(value) }),
  }),
  getExpire: row({
    kind: 'getExpire',
    request: v1.GetExpireRequest,
    response: v1.GetExpireResponse,
    toRequest: ({ key, expiry }) => ({ key: toBytes(key), ...(expiry === 'persist' ? { remove: {} } : expiry) }),
    fromRequest: (message) => ({
      kind: 'getExpire',
      key: bytesOf(message.key),
      expiry: message.remove ? 'persist' : decodeExpiry(message),
    }),
    toResponse: toOptionalValue,
    fromResponse: ({ value }) => ({ kind: 'getExpire', value: optionalBytesOf(value) }),
  }),
  timeToLive: row({
    kind: 'timeToLive',
    request: v1.TimeToLiveRequest,
    response: v1.TimeToLiveResponse,
    toRequest: toKey,
    fromRequest: ({ key }) => ({ kind: 'timeToLive', key: bytesOf(key) }),
    toResponse: ({ exists, ttlMs, expiresAtMs }) => ({
      exists,
      ttlMs: ttlMs ?? null,
      expiresAtMs: expiresAtMs ?? null,
    }),
    fromResponse: ({ exists, ttlMs, expiresAtMs }) => ({
      kind: 'timeToLive',
      exists,
      ttlMs: ttlMs == null ? undefined : toNumber(ttlMs, 'ttl_ms'),
      expiresAtMs: expiresAtMs == null ? undefined : toNumber(expiresAtMs, 'expires_at_ms'),
    }),
  }),
  expire: row({
    kind: 'expire',
    request: v1.ExpireRequest,
    response: v1.ExpireResponse,
    toRequest: ({ key, expiry, condition }) => ({
      key: toBytes(key),
      ...expiry,
      condition: expireCondition.toNumber(condition),
    }),
    fromRequest: (message) => {
      const expiry = decodeExpiry(message);
      if (!expiry)
        throw new HeadwaterError('invalid_argument', 'expire: expected ttl_ms or expires_at_ms, received neither');
      return {
        kind: 'expire',
        key: bytesOf(message.key),
        expiry,
        condition: expireCondition.toWord(message.condition, 'ExpireRequest.condition'),
      };
    },
    toResponse: toApplied,
    fromResponse: ({ applied }) => ({ kind: 'expire', applied }),
  }),
  persist: row({
    kind: 'persist',
    request: v1.PersistRequest,
    response: v1.PersistResponse,
    toRequest: toKey,
    fromRequest: ({ key }) => ({ kind: 'persist', key: bytesOf(key) }),
    toResponse: toApplied,
    fromResponse: ({ applied }) => ({ kind: 'persist', applied }),
  }),
  rename: row({
    kind: 'rename',
    request: v1.RenameRequest,
    response: v1.RenameResponse,
    toRequest: ({ key, newKey, ifAbsent }) => ({
      key: toBytes(key),
      newKey: toBytes(newKey),
      ifAbsent: ifAbsent === true,
    }),
    fromRequest: ({ key, newKey, ifAbsent }) => ({
      kind: 'rename',
      key: bytesOf(key),
      newKey: bytesOf(newKey),
      ifAbsent,
    }),
    toResponse: toApplied,
    fromResponse: ({ applied }) => ({ kind: 'rename', applied }),
  }),
  type: row({
    kind: 'type',
    request: v1.TypeRequest,
    response: v1.TypeResponse,
    toRequest: toKey,
    fromRequest: ({ key }) => ({ kind: 'type', key: bytesOf(key) }),
    toResponse: ({ type }) => ({ type: type === 'none' ? null : valueType.toNumber(type) }),
    fromResponse: ({ type }) => ({
      kind: 'type',
      type: type == null ? 'none' : valueType.toWord(type, 'TypeResponse.type'),
    }),
  }),
  multiSet: row({
    kind: 'multiSet',
    request: v1.MultiSetRequest,
    response: v1.MultiSetResponse,
    toRequest: ({ entries, ifAbsent }) => ({ entries: entries.map(toKeyAndValue), ifAbsent: ifAbsent === true }),
    fromRequest: ({ entries, ifAbsent }) => ({
      kind: 'multiSet',
      entries: entries.map(({ key, value }) => ({ key: bytesOf(key), value: bytesOf(value) })),
      ifAbsent,
    }),
    toResponse: toApplied,
    fromResponse: ({ applied }) => ({ kind: 'multiSet', applied }),
  }),
  copy: row({
    kind: 'copy',
    request: v1.CopyRequest,
    response: v1.CopyResponse,
    toRequest: ({ key, newKey, replace }) => ({
      key: toBytes(key),
      newKey: toBytes(newKey),
      replace: replace === true,
    }),
    fromRequest: ({ key, newKey, replace }) => ({
      kind: 'copy',
      key: bytesOf(key),
      newKey: bytesOf(newKey),
      replace,
    }),
    toResponse: toApplied,
    fromResponse: ({ applied }) => ({ kind: 'copy', applied }),
  }),
  ...BIT_ROWS,
  flushAll: row({
    kind: 'flushAll',
    request: v1.FlushAllRequest,
    response: v1.FlushAllResponse,
    toRequest: () => ({}),
    fromRequest: () => ({ kind: 'flushAll' }),
    toResponse: () => ({}),
    fromResponse: () => ({ kind: 'flushAll' }),
  }),
  ping: row({
    kind: 'ping',
    request: v1.PingRequest,
    response: v1.PingResponse,
    toRequest: ({ message }) => ({ message: toBytes(message) }),
    fromRequest: ({ message }) => ({ kind: 'ping', message: bytesOf(message) }),
    toResponse: ({ message }) => ({ message }),
    fromResponse: ({ message }) => ({ kind: 'ping', message: bytesOf(message) }),
  }),
  transact: row({
    kind: 'transact',
    request: v1.TransactRequest,
    response: v1.TransactResponse,
    toRequest: ({ conditions, operations, onRefusal }) => ({
      conditions: conditions.map(encodeCondition),
      operations: operations.map(toOperationMessage),
      onRefusal: refusalHandling.toNumber(onRefusal),
    }),
    fromRequest: ({ conditions, operations, onRefusal }) => ({
      kind: 'transact',
      conditions: conditions.map(decodeCondition),
      operations: operations.map(fromOperationMessage),
      ...(onRefusal !== 0 && { onRefusal: refusalHandling.toWord(onRefusal, 'TransactRequest.on_refusal') }),
    }),
    toResponse: ({ committed, replies, failedCondition }) => ({
      committed,
      replies: replies.map(toReplyMessage),
      failedCondition: failedCondition ?? null,
    }),
    fromResponse: ({ committed, replies, failedCondition }) => ({
      kind: 'transact',
      committed,
      replies: replies.map(fromReplyMessage),
      failedCondition: failedCondition ?? undefined,
    }),
  }),
};

function getReply(message: headwater.v1.GetResponse.$Properties): GetReply {
  return { kind: 'get', value: optionalBytesOf(message.value), version: toNumber(message.version, 'version') };
}

export const OPERATION_KINDS = Object.keys(ROWS) as readonly OperationKind[];

/** The cast is sound because ROWS has the row of each kind at that kind. The compiler cannot follow this. */
function rowOf(kind: OperationKind): Row<OperationKind> {
  return ROWS[kind] as unknown as Row<OperationKind>;
}

export function toOperationMessage(operation: OutgoingOperation): headwater.v1.Operation.$Properties {
  return { [operation.kind]: rowOf(operation.kind).toRequest(operation) };
}

/** @throws HeadwaterError `invalid_argument` at an operation that is absent or of a newer version. */
export function fromOperationMessage(message: headwater.v1.Operation.$Properties): Operation {
  const kind = message.operation;
  if (kind === undefined) throw unknownKind('operation');
  const request = message[kind];
  if (request?.guarantees) throw misplacedGuarantees(kind);
  return rowOf(kind).fromRequest(request);
}

export function toReplyMessage(reply: Reply): headwater.v1.Reply.$Properties {
  if (reply.kind === 'error') return { error: toErrorReply(reply.error) };
  return { [reply.kind]: rowOf(reply.kind).toResponse(reply) };
}

export function fromReplyMessage(message: headwater.v1.Reply.$Properties): Reply {
  const kind = message.reply;
  if (kind === undefined) throw unknownKind('reply');
  if (kind === 'error') return errorReply(fromErrorReply(message.error as headwater.v1.ErrorReply));
  return rowOf(kind).fromResponse(message[kind]);
}

function misplacedGuarantees(kind: OperationKind): HeadwaterError {
  return new HeadwaterError(
    'invalid_argument',
    `${kind}: expected no guarantees in an operation of a pipeline or transaction, received some. Set them for all, beside the operations`,
  );
}

function unknownKind(what: 'operation' | 'reply'): HeadwaterError {
  const received = `received none of these, or an operation that this version does not know`;
  return new HeadwaterError('invalid_argument', `${what}: expected one of ${OPERATION_KINDS.join(', ')}, ${received}`);
}

/** Encodes the request message of a unary call. */
export function encodeRequest(operation: OutgoingOperation): Buffer {
  const { request, toRequest } = rowOf(operation.kind);
  return request.encode(toRequest(operation)).finish() as Buffer;
}

/** @throws HeadwaterError `invalid_argument` if the bytes are no such request, or hold too many keys. */
export function decodeRequest(kind: OperationKind, bytes: Buffer): Operation {
  checkRequestCount(kind, bytes);
  const { request, fromRequest } = rowOf(kind);
  return fromRequest(decodeMessage(nameOf(request), bytes, request));
}

/** Encodes the response message of a unary call. */
export function encodeResponse(reply: Exclude<Reply, ErrorReply>): Buffer {
  const { response, toResponse } = rowOf(reply.kind);
  return response.encode(toResponse(reply)).finish() as Buffer;
}

export function decodeResponse(kind: OperationKind, bytes: Buffer): Reply {
  const { response, fromResponse } = rowOf(kind);
  return fromResponse(decodeMessage(nameOf(response), bytes, response));
}

function nameOf(type: MessageType<unknown, object>): string {
  return type.getTypeUrl('').slice('/headwater.v1.'.length);
}
