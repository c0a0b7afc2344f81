/**
 * The stream of one subscriber: the messages of its channels, in an order that
 * is the same on every node. Durable messages come from the log, and other
 * messages from between its blocks. The subscriber sets the pace. A durable
 * message is never missed while the log holds it. Other messages are missed if
 * they leave the ring before the subscriber reads them. The subscriber then
 * learns how many.
 */

import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { keyName } from '../base/key-name.js';
import { CURSOR_READ_BYTES, PROGRESS_INTERVAL_MS } from '../base/limits.js';
import { Turns } from '../base/turns.js';
import { compileGlob, type Glob } from '../commands/glob.js';
import type { Block } from '../log/block.js';
import { Cursor } from '../log/cursor.js';
import type { InterludeReader, PlacedInterlude } from '../log/interludes.js';
import type { Log } from '../log/log.js';
import { whenMoved } from '../log/wait.js';
import type { PublishedMessage, SubscribeRequest, SubscriptionEvent, Told } from '../model/streams.js';
import { type Piece, ResponseBuilder } from './response-builder.js';
import { locateInTime } from './start.js';

export interface SubscriptionOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** Ends the stream, with its reason. */
  readonly signal: AbortSignal;
  /** Whether the node may yet learn of an unknown history. */
  learns(): boolean;
  /** Counts missed messages; undefined if their number is unknown. */
  missed(count: number | undefined): void;
}

type Response = Told<SubscriptionEvent>;

