/**
 * A node's place in the tree: the link to its upstream, if it has one, and the
 * feeds to its followers. Changes from one place to another belong here too.
 * This file knows neither gRPC nor who asks for a change.
 *
 * Changes are made one after another, and with the link stopped. So nothing of
 * an upstream enters the store while the role changes.
 */

import type { Clock } from '../base/clock.js';
import { HeadwaterError, shuttingDown } from '../base/errors.js';
import { FAILOVER_MS_MAX, HEARTBEAT_INTERVAL_MS } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { tooLarge } from '../commands/arguments.js';
import type { Limits } from '../commands/view.js';
import type { FailoverReply } from '../model/leadership.js';
import type { LineageRow } from '../model/lineage.js';
import type { KnownFollower } from '../store/known-followers.js';
import type { Store } from '../store/store.js';
import type { Message } from '../store/writes.js';
import type { DownChannel, UpChannel } from './channel.js';
import type { Moved } from './down-frames.js';
import { Followers } from './downstream/followers.js';
import { Headroom } from './downstream/headroom.js';
import { FollowerRegistry } from './downstream/registry.js';
import { drain } from './leadership/drain.js';
import { Failover, HANDOVER_REFUSED } from './leadership/failover.js';
import { Greeting } from './leadership/greeting.js';
import { TailRecovery } from './leadership/tail-recovery.js';
import type { Marks } from './marks.js';
import { Acknowledgements } from './progress/acknowledgements.js';
import { Durability } from './progress/durability.js';
import { epochBefore } from './takeover.js';
import { Link, NO_ORDERS, type Orders } from './upstream/link.js';

export interface ReplicationOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A value drawn at each start of the process. */
  readonly nonce: string;
  /** A peer that is silent for longer than this counts as dead. */
  readonly timeoutMs: number;
  /**
   * Milliseconds between heartbeats, and between acknowledgements while nothing
   * else is sent. Several intervals fit into the time-out.
   */
  readonly heartbeatIntervalMs?: number;
  /** The followers within `maxLagMs` that a leader needs to take writes; 0, the default, disables the guard. */
  readonly minFollowers?: number;
  readonly maxLagMs?: number;
  /** Milliseconds for which a leader that may have lost its tail waits for its followers. */
  readonly askFollowersMs: number;
  /** A number between 0 and 1, for jitter. */
  random(): number;
  /** host:port at which this node listens. */
  address(): string;
  /** Whether an address, host:port, is this node under another name, as far as that can be known at once. */
  isHere?(address: string): boolean;
  readonly marks: Marks;
  /** @throws HeadwaterError `unreachable`. */
  dial(address: string): Promise<UpChannel>;
}

export interface FollowOptions {
  /** Whether this node's own data may be dropped if the upstream's history has no place for them. */
  readonly acceptDataLoss: boolean;
  /** Whether to begin with a full resync, whatever the position. */
  readonly full?: boolean;
}

const KEEP_DATA: FollowOptions = { acceptDataLoss: false };

function ordersOf({ acceptDataLoss, full = false }: FollowOptions): Omit<Orders, 'byOrder'> {
  return { acceptDataLoss, full };
}

export class Replication {
  readonly link: Link;
  readonly followers: Followers;
  readonly acknowledgements: Acknowledgements;
  readonly durability: Durability;
  readonly headroom: Headroom;
  readonly heartbeatIntervalMs: number;
  readonly #options: ReplicationOptions;
  readonly #store: Store;
  readonly #failover: Failover;
  readonly #registry: FollowerRegistry;
  #tailRecovery: TailRecovery | undefined;
  /** The same log serves all attempts, since a store that opens again and again asks each time. */
  readonly #askingLog: RepeatedLog;
  #closed = false;
  #changing: Promise<unknown> = Promise.resolve();
  #published = 0;

