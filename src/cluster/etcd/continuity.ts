/**
 * Whether the etcd that answers is the one that answered before. An etcd that was restored from a backup gives revisions
 * a second time, and with them fencing numbers. Nothing that it answers can be relied on.
 */
import { EtcdDiscontinuity } from './errors.js';
import type { EtcdHeader } from './model.js';

export class Continuity {
  #clusterId: string | undefined;
  /** The highest revision that any answer has shown. */
  #revision = 0n;

  /** @param clusterId the ID that etcd had before this node was started. */
  constructor(clusterId?: string) {
    this.#clusterId = clusterId;
  }

  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** The revision below which no answer to a request that is sent now may be. */
  get revision(): bigint {
    return this.#revision;
  }

  /**
   * @param floor the `revision` when the request was sent. Undefined for an answer that a member gives by itself, which
   *   may be behind the others.
   * @throws EtcdDiscontinuity
   */
  check({ clusterId, revision }: EtcdHeader, floor: bigint | undefined, address: string): void {
    this.#clusterId ??= clusterId;
    if (clusterId !== this.#clusterId)
      throw new EtcdDiscontinuity(
        'another_cluster',
        `etcd at ${address} is another cluster: expected the cluster ID ${this.#clusterId}, received ${clusterId}. Check the addresses of etcd, and restart this node. If the cluster moves to another etcd, stop all nodes, and remove cluster.json in the data directory of each`,
      );
    if (floor !== undefined && revision < floor)
      throw new EtcdDiscontinuity(
        'revision_went_back',
        `the revision of etcd went back: expected ${floor} or later, received ${revision} from ${address}. Was etcd restored from a backup? Restore its newest state, and restart this node`,
      );
    if (revision > this.#revision) this.#revision = revision;
  }
}
