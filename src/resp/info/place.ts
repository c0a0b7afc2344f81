/**
 * The place of the node in the tree, as Redis clients see it: a master, or the slave of one. In a cluster the store of the
 * cluster decides. A node is a master only while it leads, and the master of the others is the leader that was elected,
 * from the moment at which they know of it.
 */
import type { ClusterStateName, StatusCluster } from '../../model/cluster.js';
import type { NodeStatus, StatusUpstream, UpstreamState } from '../../model/status.js';

/** The master of a slave. */
export interface Master {
  /** host:port, or an archive. Empty while the cluster has no leader that this node ever followed. */
  readonly address: string;
  readonly state: UpstreamState;
  /** The link to the master. Undefined if the node has none to it. */
  readonly link: StatusUpstream | undefined;
}

/** The parts that a leader plays, whether or not writes wait for a moment. */
const LEADS: ReadonlySet<ClusterStateName> = new Set(['leading', 'holding', 'moving']);

/** @returns the master of this node; undefined if the node is one. */
export function masterOf({ role, upstream, cluster, nodeId }: NodeStatus): Master | undefined {
  if (!cluster) return upstream && masterAt(upstream.address, upstream);
  if (role === 'leader' && LEADS.has(cluster.state)) return undefined;
  return masterAt(electedBy(cluster, nodeId) || (upstream?.address ?? ''), upstream);
}

function electedBy({ leaderId, leaderAddress }: StatusCluster, nodeId: string): string {
  return leaderId === nodeId ? '' : leaderAddress;
}

function masterAt(address: string, upstream: StatusUpstream | undefined): Master {
  const link = upstream?.address === address ? upstream : undefined;
  return { address, state: link?.state ?? 'connecting', link };
}