  constructor(options: ReplicationOptions) {
    const { store } = options;
    this.#options = options;
    this.#store = store;
    this.#askingLog = RepeatedLog.of(options);
    this.headroom = new Headroom({
      ...options,
      followers: () => this.followers.status,
      sampled: () => this.acknowledgements.sample(),
    });
    this.acknowledgements = new Acknowledgements(options);
    const { acknowledgements } = this;
    this.durability = new Durability({ ...options, acknowledgements });
    this.heartbeatIntervalMs = options.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS;
    const { heartbeatIntervalMs } = this;
    this.link = new Link({
      ...options,
      acknowledgements,
      heartbeatIntervalMs,
      isOutdated: () => this.#isOutdated,
      events: {
        introducing: () => this.#failover.introducing(),
        accepted: (upstream) => this.#failover.accepted(upstream.follows),
        refused: (reason, message) => {
          if (reason === HANDOVER_REFUSED) this.#failover.refused(message);
        },
        moved: (moved, upstream) => void this.#moved(moved, upstream),
      },
    });
    this.followers = new Followers({
      ...options,
      acknowledgements,
      heartbeatIntervalMs,
      path: () => [...this.link.path, store.identity.nodeId],
      publish: (message) => this.#publish(message),
      levelMs: () => this.#levelMs,
      nextHistory: () => this.#nextHistory,
      greeted: (handshake) => greeting.greeted(handshake),
      arrived: (feed) => {
        this.#failover.arrived(feed);
        this.#registry.go();
      },
      left: (feed) => this.#registry.go(feed),
    });
    const greeting = new Greeting({
      ...options,
      link: this.link,
      followers: this.followers,
      acknowledgements,
      change: (change) => this.#change(change),
    });
    this.#registry = new FollowerRegistry({
      ...options,
      followers: this.followers,
      below: () => acknowledgements.below,
      above: () => this.link.path,
    });
    this.#failover = new Failover({
      ...options,
      followers: this.followers,
      address: () => options.address(),
      change: (change) => this.#change(change),
    });
  }

  /** Takes up the role that the store was opened in. */
  start(options: FollowOptions = KEEP_DATA): void {
    this.headroom.start();
    this.#registry.go();
    this.#store.roles.onAsking(() => void this.#change(async () => {}));
    this.#takeUp({ ...ordersOf(options), byOrder: false });
  }

  #takeUp(orders: Orders): void {
    if (this.#closed) return;
    if (this.#store.roles.role === 'follower') this.link.start(this.#store.roles.upstream, orders);
    else if (this.#store.roles.asking) void this.#askFirst();
  }

  /** Serves a follower until its session ends. */
  accept(channel: DownChannel): Promise<void> {
    return this.followers.accept(channel);
  }

  /**
   * Publishes a message to every node, at one place among the writes. A follower
   * sends the message up to its leader first.
   * @returns the message's own offset if it is durable, else the offset that it
   *   follows.
   * @throws HeadwaterError `too_large`; `unavailable` or `overloaded` if the
   *   message was not published; `outcome_unknown` if that cannot be known.
   */
  async publish(message: Message): Promise<number> {
    const offset = await this.#publish(message);
    this.#published++;
    return offset;
  }

  /** Messages that clients have published through this node since it started. */
  get published(): number {
    return this.#published;
  }

  /**
   * Makes this node a follower of `upstream`, host:port, also over restarts. If
   * it has a session with that upstream already, nothing changes.
   * @throws HeadwaterError `replication_loop` if the upstream is this node
   *   itself.
   */
  async follow(upstream: string, options: FollowOptions = KEEP_DATA): Promise<void> {
    const address = this.#options.address();
    if (upstream === address || this.#options.isHere?.(upstream)) {
      throw new HeadwaterError(
        'replication_loop',
        `a node cannot follow itself: this is ${address}, and it was told to follow ${upstream}`,
      );
    }
    this.#failover.giveUp();
    await this.#changing;
    if (this.#isAt(upstream, options)) return;
    const follow = async () => {
      await this.#store.roles.follow(upstream);
      this.#failover.overtaken();
      this.#options.logger.info({ upstream }, `following ${upstream}`);
    };
    await this.#change(follow, { ...ordersOf(options), byOrder: true });
  }

  /**
   * Whether the order is carried out already. A supervisor may repeat a plain
   * `follow`, which must not restart a full resync in progress.
   */
  #isAt(upstream: string, { acceptDataLoss, full = false }: FollowOptions): boolean {
    const { role, upstream: followed, handingOver } = this.#store.roles;
    if (role !== 'follower' || followed !== upstream || handingOver) return false;
    return !acceptDataLoss && !full && this.link.hasSession;
  }

  /** Stops following and leads, also over restarts. A leader goes on under the history that it has. */
  promote(): Promise<LineageRow> {
    this.#failover.giveUp();
    // The leader above may have begun a history in which nothing is written yet. The new history comes after it for
    // every node that meets both.
    const begun = this.link.nextHistory?.epoch ?? 0;
    return this.#change(async () => {
      // A person has decided, so no later leader's history that waits below this node ends its lead again.
      const row = await this.#store.roles.promote({ above: Math.max(begun, this.acknowledgements.epochWaiting) });
      this.#failover.overtaken();
      return row;
    });
  }

  /**
   * Hands the leadership over to a follower, named by address or node ID. Without
   * a name, the follower with the highest appended offset is chosen. Resolves
   * when that follower leads.
   * @param timeoutMs milliseconds for which writes may wait for the follower to
   *   be level; 0 means the default.
   * @throws HeadwaterError `failover_failed`, or `outcome_unknown` while this
   *   node keeps asking.
   */
  failover({ to = '', timeoutMs = 0 }: { to?: string; timeoutMs?: number } = {}): Promise<FailoverReply> {
    return this.#failover.run({ to, timeoutMs: timeoutMs || FAILOVER_MS_MAX });
  }

  /**
   * Forgets, durably, a follower that is away: the log keeps nothing for it.
   * @param name its node ID, a beginning that only its node ID has, or
   *   host:port.
   * @throws HeadwaterError `forget_refused`.
   */
  forget(name: string): Promise<KnownFollower> {
    return this.#registry.forget(name);
  }

  /**
   * Prepares a stop. A leader takes no more writes, and waits for at most
   * `timeoutMs` until its followers have everything. Calls that wait for
   * something that cannot come any more are answered. `close` has to follow.
   */
  async drain(timeoutMs: number): Promise<void> {
    const { durability } = this;
    durability.awaitOnlyKnown();
    await drain({ ...this.#options, durability, followers: this.followers.following }, timeoutMs);
    durability.awaitNobody();
    this.#failover.close(shuttingDown());
    this.#store.writes.turnAway();
  }

  /** Ends every session. The store has to be closed next. */
  async close(reason: HeadwaterError): Promise<void> {
    this.#closed = true;
    this.#failover.close(reason);
    await this.#registry.close();
    this.headroom.stop();
    this.followers.close(reason);
    // A link that finishes a full resync may wait for a store that cannot be opened.
    this.#store.announceClose();
    await this.#tailRecovery?.stop();
    await this.#changing;
    await this.link.stop();
  }

  /** Publishes by the present role. A node that is being promoted refuses, and the publisher tries again. */
  async #publish(message: Message): Promise<number> {
    checkMessage(message, this.#store.writes.limits);
    return this.#store.roles.role === 'leader' ? this.#store.writes.publish(message) : this.link.publish(message);
  }

  /** Follows the new leader from the present position, since the upstream has handed over. */
  async #moved({ address, nodeId }: Moved, upstream: string): Promise<void> {
    const { logger } = this.#options;
    const store = this.#store;
    if (address === '') {
      logger.warn(
        { upstream },
        `${upstream} has handed over to ${nodeId}, which does not say where it listens: staying`,
      );
      return;
    }
    try {
      // The new leader has the same data as the former one, so a person's unfulfilled orders apply to it too.
      await this.#change(async () => {
        const stays = store.roles.role === 'follower' && store.roles.upstream === upstream && !store.roles.handingOver;
        if (!stays || nodeId === store.identity.nodeId || address === this.#options.address()) return;
        await store.roles.follow(address);
        logger.info({ upstream: address }, `${upstream} has handed over: following ${address}`);
      });
    } catch (error) {
      logger.error({ upstream: address }, `following ${address} failed: ${(error as Error).message}`);
    }
  }

  /** The leader's time up to which this node has every write; 0 if unknown. */
  get #levelMs(): number {
    const { roles, writes, clock } = this.#store;
    if (roles.role === 'follower') return this.link.levelMs;
    return writes.refusal ? 0 : clock.now();
  }

  /** Whether a node that is connected, and not served yet, has followed a later leader than this node. */
  get #isOutdated(): boolean {
    const { lineages } = this.followers;
    if (lineages.length === 0 || !this.#store.data.isServing) return false;
    const { end, history } = this.#store.data.log;
    return lineages.some((other) => epochBefore(history.lineage, end.offset, other) !== undefined);
  }

  /** The history that the leader's next command begins, if this node has everything before it. */
  get #nextHistory(): LineageRow | undefined {
    const store = this.#store;
    if (!store.data.isServing || store.writes.refusal) return undefined;
    return store.roles.role === 'leader' ? store.data.log.history.next : this.link.nextHistory;
  }

  /** Gets back the tail that followers have, and then leads, unless the role changes meanwhile. */
  async #askFirst(): Promise<void> {
    const { clock, askFollowersMs } = this.#options;
    const recovery = new TailRecovery({ ...this.#options, logger: this.#askingLog });
    this.#tailRecovery = recovery;
    this.#store.writes.asksUntil(clock.wallMs() + askFollowersMs);
    try {
      const superseded = await recovery.run(askFollowersMs);
      if (this.#tailRecovery !== recovery || this.#closed) return;
      await this.#change(async () => {
        if (!this.#store.roles.asking) return;
        if (superseded) await this.#store.roles.supersede(superseded);
        else if (this.#store.data.incomplete) await this.#store.roles.openAnew();
        else await this.#store.roles.promote();
      });
    } catch (error) {
      this.#askingLog.error({}, `after asking the followers: ${(error as Error).message}`);
    }
  }

  /**
   * Runs a change of roles with the link stopped. If the change fails, a follower
   * still goes on following its upstream.
   * @param orders a person's orders for the upstream after the change. If left
   *   out, the pending orders stay.
   */
  #change<T>(change: () => Promise<T>, orders?: Orders): Promise<T> {
    const done = this.#changing.then(async () => {
      await this.#store.data.lettingThrough(async () => {
        await this.link.stop();
        await this.#tailRecovery?.stop();
      });
      let next = this.#store.roles.role === 'follower' ? this.link.orders : NO_ORDERS;
      this.#tailRecovery = undefined;
      try {
        const changed = await change();
        next = orders ?? next;
        return changed;
      } finally {
        this.#takeUp(next);
      }
    });
    this.#changing = done.catch(() => {});
    return done;
  }
}

/** Applies the limit of keys to the channel, and the limit of values to the message. */
function checkMessage({ channel, data }: Message, { keyBytesMax, valueBytesMax }: Limits): void {
  if (channel.length > keyBytesMax) throw tooLarge('a channel', keyBytesMax, channel.length);
  if (data.length > valueBytesMax) throw tooLarge('a message', valueBytesMax, data.length);
}
