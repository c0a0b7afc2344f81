/** The names of this node and of its cluster. */
import type { NodeFile } from './node-record.js';

export class NodeIdentity {
  readonly #node: NodeFile;

  constructor(node: NodeFile) {
    this.#node = node;
  }

  get nodeId(): string {
    return this.#node.record.node_id;
  }

  /** Empty until the node first leads or follows. */
  get clusterId(): string {
    return this.#node.record.cluster_id;
  }

  /** Takes on the cluster of the upstream, durably, on a node that holds nothing. */
  async join(clusterId: string): Promise<void> {
    if (clusterId !== '' && this.clusterId !== clusterId) await this.#node.update({ cluster_id: clusterId });
  }
}
