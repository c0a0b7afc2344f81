/**
 * Redis's configuration parameters, as this node has them. A *kept* parameter tunes the inside of Redis: clients and test
 * suites set it, nothing here depends on it, and a valid value is kept until the node stops. A *live* parameter is an
 * option of the node that changes at run time, under the name of Redis. A *fixed* parameter shows what this node does:
 * CONFIG SET takes that value alone, and names the option of the node otherwise.
 */
import path from 'node:path';
import { isArchivePlace, parseAddress } from '../../base/address.js';
import type { OptionChange, OptionValue } from '../../model/node-option.js';
import type { NodeStatus } from '../../model/status.js';
import type { RedisNode } from '../redis-node.js';
import { choice, integer, memory, type ReadValue, text, yesOrNo } from './parameter-kinds.js';

/** The facts of the node that parameters show. */
export interface ShownNode {
  readonly node: Pick<RedisNode, 'control' | 'options' | 'writes'>;
  readonly status: NodeStatus;
}

export interface KeptParameter {
  readonly read: ReadValue;
  readonly initial: string;
}

export interface FixedParameter {
  readonly read: ReadValue;
  readonly shown: (facts: ShownNode) => string;
  /** A sentence: the reason, or the way to change it. */
  readonly reason: string;
}

export interface LiveParameter {
  readonly read: ReadValue;
  readonly shown: (facts: ShownNode) => string;
  /** The name of the option. */
  readonly option: string;
  /** The changes of options for a value of the parameter. */
  readonly changes: (value: string) => readonly OptionChange[];
}

export type Parameter = KeptParameter | FixedParameter | LiveParameter;

const MS_PER_SECOND = 1_000;
/** The largest request, by the largest transaction. */
const REQUEST_FACTOR = 2;

/** The levels of the log by those of Redis. A level is shown as the last of its names here. */
const LEVELS: Readonly<Record<string, string>> = {
  debug: 'debug',
  verbose: 'info',
  notice: 'info',
  warning: 'warn',
  nothing: 'error',
};

/** Redis's number for connections that nothing bounds. */
const CLIENTS_UNBOUNDED = 10_000;

function kept(read: ReadValue, initial: string): KeptParameter {
  return { read, initial };
}

function fixed(read: ReadValue, shown: string | ((facts: ShownNode) => string), reason: string): FixedParameter {
  return { read, shown: typeof shown === 'string' ? () => shown : shown, reason };
}

function live(
  option: string,
  read: ReadValue,
  shown: LiveParameter['shown'],
  toOption: (value: string) => OptionValue = Number,
): LiveParameter {
  return { read, shown, option, changes: (value) => [{ name: option, value: toOption(value) }] };
}

const count = integer(0n);

/** Redis counts in seconds. */
const toMs = (seconds: string) => Number(seconds) * MS_PER_SECOND;

/** @param options as they are typed, with a verb before. */
function atStart(options: string): string {
  return `The node takes this at its start: ${options}.`;
}

const LOG = 'The node always writes its log, and makes checkpoints by itself.';
const DISK = 'Data are on disk, so memory has no bound for them and nothing is evicted.';
const EVENTS = 'Keys send no events to channels. Read changes with `headwater watch`.';
const ONE_DATABASE = 'The node has one database.';
const USERS = 'Users are in the log, so that all nodes have them. Use ACL SETUSER, or `headwater user`.';
const USER_OF_LINK = atStart('use --upstream-credentials');
const ABSENT = 'The node does not have this feature.';

