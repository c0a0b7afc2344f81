/**
 * The session between a client's commands and its connection. The session gathers the commands of one turn of the event
 * loop into one message, keeps deadlines, and follows redirects to the leader. If the connection breaks, the session
 * decides what becomes of its commands. The route (route.ts) knows which connection is in use.
 *
 * Invariants:
 * - Commands are sent in the order in which they were asked.
 * - A write is sent again only if the node reported that it was not done: by a follower's refusal, or by ending the
 *   stream with `shutting_down`.
 * - An outcome is unknown only if the node has not reported that nothing was done.
 * - A command that is given up before it is sent is never sent.
 */

import { HeadwaterError } from '../base/errors.js';
import { ATTEMPTS_MAX, CLOSE_MS_MAX, FRESH_STEP_MS, FRESH_WITHIN_MS_MAX, REDIRECTS_MAX } from '../base/limits.js';
import type { Guarantees } from '../model/guarantees.js';
import type { OperationKind, OutgoingOperation, Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { isNothingDone } from '../protobuf/error.js';
import type { Caller } from './caller.js';
import type { Connection, ConnectionOwner } from './connection.js';
import type { Probed } from './discovery.js';
import { guaranteesOf, withFreshness } from './guarantees.js';
import type { NewestPosition } from './newest-position.js';
import { measure } from './operations.js';
import { type CallOptions, type ClientSettings, checkCall } from './options.js';
import { PendingCommand, type ReadReply, type Retries } from './pending-command.js';
import { CommandQueue } from './queue.js';
import { Route } from './route.js';

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
  readonly #settings: ClientSettings;
  readonly #options: SessionOptions;
  readonly #route: Route;
  readonly #queue = new CommandQueue();
  #gathering = false;
  #turnMs = 0;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(seeds: readonly string[], settings: ClientSettings, options: SessionOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#route = new Route(seeds, settings, options.isGuided ?? false, this, {
      routed: () => this.#flush(),
      stayed: (reason) => this.#queue.refuse(reason),
    });
  }

  /**
   * Connects to the first of the seeds that answers. If another seed leads, connects there.
   * @throws HeadwaterError `unreachable` if none can be reached.
   */
  connect(): Promise<void> {
    return this.#route.connect();
  }

  /** Connects to the leader among those nodes, unless this one leads as late a history. */
  consider(nodes: readonly Probed[]): Promise<void> {
    return this.#route.consider(nodes);
  }

  /** The address of the node that commands are sent to, undefined while there is no connection. */
  get address(): string | undefined {
    return this.#route.state.connection?.address;
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
    if (!this.#route.state.connection && this.#queue.bytes + pending.bytes > expected)
      return pending.reject(
        new HeadwaterError(
          'overloaded',
          `expected at most ${expected} bytes of commands to wait for a connection, received more`,
        ),
      );
    if (options) pending.obey(options, () => this.#queue.ended(pending));
    if (!pending.settled) this.#queue.push(pending);
  }

  /** Flushes in a microtask and then the next tick, so that a cascade of resolved promises goes into one message. */
  #gather(): void {
    this.#gathering = true;
    this.#turnMs = performance.now();
    this.#route.look(this.#turnMs);
    queueMicrotask(() => process.nextTick(() => this.#flush()));
    this.#deadlineTimer ??= this.#startDeadlines();
  }

  #flush(): void {
    this.#gathering = false;
    const { name, connection } = this.#route.state;
    if (name === 'apart') this.#route.dial();
    if (name !== 'connected') return;
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
    if (reply.kind === 'error' && HeadwaterError.is(reply.error, 'lost_branch'))
      this.#options.seen.forget(reply.error.details.replicationId);
    if (this.#settings.redirect && this.#goesElsewhere(connection, pending, reply)) return;
    if (reply.kind !== 'error' || !this.#asksAgain(pending, reply.error)) return pending.answer(reply);
    this.#queue.putBack(pending);
    if (!this.#gathering) this.#gather();
  }

  /** True if the command is, or will be, asked at another node. */
  #goesElsewhere(connection: Connection, pending: PendingCommand, reply: Reply): boolean {
    const refusal = reply.kind === 'error' && isForAnother(reply.error) ? reply.error : undefined;
    if (this.#route.isLeft(connection))
      return (refusal !== undefined || !pending.writes) && this.#redirected(pending, refusal);
    if (!refusal || !this.#route.mayLeave(connection, refusal) || !this.#redirected(pending, refusal)) return false;
    void this.#route.leave(connection, refusal);
    return true;
  }

  /** Queues the command for another node. False if it was redirected often enough. */
  #redirected(pending: PendingCommand, refusal: HeadwaterError | undefined): boolean {
    const retries = retriesOf(pending);
    if (retries.redirects >= REDIRECTS_MAX) return false;
    retries.redirects++;
    retries.refusal = refusal;
    this.#queue.putBack(pending);
    return true;
  }

  moved(connection: Connection): void {
    this.#route.retire(connection);
    if (this.#queue.isEmpty) this.#checkIdle();
    else this.#flush();
  }

  closed(connection: Connection, reason: HeadwaterError, unanswered: PendingCommand[]): void {
    const stops = reason.code === 'shutting_down';
    // A node that has refused the commands, for example for lack of memory, is not asked again at once.
    const refused = !stops && isNothingDone(reason);
    for (const pending of unanswered) {
      const retries = retriesOf(pending);
      retries.losses++;
      retries.refusal = undefined;
      if (refused) pending.reject(reason);
      else if ((stops || !pending.writes) && retries.losses < ATTEMPTS_MAX && !this.ended.aborted)
        this.#queue.putBack(pending);
      else pending.giveUp(reason);
    }
    this.#route.lost(connection);
    if (this.#route.state.connection) this.#flush();
    else if (!this.#closing || !this.#isIdle()) this.#route.dial();
    this.#checkIdle();
  }

  /** Resolves with the connection, as soon as there is one. */
  async ready(options: CallOptions = {}): Promise<Connection> {
    checkCall(options);
    if (this.ended.aborted) throw this.ended.reason;
    return this.#route.ready(options.timeoutMs ?? this.#settings.timeoutMs, options.signal);
  }

  /** Aborts when the client is closed. */
  get ended(): AbortSignal {
    return this.#route.ended;
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
    const { connection, retiring } = this.#route.state;
    this.#queue.expire(nowMs, timeoutMs, connection !== undefined);
    retiring?.expire(nowMs, timeoutMs);
    connection?.expire(nowMs, timeoutMs);
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
    const connections = this.#route.close(reason);
    clearInterval(this.#deadlineTimer);
    this.#queue.giveUp(reason);
    for (const connection of connections) {
      if (connection.idle) await connection.hangUp();
      else connection.break(reason);
    }
  }

  #isIdle(): boolean {
    const { connection, retiring } = this.#route.state;
    return this.#queue.isEmpty && (connection?.idle ?? true) && !retiring;
  }

  #checkIdle(): void {
    if (this.#idle && this.#isIdle()) this.#idle();
  }
}

function retriesOf(pending: PendingCommand): Retries {
  pending.retries ??= { redirects: 0, losses: 0, refusal: undefined };
  return pending.retries;
}

/**
 * True for refusals that another node may not share: this node does not lead, or is not fresh enough. Nothing was done.
 */
function isForAnother({ code, details }: HeadwaterError): boolean {
  if (code === 'unavailable') return details.cause === 'STALE' || details.cause === 'NOT_FRESH';
  return code === 'read_only_follower' || code === 'superseded';
}
