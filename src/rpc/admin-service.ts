/** AdminService: shows a node's state and changes its role. node.ts implements the calls behind `NodeControl`. */
import type { ClusterControl } from '../model/cluster.js';
import type { CompareReply, KeyspaceDigestReply } from '../model/comparison.js';
import type { FailoverReply, FailoverRequest, ForgetReply, PromoteReply } from '../model/leadership.js';
import type { MachineReport } from '../model/machine.js';
import type { NodeOption, OptionChange } from '../model/node-option.js';
import type { NodeStatus } from '../model/status.js';
import type { Monitors } from '../pipeline/monitors.js';
import type { SlowLog } from '../pipeline/slow-log.js';
import { endOf } from './calls.js';
import {
  ADMIN_SERVICE,
  CLUSTER_PAUSE,
  CLUSTER_RESUME,
  CLUSTER_STATUS,
  CLUSTER_SWITCH,
  COMPARE,
  DIGEST,
  DRAIN,
  FAILOVER,
  FOLLOW,
  FORGET,
  GET_OPTIONS,
  MACHINE,
  MONITOR,
  PROMOTE,
  SET_OPTIONS,
  SLOW_LOG,
  STATUS,
} from './definitions.js';
import { serverStream, unary } from './handler.js';
import type { Service } from './server.js';

export interface NodeControl {
  /** The place of the node in its cluster. @throws HeadwaterError `invalid_argument` on a node without one. */
  readonly cluster: ClusterControl;
  status(): Promise<NodeStatus>;
  /** Computes the digest of the whole keyspace at one offset. */
  digest(): Promise<KeyspaceDigestReply>;
  /** Resolves when the node is, durably, a follower of `address`. */
  follow(address: string, options: { acceptDataLoss: boolean; full: boolean }): Promise<void>;
  /** Resolves when the node leads, durably, with the history that it leads. */
  promote(): Promise<PromoteReply>;
  /** Hands the leadership over. Resolves when the other node leads. */
  failover(request: FailoverRequest): Promise<FailoverReply>;
  /** Forgets, durably, a follower that is away. The name is a node ID, the beginning of one, or host:port. */
  forget(name: string): Promise<ForgetReply>;
  readonly options: {
    /** The options of these names; of all without a name. */
    get(names: readonly string[]): readonly NodeOption[];
    /** Changes all of them or none. */
    set(changes: readonly OptionChange[], by: string): readonly NodeOption[];
    /** Writes what was set into the config file. */
    keep(): readonly NodeOption[];
  };
  /** Compares the keyspaces of all connected nodes at one offset. 0 waits for the default time. */
  compare(timeoutMs: number): Promise<CompareReply>;
}

/** The process of the node, apart from its data. */
export interface NodeProcess {
  readonly monitors: Pick<Monitors, 'monitor'>;
  readonly slowLog: Pick<SlowLog, 'read'>;
  /** Looks at the machine. */
  machine(): Promise<MachineReport>;
  /** Marks the node as one that is about to be stopped, or takes the mark back. */
  drain(isDraining: boolean): void;
}

export function adminService(node: NodeControl, { monitors, slowLog, machine, drain }: NodeProcess): Service {
  return {
    name: ADMIN_SERVICE,
    endpoints: [
      unary(STATUS, () => node.status()),
      unary(DIGEST, () => node.digest()),
      unary(FOLLOW, ({ address, ...options }) => node.follow(address, options)),
      unary(PROMOTE, () => node.promote()),
      unary(FAILOVER, (request) => node.failover(request)),
      unary(FORGET, (name) => node.forget(name)),
      unary(COMPARE, ({ timeoutMs }) => node.compare(timeoutMs)),
      unary(GET_OPTIONS, async (names) => node.options.get(names)),
      unary(SET_OPTIONS, async ({ changes, keep }, { peer }) => {
        const changed = node.options.set(changes, `the gRPC client ${peer}`);
        if (!keep) return changed;
        const kept = node.options.keep();
        return changes.length === 0 ? kept : node.options.get(changes.map(({ name }) => name));
      }),
      unary(CLUSTER_STATUS, async () => node.cluster.status),
      unary(CLUSTER_PAUSE, async () => node.cluster.pause()),
      unary(CLUSTER_RESUME, async () => node.cluster.resume()),
      unary(CLUSTER_SWITCH, async (to) => node.cluster.switchTo({ to })),
      unary(MACHINE, () => machine()),
      unary(DRAIN, async (isDraining) => drain(isDraining)),
      unary(SLOW_LOG, async (request) => slowLog.read(request)),
      serverStream(MONITOR, (request, call) => monitors.monitor(request, endOf(call))),
    ],
  };
}
