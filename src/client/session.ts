/**
 * The session between a client's commands and its connection. The session gathers the commands of one turn of the event
 * loop into one message, keeps deadlines, and follows redirects to the leader. If the connection breaks, the session
 * decides what becomes of its commands. The dialler makes the connections.
 *
 * Invariants:
 * - Commands are sent in the order in which they were asked.
 * - A write is sent again only if the node reported that it was not done: by a follower's refusal, or by ending the
 *   stream with `shutting_down`.
 * - An outcome is unknown only if the node has not reported that nothing was done.
 * - A command that is given up before it is sent is never sent.
 */

import { HeadwaterError } from '../base/errors.js';
import {
  ATTEMPTS_MAX,
  CLOSE_MS_MAX,
  FRESH_STEP_MS,
  FRESH_WITHIN_MS_MAX,
  LEADER_LOOK_MS,
  REDIRECTS_MAX,
} from '../base/limits.js';
import type { Guarantees } from '../model/guarantees.js';
import type { OperationKind, OutgoingOperation, Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { isNothingDone } from '../protobuf/error.js';
import type { Caller } from './caller.js';
import type { Connection, ConnectionOwner } from './connection.js';
import { Dialler } from './dialler.js';
import type { Probed } from './discovery.js';
import { guaranteesOf, withFreshness } from './guarantees.js';
import { LeaderSearch } from './leader-search.js';
import type { NewestPosition } from './newest-position.js';
import { measure } from './operations.js';
import { type CallOptions, checkCall, type Settings } from './options.js';
import { PendingCommand, type ReadReply } from './pending-command.js';
import { CommandQueue } from './queue.js';

/** Checks of deadlines in each `timeoutMs`. A command may wait one interval longer. */
const DEADLINE_CHECKS = 10;

const CLOSED = 'the client is closed';

export interface SessionOptions {
  /** The newest position, shared by the sessions of one client. */
  readonly seen: NewestPosition;
  /** The time that a node has to become as fresh as asked. */
  readonly freshWithinMs?: number;
  /** True if the owner looks for the leader from time to time, and reports it by `consider`. */
  readonly isGuided?: boolean;
}

export class Session implements Caller, ConnectionOwner {
  readonly #settings: Settings;
  readonly #options: SessionOptions;
  readonly #dialler: Dialler;
  readonly #search: LeaderSearch;
  #connection: Connection | undefined;
  /**
   * A follower that has refused a write. The answers that it then gives to reads are behind commands that were asked
   * before them.
   */
  #leaving: Connection | undefined;
  /** The connection before, until it has answered its commands. Nothing is sent meanwhile. */
  #retiring: Connection | undefined;
  /** The attempt at a new connection, while it lasts. */
  #connecting: Promise<void> | undefined;
  readonly #queue = new CommandQueue();
  #gathering = false;
  #turnMs = 0;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #closed: HeadwaterError | undefined;

  constructor(seeds: readonly string[], settings: Settings, options: SessionOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#dialler = new Dialler(seeds, settings, this);
    this.#search = new LeaderSearch(seeds);
  }

  /**
   * Connects to the first of the seeds that answers. If another seed leads, connects there.
   * @throws HeadwaterError `unreachable` if none can be reached.
   */
  async connect(): Promise<void> {
    const looking = this.#looks ? this.#search.look(undefined) : undefined;
    this.#attach(await this.#dialler.once());
    if (!looking) return;
    const moved = looking.then((nodes) => this.consider(nodes));
    await Promise.race([moved, new Promise((resolve) => setTimeout(resolve, LEADER_LOOK_MS).unref())]);
  }

  /** True if this session has more than one address, and looks for the leader by itself. */
  get #looks(): boolean {
    return this.#settings.redirect && !this.#options.isGuided && this.#search.hasChoice;
  }

  /** Connects to the leader among those nodes, unless this one leads as late a history. */
  async consider(nodes: readonly Probed[]): Promise<void> {
    const from = this.#connection;
    const leader = this.#settings.redirect && from && this.#search.better(nodes, from.address);
    if (!leader || this.#connecting || this.#retiring || this.#closed) return;
    this.#leaving = from;
    this.#connecting = this.#goTo(leader, from)
      .then((reason) => {
        if (reason) this.#leaving = undefined;
      })
      .finally(() => this.#connected());
    await this.#connecting;
  }

  async #lookAgain(): Promise<void> {
    await this.consider(await this.#search.look(this.address));
  }

  #connected(): void {
    this.#connecting = undefined;
    this.#flush();
  }

  /** The address of the node that commands are sent to, undefined while there is no connection. */
  get address(): string | undefined {
    return this.#connection?.address;
  }

  get position(): Position | undefined {
    return this.#options.seen.position;
  }

  // ---- commands ---------------------------------------------------------------

  /** Sends an operation. A failure to measure it rejects the promise, like every other failure. */
  ask<K extends OperationKind, Result>(
    operation: OutgoingOperation,
    writes: boolean,
    read: ReadReply<K, Result>,
    options: CallOptions | undefined,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const pending = new PendingCommand(operation, measure(operation), writes, read, resolve, reject);
      if (options) pending.guarantees = guaranteesOf(options, options.timeoutMs ?? this.#settings.timeoutMs);
      this.#enqueue(pending, options);
    });
  }

  /** Resolves when all earlier commands are answered. For calls beside the pipeline that read what it writes. */
  async settled(options: CallOptions): Promise<void> {
    if (!this.#isIdle()) await this.ask({ kind: 'ping', message: '' }, false, () => undefined, options);
  }

  #enqueue(pending: PendingCommand, options: CallOptions | undefined): void {
    if (this.#closing) return pending.reject(new HeadwaterError('cancelled', CLOSED));
    if (!this.#gathering) this.#gather();
    pending.askedMs = this.#turnMs;
    const expected = this.#settings.offlineQueueBytesMax;
    if (!this.#connection && this.#queue.bytes + pending.bytes > expected)
      return pending.reject(
        new HeadwaterError('overloaded', `no connection, and more than ${expected} bytes of commands wait for one`),
      );
    if (options) pending.obey(options, () => this.#queue.ended(pending));
    if (!pending.settled) this.#queue.push(pending);
  }

  /** Flushes in a microtask and then the next tick, so that a cascade of resolved promises goes into one message. */
  #gather(): void {
    this.#gathering = true;
    this.#turnMs = performance.now();
    if (this.#looks && this.#search.isDue(this.#turnMs)) void this.#lookAgain();
    queueMicrotask(() => process.nextTick(() => this.#flush()));
    this.#deadlineTimer ??= this.#startDeadlines();
  }

  #flush(): void {
    this.#gathering = false;
    const connection = this.#connection;
    if (!connection) {
      if (!this.#closed) this.#reconnect();
      return;
    }
    if (this.#retiring || this.#connecting) return;
    while (!this.#queue.isEmpty && !connection.full) {
      const batch = this.#queue.take();
      if (batch.length > 0) connection.send(batch, performance.now(), this.#askedInSteps(batch));
    }
    this.#checkIdle();
  }

  /** The guarantees that a call beside the pipeline asks for. */
  guarantees(options: CallOptions): Guarantees | undefined {
    return this.#asked(guaranteesOf(options, options.timeoutMs ?? this.#settings.timeoutMs));
  }

  /**
   * The guarantees of a message. Reads wait for freshness in short steps, so that those behind them on the stream wait
   * no longer.
   */
  #askedInSteps(batch: readonly PendingCommand[]): Guarantees | undefined {
    const asked = this.#asked(batch[0]?.guarantees);
    if (!asked?.freshness || batch.some(({ writes }) => writes)) return asked;
    // Commands that are sent again come first, so the first is the oldest.
    const waitedMs = performance.now() - (batch[0]?.askedMs ?? 0);
    const withinMs = Math.max(1, Math.min(FRESH_STEP_MS, Math.floor(asked.freshness.withinMs - waitedMs)));
    return { ...asked, freshness: { ...asked.freshness, withinMs } };
  }

  /** True if a read that came too early is asked again at the same node, because its time is not over. */
  #asksAgain({ writes, askedMs, guarantees }: PendingCommand, { code, details }: HeadwaterError): boolean {
    if (writes || this.#closing || code !== 'unavailable' || details.cause !== 'NOT_FRESH') return false;
    const { freshWithinMs = FRESH_WITHIN_MS_MAX } = this.#options;
    const withinMs = Math.min(guarantees?.freshness?.withinMs ?? freshWithinMs, freshWithinMs);
    return withinMs > FRESH_STEP_MS && performance.now() - askedMs < withinMs;
  }

  /** Adds the newest position that the client has seen, if it was promised not to go back behind that. */
  #asked(guarantees: Guarantees | undefined): Guarantees | undefined {
    const { seen, freshWithinMs = FRESH_WITHIN_MS_MAX } = this.#options;
    const position = this.#settings.consistency === 'session' ? seen.position : undefined;
    return position || guarantees?.freshness ? withFreshness(guarantees, position, freshWithinMs) : guarantees;
  }

  // ---- events of connections --------------------------------------------------

  /** Consistency `session` never takes back its promise. Loss is reported to the caller, and then forgotten. */
  saw(position: Position, wrote: () => boolean): void {
    const { seen } = this.#options;
    seen.note(position, () => this.#settings.consistency !== 'session' && wrote());
  }

  answered(connection: Connection, pending: PendingCommand, reply: Reply): void {
    if (reply.kind === 'error' && reply.error.code === 'lost_branch')
      this.#options.seen.forget(reply.error.details.replication_id);
    if (this.#settings.redirect && this.#goesElsewhere(connection, pending, reply)) return;
    if (reply.kind !== 'error' || !this.#asksAgain(pending, reply.error)) return pending.answer(reply);
    this.#queue.putBack(pending);
    if (!this.#gathering) this.#gather();
  }

  /** True if the command is, or will be, asked at another node. */
  #goesElsewhere(connection: Connection, pending: PendingCommand, reply: Reply): boolean {
    const refusal = reply.kind === 'error' && isForAnother(reply.error) ? reply.error : undefined;
    if (connection === this.#leaving) {
      return (refusal !== undefined || !pending.writes) && this.#redirected(pending, refusal);
    }
    if (!refusal || connection !== this.#connection || !this.#leaves(connection, refusal)) return false;
    if (!this.#redirected(pending, refusal)) return false;
    this.#leaving = connection;
    this.#connecting = this.#leave(connection, refusal).finally(() => this.#connected());
    return true;
  }

  /** True if another node may do what this one has refused. */
  #leaves({ address }: Connection, { code, details }: HeadwaterError): boolean {
    const knowsLeader = code === 'read_only_follower' && details.leader && details.leader !== address;
    return knowsLeader ? true : this.#search.mayFind(details.address);
  }

  moved(connection: Connection): void {
    if (connection === this.#retiring && connection.idle) {
      this.#retiring = undefined;
      this.#leaving = undefined;
      void connection.hangUp();
    }
    if (this.#queue.isEmpty) this.#checkIdle();
    else this.#flush();
  }

  closed(connection: Connection, reason: HeadwaterError, unanswered: PendingCommand[]): void {
    const stops = reason.code === 'shutting_down';
    // A node that has refused the commands, for example for lack of memory, is not asked again at once.
    const refused = !stops && isNothingDone(reason);
    for (const pending of unanswered) {
      pending.attempts++;
      pending.refusal = undefined;
      if (refused) pending.reject(reason);
      else if ((stops || !pending.writes) && pending.attempts < ATTEMPTS_MAX && !this.#closed)
        this.#queue.putBack(pending);
      else pending.giveUp(reason);
    }
    if (connection === this.#leaving) this.#leaving = undefined;
    if (connection === this.#retiring) this.#retiring = undefined;
    if (connection === this.#connection) this.#connection = undefined;
    if (this.#connection) this.#flush();
    else if (!this.#closed && !(this.#closing && this.#isIdle())) this.#reconnect();
    this.#checkIdle();
  }

  // ---- connections --------------------------------------------------------------

  #attach(connection: Connection): void {
    this.#connection = connection;
    this.#dialler.arrived(connection);
  }

  #reconnect(): void {
    this.#connecting ??= this.#connectAgain().finally(() => {
      this.#connecting = undefined;
      if (this.#connection) this.#flush();
    });
  }

  async #connectAgain(): Promise<void> {
    const connection = await this.#dialler.again();
    if (this.#closed) await connection?.hangUp();
    else if (connection) this.#attach(connection);
  }

  /** Queues the command for another node. False if it was redirected often enough. */
  #redirected(pending: PendingCommand, refusal: HeadwaterError | undefined): boolean {
    if (pending.redirects >= REDIRECTS_MAX) return false;
    pending.redirects++;
    pending.refusal = refusal;
    this.#queue.putBack(pending);
    return true;
  }

  /**
   * Connects to the leader that a refusal names, or else to one that is found. If there is none, the client stays, and
   * the refused commands fail with the reason.
   */
  async #leave(from: Connection, refusal: HeadwaterError): Promise<void> {
    const { leader, address } = refusal.details;
    let reason: HeadwaterError | undefined;
    if (refusal.code === 'read_only_follower' && leader && leader !== from.address) {
      reason = await this.#goTo(leader, from);
      if (!reason) return;
    }
    if (this.#search.mayFind(address)) {
      const found = this.#search.better(await this.#search.find(from.address, address), from.address);
      if (found && !(await this.#goTo(found, from))) return;
    }
    this.#leaving = undefined;
    this.#queue.refuse(reason);
  }

  /**
   * Stays at the present node until the leader has accepted the stream.
   * @returns the reason why the leader has not.
   */
  async #goTo(leader: string, from: Connection): Promise<HeadwaterError | undefined> {
    try {
      const connection = await this.#dialler.open(leader);
      if (this.#closed) await connection.hangUp();
      else if (this.#connection === from) {
        this.#retiring = from;
        this.#attach(connection);
        this.moved(from);
      } else {
        this.#attach(connection);
      }
      return undefined;
    } catch (error) {
      const cause = HeadwaterError.from(error);
      return new HeadwaterError('unreachable', `the leader cannot be reached: ${cause.message}`, {
        cause,
        details: { leader },
      });
    }
  }

  /** Resolves with the connection, as soon as there is one. */
  async ready(options: CallOptions = {}): Promise<Connection> {
    checkCall(options);
    if (this.#closed) throw this.#closed;
    if (this.#connection) return this.#connection;
    this.#reconnect();
    return this.#dialler.next(options.timeoutMs ?? this.#settings.timeoutMs, options.signal);
  }

  /** Aborts when the client is closed. */
  get ended(): AbortSignal {
    return this.#dialler.ended;
  }

  get timeoutMs(): number {
    return this.#settings.timeoutMs;
  }

  // ---- deadlines ------------------------------------------------------------------

  /** Starts one timer for all commands. Commands with a deadline of their own have their own timers. */
  #startDeadlines(): NodeJS.Timeout {
    const { timeoutMs } = this.#settings;
    return setInterval(() => this.#expire(timeoutMs), Math.max(1, Math.floor(timeoutMs / DEADLINE_CHECKS))).unref();
  }

  #expire(timeoutMs: number): void {
    if (this.#isIdle()) {
      clearInterval(this.#deadlineTimer);
      this.#deadlineTimer = undefined;
      return;
    }
    const nowMs = performance.now();
    this.#queue.expire(nowMs, timeoutMs, this.#connection !== undefined);
    this.#retiring?.expire(nowMs, timeoutMs);
    this.#connection?.expire(nowMs, timeoutMs);
  }

  // ---- the end ----------------------------------------------------------------------

  /** Finishes open commands, for at most `timeoutMs`, and gives the rest up. */
  close(timeoutMs = CLOSE_MS_MAX): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    if (this.#gathering) this.#flush();
    if (!this.#isIdle()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#idle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const reason = new HeadwaterError('cancelled', CLOSED);
    this.#closed = reason;
    this.#dialler.end(reason);
    clearInterval(this.#deadlineTimer);
    this.#queue.giveUp(reason);
    const connections = [this.#retiring, this.#connection];
    this.#connection = undefined;
    for (const connection of connections) {
      if (connection?.idle) await connection.hangUp();
      else connection?.break(reason);
    }
  }

  #isIdle(): boolean {
    return this.#queue.isEmpty && (this.#connection?.idle ?? true) && !this.#retiring;
  }

  #checkIdle(): void {
    if (this.#idle && this.#isIdle()) this.#idle();
  }
}

/**
 * True for refusals that another node may not share: this node does not lead, or is not fresh enough. Nothing was done.
 */
function isForAnother({ code, details }: HeadwaterError): boolean {
  if (code === 'unavailable') return details.cause === 'STALE' || details.cause === 'NOT_FRESH';
  return code === 'read_only_follower' || code === 'superseded';
}
