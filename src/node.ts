/**
 * The composition root: opens the store, resumes the role, serves, and closes everything in reverse order. The only
 * file that knows every part.
 */

import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Archiver } from './backup/archiver.js';
import { Backups } from './backup/backups.js';
import { formatAddress, hostOf, parseAddress } from './base/address.js';
import { systemClock } from './base/clock.js';
import { connectionsMax, warnOfFewDescriptors } from './base/descriptors.js';
import { shuttingDown } from './base/errors.js';
import { COMPARE_TIMEOUT_MS, DRAIN_MS_MAX, STOP_STEP_MS_MIN } from './base/limits.js';
import { type Logger, silentLogger } from './base/logger.js';
import { Checks } from './check/checks.js';
import type { Upstream } from './check/repair.js';
import { Comparisons } from './compare/comparison.js';
import { Marks } from './compare/marks.js';
import { RangeRepairs } from './compare/range-repair.js';
import { Ranges } from './compare/ranges.js';
import { checkConfig, isSameNode, type NodeConfig, type NodeOptions } from './config.js';
import { systemFiles } from './disk/files.js';
import { openLevel } from './disk/level.js';
import type { CompareReply, KeyspaceDigestReply } from './model/comparison.js';
import type { FailoverReply, FailoverRequest, ForgetReply, PromoteReply } from './model/leadership.js';
import { formatChecksum } from './model/position.js';
import type { NodeStatus } from './model/status.js';
import type { Room } from './replication/downstream/headroom.js';
import type { FollowOptions } from './replication/leadership/leadership.js';
import { Freshness } from './replication/progress/freshness.js';
import { Replication } from './replication/replication.js';
import { adminService, type NodeControl } from './rpc/admin-service.js';
import { diskService } from './rpc/disk-service.js';
import { fetchBlocks, fetchRanges } from './rpc/peer-calls.js';
import type { NodeGuarantees } from './rpc/guarantees.js';
import { keyValueService } from './rpc/key-value-service.js';
import { isLoopbackOnly } from './rpc/loopback.js';
import { dial, replicationService } from './rpc/replication-service.js';
import { RpcServer } from './rpc/server.js';
import { streamService } from './rpc/stream-service.js';
import type { Role } from './store/directory.js';
import { Store } from './store/store.js';
import { Streams } from './streams/streams.js';
import { VERSION } from './version.js';

/** The interval at which the delay of the event loop is sampled. */
const DELAY_RESOLUTION_MS = 5;

export class Node implements NodeControl {
  readonly #config: NodeConfig;
  readonly #logger: Logger;
  readonly #store: Store;
  readonly #replication: Replication;
  readonly #streams: Streams;
  readonly #backups: Backups;
  readonly #archiver: Archiver | undefined;
  readonly #comparisons: Comparisons;
  readonly #ranges: Ranges;
  readonly #rangeRepairs: RangeRepairs;
  readonly #checks: Checks;
  readonly #guarantees: NodeGuarantees;
  readonly #freshness: Freshness;
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  readonly #startedMs = systemClock.monotonicMs();
  readonly #fail: (error: Error) => void;
  #server: RpcServer | undefined;
  #isLoopbackOnly = false;
  #stopped: Promise<void> | undefined;

  /** Resolves with the error after which the process must not go on. */
  readonly failed: Promise<Error>;

  /**
   * Opens the data directory and serves it.
   * @throws HeadwaterError that names the expected and the received value; nothing is left open then.
   */
  static async start(options: NodeOptions, { logger = silentLogger }: { logger?: Logger } = {}): Promise<Node> {
    const config = checkConfig(options);
    warnOfFewDescriptors(logger);
    let fail: (error: Error) => void = () => {};
    const failed = new Promise<Error>((resolve) => {
      fail = resolve;
    });
    const role =
      config.follow === undefined
        ? undefined
        : { role: 'follower' as const, upstream: config.follow, overrules: config.acceptDataLoss };
    const store = await Store.open(
      {
        ...config,
        limits: config,
        budget: config,
        directory: config.data,
        openDatabase: openLevel,
        files: systemFiles,
        randomBytes,
        bootId,
        clock: systemClock,
        logger,
        onFatal: fail,
      },
      role,
    );
    const node = new Node(config, logger, store, failed, fail);
    try {
      await node.#listen();
    } catch (error) {
      await store.close();
      throw error;
    }
    node.#replication.start(config);
    node.#archiver?.start();
    node.#checks.start();
    // The measurement begins here, so that the work of starting does not count as a delay that callers feel.
    node.#delay.enable();
    return node;
  }

