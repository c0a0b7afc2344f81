/**
 * The client for TypeScript and JavaScript. Whatever is asked in one turn of
 * the event loop goes to the node in one message; nothing needs to be batched
 * by hand. Writes go to the leader: a follower says where that is, and the
 * client goes there.
 *
 *     await using db = await Client.connect('127.0.0.1:7420');
 *     await db.set('greeting', 'hello', { ttlMs: 60_000 });
 *     await db.get('greeting');
 *
 * A failure is a HeadwaterError with a `code`. `outcome_unknown` means that a
 * write was sent and its answer never came: it may or may not have happened,
 * and is not repeated.
 */

import { HeadwaterError } from '../errors.js';
import { COMPARE_TIMEOUT_MS } from '../limits.js';
import type { Reply } from '../operation.js';
import type { Position } from '../position.js';
import { parseAddress } from '../rpc/address.js';
import { COMPARE, DATABASE_SIZE, DIGEST, FOLLOW, type Method, PROMOTE, STATUS } from '../rpc/definitions.js';
import type { FollowRequest, KeyspaceDigestReply, NodeStatus, PromoteReply } from '../wire/admin.js';
import type { CompareReply } from '../wire/compare.js';
import type { OutgoingOperation } from '../wire/kv.js';
import { asBuffer, asText, Commands, mayWrite } from './commands.js';
import type { Data, OutgoingCondition } from './operations.js';
import { type CallOptions, type ClientOptions, settingsOf } from './options.js';
import { Session } from './session.js';

export type { ClientOptions } from './options.js';

export interface Transaction {
  /** All must hold, or nothing is done. */
  readonly conditions?: readonly OutgoingCondition[];
  /** Run in order, and take effect together. */
  readonly operations: readonly OutgoingOperation[];
}

export interface TransactionResult {
  /** False where a condition did not hold. */
  readonly committed: boolean;
  /** One per operation. */
  readonly replies: readonly Reply[];
  /** The index of the first condition that did not hold. */
  readonly failedCondition: number | undefined;
}

export class Client extends Commands<string> implements AsyncDisposable {
  /** The same commands with keys and values as bytes. */
  readonly buffers: Commands<Buffer>;
  readonly #session: Session;

  private constructor(session: Session) {
    super(session, asText);
    this.#session = session;
    this.buffers = new Commands(session, asBuffer);
  }

  /**
   * Connects to the first of the addresses, host:port, that can be reached.
   * @throws HeadwaterError `unreachable` where none can.
   */
  static async connect(addresses: string | readonly string[], options: ClientOptions = {}): Promise<Client> {
    const seeds = typeof addresses === 'string' ? addresses.split(',') : addresses;
    if (seeds.length === 0)
      throw new HeadwaterError('invalid_argument', 'expected at least one address, received none');
    for (const seed of seeds) parseAddress(seed);
    const session = new Session(seeds, settingsOf(options));
    await session.connect();
    return new Client(session);
  }

  /** Of the node that commands are sent to now; undefined while there is no connection. */
  get address(): string | undefined {
    return this.#session.address;
  }

  /** At or after everything that this client has seen of that node. */
  get position(): Position | undefined {
    return this.#session.position;
  }

  getBuffer(key: Data, options?: CallOptions): Promise<Buffer | undefined> {
    return this.buffers.get(key, options);
  }

  /** All or nothing. The operations are those of the protocol: `{ kind: 'set', key, value }`. */
  transact({ conditions = [], operations }: Transaction, options?: CallOptions): Promise<TransactionResult> {
    const operation: OutgoingOperation = { kind: 'transact', conditions, operations };
    return this.#session.ask<'transact', TransactionResult>(
      operation,
      operations.some(mayWrite),
      ({ committed, replies, failedCondition }) => ({ committed, replies, failedCondition }),
      options,
    );
  }

  /** The number of keys, exactly. */
  async dbsize(options: CallOptions = {}): Promise<number> {
    await this.#session.settled(options);
    return this.#call(DATABASE_SIZE, undefined, options);
  }

  /** Of the node that the client is connected to. */
  status(options?: CallOptions): Promise<NodeStatus> {
    return this.#call(STATUS, undefined, options);
  }

  digest(options?: CallOptions): Promise<KeyspaceDigestReply> {
    return this.#call(DIGEST, undefined, options);
  }

  /** Makes the node that the client is connected to a follower of another. */
  follow(address: string, options: Partial<Pick<FollowRequest, 'acceptDataLoss'>> & CallOptions = {}): Promise<void> {
    return this.#call(FOLLOW, { address, acceptDataLoss: options.acceptDataLoss ?? false }, options);
  }

  /** Makes the node that the client is connected to a leader; resolves with the history that it leads. */
  promote(options?: CallOptions): Promise<PromoteReply> {
    return this.#call(PROMOTE, undefined, options);
  }

  /**
   * Asks the leader to compare the keyspaces of all connected nodes at one offset.
   * @param options.waitMs how long it waits for the last node.
   */
  compare(options: { readonly waitMs?: number } & CallOptions = {}): Promise<CompareReply> {
    const waitMs = options.waitMs ?? COMPARE_TIMEOUT_MS;
    // Whoever does not answer in time is named in the reply: that is waited for.
    const timeoutMs = options.timeoutMs ?? waitMs + this.#session.timeoutMs;
    return this.#call(COMPARE, { timeoutMs: waitMs }, { ...options, timeoutMs });
  }

  /** Finishes what is in hand, for at most `timeoutMs`, and hangs up. */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#session.close(options.timeoutMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const connection = await this.#session.ready(options);
    const timeoutMs = options.timeoutMs ?? this.#session.timeoutMs;
    return connection.unary(method, request, { ...options, timeoutMs });
  }
}
