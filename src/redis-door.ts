/**
 * The door of a node for Redis clients, put together from the parts of the node. The interfaces of `resp/` state the
 * needs of its commands, and this file implements them.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { DialSettings } from './access/dial.js';
import { systemClock } from './base/clock.js';
import { COUNTING_MS_MAX } from './base/limits.js';
import type { Logger } from './base/logger.js';
import type { NodeConfig } from './config.js';
import type { FollowRequest } from './model/leadership.js';
import type { Monitors } from './pipeline/monitors.js';
import type { SlowLog } from './pipeline/slow-log.js';
import type { Replication } from './replication/replication.js';
import { Channels } from './resp/channels/channels.js';
import { PushMemory } from './resp/channels/pushes.js';
import { RedisMonitors } from './resp/channels/redis-monitors.js';
import { type DoorOptions, RedisServer } from './resp/door.js';
import { FailoverOrder } from './resp/failover-order.js';
import { DoorCounts } from './resp/info/door-counts.js';
import type { NodeControl } from './resp/node-control.js';
import type { RedisNode } from './resp/redis-node.js';
import { ScanCursors } from './resp/scan-cursors.js';
import type { LeaderRelay } from './resp/session/forwarded-writes.js';
import { MemoryReads } from './store/memory-reads.js';
import type { Store } from './store/store.js';
import type { Streams } from './streams/streams.js';

const RUN_ID_BYTES = 20;

/** The node as a whole, as its operators see it. */
interface WholeNode extends Pick<NodeControl, 'status' | 'promote' | 'failover'> {
  follow(address: string, options: Pick<FollowRequest, 'acceptDataLoss' | 'full'>): Promise<void>;
}

/** The parts of the node that Redis clients use. */
interface Parts
  extends Pick<RedisNode, 'guarantees' | 'watches' | 'access' | 'users'>,
    Pick<NodeControl, 'activeExpiry'> {
  readonly live: NodeControl['options'];
  readonly config: NodeConfig;
  readonly dial: DialSettings;
  readonly logger: Logger;
  readonly store: Store;
  readonly replication: Replication;
  readonly streams: Streams;
  readonly monitors: Monitors;
  readonly slowLog: SlowLog;
  readonly onShutdown: NodeControl['shutDown'];
}

/** Puts the door together. The listener hands the connections over later. */
export async function redisDoor(node: WholeNode, parts: Parts, options: DoorOptions): Promise<RedisServer> {
  const { config, logger, store, replication, streams, monitors, guarantees, watches } = parts;
  const clock = systemClock;
  const { writes, roles } = store;
  return new RedisServer(
    {
      clock,
      logger,
      access: parts.access,
      users: parts.users,
      tap: monitors,
      slowLog: parts.slowLog,
      writes,
      memoryReads: new MemoryReads(store.data, store.clock),
      watches,
      keyspace: store,
      scans: new ScanCursors(store, clock),
      guarantees,
      roles,
      get readOnly() {
        return writes.guards.ofFollower(roles.upstream);
      },
      options: config,
      counts: new DoorCounts(clock),
      relay: config.forwardWrites ? await relayOf(store, parts) : undefined,
      control: controlOf(node, parts),
      failovers: new FailoverOrder(),
      monitors: new RedisMonitors(monitors),
      channels: new Channels({ streams, publisher: replication, queue: writes, clock, logger }),
      pushes: new PushMemory({ clock, logger }),
    },
    options,
  );
}

/** The way to the leader. A node loads the code of a client only for this. */
async function relayOf({ roles }: Store, { dial, access }: Parts): Promise<LeaderRelay> {
  const { Relay } = await import('./client/relay.js');
  return new Relay(
    () => roles.upstream,
    dial,
    () => access.inForce,
  );
}

function controlOf(
  node: WholeNode,
  { live, config, store, replication, activeExpiry, onShutdown }: Parts,
): NodeControl {
  const { snapshots, roles } = store;
  const { link } = replication;
  let askedMs = 0;
  return {
    runId: randomBytes(RUN_ID_BYTES).toString('hex'),
    isDebugged: config.redisDebug,
    options: live,
    activeExpiry,
    shutDown: onShutdown,
    status: () => node.status(),
    keysEstimate: () => estimateKeys(store),
    get upstream() {
      return roles.role === 'follower' ? link.status : undefined;
    },
    get silence() {
      return link.reports.silence;
    },
    follow: (address) => node.follow(address, { acceptDataLoss: false, full: false }),
    promote: () => node.promote(),
    failover: (order) => node.failover(order),
    get checkpoints() {
      const { checkpoints } = snapshots;
      // A checkpoint at the end of the log is as new as the last request for one.
      return checkpoints && { ...checkpoints, lastMs: Math.max(checkpoints.lastMs, askedMs) };
    },
    async checkpoint() {
      await snapshots.checkpoint();
      askedMs = systemClock.wallMs();
    },
  };
}

/** The last estimate that needs no disk, if a better one does not come soon. */
async function estimateKeys({ data, identity }: Store): Promise<number> {
  if (!data.isServing) return data.progress.checkpoint.keys ?? 0;
  const { estimate } = data.serving.keys;
  const sampled = estimate.sampled().catch(() => undefined);
  const records = (await Promise.race([sampled, pause(COUNTING_MS_MAX, undefined, { ref: false })])) ?? estimate.now;
  return Math.max(0, records - identity.records.size);
}
