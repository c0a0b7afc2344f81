/**
 * The channels of a node for its Redis clients: subscriptions, and messages from and to them.
 *
 * While any client subscribes, one reader receives all messages of the node and hands each to the connections that
 * want it. So thousands of subscribers cost one stream. A message that is published at any node of the tree, by any
 * protocol, comes to the subscribers of all nodes.
 *
 * Shard channels are names of their own. Between nodes, and for clients of gRPC, the channel `x` of SPUBLISH is the
 * channel `__shard__:x`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import {
  DELIVERY_MS_MAX,
  SENDS_IN_TURN_MAX,
  SUBSCRIPTION_COST_BYTES,
  SUBSCRIPTIONS_BYTES_MAX,
  SUBSCRIPTIONS_CONNECTION_BYTES_MAX,
} from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import { Turns } from '../../base/turns.js';
import type { StatusRedis } from '../../model/status.js';
import type { PublishRequest, SubscriptionEvent } from '../../model/streams.js';
import type { Caller } from '../../pipeline/caller.js';
import { type Queue, QueueRoom } from '../../pipeline/room.js';
import { ChannelReader, type ChannelStreams } from './channel-reader.js';
import { Deliveries, type Delivery } from './deliveries.js';
import { type Join, joinShared, type Listener, type SubscriptionKind, type Topic } from './listener.js';
import { Publication } from './publication.js';
import type { Pushed } from './pushes.js';
import { channelTopics, PatternTopics, type Topics } from './topics.js';

interface ChannelsOptions {
  readonly streams: ChannelStreams;
  readonly publisher: { publish(message: PublishRequest): Promise<number> };
  /** The queue of the writer. */
  readonly queue: Queue;
  readonly clock: Clock;
  readonly logger: Logger;
}

const SHARD_PREFIX = Buffer.from('__shard__:');
const MESSAGE = Buffer.from('message');
const PATTERN_MESSAGE = Buffer.from('pmessage');
const SHARD_MESSAGE = Buffer.from('smessage');

export class Channels {
  readonly topics: { readonly channels: Topics; readonly patterns: PatternTopics; readonly shardChannels: Topics } = {
    channels: channelTopics(),
    patterns: new PatternTopics(),
    shardChannels: channelTopics(),
  };
  readonly #options: ChannelsOptions;
  readonly #reader: ChannelReader;
  readonly #deliveries = new Deliveries();
  readonly #room: QueueRoom;
  readonly #turns = new Turns();
  readonly #listeners = new Set<Listener>();
  /** Commands that wait for the reader. */
  #beginning = 0;
  /** The memory of all subscriptions, about. */
  #subscribedBytes = 0;
  /** Connections with messages that were gathered and not sent. */
  #gathered: Listener[] = [];
  #join: Join = joinShared();

