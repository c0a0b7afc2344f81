/**
 * Subscriptions and watches of a client: loops without an end over a stream
 * that may break and is begun again where it was. Whoever loops gets every
 * event with the position from which a later stream goes on behind it.
 *
 * What must stay true: an event in the log comes once and in order, whatever
 * breaks in between, or it is told that it cannot come (`gap`, a snapshot).
 */
import { HeadwaterError } from '../errors.js';
import { STREAM_SILENCE_MS_MAX } from '../limits.js';
import { type Position, parseToken } from '../position.js';
import { type Method, SUBSCRIBE, WATCH } from '../rpc/definitions.js';
import type { SubscriptionEvent, Told, WatchEvent, WatchedEntry } from '../wire/streams.js';
import type { Asker } from './asker.js';
import { backOff } from './back-off.js';
import { type Data, toBuffer, toBuffers } from './operations.js';
import { type CallOptions, checkCall } from './options.js';

export interface SubscribeOptions {
  readonly channels?: readonly Data[] | undefined;
  /** Globs as in Redis; a message comes once for its channel and once for each pattern that matches it. */
  readonly patterns?: readonly Data[] | undefined;
  /** Durable messages after it come first: a position, or its text. Without it: from now on. */
  readonly from?: Position | string | undefined;
  /** Ends the loop. */
  readonly signal?: AbortSignal | undefined;
  /** The loop ends with `deadline_exceeded` if no node gives a sign of life for so long; left out: it never does. */
  readonly timeoutMs?: number | undefined;
}

export interface WatchOptions {
  /** Only keys that begin with it. */
  readonly prefix?: Data | undefined;
  /** Changes after it: a position, its text, or a bare offset. Without it: from now on. */
  readonly from?: Position | string | number | undefined;
  /** Ends the loop. */
  readonly signal?: AbortSignal | undefined;
  /** The loop ends with `deadline_exceeded` if no node gives a sign of life for so long; left out: it never does. */
  readonly timeoutMs?: number | undefined;
}

/** With it, a later stream `from` here misses nothing behind this event, though it may repeat some before. */
interface Resumable {
  readonly position: Position;
}

export type SubscriptionItem<Value> = Resumable &
  (
    | {
        readonly kind: 'message';
        readonly channel: Value;
        readonly data: Value;
        /** The pattern that matched; undefined where it came for its channel's name. */
        readonly pattern: Value | undefined;
        /** That the message follows, or has where it is durable. */
        readonly offset: number;
        readonly durable: boolean;
      }
    /**
     * Messages that are not durable were missed, on whichever channels: so many
     * at most; undefined if nobody knows, as after a promotion, or where the
     * connection was gone.
     */
    | { readonly kind: 'missed'; readonly count: number | undefined }
    /** The log does not hold these offsets any more: durable messages in there do not come. */
    | { readonly kind: 'gap'; readonly from: number; readonly to: number }
  );

export interface WatchedRecord<Value> {
  readonly key: Value;
  readonly value: Value;
  readonly type: string;
  /** Undefined where it never expires. */
  readonly expiresAtMs: number | undefined;
  /** The offset of the key's last write. */
  readonly version: number;
}

interface Changed {
  readonly offset: number;
  /** False where more of the same transaction follows. */
  readonly last: boolean;
}

export type WatchItem<Value> = Resumable &
  (
    | (Changed & { readonly kind: 'put' } & WatchedRecord<Value>)
    | (Changed & { readonly kind: 'delete'; readonly key: Value })
    | (Changed & { readonly kind: 'expire'; readonly key: Value; readonly expiresAtMs: number | undefined })
    | (Changed & { readonly kind: 'clear' })
    /** Everything under the prefix is replaced by the entries that follow, until `snapshotEnd`. */
    | { readonly kind: 'snapshotBegin'; readonly reason: string }
    | ({ readonly kind: 'entry' } & WatchedRecord<Value>)
    | { readonly kind: 'snapshotEnd'; readonly entries: number }
    /** Once a second: everything up to here has come. */
    | { readonly kind: 'progress' }
  );

