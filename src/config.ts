/**
 * The options that a person gives, made into a checked configuration: every default with its reason, every refusal with
 * the expected and the received value. Sizes are bytes, times milliseconds.
 */
import { networkInterfaces } from 'node:os';
import { formatAddress, hostOf, isEverywhere, isLoopback, parseAddress, plainHost } from './base/address.js';
import { HeadwaterError } from './base/errors.js';
import {
  ARCHIVE_INTERVAL_MS,
  ASK_FOLLOWERS_MS_MAX,
  BLOCK_BYTES_CEILING,
  FREE_BYTES_MIN,
  HEARTBEAT_INTERVAL_MS,
  HEARTBEATS_IN_TIMEOUT_MIN,
  KEY_BYTES_MAX,
  LINK_TIMEOUT_MS,
  LOG_RETENTION_BYTES,
  LOG_RETENTION_PIN_BYTES,
  MAX_LAG_MS,
  OVERLAY_BYTES_MAX,
  REPLAY_BYTES_MAX,
  SHUTDOWN_MS_MAX,
  TRANSACTION_BYTES_MAX,
  VALUE_BYTES_MAX,
} from './base/limits.js';
import type { Limits } from './commands/view.js';
import type { CheckpointBudget } from './store/checkpoint.js';
import type { FsyncPolicy } from './store/commit.js';
import { leastFreeBytes } from './store/space.js';

/** The options of `Node.start`; all but `data` may be left out. */
export interface NodeOptions {
  /** The data directory. */
  data: string;
  /** host:port; port 0 takes a free port. */
  listen?: string | undefined;
  /** host:port of the node to follow. Without it the node keeps its last role; a new node leads. */
  follow?: string | undefined;
  /** With `follow`: whether this node's own data may be dropped if the upstream has no place for them. */
  acceptDataLoss?: boolean | undefined;
  fsync?: string | undefined;
  keyBytesMax?: number | undefined;
  valueBytesMax?: number | undefined;
  transactionBytesMax?: number | undefined;
  overlayBytesMax?: number | undefined;
  replayBytesMax?: number | undefined;
  /** Log that is kept for followers that come back. Older log is trimmed. */
  logRetentionBytes?: number | undefined;
  /** The age in milliseconds at which log is trimmed too; left out: log of any age is kept. */
  logRetentionMs?: number | undefined;
  /** Log that is kept beyond both for a follower that is slow, or away. A follower further behind loses its place. */
  logRetentionPinBytes?: number | undefined;
  /**
   * Free space on the disk of the data directory below which the node takes no writes; left out, at least what
   * `overlayBytesMax` needs.
   */
  minFreeBytes?: number | undefined;
  /** Directory into which the log is written, one closed file after another; left out: nowhere. */
  archive?: string | undefined;
  /** With `archive`: the time after which a file that is not full is closed. */
  archiveIntervalMs?: number | undefined;
  /** Silence after which a replication link is dead. */
  linkTimeoutMs?: number | undefined;
  /**
   * The time between heartbeats, and between acknowledgements if nothing else is sent; left out, at most a third of
   * `linkTimeoutMs`.
   */
  heartbeatIntervalMs?: number | undefined;
  /** The least number of followers within `maxLagMs` for a leader to take writes; 0: none. */
  minFollowers?: number | undefined;
  /** With `minFollowers`: the greatest replica lag, and the longest silence, of a follower that counts. */
  maxLagMs?: number | undefined;
  /** The time that a leader that may have lost the end of its log waits for its followers before it leads. */
  askFollowersMs?: number | undefined;
  /** The time that a stopping leader waits until its followers have all that it has; 0: no wait. */
  shutdownTimeoutMs?: number | undefined;
  /** Whether a follower answers reads while it is not level with its upstream. */
  serveStaleReads?: boolean | undefined;
  /** Whether a follower replaces damaged data with a copy from its upstream, without a person's confirmation. */
  autoRepair?: boolean | undefined;
  /** Whether this machine's clock is right, whatever the log says: the log's time follows it, back too. */
  trustClock?: boolean | undefined;
  /** Whether the server offers reflection, for tools that ask a server for its methods. */
  reflection?: boolean | undefined;
}

export interface NodeConfig {
  readonly data: string;
  readonly listen: string;
  readonly follow: string | undefined;
  readonly acceptDataLoss: boolean;
  readonly fsync: FsyncPolicy;
  readonly limits: Limits;
  readonly budget: CheckpointBudget;
  readonly logRetentionBytes: number;
  readonly logRetentionMs: number | undefined;
  readonly logRetentionPinBytes: number;
  readonly minFreeBytes: number;
  readonly archive: string | undefined;
  readonly archiveIntervalMs: number;
  readonly linkTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly minFollowers: number;
  readonly maxLagMs: number;
  readonly askFollowersMs: number;
  readonly shutdownTimeoutMs: number;
  readonly serveStaleReads: boolean;
  readonly autoRepair: boolean;
  readonly trustClock: boolean;
  /**
   * Undefined: only if no other machine reaches the node. Reflection shows a stranger every method that can be called.
   */
  readonly reflection: boolean | undefined;
}

