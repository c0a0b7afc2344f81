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

import { inspect } from 'node:util';
import { parseAddress } from '../base/address.js';
import { HeadwaterError } from '../base/errors.js';
import { COMPARE_TIMEOUT_MS } from '../base/limits.js';
import type { Reply } from '../model/operation.js';
import { formatToken, type Position } from '../model/position.js';
import {
  COMPARE,
  DATABASE_SIZE,
  DIGEST,
  FAILOVER,
  FOLLOW,
  FORGET,
  type Method,
  PROMOTE,
  PUBLISH,
  RANGE_DIGESTS,
  REPAIR,
  REPAIR_RANGES,
  STATUS,
  VERIFY,
} from '../rpc/definitions.js';
import type { FailoverReply, FollowRequest, KeyspaceDigestReply, NodeStatus, PromoteReply } from '../wire/admin.js';
import type { RepairEvent, VerifyEvent } from '../wire/check.js';
import type { CompareReply } from '../wire/compare.js';
import type { ForgetReply } from '../wire/forget.js';
import type { OutgoingOperation } from '../wire/kv.js';
import type { KeyRange, RangeDigest, RepairRangesResponse } from '../wire/ranges.js';
import { type BackupOptions, type BackupPart, backup } from './backup.js';
import type { Caller } from './caller.js';
import { type CheckOptions, type CheckTime, check } from './checks.js';
import { asBuffer, asText, Commands, mayWrite } from './commands.js';
import { NewestPosition } from './newest-position.js';
import { checkText, type Data, type OutgoingCondition, toBuffer } from './operations.js';
import { type CallOptions, type ClientOptions, settingsOf } from './options.js';
import { Router } from './router.js';
import { Session } from './session.js';
import { SideCall } from './side-call.js';
import {
  type SubscribeOptions,
  type SubscriptionItem,
  subscribe,
  type WatchItem,
  type WatchOptions,
  watch,
} from './streams.js';