export const PARAMETERS: Readonly<Record<string, Parameter>> = {
  // ---- data on disk
  appendonly: fixed(yesOrNo, 'yes', LOG),
  appendfsync: fixed(choice('always', 'everysec', 'no'), fsync, atStart('use --fsync')),
  appendfilename: fixed(text, '', LOG),
  appenddirname: fixed(text, '', LOG),
  save: fixed(text, '', LOG),
  dbfilename: fixed(text, '', LOG),
  dir: fixed(text, ({ node }) => path.resolve(node.options.data), atStart('use --data')),
  'no-appendfsync-on-rewrite': kept(yesOrNo, 'no'),
  'auto-aof-rewrite-percentage': kept(count, '100'),
  'auto-aof-rewrite-min-size': kept(memory(), '67108864'),
  'aof-use-rdb-preamble': kept(yesOrNo, 'yes'),
  'aof-load-truncated': kept(yesOrNo, 'yes'),
  'aof-rewrite-incremental-fsync': kept(yesOrNo, 'yes'),
  'aof-timestamp-enabled': kept(yesOrNo, 'no'),
  'rdb-save-incremental-fsync': kept(yesOrNo, 'yes'),
  'rdb-key-save-delay': kept(integer(-(2n ** 31n), 2n ** 31n - 1n), '0'),
  'rdb-del-sync-files': kept(yesOrNo, 'no'),
  'key-load-delay': kept(integer(-(2n ** 31n), 2n ** 31n - 1n), '0'),
  rdbcompression: kept(yesOrNo, 'yes'),
  rdbchecksum: fixed(yesOrNo, 'yes', 'Every block and record on disk has a checksum.'),
  'sanitize-dump-payload': kept(choice('no', 'yes', 'clients'), 'no'),
  'stop-writes-on-bgsave-error': fixed(yesOrNo, 'yes', 'The node accepts no write that it cannot put on disk.'),

  // ---- memory
  maxmemory: fixed(memory(), '0', DISK),
  'maxmemory-policy': fixed(
    choice(
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'noeviction',
    ),
    'noeviction',
    DISK,
  ),
  'maxmemory-clients': fixed(memory(), '0', 'Replies of all clients share one bound.'),
  'maxmemory-samples': kept(integer(1n, 64n), '5'),
  'maxmemory-eviction-tenacity': kept(integer(0n, 100n), '10'),
  'replica-ignore-maxmemory': fixed(yesOrNo, 'yes', DISK),
  'lfu-log-factor': kept(count, '10'),
  'lfu-decay-time': kept(count, '1'),
  'lazyfree-lazy-eviction': kept(yesOrNo, 'no'),
  'lazyfree-lazy-expire': kept(yesOrNo, 'no'),
  'lazyfree-lazy-server-del': kept(yesOrNo, 'no'),
  'lazyfree-lazy-user-del': kept(yesOrNo, 'no'),
  'lazyfree-lazy-user-flush': kept(yesOrNo, 'no'),
  'replica-lazy-flush': kept(yesOrNo, 'no'),
  activedefrag: fixed(yesOrNo, 'no', ABSENT),
  activerehashing: kept(yesOrNo, 'yes'),
  'active-expire-effort': kept(integer(1n, 10n), '1'),
  'jemalloc-bg-thread': kept(yesOrNo, 'yes'),
  hz: kept(integer(1n, 500n), '10'),
  'dynamic-hz': kept(yesOrNo, 'yes'),

  // ---- encodings of collections in the memory of Redis
  'hash-max-listpack-entries': kept(count, '512'),
  'hash-max-listpack-value': kept(count, '64'),
  'list-max-listpack-size': kept(integer(-(2n ** 31n), 2n ** 31n - 1n), '-2'),
  'list-compress-depth': kept(integer(0n, 2n ** 31n - 1n), '0'),
  'set-max-intset-entries': kept(count, '512'),
  'set-max-listpack-entries': kept(count, '128'),
  'set-max-listpack-value': kept(count, '64'),
  'zset-max-listpack-entries': kept(count, '128'),
  'zset-max-listpack-value': kept(count, '64'),
  'hll-sparse-max-bytes': kept(count, '3000'),
  'stream-node-max-bytes': kept(memory(), '4096'),
  'stream-node-max-entries': kept(count, '100'),

  // ---- connections
  port: fixed(integer(0n, 65_535n), ({ status }) => String(parseAddress(status.address).port), atStart('use --listen')),
  bind: fixed(text, ({ status }) => parseAddress(status.address).host, atStart('use --listen')),
  unixsocket: fixed(text, '', ABSENT),
  'protected-mode': fixed(yesOrNo, 'no', 'A node without TLS listens on loopback only, unless --insecure is given.'),
  requirepass: fixed(text, '', USERS),
  masterauth: fixed(text, '', USER_OF_LINK),
  masteruser: fixed(text, '', USER_OF_LINK),
  aclfile: fixed(text, '', USERS),
  maxclients: live('max-connections', integer(1n), maxClients),
  timeout: fixed(count, '0', 'A connection of a client may be idle for any time.'),
  'tcp-keepalive': fixed(count, '0', 'The node sends no keepalive packets of TCP.'),
  'proto-max-bulk-len': live('max-value-bytes', memory(), valueBytesMax),
  'client-query-buffer-limit': live('max-transaction-bytes', memory(), requestBytesMax, (value) =>
    Math.floor(Number(value) / REQUEST_FACTOR),
  ),
  'client-output-buffer-limit': fixed(
    text,
    'normal 0 0 0 slave 0 0 0 pubsub 33554432 8388608 60',
    'These bounds are the same for every node.',
  ),
  databases: fixed(integer(1n, 2n ** 31n - 1n), '1', ONE_DATABASE),
  'cluster-enabled': fixed(yesOrNo, 'no', ABSENT),
  'io-threads': fixed(integer(1n, 128n), '1', 'All clients of the Redis protocol share one thread.'),
  'enable-debug-command': fixed(
    text,
    ({ node }) => (node.control.isDebugged ? 'yes' : 'no'),
    atStart('use --redis-debug'),
  ),
  'tracking-table-max-keys': kept(count, '1000000'),

  // ---- replication
  replicaof: fixed(text, upstreamOf, 'Use REPLICAOF.'),
  'replica-read-only': fixed(yesOrNo, 'yes', 'A follower never accepts writes of its own.'),
  'replica-serve-stale-data': live(
    'serve-stale-reads',
    yesOrNo,
    ({ node }) => (node.options.serveStaleReads ? 'yes' : 'no'),
    (value) => value === 'yes',
  ),
  'replica-priority': fixed(count, '100', 'Sentinel sees every follower with this priority.'),
  'replica-announced': fixed(yesOrNo, 'yes', 'Every follower is announced.'),
  'replica-announce-ip': fixed(text, '', 'A follower announces the address in --listen.'),
  'replica-announce-port': fixed(integer(0n, 65_535n), '0', 'A follower announces the address in --listen.'),
  'repl-timeout': fixed(count, ({ node }) => seconds(node.options.linkTimeoutMs), atStart('use --link-timeout')),
  'repl-ping-replica-period': fixed(
    count,
    ({ status }) => seconds(status.heartbeatIntervalMs),
    atStart('use --heartbeat-interval'),
  ),
  'repl-backlog-size': live('log-retention-bytes', memory(), ({ status }) => String(status.logRetentionBytes)),
  'repl-backlog-ttl': fixed(count, '0', 'The log stays on disk within --log-retention-bytes.'),
  'repl-diskless-sync': kept(yesOrNo, 'yes'),
  'repl-diskless-sync-delay': kept(count, '5'),
  'repl-diskless-sync-max-replicas': kept(count, '0'),
  'repl-diskless-load': kept(choice('disabled', 'on-empty-db', 'swapdb'), 'disabled'),
  'repl-disable-tcp-nodelay': kept(yesOrNo, 'no'),
  'min-replicas-to-write': live('min-followers', count, ({ status }) => String(status.minFollowers)),
  'min-replicas-max-lag': live('max-lag', count, ({ status }) => seconds(status.maxLagMs), toMs),

  // ---- events, lists of the slow, scripts
  'notify-keyspace-events': fixed(text, '', EVENTS),
  'slowlog-log-slower-than': {
    // An option has no larger number. Redis's most is about a thousand times as long, and both are never reached.
    read: integer(-1n, BigInt(Number.MAX_SAFE_INTEGER)),
    shown: ({ node: { options } }) => (options.slowLog ? String(options.slowLogMicroseconds) : '-1'),
    option: 'slow-log-microseconds',
    changes: (value) =>
      value === '-1'
        ? [{ name: 'slow-log', value: false }]
        : [
            { name: 'slow-log', value: true },
            { name: 'slow-log-microseconds', value: Number(value) },
          ],
  },
  'slowlog-max-len': live('slow-log-length', count, ({ node }) => String(node.options.slowLogLength)),
  'latency-monitor-threshold': kept(count, '0'),
  'latency-tracking': kept(yesOrNo, 'no'),
  'lua-time-limit': kept(count, '5000'),
  'acllog-max-len': kept(count, '128'),

  // ---- the process
  daemonize: fixed(yesOrNo, 'no', 'The system runs the node in the background.'),
  supervised: fixed(text, 'no', 'The system runs the node in the background.'),
  pidfile: fixed(text, '', 'The system knows the process.'),
  logfile: fixed(text, '', 'Messages go to the standard error stream.'),
  loglevel: live(
    'log-level',
    choice('debug', 'verbose', 'notice', 'warning', 'nothing'),
    logLevel,
    (level) => LEVELS[level] as string,
  ),
  'syslog-enabled': fixed(yesOrNo, 'no', 'Messages go to the standard error stream.'),
  'shutdown-timeout': live('shutdown-timeout', count, ({ node }) => seconds(node.options.shutdownTimeoutMs), toMs),
  'crash-log-enabled': kept(yesOrNo, 'yes'),
};

