/**
 * One run: a few nodes, a random schedule of writes, faults and changes of
 * place (events.ts), then a time without faults in which all must become level.
 * Time, randomness, disks, files and network are the simulation's, so a seed
 * repeats a run exactly: `trace` says so.
 *
 * Time moves in small steps; between two of them every node is looked at
 * (`#look`), so that what must always hold is checked at many moments and not
 * only at the end.
 */
import { createHash } from 'node:crypto';
import { HeadwaterError } from '../../src/base/errors.js';
import type { Block } from '../../src/log/block.js';
import type { DurabilityWanted } from '../../src/model/durability.js';
import type { Operation } from '../../src/model/operation.js';
import type { Position } from '../../src/model/position.js';
import { type Line, Network } from '../support/channel.js';
import { TestClock } from '../support/clock.js';
import { seededRandom } from '../support/random.js';
import { CHANNEL, Subscriber, Watcher } from './clients.js';
import { digestOf, History, keyOf, leadsTo, notOnTheWay, type Place, Violation } from './history.js';
import { Leadership } from './leadership.js';
import { LineSpeeds, writeOfLarge } from './line-speeds.js';
import { LiveMessages } from './live.js';
import { observeMemory } from './memory.js';
import { SimulatedNode } from './node.js';
import type { BlockObserver } from './observed.js';
import { lookAtWaits } from './waits.js';

/** How long a client reads at one node. */
const READ_MS_MAX = 8_000;
/** Tokens that are read by. */
const RECENT_TOKENS = 8;
const EVENTS_MIN = 40;
const EVENTS_MAX = 90;
/** Between two looks at the nodes. */
const STEP_MS = 4;
/** Steps in which no timer is due, until what the last timer has begun needs no turn of the event loop any more. */
const QUIET_STEPS = 4;
/** In which all must be level once nothing fails any more. */
const HEALED_MS_MAX = 120_000;
/** Before a person accepts a loss once more. */
const ASKED_AGAIN_MS = 3_000;
/** The last lines of the trace that a failure shows; of one that is repeated, all. */
const SHOWN_LINES = process.env.HEADWATER_SEED === undefined ? 60 : Number.POSITIVE_INFINITY;

/** What happened, by kind: over many seeds, nothing may be missing. */
export type Counts = Record<string, number>;

/** What may happen. */
export interface Event {
  readonly name: string;
  /** How often, beside the others. */
  readonly weight: number;
  /** Begins it. @returns false where nothing of the kind could happen now. */
  run(simulation: Simulation): boolean | Promise<boolean>;
}

interface Acknowledged {
  readonly value: string;
  readonly atMs: number;
  readonly place: Place;
  readonly node: SimulatedNode;
}

const REFUSALS = [
  'unavailable',
  'shutting_down',
  'read_only_follower',
  'outcome_unknown',
  'keyspace_incomplete',
  'superseded',
  'failover_failed',
  'overloaded',
  'too_few_followers',
  'forget_refused',
];

export class Simulation {
  readonly seed: number;
  readonly #events: readonly Event[];
  readonly random: () => number;
  readonly clock = new TestClock();
  readonly network = new Network();
  readonly lineSpeeds = new LineSpeeds();
  readonly history = new History();
  readonly nodes: SimulatedNode[] = [];
  readonly counts: Counts = {};
  readonly trace: string[] = [];
  /** Places that a person gave up, or a disk changed. */
  readonly #excused = new Set<Place>();
  /** Places that a power cut took from somebody. */
  readonly #lostToPower = new Set<Place>();
  /** Places of which it was promised that power cuts do not take them, and what was promised. */
  readonly #promised = new Map<Place, string>();
  /** Blocks that a disk changed, before and after. */
  readonly #twofold = new Set<Place>();
  readonly #acknowledged: Acknowledged[] = [];
  /** What was begun and has not ended, by name. */
  readonly #inHand = new Map<Promise<unknown>, { name: string; node: SimulatedNode }>();
  /** Of clients, which may be left without an answer by a node that dies. */
  readonly #goodbyes: Array<() => void> = [];
  /** Positions that writers were told. */
  readonly #tokens: Position[] = [];
  readonly #watcher = new Watcher(this.history, (kind) => this.count(kind));
  readonly #live = new LiveMessages();
  readonly #leadership = new Leadership(this);
  readonly #subscriber = new Subscriber(this.history, (kind) => this.count(kind), this.#live);
  #violation: Error | undefined;
  #values = 0;
  /** Nothing fails any more. */
  isHealing = false;

