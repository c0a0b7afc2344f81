/**
 * The composition root: opens the store, resumes the role, serves, and closes everything in reverse order. The file knows
 * every part but those of the doors for Redis clients and for HTTP, which redis-door.ts and http-door.ts put together.
 */

import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Access } from './access/access.js';
import { CredentialsFile } from './access/credentials-file.js';
import type { DialSettings } from './access/dial.js';
import { type AddressOption, refusalOfExposure, refusalOfStrangers } from './access/tls/exposure.js';
import { NodeTls } from './access/tls/node-tls.js';
import { type Tree, Users } from './access/users.js';
import { type NodePlaces, openNodePlaces, upstreamPlace } from './archive-upstream/node-places.js';
import { seed } from './archive-upstream/seed.js';
import { Archives } from './backup/archives.js';
import { Backups } from './backup/backups.js';
import { refuseFile } from './backup/folder.js';
import { isBucketUrl, placesIn } from './backup/place.js';
import { formatAddress, hostOf, isArchivePlace, parseUpstream } from './base/address.js';
import { systemClock } from './base/clock.js';
import { connectionsMax, warnOfFewDescriptors } from './base/descriptors.js';
import { HeadwaterError, shuttingDown } from './base/errors.js';
import {
  COMPARE_TIMEOUT_MS,
  COUNTING_MS_MAX,
  DRAIN_MS_MAX,
  REPLYING_BYTES_MAX,
  STOP_STEP_MS_MIN,
} from './base/limits.js';
import { type Logger, silentLogger } from './base/logger.js';
import { LoopLoad } from './base/loop-load.js';
import { checkOptionNames, optionNames } from './base/option-names.js';
import { ProcessLoad } from './base/process-load.js';
import { RepeatedLog } from './base/repeated-log.js';
import { Tracing } from './base/tracing.js';
import { Checks } from './check/checks.js';
import type { Upstream } from './check/repair.js';
import { NodeCluster } from './cluster/node-cluster.js';
import { type ClusterSettings, clusterSettings } from './cluster/settings.js';
import { Comparisons } from './compare/comparison.js';
import { ComparisonMarks } from './compare/marks.js';
import { RangeRepairs } from './compare/range-repair.js';
import { Ranges } from './compare/ranges.js';
import { isSameNode, type NodeConfig, type NodeOptions } from './config.js';
import { systemFiles } from './disk/files.js';
import { openLevel } from './disk/level.js';
import { lookAtMachine } from './disk/machine.js';
import { type FieldsFromDisk, HttpDoor } from './http-door.js';
import { bindServers, expectFree } from './listener/binding.js';
import { Listener } from './listener/listener.js';
import { LiveOptions, type LiveProgram } from './live-options.js';
import type { ClusterControl, StatusCluster } from './model/cluster.js';
import type { CompareReply, KeyspaceDigestReply } from './model/comparison.js';
import { CONTENT_OF_USERS } from './model/content-version.js';
import type { FailoverReply, FailoverRequest, FollowRequest, ForgetReply, PromoteReply } from './model/leadership.js';
import { formatChecksum } from './model/position.js';
import type { NodeStatus, StatusKnownFollower } from './model/status.js';
import type { UserLimits } from './model/user.js';
import { Monitors } from './pipeline/monitors.js';
import { ReplyMemory } from './pipeline/reply-memory.js';
import { RequestBudget } from './pipeline/request-budget.js';
import { SlowLog } from './pipeline/slow-log.js';
import { redisDoor } from './redis-door.js';
import type { Followers } from './replication/downstream/followers.js';
import type { LogRoom } from './replication/downstream/headroom.js';
import { Freshness } from './replication/progress/freshness.js';
import { Replication } from './replication/replication.js';
import { type NodeTraces, WriteTraces } from './replication/write-traces.js';
import type { RedisServer } from './resp/door.js';
import { adminService } from './rpc/admin-service.js';
import { diskService } from './rpc/disk-service.js';
import { keyValueService } from './rpc/key-value-service.js';
import { isLoopbackOnly } from './rpc/loopback.js';
import { fetchBlocks, fetchRanges } from './rpc/peer-calls.js';
import { dial, replicationService } from './rpc/replication-service.js';
import { RpcServer } from './rpc/server.js';
import { streamService } from './rpc/stream-service.js';
import { userService } from './rpc/user-service.js';
import { CommitFigures } from './store/commit-figures.js';
import { Folder } from './store/folder.js';
import { KeyWatches } from './store/key-watches.js';
import { Store } from './store/store.js';
import type { StoreOptions } from './store/store-options.js';
import { Streams } from './streams/streams.js';
import { VERSION } from './version.js';