/** The defaults of the options; help texts are made from them. */
export const DEFAULTS = {
  /** Loopback only: a person decides to open a node to a network. */
  listen: '127.0.0.1:7420',
  /** As Redis with its append-only file: a power cut takes a second, and no write waits for the disk. */
  fsync: 'everysec',
  keyBytesMax: KEY_BYTES_MAX,
  valueBytesMax: VALUE_BYTES_MAX,
  transactionBytesMax: TRANSACTION_BYTES_MAX,
  overlayBytesMax: OVERLAY_BYTES_MAX,
  replayBytesMax: REPLAY_BYTES_MAX,
  logRetentionBytes: LOG_RETENTION_BYTES,
  logRetentionPinBytes: LOG_RETENTION_PIN_BYTES,
  /** More than the least for the other defaults: LevelDB needs room of its own for compactions. */
  minFreeBytes: FREE_BYTES_MIN,
  /** The age of the writes, at most, that the archive lacks if a machine is lost for good. */
  archiveIntervalMs: ARCHIVE_INTERVAL_MS,
  linkTimeoutMs: LINK_TIMEOUT_MS,
  heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
  /** A leader alone takes writes: a user who wants more safety sets this option. */
  minFollowers: 0,
  maxLagMs: MAX_LAG_MS,
  askFollowersMs: ASK_FOLLOWERS_MS_MAX,
  /** Long enough for a follower that is merely behind, and no longer than the patience of those who stop a node. */
  shutdownTimeoutMs: SHUTDOWN_MS_MAX,
  /** A follower that has lost its leader is more useful with old data than with none. */
  serveStaleReads: true,
  /** Data that cannot be read may be all that is left of something: a person decides. */
  autoRepair: false,
  /** A clock that was never set, or is far ahead, would expire keys at once. */
  trustClock: false,
} as const satisfies Partial<NodeOptions>;

export const FSYNC_POLICIES: readonly FsyncPolicy[] = ['always', 'everysec', 'never'];

const MiB = 1024 * 1024;

/** @throws HeadwaterError `invalid_argument`. */
export function checkConfig(options: NodeOptions): NodeConfig {
  const listen = formatAddress(parseAddress(options.listen ?? DEFAULTS.listen, { portZero: true }, 'listen'));
  const follow = options.follow === undefined ? undefined : formatAddress(parseAddress(options.follow, {}, 'follow'));
  if (follow !== undefined && isSameNode(follow, listen)) {
    throw new HeadwaterError(
      'replication_loop',
      `a node cannot follow itself: it listens on ${listen} and was told to follow ${follow}`,
    );
  }
  checkPath('data', options.data);
  if (options.archive !== undefined) checkPath('archive', options.archive);
  return {
    data: options.data,
    listen,
    follow,
    acceptDataLoss: options.acceptDataLoss ?? false,
    fsync: checkFsync(options.fsync ?? DEFAULTS.fsync),
    limits: checkLimits(options),
    ...checkMemory(options),
    logRetentionBytes: checkNumber(
      'log-retention-bytes',
      options.logRetentionBytes ?? DEFAULTS.logRetentionBytes,
      1024,
      Number.MAX_SAFE_INTEGER,
    ),
    logRetentionMs:
      options.logRetentionMs === undefined
        ? undefined
        : checkNumber('log-retention-time', options.logRetentionMs, 1_000, Number.MAX_SAFE_INTEGER),
    logRetentionPinBytes: checkNumber(
      'log-retention-pin-bytes',
      options.logRetentionPinBytes ?? DEFAULTS.logRetentionPinBytes,
      1024,
      Number.MAX_SAFE_INTEGER,
    ),
    archive: options.archive,
    archiveIntervalMs: checkNumber(
      'archive-interval',
      options.archiveIntervalMs ?? DEFAULTS.archiveIntervalMs,
      100,
      86_400_000,
    ),
    ...checkTimes(options),
    minFollowers: checkNumber('min-followers', options.minFollowers ?? DEFAULTS.minFollowers, 0, 1_000),
    askFollowersMs: checkNumber(
      'ask-followers-timeout',
      options.askFollowersMs ?? DEFAULTS.askFollowersMs,
      1,
      3_600_000,
    ),
    shutdownTimeoutMs: checkNumber(
      'shutdown-timeout',
      options.shutdownTimeoutMs ?? DEFAULTS.shutdownTimeoutMs,
      0,
      3_600_000,
    ),
    serveStaleReads: options.serveStaleReads ?? DEFAULTS.serveStaleReads,
    autoRepair: options.autoRepair ?? DEFAULTS.autoRepair,
    trustClock: options.trustClock ?? DEFAULTS.trustClock,
    reflection: options.reflection,
  };
}

/**
 * Whether `address` is the address of a node that listens on `listen`, as far as the two show it: nobody is asked. Both
 * are host:port.
 */
