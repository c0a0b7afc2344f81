/**
 * A node's place among the others: the link to the node that it follows, if it
 * follows one, the feeds to those that follow it, and the changes from one
 * place to another. It knows neither gRPC nor who asks for a change.
 *
 * Changes are made one after another, and with the link stopped: nothing of an
 * upstream enters the store while its role changes.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { FAILOVER_MS_MAX, HEARTBEAT_INTERVAL_MS } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { tooLarge } from '../commands/arguments.js';
import type { Limits } from '../commands/view.js';
import type { LineageRow } from '../model/lineage.js';
import type { KnownFollower } from '../store/known-followers.js';
import { isRepairMark } from '../store/repair-mark.js';
import type { Message, Store } from '../store/store.js';
import type { FailoverReply } from '../wire/admin.js';
import type { Moved } from '../wire/down-frames.js';
import type { DownChannel, UpChannel } from './channel.js';
import { Comparisons } from './comparison.js';
import { Followers } from './downstream/followers.js';
import { Headroom } from './downstream/headroom.js';
import { FollowerRegistry } from './downstream/registry.js';
import { drain } from './leadership/drain.js';
import { Failover, HANDOVER_REFUSED } from './leadership/failover.js';
import { Greeting } from './leadership/greeting.js';
import { TailRecovery } from './leadership/tail-recovery.js';
import { Acknowledgements } from './progress/acknowledgements.js';
import { Durability } from './progress/durability.js';
import { epochBefore } from './takeover.js';
import { Link, NO_ORDERS, type Orders } from './upstream/link.js';

export interface ReplicationOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Drawn at each start of the process. */
  readonly nonce: string;
  /** Silence for so long is a dead peer. */
  readonly timeoutMs: number;
  /** Between heartbeats and acknowledgements where nothing else is sent; several of them fit into the timeout. */
  readonly heartbeatIntervalMs?: number;
  /** As a leader, takes writes only while so many followers are within `maxLagMs`; 0, the default: always. */
  readonly minFollowers?: number;
  readonly maxLagMs?: number;
  /** A leader that may have lost its tail waits for so long for its followers. */
  readonly askFollowersMs: number;
  /** Between 0 and 1, for jitter. */
  random(): number;
  /** host:port at which this node listens. */
  address(): string;
  /** Whether an address, host:port, is this node under another name, as far as that can be told at once. */
  isHere?(address: string): boolean;
  /** It came by the mark of a repair in the order of the log: nothing else enters the store in this turn. */
  repairMarked?(markId: string): void;
  /** @throws HeadwaterError `unreachable`. */
  dial(address: string): Promise<UpChannel>;
}

export interface FollowOptions {
  /** This node's own data may go where the upstream's history has no place for them. */
  readonly acceptDataLoss: boolean;
  /** Begins with a full resync, whatever the position. */
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
  readonly comparisons: Comparisons;
  readonly headroom: Headroom;
  readonly heartbeatIntervalMs: number;
  readonly #options: ReplicationOptions;
  readonly #store: Store;
  readonly #failover: Failover;
  readonly #registry: FollowerRegistry;
  #tailRecovery: TailRecovery | undefined;
  /** The log of all attempts: a store that opens again and again asks each time. */
  readonly #askingLog: RepeatedLog;
  #closed = false;
  #changing: Promise<unknown> = Promise.resolve();
  #published = 0;

