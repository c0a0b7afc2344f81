/**
 * What a client does between its commands and a connection: gathers what is
 * asked in one turn of the event loop into one message, keeps deadlines,
 * reconnects, follows redirects to the leader, and decides what becomes of
 * commands whose connection broke.
 *
 * What must stay true: commands are sent in the order in which they were asked;
 * a write is sent a second time only where the node has said that it was not
 * done (a refusal by a follower, a stream that ended with `shutting_down`); a
 * command that is given up before it is sent is never sent.
 */
import { HeadwaterError } from '../errors.js';
import type { Reply } from '../operation.js';
import type { Position } from '../position.js';
import { Connection, type ConnectionOwner } from './connection.js';
import {
  ATTEMPTS_MAX,
  BATCH_BYTES_TARGET,
  type CallOptions,
  CLOSE_MS_MAX,
  RECONNECT_MS_MAX,
  RECONNECT_MS_MIN,
  REDIRECTS_MAX,
  type Settings,
} from './options.js';
import type { Pending } from './pending.js';

/** How often deadlines are looked at: a command may wait that much longer. */
const DEADLINE_CHECKS = 10;

export class Session implements ConnectionOwner {
  readonly #seeds: readonly string[];
  readonly #settings: Settings;
  #connection: Connection | undefined;
  /** The one before, until it has answered what it was sent; nothing is sent meanwhile. */
  #retiring: Connection | undefined;
  /** While it is set, a connection is being made. */
  #connecting: Promise<void> | undefined;
  /** Where the last connection was. */
  #lastAddress: string | undefined;
  /** Sent before, to be sent again: ahead of the queue. */
  #again: Pending[] = [];
  #queue: Pending[] = [];
  #head = 0;
  #queuedBytes = 0;
  #gathering = false;
  #turnMs = 0;
  #deadlineTimer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<(outcome: Connection | HeadwaterError) => void>();
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #closed: HeadwaterError | undefined;
  #wakeUp: (() => void) | undefined;

  constructor(seeds: readonly string[], settings: Settings) {
    this.#seeds = seeds;
    this.#settings = settings;
  }

  /** One round over the seeds. */
  async connect(): Promise<void> {
    const reasons: HeadwaterError[] = [];
    for (const address of this.#seeds) {
      try {
        this.#attach(await Connection.open(address, this, this.#settings.connectTimeoutMs));
        return;
      } catch (error) {
        reasons.push(HeadwaterError.from(error));
      }
    }
    throw unreachable(reasons);
  }

  /** Of the node that commands are sent to; undefined while there is no connection. */
  get address(): string | undefined {
    return this.#connection?.address;
  }

  get position(): Position | undefined {
    return this.#connection?.position;
  }

  // ---- commands ---------------------------------------------------------------