export function isSameNode(address: string, listen: string): boolean {
  if (address === listen) return true;
  const [host, own] = [hostOf(address), hostOf(listen)];
  if (address.slice(host.length) !== listen.slice(own.length)) return false;
  if (isEverywhere(own)) return isLoopback(host) || hostsHere().has(plainHost(host));
  const hosts = [plainHost(host), plainHost(own)];
  const [first, second] = hosts;
  // A name for loopback stands for either family.
  return first === second || (hosts.includes('localhost') && hosts.some((one) => LOOPBACK_IPS.has(one)));
}

const LOOPBACK_IPS: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]']);

/** The addresses of this machine. */
function hostsHere(): Set<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  return new Set(addresses.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address)));
}

function checkLimits(options: NodeOptions): Limits {
  // A block holds a whole transaction and its framing, and no block is over the format's ceiling.
  const ceiling = BLOCK_BYTES_CEILING / 2;
  const transactionBytesMax = checkNumber(
    'max-transaction-bytes',
    options.transactionBytesMax ?? DEFAULTS.transactionBytesMax,
    1024,
    ceiling,
  );
  return {
    transactionBytesMax,
    valueBytesMax: checkNumber('max-value-bytes', options.valueBytesMax ?? DEFAULTS.valueBytesMax, 1, ceiling),
    keyBytesMax: checkNumber('max-key-bytes', options.keyBytesMax ?? DEFAULTS.keyBytesMax, 1, MiB),
  };
}

function checkMemory(options: NodeOptions): Pick<NodeConfig, 'budget' | 'minFreeBytes'> {
  const budget = {
    overlayBytesMax: checkNumber('overlay-bytes', options.overlayBytesMax ?? DEFAULTS.overlayBytesMax, MiB, 1024 * MiB),
    replayBytesMax: checkNumber('replay-bytes', options.replayBytesMax ?? DEFAULTS.replayBytesMax, MiB, 4096 * MiB),
  };
  const least = leastFreeBytes(budget);
  const minFreeBytes = checkNumber(
    'min-free-space',
    options.minFreeBytes ?? Math.max(DEFAULTS.minFreeBytes, least),
    1,
    Number.MAX_SAFE_INTEGER,
  );
  if (minFreeBytes >= least) return { budget, minFreeBytes };
  throw invalid(
    'min-free-space',
    `at least ${least}, what opening the store again and writing out what --overlay-bytes (${budget.overlayBytesMax}) holds take`,
    String(minFreeBytes),
  );
}

function checkTimes(options: NodeOptions): Pick<NodeConfig, 'linkTimeoutMs' | 'heartbeatIntervalMs' | 'maxLagMs'> {
  const linkTimeoutMs = checkNumber('link-timeout', options.linkTimeoutMs ?? DEFAULTS.linkTimeoutMs, 100, 3_600_000);
  const atMost = Math.floor(linkTimeoutMs / HEARTBEATS_IN_TIMEOUT_MIN);
  const heartbeatIntervalMs = checkNumber(
    'heartbeat-interval',
    options.heartbeatIntervalMs ?? Math.min(DEFAULTS.heartbeatIntervalMs, atMost),
    10,
    600_000,
  );
  if (heartbeatIntervalMs > atMost) {
    throw invalid(
      'heartbeat-interval',
      `at most ${atMost}, a third of --link-timeout (${linkTimeoutMs}), so that one late heartbeat is no dead link`,
      String(heartbeatIntervalMs),
    );
  }
  const maxLagMs = checkNumber('max-lag', options.maxLagMs ?? DEFAULTS.maxLagMs, 10, 3_600_000);
  // On a quiet node an acknowledgement comes once a heartbeat.
  if ((options.minFollowers ?? 0) > 0 && maxLagMs < 2 * heartbeatIntervalMs) {
    throw invalid(
      'max-lag',
      `at least ${2 * heartbeatIntervalMs}, twice --heartbeat-interval (${heartbeatIntervalMs}): a quiet follower says no more often where it is`,
      String(maxLagMs),
    );
  }
  return { linkTimeoutMs, heartbeatIntervalMs, maxLagMs };
}

/** Refuses an empty path, and a path with a null byte, which names no file. */
function checkPath(option: string, value: string): void {
  if (value === '' || value.includes('\0'))
    throw invalid(option, 'the path of a directory', JSON.stringify(value.slice(0, 100)));
}

function checkFsync(value: string): FsyncPolicy {
  const policy = FSYNC_POLICIES.find((candidate) => candidate === value);
  if (policy) return policy;
  throw invalid('fsync', FSYNC_POLICIES.join(', '), JSON.stringify(value));
}

function checkNumber(option: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw invalid(option, `a whole number from ${min} to ${max}`, String(value));
}

function invalid(option: string, expected: string, received: string): HeadwaterError {
  return new HeadwaterError('invalid_argument', `${option}: expected ${expected}, received ${received}`);
}