/** The surroundings of a node in its process. */
export interface NodeSurroundings {
  /** Receives the messages of the node. Without it, the node is silent. */
  readonly logger?: Logger;
  /**
   * Ends the process after `stop(options)`, because a Redis client has sent SHUTDOWN. Without it, SHUTDOWN is refused.
   */
  readonly onShutdown?: (options: StopOptions) => void;
  /** Has options of its own beside those of the node, and knows where all of them were given. */
  readonly program?: LiveProgram;
}

/** The way in which a node stops. */
export interface StopOptions {
  /** Does not wait for followers that are behind. False by default. */
  readonly now?: boolean | undefined;
  /** Makes a checkpoint, so that the next start has nothing to replay. True by default. */
  readonly checkpoint?: boolean | undefined;
}

const SURROUNDINGS = optionNames<NodeSurroundings>({ logger: true, onShutdown: true, program: true });

/** A node in this process: a data directory, and the server in front of it. */
export class Node {
  /** The options in force, and their changes while the node runs. */
  readonly options: LiveOptions;
  readonly #base: Base;
  readonly #config: NodeConfig;
  readonly #store: Store;
  readonly #parts: Parts;
  readonly #load = new ProcessLoad(systemClock);
  readonly #fail: (error: Error) => void;
  #server: RpcServer | undefined;
  #redis: RedisServer | undefined;
  #listener: Listener | undefined;
  #http: HttpDoor | undefined;
  #cluster: NodeCluster | undefined;
  #failure: Error | undefined;
  #isLoopbackOnly = false;
  #stopped: Promise<void> | undefined;

  /** Resolves with the error after which the process must not go on. */
  readonly failed: Promise<Error>;

  /**
   * Opens the data directory and serves it.
   * @param options.data the data directory. Every other option has the default that `headwater serve --help` names.
   * @param surroundings.logger receives the messages of the node. Without it, the node is silent.
   * @param surroundings.onShutdown ends the process for a client of the Redis protocol.
   * @param surroundings.program has options beside those of the node.
   * @throws HeadwaterError `invalid_argument`, `directory_locked`, `foreign_directory`, `unknown_format`, `corrupt`,
   *   `address_in_use` and others, with the expected and the received value. Nothing is left open then.
   */
  static async start(options: NodeOptions, surroundings: NodeSurroundings = {}): Promise<Node> {
    checkOptionNames(surroundings, SURROUNDINGS);
    const { logger = silentLogger, onShutdown, program } = surroundings;
    const live = new LiveOptions(options, logger, program);
    const { config } = live;
    warnOfFewDescriptors(logger);
    let fail: (error: Error) => void = () => {};
    const failed = new Promise<Error>((resolve) => {
      fail = resolve;
    });
    const [activeExpiry, watches, figures] = [{ isOn: true }, new KeyWatches(), new CommitFigures(systemClock)];
    const tls = nodeTls(config, logger);
    const dial = dialSettings(config, tls, logger);
    const places = await refuseEarly(config);
    const cluster = clusterSettings(config, systemClock);
    const traced = config.tracing ? await loadTracing(logger) : undefined;
    // Probes have an answer while the data open, which may take long.
    const http = await httpDoor(config, tls, logger);
    const onFatal = fail;
    const term = cluster?.term;
    const opening = openStore(config, places, { logger, activeExpiry, watches, figures, term, onFatal });
    const store = await opening.catch(async (error) => {
      await http?.close();
      throw error;
    });
    const base = {
      live,
      config,
      cluster,
      places,
      tls,
      dial,
      traced,
      logger,
      store,
      figures,
      activeExpiry,
      watches,
      onShutdown,
    };
    const node = new Node(base, failed, fail);
    node.#http = http;
    void failed.then((error) => {
      node.#failure = error;
    });
    try {
      await node.#listen();
    } catch (error) {
      await http?.close();
      await store.close();
      throw error;
    }
    await node.#begin();
    await node.#join(cluster);
    return node;
  }

  private constructor(base: Omit<Base, 'address'>, failed: Promise<Error>, fail: (error: Error) => void) {
    this.#base = { ...base, address: () => this.address };
    this.options = base.live;
    this.#config = base.config;
    this.#store = base.store;
    this.failed = failed;
    this.#fail = fail;
    this.#parts = partsOf(this.#base);
  }