  ask(pending: Pending, options: CallOptions | undefined): void {
    if (this.#closed) return pending.reject(this.#closed);
    if (!this.#gathering) this.#gather();
    pending.askedMs = this.#turnMs;
    if (options) guard(pending, options);
    if (pending.settled) return;
    this.#queue.push(pending);
    this.#queuedBytes += pending.bytes;
    if (!this.#connection && this.#queuedBytes > this.#settings.offlineQueueBytesMax) {
      const expected = this.#settings.offlineQueueBytesMax;
      pending.reject(new HeadwaterError('overloaded', `no connection, and more than ${expected} bytes of commands wait for one`));
    }
  }

  /** In a microtask and then the next tick: a cascade of resolved promises goes into one message. */
  #gather(): void {
    this.#gathering = true;
    this.#turnMs = performance.now();
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
    if (this.#again.length > 0) this.#putBack();
    while (this.#head < this.#queue.length && !connection.full) {
      const batch = this.#nextBatch();
      if (batch.length > 0) connection.send(batch, performance.now());
    }
    this.#checkIdle();
  }

  /** Up to about a message; one large command goes alone. */
  #nextBatch(): Pending[] {
    const batch: Pending[] = [];
    let bytes = 0;
    while (this.#head < this.#queue.length) {
      const pending = this.#queue[this.#head] as Pending;
      if (bytes > 0 && bytes + pending.bytes > BATCH_BYTES_TARGET) break;
      this.#head++;
      this.#queuedBytes -= pending.bytes;
      if (pending.settled) continue;
      batch.push(pending);
      bytes += pending.bytes;
    }
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    return batch;
  }

  #putBack(): void {
    for (const pending of this.#again) this.#queuedBytes += pending.bytes;
    this.#queue = [...this.#again, ...this.#queue.slice(this.#head)];
    this.#head = 0;
    this.#again = [];
  }

  // ---- what connections say ---------------------------------------------------

  answered(pending: Pending, reply: Reply): void {
    if (reply.kind === 'error' && reply.error.code === 'read_only_follower' && this.#redirected(pending, reply.error)) return;
    pending.answer(reply);
  }

  moved(connection: Connection): void {
    if (connection === this.#retiring && connection.idle) {
      this.#retiring = undefined;
      void connection.hangUp();
    }
    if (this.#head < this.#queue.length || this.#again.length > 0) this.#flush();
    else this.#checkIdle();
  }

  closed(connection: Connection, reason: HeadwaterError, unanswered: Pending[]): void {
    const notDone = reason.code === 'shutting_down';
    for (const pending of unanswered) {
      pending.attempts++;
      if ((notDone || !pending.writes) && pending.attempts < ATTEMPTS_MAX) this.#sendAgain(pending);
      else pending.giveUp(reason);
    }
    if (connection === this.#retiring) this.#retiring = undefined;
    if (connection === this.#connection) this.#connection = undefined;
    if (this.#connection) this.#flush();
    else if (!this.#closed && !(this.#closing && this.#isIdle())) this.#reconnect();
    this.#checkIdle();
  }

  /** Certainly not done. */
  #sendAgain(pending: Pending): void {
    if (pending.settled) return;
    pending.sent = false;
    this.#again.push(pending);
  }

  // ---- connections --------------------------------------------------------------

  #attach(connection: Connection): void {
    this.#connection = connection;
    this.#lastAddress = connection.address;
    for (const settle of this.#waiting) settle(connection);
    this.#waiting.clear();
  }

  #reconnect(): void {
    this.#connecting ??= this.#connectAgain().finally(() => {
      this.#connecting = undefined;
      if (this.#connection) this.#flush();
    });
  }

  async #connectAgain(): Promise<void> {
    for (let round = 0; !this.#closed; round++) {
      for (const address of new Set([this.#lastAddress ?? '', ...this.#seeds])) {
        if (address === '' || this.#closed) continue;
        const connection = await Connection.open(address, this, this.#settings.connectTimeoutMs).catch(() => undefined);
        if (!connection) continue;
        if (this.#closed) return connection.hangUp();
        this.#attach(connection);
        return;
      }
      await this.#backOff(round);
    }
  }

  /** Keeps the process alive: somebody may wait for a command. */
  #backOff(round: number): Promise<void> {
    const longest = Math.min(RECONNECT_MS_MIN * 2 ** round, RECONNECT_MS_MAX);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** False where the refusal is the answer. */
  #redirected(pending: Pending, refusal: HeadwaterError): boolean {
    const { leader } = refusal.details;
    const from = this.#connection;
    if (!leader || pending.settled || pending.redirects >= REDIRECTS_MAX) return false;
    if (leader === from?.address && !this.#retiring) return false;
    pending.redirects++;
    this.#sendAgain(pending);
    // Several commands are refused together; one of them makes the way.
    if (leader !== from?.address && !this.#connecting && from) {
      this.#connecting = this.#goTo(leader, from).finally(() => {
        this.#connecting = undefined;
        this.#flush();
      });
    }
    return true;
  }

  /** Stays where it is until the leader has accepted the stream; where that fails, the refused commands fail with it. */
  async #goTo(leader: string, from: Connection): Promise<void> {
    try {
      const connection = await Connection.open(leader, this, this.#settings.connectTimeoutMs);
      if (this.#closed) return connection.hangUp();
      if (this.#connection === from) {
        if (from.idle) void from.hangUp();
        else this.#retiring = from;
      }
      this.#attach(connection);
    } catch (error) {
      const cause = HeadwaterError.from(error);
      const reason = new HeadwaterError('unreachable', `the leader cannot be reached: ${cause.message}`, { cause, details: { leader } });
      for (const pending of this.#again.splice(0)) pending.giveUp(reason);
    }
  }

  /** The connection, as soon as there is one. */
  ready(options: CallOptions = {}): Promise<Connection> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (this.#connection) return Promise.resolve(this.#connection);
    this.#reconnect();
    const timeoutMs = options.timeoutMs ?? this.#settings.timeoutMs;
    return new Promise((resolve, reject) => {
      const settle = (outcome: Connection | HeadwaterError) => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        if (outcome instanceof Connection) resolve(outcome);
        else reject(outcome);
      };
      const timer = setTimeout(() => settle(new HeadwaterError('unreachable', `no connection within ${timeoutMs} ms`)), timeoutMs);
      this.#waiting.add(settle);
    });
  }

  get timeoutMs(): number {
    return this.#settings.timeoutMs;
  }

  // ---- deadlines ------------------------------------------------------------------

  /** One timer for all commands; those with a deadline of their own have their own. */
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
    const beforeMs = performance.now() - timeoutMs;
    const late = new HeadwaterError('deadline_exceeded', `no answer within ${timeoutMs} ms`);
    for (const pending of [...this.#again, ...this.#queue.slice(this.#head)]) {
      if (pending.askedMs < beforeMs) pending.giveUp(late);
    }
    this.#retiring?.expire(beforeMs, late);
    this.#connection?.expire(beforeMs, late);
  }

  // ---- the end ----------------------------------------------------------------------

  /** Finishes what is in hand, for so long at most, and gives the rest up. */
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
    const reason = new HeadwaterError('cancelled', 'the client is closed');
    this.#closed = reason;
    this.#wakeUp?.();
    clearInterval(this.#deadlineTimer);
    for (const settle of this.#waiting) settle(reason);
    for (const pending of [...this.#again.splice(0), ...this.#queue.splice(0).slice(this.#head)]) pending.giveUp(reason);
    this.#head = 0;
    const connections = [this.#retiring, this.#connection];
    this.#connection = undefined;
    for (const connection of connections) {
      if (connection?.idle) await connection.hangUp();
      else connection?.break(reason);
    }
  }

  #isIdle(): boolean {
    const unsent = this.#again.length + this.#queue.length - this.#head;
    return unsent === 0 && (this.#connection?.idle ?? true) && !this.#retiring;
  }

  #checkIdle(): void {
    if (this.#idle && this.#isIdle()) this.#idle();
  }
}

/** The deadline and the signal of one call. */
function guard(pending: Pending, { signal, timeoutMs }: CallOptions): void {
  if (signal?.aborted) return pending.reject(cancelled(signal));
  const abort = () => pending.giveUp(cancelled(signal as AbortSignal));
  const late = () => pending.giveUp(new HeadwaterError('deadline_exceeded', `no answer within ${timeoutMs} ms`));
  const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  pending.release = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
}

function cancelled(signal: AbortSignal): HeadwaterError {
  return new HeadwaterError('cancelled', 'the caller gave up', { cause: signal.reason });
}

function unreachable(reasons: readonly HeadwaterError[]): HeadwaterError {
  const [only] = reasons;
  if (reasons.length === 1 && only) return only;
  return new HeadwaterError('unreachable', `no node can be reached: ${reasons.map(({ message }) => message).join('; ')}`, { cause: reasons[0] });
}