  constructor(seed: number, events: readonly Event[]) {
    this.#events = events;
    this.seed = seed;
    this.random = seededRandom(seed);
    this.network.later = this.#inOrder(2);
    this.network.speed = (from, to) => this.lineSpeeds.speed(from, to);
    this.network.after = (delayMs, task) => this.clock.after(delayMs, task);
    this.network.onLine = (line) => this.#watch(line);
  }

  // ---- for events -------------------------------------------------------------

  readonly randomBytes = (count: number): Buffer =>
    Buffer.from(Array.from({ length: count }, () => Math.floor(this.random() * 256)));

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)] as T;
  }

  /** A node of which that holds. */
  any(condition: (node: SimulatedNode) => boolean): SimulatedNode | undefined {
    const fit = this.nodes.filter(condition);
    return fit.length > 0 ? this.pick(fit) : undefined;
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  count(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }

  note(text: string): void {
    this.trace.push(`${Math.round(this.clock.monotonicMs() * 1_000)} ${text}`);
  }

  /** Does something later, unless all faults are over by then. */
  later(delayMs: number, task: () => void): void {
    const cancel = this.clock.after(delayMs, () => {
      if (!this.isHealing) task();
    });
    this.#goodbyes.push(cancel);
  }

  /** What takes up to so many milliseconds each, one after another. */
  delays(msMax: number): () => Promise<void> {
    const later = this.#inOrder(msMax);
    return () => new Promise((resolve) => later(resolve));
  }

  #inOrder(msMax: number): (task: () => void) => void {
    let lastMs = 0;
    return (task) => {
      const now = this.clock.monotonicMs();
      lastMs = Math.max(lastMs, now + this.random() * msMax);
      this.clock.after(lastMs - now, task);
    };
  }

  /** Begins something that the schedule does not wait for; a refusal that a person could meet is no failure. */
  begin(name: string, node: SimulatedNode, work: () => Promise<unknown>): void {
    this.note(`${node.address}: ${name}`);
    const done: Promise<unknown> = work()
      .catch((error: unknown) => {
        if (!HeadwaterError.is(error) || !REFUSALS.includes(error.code)) this.#fails(error);
        else this.note(`${node.address}: ${name} was refused: ${error.message}`);
      })
      .finally(() => this.#inHand.delete(done));
    this.#inHand.set(done, { name, node });
  }

  /** What a dead process had begun does not end. */
  forget(node: SimulatedNode): void {
    for (const [done, { node: of }] of this.#inHand) if (of === node) this.#inHand.delete(done);
  }

  /** Writes at a node, whatever it is; what is acknowledged must be where it says. */
  write(node: SimulatedNode, operations: readonly Operation[]): void {
    const value = `w${++this.#values}`;
    const mark: Operation = {
      kind: 'set',
      key: Buffer.from(`mark ${this.#values % 7}`),
      value: Buffer.from(value),
      expiry: undefined,
    };
    const { store } = node;
    this.begin(`write ${value}: ${operations.map(({ kind }) => kind).join(', ')}`, node, async () => {
      const { replies, position } = await store.writes.submit([...operations, mark], { bytes: 100, ordered: false });
      const refused = replies.find((reply) => reply.kind === 'error');
      if (replies.at(-1)?.kind === 'error') {
        this.count('write refused by a follower');
        if (refused?.kind === 'error') throw refused.error;
      }
      this.count('write acknowledged');
      this.#tokens.push(position);
      this.#acknowledge(value, node, this.history.at(position));
    });
  }

  /** Writes, and waits until that is as safe as wanted; what the answer says must be true then. */
  writeSafely(node: SimulatedNode, { level, followers }: Pick<DurabilityWanted, 'level' | 'followers'>): void {
    const value = `w${++this.#values}`;
    const operation: Operation = {
      kind: 'set',
      key: Buffer.from('safe'),
      value: Buffer.from(value),
      expiry: undefined,
    };
    const { store, replication } = node;
    const name = followers > 0 ? `${level}(${followers})` : level;
    this.begin(`write ${value}, ${name}`, node, async () => {
      const { replies, position } = await store.writes.submit([operation], { bytes: 100, ordered: false });
      const [reply] = replies;
      if (reply?.kind === 'error') throw reply.error;
      const place = this.#acknowledge(value, node, this.history.at(position));
      const wanted = { level, followers, timeoutMs: 2_000 };
      const reached = await replication.durability.reach(position, wanted, new AbortController().signal);
      this.count(reached.reached ? `reached ${level}` : 'durability not reached');
      if (reached.synced && !node.durable.has(place.key))
        throw new Violation(`what is said to be synced is durable: ${value} at ${node.address}`);
      const others = this.nodes.filter((one) => one !== node);
      const appended = others.filter((one) => one.stored.has(place.key) || this.#covers(one, place));
      const synced = others.filter(
        (one) => one.durable.has(place.key) || (one.durableOffset >= place.offset && this.#covers(one, place)),
      );
      if (appended.length < reached.followersAppended || synced.length < reached.followersSynced)
        throw new Violation(
          `so many followers have a write as is said: ${value}, ${name} has ${appended.length} and ${synced.length} synced, said were ${reached.followersAppended} and ${reached.followersSynced}`,
        );
      if (reached.synced || reached.followersSynced > 0) this.#promised.set(place, name);
    });
  }

  /** Whether that node has, or had when it was last seen, a state that holds it. */
  #covers(node: SimulatedNode, place: Place): boolean {
    const now = node.isServing ? this.history.find(node.store.data.position) : undefined;
    return [now, node.seen].some((at) => at !== undefined && leadsTo(place, at));
  }

  /** Publishes a message that is to be in the log, at any node. */
  publish(node: SimulatedNode): void {
    const data = `m${++this.#values}`;
    const message = { channel: CHANNEL, data: Buffer.from(data), durable: true };
    this.begin(`publish ${data}`, node, async () => {
      const offset = await node.replication.publish(message);
      const place = this.history.holding(offset, data);
      if (!place) throw new Violation(`a durable message is in the log where its answer says: ${data} at ${offset}`);
      this.count('message acknowledged');
      this.#acknowledged.push({ value: data, place, node, atMs: this.clock.monotonicMs() });
    });
  }

  /** Publishes a message that is in no log, at any node. */
  publishLive(node: SimulatedNode): void {
    const data = `l${++this.#values}`;
    this.begin(`publish ${data}`, node, async () => {
      const offset = await node.replication.publish({ channel: CHANNEL, data: Buffer.from(data), durable: false });
      this.#subscriber.published(data, offset);
    });
  }

  /** One reader goes on at that node, for a while. @returns false where it reads elsewhere. */
  readOn(node: SimulatedNode, stream: 'watch' | 'subscribe'): boolean {
    const client = stream === 'watch' ? this.#watcher : this.#subscriber;
    if (!client.isFree) return false;
    const stop = new AbortController();
    const cancel = this.clock.after(this.random() * READ_MS_MAX, () =>
      stop.abort(new HeadwaterError('cancelled', 'the client has gone')),
    );
    this.#goodbyes.push(cancel);
    const read = () =>
      stream === 'watch' ? this.#watcher.watch(node, stop.signal) : this.#subscriber.subscribe(node, stop.signal);
    this.begin(stream, node, () => read().finally(cancel));
    return true;
  }

  /** A position that a writer was told: one of the last, which may not be everywhere yet, or be lost. */
  recentToken(): Position | undefined {
    return this.pick(this.#tokens.slice(-RECENT_TOKENS));
  }

  /** A position that a writer was told, in a history that that node has left before it. */
  lostToken({ store }: SimulatedNode): Position | undefined {
    const end = this.history.at(store.data.position);
    const known = new Set(store.data.log.history.lineage.rows.map(({ replicationId }) => replicationId));
    const isLost = (token: Position) =>
      known.has(token.replicationId) && token.offset <= end.offset && !leadsTo(this.history.at(token), end);
    return this.pick(this.#tokens.filter(isLost));
  }

  /** Reads at that node what a writer was told elsewhere, or before: where it is answered it is there. */
  readByToken(node: SimulatedNode, atLeast = this.recentToken()): boolean {
    if (!atLeast) return false;
    const place = this.history.at(atLeast);
    const { store, freshness } = node;
    const isThere = () => store.data.isServing && leadsTo(place, this.history.at(store.data.position));
    this.begin(`read at least ${place.key}`, node, async () => {
      try {
        const wanted = { atLeast, maxStalenessMs: 0, withinMs: 3_000 };
        await freshness.whenFresh(wanted, { writes: false, signal: new AbortController().signal });
      } catch (error) {
        if (!HeadwaterError.is(error, 'lost_branch')) throw error;
        if (isThere() && !this.isTwofold(place))
          throw new Violation(
            `a token is good as long as what it stands for is there: ${place.key} at ${node.address}`,
          );
        this.count('token of a lost branch');
        return;
      }
      if (!isThere() && !this.isTwofold(place))
        throw new Violation(`who reads by a token reads what it stands for: ${place.key} at ${stateOf(node)}`);
      this.count('answered by token');
    });
    return true;
  }

  /** Reads at a node that must be no staler than that: where it answers, it has what its leader had so long ago. */
  async readWithin(node: SimulatedNode, maxStalenessMs: number): Promise<void> {
    const { store, freshness } = node;
    const wanted = { atLeast: undefined, maxStalenessMs, withinMs: 300 };
    await freshness.whenFresh(wanted, { writes: false, signal: new AbortController().signal });
    this.count('answered within a bound');
    const leader = this.nodes.find(({ address }) => address === store.roles.upstream);
    if (!leader?.leads || leader.store.writes.refusal) return;
    const [here, there] = [node, leader].map((one) => this.history.at(one.store.data.position)) as [Place, Place];
    const sinceMs = this.clock.monotonicMs() - maxStalenessMs;
    for (const { value, place, node: of, atMs } of this.#acknowledged) {
      if (of !== leader || atMs > sinceMs || leadsTo(place, here) || !leadsTo(place, there)) continue;
      if (this.isTwofold(place)) continue;
      throw new Violation(
        `who answers within a bound has what its leader had then: ${value} of ${leader.address} is ${Math.round(this.clock.monotonicMs() - atMs)} ms old, and not at ${stateOf(node)}, which answered within ${maxStalenessMs} ms`,
      );
    }
  }

  /** All nodes that answer hold the same at one offset, unless a disk has changed something. */
  compare(node: SimulatedNode): void {
    this.begin('compare', node, async () => {
      const { nodes, offset } = await node.comparisons.compare(3_000);
      for (const { address, outcome } of nodes) {
        this.count(`compared ${outcome}`);
        if (outcome === 'different' && this.#twofold.size === 0)
          throw new Violation(`compared nodes hold the same: ${address} differs from ${node.address} at ${offset}`);
      }
    });
  }

  #acknowledge(value: string, node: SimulatedNode, end: Place): Place {
    const holds = (place: Place) =>
      place.commands.some((command) => command.kind === 'put' && command.value.toString() === value);
    let place: Place | undefined = end;
    while (place && !holds(place)) place = place.parent;
    if (!place || !node.stored.has(place.key))
      throw new Violation(`an acknowledged write is in the log of the node that took it: ${value} at ${node.address}`);
    if (node.fsync === 'always' && node.store.data.log.durable.offset < place.offset)
      throw new Violation(`with --fsync always an acknowledged write is durable: ${value} at ${node.address}`);
    this.#acknowledged.push({ value, place, node, atMs: this.clock.monotonicMs() });
    return place;
  }

  /** The keyspace of a node is what its position says. */
  async inspect(node: SimulatedNode): Promise<void> {
    const snapshot = await node.store.snapshots.at();
    try {
      const { digest } = await snapshot.digest();
      const expected = digestOf(this.history.at(snapshot.position).state);
      if (digest.toString('hex') !== expected)
        throw new Violation(
          `equal positions have equal data: ${node.address} at ${keyOf(snapshot.position)} has ${digest.toString('hex').slice(0, 8)}, a plain replay ${expected.slice(0, 8)}`,
        );
      this.count('digest compared');
    } finally {
      await snapshot.release();
    }
  }

  /** A disk changed the block that ends there: its offsets now mean two things. */
  forge(place: Place, block: Block): Place {
    const forged = this.history.forged(block);
    this.#excused.add(place);
    for (const one of [place, forged]) this.#twofold.add(one);
    return forged;
  }

  observer(node: SimulatedNode): BlockObserver {
    return {
      appending: (block: Block) => this.#watching(() => void this.history.add(block)),
      appended: (block: Block) => node.appended(keyOf(block.position)),
      syncing: () => node.syncing(),
      synced: (block: Block) => void node.durable.add(keyOf(block.position)),
    };
  }

  // ---- the run ----------------------------------------------------------------

  /** @returns the hash of everything that happened. @throws Error with the seed, the invariant and what happened last. */
  async run(): Promise<string> {
    const nodes = 2 + Math.floor(this.random() * 4);
    for (let i = 0; i < nodes; i++) this.nodes.push(new SimulatedNode(this, `n${i}`));
    const unobserved = [this.#live.observe(), observeMemory(this.seed, (violation) => this.#fails(violation))];
    try {
      for (const node of this.nodes)
        this.begin('first start', node, () =>
          node.start(node === this.nodes[0] ? undefined : { role: 'follower', upstream: 'n0' }),
        );
      await this.pass(500);
      const events = EVENTS_MIN + Math.floor(this.random() * (EVENTS_MAX - EVENTS_MIN));
      for (let i = 0; i < events; i++) await this.#event();
      this.isHealing = true;
      this.note('---- healing');
      await this.#heal();
      await this.#end();
    } catch (error) {
      throw this.#explained(error as Error);
    } finally {
      for (const end of unobserved) end();
    }
    return createHash('sha256').update(this.trace.join('\n')).digest('hex');
  }

  async #event(): Promise<void> {
    const total = this.#events.reduce((sum, { weight }) => sum + weight, 0);
    let at = this.random() * total;
    const event = this.#events.find(({ weight }) => {
      at -= weight;
      return at < 0;
    });
    if (await event?.run(this)) this.count((event as Event).name);
    const longMs = this.chance(0.08) ? 7_000 : 250;
    await this.pass(this.random() * longMs);
  }

  /** Lets time go on, and looks. */
  async pass(ms: number): Promise<void> {
    /** In a row, in which no timer is due. */
    let quietSteps = 0;
    for (let left = ms; left > 0; left -= STEP_MS) {
      quietSteps = this.clock.untilNextMs > STEP_MS ? quietSteps + 1 : 0;
      if (quietSteps > QUIET_STEPS) left -= this.#skip(left);
      await this.clock.advance(Math.min(left, STEP_MS));
      for (const node of this.nodes) this.#watching(() => this.#look(node));
      const [error] = this.network.errors;
      if (error) this.#fails(error);
      if (this.#violation) throw this.#violation;
    }
  }

  /** Goes on to the step in which the next timer is due. @returns by how much. */
  #skip(msMax: number): number {
    const steps = Math.ceil(Math.min(msMax, this.clock.untilNextMs) / STEP_MS) - 1;
    this.clock.stall(steps * STEP_MS);
    return steps * STEP_MS;
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    const endMs = this.clock.monotonicMs() + HEALED_MS_MAX;
    while (!condition()) {
      if (this.clock.monotonicMs() > endMs)
        throw new Violation(`without faults, ${what} within ${HEALED_MS_MAX / 1_000} s\n${this.#states()}`);
      await this.pass(50);
    }
  }

  #look(node: SimulatedNode): void {
    // A node that stops still trims its log, and gives up places.
    if (node.state === 'stopping' && node.store.data.isServing) this.#lookAtPlaces(node);
    if (node.state !== 'up') return;
    const [fatal] = node.test.fatal;
    if (fatal) throw new Violation(`nothing is fatal: ${fatal.stack}`);
    lookAtWaits(node);
    if (!node.isServing) return;
    node.promised();
    this.#leadership.look(node);
    this.#lookAtPlaces(node);
    const now = this.history.at(node.store.data.position);
    const before = node.seen;
    if (before === now) return;
    node.seen = now;
    if (before) this.#accountFor(node, before, now);
    node.durableAtPowerCut = undefined;
    node.acceptedLoss = false;
  }

  /** What a known follower that is away has not seen is kept for it, over restarts too, until it is let go or forgotten. */
  #lookAtPlaces(node: SimulatedNode): void {
    const { store } = node;
    const { base } = store.data.log;
    const known = new Map(store.followers.all.map((follower) => [follower.nodeId, follower]));
    if (node.logName === node.placesIn && this.#twofold.size === 0)
      for (const [nodeId, offset] of node.places) {
        const follower = known.get(nodeId);
        if (follower?.keepsPlace && !follower.connected && follower.appendedOffset === offset && offset < base.offset)
          throw new Violation(
            `what a known follower has not seen is kept for it: ${follower.address} stands at ${offset}, the log of ${node.address} begins after ${base.offset}`,
          );
      }
    // A position that has just been reported may lie outside of the log: its place is given up once that is on disk.
    const placed = [...known.values()].filter(
      ({ nodeId, appendedOffset }) => store.followers.keepsPlaceOf(nodeId) && appendedOffset >= base.offset,
    );
    node.places = new Map(placed.map(({ nodeId, appendedOffset }) => [nodeId, appendedOffset]));
    node.placesIn = node.logName;
    for (const { connected, appendedOffset } of placed)
      if (!connected && appendedOffset === base.offset) this.count('log kept for one that is away');
  }

  /** A node leaves a history only by a way that keeps or names what it leaves. */
  #accountFor(node: SimulatedNode, before: Place, now: Place): void {
    const left = notOnTheWay(before, now);
    if (left.length === 0) return;
    this.note(`${node.address} leaves ${left.length} blocks: was at ${before.key}, is at ${now.key}`);
    this.count('history left');
    const kept = this.#kept();
    for (const place of left) {
      const byPower = node.durableAtPowerCut !== undefined && place.offset > node.durableAtPowerCut;
      if (node.acceptedLoss || this.isTwofold(place)) this.#excused.add(place);
      else if (byPower) this.#lostToPower.add(place);
      else if (kept.has(place.bytes.toString('latin1'))) this.count('write kept in lost-writes');
      else
        throw new Violation(
          `what is left is kept: ${node.address} went from ${before.key} to ${now.key}, and ${place.key} is nowhere`,
        );
    }
  }

  /** Where a log has been trimmed, two pasts under one ID cannot be told apart any more. */
  isTwofold(place: Place): boolean {
    for (let at: Place | undefined = place; at; at = at.parent) if (this.#twofold.has(at)) return true;
    return false;
  }

  /** The blocks that nodes have put aside. */
  #kept(): Set<string> {
    const blocks = this.nodes.flatMap((node) => [...node.kept('lost-writes'), ...node.kept('damaged')]);
    return new Set(blocks.map((bytes) => bytes.toString('latin1')));
  }

  #watch(line: Line): void {
    const name = `${line.from}→${line.to}`;
    line.onUp = (frame) => this.note(`${name} up ${frame.kind}`);
    line.onDown = (frame) => {
      this.note(`${name} down ${frame.kind}`);
      if (frame.kind === 'continue') this.#watching(() => this.#judgePartial(line));
      if (frame.kind === 'fullResync') this.#watching(() => this.#judgeFull(line, frame.reason));
      if (frame.kind === 'refuse') this.count(`refused ${frame.reason}`);
      this.#watching(() => this.#leadership.sent(line, frame));
    };
  }

  /** The oracle: what the logs of both sides allow, from the tree of all blocks. */
  #partialAllowed(line: Line): boolean | undefined {
    const [handshake] = line.answered;
    const upstream = this.nodes.find(({ address }) => address === line.to);
    if (handshake?.kind !== 'handshake' || !upstream?.isServing) return undefined;
    const { offset } = handshake.position;
    if (handshake.full || handshake.keyspaceIncomplete || handshake.keyspaceOffset > offset) return false;
    const asked = this.history.find(handshake.position);
    const { base, end } = upstream.store.data.log;
    return asked !== undefined && offset >= base.offset && leadsTo(asked, this.history.at(end));
  }

  #judgePartial(line: Line): void {
    this.count('partial resync');
    if (this.#partialAllowed(line) === false)
      throw new Violation(`a partial resync continues a past that both sides share: ${line.from} from ${line.to}`);
  }

  #judgeFull(line: Line, reason: string): void {
    this.count(`full resync ${reason.split(':')[0]}`);
    const [handshake] = line.answered;
    // Who holds nothing has nothing to continue.
    if (handshake?.kind === 'handshake' && handshake.position.offset === 0) return;
    if (this.#partialAllowed(line))
      throw new Violation(`no resync is full where a partial one is allowed: ${line.from} from ${line.to}, ${reason}`);
  }

  // ---- the end ----------------------------------------------------------------

  async #heal(): Promise<void> {
    for (const line of this.network.lines) line.release();
    await this.#until('who starts is up, and who stops is down', () =>
      this.nodes.every(({ state }) => state === 'up' || state === 'down'),
    );
    for (const node of this.nodes.filter(({ state }) => state === 'down')) await this.#bringUp(node);
    await this.#until('all are up', () => this.nodes.every(({ state }) => state === 'up'));
    const root = await this.#newLeader();
    const placed = [root];
    let overSlowLine = false;
    for (const node of this.nodes) {
      if (node === root) continue;
      const isSlow = ({ address }: SimulatedNode) => this.lineSpeeds.speed(node.address, address) !== undefined;
      const parent = placed.find((one) => isSlow(one) && this.chance(0.7)) ?? this.pick(placed);
      if (isSlow(parent)) overSlowLine = true;
      placed.push(node);
      this.begin(`follow ${parent.address}`, node, () => node.follow(parent.address));
    }
    await this.#until('what was begun ends', () => this.#inHand.size === 0);
    if (overSlowLine) {
      this.count('large value over a slow line');
      this.write(root, [writeOfLarge(this.random)]);
      await this.#until('the large write ends', () => this.#inHand.size === 0);
    }
    await this.#until('all are level with their leader', () => {
      this.#giveUpWhatIsRefused();
      this.#insist(root);
      this.#tellByWriting(root);
      this.#sendToTheLeader(root);
      return this.nodes.every(
        (node) =>
          node.isServing &&
          keyOf(node.store.data.position) === keyOf(root.store.data.position) &&
          (node === root || node.link.status.state === 'streaming'),
      );
    });
  }

  /** A leader whose keyspace is ahead of its log opens only to follow. */
  async #bringUp(node: SimulatedNode): Promise<void> {
    this.begin('last start', node, async () => {
      try {
        await node.start();
      } catch (error) {
        if (!HeadwaterError.is(error, 'keyspace_incomplete')) throw error;
        this.count('leader incomplete');
        await node.start({ role: 'follower', upstream: this.pick(this.nodes).address });
      }
    });
    await this.#until(`${node.address} is up`, () => node.state === 'up');
  }

  async #newLeader(): Promise<SimulatedNode> {
    await this.pass(100);
    const root =
      this.any((node) => node.isServing && node.store.data.position.offset > 0) ?? this.any((node) => node.isServing);
    if (!root) throw new Violation(`some node serves\n${this.#states()}`);
    let promoted = false;
    this.begin('promote, for good', root, async () => {
      await root.replication.promote();
      promoted = true;
    });
    await this.#until('the promotion ends', () => promoted);
    return root;
  }

  /** A leader that hears of a later one from below takes no writes, until a person says that it is the one. */
  #insist(root: SimulatedNode): void {
    if (!root.store.roles.supersededBy || this.#inHand.size > 0) return;
    this.count('leader superseded');
    this.begin('promote once more', root, async () => {
      await root.replication.promote();
    });
  }

  /** Nodes further down that lived under as late an epoch wait for what their upstream lacks: only a write tells them that it never comes. */
  #tellByWriting(root: SimulatedNode): void {
    const { epoch } = root.store.data.log.history.lineage;
    const waits = (node: SimulatedNode) =>
      node.isServing && node.link.status.state === 'waiting' && node.store.data.log.history.lineage.epoch >= epoch;
    if (this.#inHand.size > 0 || root.store.roles.supersededBy || !this.nodes.some(waits)) return;
    this.count('told by a write');
    this.write(root, []);
  }

  /** A node of a later epoch waits below a follower of an older one: the leader itself has to meet it. */
  #sendToTheLeader(root: SimulatedNode): void {
    for (const node of this.nodes) {
      const waits =
        node.isServing && node.link.status.state === 'waiting' && node.store.roles.upstream !== root.address;
      // A hand-over that was under way before somebody else was promoted may end in a leader that nobody follows.
      const leadsToo = node.leads && node !== root;
      if (!waits && !leadsToo) node.waitsSinceMs = this.clock.monotonicMs();
      if (this.clock.monotonicMs() - node.waitsSinceMs < ASKED_AGAIN_MS) continue;
      node.waitsSinceMs = this.clock.monotonicMs();
      this.count('sent to the leader');
      this.begin(`follow ${root.address}, which leads`, node, () => node.follow(root.address));
    }
  }

  /** As a person would who has read why. */
  #giveUpWhatIsRefused(): void {
    for (const node of this.nodes) {
      // It holds for one resync; where its upstream lost its data in the meantime, it is asked for again.
      if (node.state !== 'up' || node.store.roles.role === 'leader') continue;
      if (this.clock.monotonicMs() - node.acceptedAtMs < ASKED_AGAIN_MS) continue;
      // It may have been sent on to another one than it was told to follow.
      const { error, address, state } = node.link.status;
      // Over a slow line it takes longer than a person has patience.
      if (state === 'loading') continue;
      if (!/refused to resync \((TAIL_NOT_IN_LOG|NO_COMMON_HISTORY|OTHER_CLUSTER)\)/.test(error)) continue;
      this.count('loss accepted');
      node.acceptedLoss = true;
      node.acceptedAtMs = this.clock.monotonicMs();
      this.begin(`follow ${address}, accepting the loss`, node, () => node.follow(address, { acceptDataLoss: true }));
    }
  }

  async #end(): Promise<void> {
    for (const cancel of this.#goodbyes) cancel();
    for (const node of this.nodes) this.begin('inspect', node, () => this.inspect(node));
    await this.#until('digests are made', () => this.#inHand.size === 0);
    const end = this.history.at((this.nodes[0] as SimulatedNode).store.data.position);
    for (const { value, place, node } of this.#acknowledged) {
      if (leadsTo(place, end) || this.#excused.has(place)) continue;
      const promised = this.#promised.get(place);
      if (this.#lostToPower.has(place) && promised === undefined) continue;
      if (!this.#kept().has(place.bytes.toString('latin1')))
        throw new Violation(
          `every acknowledged write is there or accounted for: ${value} of ${node.address} at ${place.key}${promised === undefined ? '' : `, which was ${promised}`}`,
        );
    }
    for (const node of this.nodes) this.begin('let go of the log', node, () => this.#letGo(node));
    await this.#until('sessions end', () => this.#inHand.size === 0);
    for (const node of this.nodes) this.begin('last stop', node, () => node.stop());
    await this.#until('all stop', () => this.#inHand.size === 0);
    await this.pass(100);
    this.#nothingHangs();
  }

  /** Once its sessions have ended, and those who had them are forgotten, nothing pins a log. */
  async #letGo(node: SimulatedNode): Promise<void> {
    await node.replication.close(new HeadwaterError('shutting_down', 'the node is shutting down'));
    // Sessions end a moment after their channels.
    await new Promise<void>((resolve) => void this.clock.after(100, resolve));
    await (await node.store.snapshots.at()).release();
    for (const { nodeId } of node.store.followers.all) await node.store.followers.forget(nodeId);
    const { offset } = node.store.data.log.end;
    const base = await node.store.data.log.trimming.trim(offset);
    if (base !== offset)
      throw new Violation(
        `nothing pins a log when all sessions have ended: ${node.address} kept what follows ${base}, its end is ${offset}`,
      );
  }

  #nothingHangs(): void {
    for (const { address, disk } of this.nodes) {
      if (disk.opened.length > 0) throw new Violation(`no database stays open: ${address} ${disk.opened.join(', ')}`);
      if (disk.snapshots !== 0) throw new Violation(`no snapshot stays open: ${address} has ${disk.snapshots}`);
    }
    if (this.clock.waiting > 0) throw new Violation(`no timer is left: ${this.clock.waiting} are`);
    const open = this.network.lines.filter(({ ended }) => !ended);
    if (open.length > 0)
      throw new Violation(`no session is left: ${open.map(({ from, to }) => `${from}→${to}`).join(', ')}`);
  }

  #watching(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#fails(error);
    }
  }

  #fails(error: unknown): void {
    this.#violation ??= error as Error;
  }

  #states(): string {
    const inHand = [...this.#inHand.values()].map(({ name, node }) => `  ${node.address} has in hand: ${name}`);
    return [...this.nodes.map((node) => `  ${stateOf(node)}`), ...inHand].join('\n');
  }

  #explained(error: Error): Error {
    const lines = this.trace.slice(-SHOWN_LINES).map((line) => `    ${line}`);
    const what = error instanceof Violation ? `does not hold: ${error.message}` : `failed: ${error.stack}`;
    const repeat = `HEADWATER_SEED=${this.seed} npm run simulate`;
    return Object.assign(
      new Violation(
        `seed ${this.seed} ${what}\n  the last events (microseconds first):\n${lines.join('\n')}\n${this.#states()}\n  repeat it with: ${repeat}`,
      ),
      { cause: error },
    );
  }
}

function stateOf(node: SimulatedNode): string {
  if (node.state !== 'up') return `${node.address} is ${node.state}`;
  const { store, link } = node;
  const where = store.data.isServing ? keyOf(store.data.position) : `not serving: ${store.data.notServing?.message}`;
  if (store.roles.role === 'leader') return `${node.address} leads, ${where}`;
  return `${node.address} follows ${store.roles.upstream} (${link.status.state} ${link.status.error}), ${where}`;
}