/** Other names of the same parameters. */
export const ALIASES: Readonly<Record<string, string>> = {
  'hash-max-ziplist-entries': 'hash-max-listpack-entries',
  'hash-max-ziplist-value': 'hash-max-listpack-value',
  'list-max-ziplist-size': 'list-max-listpack-size',
  'zset-max-ziplist-entries': 'zset-max-listpack-entries',
  'zset-max-ziplist-value': 'zset-max-listpack-value',
  'min-slaves-to-write': 'min-replicas-to-write',
  'min-slaves-max-lag': 'min-replicas-max-lag',
  'repl-ping-slave-period': 'repl-ping-replica-period',
  slaveof: 'replicaof',
  'slave-read-only': 'replica-read-only',
  'slave-serve-stale-data': 'replica-serve-stale-data',
  'slave-priority': 'replica-priority',
  'slave-announce-ip': 'replica-announce-ip',
  'slave-announce-port': 'replica-announce-port',
  'slave-ignore-maxmemory': 'replica-ignore-maxmemory',
  'slave-lazy-flush': 'replica-lazy-flush',
  'busy-reply-threshold': 'lua-time-limit',
};

function fsync({ status }: ShownNode): string {
  return status.fsync === 'never' ? 'no' : status.fsync;
}

function maxClients({ status }: ShownNode): string {
  return String(status.connections?.clientsMax ?? CLIENTS_UNBOUNDED);
}

function valueBytesMax({ node }: ShownNode): string {
  return String(node.writes.limits.valueBytesMax);
}

function requestBytesMax({ node }: ShownNode): string {
  return String(REQUEST_FACTOR * node.writes.limits.transactionBytesMax);
}

/** A program with a node in it has a log of its own, without such an option. */
function logLevel({ node }: ShownNode): string {
  const level = node.control.options.get().find(({ name }) => name === 'log-level')?.value ?? 'info';
  return Object.keys(LEVELS).findLast((name) => LEVELS[name] === level) ?? 'notice';
}

/** The host and the port of the upstream, with a space between. */
function upstreamOf({ status }: ShownNode): string {
  const address = status.upstream?.address ?? '';
  if (address === '' || isArchivePlace(address)) return '';
  const { host, port } = parseAddress(address);
  return `${host} ${port}`;
}

/** Whole seconds, and at least one, since 0 would say that there is no bound. */
function seconds(ms: number): string {
  return String(Math.max(1, Math.round(ms / MS_PER_SECOND)));
}
