/**
 * The Redis clients of a node: their sessions, by number, and the end of all of them at a stop. The listener hands the
 * sockets over.
 */
import type net from 'node:net';
import { HeadwaterError } from '../base/errors.js';
import { InvariantViolation } from '../base/invariant.js';
import { JointTasks } from '../base/joint-tasks.js';
import { RepeatedLog } from '../base/repeated-log.js';
import type { StatusRedis } from '../model/status.js';
import type { ReplyMemory } from '../pipeline/reply-memory.js';
import type { RequestShare } from '../pipeline/request-budget.js';
import { Clients } from './clients.js';
import type { Door } from './command.js';
import { Settings } from './config/settings.js';
import type { DoorCounts } from './info/door-counts.js';
import type { RedisNode } from './redis-node.js';
import { Refusal } from './replies/refusal.js';
import { RedisConnection } from './session/connection.js';
import { HeldRequests } from './session/held-requests.js';
import { JointFlushes } from './session/joint-flushes.js';
import { Session } from './session/session.js';
import { TABLE } from './table/table.js';

export interface DoorOptions {
  /** The memory of the replies to all clients of the node. */
  readonly replies: Pick<ReplyMemory, 'open'>;
  /** The memory of requests that this protocol may use. */
  readonly requests: RequestShare;
  /** Called if an invariant does not hold, after which the node must not go on. */
  readonly onFatal: (error: InvariantViolation) => void;
}

/** The figures of the clients for metrics. */
export interface RedisFigures {
  readonly counts: DoorCounts;
  readonly requestBytes: number;
}

export class RedisServer {
  readonly #node: RedisNode;
  readonly #options: DoorOptions;
  readonly #log: RepeatedLog;
  readonly #held: HeldRequests;
  /** Sessions work behind all reads of a turn. So the writes of many clients share a block of the log, with its costs. */
  readonly #work = new JointTasks((run) => setImmediate(run));
  readonly #flushes = new JointFlushes();
  readonly #door: Door;
  readonly #clients: Clients<Session>;
  #lastId = 0;
  #isStopping = false;
  /** Runs at a stop when the last connection is closed. */
  #allClosed = () => {};

  constructor(node: RedisNode, options: DoorOptions) {
    this.#node = node;
    this.#options = options;
    this.#log = RepeatedLog.of(node);
    this.#held = new HeldRequests(node.clock, options.requests, () => this.#closedForMemory());
    this.#clients = new Clients(node.clock);
    this.#door = { clients: this.#clients, table: TABLE, settings: new Settings(), log: this.#log };
  }

  /** The subscribers and monitors. */
  get status(): StatusRedis {
    const { channels, pushes } = this.#node;
    return { ...channels.status, slowClosed: pushes.dropped };
  }

  /** Counts of the clients since the node started, and the bytes of their requests in memory. */
  get figures(): RedisFigures {
    const { counts } = this.#node;
    return { counts, requestBytes: this.#held.bytes };
  }

  /** Takes a connection, and answers its requests until its end. */
  receive(socket: net.Socket): void {
    if (this.#isStopping) {
      socket.destroy();
      return;
    }
    const { counts } = this.#node;
    counts.opened(socket);
    const connection = new RedisConnection(socket, {
      replies: this.#options.replies,
      clock: this.#node.clock,
      counts,
      flushes: this.#flushes,
      report: (failure) => this.#report(failure),
    });
    const id = ++this.#lastId;
    const clients = this.#clients;
    const session = new Session(connection, this.#node, {
      id,
      door: this.#door,
      memory: this.#held,
      work: this.#work,
    });
    clients.add(session);
    socket.once('close', () => {
      clients.remove(session);
      counts.closed(socket);
      if (clients.size === 0) this.#allClosed();
    });
    session.start();
  }

  /** Takes no more requests, answers those that have begun, and closes. Ends what is left after `graceMs`. */
  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#isStopping = true;
    for (const session of this.#clients) session.connection.call.stop();
    await new Promise<void>((resolve) => {
      const cancel = this.#node.clock.after(graceMs, resolve);
      this.#allClosed = () => {
        cancel();
        resolve();
      };
      if (this.#clients.size === 0) this.#allClosed();
    });
    for (const session of this.#clients) session.drop();
    this.#node.scans.close();
    await this.#node.relay?.close();
  }

  #closedForMemory(): void {
    this.#node.counts.closedForMemory++;
    this.#log.warn(
      {},
      'a connection of the Redis protocol was closed: its large requests made no progress while others waited for memory. Let the client send whole requests, and read its replies, or raise --request-memory',
    );
  }

  #report(failure: unknown): void {
    if (failure instanceof Refusal || (HeadwaterError.is(failure) && failure.code !== 'internal')) return;
    const { message, stack } = failure instanceof Error ? failure : { message: String(failure), stack: undefined };
    this.#log.error({ stack }, `a command of a Redis client failed unexpectedly: ${message}`);
    if (failure instanceof InvariantViolation) this.#options.onFatal(failure);
  }
}