  private constructor(
    config: NodeConfig,
    logger: Logger,
    store: Store,
    failed: Promise<Error>,
    fail: (error: Error) => void,
  ) {
    this.#config = config;
    this.#logger = logger;
    this.#store = store;
    this.failed = failed;
    this.#fail = fail;
    this.#rangeRepairs = new RangeRepairs({
      store,
      clock: systemClock,
      logger,
      randomBytes,
      fetch: (address, request, signal) => fetchRanges(address, request, { signal }),
    });
    const nonce = randomUUID();
    this.#comparisons = new Comparisons({
      store,
      logger,
      clock: systemClock,
      nonce,
      address: () => this.address,
      tree: () => this.#replication,
    });
    this.#ranges = new Ranges(store, this.#comparisons.held);
    this.#replication = new Replication({
      store,
      logger,
      clock: systemClock,
      nonce,
      timeoutMs: config.linkTimeoutMs,
      heartbeatIntervalMs: config.heartbeatIntervalMs,
      minFollowers: config.minFollowers,
      maxLagMs: config.maxLagMs,
      random: Math.random,
      address: () => this.address,
      isHere: (address) => isSameNode(address, this.address),
      askFollowersMs: config.askFollowersMs,
      marks: new Marks({ comparisons: this.#comparisons, repairs: this.#rangeRepairs }),
      dial: (address) => dial(address, { timeoutMs: config.linkTimeoutMs }),
    });
    const { link, durability } = this.#replication;
    this.#freshness = new Freshness({ store, link, clock: systemClock, serveStaleReads: config.serveStaleReads });
    this.#guarantees = { durability, freshness: this.#freshness };
    this.#streams = new Streams({ store, clock: systemClock });
    if (config.archive !== undefined)
      this.#archiver = new Archiver({
        store,
        logger,
        files: systemFiles,
        clock: systemClock,
        directory: config.archive,
        intervalMs: config.archiveIntervalMs,
      });
    this.#backups = new Backups({ store, clock: systemClock, logger, randomBytes });
    this.#checks = new Checks({
      store,
      logger,
      files: systemFiles,
      clock: systemClock,
      autoRepair: config.autoRepair,
      upstream: this.#upstream(),
    });
  }

  /** host:port, with the actual port. */
  get address(): string {
    return this.#server?.address ?? '';
  }

  /** Whether no other machine reaches the node: every address that its name stands for is this machine's own. */
  get isLoopbackOnly(): boolean {
    return this.#isLoopbackOnly;
  }

  get nodeId(): string {
    return this.#store.identity.nodeId;
  }

  get role(): Role {
    return this.#store.roles.role;
  }

  /**
   * Reports the status without waiting for the store. If the store is not open, the status gives its last position and
   * the reason.
   */
  async status(): Promise<NodeStatus> {
    const store = this.#store;
    const { link, followers, acknowledgements, headroom, failoverState } = this.#replication;
    const lostWritesFiles = await store.lostWrites.files();
    const lostWrites = await store.lostWrites.count();
    const { position, lineage, firstOffset, durableOffset, logBytes, checkpoint } = store.data.progress;
    return {
      nodeId: store.identity.nodeId,
      role: store.roles.role,
      address: this.address,
      clusterId: store.identity.clusterId,
      version: VERSION,
      replicationId: lineage.current?.replicationId ?? position.replicationId,
      lineage: lineage.rows.map((row) => ({ ...row, checksum: formatChecksum(row.checksum) })),
      offset: position.offset,
      firstOffset,
      checkpointOffset: checkpoint.offset,
      durableOffset,
      checksum: formatChecksum(position.checksum),
      keysAtCheckpoint: checkpoint.keys ?? 0,
      upstream: store.roles.role === 'follower' ? link.status : undefined,
      followers: [...followers.status, ...acknowledgements.indirect].map((follower) =>
        withRoom(follower, headroom.of(follower.appendedOffset, { pinned: follower.via === '' })),
      ),
      fullResyncs: link.resyncs.full,
      partialResyncs: link.resyncs.partial,
      fullResyncsServed: followers.served.full,
      partialResyncsServed: followers.served.partial,
      lostWrites,
      ...store.status,
      damage: store.damage.message,
      ...this.#streams.status,
      publishedMessages: this.#replication.published,
      residentMemoryBytes: process.memoryUsage.rss(),
      eventLoopDelayP99Ms: delayMs(this.#delay.percentile(99)),
      eventLoopDelayMaxMs: delayMs(this.#delay.max),
      uptimeMs: Math.round(systemClock.monotonicMs() - this.#startedMs),
      minFollowers: acknowledgements.minFollowers,
      maxLagMs: acknowledgements.maxLagMs,
      followersWithinLag: acknowledgements.followersWithinLag,
      heartbeatIntervalMs: this.#config.heartbeatIntervalMs,
      handingOverTo: store.roles.handingOver?.address ?? '',
      failoverState: failoverState === 'none' ? '' : failoverState,
      knownFollowers: store.followers.all.map((known) => {
        const room = headroom.ofKnown(known);
        return { ...known, keepsPlace: room !== undefined, leftBytes: room?.leftBytes, leftMs: room?.ms };
      }),
      resyncReasons: link.reasons.counts,
      resyncReasonsServed: followers.reasons.counts,
      lastRefusalServed: followers.reasons.lastRefusal,
      lostWritesFiles,
      digestDifferences: this.#comparisons.differences,
      logBytes,
      appendCommandsPerSecond: headroom.rate.commands,
      appendBytesPerSecond: headroom.rate.bytes,
      headroom: headroom.least,
      archive: this.#archiver?.status,
      ...this.#checks.status,
    };
  }

  /** Compares the keyspaces of all connected nodes at one offset; a timeout of 0 is the default one. */
  compare(timeoutMs: number): Promise<CompareReply> {
    return this.#comparisons.compare(timeoutMs || COMPARE_TIMEOUT_MS);
  }

  digest(): Promise<KeyspaceDigestReply> {
    return this.#store.snapshots.digest();
  }

  /** Becomes a follower of `address`, and stays one over restarts. */
  async follow(address: string, options: FollowOptions): Promise<void> {
    return this.#replication.follow(formatAddress(parseAddress(address, {}, 'address')), options);
  }

  /** Stops following and leads, also over restarts. Has no effect on a leader. */
  promote(): Promise<PromoteReply> {
    return this.#replication.promote();
  }

  /** Forgets, durably, a follower that is away. */
  forget(name: string): Promise<ForgetReply> {
    return this.#replication.forget(name);
  }

  /** Hands the leadership over to a follower. Resolves when that follower leads. */
  failover(request: FailoverRequest): Promise<FailoverReply> {
    return this.#replication.failover(request);
  }

  /**
   * Sends followers all that the node has, finishes the pending calls, checkpoints and closes. The calls and the
   * checkpoint get the rest of the shutdown timeout, and at least STOP_STEP_MS_MIN each.
   */
  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      const reason = shuttingDown();
      this.#server?.setServing(false);
      this.#freshness.end(reason);
      const { shutdownTimeoutMs } = this.#config;
      const endMs = systemClock.monotonicMs() + shutdownTimeoutMs;
      const leftMs = () => Math.max(STOP_STEP_MS_MIN, endMs - systemClock.monotonicMs());
      await this.#replication.drain(shutdownTimeoutMs);
      await this.#server?.stop({ graceMs: Math.min(DRAIN_MS_MAX, leftMs()) });
      await this.#backups.close(reason);
      await this.#checks.close(reason);
      await this.#archiver?.close();
      this.#comparisons.close();
      await this.#replication.close(reason);
      await this.#store.close({ checkpointMs: leftMs() });
      this.#delay.disable();
    })();
    return this.#stopped;
  }

  /** The parts of replication that a repair needs from the upstream of this node. */
  #upstream(): Upstream {
    const replication = this.#replication;
    const store = this.#store;
    const timeoutMs = this.#config.linkTimeoutMs;
    return {
      get status() {
        return replication.link.status;
      },
      get fullResyncs() {
        return replication.link.resyncs.full;
      },
      resync: () => replication.follow(store.roles.upstream, { acceptDataLoss: false, full: true }),
      fetch: (address, request, signal) => fetchBlocks(address, request, { silenceMs: timeoutMs, signal }),
    };
  }

  async #listen(): Promise<void> {
    this.#isLoopbackOnly = await isLoopbackOnly(hostOf(this.#config.listen));
    this.#server = await RpcServer.bind({
      address: this.#config.listen,
      services: [
        keyValueService(this.#store, this.#guarantees),
        streamService(this.#streams, this.#replication, this.#store.writes),
        adminService(this),
        diskService({
          backups: this.#backups,
          checks: this.#checks,
          ranges: this.#ranges,
          repairs: this.#rangeRepairs,
        }),
        replicationService(this.#replication.followers),
      ],
      reflection: this.#config.reflection ?? this.#isLoopbackOnly,
      connectionsMax: connectionsMax(),
      logger: this.#logger,
      onFatal: this.#fail,
    });
    this.#store.data.onServing((serving) => this.#server?.setServing(serving));
  }
}

/** An ID of the machine's start; undefined except on Linux. */
function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

function withRoom<T extends object>(follower: T, { commands, bytes, leftBytes, ms }: Room) {
  return {
    ...follower,
    headroomCommands: commands,
    headroomBytes: bytes,
    headroomLeftBytes: leftBytes,
    headroomMs: ms,
  };
}

/**
 * The delay in a record of the monitor, which is the time between two samples in nanoseconds: the part beyond the
 * interval.
 */
function delayMs(recordedNs: number): number {
  return Math.max(0, recordedNs / 1e6 - DELAY_RESOLUTION_MS);
}
