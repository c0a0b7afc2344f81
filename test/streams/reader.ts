/** Reads a stream of a node in the background, at its own pace or the test's, and notes what it was told. */

import { HeadwaterError } from '../../src/base/errors.js';
import type { Position } from '../../src/model/position.js';
import type { SubscriptionEvent, Told, WatchEvent } from '../../src/model/streams.js';
import { Streams } from '../../src/streams/streams.js';
import type { TestNode, World } from '../support/world.js';

export class Reader<Event> {
  readonly told: Array<Told<Event>> = [];
  /** Why it ended; undefined while it goes on. */
  ended: HeadwaterError | undefined;
  readonly #stop = new AbortController();
  readonly #stream: AsyncGenerator<Told<Event>>;
  /** While it is set, nothing is asked for. */
  #paused: Promise<void> | undefined;
  #resume = () => {};

  constructor(begin: (signal: AbortSignal) => AsyncGenerator<Told<Event>>) {
    this.#stream = begin(this.#stop.signal);
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      for await (const told of this.#stream) {
        this.told.push(told);
        await this.#paused;
      }
    } catch (error) {
      this.ended = HeadwaterError.from(error);
    }
  }

  get events(): Event[] {
    return this.told.flatMap(({ events }) => events);
  }

  /** Of the last response that ended at a block's end. */
  get position(): Position | undefined {
    return this.told.findLast(({ more }) => !more)?.position;
  }

  pause(): void {
    this.#paused = new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  resume(): void {
    this.#paused = undefined;
    this.#resume();
  }

  stop(): void {
    this.resume();
    this.#stop.abort(new HeadwaterError('cancelled', 'the test has seen enough'));
  }
}

export function streamsOf(world: World, node: TestNode): Streams {
  return new Streams({ store: node.store, clock: world.clock });
}

/** Resolves when it has begun. */
export async function subscribed(
  world: World,
  node: TestNode,
  request: { channels?: string[]; patterns?: string[]; from?: Position | undefined },
): Promise<Reader<SubscriptionEvent>> {
  const { channels = [], patterns = [], from } = request;
  const bytes = { channels: channels.map(bytesOf), patterns: patterns.map(bytesOf), from };
  const reader = new Reader((signal) => streamsOf(world, node).subscribe(bytes, signal));
  await world.until('the subscription has begun', () => reader.told.length > 0 || reader.ended !== undefined);
  return reader;
}

/** Resolves when it has begun. */
export async function watched(
  world: World,
  node: TestNode,
  { prefix = '', from }: { prefix?: string; from?: Position | number | undefined } = {},
): Promise<Reader<WatchEvent>> {
  const reader = new Reader((signal) => streamsOf(world, node).watch({ prefix: bytesOf(prefix), from }, signal));
  await world.until('the watch has begun', () => reader.told.length > 0 || reader.ended !== undefined);
  return reader;
}

/** `data@offset`, with `!` where it is durable, and what was missed. */
export function texts(reader: Reader<SubscriptionEvent>): string[] {
  return textsOf(reader.events);
}

export function textsOf(events: readonly SubscriptionEvent[]): string[] {
  return events.map((event) => {
    if (event.kind === 'missed') return `missed ${event.count ?? 'some'}`;
    if (event.kind === 'gap') return `gap ${event.from}-${event.to}`;
    return `${event.data}@${event.offset}${event.durable ? '!' : ''}`;
  });
}

const bytesOf = (text: string): Buffer => Buffer.from(text);
