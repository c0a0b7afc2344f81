/**
 * The client for TypeScript and JavaScript. All commands of one turn of the event loop go to the node in one message,
 * so nothing needs to be batched by hand. Writes go to the leader. A follower answers a write with the leader's
 * address, and the client connects there.
 *
 *     await using db = await Client.connect('127.0.0.1:7420');
 *     await db.set('greeting', 'hello', { ttlMs: 60_000 });
 *     await db.get('greeting');
 *
 * A failure is a HeadwaterError with a `code`. `outcome_unknown` means that a write was sent and its answer never came.
 * The write may or may not have happened, and the client does not repeat it.
 */

import { destinationOf } from '../access/addresses.js';
import { HeadwaterError } from '../base/errors.js';
import { checkOptionNames, optionNames } from '../base/option-names.js';
import { Tracing } from '../base/tracing.js';
import type { RepairEvent, VerifyEvent } from '../model/check.js';
import type { KeyRange, RangeDigest, RepairRangesResponse } from '../model/key-range.js';
import { formatToken, type Position } from '../model/position.js';
import { DATABASE_SIZE, PUBLISH, RANGE_DIGESTS, REPAIR, REPAIR_RANGES, VERIFY } from '../rpc/definitions.js';
import { Administration } from './administration.js';
import { type BackupOptions, type BackupPart, backup } from './backup.js';
import type { Caller } from './caller.js';
import { type CheckOptions, type CheckTime, check } from './checks.js';
import { ClusterSeeds } from './cluster-seeds.js';
import { BYTES, type CodecOption, type Forms, formsOf, TEXT } from './codec.js';
import { Commands } from './commands.js';
import type { ConnectionState } from './connection-state.js';
import { type ClientEvents, type Listener, Listeners } from './events.js';
import { connect } from './first-connection.js';
import { checkText, toBuffer } from './measure.js';
import { type MonitorItem, type MonitorOptions, monitor } from './monitor.js';
import { NewestPosition } from './newest-position.js';
import type { Data } from './operations.js';
import { CALL, type CallOptions, type CallTime, type ClientOptions, settingsOf, TIME, TIME_NAMES } from './options.js';
import { Router } from './router.js';
import { GivenSeeds } from './seeds.js';
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
import { isOn } from './switch.js';
import { Users } from './users.js';

export type { CallOptions, CallTime, ClientOptions } from './options.js';

/** The options of `publish`. */
export interface PublishOptions extends CallTime {
  /** Puts the message into the log, so that a subscriber can come back for it. False by default. */
  readonly durable?: boolean;
}

/** The options of `close`. */
export interface CloseOptions {
  /** Milliseconds that open commands have to finish. The rest is rejected. */
  readonly timeoutMs?: number;
}

/** The options of `rangeDigests`. */
export interface RangeDigestOptions extends CheckTime {
  /** For each range, the number of keys behind which it is cut. 0 or absent for no cuts. */
  readonly cuts?: readonly number[];
}

const PUBLISH_OPTIONS = optionNames<PublishOptions>({ ...TIME_NAMES, durable: true });
const CLOSE_OPTIONS = optionNames<CloseOptions>({ timeoutMs: true });
const RANGE_DIGEST_OPTIONS = optionNames<RangeDigestOptions>({ ...TIME_NAMES, cuts: true });

const NO_CONSTRUCTOR = 'new Client: expected Client.connect. Use `await Client.connect(addresses, options)`';

/**
 * A client of one node, or of a tree of nodes. The client connects again by itself, and follows the leadership. See `Commands`
 * for the errors of every command.
 *
 * `Value` is the form in which values come back, and `Input` the form in which they are given: text, or text and bytes,
 * unless the client has a `codec`.
 */
