/**
 * Reads to the nearest node, writes to the leader. One session goes to the
 * leader, another to the node with the least round-trip time; which that is, is
 * found from the addresses that the client was given and from what the nodes
 * know of each other, and looked at again now and then.
 *
 * What consistency `session` promises, over both sessions: a read sees every
 * write that this client asked for before it, and nothing older than what the
 * client had been answered when it asked. For the second, messages carry the
 * newest position seen; for the first, while a write is unanswered (and so has
 * no position) reads go behind it to the leader.
 */
import { HeadwaterError } from '../errors.js';
import type { Guarantees } from '../guarantees.js';
import { NEAREST_AVOID_MS, NEAREST_FRESH_WITHIN_MS, NEAREST_PROBE_MS, NEAREST_REFRESH_MS } from '../limits.js';
import type { OperationKind } from '../operation.js';
import type { Position } from '../position.js';
import { STATUS } from '../rpc/definitions.js';
import type { NodeStatus } from '../wire/admin.js';
import type { OutgoingOperation } from '../wire/kv.js';
import type { Asker } from './asker.js';
import { Connection, type ConnectionOwner } from './connection.js';
import type { CallOptions, Settings } from './options.js';
import type { ReadReply } from './pending.js';
import { Seen } from './seen.js';
import { Session } from './session.js';

/** Nodes are asked for their neighbours so many times over: chains are seldom longer. */
const DISCOVERY_ROUNDS = 4;

/** Nothing is sent over a stream that only shows that the node is there. */
const NOBODY: ConnectionOwner = { answered: () => {}, moved: () => {}, closed: () => {}, saw: () => {} };

interface Probed {
  readonly address: string;
  readonly roundTripMs: number;
  readonly status: NodeStatus;
}

interface Reads {
  readonly session: Session;
  readonly address: string;
}

export class Router implements Asker {
  readonly #seeds: readonly string[];
  readonly #settings: Settings;
  readonly #seen = new Seen();
  #leader: Session;
  /** Undefined where reads go to the leader too. */
  #reads: Reads | undefined;
  /** Writes that are unanswered. */
  #writing = 0;
  /** Until then the nearest node is let be, by the monotonic clock. */
  #avoidUntilMs = 0;
  #lookedMs = 0;
  #looking = false;
  #closed = false;

  constructor(seeds: readonly string[], settings: Settings) {
    this.#seeds = seeds;
    this.#settings = settings;
    this.#leader = new Session(seeds, settings, { seen: this.#seen });
  }

  get address(): string | undefined {
    return this.#leader.address;
  }

  get ended(): AbortSignal {
    return this.#leader.ended;
  }

  get position(): Position | undefined {
    return this.#seen.position;
  }

  get timeoutMs(): number {
    return this.#settings.timeoutMs;
  }

  async connect(): Promise<void> {
    const nodes = await this.#discover();
    const leader = nodes.find(({ status }) => status.role === 'leader');
    // A leader that is known is gone to directly: a read for which a follower is not fresh enough goes there too.
    if (leader) {
      const seeds = [leader.address, ...this.#seeds.filter((seed) => seed !== leader.address)];
      this.#leader = new Session(seeds, this.#settings, { seen: this.#seen });
    }
    await this.#leader.connect();
    await this.#goToNearest(nodes);
  }

  ask<K extends OperationKind, Result>(
    operation: OutgoingOperation,
    writes: boolean,
    read: ReadReply<K, Result>,
    options: CallOptions | undefined,
  ): Promise<Result> {
    const atLeader = () => this.#leader.ask<K, Result>(operation, writes, read, options);
    if (writes) {
      this.#writing++;
      const asked = atLeader();
      const answered = () => {
        this.#writing--;
      };
      asked.then(answered, answered);
      return asked;
    }
    const nearest = this.#nearest();
    if (!nearest) return atLeader();
    return nearest.ask<K, Result>(operation, false, read, options).catch((error) => {
      if (!HeadwaterError.is(error, 'unavailable')) throw error;
      this.#avoidUntilMs = performance.now() + NEAREST_AVOID_MS;
      return atLeader();
    });
  }

  /** Of the leader: what was asked there before is what a call beside the pipeline may not see yet. */
  settled(options: CallOptions): Promise<void> {
    return this.#leader.settled(options);
  }

  ready(options?: CallOptions): Promise<Connection> {
    return this.#leader.ready(options);
  }

  guarantees(options: CallOptions): Guarantees | undefined {
    return this.#leader.guarantees(options);
  }

  async close(timeoutMs?: number): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#leader.close(timeoutMs), this.#reads?.session.close(timeoutMs)]);
  }

