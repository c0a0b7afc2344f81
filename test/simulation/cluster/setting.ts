/** What a simulated node gets from its run, and what the run's checks see of a node. */
import type { ClusterMode } from '../../../src/cluster/election.js';
import type { Timing } from '../../../src/cluster/timing.js';
import type { View } from '../../../src/cluster/view.js';
import type { MemoryEtcd } from './memory-etcd.js';
import type { World } from './world.js';

export type Planted =
  | 'a lease is kept while its leader stops'
  | 'nearer'
  | 'count from the answer'
  | 'an error is a loss'
  | 'the lease is enough';

export interface ClusterNode {
  readonly id: string;
  readonly log: readonly number[];
  readonly knownFindings: string;
  readonly seen: View | undefined;
  readonly fence: number;
  readonly heardUnknown: number;
  readonly mayAnswer: boolean;
  readonly leftMs: number;
}

export interface NodeChecks {
  answers(node: ClusterNode, fence: number, offset: number): void;
  opens(node: ClusterNode, fence: number): void;
  campaigns(node: ClusterNode): void;
  stops(node: ClusterNode, reason: string): void;
}

export interface Setting {
  readonly world: World;
  readonly etcd: MemoryEtcd;
  readonly checks: NodeChecks;
  readonly timing: Timing;
  readonly mode: ClusterMode;
  readonly failsafe: boolean;
  /** Whether the nodes have data from a cluster in another etcd. */
  readonly hasMoved: boolean;
  isPlanted(planted: Planted): boolean;
  /** A node says that it needs a person. */
  askPerson(): void;
}