/** Failures that may be gone when the same is asked again. */
export const TRANSIENT: ReadonlySet<string> = new Set([
  'unavailable',
  'shutting_down',
  'unreachable',
  'disk_full',
  'overloaded',
  'cancelled',
  'store_latched',
  'deadline_exceeded',
]);

export async function* subscribe<Value>(
  session: Asker,
  { channels = [], patterns = [], from, ...options }: SubscribeOptions,
  value: (bytes: Buffer) => Value,
): AsyncGenerator<SubscriptionItem<Value>> {
  const request = { channels: toBuffers('channels', channels), patterns: toBuffers('patterns', patterns) };
  const stream = new Resuming<SubscriptionEvent>(session, options);
  const begin = positionOf(from);
  for await (const told of stream.run(SUBSCRIBE, (position) => ({ ...request, from: position ?? begin }))) {
    if (told === 'broken') yield { kind: 'missed', count: undefined, position: stream.position as Position };
    else for (const { event, position } of told) yield { ...subscriptionItem(event, value), position };
  }
}

export async function* watch<Value>(
  session: Asker,
  { prefix = '', from, ...options }: WatchOptions,
  value: (bytes: Buffer) => Value,
): AsyncGenerator<WatchItem<Value>> {
  const stream = new Resuming<WatchEvent>(session, options);
  const begin = typeof from === 'number' ? wholeOffset(from) : positionOf(from);
  const bytes = toBuffer('prefix', prefix);
  for await (const told of stream.run(WATCH, (position) => ({ prefix: bytes, from: position ?? begin }))) {
    if (told === 'broken') continue;
    for (const { event, position } of told) yield { ...watchItem(event, value), position };
    if (told.length === 0) yield { kind: 'progress', position: stream.position as Position };
  }
}

interface Placed<Event> {
  readonly event: Event;
  readonly position: Position;
}

class Resuming<Event extends { readonly kind: string }> {
  readonly #session: Asker;
  readonly #end: AbortSignal;
  readonly #timeoutMs: number;
  /** Everything up to here has come; undefined until the node has said where it begins. */
  position: Position | undefined;
  /** The end of the block of which only a part has come, and the last offset of that part. */
  #partly: { readonly position: Position; readonly offset: number } | undefined;

