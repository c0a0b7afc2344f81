/**
 * Clients that write and publish, at any node, and hold the node to its answers:
 * an acknowledged write is in the log of the node that took it, and as safe as
 * the answer says. The accounts keep it until the end of the run.
 */
import type { Clock } from '../../../src/base/clock.js';
import type { DurabilityWanted } from '../../../src/model/durability.js';
import type { Operation } from '../../../src/model/operation.js';
import type { Position } from '../../../src/model/position.js';
import type { Accounts } from '../checks/accounts.js';
import { type History, leadsTo, type Place, Violation } from '../checks/history.js';
import type { Journal } from '../journal.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Work } from '../work.js';
import { CHANNEL, type Subscriber } from './stream-readers.js';

interface Surroundings {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly history: History;
  readonly nodes: readonly SimulatedNode[];
  readonly work: Work;
  readonly accounts: Accounts;
  readonly subscriber: Subscriber;
}

export class Writers {
  /** Positions of acknowledged writes, which a read may ask for. */
  readonly tokens: Position[] = [];
  readonly #simulation: Surroundings;
  #values = 0;

  constructor(simulation: Surroundings) {
    this.#simulation = simulation;
  }

  /** Writes at a node of any role. */
  write(node: SimulatedNode, operations: readonly Operation[]): void {
    const { accounts, history, journal, work } = this.#simulation;
    const value = `w${++this.#values}`;
    const mark: Operation = {
      kind: 'set',
      key: Buffer.from(`mark ${this.#values % 7}`),
      value: Buffer.from(value),
      expiry: undefined,
    };
    const { store } = node;
    work.begin(`write ${value}: ${operations.map(({ kind }) => kind).join(', ')}`, node, async () => {
      const { replies, position } = await store.writes.submit([...operations, mark], { bytes: 100, ordered: false });
      const refused = replies.find((reply) => reply.kind === 'error');
      if (replies.at(-1)?.kind === 'error') {
        journal.count('write refused by a follower');
        if (refused?.kind === 'error') throw refused.error;
      }
      journal.count('write acknowledged');
      this.tokens.push(position);
      accounts.acknowledge(value, node, history.at(position));
    });
  }

  /** Writes, and waits until the write is as safe as wanted. The answer must be true at that moment. */
  writeSafely(node: SimulatedNode, { level, followers }: Pick<DurabilityWanted, 'level' | 'followers'>): void {
    const { accounts, history, journal, nodes, work } = this.#simulation;
    const value = `w${++this.#values}`;
    const operation: Operation = {
      kind: 'set',
      key: Buffer.from('safe'),
      value: Buffer.from(value),
      expiry: undefined,
    };
    const { store, replication } = node;
    const name = followers > 0 ? `${level}(${followers})` : level;
    work.begin(`write ${value}, ${name}`, node, async () => {
      const { replies, position } = await store.writes.submit([operation], { bytes: 100, ordered: false });
      const [reply] = replies;
      if (reply?.kind === 'error') throw reply.error;
      const place = accounts.acknowledge(value, node, history.at(position));
      const wanted = { level, followers, timeoutMs: 2_000 };
      const reached = await replication.durability.reach(position, wanted, new AbortController().signal);
      journal.count(reached.reached ? `reached ${level}` : 'durability not reached');
      if (reached.synced && !node.blocks.durable.has(place.key))
        throw new Violation(`what is said to be synced is durable: ${value} at ${node.address}`);
      const others = nodes.filter((one) => one !== node);
      const appended = others.filter((one) => one.blocks.stored.has(place.key) || this.#covers(one, place));
      const synced = others.filter(
        (one) =>
          one.blocks.durable.has(place.key) || (one.blocks.durableOffset >= place.offset && this.#covers(one, place)),
      );
      if (appended.length < reached.followersAppended || synced.length < reached.followersSynced)
        throw new Violation(
          `so many followers have a write as is said: ${value}, ${name} has ${appended.length} and ${synced.length} synced, said were ${reached.followersAppended} and ${reached.followersSynced}`,
        );
      if (reached.synced || reached.followersSynced > 0) accounts.promise(place, name);
    });
  }

  /** Whether that node has, or had when it was last seen, a state that holds the place. */
  #covers(node: SimulatedNode, place: Place): boolean {
    const { accounts, history } = this.#simulation;
    const now = node.isServing ? history.find(node.store.data.position) : undefined;
    return [now, accounts.lastSeen(node)].some((at) => at !== undefined && leadsTo(place, at));
  }

  /** Publishes a durable message, which is in the log, at a node of any role. */
  publish(node: SimulatedNode): void {
    const { accounts, clock, history, journal, work } = this.#simulation;
    const data = `m${++this.#values}`;
    const message = { channel: CHANNEL, data: Buffer.from(data), durable: true };
    work.begin(`publish ${data}`, node, async () => {
      const offset = await node.replication.publish(message);
      const place = history.holding(offset, data);
      if (!place) throw new Violation(`a durable message is in the log where its answer says: ${data} at ${offset}`);
      journal.count('message acknowledged');
      accounts.acknowledged.push({ value: data, place, node, atMs: clock.monotonicMs() });
    });
  }

  /** Publishes a live message, which is in no log, at a node of any role. */
  publishLive(node: SimulatedNode): void {
    const { subscriber, work } = this.#simulation;
    const data = `l${++this.#values}`;
    work.begin(`publish ${data}`, node, async () => {
      const offset = await node.replication.publish({ channel: CHANNEL, data: Buffer.from(data), durable: false });
      subscriber.published(data, offset);
    });
  }
}