export type { CallOptions, ClientOptions } from './options.js';

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
  readonly #session: Caller;

  private constructor(session: Caller) {
    super(session, asText);
    this.#session = session;
    this.buffers = new Commands(session, asBuffer);
  }

  /**
   * Connects to the first of the addresses, host:port, that can be reached.
   * @throws HeadwaterError `unreachable` where none can.
   */
  static async connect(addresses: string | readonly string[], options: ClientOptions = {}): Promise<Client> {
    const seeds = addressesOf(addresses);
    const settings = settingsOf(options);
    const session =
      settings.readFrom === 'leader'
        ? new Session(seeds, settings, { seen: new NewestPosition() })
        : new Router(seeds, settings);
    await session.connect();
    return new Client(session);
  }

  /** Of the node that commands are sent to now; undefined while there is no connection. */
  get address(): string | undefined {
    return this.#session.address;
  }

  /** At or after everything that this client has seen; undefined before its first answer. */
  get position(): Position | undefined {
    return this.#session.position;
  }

  /** `position` as text, for the `atLeast` of another client: who has it sees there what this one has seen here. */
  get token(): string | undefined {
    const { position } = this.#session;
    return position && formatToken(position);
  }

  /** As `get`, as bytes. */
  getBuffer(key: Data, options?: CallOptions): Promise<Buffer | undefined> {
    return this.buffers.get(key, options);
  }

  /** All or nothing. The operations are those of the protocol: `{ kind: 'set', key, value }`. */
  transact({ conditions = [], operations }: Transaction, options?: CallOptions): Promise<TransactionResult> {
    const operation: OutgoingOperation = { kind: 'transact', conditions, operations };
    return this.#session.ask<'transact', TransactionResult>(
      operation,
      Array.isArray(operations) && operations.some(mayWrite),
      ({ committed, replies, failedCondition }) => ({ committed, replies, failedCondition }),
      options,
    );
  }

  /** The number of keys, none left out; expired keys count until the leader's deletion has arrived at the node. */
  async dbsize(options: CallOptions = {}): Promise<number> {
    const call = new SideCall(this.#session, options);
    await call.settled();
    return call.unary(DATABASE_SIZE, undefined, this.#session.guarantees(options));
  }

  /**
   * Gives a message its place behind every write of this client so far, the same
   * on every node. At any node: a follower sends it up to its leader.
   * @param options.durable in the log, so that a subscriber can come back for it.
   * @returns the offset that it has where it is durable, else that it follows.
   * @throws HeadwaterError `outcome_unknown` where it may or may not have been published.
   */
  async publish(channel: Data, message: Data, options: { durable?: boolean } & CallOptions = {}): Promise<number> {
    const { durable = false } = options;
    const request = { channel: toBuffer('channel', channel), data: toBuffer('message', message), durable };
    const call = new SideCall(this.#session, options, request.data.length);
    await call.settled();
    await call.connected();
    return call.unary(PUBLISH, request).catch((error) => {
      throw unknownIfCutOff(error);
    });
  }

  /**
   * Messages as they are published, without an end, on whichever node: it
   * reconnects by itself, goes on with the durable ones where it was, and says
   * what was missed (`kind` is 'message', 'missed' or 'gap').
   *
   *     for await (const item of db.subscribe({ channels: ['news'], patterns: ['user:*'] })) …
   */
  subscribe(options: SubscribeOptions = {}): AsyncGenerator<SubscriptionItem<string>> {
    return subscribe(this.#session, options, asText);
  }

  /** As `subscribe`, as bytes. */
  subscribeBuffers(options: SubscribeOptions = {}): AsyncGenerator<SubscriptionItem<Buffer>> {
    return subscribe(this.#session, options, asBuffer);
  }

  /**
   * Every change of the keys under a prefix, in order, without an end, on
   * whichever node. Where the changes cannot be told from where it was, a
   * snapshot comes (`snapshotBegin`, `entry`s, `snapshotEnd`) that replaces what was known.
   */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchItem<string>> {
    return watch(this.#session, options, asText);
  }

  /** As `watch`, as bytes. */
  watchBuffers(options: WatchOptions = {}): AsyncGenerator<WatchItem<Buffer>> {
    return watch(this.#session, options, asBuffer);
  }

  /**
   * A backup of the node that the client is connected to, with all that was
   * written there before: the bytes of one file, to be kept in order. Only where
   * a part with `end` has come is it whole. A broken connection is gone on from.
   *
   *     for await (const { bytes } of db.backup()) await file.write(bytes);
   */
  backup(options: BackupOptions = {}): AsyncGenerator<BackupPart> {
    return backup(this.#session, options);
  }

  /**
   * Has the node that the client is connected to look at everything on its disk
   * that has a checksum, while it runs; the summary comes last.
   * @throws HeadwaterError `overloaded` where it does so already.
   */
  verify(options: CheckOptions = {}): AsyncGenerator<VerifyEvent> {
    return check(this.#session, VERIFY, options);
  }

  /**
   * Has the follower that the client is connected to look at everything, and get
   * from its upstream what is damaged; the summary comes last.
   * @throws HeadwaterError `repair_refused` of a leader; `overloaded` as `verify`.
   */
  repair(options: CheckOptions = {}): AsyncGenerator<RepairEvent> {
    return check(this.#session, REPAIR, options);
  }

  /** Of the node that the client is connected to, also where it serves nothing. */
  status(options?: CallOptions): Promise<NodeStatus> {
    return this.#call(STATUS, undefined, options);
  }

  /**
   * Of the whole keyspace of the node that the client is connected to: at the
   * same offset equal where the data are. It reads everything.
   */
  digest(options?: CallOptions): Promise<KeyspaceDigestReply> {
    return this.#call(DIGEST, undefined, options);
  }

  /**
   * Makes the node that the client is connected to a follower of another, also
   * over restarts. Resolves before there is a session: `status` tells of that.
   * @param address host:port.
   * @param options.acceptDataLoss its own data may go where the other's history has no place for them.
   * @param options.full begins with a full resync, whatever its position.
   * @throws HeadwaterError `replication_loop` where that is the node itself.
   */
  async follow(
    address: string,
    options: Partial<Pick<FollowRequest, 'acceptDataLoss' | 'full'>> & CallOptions = {},
  ): Promise<void> {
    const { acceptDataLoss = false, full = false } = options;
    parseAddress(address);
    return this.#call(FOLLOW, { address, acceptDataLoss, full }, options);
  }

  /**
   * Makes the node that the client is connected to a leader, also over restarts;
   * resolves with the history that it leads.
   * @throws HeadwaterError `unavailable` where its data are not whole.
   */
  promote(options?: CallOptions): Promise<PromoteReply> {
    return this.#call(PROMOTE, undefined, options);
  }

  /**
   * Makes the leader that the client is connected to hand over to a follower,
   * named by host:port or node ID (left out: the one that has the most).
   * Resolves when that one leads, with how long writes waited.
   * @param options.waitMs how long writes may wait until the follower is level; 5 s where left out.
   * @param options.timeoutMs how long the call waits for its answer; `waitMs` more than other calls where left out.
   * @throws HeadwaterError `failover_failed` where this node leads on;
   *   `outcome_unknown` where it has asked and goes on asking.
   */
  failover(options: { readonly to?: string; readonly waitMs?: number } & CallOptions = {}): Promise<FailoverReply> {
    const { to = '', waitMs = 0 } = options;
    const timeoutMs = options.timeoutMs ?? waitMs + this.#session.timeoutMs;
    return this.#call(FAILOVER, { to, timeoutMs: waitMs }, { ...options, timeoutMs });
  }

  /**
   * Makes the node that the client is connected to forget, durably, a follower
   * that is away: it keeps nothing of its log for it any more.
   * @param node its node ID, a beginning of it that no other has, or host:port.
   * @throws HeadwaterError `forget_refused` where that is none, several, or one that is connected.
   */
  async forget(node: string, options?: CallOptions): Promise<ForgetReply> {
    checkText('node', node);
    return this.#call(FORGET, node, options);
  }

  /**
   * Asks the leader to compare the keyspaces of all connected nodes at one offset.
   * @param options.waitMs how long it waits for the last node, milliseconds; 5 minutes where left out.
   * @throws HeadwaterError `read_only_follower` of a node that does not lead.
   */
  compare(options: { readonly waitMs?: number } & CallOptions = {}): Promise<CompareReply> {
    const waitMs = options.waitMs ?? COMPARE_TIMEOUT_MS;
    // Whoever does not answer in time is named in the reply: that is waited for.
    const timeoutMs = options.timeoutMs ?? waitMs + this.#session.timeoutMs;
    return this.#call(COMPARE, { timeoutMs: waitMs }, { ...options, timeoutMs });
  }

  /**
   * Digests of key ranges as the node that the client is connected to froze them
   * for a comparison: see `findDifferences`.
   * @param ranges at most 1,024; none tells the node that the comparison is still wanted.
   * @param options.cuts by range: cuts it behind every so many keys.
   * @throws HeadwaterError `mark_lost` where the node does not hold it any more.
   */
  async *rangeDigests(
    markId: string,
    ranges: readonly KeyRange[],
    { cuts = [], ...options }: { readonly cuts?: readonly number[] } & CheckTime = {},
  ): AsyncGenerator<RangeDigest> {
    const call = new SideCall(this.#session, options);
    for await (const digests of call.stream(RANGE_DIGESTS, { markId, ranges, cuts })) yield* digests;
  }

  /**
   * Has the follower that the client is connected to put what its upstream has of
   * some key ranges, at most 1,024, into the place of what it has itself; yields
   * for each step that is done.
   * @param options.timeoutMs as `verify`.
   * @throws HeadwaterError `invalid_argument` of a leader, `corrupt` where the upstream is damaged there.
   */
  async *repairRanges(ranges: readonly KeyRange[], options: CheckTime = {}): AsyncGenerator<RepairRangesResponse> {
    yield* new SideCall(this.#session, options).stream(REPAIR_RANGES, ranges);
  }

  /** Finishes what is in hand, for at most `timeoutMs`, and hangs up; what is left is rejected. */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#session.close(options.timeoutMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response> {
    return new SideCall(this.#session, options).unary(method, request);
  }
}

/** @throws HeadwaterError `invalid_argument` of what is no address, also from a program without types. */
function addressesOf(addresses: unknown): readonly string[] {
  const seeds: unknown = typeof addresses === 'string' ? addresses.split(',') : addresses;
  if (!Array.isArray(seeds) || seeds.some((seed) => typeof seed !== 'string'))
    throw new HeadwaterError(
      'invalid_argument',
      `addresses: expected HOST:PORT as text, or a list of them, received ${inspect(addresses)}`,
    );
  if (seeds.length === 0)
    throw new HeadwaterError('invalid_argument', 'addresses: expected at least one, received none');
  for (const seed of seeds) parseAddress(seed);
  return seeds;
}

/** What broke off under way may have been done; what the node itself says is what has become of it. */
function unknownIfCutOff(error: unknown): unknown {
  if (!HeadwaterError.is(error) || !['unreachable', 'cancelled', 'deadline_exceeded'].includes(error.code))
    return error;
  return new HeadwaterError('outcome_unknown', `the message may or may not have been published: ${error.message}`, {
    cause: error,
  });
}