  /** @throws HeadwaterError `invalid_argument` if the time is no time. */
  constructor(session: Asker, options: Pick<CallOptions, 'signal' | 'timeoutMs'>) {
    checkCall(options);
    const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
    this.#session = session;
    this.#end = signal ? AbortSignal.any([signal, session.ended]) : session.ended;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * What each response brings, and `broken` where the stream had to be begun
   * again. Ends quietly when the caller's signal aborts.
   */
  async *run<Request>(
    method: Method<Request, Told<Event>>,
    request: (position: Position | undefined) => Request,
  ): AsyncGenerator<Array<Placed<Event>> | 'broken'> {
    let aliveMs = performance.now();
    for (let failures = 0; !this.#end.aborted; failures++) {
      let began = false;
      try {
        const silenceMs = this.#silenceMs(aliveMs);
        const connection = await this.#session.ready({ signal: this.#end, timeoutMs: silenceMs });
        for await (const told of connection.serverStream(method, request(this.position), {
          signal: this.#end,
          silenceMs,
        })) {
          if (!began && this.position) yield 'broken';
          began = true;
          failures = 0;
          yield this.#take(told);
          // The time in which nobody asks for the next does not count.
          aliveMs = performance.now();
        }
        throw new HeadwaterError('unreachable', 'the node ended the stream');
      } catch (error) {
        if (this.#end.aborted) break;
        if (!HeadwaterError.is(error) || !TRANSIENT.has(error.code)) throw error;
        if (this.#silenceMs(aliveMs, error) > 0) await backOff(failures, this.#end);
      }
    }
    if (this.#session.ended.aborted) throw this.#session.ended.reason;
  }

  /**
   * How long the next step may be silent.
   * @throws HeadwaterError `deadline_exceeded` if the caller waits no longer.
   */
  #silenceMs(aliveMs: number, cause?: HeadwaterError): number {
    const leftMs = Math.ceil(aliveMs + this.#timeoutMs - performance.now());
    if (leftMs > 0) return Math.min(STREAM_SILENCE_MS_MAX, leftMs);
    const why = cause ? `: ${cause.message}` : '';
    throw new HeadwaterError('deadline_exceeded', `no sign of life within ${this.#timeoutMs} ms${why}`, { cause });
  }

  /** What has come already of a block that was cut off in the middle is left out. */
  #take({ events, position, more }: Told<Event>): Array<Placed<Event>> {
    const partly = this.#partly;
    const again =
      partly && partly.position.offset === position.offset && partly.position.checksum === position.checksum;
    const fresh = again ? events.filter((event) => !isUpTo(event, partly.offset)) : events;
    const before = this.position ?? position;
    if (!more) {
      this.position = position;
      this.#partly = undefined;
    } else if (events.some((event) => 'offset' in event)) {
      this.#partly = { position, offset: lastOffset(events) };
    } else {
      this.#partly = undefined;
    }
    return fresh.map((event, i) => ({ event, position: i === fresh.length - 1 && !more ? position : before }));
  }
}

function isUpTo(event: object, offset: number): boolean {
  return 'offset' in event && (event.offset as number) <= offset;
}

function lastOffset(events: readonly object[]): number {
  return Math.max(...events.map((event) => ('offset' in event ? (event.offset as number) : 0)));
}

type Bare<Item> = Item extends unknown ? Omit<Item, 'position'> : never;

function subscriptionItem<Value>(
  event: SubscriptionEvent,
  value: (bytes: Buffer) => Value,
): Bare<SubscriptionItem<Value>> {
  if (event.kind !== 'message') return event;
  const { channel, data, pattern } = event;
  return { ...event, channel: value(channel), data: value(data), pattern: pattern && value(pattern) };
}

function watchItem<Value>(event: WatchEvent, value: (bytes: Buffer) => Value): Bare<WatchItem<Value>> {
  switch (event.kind) {
    case 'entry':
      return { kind: 'entry', ...recordOf(event, value) };
    case 'put':
      return { kind: 'put', ...changed(event), ...recordOf(event, value) };
    case 'delete':
      return { kind: 'delete', ...changed(event), key: value(event.key) };
    case 'expire':
      return { kind: 'expire', ...changed(event), key: value(event.key), expiresAtMs: event.expiresAtMs || undefined };
    case 'clear':
      return { kind: 'clear', ...changed(event) };
    case 'snapshotBegin':
      return { kind: 'snapshotBegin', reason: event.reason };
    case 'snapshotEnd':
      return { kind: 'snapshotEnd', entries: event.entries };
  }
}

function changed({ offset, continues }: { offset: number; continues: boolean }): Changed {
  return { offset, last: !continues };
}

function recordOf<Value>(
  { key, value: bytes, type, expiresAtMs, version }: WatchedEntry,
  value: (bytes: Buffer) => Value,
): WatchedRecord<Value> {
  return { key: value(key), value: value(bytes), type, expiresAtMs: expiresAtMs || undefined, version };
}

function positionOf(from: Position | string | undefined): Position | undefined {
  return typeof from === 'string' ? parseToken(from) : from;
}

function wholeOffset(from: number): number {
  if (Number.isSafeInteger(from) && from >= 0) return from;
  throw new HeadwaterError('invalid_argument', `from: expected a whole number from 0 on, received ${from}`);
}
