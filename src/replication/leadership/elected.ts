/**
 * The leadership of a node in a cluster: the store of the cluster has given it, and takes it away. This part begins it,
 * ends it, and follows other leaders, in the order in which the cluster asks. Writes can be held until another node has
 * all of them.
 */
import { unlessAborted } from '../../base/abort.js';
import type { Logger } from '../../base/logger.js';
import type { LineageRow } from '../../model/lineage.js';
import type { StoreData } from '../../store/data.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Elected, Roles } from '../../store/roles.js';
import type { Writes } from '../../store/writes.js';
import type { Ends } from '../node-place.js';
import type { RoleChanges } from './role-changes.js';

/** The parts of the store that this file needs. */
export interface ElectedStore {
  readonly data: Pick<StoreData, 'position'>;
  readonly roles: Pick<Roles, 'follow' | 'promote' | 'role' | 'upstream'>;
  readonly writes: Pick<Writes, 'pause' | 'resume'>;
  readonly identity: Pick<NodeIdentity, 'clusterId' | 'join'>;
}

export interface ElectedOptions {
  readonly store: ElectedStore;
  readonly logger: Logger;
  readonly ends: Ends;
  readonly changes: Pick<RoleChanges, 'run'>;
}

const KEEP_DATA = { acceptDataLoss: false, full: false, byOrder: false } as const;

export class ElectedLeadership {
  readonly #options: ElectedOptions;
  readonly #store: ElectedStore;

  constructor(options: ElectedOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /**
   * Leads under a history that has the fencing number as its epoch.
   * @param clusterId the cluster that this node founds if it has none.
   */
  lead(elected: Elected, clusterId: string): Promise<LineageRow> {
    return this.#options.changes.run(async () => {
      const { identity, roles } = this.#store;
      if (identity.clusterId === '') await identity.join(clusterId);
      return roles.promote({ elected });
    });
  }

  /** Leads no more, durably, and follows nobody yet. Resolves when the callers of the leadership have their answers. */
  async standDown(): Promise<void> {
    const { roles } = this.#store;
    if (roles.role === 'follower') return;
    await this.#options.changes.run(() => roles.follow(''), KEEP_DATA);
  }

  /** Follows a node from the present position, unless it has a session with that node already. */
  async follow(upstream: string): Promise<void> {
    const { roles } = this.#store;
    const { link } = this.#options.ends;
    if (roles.role === 'follower' && roles.upstream === upstream && link.hasSession) return;
    await this.#options.changes.run(async () => {
      await roles.follow(upstream);
      this.#options.logger.info({ upstream }, `following ${upstream}, which leads the cluster`);
    }, KEEP_DATA);
  }

  /**
   * Lets writes wait until a follower has all of them.
   * @throws HeadwaterError `failover_failed` if there is no such follower; the reason of `signal`.
   */
  async hold(nodeId: string, signal: AbortSignal): Promise<void> {
    const feed = this.#options.ends.followers.target(nodeId);
    const end = await unlessAborted(this.#store.writes.pause(), signal);
    await feed.whenAppended(end, signal);
  }

  /** Lets writes continue. */
  release(): void {
    this.#store.writes.resume();
  }
}
