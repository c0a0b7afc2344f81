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
import { CLOSE_MS_MAX, REDIRECTS_MAX, SILENCE_LOOK_MS } from '../base/limits.js';
import type { Guarantees } from '../model/guarantees.js';
import type { OperationKind, OutgoingOperation, Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { isNothingDone } from '../protobuf/error.js';
import type { Caller } from './caller.js';
import type { Connection, ConnectionOwner } from './connection.js';
import type { ConnectionState } from './connection-state.js';
import { Demands, type DemandsOptions } from './demands.js';
import type { Probed } from './discovery.js';
import type { Listeners } from './events.js';
import { isForAnother, needsLeader } from './failures.js';
import { guaranteesOf } from './guarantees.js';
import { measure } from './measure.js';
import { type CallOptions, type ClientSettings, checkCall } from './options.js';
import { PendingCommand, type ReadReply, retriesOf } from './pending-command.js';
import { CommandQueue } from './queue.js';
import { Repetition } from './repetition.js';
import { type Left, Route } from './route.js';
import type { Seeds } from './seeds.js';
import { TracedCommand } from './traced-command.js';

/** Checks of deadlines in each `timeoutMs`. A command may wait one interval longer. */
const DEADLINE_CHECKS = 10;

const CLOSED = 'the client is closed';

export interface SessionOptions extends DemandsOptions {
  /** The listeners to the events of the connection, none for a session that the caller does not see. */
  readonly listeners?: Listeners;
  /** True if the owner looks for the leader from time to time, and reports it by `consider`. */
  readonly isGuided?: boolean;
  /** True if the owner has another node for the commands that this one refuses. */
  readonly isSpare?: boolean;
}

export class Session implements Caller, ConnectionOwner {
  readonly #settings: ClientSettings;
  readonly #options: SessionOptions;
  readonly #demands: Demands;
  readonly #route: Route;
  readonly #queue = new CommandQueue();
  readonly #repetition: Repetition;
  readonly #failure = () => this.#route.failure;
  #gathering = false;
  #lastOrder = 0;
  #lastLoss: HeadwaterError | undefined;
  #turnMs = 0;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(seeds: Seeds, settings: ClientSettings, options: SessionOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#demands = new Demands(settings, options);
    this.#route = new Route(seeds, settings, options.isGuided ?? false, this, {
      arrived: (address, before) => this.#arrived(address, before),
      routed: () => this.#flush(),
      stayed: (reason) => this.#stayed(reason),
      // Another attempt would be refused too, until somebody changes the user.
      shutOut: (reason) => this.#queue.giveUp(reason),
    });
    this.#repetition = new Repetition({
      queue: this.#queue,
      retry: settings.retry,
      redirect: settings.redirect,
      ended: this.#route.ended,
      seek: (refusal) => this.#seek(refusal),
      send: () => this.#flush(),
    });
  }

  /**
   * Connects to the first of the seeds that answers. If another seed leads, connects there.
   * @throws HeadwaterError `unreachable` if none can be reached.
   */
  connect(): Promise<void> {
    return this.#route.connect();
  }

  /**
   * Connects to the leader among those nodes, unless this one leads as late a history.
   * @param nodes undefined for those that a search finds.
   */
  async consider(nodes?: readonly Probed[]): Promise<void> {
    if (nodes) await this.#route.consider(nodes);
    else await this.#seek();
  }

  get connection(): ConnectionState {
    const { name, connection } = this.#route.state;
    const address = connection?.address;
    const { isStale } = this.#demands;
    if (name === 'closed') return { status: 'closed', address: undefined, readsFrom: undefined, isStale: false };
    const status = address === undefined ? 'connecting' : name === 'moving' ? 'moving' : 'connected';
    const reason = status === 'connecting' ? this.#lastLoss : undefined;
    return { status, address, readsFrom: address, isStale, ...(reason && { reason }) };
  }

  get position(): Position | undefined {
    return this.#demands.position;
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
      const { tracing } = this.#settings;
      const bytes = measure(operation);
      const pending = tracing
        ? new TracedCommand(tracing, operation, bytes, writes, read, resolve, reject)
        : new PendingCommand(operation, bytes, writes, read, resolve, reject);
      try {
        if (options) pending.guarantees = guaranteesOf(options, options.timeoutMs ?? this.#settings.timeoutMs);
        this.#enqueue(pending, options);
      } catch (error) {
        pending.reject(HeadwaterError.from(error));
      }
    });
  }

  /** Resolves when all earlier commands are answered. For calls beside the pipeline that read what it writes. */
  async settled(options: CallOptions, reads: boolean): Promise<void> {
    // A ping that the leader alone may answer takes the client there.
    const asksLeader = reads && this.#demands.leaderOnly;
    if (asksLeader || !this.#isIdle()) await this.ask({ kind: 'ping', message: '' }, false, () => undefined, options);
  }

  #enqueue(pending: PendingCommand, options: CallOptions | undefined): void {
    if (this.#closing) return pending.reject(new HeadwaterError('cancelled', CLOSED));
    if (!this.#gathering) this.#gather();
    pending.askedMs = this.#turnMs;
    pending.order = ++this.#lastOrder;
    const expected = this.#settings.offlineQueueBytesMax;
    const waits = !this.#route.state.connection || this.#queue.held;
    if (waits && this.#queue.bytes + pending.bytes > expected)
      return pending.reject(
        new HeadwaterError(
          'overloaded',
          `expected at most ${expected} bytes of commands to wait for a node that takes them, received more`,
        ),
      );
    if (options) pending.obey(options, this.#failure, () => this.#queue.ended(pending));
    if (!pending.settled) this.#queue.push(pending);
  }

  /** Flushes in a microtask and then the next tick, so that a cascade of resolved promises goes into one message. */
  #gather(): void {
    this.#gathering = true;
    this.#turnMs = performance.now();
    this.#route.look(this.#turnMs);
    if (this.#demands.isStale) this.#repetition.seekNowAndThen(this.#turnMs);
    queueMicrotask(() => process.nextTick(() => this.#flush()));
    this.#deadlineTimer ??= this.#startDeadlines();
  }

  #flush(): void {
    this.#gathering = false;
    const { name, connection } = this.#route.state;
    const isTraced = this.#settings.tracing !== undefined;
    if (name === 'apart') this.#route.dial();
    if (name !== 'connected') return;
    while (!this.#queue.isEmpty && !connection.full) {
      const batch = this.#queue.take(this.#demands.isStale);
      if (batch.length > 0) connection.send(batch, performance.now(), this.#demands.ofMessage(batch), isTraced);
    }
    this.#checkIdle();
  }

  /** The guarantees that a call beside the pipeline asks for. */
  guarantees(options: CallOptions): Guarantees | undefined {
    return this.#demands.of(guaranteesOf(options, options.timeoutMs ?? this.#settings.timeoutMs));
  }

  // ---- events of connections --------------------------------------------------

  saw(position: Position, wrote: () => boolean): void {
    this.#demands.saw(position, wrote);
  }

  answered(connection: Connection, pending: PendingCommand, reply: Reply): void {
    this.#demands.answered(reply);
    if (this.#settings.redirect && this.#goesElsewhere(connection, pending, reply)) return;
    if (reply.kind !== 'error') {
      if (pending.writes) this.#queue.passedBy(pending);
      return pending.answer(reply);
    }
    if (this.#closing || !this.#demands.mayBecomeFresh(pending, reply.error)) {
      if (!this.#holds(pending, reply.error)) pending.answer(reply);
    } else this.#again(pending);
  }

  /** Sends the command once more. */
  #again(pending: PendingCommand): void {
    this.#queue.putBack(pending);
    if (!this.#gathering) this.#gather();
  }

  /** True if the command is, or will be, asked at another node. */
  #goesElsewhere(connection: Connection, pending: PendingCommand, reply: Reply): boolean {
    const refusal = reply.kind === 'error' && isForAnother(reply.error) ? reply.error : undefined;
    if (this.#route.isLeft(connection))
      return (refusal !== undefined || !pending.writes) && this.#redirected(pending, refusal);
    // While commands are held, the search for the leader goes on beside them.
    if (
      !refusal ||
      this.#queue.held ||
      !this.#route.mayLeave(connection, refusal) ||
      !this.#redirected(pending, refusal)
    )
      return false;
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

  /** True if the command will be sent again later, to this node or another. */
  #holds(pending: PendingCommand, refusal: HeadwaterError): boolean {
    if (this.#options.isSpare || this.#closing) return false;
    if (!this.#demands.isStale || pending.writes || !needsLeader(refusal))
      return this.#repetition.holds(pending, refusal);
    retriesOf(pending).refusal = undefined;
    this.#again(pending);
    return true;
  }

  /** @param reason why the leader that the node in use names was not reached, if it names one. */
  #stayed(reason: HeadwaterError | undefined): void {
    this.#demands.isStale = this.#settings.staleReads;
    if (this.#demands.isStale) this.#queue.release('reads');
    for (const pending of this.#queue.takeRefused()) {
      const refusal = reason ?? (pending.retries?.refusal as HeadwaterError);
      if (!this.#holds(pending, refusal)) pending.reject(refusal);
    }
  }

  /** @param before the node that was left for this one, and why. Undefined if the connection before was lost. */
  #arrived(address: string, before: Left | undefined): void {
    const { listeners } = this.#options;
    if (before) listeners?.emit('moved', { from: before.address, to: address, reason: before.reason });
    else listeners?.emit('connected', { address });
    this.#demands.isStale = false;
    this.#repetition.release();
    this.#flush();
  }

  async #seek(refusal?: HeadwaterError): Promise<boolean> {
    const leads = await this.#route.seek(refusal);
    if (leads) this.#demands.isStale = false;
    return leads;
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
      retries.failures++;
      retries.refusal = undefined;
      if (refused) pending.reject(reason);
      else if ((stops || !pending.writes) && retries.failures < this.#settings.retry.attempts && !this.ended.aborted)
        this.#queue.putBack(pending);
      else {
        if (pending.writes && !stops) this.#queue.passedBy(pending);
        pending.giveUp(reason);
      }
    }
    const wasUsed = this.#route.state.connection === connection;
    this.#route.lost(connection);
    if (wasUsed && !this.ended.aborted) {
      this.#lastLoss = reason;
      this.#options.listeners?.emit('lost', { address: connection.address, reason });
    }
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

  get settings(): ClientSettings {
    return this.#settings;
  }

  // ---- deadlines ------------------------------------------------------------------

  /** Starts one timer for all commands. Commands with a deadline of their own have their own timers. */
  #startDeadlines(): NodeJS.Timeout {
    const { timeoutMs } = this.#settings;
    const everyMs = Math.min(SILENCE_LOOK_MS / 2, Math.max(1, Math.floor(timeoutMs / DEADLINE_CHECKS)));
    return setInterval(() => this.#expire(timeoutMs), everyMs).unref();
  }

  #expire(timeoutMs: number): void {
    if (this.#isIdle()) {
      clearInterval(this.#deadlineTimer);
      this.#deadlineTimer = undefined;
      return;
    }
    const nowMs = performance.now();
    const { connection, retiring } = this.#route.state;
    this.#queue.expire(nowMs, timeoutMs, connection !== undefined, this.#route.failure);
    retiring?.expire(nowMs, timeoutMs);
    connection?.expire(nowMs, timeoutMs);
    this.#route.look(nowMs);
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
    return this.#queue.isEmpty && !this.#queue.held && (connection?.idle ?? true) && !retiring;
  }

  #checkIdle(): void {
    if (this.#idle && this.#isIdle()) this.#idle();
  }
}
