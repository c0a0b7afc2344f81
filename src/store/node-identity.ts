/** The names of this node and of its cluster. */
import type { Directory } from './directory.js';

export class NodeIdentity {
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  get nodeId(): string {
    return this.#directory.node.node_id;
  }

  /** Empty until the node first leads or follows. */
  get clusterId(): string {
    return this.#directory.node.cluster_id;
  }

  /** Takes on the cluster of the upstream, durably, on a node that holds nothing. */
  async join(clusterId: string): Promise<void> {
    if (clusterId !== '' && this.clusterId !== clusterId) await this.#directory.update({ cluster_id: clusterId });
  }
}
