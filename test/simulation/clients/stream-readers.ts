/**
 * Clients that read on for a whole run, at one node after another: a watcher,
 * which keeps a copy of all keys, and a subscriber. Each resumes where it was,
 * and what it is told is judged by the tree of all blocks.
 */

import { HeadwaterError } from '../../../src/base/errors.js';
import type { Position } from '../../../src/model/position.js';
import type { SubscriptionEvent, Told, WatchEvent } from '../../../src/model/streams.js';
import { Streams } from '../../../src/streams/streams.js';
import { type History, keyOf, leadsTo, type Place, Violation } from '../checks/history.js';
import type { LiveMessages } from '../checks/live-messages.js';
import type { SimulatedNode } from '../nodes/node.js';

export const CHANNEL = Buffer.from('news');

/** Ends of streams that any client goes on after, at another node. */
const GOES_ON = ['unavailable', 'shutting_down', 'cancelled', 'keyspace_incomplete'];

/** Reads one stream at a time; that of a node that has died is left behind. */
class Client {
  protected readonly history: History;
  protected readonly count: (kind: string) => void;
  /** The stream in hand, and the life of the node that gives it. */
  #current: { readonly node: SimulatedNode; readonly replication: unknown } | undefined;

  constructor(history: History, count: (kind: string) => void) {
    this.history = history;
    this.count = count;
  }

  get isFree(): boolean {
    const { node, replication } = this.#current ?? {};
    return node?.state !== 'up' || node.replication !== replication;
  }

