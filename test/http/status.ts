/** Statuses of nodes that do not exist, for the picture and its warnings. */
import type { StatusCluster } from '../../src/model/cluster.js';
import type { NodeStatus, StatusFollower, StatusKnownFollower } from '../../src/model/status.js';

/** A leader without followers, of which nothing needs a person. */
export function calmLeader(changes: Partial<NodeStatus> = {}): NodeStatus {
  const calm: Partial<NodeStatus> = {
    nodeId: '0'.repeat(32),
    role: 'leader',
    address: 'db1:7420',
    clusterId: 'c'.repeat(32),
    version: '1.2.3',
    lineage: [{ replicationId: 'r', firstOffset: 1, checksum: '0', epoch: 3 }],
    offset: 100,
    firstOffset: 1,
    checkpointOffset: 50,
    durableOffset: 90,
    upstream: undefined,
    followers: [],
    knownFollowers: [],
    leader: { nodeId: '0'.repeat(32), address: 'db1:7420', linksAbove: 0 },
    lostWrites: 0,
    lostWritesFiles: [],
    unavailable: '',
    damage: '',
    diskFull: '',
    writeWait: '',
    superseded: '',
    askingFollowers: '',
    handingOverTo: '',
    failoverState: '',
    clock: '',
    ignoredFollow: '',
    digestDifferences: 0,
    minFollowers: 0,
    followersWithinLag: 0,
    maxLagMs: 10_000,
    archive: undefined,
    cluster: undefined,
    headroom: undefined,
    lastRefusalServed: undefined,
    storeState: 'serving',
    residentMemoryBytes: 1,
    eventLoopDelayP99Ms: 1,
    uptimeMs: 1_000,
  };
  return { ...calm, ...changes } as NodeStatus;
}

/** A follower of db1, `linksAbove` links below the leader. */
export function calmFollower(linksAbove: number | undefined, changes: Partial<NodeStatus> = {}): NodeStatus {
  return calmLeader({
    nodeId: '9'.repeat(32),
    role: 'follower',
    address: 'db9:7420',
    upstream: {
      address: 'db8:7420',
      state: 'streaming',
      lagCommands: 1,
      lagMs: 2,
      lastResync: undefined,
      error: '',
      waitingFor: '',
      loadedKeys: 0,
      keysEstimate: 0,
      lastRefusal: undefined,
    },
    leader: linksAbove === undefined ? undefined : { nodeId: '0'.repeat(32), address: 'db1:7420', linksAbove },
    ...changes,
  });
}

export function below(nodeId: string, changes: Partial<StatusFollower> = {}): StatusFollower {
  return {
    nodeId,
    address: `${nodeId}:7420`,
    state: 'streaming',
    appendedOffset: 90,
    durableOffset: 80,
    lagCommands: 10,
    lagMs: 20,
    via: '',
    silentMs: 30,
    headroomCommands: 40,
    headroomBytes: 50,
    headroomLeftBytes: 60,
    headroomMs: 70,
    ...changes,
  };
}

export function known(nodeId: string, changes: Partial<StatusKnownFollower> = {}): StatusKnownFollower {
  return {
    nodeId,
    address: `${nodeId}:7420`,
    appendedOffset: 90,
    lastSeenMs: 1,
    keepsPlace: true,
    leftBytes: 60,
    leftMs: 70,
    connected: false,
    ...changes,
  };
}

/** The cluster of a node that leads it, with one other node. */
export function clusterOf(changes: Partial<StatusCluster> = {}): StatusCluster {
  const node = { offset: 5, durableOffset: 5, historyFence: 45, cannotLead: '' };
  return {
    name: 'main',
    clusterId: 'c'.repeat(32),
    mode: 'safe',
    failsafe: false,
    ttlMs: 10_000,
    state: 'leading',
    why: '',
    paused: false,
    fence: 45,
    leaderId: '0'.repeat(32),
    leaderAddress: 'db1:7420',
    leftMs: 7_000,
    required: ['0'.repeat(32), '9'.repeat(32)],
    members: [
      { nodeId: '0'.repeat(32), address: 'db1:7420', ...node },
      { nodeId: '9'.repeat(32), address: 'db9:7420', ...node },
    ],
    history: [{ fence: 45, nodeId: '0'.repeat(32), address: 'db1:7420', reason: 'first', timeMs: 1_000, endedMs: 0 }],
    storeSilentMs: 20,
    needsPerson: false,
    ...changes,
  };
}