  constructor(options: ReplicationOptions) {
    const { store } = options;
    this.#options = options;
    this.#store = store;
    this.#askingLog = RepeatedLog.of(options);
    this.comparisons = new Comparisons({
      ...options,
      below: () => this.followers.names,
      send: (report) => this.link.send(report),
    });
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
      marked: (markId) => {
        if (isRepairMark(markId)) options.repairMarked?.(markId);
        else this.comparisons.marked(markId);
      },
      unable: (markId, why) => {
        if (!isRepairMark(markId)) this.comparisons.unable(markId, why);
      },
    });
    this.followers = new Followers({
      ...options,
      acknowledgements,
      heartbeatIntervalMs,
      path: () => [...this.link.path, store.nodeId],
      publish: (message) => this.#publish(message),
      reported: (report) => this.comparisons.reported(report),
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
    this.#store.onAsking(() => void this.#change(async () => {}));
    this.#takeUp({ ...ordersOf(options), byOrder: false });
  }

  #takeUp(orders: Orders): void {
    if (this.#closed) return;
    if (this.#store.role === 'follower') this.link.start(this.#store.upstream, orders);
    else if (this.#store.asking) void this.#askFirst();
  }

  /** Serves a follower until its session ends. */
  accept(channel: DownChannel): Promise<void> {
    return this.followers.accept(channel);
  }

  /**
   * Publishes a message to every node, at one place among the writes: a
   * follower sends it up to its leader first.
   * @returns the offset that it has where it is durable, else that it follows.
   * @throws HeadwaterError `too_large`; `unavailable` or `overloaded` where it was
   *   not published, `outcome_unknown` where that cannot be known.
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
   * Becomes, and stays over restarts, a follower of `upstream`, host:port. One
   * that has a session with it already goes on as it is.
   * @throws HeadwaterError `replication_loop` where that is this node itself.
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
      await this.#store.follow(upstream);
      this.#failover.overtaken();
      this.#options.logger.info({ upstream }, `following ${upstream}`);
    };
    await this.#change(follow, { ...ordersOf(options), byOrder: true });
  }

  /** A supervisor may repeat the same order: that must not begin the full resync from scratch each time. */
  #isAt(upstream: string, { acceptDataLoss, full = false }: FollowOptions): boolean {
    const { role, upstream: followed, handingOver } = this.#store;
    if (role !== 'follower' || followed !== upstream || handingOver) return false;
    return !acceptDataLoss && !full && this.link.hasSession;
  }

  /** Stops following and leads, also over restarts; a leader goes on under the history that it has. */
  promote(): Promise<LineageRow> {
    this.#failover.giveUp();
    // Its leader may have begun a history in which nothing is written yet: this one comes after that, for whoever hears of both.
    const begun = this.link.nextHistory?.epoch ?? 0;
    return this.#change(async () => {
      // A person has decided: no later leader's history that waits below this node ends its lead again.
      const row = await this.#store.promote({ above: Math.max(begun, this.acknowledgements.epochWaiting) });
      this.#failover.overtaken();
      return row;
    });
  }

  /**
   * Hands the leadership over to a follower, named by address or node ID, or to
   * the one that has the most; resolves when that one leads.
   * @param timeoutMs how long writes may wait for it to be level; 0: as long as by default.
   * @throws HeadwaterError `failover_failed`, or `outcome_unknown` while it goes on asking.
   */
  failover({ to = '', timeoutMs = 0 }: { to?: string; timeoutMs?: number } = {}): Promise<FailoverReply> {
    return this.#failover.run({ to, timeoutMs: timeoutMs || FAILOVER_MS_MAX });
  }

  /**
   * Forgets, durably, a follower that is away: nothing of the log is kept for it.
   * @param name its node ID, a beginning of it that no other has, or host:port.
   * @throws HeadwaterError `forget_refused`.
   */
  forget(name: string): Promise<KnownFollower> {
    return this.#registry.forget(name);
  }

  /**
   * Before a stop: a leader takes no more writes, and waits until those who
   * follow it have all of them, `timeoutMs` at most. Whoever waits here for what
   * cannot come any more is answered. `close` has to follow.
   */
  async drain(timeoutMs: number): Promise<void> {
    const { durability } = this;
    durability.awaitOnlyKnown();
    await drain({ ...this.#options, durability, followers: this.followers.following }, timeoutMs);
    durability.awaitNobody();
    this.#failover.close(shuttingDown());
    this.#store.turnWritersAway();
  }

  /** Ends every session; the store has to be closed next. */
  async close(reason: HeadwaterError): Promise<void> {
    this.#closed = true;
    this.comparisons.held.close();
    this.#failover.close(reason);
    await this.#registry.close();
    this.headroom.stop();
    this.followers.close(reason);
    // A link that takes over a full resync may wait for a store that cannot be opened.
    this.#store.announceClose();
    await this.#tailRecovery?.stop();
    await this.#changing;
    await this.link.stop();
  }

  /** As the role is now: a node that is being promoted refuses, and the publisher asks again. */
  async #publish(message: Message): Promise<number> {
    checkMessage(message, this.#store.limits);
    return this.#store.role === 'leader' ? this.#store.publish(message) : this.link.publish(message);
  }

  /** The upstream has handed over: this node goes on below the new leader, from where it is. */
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
      // The new leader has what the former one had: what a person has asked of that one is asked of it.
      await this.#change(async () => {
        const stays = store.role === 'follower' && store.upstream === upstream && !store.handingOver;
        if (!stays || nodeId === store.nodeId || address === this.#options.address()) return;
        await store.follow(address);
        logger.info({ upstream: address }, `${upstream} has handed over: following ${address}`);
      });
    } catch (error) {
      logger.error({ upstream: address }, `following ${address} failed: ${(error as Error).message}`);
    }
  }

  /** The leader's time up to which this node has every write; 0 where that is not known. */
  get #levelMs(): number {
    const { role, whyNoWrites } = this.#store;
    if (role === 'follower') return this.link.levelMs;
    return whyNoWrites ? 0 : this.#store.nowMs();
  }

  /** A node that is connected and not served yet has followed a later leader than this one. */
  get #isOutdated(): boolean {
    const { lineages } = this.followers;
    if (lineages.length === 0 || !this.#store.isServing) return false;
    const { lineage, end } = this.#store.log;
    return lineages.some((other) => epochBefore(lineage, end.offset, other) !== undefined);
  }

  /** The history that the next command of the leader begins, where this node has all before it. */
  get #nextHistory(): LineageRow | undefined {
    const store = this.#store;
    if (!store.isServing || store.whyNoWrites) return undefined;
    return store.role === 'leader' ? store.log.nextHistory : this.link.nextHistory;
  }

  /** Gets back what followers have, then leads; unless the role changes meanwhile. */
  async #askFirst(): Promise<void> {
    const { clock, askFollowersMs } = this.#options;
    const recovery = new TailRecovery({ ...this.#options, logger: this.#askingLog });
    this.#tailRecovery = recovery;
    this.#store.asksUntil(clock.wallMs() + askFollowersMs);
    try {
      const superseded = await recovery.run(askFollowersMs);
      if (this.#tailRecovery !== recovery || this.#closed) return;
      await this.#change(async () => {
        if (!this.#store.asking) return;
        if (superseded) await this.#store.supersede(superseded);
        else if (this.#store.incomplete) await this.#store.openAnew();
        else await this.#store.promote();
      });
    } catch (error) {
      this.#askingLog.error({}, `after asking the followers: ${(error as Error).message}`);
    }
  }

  /**
   * Whatever becomes of `change`, a follower goes on following somebody.
   * @param orders a person's, for the upstream that it follows then; if left out, those that are not carried out yet.
   */
  #change<T>(change: () => Promise<T>, orders?: Orders): Promise<T> {
    const done = this.#changing.then(async () => {
      await this.#store.lettingThrough(async () => {
        await this.link.stop();
        await this.#tailRecovery?.stop();
      });
      let next = this.#store.role === 'follower' ? this.link.orders : NO_ORDERS;
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

function shuttingDown(): HeadwaterError {
  return new HeadwaterError('shutting_down', 'the node is shutting down');
}

/** A channel is bound as keys are, a message as values are. */
function checkMessage({ channel, data }: Message, { keyBytesMax, valueBytesMax }: Limits): void {
  if (channel.length > keyBytesMax) throw tooLarge('a channel', keyBytesMax, channel.length);
  if (data.length > valueBytesMax) throw tooLarge('a message', valueBytesMax, data.length);
}