  /** The host:port at which the node listens, with the actual port. Empty before `start` resolves. */
  get address(): string {
    return this.#listener?.address ?? '';
  }

  /** The host:port of the listener for the Redis protocol alone, with the actual port. Empty if there is none. */
  get redisAddress(): string {
    return this.#listener?.redisAddress ?? '';
  }

  /** The host:port of the HTTP port, with the actual port. Empty if there is none. */
  get httpAddress(): string {
    return this.#http?.address ?? '';
  }

  /** Whether no other machine reaches the node: every address that its name stands for is this machine's own. */
  get isLoopbackOnly(): boolean {
    return this.#isLoopbackOnly;
  }

  /** The ID of the node, 32 hexadecimal characters. The data directory keeps it. */
  get nodeId(): string {
    return this.#store.identity.nodeId;
  }

  /** The role that the node has now. */
  get role(): 'leader' | 'follower' {
    return this.#store.roles.role;
  }

  /**
   * Reports the status without waiting for the store. If the store is not open, the status gives its last position and
   * the reason.
   */
  async status(): Promise<NodeStatus> {
    const lost = await this.#store.lostWrites.recent();
    return this.#statusWith({ ...lost, keys: await countKeys(this.#store) });
  }

  /** @param fromDisk the fields for which the disk is asked. */
  #statusWith(fromDisk: FieldsFromDisk): NodeStatus {
    const status = statusOf(this.#base, this.#parts);
    const cluster = this.#cluster?.status;
    return {
      ...status,
      knownFollowers: ownFollowers(status, this.#parts.replication.link.reports.path, cluster),
      ...fromDisk,
      cluster,
      ...this.#load.status,
      connections: this.#listener?.status,
      redisAddress: this.redisAddress,
      redis: this.#redis?.status,
    };
  }

  /**
   * Compares the keyspaces of all connected nodes at one offset.
   * @param timeoutMs the time that the node waits for the last of them. 0 waits for 5 minutes.
   * @throws HeadwaterError `read_only_follower` if the node does not lead.
   */
  compare(timeoutMs: number): Promise<CompareReply> {
    return this.#parts.comparisons.compare(timeoutMs || COMPARE_TIMEOUT_MS);
  }

  /** The digest of the whole keyspace at one offset. The call reads everything. */
  digest(): Promise<KeyspaceDigestReply> {
    return this.#store.snapshots.digest();
  }

  /**
   * Becomes a follower of `address`, and stays one over restarts.
   * @param address host:port.
   * @throws HeadwaterError `replication_loop` if the address is the node itself, `invalid_argument` if it is none.
   */
  async follow(address: string, options: Pick<FollowRequest, 'acceptDataLoss' | 'full'>): Promise<void> {
    refuseInCluster(this.#config, 'follow another node');
    return this.#parts.replication.follow(formatAddress(parseUpstream(address, 'address')), options);
  }

  /**
   * Stops following and leads, also over restarts. Has no effect on a leader.
   * @throws HeadwaterError `unavailable` if the node's data are not complete.
   */
  async promote(): Promise<PromoteReply> {
    refuseInCluster(this.#config, 'lead');
    return this.#parts.replication.promote();
  }

  /**
   * Forgets, durably, a follower that is away.
   * @param name a node ID, a beginning of it that no other has, or host:port.
   * @throws HeadwaterError `forget_refused` if this names no follower, several, or a connected one.
   */
  forget(name: string): Promise<ForgetReply> {
    return this.#parts.replication.forget(name);
  }

  /**
   * Hands the leadership over to a follower. Resolves when that follower leads.
   * @throws HeadwaterError `failover_failed` if this node stays the leader, `outcome_unknown` if it keeps asking.
   */
  async failover(request: FailoverRequest): Promise<FailoverReply> {
    return this.#config.cluster === undefined
      ? this.#parts.replication.failover(request)
      : this.cluster.switchTo(request);
  }

  /**
   * Sends followers all that the node has, finishes the pending calls, checkpoints and closes. The calls and the
   * checkpoint get the rest of the shutdown timeout, and at least STOP_STEP_MS_MIN each.
   * @param options only those of the first call count.
   */
  stop(options: StopOptions = {}): Promise<void> {
    this.#stopped ??= this.#end(options);
    return this.#stopped;
  }

  async #end(options: StopOptions): Promise<void> {
    try {
      await this.#stop(options);
    } finally {
      this.#load.stop();
      this.#base.tls?.stop();
      // Until now the port tells probes that the node stops. Open behind a failure, it would keep the process alive.
      await this.#http?.close();
    }
  }

  async #stop({ now = false, checkpoint = true }: StopOptions): Promise<void> {
    const { replication, freshness, backups, checks, archiver, comparisons } = this.#parts;
    const reason = shuttingDown();
    this.#server?.setServing(false);
    freshness.end(reason);
    const shutdownTimeoutMs = now ? 0 : this.#config.shutdownTimeoutMs;
    const endMs = systemClock.monotonicMs() + shutdownTimeoutMs;
    const leftMs = () => Math.max(STOP_STEP_MS_MIN, endMs - systemClock.monotonicMs());
    await replication.drain(shutdownTimeoutMs);
    await this.#cluster?.leave(Math.min(DRAIN_MS_MAX, leftMs()));
    this.#listener?.stop();
    const graceMs = Math.min(DRAIN_MS_MAX, leftMs());
    await Promise.all([this.#server?.stop({ graceMs }), this.#redis?.stop({ graceMs })]);
    await this.#listener?.close();
    for (const part of [backups, checks]) await part.close(reason);
    await archiver?.close(leftMs());
    comparisons.close();
    await this.#cluster?.close();
    await replication.close(reason);
    this.#base.places.requests.abort(reason);
    await this.#store.close({ checkpointMs: checkpoint ? leftMs() : 0 });
  }

  async #begin(): Promise<void> {
    const { replication, archiver, checks } = this.#parts;
    const { live, tls } = this.#base;
    replication.start(this.#config);
    archiver?.start();
    checks.start();
    this.#load.start();
    await tls?.start();
    live.onReread(() => void tls?.reload());
    live.onChange(() => takeOptions(this.#base, this.#parts, this.#listener));
    takeOptions(this.#base, this.#parts, this.#listener);
  }

  async #join(settings: ClusterSettings | undefined): Promise<void> {
    if (!settings) return;
    try {
      this.#cluster = await placeInCluster(this.#base, this.#parts, settings);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#cluster.start();
  }

  /**
   * The place of the node in its cluster.
   * @throws HeadwaterError `invalid_argument` on a node without a cluster; `unavailable` on one that is starting.
   */
  get cluster(): ClusterControl {
    if (this.#cluster) return this.#cluster;
    throw notInCluster(this.#config);
  }

  async #listen(): Promise<void> {
    const { access, replication, freshness, streams, backups, archiver, checks, ranges, repairs, slowLog } =
      this.#parts;
    await refuseStrangers(this.#base, access);
    await forgetUsers(this.#base, this.#parts.users, await isHeardHereOnly(this.#config));
    const monitors = new Monitors(systemClock);
    const { traced, logger } = this.#base;
    const { listen, redis, redisListen, reflection, ...bounds } = this.#config;
    const guarantees = { durability: replication.durability, freshness };
    this.#isLoopbackOnly = await isHeardHereOnly(this.#config);
    const server = new RpcServer({
      services: [
        keyValueService(this.#store, guarantees, { tap: monitors, slowLog, tracing: traced }),
        streamService(streams, replication, this.#store.writes, monitors, slowLog),
        adminService(this, {
          monitors,
          slowLog,
          machine: () => lookAtMachine(this.#config.data, systemClock.wallMs()),
          drain: (isDraining) => this.#store.settings.maintenance.drain(isDraining),
        }),
        diskService({ backups, checks, ranges, repairs }),
        replicationService({ followers: replication.followers, checks, ranges }),
        userService(this.#parts.users, access),
      ],
      access,
      reflection: reflection ?? this.#isLoopbackOnly,
      tracing: traced?.tracing,
      replies: this.#parts.replies,
      requests: this.#parts.requests.grpc,
      logger,
      onFatal: this.#fail,
    });
    const door = await redisDoor(
      this,
      { ...this.#base, replication, streams, guarantees, monitors, slowLog, access, users: this.#parts.users },
      { replies: this.#parts.replies, requests: this.#parts.requests.redis, onFatal: this.#fail },
    );
    this.#listener = await Listener.listen({
      address: listen,
      redisAddress: redisListen,
      grpc: server,
      redis: redis ? door : undefined,
      needsUser: () => access.needsUser,
      tls: this.#base.tls,
      ...bounds,
      descriptorsFor: connectionsMax(),
      clock: systemClock,
      logger,
    });
    this.#server = server;
    this.#redis = door;
    this.#http?.show({
      ...this.#base,
      access,
      replication,
      archiver,
      backups,
      server,
      redis: door,
      replies: this.#parts.replies,
      slowLog,
      load: this.#load,
      isStopping: () => this.#stopped !== undefined,
      failure: () => this.#failure,
      statusWith: (fromDisk) => this.#statusWith(fromDisk),
    });
    showServing(server, this.#store, logger);
  }
}

/** Hands changed options to the parts that keep values of their own. All other parts read them from the configuration. */
function takeOptions({ config, store }: Base, { replication, access }: Parts, listener: Listener | undefined): void {
  store.settings.retain(config);
  store.space.keepFree(config.minFreeBytes);
  replication.acknowledgements.guard.want(config);
  replication.followers.fullResyncs.allow(config.fullResyncsMax);
  listener?.bound({ ...config, descriptorsFor: connectionsMax() });
  access.limit(userLimits(config));
}

/** Whether every address that the node listens on is loopback. */
async function isHeardHereOnly({ listen, redisListen }: NodeConfig): Promise<boolean> {
  const hosts = [listen, ...(redisListen === undefined ? [] : [redisListen])].map(hostOf);
  const answers = await Promise.all(hosts.map((host) => isLoopbackOnly(host)));
  return answers.every(Boolean);
}

/** The place of a node in its cluster. @throws HeadwaterError `corrupt`, `disk_full`. */
function placeInCluster(
  { store, config, logger, address }: Base,
  { replication }: Parts,
  settings: ClusterSettings,
): Promise<NodeCluster> {
  const folder = new Folder(config.data, systemFiles);
  const node = { store, replication, folder, clock: systemClock, logger, address: address(), randomBytes };
  return NodeCluster.open({ settings, ...node });
}

/** A node of a cluster takes no place on a person's word. @throws HeadwaterError `invalid_argument`. */
function refuseInCluster({ cluster }: NodeConfig, what: string): void {
  if (cluster === undefined) return;
  throw new HeadwaterError(
    'invalid_argument',
    `expected a node without --cluster, which can ${what} on request; received one of the cluster ${cluster}, which decides. For another leader, run "headwater cluster switch"`,
  );
}

function notInCluster({ cluster }: NodeConfig): HeadwaterError {
  if (cluster !== undefined) return new HeadwaterError('unavailable', 'the node is starting. Try again');
  return new HeadwaterError('invalid_argument', 'expected a node with --cluster, received one without');
}

/** The limits of users that have none of their own. */
function userLimits(config: NodeConfig): UserLimits {
  const { userOperationsPerSecond, userBytesPerSecond, connectionsPerUser } = config;
  return {
    operationsPerSecond: userOperationsPerSecond,
    bytesPerSecond: userBytesPerSecond,
    maxConnections: connectionsPerUser,
  };
}

/** Tells clients that watch the health of the server whether to come: while the store serves and the node is to stay. */
function showServing(server: RpcServer, { data, settings: { maintenance } }: Store, logger: Logger): void {
  data.onServing((serving) => server.setServing(serving && !maintenance.isDraining));
  maintenance.onChange = (isDraining) => {
    server.setServing(data.isServing && !isDraining);
    if (isDraining)
      logger.warn({ event: 'draining' }, 'the node is about to be stopped: it is not ready, and takes no hand-over');
    else logger.info({ event: 'draining_ended' }, 'the node is to stay: it is ready, and takes hand-overs again');
  };
}

async function loadTracing(logger: Logger): Promise<NodeTraces> {
  const tracing = await Tracing.load((why) => logger.warn({}, why));
  if (!tracing.isReceived)
    logger.warn(
      {},
      'tracing is on, and nothing receives the spans: start node with --import and a module that registers a receiver. Headwater and the module have to find the same package @opentelemetry/api',
    );
  return { tracing, writes: new WriteTraces() };
}

/** Undefined for a node without TLS. @throws HeadwaterError `invalid_argument` if a file is not what it should be. */
function nodeTls(config: NodeConfig, logger: Logger): NodeTls | undefined {
  const { tlsCert: cert, tlsKey: key, tlsCa: ca, tlsCrl: crl } = config;
  if (cert === undefined) return undefined;
  const clients = config.tlsClients ?? (ca === undefined ? 'off' : 'required');
  return new NodeTls({ files: { cert, key, ca, crl }, clients, serverName: undefined, clock: systemClock, logger });
}

/** @throws HeadwaterError `invalid_argument` if the file of the credentials cannot be read. */
function dialSettings({ upstreamCredentials }: NodeConfig, tls: NodeTls | undefined, logger: Logger): DialSettings {
  if (upstreamCredentials === undefined) return { tls: tls?.dial };
  const file = new CredentialsFile(upstreamCredentials, RepeatedLog.of({ clock: systemClock, logger }));
  return { tls: tls?.dial, authorization: () => file.authorization() };
}

/** Undefined if the node has no HTTP port. */
async function httpDoor(config: NodeConfig, tls: NodeTls | undefined, logger: Logger): Promise<HttpDoor | undefined> {
  if (config.http === undefined) return undefined;
  return HttpDoor.listen(config.http, { ready: config, tls, logger, bind: bindServers });
}

/**
 * Deletes the users if a person has asked for that at the start: nobody can sign in whose secret is lost.
 * @throws HeadwaterError `invalid_argument` unless the node leads, and only this machine reaches it.
 */
async function forgetUsers({ config, store, logger }: Base, users: Users, isHeardHereOnly: boolean): Promise<void> {
  if (!config.forgetUsers) return;
  const { role } = store.roles;
  if (!isHeardHereOnly || role !== 'leader')
    throw new HeadwaterError(
      'invalid_argument',
      `forget-users: expected a leader that listens on this machine alone, received a ${role} on ${config.listen}. Stop the leader, and start it with --listen 127.0.0.1:7420`,
    );
  const count = await users.forgetAll();
  logger.warn({ users: count }, `${count} users were deleted: everybody may do everything until new ones are made`);
}

/** Refuses to listen beyond loopback while everybody may do everything. The users are known once the store is open. */
async function refuseStrangers({ config, tls }: Base, access: Access): Promise<void> {
  const { listen, redisListen, insecure } = config;
  if (insecure || tls?.clients === 'required' || !access.anonymous.isWhole) return;
  await refuseBeyondLoopback({ listen, 'redis-listen': redisListen }, refusalOfStrangers);
}

/**
 * Refuses what would fail once the store is open: a leader that opens has begun a new history on its disk.
 * @returns the places of the archives.
 */
async function refuseEarly(config: NodeConfig): Promise<NodePlaces> {
  const { listen, redisListen, http, archive, followArchive, seedFrom, tlsCert, insecure } = config;
  const places = [...(archive === undefined ? [] : placesIn(archive)), followArchive, seedFrom];
  for (const place of places) if (place !== undefined && !isBucketUrl(place)) await refuseFile(place);
  await expectFree([listen, redisListen, http].filter((address) => address !== undefined));
  if (tlsCert === undefined && !insecure)
    await refuseBeyondLoopback({ listen, 'redis-listen': redisListen, http }, refusalOfExposure);
  return await openNodePlaces(config, systemClock);
}

async function refuseBeyondLoopback(
  addresses: Partial<Record<AddressOption, string | undefined>>,
  refusal: (option: AddressOption, address: string) => HeadwaterError,
): Promise<void> {
  for (const [option, address] of Object.entries(addresses))
    if (address !== undefined && !(await isLoopbackOnly(hostOf(address))))
      throw refusal(option as AddressOption, address);
}

async function openStore(
  config: NodeConfig,
  { seed: place }: NodePlaces,
  surroundings: Pick<StoreOptions, 'logger' | 'activeExpiry' | 'watches' | 'figures' | 'term' | 'onFatal'>,
): Promise<Store> {
  const { followArchive, acceptDataLoss } = config;
  const follow = followArchive === undefined ? config.follow : upstreamPlace(followArchive);
  const role =
    follow === undefined ? undefined : { role: 'follower' as const, upstream: follow, overrules: acceptDataLoss };
  const { data: directory } = config;
  const upstream = follow ?? 'the leader of the cluster';
  if (place) await seed({ directory, place, upstream, logger: surroundings.logger });
  return Store.open(
    {
      ...config,
      limits: config,
      budget: config,
      directory,
      openDatabase: openLevel,
      files: systemFiles,
      randomBytes,
      bootId,
      clock: systemClock,
      ...surroundings,
    },
    role,
  );
}

// ---- the parts of a node ----------------------------------------------------------

interface Base {
  readonly places: NodePlaces;
  readonly live: LiveOptions;
  readonly config: NodeConfig;
  /** Undefined for a node without a cluster. */
  readonly cluster: ClusterSettings | undefined;
  /** Undefined for a node without TLS. */
  readonly tls: NodeTls | undefined;
  /** The things that each connection to another node needs. */
  readonly dial: DialSettings;
  /** Undefined for a node that makes no spans. */
  readonly traced: NodeTraces | undefined;
  readonly logger: Logger;
  readonly store: Store;
  readonly figures: CommitFigures;
  readonly activeExpiry: { isOn: boolean };
  readonly watches: KeyWatches;
  readonly onShutdown: NodeSurroundings['onShutdown'];
  /** host:port, with the actual port. */
  readonly address: () => string;
}

type Parts = ReturnType<typeof partsOf>;

/** The nodes below, as far as their users are concerned. */
function usersIn(followers: Pick<Followers, 'olderThan'>): Tree {
  return {
    get withoutUsers() {
      return followers.olderThan(CONTENT_OF_USERS).map(({ handshake, nodeId }) => handshake?.address || nodeId);
    },
  };
}

/** Puts the parts together. Nothing runs yet. */
function partsOf(base: Base) {
  const { config, logger, store } = base;
  const tree = treeOf(base);
  const { link, followers } = tree.replication;
  const clock = systemClock;
  const { records } = store.identity;
  const awaitsUsers = () =>
    config.upstreamCredentials !== undefined &&
    store.roles.role === 'follower' &&
    (store.data.position.offset === 0 || records.areKept);
  const access = new Access({ records, clock, logger, awaitsUsers });
  return {
    ...tree,
    access,
    replies: new ReplyMemory(systemClock, REPLYING_BYTES_MAX),
    requests: new RequestBudget(config),
    slowLog: new SlowLog(clock, config),
    users: new Users(access, records, usersIn(followers), () => clock.wallMs()),
    freshness: new Freshness({
      store,
      link,
      clock,
      get serveStaleReads() {
        return config.serveStaleReads;
      },
    }),
    streams: new Streams({ store, clock }),
    backups: new Backups({ store, clock, logger, randomBytes }),
    archiver: archivesOf(base),
    checks: new Checks({
      store,
      logger,
      files: systemFiles,
      clock,
      autoRepair: config.autoRepair,
      upstream: upstreamOf(base, tree.replication),
    }),
  };
}

/** The parts that know the other nodes of the tree. */
function treeOf({ config, logger, store, address, traced, places, dial: settings }: Base) {
  const clock = systemClock;
  const nonce = randomUUID();
  const repairs = new RangeRepairs({
    store,
    clock,
    logger,
    randomBytes,
    fetch: (upstream, request, signal) => fetchRanges(nodeAt(upstream), request, { signal, dial: settings }),
  });
  const comparisons = new Comparisons({ store, logger, clock, nonce, address, tree: () => replication });
  const replication: Replication = new Replication({
    store,
    logger,
    clock,
    nonce,
    timeoutMs: config.linkTimeoutMs,
    heartbeatIntervalMs: config.heartbeatIntervalMs,
    minFollowers: config.minFollowers,
    maxLagMs: config.maxLagMs,
    fullResyncsMax: config.fullResyncsMax,
    resyncFrom: config.resyncFrom,
    random: Math.random,
    address,
    isHere: (other) => isSameNode(other, address()),
    askFollowersMs: config.askFollowersMs,
    load: new LoopLoad(clock),
    marks: new ComparisonMarks({ comparisons, repairs }),
    traced,
    dial: (other) =>
      isArchivePlace(other) ? places.upstream.dial(other) : dial(other, { timeoutMs: config.linkTimeoutMs, settings }),
  });
  return { replication, comparisons, repairs, ranges: new Ranges(store, comparisons.held) };
}

function archivesOf({ config, logger, store, places }: Base): Archives | undefined {
  if (places.archives.length === 0) return undefined;
  return new Archives({
    store,
    logger,
    clock: systemClock,
    places: places.archives,
    requests: places.requests,
    get intervalMs() {
      return config.archiveIntervalMs;
    },
  });
}

/** The parts of replication that a repair needs from the upstream of this node. */
function upstreamOf({ config, store, dial }: Base, replication: Replication): Upstream {
  const silenceMs = config.linkTimeoutMs;
  return {
    get status() {
      return replication.link.status;
    },
    get fullResyncs() {
      return replication.link.resyncs.full;
    },
    resync: () => replication.follow(store.roles.upstream, { acceptDataLoss: false, full: true }),
    fetch: (address, request, signal) => fetchBlocks(nodeAt(address), request, { silenceMs, signal, dial }),
  };
}

/** @throws HeadwaterError `invalid_argument` if the upstream is no node, which has copies of single records. */
function nodeAt(upstream: string): string {
  if (!isArchivePlace(upstream)) return upstream;
  throw new HeadwaterError(
    'invalid_argument',
    `expected a node as the upstream, which sends copies of damaged data, received the archive ${upstream}. Empty the data directory of this node, and start it again`,
  );
}

/** An ID of the machine's start; undefined except on Linux. */
function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

// ---- the status --------------------------------------------------------------------

/** The fields of the parts; `Node` has the others. */
function statusOf({ store, config, address }: Base, { replication, comparisons, streams, archiver, checks }: Parts) {
  const { position, lineage, firstOffset, durableOffset, logBytes, checkpoint } = store.data.progress;
  return {
    nodeId: store.identity.nodeId,
    role: store.roles.role,
    address: address(),
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
    logBytes,
    ...store.status,
    damage: store.damage.message,
    handingOverTo: store.roles.handingOver?.address ?? '',
    ...followersStatus(store, replication),
    ...resyncsStatus(replication),
    upstream: store.roles.role === 'follower' ? replication.link.status : undefined,
    ...replication.status,
    heartbeatIntervalMs: config.heartbeatIntervalMs,
    ...streams.status,
    digestDifferences: comparisons.differences,
    archive: archiver?.status,
    ...checks.status,
  };
}

function followersStatus(store: Store, { followers, acknowledgements, headroom }: Replication) {
  const { minFollowers, maxLagMs, followersWithinLag } = acknowledgements.guard;
  return {
    followers: [...followers.status, ...acknowledgements.indirect].map((follower) =>
      withRoom(follower, headroom.of(follower.appendedOffset, { pinned: follower.via === '' })),
    ),
    knownFollowers: store.followers.all.map((known) => {
      const room = headroom.ofKnown(known);
      return { ...known, keepsPlace: room !== undefined, leftBytes: room?.leftBytes, leftMs: room?.ms };
    }),
    minFollowers,
    maxLagMs,
    followersWithinLag,
    appendCommandsPerSecond: headroom.rate.commands,
    appendBytesPerSecond: headroom.rate.bytes,
    headroom: headroom.least,
  };
}

/**
 * The known followers whose place is here. Below a follower that has led, a node may be known that stands above it now, or
 * that follows the same leader in their cluster. The log is kept for those all the same.
 *
 * @param path the node IDs from the leader down to the upstream.
 */
function ownFollowers(
  { role, knownFollowers }: Pick<NodeStatus, 'role' | 'knownFollowers'>,
  path: readonly string[],
  cluster: StatusCluster | undefined,
): readonly StatusKnownFollower[] {
  if (role === 'leader') return knownFollowers;
  const elsewhere = new Set([...path, ...(cluster?.members.map(({ nodeId }) => nodeId) ?? [])]);
  return knownFollowers.filter(({ nodeId, connected }) => connected || !elsewhere.has(nodeId));
}

function resyncsStatus({ link, followers }: Replication) {
  const { fullResyncs } = followers;
  return {
    fullResyncs: link.resyncs.full,
    partialResyncs: link.resyncs.partial,
    fullResyncsServed: followers.served.full,
    partialResyncsServed: followers.served.partial,
    resyncReasons: link.reasons.counts,
    resyncReasonsServed: followers.reasons.counts,
    lastRefusalServed: followers.reasons.lastRefusal,
    fullResyncsSending: fullResyncs.sending,
    fullResyncsWaiting: fullResyncs.waiting,
    fullResyncsMax: fullResyncs.max,
  };
}

function withRoom<T extends object>(follower: T, { commands, bytes, leftBytes, ms }: LogRoom) {
  return {
    ...follower,
    headroomCommands: commands,
    headroomBytes: bytes,
    headroomLeftBytes: leftBytes,
    headroomMs: ms,
  };
}

/** The number of keys, if that is cheap and comes soon: a status waits for nothing that a disk may hold up. */
async function countKeys({ data, identity }: Store): Promise<number | undefined> {
  if (!data.isServing) return undefined;
  const counted = data.serving.keys.counter.count().then(
    (records) => records && records - identity.records.size,
    () => undefined,
  );
  return Promise.race([counted, pause(COUNTING_MS_MAX, undefined, { ref: false })]);
}
