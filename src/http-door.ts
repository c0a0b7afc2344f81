/**
 * The HTTP port of a node, put together: what the node knows, as the pages of `http/` show it. The code of the pages is
 * loaded only by a node that has the port.
 */
import type net from 'node:net';
import path from 'node:path';
import type { Access } from './access/access.js';
import type { NodeTls } from './access/tls/node-tls.js';
import type { Archives } from './backup/archives.js';
import type { Backups } from './backup/backups.js';
import { hostOf, isLoopback } from './base/address.js';
import { systemClock } from './base/clock.js';
import type { Logger } from './base/logger.js';
import type { ProcessLoad } from './base/process-load.js';
import type { Conditions } from './http/conditions.js';
import { EventLoopDelays } from './http/event-loop.js';
import type { HttpPages, ReadyBound, WatchedNode } from './http/pages.js';
import type { NodeStatus } from './model/status.js';
import type { ReplyMemory } from './pipeline/reply-memory.js';
import type { SlowLog } from './pipeline/slow-log.js';
import type { Replication } from './replication/replication.js';
import type { RedisServer } from './resp/door.js';
import type { RpcServer } from './rpc/server.js';
import type { CommitFigures } from './store/commit-figures.js';
import type { Store } from './store/store.js';
import { storeFigures } from './store/store-figures.js';

/** Listens on every address of a name, with servers that `create` makes. */
type Bind = (address: string, create: (options: net.ServerOpts) => net.Server) => Promise<{ readonly address: string }>;

/** The parts of a node that serves. */
export interface WatchedParts {
  readonly config: { readonly data: string; readonly requestBytesMax: number };
  readonly access: Access;
  readonly store: Store;
  readonly figures: CommitFigures;
  readonly replication: Replication;
  readonly archiver: Archives | undefined;
  readonly backups: Backups;
  readonly server: RpcServer;
  /** Undefined for a node without TLS. */
  readonly tls: NodeTls | undefined;
  readonly redis: RedisServer;
  readonly replies: Pick<ReplyMemory, 'bytes'>;
  readonly slowLog: Pick<SlowLog, 'recorded'>;
  readonly load: Pick<ProcessLoad, 'delays'>;
  readonly isStopping: () => boolean;
  readonly failure: () => Error | undefined;
  /** The status without a look at the disk. */
  statusWith(fromDisk: FieldsFromDisk): NodeStatus;
}

/** The fields of a status for which the disk is asked. */
export type FieldsFromDisk = Pick<NodeStatus, 'keys' | 'lostWrites' | 'lostWritesFiles'>;

export class HttpDoor {
  /** The host:port, with the actual port. */
  readonly address: string;
  readonly #pages: HttpPages;

  private constructor(address: string, pages: HttpPages) {
    this.address = address;
    this.#pages = pages;
  }

  /**
   * Listens, before the data are open.
   * @param bind binds the addresses of a name.
   * @throws HeadwaterError `address_in_use`, or `invalid_argument` if the address does not belong to this machine.
   */
  static async listen(
    wanted: string,
    options: {
      readonly ready: ReadyBound;
      readonly tls: NodeTls | undefined;
      readonly logger: Logger;
      readonly bind: Bind;
    },
  ): Promise<HttpDoor> {
    const { HttpPages } = await import('./http/pages.js');
    const pages = new HttpPages({ ...options, clock: systemClock });
    try {
      const { address } = await options.bind(wanted, (server) => pages.server.create(server));
      if (!isLoopback(hostOf(address)) && (options.tls?.clients ?? 'off') !== 'required')
        options.logger.warn(
          { http: address },
          `other machines may read the metrics at ${address} while no users are in force`,
        );
      return new HttpDoor(address, pages);
    } catch (error) {
      await pages.close();
      throw error;
    }
  }

  /** Shows the node from now on. */
  show(parts: WatchedParts): void {
    this.#pages.show(watched(parts));
  }

  close(): Promise<void> {
    return this.#pages.close();
  }
}

function watched(parts: WatchedParts): WatchedNode {
  const { store, replication, figures, archiver, backups, server, redis, replies } = parts;
  const delays = new EventLoopDelays(() => parts.load.delays);
  return {
    get conditions() {
      return conditionsOf(parts);
    },
    access: parts.access,
    directory: path.resolve(parts.config.data),
    get resyncs() {
      return { own: replication.link.reasons.latest, served: replication.followers.reasons.latest };
    },
    figures: async () => ({
      status: parts.statusWith({ keys: estimateKeys(store), ...(await store.lostWrites.recent()) }),
      store: storeFigures(store, figures),
      rpc: server.figures,
      redis: redis.figures,
      requestBytesMax: parts.config.requestBytesMax,
      replyBytes: replies.bytes,
      slowCommands: parts.slowLog.recorded,
      refusedByLimits: parts.access.refusedByLimits,
      eventLoopSeconds: delays.seconds,
      backups: backups.figures,
      archiveLackingSinceMs: archiver?.lackingSinceMs,
      certificates: parts.tls?.certificates ?? [],
      headroom: replication.headroom.of(store.data.position.offset, { pinned: true }),
    }),
  };
}

/** About the number of keys, without a look at the disk. A count of all would cost more than all other metrics. */
function estimateKeys({ data, identity }: Store): number | undefined {
  return data.isServing ? Math.max(0, data.serving.keys.estimate.now - identity.records.size) : undefined;
}

function conditionsOf({ store, replication, archiver, isStopping, failure }: WatchedParts): Conditions {
  const { roles, data, writes, space } = store;
  const { guard } = replication.acknowledgements;
  const upstream = roles.role === 'follower' ? replication.link.status : undefined;
  return {
    role: roles.role,
    stage: data.stage,
    failure: failure()?.message,
    isStopping: isStopping(),
    isDraining: store.settings.maintenance.isDraining,
    notServing: data.notServing?.message,
    refusal: (writes.refusal ?? space.refusal)?.message,
    minFollowers: guard.minFollowers,
    followersWithinLag: guard.followersWithinLag,
    lagMs: upstream?.lagMs,
    linkError: upstream?.error ?? '',
    archiveLate: archiver?.whyLate,
  };
}