  constructor(options: ChannelsOptions) {
    this.#options = options;
    this.#room = new QueueRoom(options.queue);
    this.#reader = new ChannelReader({
      ...options,
      deliver: (events, signal) => this.#deliver(events, signal),
      broken: () => this.#deliveries.forgetAll(),
    });
  }

  get status(): Omit<StatusRedis, 'slowClosed'> {
    return { subscribers: this.#listeners.size, streamBreaks: this.#reader.breaks };
  }

  // ---- subscriptions ----------------------------------------------------------------

  /**
   * Returns at once if messages are read, and else resolves when they are. A subscription may be confirmed then: every
   * message that is published later reaches it.
   * @throws HeadwaterError the reason why the node reads none now.
   */
  ready(): Promise<void> | undefined {
    if (this.#reader.isReading) return undefined;
    this.#beginning++;
    return this.#reader.begin().finally(() => {
      this.#beginning--;
      // A later turn: the command that waited subscribes first.
      setImmediate(() => this.#endIfUnused());
    });
  }

  /**
   * Returns false if the connection has that subscription already.
   * @throws HeadwaterError if the subscriptions take too much memory, or there are too many patterns.
   */
  subscribe(kind: SubscriptionKind, name: Buffer, listener: Listener): boolean {
    const topic = this.topics[kind].of(name);
    if (topic && listener[kind].has(topic)) return false;
    const bytes = name.length + SUBSCRIPTION_COST_BYTES;
    this.#checkRoom(bytes, listener);
    listener[kind].add(this.topics[kind].add(name, listener));
    this.#listeners.add(listener);
    this.#count(listener, bytes);
    return true;
  }

  unsubscribe(kind: SubscriptionKind, name: Buffer, listener: Listener): void {
    const topic = this.topics[kind].of(name);
    if (topic && listener[kind].has(topic)) this.#remove(kind, topic, listener);
  }

  /** Ends all subscriptions of a connection. */
  leave(listener: Listener): void {
    for (const kind of ['channels', 'patterns', 'shardChannels'] as const)
      for (const topic of listener[kind]) this.#remove(kind, topic, listener);
  }

  #remove(kind: SubscriptionKind, topic: Topic, listener: Listener): void {
    // Nothing comes behind the answer that the subscription has ended.
    listener.send(this.#join);
    listener[kind].delete(topic);
    this.topics[kind].remove(topic as never, listener);
    this.#count(listener, -topic.name.length - SUBSCRIPTION_COST_BYTES);
    if (listener.isSubscribed) return;
    this.#listeners.delete(listener);
    this.#endIfUnused();
  }

  #checkRoom(bytes: number, { subscribedBytes }: Listener): void {
    const hasRoom =
      this.#subscribedBytes + bytes <= SUBSCRIPTIONS_BYTES_MAX &&
      subscribedBytes + bytes <= SUBSCRIPTIONS_CONNECTION_BYTES_MAX;
    if (hasRoom) return;
    throw new HeadwaterError(
      'overloaded',
      `the subscriptions of this connection take ${subscribedBytes} bytes, and those of all ${this.#subscribedBytes}. Subscribe to patterns, or end subscriptions`,
    );
  }

  #count(listener: Listener, bytes: number): void {
    listener.subscribedBytes += bytes;
    this.#subscribedBytes += bytes;
  }

  #endIfUnused(): void {
    if (this.#listeners.size > 0 || this.#beginning > 0) return;
    this.#reader.end();
    this.#deliveries.forgetAll();
  }

  // ---- from clients -----------------------------------------------------------------

  /**
   * Publishes a message to the subscribers of all nodes.
   * @returns the number of subscriptions of Redis clients of this node that got the message.
   * @throws HeadwaterError as the publisher does, if the message was not published.
   */
  async publish(
    kind: 'channels' | 'shardChannels',
    [name, data]: readonly [name: Buffer, data: Buffer],
    call: Pick<Caller, 'signal' | 'cancelled'>,
  ): Promise<number> {
    const message = messageOf(kind, name, data);
    await this.#room.for(name.length + data.length, call);
    return this.#publish(message);
  }

  /**
   * Publishes messages in their order, as `publish` does. A leader gives them a place between the same two blocks.
   * @throws HeadwaterError if no message was published, for want of memory.
   */
  async publishAll(
    kind: 'channels' | 'shardChannels',
    messages: ReadonlyArray<readonly [name: Buffer, data: Buffer]>,
    call: Pick<Caller, 'signal' | 'cancelled'>,
  ): Promise<Array<PromiseSettledResult<number>>> {
    const copies = messages.map(([name, data]) => messageOf(kind, name, data));
    const bytes = copies.reduce((sum, { channel, data }) => sum + channel.length + data.length, 0);
    await this.#room.for(bytes, call);
    return Promise.allSettled(copies.map((message) => this.#publish(message)));
  }

  async #publish(message: PublishRequest): Promise<number> {
    const { publisher } = this.#options;
    if (!this.#reader.isReading) {
      await publisher.publish(message);
      return 0;
    }
    const delivery = this.#deliveries.expect(message.channel, message.data);
    try {
      await publisher.publish(message);
    } catch (failure) {
      this.#deliveries.forget(delivery);
      throw failure;
    }
    if (!delivery.isOver) await this.#over(delivery);
    return delivery.receivers ?? 0;
  }

  /** Resolves when the message was delivered here. A follower that loses its upstream in between may never get it. */
  #over(delivery: Delivery): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(DELIVERY_MS_MAX, () => this.#deliveries.forget(delivery));
      delivery.onOver = () => {
        cancel();
        resolve();
      };
    });
  }

  // ---- to clients -------------------------------------------------------------------

  async #deliver(events: readonly SubscriptionEvent[], signal: AbortSignal): Promise<void> {
    for (const event of events) {
      if (event.kind === 'message') {
        const turn = this.#turns.spend(this.topics.patterns.stepsFor(event.channel.length));
        if (turn) {
          await this.#send();
          await turn;
          if (signal.aborted) return;
        }
        const receivers = this.#hand(event.channel, event.data);
        this.#deliveries.delivered(event.channel, event.data, receivers);
      } else this.#deliveries.forgetAll();
    }
    await this.#send();
  }

  /** Gathers a message for all that want it. @returns the number of subscriptions that it went to. */
  #hand(channel: Buffer, data: Buffer): number {
    if (channel.subarray(0, SHARD_PREFIX.length).equals(SHARD_PREFIX)) {
      const name = channel.subarray(SHARD_PREFIX.length);
      return this.#give(this.topics.shardChannels.of(name), SHARD_MESSAGE, name, data);
    }
    let receivers = this.#give(this.topics.channels.of(channel), MESSAGE, channel, data);
    for (const pattern of this.topics.patterns.all) {
      if (pattern.glob.matches(channel)) receivers += this.#give(pattern, PATTERN_MESSAGE, pattern.name, channel, data);
    }
    return receivers;
  }

  #give(topic: Topic | undefined, ...words: readonly Buffer[]): number {
    if (!topic) return 0;
    const publication = new Publication(...words);
    for (const listener of topic.listeners) this.#gather(listener, publication.in(listener.version));
    return topic.listeners.size;
  }

  #gather(listener: Listener, message: Pushed): void {
    if (listener.add(message, this.#join)) this.#gathered.push(listener);
  }

  /** Sends what was gathered. Thousands of connections take many turns, so that others are answered in between. */
  async #send(): Promise<void> {
    const gathered = this.#gathered;
    const join = this.#join;
    this.#gathered = [];
    this.#join = joinShared();
    for (let i = 0; i < gathered.length; i++) {
      if (i > 0 && i % SENDS_IN_TURN_MAX === 0) await nextTurn();
      (gathered[i] as Listener).send(join);
    }
  }
}

function messageOf(kind: 'channels' | 'shardChannels', name: Buffer, data: Buffer): PublishRequest {
  return copied(kind === 'channels' ? name : Buffer.concat([SHARD_PREFIX, name]), data);
}

/** Copies a message out of the received bytes, into one piece of memory that holds nothing else. */
function copied(channel: Buffer, data: Buffer): PublishRequest {
  const bytes = Buffer.allocUnsafeSlow(channel.length + data.length);
  channel.copy(bytes);
  data.copy(bytes, channel.length);
  return { channel: bytes.subarray(0, channel.length), data: bytes.subarray(channel.length), durable: false };
}
