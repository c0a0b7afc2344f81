/**
 * The replication of a node, put together: the link to its upstream, if it has
 * one, the feeds to its followers, and the part that changes who leads. This
 * file knows neither gRPC nor who asks for a change.
 */

import type { Clock, LogicalClock } from '../base/clock.js';
import { type HeadwaterError, shuttingDown } from '../base/errors.js';
import { HEARTBEAT_INTERVAL_MS } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import type { LoopLoad } from '../base/loop-load.js';
import type { FailoverReply } from '../model/leadership.js';
import type { LineageRow } from '../model/lineage.js';
import type { NodeStatus } from '../model/status.js';
import type { StoreData } from '../store/data.js';
import type { Intake } from '../store/intake.js';
import type { KnownFollower, KnownFollowers } from '../store/known-followers.js';
import type { LostWrites } from '../store/lost-writes.js';
import type { NodeIdentity } from '../store/node-identity.js';
import type { Roles } from '../store/roles.js';
import type { Settings } from '../store/settings.js';
import type { Snapshots } from '../store/snapshots.js';
import type { Space } from '../store/space.js';
import type { Message, Writes } from '../store/writes.js';
import type { UpChannel } from './channel.js';
import { type Attendance, Followers } from './downstream/followers.js';
import { FullResyncPlaces } from './downstream/full-resync-places.js';
import { Headroom } from './downstream/headroom.js';
import { FollowerRegistry } from './downstream/registry.js';
import { drain } from './leadership/drain.js';
import type { ElectedLeadership } from './leadership/elected.js';
import type { FailoverOrder } from './leadership/failover.js';
import { type FollowOrder, KEEP_DATA, Leadership } from './leadership/leadership.js';
import type { Marks } from './marks.js';
import { NodePlace } from './node-place.js';
import { Acknowledgements } from './progress/acknowledgements.js';
import { Durability } from './progress/durability.js';
import type { ResyncFrom } from './upstream/detour.js';
import { Link } from './upstream/link.js';
import { WriteSpans } from './upstream/write-spans.js';
import type { NodeTraces } from './write-traces.js';

/** The parts of the store that this file needs. */
export interface ReplicationStore {
  readonly data: StoreData;
  readonly roles: Roles;
  readonly writes: Writes;
  readonly snapshots: Pick<Snapshots, 'at'>;
  readonly intake: Pick<Intake, 'adopt' | 'beginReplacement' | 'receive' | 'setTime'>;
  readonly followers: Pick<KnownFollowers, 'all' | 'forget' | 'keepsPlaceOf' | 'note'>;
  readonly lostWrites: Pick<LostWrites, 'save'>;
  readonly space: Pick<Space, 'refusal' | 'refusalOf' | 'whenRoom'>;
  readonly clock: Pick<LogicalClock, 'follow' | 'now'>;
  readonly settings: Pick<Settings, 'fsync' | 'logPinBytesMax' | 'logRetentionBytes' | 'maintenance'>;
  readonly identity: Pick<NodeIdentity, 'clusterId' | 'join' | 'nodeId' | 'records'>;
  announceClose(): void;
}

export interface ReplicationOptions {
  readonly store: ReplicationStore;
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
  /** The number of full resyncs that are sent at once. 2 by default. */
  readonly fullResyncsMax?: number;
  /** Which node sends this node a full resync. `upstream` by default. */
  readonly resyncFrom?: ResyncFrom;
  /** Milliseconds for which a leader that may have lost its tail waits for its followers. */
  readonly askFollowersMs: number;
  /** A number between 0 and 1, for jitter. */
  random(): number;
  /** host:port at which this node listens. */
  address(): string;
  /** Whether an address, host:port, is this node under another name, as far as that can be known at once. */
  isHere?(address: string): boolean;
  readonly marks: Marks;
  readonly load: Pick<LoopLoad, 'isBusy'>;
  /** Undefined on a node that does not trace. */
  readonly traced?: NodeTraces | undefined;
  /** @throws HeadwaterError `unreachable`. */
  dial(address: string): Promise<UpChannel>;
}

