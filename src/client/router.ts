/**
 * Sends reads to the nearest node and writes to the leader. The router has a session with the leader, and another with
 * the node that has the least round-trip time. That node is found from the client's addresses and from the nodes known
 * there. The search is repeated now and then.
 *
 * Consistency `session` promises, over both sessions: a read sees every write that this client sent before it. The read
 * sees nothing older than the answers that the client had when it sent the read. For the second promise, messages carry
 * the newest position seen. For the first, reads follow unanswered writes, which have no position yet, to the leader.
 */

import { doubledMs } from '../base/back-off.js';
import { HeadwaterError } from '../base/errors.js';
import {
  NEAREST_ANSWER_MS_MAX,
  NEAREST_AVOID_MS,
  NEAREST_FRESH_WITHIN_MS,
  NEAREST_REFRESH_MS,
} from '../base/limits.js';
import type { Guarantees } from '../model/guarantees.js';
import type { OperationKind, OutgoingOperation } from '../model/operation.js';
import type { Position } from '../model/position.js';
import type { Caller } from './caller.js';
import type { Connection } from './connection.js';
import type { ConnectionState } from './connection-state.js';
import { discover, leaderAmong, type Probed } from './discovery.js';
import type { Listeners } from './events.js';
import { NewestPosition } from './newest-position.js';
import type { CallOptions, ClientSettings } from './options.js';
import type { ReadReply } from './pending-command.js';
import { GivenSeeds, type Seeds } from './seeds.js';
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
  readonly #seeds: Seeds;
  readonly #settings: ClientSettings;
  readonly #listeners: Listeners;
  readonly #seen = new NewestPosition();
  #leader: Session;
  /** The session for reads, undefined if reads go to the leader too. */
  #reads: Reads | undefined;
  /** The session for reads that is not connected yet. */
  #nextReads: Session | undefined;
  /** The number of unanswered writes. */
  #writing = 0;
  /** The time until which the nearest node is not asked, by the monotonic clock. */
  #avoidUntilMs = 0;
  #lookedMs = 0;
  /** Looks in a row that found reads elsewhere than at the node chosen for them. */
  #displacedLooks = 0;
  #looking = false;
  #closed = false;

  constructor(seeds: Seeds, settings: ClientSettings, listeners: Listeners) {
    this.#listeners = listeners;
    this.#seeds = seeds;
    this.#settings = settings;
    this.#leader = this.#sessionOver(seeds);
  }

  get connection(): ConnectionState {
    const state = this.#leader.connection;
    const reads = this.#reads?.session.connection.address;
    return reads === undefined || state.status === 'closed' ? state : { ...state, readsFrom: reads };
  }

  get ended(): AbortSignal {
    return this.#leader.ended;
  }

  get position(): Position | undefined {
    return this.#seen.position;
  }

  get settings(): ClientSettings {
    return this.#settings;
  }

  async connect(): Promise<void> {
    await this.#seeds.renew(this.#settings.connectTimeoutMs);
    const nodes = await discover(this.#seeds.addresses, this.#settings.dial);
    // A session that is made after `close` would never be closed.
    if (this.#closed) throw this.ended.reason;
    const leader = leaderAmong(nodes);
    // The client connects to a known leader directly, since reads for which a follower is too stale go there too.
    if (leader) this.#leader = this.#sessionOver(this.#seeds.beginningWith(leader.address));
    await this.#leader.connect();
    await this.#goToNearest(nodes);
  }

  consider(): Promise<void> {
    return this.#lookAgain();
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
      const timeoutMs = Math.floor((options?.timeoutMs ?? this.#settings.timeoutMs) - (performance.now() - askedMs));
      if (timeoutMs <= 0) throw error;
      return this.#leader.ask<K, Result>(operation, false, read, { ...options, timeoutMs });
    });
  }

  /** A session with the leader among those nodes. */
  #sessionOver(seeds: Seeds): Session {
    return new Session(seeds, this.#settings, { seen: this.#seen, isGuided: true, listeners: this.#listeners });
  }

  /** Gives the nearest node a part of the call's time. In the rest the leader can answer. */
  #atNearest(options: CallOptions | undefined): CallOptions | undefined {
    if (options?.timeoutMs === undefined) return options;
    return { ...options, durability: undefined, timeoutMs: atNearestMs(options.timeoutMs) };
  }

  /** Stops asking the nearest node for a while. If the node does not answer at all, another may be the nearest now. */
  #letBe(code: string): void {
    this.#avoidUntilMs = performance.now() + NEAREST_AVOID_MS;
    if (code !== 'unavailable') this.#lookedMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Waits for the leader's session: a call beside the pipeline may not see the writes of earlier commands there yet.
   */
  settled(options: CallOptions, reads: boolean): Promise<void> {
    return this.#leader.settled(options, reads);
  }

  ready(options?: CallOptions): Promise<Connection> {
    return this.#leader.ready(options);
  }

  guarantees(options: CallOptions): Guarantees | undefined {
    return this.#leader.guarantees(options);
  }

  async close(timeoutMs?: number): Promise<void> {
    this.#closed = true;
    const sessions = [this.#leader, this.#reads?.session, this.#nextReads].filter((one) => one !== undefined);
    await Promise.all(sessions.map((session) => session.close(timeoutMs)));
  }

  /** The session that a read goes to, undefined for the leader. */
  #nearest(): Session | undefined {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs >= this.#lookAgainMs && !this.#looking) void this.#lookAgain();
    if (this.#settings.consistency === 'session' && this.#writing > 0) return undefined;
    return nowMs < this.#avoidUntilMs ? undefined : this.#reads?.session;
  }

  // ---- which is nearest ---------------------------------------------------------

  /** Looks for the nearest node. A failure changes nothing until the next look. */
  async #lookAgain(): Promise<void> {
    this.#looking = true;
    try {
      const nodes = await discover(this.#seeds.addresses, this.#settings.dial);
      void this.#leader.consider(nodes);
      await this.#goToNearest(nodes);
    } catch {
      // No node could be reached. The present sessions reconnect, or report an error to their callers.
    } finally {
      this.#looking = false;
    }
  }

  /**
   * True if reads do not go where they belong. The next look is then soon: a follower that restarts is back within
   * seconds.
   */
  get #isDisplaced(): boolean {
    const reads = this.#reads;
    return reads ? reads.session.connection.address !== reads.address : this.#settings.readFrom === 'followers';
  }

  get #lookAgainMs(): number {
    if (!this.#isDisplaced) return NEAREST_REFRESH_MS;
    return doubledMs(NEAREST_AVOID_MS, this.#displacedLooks, NEAREST_REFRESH_MS);
  }

  async #goToNearest(nodes: readonly Probed[]): Promise<void> {
    if (this.#closed) return;
    this.#lookedMs = performance.now();
    this.#displacedLooks = this.#isDisplaced ? this.#displacedLooks + 1 : 0;
    const ranked = nodes.filter((node) => this.#serves(node)).sort((a, b) => a.roundTripMs - b.roundTripMs);
    const [nearest] = ranked;
    if (!nearest || nearest.status.role === 'leader') return this.#readFrom(undefined);
    if (nearest.address === this.#reads?.session.connection.address) return;
    // Behind the nearest node stand the nodes to use when it is gone: the next ones, the leader last.
    const seeds = new Set([...ranked.map(({ address }) => address), ...nodes.map(({ address }) => address)]);
    const session = new Session(
      new GivenSeeds([...seeds]),
      { ...this.#settings, redirect: false, timeoutMs: atNearestMs(this.#settings.timeoutMs) },
      { seen: this.#seen, freshWithinMs: NEAREST_FRESH_WITHIN_MS, isSpare: true },
    );
    this.#nextReads = session;
    try {
      await session.connect();
    } catch {
      return this.#readFrom(undefined);
    } finally {
      this.#nextReads = undefined;
    }
    this.#readFrom({ session, address: nearest.address });
  }

  #serves({ status }: Probed): boolean {
    if (status.unavailable !== '') return false;
    if (status.role === 'leader') return this.#settings.readFrom === 'nearest';
    return status.upstream?.state === 'streaming';
  }

  /** Switches reads to another session. The session before still answers its open commands. */
  #readFrom(reads: Reads | undefined): void {
    const before = this.#reads;
    this.#reads = reads;
    void before?.session.close();
    if (this.#closed) void reads?.session.close();
  }
}

/** The part of a read's time that it waits for its nearest node. */
function atNearestMs(timeoutMs: number): number {
  return Math.min(NEAREST_ANSWER_MS_MAX, Math.ceil(timeoutMs / 2));
}