export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #log: Log;
  readonly #from: SubscribeRequest['from'];
  readonly #channels: ReadonlySet<string>;
  readonly #patterns: ReadonlyArray<{ readonly pattern: Buffer; readonly glob: Glob }>;
  readonly #turns = new Turns();
  #cursor: Cursor;
  #gathering: ResponseBuilder<SubscriptionEvent>;
  readonly #interludes: InterludeReader;

  constructor(options: SubscriptionOptions, { channels, patterns, from }: SubscribeRequest) {
    this.#options = options;
    this.#log = options.log;
    this.#from = from;
    this.#channels = new Set(channels.map(keyName));
    this.#patterns = patterns.map((pattern) => ({ pattern, glob: compileGlob(pattern) }));
    // Both are taken in one turn, so later messages stand behind the present end of the log.
    this.#interludes = this.#log.interludes.reader();
    this.#cursor = new Cursor(this.#log, this.#log.end);
    this.#gathering = new ResponseBuilder(this.#log.end);
  }

  /**
   * Streams without an end.
   * @throws HeadwaterError `lost_branch`, `unavailable`, the reason of the
   *   signal or of the log's end.
   */
  async *run(): AsyncGenerator<Response> {
    const { clock } = this.#options;
    if (this.#from) yield* this.#begin(this.#from);
    yield this.#progress();
    let saidMs = clock.monotonicMs();
    for (;;) {
      const blocks = await this.#poll();
      let told = false;
      for await (const response of blocks ? this.#tell(blocks) : this.#gap()) {
        yield response;
        told = true;
      }
      if (told) saidMs = clock.monotonicMs();
      const dueMs = saidMs + PROGRESS_INTERVAL_MS - clock.monotonicMs();
      if (dueMs <= 0) {
        yield this.#progress();
        saidMs = clock.monotonicMs();
      } else if (!told && blocks?.length === 0 && !this.#interludes.isBehind) {
        await whenMoved(this.#log.readers, this.#cursor.offset, dueMs, this.#options);
      } else if (this.#options.signal.aborted) {
        throw this.#options.signal.reason;
      }
    }
  }

  async *#begin(from: NonNullable<SubscribeRequest['from']>): AsyncGenerator<Response> {
    const start = await locateInTime(this.#log, from, this.#options.learns, this.#options);
    if (start.kind === 'left') throw new HeadwaterError('lost_branch', start.message);
    this.#cursor = new Cursor(this.#log, from);
    this.#gathering = new ResponseBuilder(from);
    if (start.kind === 'trimmed') yield* this.#gap();
  }

  /** Resolves with undefined if the log no longer holds the blocks that follow. */
  async #poll(): Promise<Block[] | undefined> {
    try {
      return await this.#cursor.poll(CURSOR_READ_BYTES);
    } catch (error) {
      if (HeadwaterError.is(error, 'trimmed')) return undefined;
      throw error;
    }
  }

  *#gap(): Generator<Response> {
    const { base } = this.#log;
    const from = this.#cursor.offset + 1;
    this.#cursor = new Cursor(this.#log, base);
    this.#gathering = new ResponseBuilder(base);
    yield { events: [{ kind: 'gap', from, to: base.offset }], position: base, more: false };
  }

  #progress(): Response {
    return { events: [], position: this.#gathering.position, more: false };
  }

  /** Sends the messages of the blocks, and each other message at its place among them. */
  async *#tell(blocks: readonly Block[]): AsyncGenerator<Response> {
    const gathering = this.#gathering;
    const due = this.#interludes.take(this.#cursor.offset);
    if (due.missed !== 0) yield* this.#missed(due.missed);
    let next = 0;
    for (const block of blocks) {
      const before = next;
      while (next < due.placed.length && (due.placed[next] as PlacedInterlude).offset < block.firstOffset) next++;
      yield* this.#addLive(due.placed.slice(before, next));
      yield* gathering.add(block.position, await this.#durable(block));
    }
    yield* this.#addLive(due.placed.slice(next));
    yield* gathering.rest();
  }

  async *#addLive(placed: readonly PlacedInterlude[]): AsyncGenerator<Response> {
    for (const { offset, interlude } of placed) {
      if (interlude.kind === 'missed') yield* this.#missed(interlude.count);
      if (interlude.kind !== 'message') continue;
      // Each message is added alone, since it stands behind a block and not in it.
      const message = { ...interlude, offset, durable: false };
      yield* this.#gathering.add(this.#gathering.position, await this.#deliveries(message));
    }
  }

  /** Sends the same notice for messages lost here and messages lost on the way to this node. */
  *#missed(count: number | undefined): Generator<Response> {
    this.#options.missed(count);
    yield* this.#gathering.add(this.#gathering.position, [{ events: [{ kind: 'missed', count }], bytes: 1 }]);
  }

  async #durable(block: Block): Promise<Piece<SubscriptionEvent>[]> {
    const pieces: Piece<SubscriptionEvent>[] = [];
    for (const message of messagesOf(block)) pieces.push(...(await this.#deliveries(message)));
    return pieces;
  }

  /**
   * Delivers as Redis does: once for the channel's name, and once for each
   * pattern that matches. The result is a single piece, or none.
   */
  async #deliveries({ channel, data, offset, durable }: Published): Promise<Piece<SubscriptionEvent>[]> {
    const eventFor = (pattern: Buffer | undefined) => ({
      kind: 'message' as const,
      channel,
      data,
      pattern,
      offset,
      durable,
    });
    const events = this.#channels.has(keyName(channel)) ? [eventFor(undefined)] : [];
    for (const { pattern, glob } of this.#patterns) {
      const turn = this.#turns.spend(glob.stepsFor(channel.length));
      if (turn) await turn;
      if (glob.matches(channel)) events.push(eventFor(pattern));
    }
    return events.length === 0 ? [] : [{ events, bytes: events.length * (channel.length + data.length + 1) }];
  }
}

type Published = Omit<PublishedMessage, 'kind' | 'pattern'>;

const NO_MESSAGES: readonly Published[] = [];

/** Messages by block. Subscribers that keep up read the same blocks, so the first reads a block for all. */
const found = new WeakMap<Block, readonly Published[]>();

function messagesOf(block: Block): readonly Published[] {
  const known = found.get(block);
  if (known) return known;
  let messages = NO_MESSAGES as Published[];
  const other = () => {};
  block.visit({
    put: other,
    del: other,
    touch: other,
    clear: other,
    message: (index, channelStart, channelEnd, dataStart, dataEnd) => {
      if (messages === NO_MESSAGES) messages = [];
      messages.push({
        channel: block.bytes.subarray(channelStart, channelEnd),
        data: block.bytes.subarray(dataStart, dataEnd),
        offset: block.firstOffset + index,
        durable: true,
      });
    },
  });
  found.set(block, messages);
  return messages;
}
