/**
 * Subscriptions and watches of a client: loops without an end. Each event comes with a position, from which a later
 * stream continues behind it. A stream that breaks resumes where it stopped (resumed-stream.ts).
 */

import { checkOptionNames, optionNames } from '../base/option-names.js';
import type { Position } from '../model/position.js';
import type { SubscriptionEvent, WatchEvent, WatchedEntry } from '../model/streams.js';
import { SUBSCRIBE, WATCH } from '../rpc/definitions.js';
import type { Caller } from './caller.js';
import { type Forms, withProperty } from './codec.js';
import { givenPosition } from './given-position.js';
import { checkCount, toBuffer, toBuffers } from './measure.js';
import type { Data } from './operations.js';
import { TIME_NAMES } from './options.js';
import { ResumedStream } from './resumed-stream.js';

/** The options of `subscribe`. */
export interface SubscribeOptions {
  /** The channels by name. */
  readonly channels?: readonly Data[] | undefined;
  /** Globs as in Redis. A message comes once for its channel and once for each pattern that matches it. */
  readonly patterns?: readonly Data[] | undefined;
  /** A position, or its text. Durable messages behind it come first. Without it, the subscription begins now. */
  readonly from?: Position | string | undefined;
  /** Ends the loop. */
  readonly signal?: AbortSignal | undefined;
  /** The loop ends with `deadline_exceeded` if no node gives a sign of life for so long. If absent, it never does. */
  readonly timeoutMs?: number | undefined;
}

/** The options of `watch`. */
export interface WatchOptions {
  /** Selects the keys that begin with the prefix. Empty, the default, selects every key. */
  readonly prefix?: Data | undefined;
  /** A position, its text, or a bare offset. The changes behind it come first. Without it, the watch begins now. */
  readonly from?: Position | string | number | undefined;
  /** Ends the loop. */
  readonly signal?: AbortSignal | undefined;
  /** The loop ends with `deadline_exceeded` if no node gives a sign of life for so long. If absent, it never does. */
  readonly timeoutMs?: number | undefined;
}

const SUBSCRIBE_OPTIONS = optionNames<SubscribeOptions>({ ...TIME_NAMES, channels: true, patterns: true, from: true });
const WATCH_OPTIONS = optionNames<WatchOptions>({ ...TIME_NAMES, prefix: true, from: true });

/** An event from which a later stream can continue. */
export interface Resumable {
  /** A later stream `from` this position misses nothing behind this event, though it may repeat some before. */
  readonly position: Position;
}

/**
 * An item that `subscribe` yields: a message, a number of `missed` messages, or a gap in the log. The `count` of
 * missed messages is undefined if it is unknown. `from` and `to` are the first and last offset of the gap.
 */
export type SubscriptionItem<Key, Value = Key> = Resumable &
  (
    | {
        readonly kind: 'message';
        /** The channel that the message was published on. */
        readonly channel: Key;
        /** The message. A message that the codec cannot decode throws when it is read. */
        readonly data: Value;
        /** The pattern that matched. Undefined if the subscriber named the channel itself. */
        readonly pattern: Key | undefined;
        /** The offset that the message follows, or the message's own offset if it is durable. */
        readonly offset: number;
        /** True if the message is in the log. */
        readonly durable: boolean;
      }
    /**
     * Messages that are not durable were missed, on any of the channels. `count` is the most that can be missing.
     * Undefined if the number is unknown, as after a promotion, or if the connection was gone.
     */
    | { readonly kind: 'missed'; readonly count: number | undefined }
    /** The log does not hold these offsets any more, so durable messages in there do not come. */
    | { readonly kind: 'gap'; readonly from: number; readonly to: number }
  );

/** A key with its value, as `watch` yields it. */
export interface WatchedRecord<Key, Value = Key> {
  /** The key. */
  readonly key: Key;
  /** The value. A value that the codec cannot decode throws when it is read. */
  readonly value: Value;
  /** The type of the value: `string`. */
  readonly type: string;
  /** The time of expiry in milliseconds since the epoch, undefined if the key never expires. */
  readonly expiresAtMs: number | undefined;
  /** The offset of the key's last write. */
  readonly version: number;
}

/** The place of a change in the log. */
export interface Changed {
  /** The offset of the command that made the change. */
  readonly offset: number;
  /** False if more of the same transaction follows. */
  readonly last: boolean;
}

/**
 * An item that `watch` yields: a change of a key, or the begin, the entries and the end of a snapshot. `key` is the
 * changed key, and `expiresAtMs` its new expiry in milliseconds since the epoch, undefined for never. `reason` says
 * why a snapshot comes, and `entries` is the number of its entries.
 */
