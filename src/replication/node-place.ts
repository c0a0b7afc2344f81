/** This node's place in the tree, seen from both ends of its links. */

import type { LogicalClock } from '../base/clock.js';
import { tooLarge } from '../commands/arguments.js';
import type { Limits } from '../commands/view.js';
import type { LineageRow } from '../model/lineage.js';
import type { StatusLeader } from '../model/status.js';
import type { StoreData } from '../store/data.js';
import type { NodeIdentity } from '../store/node-identity.js';
import type { Roles } from '../store/roles.js';
import type { Message, Writes } from '../store/writes.js';
import type { TreePlace } from './downstream/feed-node.js';
import type { Followers } from './downstream/followers.js';
import { epochBefore } from './takeover.js';
import type { Link, UpstreamPlace } from './upstream/link.js';

/** The parts of the store that this file needs. */
export interface NodePlaceStore {
  readonly data: Pick<StoreData, 'isServing' | 'log'>;
  readonly roles: Pick<Roles, 'role' | 'tenure' | 'upstream'>;
  readonly writes: Pick<Writes, 'limits' | 'publish' | 'refusal'>;
  readonly clock: Pick<LogicalClock, 'now'>;
  readonly identity: Pick<NodeIdentity, 'nodeId'>;
}

/** The ends of the node's links. They are there once replication has been put together. */
export interface Ends {
  readonly link: Link;
  readonly followers: Followers;
}

export class NodePlace implements TreePlace, UpstreamPlace {
  readonly #store: NodePlaceStore;
  readonly #ends: Ends;
  readonly #address: () => string;

  /** @param address host:port at which this node listens. */
  constructor(store: NodePlaceStore, ends: Ends, address: () => string) {
    this.#store = store;
    this.#ends = ends;
    this.#address = address;
  }

  get path(): readonly string[] {
    return [...this.#ends.link.reports.path, this.#store.identity.nodeId];
  }

  /**
   * The node that leads the tree, by this node's role or by the upstream's heartbeats. A follower of the leader knows the
   * leader's address best: this node has reached it there.
   */
  get leader(): StatusLeader | undefined {
    const { roles, identity } = this.#store;
    // The cluster has another leader, or will have.
    if (roles.role === 'leader' && roles.tenure.aborted) return undefined;
    if (roles.role === 'leader') return { nodeId: identity.nodeId, address: this.#address(), linksAbove: 0 };
    const { path, leaderAddress } = this.#ends.link.reports;
    const [nodeId] = path;
    if (nodeId === undefined) return undefined;
    return { nodeId, address: path.length === 1 ? roles.upstream : leaderAddress, linksAbove: path.length };
  }

  get levelMs(): number {
    const { roles, writes, clock } = this.#store;
    if (roles.role === 'follower') return this.#ends.link.levelMs;
    return writes.refusal ? 0 : clock.now();
  }

  get epoch(): number {
    const { roles, data, writes } = this.#store;
    if (roles.role === 'follower') return this.#ends.link.reports.epoch;
    return writes.refusal || !data.isServing ? 0 : data.log.history.lineage.epoch;
  }

  /** Undefined unless this node has everything before that history. */
  get nextHistory(): LineageRow | undefined {
    const store = this.#store;
    if (!store.data.isServing || store.writes.refusal) return undefined;
    return store.roles.role === 'leader' ? store.data.log.history.next : this.#ends.link.reports.nextHistory;
  }

  /** Whether a node that is connected, and not served yet, has followed a later leader than this node. */
  get isOutdated(): boolean {
    const { lineages } = this.#ends.followers;
    if (lineages.length === 0 || !this.#store.data.isServing) return false;
    const { history, end } = this.#store.data.log;
    return lineages.some((other) => epochBefore(history.lineage, end.offset, other) !== undefined);
  }

  /** Publishes by the present role. A node that is being promoted refuses, and the publisher tries again. */
  async publish(message: Message): Promise<number> {
    checkMessage(message, this.#store.writes.limits);
    return this.#store.roles.role === 'leader' ? this.#store.writes.publish(message) : this.#ends.link.publish(message);
  }
}

/** Applies the limit of keys to the channel, and the limit of values to the message. */
function checkMessage({ channel, data }: Message, { keyBytesMax, valueBytesMax }: Limits): void {
  if (channel.length > keyBytesMax) throw tooLarge('a channel', keyBytesMax, channel.length);
  if (data.length > valueBytesMax) throw tooLarge('a message', valueBytesMax, data.length);
}