export class Client<Value = string, Input = Data>
  extends Administration<string, Value, Input>
  implements AsyncDisposable
{
  /** The same commands with keys and values as bytes, without the codec. */
  readonly buffers: Commands<Buffer>;
  /** The users of the cluster, for administrators. */
  readonly users: Users;
  readonly #session: Caller;
  readonly #forms: Forms<string, Value, Input>;
  readonly #listeners: Listeners;
  /** Undefined for a client of nodes that its caller has named. */
  readonly #cluster: ClusterSeeds | undefined;

  private constructor(
    session: Caller,
    forms: Forms<string, Value, Input>,
    listeners: Listeners,
    cluster: ClusterSeeds | undefined,
  ) {
    // A program without types can call this. The clients of other stores are made so.
    if (!forms) throw new HeadwaterError('invalid_argument', NO_CONSTRUCTOR);
    super(session, forms);
    this.#session = session;
    this.#forms = forms;
    this.#listeners = listeners;
    this.#cluster = cluster;
    this.buffers = new Commands(session, BYTES);
    this.users = new Users(session);
  }

  /**
   * Connects to the first of the addresses that can be reached. Values have the form of the codec.
   * @param addresses host:port, or `headwaters://host:port` for TLS. Several as a list or separated by commas. Or a
   *   cluster, whose leader is found in etcd: `headwater+etcd://user@host:port,host:port/NAME`.
   * @throws HeadwaterError `unreachable` if none can be reached, `invalid_argument` for an option or address that is
   *   none.
   */
  static connect<Value>(
    addresses: string | readonly string[],
    options: ClientOptions & CodecOption<Value>,
  ): Promise<Client<Value, Value>>;
  /**
   * Connects to the first of the addresses that can be reached. Values are text.
   * @param addresses host:port, or `headwaters://host:port` for TLS. Several as a list or separated by commas. Or a
   *   cluster, whose leader is found in etcd: `headwater+etcd://user@host:port,host:port/NAME`.
   * @throws HeadwaterError `unreachable` if none can be reached, `invalid_argument` for an option or address that is
   *   none.
   */
  static connect(addresses: string | readonly string[], options?: ClientOptions): Promise<Client>;
  static async connect(
    addresses: string | readonly string[],
    options: ClientOptions & Partial<CodecOption<unknown>> = {},
  ): Promise<unknown> {
    const destination = destinationOf(addresses);
    const checked = settingsOf(options, destination);
    const settings = options.tracing
      ? { ...checked, tracing: await Tracing.load((why) => process.emitWarning(why)) }
      : checked;
    const forms = options.codec === undefined ? TEXT : formsOf(options.codec);
    const listeners = new Listeners();
    const cluster = destination.cluster && new ClusterSeeds(destination.cluster, options.etcd ?? {});
    const seeds = cluster ?? new GivenSeeds(destination.seeds);
    const session =
      settings.readFrom === 'leader'
        ? new Session(seeds, settings, { seen: new NewestPosition(), listeners })
        : new Router(seeds, settings, listeners);
    try {
      await connect(session, options, settings.retry);
    } catch (error) {
      await cluster?.close();
      throw error;
    }
    if (settings.redirect)
      cluster?.follow({ address: () => session.connection.address, consider: () => session.consider() });
    return new Client(session, forms as typeof TEXT, listeners, cluster);
  }

  /** The address of the node that commands are sent to now, undefined while there is no connection. */
  get address(): string | undefined {
    return this.#session.connection.address;
  }

  /**
   * The state of the client itself, without a question to a node: whether it is connected, to which node, and whether
   * reads may be stale. `status` is the node's.
   */
  get connection(): ConnectionState {
    return this.#session.connection;
  }

  /**
   * Calls the listener at each event of the connection: `lost`, `connected` again, `moved` to another node. A listener
   * that fails is a warning of the process, and the client goes on. No event comes for the first connection, and none
   * for `close`.
   *
   *     db.on('moved', ({ from, to, reason }) => console.log(`${from} → ${to}: ${reason?.message}`));
   *
   * @throws HeadwaterError `invalid_argument` if there is no such event.
   */
  on<Name extends keyof ClientEvents>(name: Name, listener: Listener<ClientEvents[Name]>): this {
    this.#listeners.add(name, listener, false);
    return this;
  }

  /** Like `on`, for the next event of that name alone. */
  once<Name extends keyof ClientEvents>(name: Name, listener: Listener<ClientEvents[Name]>): this {
    this.#listeners.add(name, listener, true);
    return this;
  }

  /** Removes a listener that `on` or `once` has added. Does nothing if there is none. */
  off<Name extends keyof ClientEvents>(name: Name, listener: Listener<ClientEvents[Name]>): this {
    this.#listeners.remove(name, listener);
    return this;
  }

  /** A position at or after everything that this client has seen, undefined before its first answer. */
  get position(): Position | undefined {
    return this.#session.position;
  }

  /**
   * `position` as text, for the `atLeast` of another client. With the token, the other client sees what this one has
   * seen.
   */
  get token(): string | undefined {
    const { position } = this.#session;
    return position && formatToken(position);
  }

  /** Like `get`, with the value as bytes. */
  getBuffer(key: Data, options?: CallOptions): Promise<Buffer | undefined> {
    return this.buffers.get(key, options);
  }

  /** The exact number of keys. Expired keys count until the leader's deletion has arrived at the node. */
  async dbsize(options: CallOptions = {}): Promise<number> {
    checkOptionNames(options, CALL);
    return new SideCall(this.#session, options).read(DATABASE_SIZE, {}, options);
  }

  /**
   * Publishes a message. Every node delivers it at the same place, behind every earlier write of this client. The call
   * works at any node: a follower sends the message up to its leader.
   * @returns the offset of a durable message, or the offset that the message follows.
   * @throws HeadwaterError `outcome_unknown` if the message may or may not have been published.
   */
  async publish(channel: Data, message: Input, options: PublishOptions = {}): Promise<number> {
    checkOptionNames(options, PUBLISH_OPTIONS);
    const durable = isOn('durable', options.durable);
    const data = toBuffer('message', this.#forms.encodeMessage(channel, message));
    const request = { channel: toBuffer('channel', channel), data, durable };
    const call = new SideCall(this.#session, options, request.data.length);
    await call.settled();
    await call.connected();
    return call.unary(PUBLISH, request).catch((error) => {
      throw unknownIfCutOff(error);
    });
  }

  /**
   * Yields messages as they are published, without an end, at any node. The subscription reconnects by itself, resumes
   * the durable messages where it stopped, and reports missed ones. `kind` is 'message', 'missed' or 'gap'.
   *
   *     for await (const item of db.subscribe({ channels: ['news'], patterns: ['user:*'] })) …
   */
  subscribe(options: SubscribeOptions = {}): AsyncGenerator<SubscriptionItem<string, Value>> {
    return subscribe(this.#session, options, this.#forms);
  }

  /** Like `subscribe`, with bytes. */
  subscribeBuffers(options: SubscribeOptions = {}): AsyncGenerator<SubscriptionItem<Buffer>> {
    return subscribe(this.#session, options, BYTES);
  }

  /**
   * Yields every change of the keys under a prefix, in order, without an end, at any node. If the node does not have
   * the changes from there on, a snapshot comes (`snapshotBegin`, `entry`s, `snapshotEnd`). The snapshot replaces all
   * earlier data.
   */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchItem<string, Value>> {
    return watch(this.#session, options, this.#forms);
  }

  /** Like `watch`, with bytes. */
  watchBuffers(options: WatchOptions = {}): AsyncGenerator<WatchItem<Buffer>> {
    return watch(this.#session, options, BYTES);
  }

  /**
   * Takes a backup of the node that the client is connected to, with everything that was written there before. The
   * parts are the bytes of one file, to be kept in order. The file is complete only after a part with `end`. If the
   * connection breaks, the backup resumes where it stopped.
   *
   *     for await (const { bytes } of db.backup()) await file.write(bytes);
   */
  backup(options: BackupOptions = {}): AsyncGenerator<BackupPart> {
    return backup(this.#session, options);
  }

  /**
   * Makes the node that the client is connected to check everything on its disk that has a checksum, while it runs. The
   * summary comes last.
   * @throws HeadwaterError `overloaded` if a check runs already.
   */
  verify(options: CheckOptions = {}): AsyncGenerator<VerifyEvent> {
    return check(this.#session, VERIFY, options);
  }

  /**
   * Makes the follower that the client is connected to check everything, and replace damaged data with a copy from its
   * upstream. The summary comes last.
   * @throws HeadwaterError `repair_refused` by a leader, `overloaded` as for `verify`.
   */
  repair(options: CheckOptions = {}): AsyncGenerator<RepairEvent> {
    return check(this.#session, REPAIR, options);
  }

  /**
   * Yields the commands of all clients as the node that the client is connected to receives them, without an end. Long
   * keys and values are cut. Clients of the node never wait for a monitor: commands that this one is too slow for are
   * counted as missed. For a look at a running program, since each monitor costs the node a copy of every command.
   *
   *     for await (const item of db.monitor()) if (item.kind === 'command') console.log(item.client, item.name);
   *
   * @throws HeadwaterError `unreachable` if the connection breaks, `overloaded` if 16 monitors are open.
   */
  monitor(options: MonitorOptions = {}): AsyncGenerator<MonitorItem> {
    return monitor(this.#session, options);
  }

  /**
   * Digests of key ranges, as the node that the client is connected to froze them for a comparison. `findDifferences`
   * uses them.
   * @param ranges at most 1,024. An empty list tells the node that the comparison is still wanted.
   * @throws HeadwaterError `mark_lost` if the node does not hold the frozen state any more.
   */
  async *rangeDigests(
    markId: string,
    ranges: readonly KeyRange[],
    options: RangeDigestOptions = {},
  ): AsyncGenerator<RangeDigest> {
    checkOptionNames(options, RANGE_DIGEST_OPTIONS);
    checkText('markId', markId);
    const { cuts = [], ...time } = options;
    const call = new SideCall(this.#session, time);
    for await (const digests of call.stream(RANGE_DIGESTS, { markId, ranges, cuts })) yield* digests;
  }

  /**
   * Makes the follower that the client is connected to replace some key ranges, at most 1,024, with its upstream's
   * data. Yields for each step that is done.
   * @param options.timeoutMs as for `verify`.
   * @throws HeadwaterError `invalid_argument` by a leader, `corrupt` if the upstream is damaged there.
   */
  async *repairRanges(ranges: readonly KeyRange[], options: CheckTime = {}): AsyncGenerator<RepairRangesResponse> {
    checkOptionNames(options, TIME);
    yield* new SideCall(this.#session, options).stream(REPAIR_RANGES, ranges);
  }

  /** Finishes open commands, and hangs up. The remaining commands are rejected with `cancelled`. */
  async close(options: CloseOptions = {}): Promise<void> {
    checkOptionNames(options, CLOSE_OPTIONS);
    await this.#session.close(options.timeoutMs);
    await this.#cluster?.close();
  }

  /** Closes the client at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A call that broke off may have been done. An error from the node itself is its outcome. */
function unknownIfCutOff(error: unknown): unknown {
  if (!HeadwaterError.is(error) || !['unreachable', 'cancelled', 'deadline_exceeded'].includes(error.code))
    return error;
  return new HeadwaterError('outcome_unknown', `the message may or may not have been published: ${error.message}`, {
    cause: error,
  });
}