export type WatchItem<Key, Value = Key> = Resumable &
  (
    | (Changed & { readonly kind: 'put' } & WatchedRecord<Key, Value>)
    | (Changed & { readonly kind: 'delete'; readonly key: Key })
    | (Changed & { readonly kind: 'expire'; readonly key: Key; readonly expiresAtMs: number | undefined })
    | (Changed & { readonly kind: 'clear' })
    /** The entries that follow, until `snapshotEnd`, replace everything under the prefix. */
    | { readonly kind: 'snapshotBegin'; readonly reason: string }
    | ({ readonly kind: 'entry' } & WatchedRecord<Key, Value>)
    | { readonly kind: 'snapshotEnd'; readonly entries: number }
    /** Comes once a second: everything up to this position has come. */
    | { readonly kind: 'progress' }
  );

export async function* subscribe<Key, Value>(
  session: Caller,
  asked: SubscribeOptions,
  forms: Forms<Key, Value, never>,
): AsyncGenerator<SubscriptionItem<Key, Value>> {
  checkOptionNames(asked, SUBSCRIBE_OPTIONS);
  const { channels = [], patterns = [], from, ...options } = asked;
  const request = { channels: toBuffers('channels', channels), patterns: toBuffers('patterns', patterns) };
  const stream = new ResumedStream<SubscriptionEvent>(session, options);
  const begin = givenPosition('from', from);
  for await (const told of stream.run(SUBSCRIBE, (position) => ({ ...request, from: position ?? begin }))) {
    if (told === 'broken') yield { kind: 'missed', count: undefined, position: stream.position as Position };
    else for (const { event, position } of told) yield subscriptionItem(event, position, forms);
  }
}

export async function* watch<Key, Value>(
  session: Caller,
  asked: WatchOptions,
  forms: Forms<Key, Value, never>,
): AsyncGenerator<WatchItem<Key, Value>> {
  checkOptionNames(asked, WATCH_OPTIONS);
  const { prefix = '', from, ...options } = asked;
  const stream = new ResumedStream<WatchEvent>(session, options, typeof from === 'number' ? from : 0);
  if (typeof from === 'number') checkCount('from', from);
  const begin = typeof from === 'number' ? from : givenPosition('from', from);
  const bytes = toBuffer('prefix', prefix);
  for await (const told of stream.run(WATCH, (position) => ({ prefix: bytes, from: position ?? begin }))) {
    if (told === 'broken') continue;
    for (const { event, position } of told) yield watchItem(event, position, forms);
    if (told.length === 0) yield { kind: 'progress', position: stream.position as Position };
  }
}

function subscriptionItem<Key, Value>(
  event: SubscriptionEvent,
  position: Position,
  { raw, decodeMessage }: Forms<Key, Value, never>,
): SubscriptionItem<Key, Value> {
  if (event.kind !== 'message') return { ...event, position };
  const { channel, data, pattern, offset, durable } = event;
  const item = { kind: event.kind, channel: raw(channel), pattern: pattern && raw(pattern), offset, durable, position };
  return withProperty(item, 'data', () => decodeMessage(channel, data));
}

function watchItem<Key, Value>(
  event: WatchEvent,
  position: Position,
  forms: Forms<Key, Value, never>,
): WatchItem<Key, Value> {
  const { raw } = forms;
  switch (event.kind) {
    case 'entry':
      return record({ kind: 'entry', position }, event, forms);
    case 'put':
      return record({ kind: 'put', ...changed(event), position }, event, forms);
    case 'delete':
      return { kind: 'delete', ...changed(event), key: raw(event.key), position };
    case 'expire': {
      const { key, expiresAtMs } = event;
      return { kind: 'expire', ...changed(event), key: raw(key), expiresAtMs: expiresAtMs || undefined, position };
    }
    case 'clear':
      return { kind: 'clear', ...changed(event), position };
    case 'snapshotBegin':
      return { kind: 'snapshotBegin', reason: event.reason, position };
    case 'snapshotEnd':
      return { kind: 'snapshotEnd', entries: event.entries, position };
  }
}

function changed({ offset, continues }: { offset: number; continues: boolean }): Changed {
  return { offset, last: !continues };
}

/** Adds the fields of the record to the item. */
function record<Item, Key, Value>(
  item: Item,
  { key, value, type, expiresAtMs, version }: WatchedEntry,
  { raw, decode }: Forms<Key, Value, never>,
): Item & WatchedRecord<Key, Value> {
  const fields = { ...item, key: raw(key), type, expiresAtMs: expiresAtMs || undefined, version };
  return withProperty(fields, 'value', () => decode(key, value));
}