  /** Until `signal` aborts, or the stream ends. */
  protected async read<Event>(
    node: SimulatedNode,
    open: (streams: Streams) => AsyncGenerator<Told<Event>>,
    take: (told: Told<Event>) => void,
    refused: (error: HeadwaterError) => boolean,
  ): Promise<void> {
    const current = { node, replication: node.replication };
    this.#current = current;
    try {
      for await (const told of open(new Streams({ store: node.store, clock: node.clock }))) {
        if (this.#current !== current) return;
        take(told);
      }
    } catch (error) {
      if (this.#current !== current) return;
      if (!HeadwaterError.is(error) || !(GOES_ON.includes(error.code) || refused(error))) throw error;
    } finally {
      if (this.#current === current) this.#current = undefined;
    }
  }
}

interface Known {
  readonly value: Buffer;
  readonly expiresAtMs: number;
}

export class Watcher extends Client {
  #position: Position | undefined;
  #keys = new Map<string, Known>();

  async watch(node: SimulatedNode, signal: AbortSignal): Promise<void> {
    let keys = new Map(this.#keys);
    const take = ({ events, position, more }: Told<WatchEvent>) => {
      for (const event of events) keys = this.#after(keys, event);
      if (more) return;
      this.#check(keys, position, node);
      this.#position = position;
      this.#keys = new Map(keys);
    };
    const from = this.#position ?? 0;
    if (this.#position) this.count('watch resumed');
    await this.read(
      node,
      (streams) => streams.watch({ prefix: Buffer.alloc(0), from }, signal),
      take,
      () => false,
    );
  }

  #after(keys: Map<string, Known>, event: WatchEvent): Map<string, Known> {
    if (event.kind === 'snapshotBegin') {
      this.count('watch snapshot');
      return new Map();
    }
    if (event.kind === 'clear') return new Map();
    if (event.kind === 'snapshotEnd') return keys;
    const name = event.key.toString('latin1');
    if (event.kind === 'delete') keys.delete(name);
    if (event.kind === 'put' || event.kind === 'entry') keys.set(name, event);
    const known = keys.get(name);
    if (event.kind === 'expire' && known) keys.set(name, { value: known.value, expiresAtMs: event.expiresAtMs });
    return keys;
  }

  #check(keys: ReadonlyMap<string, Known>, position: Position, { address }: SimulatedNode): void {
    const { entries } = this.history.at(position).state;
    const same = (name: string, { value, expiresAtMs }: Known) => {
      const entry = entries.get(name);
      return entry?.expiresAtMs === expiresAtMs && entry.value.equals(value);
    };
    const wrong = [...keys].filter(([name, known]) => !same(name, known)).map(([name]) => name);
    if (keys.size !== entries.size || wrong.length > 0)
      throw new Violation(
        `a watcher knows what is there: at ${keyOf(position)} of ${address} it has ${keys.size} keys, there are ${entries.size}; it is wrong about ${wrong.join(', ') || 'none'}`,
      );
    this.count('watch compared');
  }
}

export class Subscriber extends Client {
  #position: Position | undefined;
  /** The offsets of live messages, by what they say: the same for everybody. */
  readonly #live = new Map<string, number>();
  readonly #heard = new Set<string>();
  readonly #messages: LiveMessages;

  constructor(history: History, count: (kind: string) => void, messages: LiveMessages) {
    super(history, count);
    this.#messages = messages;
  }

  /** A live message was published, and its publisher was told its place. */
  published(data: string, offset: number): void {
    const known = this.#live.get(data);
    if (known !== undefined && known !== offset)
      throw new Violation(`a message has one place: ${data} is at ${offset} by its answer, and was heard at ${known}`);
    this.#live.set(data, offset);
  }

  async subscribe(node: SimulatedNode, signal: AbortSignal): Promise<void> {
    let events: SubscriptionEvent[] = [];
    const listener = this.#messages.listener(node.address, this.count);
    const take = (told: Told<SubscriptionEvent>) => {
      events.push(...told.events);
      for (const event of told.events) {
        if (event.kind === 'missed') listener.missed(event.count);
        if (event.kind === 'message' && !event.durable) listener.heard(event.data.toString());
      }
      if (told.more) return;
      this.#check(events, told.position, node);
      events = [];
      this.#position = told.position;
    };
    const from = this.#position;
    if (from) this.count('subscription resumed');
    await this.read(
      node,
      (streams) => streams.subscribe({ channels: [CHANNEL], patterns: [], from }, signal),
      take,
      (error) => {
        // From a branch that is gone nobody can go on.
        if (error.code === 'lost_branch') this.#position = undefined;
        return error.code === 'lost_branch';
      },
    );
  }

  #check(events: readonly SubscriptionEvent[], position: Position, { address }: SimulatedNode): void {
    const end = this.history.at(position);
    let after = this.#position ? this.history.at(this.#position) : undefined;
    let lowest = 0;
    const heard: string[] = [];
    for (const event of events) {
      if (event.kind === 'gap') {
        this.count('subscription gap');
        after = placeAt(event.to, end) ?? after;
      }
      if (event.kind !== 'message') continue;
      const { data, offset, durable } = event;
      if (offset < lowest)
        throw new Violation(`messages come in order: ${data} at ${offset}, after ${lowest}, at ${address}`);
      lowest = offset;
      if (durable) heard.push(`${data}@${offset}`);
      else this.#hearLive(data.toString(), offset, end);
    }
    // The first response says where it begins.
    if (!after) return;
    const expected = messagesBetween(after, end);
    if (heard.join() !== expected.join())
      throw new Violation(
        `a subscriber misses no durable message: between ${after.key} and ${end.key} of ${address} are ${expected.join()}, it heard ${heard.join()}`,
      );
    if (expected.length > 0) this.count('subscription compared');
  }

  #hearLive(data: string, offset: number, end: Place): void {
    if (this.#heard.has(data)) throw new Violation(`a live message comes at most once: ${data}`);
    this.#heard.add(data);
    if (!placeAt(offset, end)) throw new Violation(`a live message stands behind a block: ${data} at ${offset}`);
    this.published(data, offset);
    this.count('live message heard');
  }
}

/** Where a block ends at that offset on the way to `end`. */
function placeAt(offset: number, end: Place): Place | undefined {
  let at: Place | undefined = end;
  while (at && at.offset > offset) at = at.parent;
  return at?.offset === offset ? at : undefined;
}

function messagesBetween(after: Place, end: Place): string[] {
  if (!leadsTo(after, end))
    throw new Violation(`a stream goes on in one history: ${end.key} does not follow ${after.key}`);
  const found: string[] = [];
  for (let at: Place | undefined = end; at && at !== after; at = at.parent) {
    const { firstOffset, commands } = at;
    const here = commands.flatMap((command, i) =>
      command.kind === 'message' && command.channel.equals(CHANNEL) ? [`${command.data}@${firstOffset + i}`] : [],
    );
    found.unshift(...here);
  }
  return found;
}
