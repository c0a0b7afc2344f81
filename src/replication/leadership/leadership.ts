/**
 * The leadership of a tree, at one of its nodes. This part carries out the
 * orders of people, and handles the events of both ends of the node's links that
 * concern the leadership.
 */
import { HeadwaterError } from '../../base/errors.js';
import { FAILOVER_MS_MAX } from '../../base/limits.js';
import type { FailoverReply } from '../../model/leadership.js';
import type { LineageRow } from '../../model/lineage.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Roles } from '../../store/roles.js';
import type { Feed } from '../downstream/feed.js';
import type { Greeter } from '../downstream/feed-node.js';
import type { Handshake, Moved, UpstreamInfo } from '../frames.js';
import type { Ends } from '../node-place.js';
import type { Acknowledgements } from '../progress/acknowledgements.js';
import type { LinkEvents } from '../upstream/link.js';
import { ElectedLeadership } from './elected.js';
import { Failover, type FailoverOrder, HANDOVER_REFUSED } from './failover.js';
import type { FailoverStateName } from './failover-state.js';
import { Greeting, type GreetingStore, type Unserved } from './greeting.js';
import { RoleChanges, type RoleChangesOptions } from './role-changes.js';

/** The parts of the store that this file needs. */
export interface LeadershipStore {
  readonly roles: Pick<Roles, 'follow' | 'handingOver' | 'promote' | 'role' | 'upstream'>;
  readonly identity: Pick<NodeIdentity, 'nodeId'>;
}

export interface FollowOrder {
  /** Whether this node's own data may be dropped if the upstream's history has no place for them. */
  readonly acceptDataLoss: boolean;
  /** Whether to begin with a full resync, whatever the position. */
  readonly full?: boolean;
}

export const KEEP_DATA: FollowOrder = { acceptDataLoss: false };

export interface LeadershipOptions extends RoleChangesOptions {
  readonly store: RoleChangesOptions['store'] & Pick<GreetingStore, 'settings'>;
  readonly ends: Ends;
  readonly acknowledgements: Acknowledgements;
  /** Whether an address, host:port, is this node under another name, as far as that can be known at once. */
  isHere?(address: string): boolean;
}

export class Leadership implements Greeter, LinkEvents {
  /** The leadership of a node in a cluster. */
  readonly elected: ElectedLeadership;
  readonly #options: LeadershipOptions;
  readonly #store: LeadershipStore;
  readonly #changes: RoleChanges;
  readonly #failover: Failover;
  readonly #greeting: Greeting;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#store = options.store;
    const changes = new RoleChanges(options);
    this.#changes = changes;
    this.#failover = new Failover({ ...options, changes });
    this.elected = new ElectedLeadership({ ...options, changes });
    this.#greeting = new Greeting({ ...options, changes });
  }

  /** The stage of the hand-over that is under way. */
  get failoverState(): FailoverStateName {
    return this.#failover.stateName;
  }

  /** Takes up the role that the store was opened in. */
  start(options: FollowOrder): void {
    this.#changes.start({ acceptDataLoss: options.acceptDataLoss, full: options.full ?? false, byOrder: false });
  }

  // ---- orders of people ------------------------------------------------------------

  /** See Replication. */
  async follow(upstream: string, options: FollowOrder): Promise<void> {
    const address = this.#options.address();
    if (upstream === address || this.#options.isHere?.(upstream)) {
      throw new HeadwaterError(
        'replication_loop',
        `a node cannot follow itself: expected the address of another node, received ${upstream}; this node is ${address}`,
      );
    }
    this.#failover.giveUp();
    await this.#changes.settled();
    if (this.#isAt(upstream, options)) return;
    const { acceptDataLoss, full = false } = options;
    const follow = async () => {
      await this.#store.roles.follow(upstream);
      this.#failover.overtaken();
      this.#options.logger.info({ upstream }, `following ${upstream}`);
    };
    await this.#changes.run(follow, { acceptDataLoss, full, byOrder: true });
  }

  /**
   * Whether the order is carried out already. A supervisor may repeat a plain
   * `follow`, which must not restart a full resync in progress.
   */
  #isAt(upstream: string, { acceptDataLoss, full = false }: FollowOrder): boolean {
    const { role, upstream: followed, handingOver } = this.#store.roles;
    if (role !== 'follower' || followed !== upstream || handingOver) return false;
    return !acceptDataLoss && !full && this.#options.ends.link.hasSession;
  }

  /** See Replication. */
  promote(): Promise<LineageRow> {
    this.#failover.giveUp();
    // The leader above may have begun a history in which nothing is written yet. The new history comes after it for
    // every node that meets both.
    const begun = this.#options.ends.link.reports.nextHistory?.epoch ?? 0;
    return this.#changes.run(async () => {
      // A person has decided, so no later leader's history that waits below this node ends its lead again.
      const above = Math.max(begun, this.#options.acknowledgements.epochWaiting);
      const row = await this.#store.roles.promote({ above });
      this.#failover.overtaken();
      return row;
    });
  }

  /** See Replication. */
  failover(order: FailoverOrder): Promise<FailoverReply> {
    return this.#failover.run({ ...order, timeoutMs: order.timeoutMs || FAILOVER_MS_MAX });
  }

  // ---- events of the followers' end --------------------------------------------------

  greeted(handshake: Handshake): Promise<Unserved | undefined> {
    return this.#greeting.greeted(handshake);
  }

  /** A follower begins to be served. */
  arrived(follower: Feed): void {
    this.#failover.arrived(follower);
  }

  // ---- events of the link ------------------------------------------------------------

  introducing(): void {
    this.#failover.introducing();
  }

  accepted({ follows }: UpstreamInfo): Promise<void> {
    return this.#failover.accepted(follows);
  }

  refused(reason: string, message: string): void {
    if (reason === HANDOVER_REFUSED) this.#failover.refused(message);
  }

  moved(moved: Moved, upstream: string): void {
    void this.#moved(moved, upstream);
  }

  /** Follows the new leader from the present position, since the upstream has handed over. */
  async #moved({ address, nodeId }: Moved, upstream: string): Promise<void> {
    const { logger } = this.#options;
    const store = this.#store;
    if (address === '') {
      logger.warn({ upstream }, `${upstream} has handed over to ${nodeId}, which reports no address: this node stays`);
      return;
    }
    try {
      // The new leader has the same data as the former one, so a person's unfulfilled orders apply to it too.
      await this.#changes.run(async () => {
        const stays = store.roles.role === 'follower' && store.roles.upstream === upstream && !store.roles.handingOver;
        if (!stays || nodeId === store.identity.nodeId || address === this.#options.address()) return;
        await store.roles.follow(address);
        logger.info({ upstream: address }, `${upstream} has handed over: this node follows ${address}`);
      });
    } catch (error) {
      logger.error({ upstream: address }, `following ${address} failed: ${(error as Error).message}`);
    }
  }

  // ---- the end -------------------------------------------------------------------------

  /** Gives up a hand-over that waits for its follower. A hand-over whose outcome is unknown stays as it is on disk. */
  giveUp(reason: HeadwaterError): void {
    this.#failover.close(reason);
  }

  /** Takes up no role any more. */
  announceClose(reason: HeadwaterError): void {
    this.#changes.announceClose();
    this.#failover.close(reason);
  }

  /** Resolves when the changes so far are done. */
  close(): Promise<void> {
    return this.#changes.close();
  }
}
