/** The names of this node and of its cluster, and the records that the cluster keeps for its nodes. */
import type { NodeFile } from './node-record.js';
import type { ReservedRecords } from './reserved-records.js';

export class NodeIdentity {
  /** The records of the nodes themselves. */
  readonly records: ReservedRecords;
  readonly #node: NodeFile;

  constructor(node: NodeFile, records: ReservedRecords) {
    this.records = records;
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
