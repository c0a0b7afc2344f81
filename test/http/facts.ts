/** Facts and conditions of nodes that do not exist. */
import { Distribution } from '../../src/base/distribution.js';
import type { Conditions } from '../../src/http/conditions.js';
import type { MetricFacts } from '../../src/http/facts.js';
import { HttpCounts } from '../../src/http/http-counts.js';
import { clusterOf } from './status.js';

/** A leader that is ready. */
export const LEADER: Conditions = {
  role: 'leader',
  stage: 'serving',
  failure: undefined,
  isStopping: false,
  isDraining: false,
  notServing: undefined,
  refusal: undefined,
  minFollowers: 0,
  followersWithinLag: 0,
  lagMs: undefined,
  linkError: '',
};

const follower = { nodeId: 'f1', address: 'db2:7420', state: 'streaming', via: '', appendedOffset: 90 };

function distribution(): Distribution {
  const values = new Distribution([1, 2]);
  values.observe(1);
  return values;
}

/** Facts of a node that does everything, so that every metric has a value. A new copy for each caller. */
export function busyFacts(): MetricFacts {
  const counts = new HttpCounts(['/metrics']);
  counts.answered('/metrics', 200);
  const level = {
    level: 1,
    files: 2,
    bytes: 3,
    compactionSeconds: 4,
    compactionReadBytes: 5,
    compactionWrittenBytes: 6,
  };
  return {
    status: {
      nodeId: 'n1',
      clusterId: 'c1',
      address: 'db1:7420',
      version: '1.2.3',
      role: 'leader',
      storeState: 'serving',
      unavailable: '',
      lineage: [{ epoch: 3 }],
      uptimeMs: 1_000,
      keys: 7,
      diskFreeBytes: 8,
      minFreeBytes: 9,
      diskFull: '',
      damage: '',
      repairs: 1,
      digestDifferences: 1,
      lostWrites: 1,
      superseded: '',
      clockAheadMs: 1,
      expiryLateMs: 1,
      offset: 100,
      firstOffset: 2,
      durableOffset: 99,
      checkpointOffset: 50,
      logBytes: 1_000,
      logRetentionBytes: 2_000,
      appendBytesPerSecond: 5,
      writeWaitMs: 1,
      writeWaitMaxMs: 2,
      cluster: clusterOf(),
      archive: { directory: '/archive', offset: 80, error: '', missed: 1, ageSeconds: 2, backupAgeSeconds: 3 },
      upstream: { address: 'db8:7420', state: 'streaming', lagCommands: 1, lagMs: 2, loadedKeys: 3, keysEstimate: 4 },
      leader: { linksAbove: 1 },
      resyncReasons: [{ kind: 'full', reason: 'EMPTY_FOLLOWER', count: 1 }],
      resyncReasonsServed: [{ kind: 'partial', reason: 'CONTINUED', count: 1 }],
      followers: [{ ...follower, lagCommands: 10, lagMs: 20, silentMs: 30 }],
      knownFollowers: [{ ...follower, connected: true, keepsPlace: true, leftBytes: 40, leftMs: 50 }],
      followersWithinLag: 1,
      fullResyncsSending: 1,
      fullResyncsWaiting: 2,
      minFollowers: 1,
      connections: { grpc: 1, redis: 2, silent: 3, refusedGrpc: 4, refusedRedis: 5, refusedSilent: 6, clientsMax: 7 },
      redis: { subscribers: 1, slowClosed: 2, streamBreaks: 3 },
      subscribers: 1,
      watchers: 2,
      publishedMessages: 3,
      missedMessages: 4,
      watchSnapshots: 5,
    } as unknown as MetricFacts['status'],
    store: {
      commits: {
        blockBytes: distribution(),
        blockCommands: distribution(),
        commitSeconds: distribution(),
        syncSeconds: distribution(),
        checkpointSeconds: distribution(),
      } as unknown as MetricFacts['store']['commits'],
      checkpoints: { count: 1, lastMs: 1_000, lastTookMs: 1, isRunning: false },
      queuedBytes: 1,
      overlayBytes: 2,
      writtenLayerBytes: 5,
      frozenLayers: 3,
      readCacheBytes: 4,
      keyPrintsBytes: 6,
      databases: [{ name: 'log', levels: [level], memoryBytes: 7 }],
      endTimeMs: 2_000,
    },
    rpc: {
      methods: [{ service: 's', method: 'm', type: 'unary', started: 2, codes: [['OK', 1]], seconds: distribution() }],
      operations: { kinds: new Map([['set', 3]]), errors: new Map([['wrong_type', 1]]) },
      requestBytes: 1,
      nodeReplyBytes: 2,
    },
    redis: {
      requestBytes: 1,
      counts: {
        connections: 1,
        commands: 2,
        calls: { named: [['set', { calls: 5, microseconds: 6, rejected: 1, failed: 2 }]] },
        errors: new Map([['ERR', 1]]),
        bytes: { read: 3, written: 4 },
      },
    },
    requestBytesMax: 256,
    replyBytes: 1,
    slowCommands: 4,
    refusedByLimits: { operationsPerSecond: { count: 1 }, bytesPerSecond: { count: 2 }, maxConnections: { count: 3 } },
    backups: { running: 1, completed: 2, completedMs: 3_000 },
    archiveLackingSinceMs: 9_000,
    headroom: { leftBytes: 1, ms: 2 },
    certificates: [{ name: 'cert', notAfterMs: 5_000 }],
    isReady: true,
    process: {
      cpu: { user: 1, system: 2 },
      memory: { rss: 1, heapTotal: 2, heapUsed: 3, external: 4, arrayBuffers: 5 },
      startedS: 1,
      descriptors: 2,
      descriptorsMax: 3,
    },
    eventLoopSeconds: distribution(),
    http: { connections: 1, counts },
    nowMs: 10_000,
  };
}

/** Texts that become another state, so that a flag changes too. */
const OTHER: Readonly<Record<string, string>> = {
  leader: 'follower',
  serving: 'stuck',
  streaming: 'loading',
  'db8:7420': 's3://bucket/p',
  '': 'a reason',
};

/** Two more followers. */
function another(fact: unknown): object[] {
  return typeof fact === 'object' && fact && 'nodeId' in fact
    ? [
        { ...fact, nodeId: 'f2' },
        { ...fact, nodeId: 'f3' },
      ]
    : [];
}

/** The same facts with every number, text and flag changed. */
export function changed(facts: unknown): unknown {
  if (typeof facts === 'number') return facts * 3 + 1;
  if (typeof facts === 'boolean') return !facts;
  if (typeof facts === 'string') return OTHER[facts] ?? facts;
  if (Array.isArray(facts)) return [...facts.map(changed), ...facts.flatMap(another)];
  if (facts instanceof Map) return new Map([...facts].map(([key, value]) => [key, changed(value)]));
  if (facts instanceof Distribution) {
    facts.observe(5);
    return facts;
  }
  if (facts instanceof HttpCounts) {
    facts.answered('/metrics', 200);
    return Object.assign(facts, { displaced: facts.displaced + 1 });
  }
  return Object.fromEntries(Object.entries(facts as object).map(([key, value]) => [key, changed(value)]));
}
