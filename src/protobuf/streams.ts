/**
 * The messages of StreamService as tagged unions with checked numbers. Bytes stay views of the message that they came
 * in.
 */

import { HeadwaterError } from '../base/errors.js';
import type { Position } from '../model/position.js';
import type {
  PublishRequest,
  SubscribeRequest,
  SubscriptionEvent,
  Told,
  WatchEvent,
  WatchedEntry,
  WatchRequest,
} from '../model/streams.js';
import { positionOf, toPosition } from './frame.js';
import { headwater } from './generated.js';
import { bytesOf, decodeMessage, optionalBytesOf } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

export function encodePublishRequest(request: PublishRequest): Buffer {
  return bytesOf(v1.PublishRequest.encode(request).finish());
}

export function decodePublishRequest(bytes: Buffer): PublishRequest {
  const { channel, data, durable } = decodeMessage('PublishRequest', bytes, v1.PublishRequest);
  return { channel: bytesOf(channel), data: bytesOf(data), durable };
}

export function encodePublishResponse(offset: number): Buffer {
  return bytesOf(v1.PublishResponse.encode({ offset }).finish());
}

export function decodePublishResponse(bytes: Buffer): number {
  return toNumber(decodeMessage('PublishResponse', bytes, v1.PublishResponse).offset, 'offset');
}

export function encodeSubscribeRequest({ channels, patterns, from }: SubscribeRequest): Buffer {
  const message = {
    channels: channels as Buffer[],
    patterns: patterns as Buffer[],
    from: from ? positionOf(from) : null,
  };
  return bytesOf(v1.SubscribeRequest.encode(message).finish());
}

export function decodeSubscribeRequest(bytes: Buffer): SubscribeRequest {
  const { channels, patterns, from } = decodeMessage('SubscribeRequest', bytes, v1.SubscribeRequest);
  return { channels: channels.map(bytesOf), patterns: patterns.map(bytesOf), from: askedPosition(from) };
}

export function encodeSubscribeResponse({ events, position, more }: Told<SubscriptionEvent>): Buffer {
  const message = { events: events.map(subscriptionEventMessage), position: positionOf(position), more };
  return bytesOf(v1.SubscribeResponse.encode(message).finish());
}

function subscriptionEventMessage(event: SubscriptionEvent): headwater.v1.SubscriptionEvent.$Properties {
  if (event.kind === 'message') return { message: { ...event, pattern: event.pattern ?? null } };
  if (event.kind === 'gap') return { gap: event };
  return { missed: { count: event.count ?? 0, unknown: event.count === undefined } };
}

export function decodeSubscribeResponse(bytes: Buffer): Told<SubscriptionEvent> {
  const { events, position, more } = decodeMessage('SubscribeResponse', bytes, v1.SubscribeResponse);
  return { events: events.map(subscriptionEventOf), position: toPosition(position), more };
}

function subscriptionEventOf({ message, missed, gap }: headwater.v1.SubscriptionEvent.$Properties): SubscriptionEvent {
  if (message) {
    return {
      kind: 'message',
      channel: bytesOf(message.channel),
      data: bytesOf(message.data),
      pattern: optionalBytesOf(message.pattern),
      offset: toNumber(message.offset, 'offset'),
      durable: message.durable ?? false,
    };
  }
  if (missed) return { kind: 'missed', count: missed.unknown ? undefined : toNumber(missed.count, 'count') };
  if (gap) return { kind: 'gap', from: toNumber(gap.from, 'from'), to: toNumber(gap.to, 'to') };
  throw unknownEvent('subscription');
}

export function encodeWatchRequest({ prefix, from }: WatchRequest): Buffer {
  if (typeof from === 'number') return bytesOf(v1.WatchRequest.encode({ prefix, fromOffset: from }).finish());
  return bytesOf(v1.WatchRequest.encode({ prefix, from: from ? positionOf(from) : null }).finish());
}

export function decodeWatchRequest(bytes: Buffer): WatchRequest {
  const { prefix, from, fromOffset } = decodeMessage('WatchRequest', bytes, v1.WatchRequest);
  const asked =
    fromOffset === null || fromOffset === undefined ? askedPosition(from) : toNumber(fromOffset, 'from_offset');
  return { prefix: bytesOf(prefix), from: asked };
}

export function encodeWatchResponse({ events, position, more }: Told<WatchEvent>): Buffer {
  const message = { events: events.map(watchEventMessage), position: positionOf(position), more };
  return bytesOf(v1.WatchResponse.encode(message).finish());
}

function watchEventMessage(event: WatchEvent): headwater.v1.WatchEvent.$Properties {
  switch (event.kind) {
    case 'snapshotBegin':
      return { snapshotBegin: { position: positionOf(event.position), reason: event.reason } };
    case 'entry':
      return { entry: event };
    case 'snapshotEnd':
      return { snapshotEnd: { position: positionOf(event.position), entries: event.entries } };
    default:
      return { offset: event.offset, continues: event.continues, [event.kind]: event };
  }
}

export function decodeWatchResponse(bytes: Buffer): Told<WatchEvent> {
  const { events, position, more } = decodeMessage('WatchResponse', bytes, v1.WatchResponse);
  return { events: events.map(watchEventOf), position: toPosition(position), more };
}

function watchEventOf(message: headwater.v1.WatchEvent.$Properties): WatchEvent {
  const { snapshotBegin, entry, snapshotEnd, put, expire } = message;
  const at = { offset: toNumber(message.offset, 'offset'), continues: message.continues ?? false };
  if (put) return { kind: 'put', ...at, ...entryOf(put) };
  if (message.delete) return { kind: 'delete', ...at, key: bytesOf(message.delete.key) };
  if (expire) {
    const expiresAtMs = toNumber(expire.expiresAtMs, 'expires_at_ms');
    return { kind: 'expire', ...at, key: bytesOf(expire.key), expiresAtMs };
  }
  if (message.clear) return { kind: 'clear', ...at };
  if (entry) return { kind: 'entry', ...entryOf(entry) };
  if (snapshotBegin) {
    const { reason } = snapshotBegin;
    return { kind: 'snapshotBegin', position: toPosition(snapshotBegin.position), reason: reason ?? '' };
  }
  if (snapshotEnd) {
    const entries = toNumber(snapshotEnd.entries, 'entries');
    return { kind: 'snapshotEnd', position: toPosition(snapshotEnd.position), entries };
  }
  throw unknownEvent('watch');
}

function entryOf(message: headwater.v1.WatchPut.$Properties): WatchedEntry {
  return {
    key: bytesOf(message.key),
    value: bytesOf(message.value),
    expiresAtMs: toNumber(message.expiresAtMs, 'expires_at_ms'),
    version: toNumber(message.version, 'version'),
    type: message.type ?? '',
  };
}

/** @throws HeadwaterError `invalid_argument`, since a client's position is no frame of a session. */
function askedPosition(message: headwater.v1.Position.$Properties | null | undefined): Position | undefined {
  if (!message) return undefined;
  const { length } = message.replicationId ?? [];
  if (length === 20) return toPosition(message);
  throw new HeadwaterError('invalid_argument', `from: expected a replication ID of 20 bytes, received ${length ?? 0}`);
}

function unknownEvent(stream: string): HeadwaterError {
  return new HeadwaterError(
    'unknown_format',
    `the node sent a ${stream} event that this version does not know. Update the client`,
  );
}