export class Replication {
  readonly link: Link;
  readonly followers: Followers;
  readonly acknowledgements: Acknowledgements;
  readonly durability: Durability;
  readonly headroom: Headroom;
  readonly #options: ReplicationOptions;
  readonly #place: NodePlace;
  readonly #leadership: Leadership;
  readonly #registry: FollowerRegistry;
  #published = 0;

  constructor(options: ReplicationOptions) {
    this.#options = options;
    const { heartbeatIntervalMs = HEARTBEAT_INTERVAL_MS } = options;
    const place = new NodePlace(options.store, this, () => options.address());
    const acknowledgements = new Acknowledgements(options);
    const shared = { ...options, heartbeatIntervalMs, acknowledgements, place, ends: this };
    const leadership = new Leadership(shared);
    this.acknowledgements = acknowledgements;
    this.durability = new Durability(shared);
    const spans = options.traced && new WriteSpans({ ...options.traced, identity: options.store.identity });
    this.link = new Link({ ...shared, spans, events: leadership });
    const fullResyncs = new FullResyncPlaces(options.fullResyncsMax);
    this.followers = new Followers({ ...shared, leadership, fullResyncs, attendance: this.#attendance() });
    const { link, followers } = this;
    this.headroom = new Headroom({ ...shared, followers });
    this.#registry = new FollowerRegistry({ ...shared, followers, link });
    this.#place = place;
    this.#leadership = leadership;
  }

  #attendance(): Attendance {
    return {
      arrived: (follower) => {
        this.#leadership.arrived(follower);
        this.#registry.go();
      },
      left: (follower) => this.#registry.go(follower),
    };
  }

  /** Takes up the role that the store was opened in. */
  start(options: FollowOrder = KEEP_DATA): void {
    this.headroom.start();
    this.#registry.go();
    this.#leadership.start(options);
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
    const offset = await this.#place.publish(message);
    this.#published++;
    return offset;
  }

  /** Fields of `NodeStatus`, which explains them. */
  get status() {
    const { failoverState } = this.#leadership;
    return {
      publishedMessages: this.#published,
      leader: this.#place.leader,
      failoverState: failoverState === 'none' ? '' : failoverState,
    } satisfies Partial<NodeStatus>;
  }

  /** The leadership of a node in a cluster. */
  get elected(): ElectedLeadership {
    return this.#leadership.elected;
  }

  /**
   * Makes this node a follower of `upstream`, host:port, also over restarts. If
   * it has a session with that upstream already, nothing changes.
   * @throws HeadwaterError `replication_loop` if the upstream is this node
   *   itself.
   */
  follow(upstream: string, options: FollowOrder = KEEP_DATA): Promise<void> {
    return this.#leadership.follow(upstream, options);
  }

  /** Stops following and leads, also over restarts. A leader goes on under the history that it has. */
  promote(): Promise<LineageRow> {
    return this.#leadership.promote();
  }

  /**
   * Hands the leadership over to a follower, named by address or node ID. Without
   * a name, the follower with the highest appended offset is chosen. Resolves
   * when that follower leads.
   * @param timeoutMs milliseconds for which writes may wait for the follower to
   *   be level; 0 means the default.
   * @param signal gives the hand-over up, unless the other node was asked already.
   * @throws HeadwaterError `failover_failed`, or `outcome_unknown` while this
   *   node keeps asking.
   */
  failover({ to = '', timeoutMs = 0, signal }: Partial<FailoverOrder> = {}): Promise<FailoverReply> {
    return this.#leadership.failover({ to, timeoutMs, signal });
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
    this.#leadership.giveUp(shuttingDown());
    this.#options.store.writes.refuseWaiting();
  }

  /** Ends every session. The store has to be closed next. */
  async close(reason: HeadwaterError): Promise<void> {
    this.#leadership.announceClose(reason);
    await this.#registry.close();
    this.headroom.stop();
    this.followers.close(reason);
    // A link that finishes a full resync may wait for a store that cannot be opened.
    this.#options.store.announceClose();
    await this.#leadership.close();
    await this.link.stop();
  }
}