  /** Where a read goes; undefined for the leader. */
  #nearest(): Session | undefined {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs >= NEAREST_REFRESH_MS && !this.#looking) void this.#lookAgain();
    if (this.#settings.consistency === 'session' && this.#writing > 0) return undefined;
    return nowMs < this.#avoidUntilMs ? undefined : this.#reads?.session;
  }

  // ---- which is nearest ---------------------------------------------------------

  /** A failure leaves things as they are until the next look. */
  async #lookAgain(): Promise<void> {
    this.#looking = true;
    try {
      await this.#goToNearest(await this.#discover());
    } catch {
      // Nobody could be reached: what there is will find somebody, or say so to whoever asks.
    } finally {
      this.#looking = false;
    }
  }

  async #goToNearest(nodes: readonly Probed[]): Promise<void> {
    this.#lookedMs = performance.now();
    const ranked = nodes.filter((node) => this.#serves(node)).sort((a, b) => a.roundTripMs - b.roundTripMs);
    const [nearest] = ranked;
    if (!nearest || nearest.status.role === 'leader') return this.#readFrom(undefined);
    if (nearest.address === this.#reads?.address) return;
    // Behind it, where to go when it is gone: the next ones, the leader last.
    const seeds = new Set([...ranked.map(({ address }) => address), ...nodes.map(({ address }) => address)]);
    const session = new Session(
      [...seeds],
      { ...this.#settings, redirect: false },
      { seen: this.#seen, mayBeBehind: true, freshWithinMs: NEAREST_FRESH_WITHIN_MS },
    );
    try {
      await session.connect();
    } catch {
      return this.#readFrom(undefined);
    }
    this.#readFrom({ session, address: nearest.address });
  }

  #serves({ status }: Probed): boolean {
    if (status.unavailable !== '') return false;
    if (status.role === 'leader') return this.#settings.readFrom === 'nearest';
    return status.upstream?.state === 'streaming';
  }

  /** What the session before has in hand is answered there. */
  #readFrom(reads: Reads | undefined): void {
    const before = this.#reads;
    this.#reads = reads;
    void before?.session.close();
    if (this.#closed) void reads?.session.close();
  }

  /** Everybody who can be reached, each once, with how long that takes. */
  async #discover(): Promise<Probed[]> {
    const asked = new Set<string>();
    const found = new Map<string, Probed>();
    let next: readonly string[] = this.#seeds;
    for (let round = 0; round < DISCOVERY_ROUNDS && next.length > 0; round++) {
      for (const address of next) asked.add(address);
      const probed = (await Promise.all(next.map(probe))).filter((one) => one !== undefined);
      for (const one of probed) if (!found.has(one.status.nodeId)) found.set(one.status.nodeId, one);
      const neighbours = probed.flatMap(({ status }) => [
        status.upstream?.address ?? '',
        ...status.followers.map(({ address }) => address),
      ]);
      next = [...new Set(neighbours)].filter((address) => address !== '' && !asked.has(address));
    }
    return [...found.values()];
  }
}

/** The better of two round trips over a connection that stands; undefined where the node cannot be reached. */
async function probe(address: string): Promise<Probed | undefined> {
  const timeoutMs = NEAREST_PROBE_MS;
  try {
    const { signal } = new AbortController();
    const connection = await Connection.open(address, NOBODY, { timeoutMs, signal });
    try {
      let roundTripMs = Number.POSITIVE_INFINITY;
      let status: NodeStatus | undefined;
      for (let i = 0; i < 2; i++) {
        const askedMs = performance.now();
        status = await connection.unary(STATUS, undefined, { timeoutMs });
        roundTripMs = Math.min(roundTripMs, performance.now() - askedMs);
      }
      return status && { address, roundTripMs, status };
    } finally {
      await connection.hangUp();
    }
  } catch {
    return undefined;
  }
}
