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
import { HeadwaterError } from '../base/errors.js';
import {
  NEAREST_ANSWER_MS_MAX,
  NEAREST_AVOID_MS,
  NEAREST_FRESH_WITHIN_MS,
  NEAREST_REFRESH_MS,
} from '../base/limits.js';
import type { Guarantees } from '../model/guarantees.js';
import type { OperationKind } from '../model/operation.js';
import type { Position } from '../model/position.js';
import type { OutgoingOperation } from '../wire/kv.js';
import type { Caller } from './caller.js';
import type { Connection } from './connection.js';
import { discover, leaderAmong, type Probed } from './discovery.js';
import { NewestPosition } from './newest-position.js';
import type { CallOptions, Settings } from './options.js';
import type { ReadReply } from './pending-command.js';
import { Session } from './session.js';

/** Refusals of a follower after which the client asks the leader. */
const ASK_LEADER: ReadonlySet<string> = new Set([
  'unavailable',
  'deadline_exceeded',
  'unreachable',
  'overloaded',
  'shutting_down',
  'store_latched',
  'keyspace_incomplete',
]);

interface Reads {
  readonly session: Session;
  readonly address: string;
}

export class Router implements Caller {
  readonly #seeds: readonly string[];
  readonly #settings: Settings;
  readonly #seen = new NewestPosition();
  #leader: Session;
  /** Undefined where reads go to the leader too. */
  #reads: Reads | undefined;
  /** Writes that are unanswered. */
  #writing = 0;
  /** Until then the nearest node is let be, by the monotonic clock. */
  #avoidUntilMs = 0;
  #lookedMs = 0;
  /** Looks in a row that found reads elsewhere than at the node chosen for them. */
  #displacedLooks = 0;
  #looking = false;
  #closed = false;

  constructor(seeds: readonly string[], settings: Settings) {
    this.#seeds = seeds;
    this.#settings = settings;
    this.#leader = new Session(seeds, settings, { seen: this.#seen, isGuided: true });
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
    const nodes = await discover(this.#seeds);
    const leader = leaderAmong(nodes);
    // A leader that is known is gone to directly: a read for which a follower is not fresh enough goes there too.
    if (leader) {
      const seeds = [leader.address, ...this.#seeds.filter((seed) => seed !== leader.address)];
      this.#leader = new Session(seeds, this.#settings, { seen: this.#seen, isGuided: true });
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
    const askedMs = performance.now();
    return nearest.ask<K, Result>(operation, false, read, this.#atNearest(options)).catch((error) => {
      if (!HeadwaterError.is(error) || !ASK_LEADER.has(error.code)) throw error;
      this.#letBe(error.code);
      const timeoutMs = Math.floor((options?.timeoutMs ?? this.timeoutMs) - (performance.now() - askedMs));
      if (timeoutMs <= 0) throw error;
      return this.#leader.ask<K, Result>(operation, false, read, { ...options, timeoutMs });
    });
  }

  /** A part of the time of a call: in the rest the leader can answer. */
  #atNearest(options: CallOptions | undefined): CallOptions | undefined {
    if (options?.timeoutMs === undefined) return options;
    return { ...options, durability: undefined, timeoutMs: atNearestMs(options.timeoutMs) };
  }

  /** The nearest node is not asked for a while; if it does not answer at all, somebody else may be the nearest. */
  #letBe(code: string): void {
    this.#avoidUntilMs = performance.now() + NEAREST_AVOID_MS;
    if (code !== 'unavailable') this.#lookedMs = Number.NEGATIVE_INFINITY;
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
    if (nowMs - this.#lookedMs >= this.#lookAgainMs && !this.#looking) void this.#lookAgain();
    if (this.#settings.consistency === 'session' && this.#writing > 0) return undefined;
    return nowMs < this.#avoidUntilMs ? undefined : this.#reads?.session;
  }

  // ---- which is nearest ---------------------------------------------------------

  /** A failure leaves things as they are until the next look. */
  async #lookAgain(): Promise<void> {
    this.#looking = true;
    try {
      const nodes = await discover(this.#seeds);
      void this.#leader.consider(nodes);
      await this.#goToNearest(nodes);
    } catch {
      // Nobody could be reached: what there is will find somebody, or say so to whoever asks.
    } finally {
      this.#looking = false;
    }
  }

  /** Soon, if reads are not where they belong: a follower that restarts is back within seconds. */
  get #isDisplaced(): boolean {
    const reads = this.#reads;
    return reads ? reads.session.address !== reads.address : this.#settings.readFrom === 'followers';
  }

  get #lookAgainMs(): number {
    if (!this.#isDisplaced) return NEAREST_REFRESH_MS;
    return Math.min(NEAREST_REFRESH_MS, NEAREST_AVOID_MS * 2 ** Math.min(this.#displacedLooks, 10));
  }

  async #goToNearest(nodes: readonly Probed[]): Promise<void> {
    this.#lookedMs = performance.now();
    this.#displacedLooks = this.#isDisplaced ? this.#displacedLooks + 1 : 0;
    const ranked = nodes.filter((node) => this.#serves(node)).sort((a, b) => a.roundTripMs - b.roundTripMs);
    const [nearest] = ranked;
    if (!nearest || nearest.status.role === 'leader') return this.#readFrom(undefined);
    if (nearest.address === this.#reads?.session.address) return;
    // Behind it, where to go when it is gone: the next ones, the leader last.
    const seeds = new Set([...ranked.map(({ address }) => address), ...nodes.map(({ address }) => address)]);
    const session = new Session(
      [...seeds],
      { ...this.#settings, redirect: false, timeoutMs: atNearestMs(this.#settings.timeoutMs) },
      { seen: this.#seen, freshWithinMs: NEAREST_FRESH_WITHIN_MS },
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
}

/** How long a read waits for its nearest node, of the time that it has. */
function atNearestMs(timeoutMs: number): number {
  return Math.min(NEAREST_ANSWER_MS_MAX, Math.ceil(timeoutMs / 2));
}
