/**
 * The options of a node, one row each. From a row come the check of its value (config.ts), the flag of `serve`, the
 * environment variable, the key in the file of --config and its place in the example of a file, the help, and the line in
 * the table of bin/README.md. The key of a row is the property of `NodeOptions` and `NodeConfig`. Relations between two
 * options are in config.ts.
 */
import {
  FULL_RESYNCS_MAX,
  HEARTBEAT_INTERVAL_MS,
  LINK_TIMEOUT_MS,
  LOG_RETENTION_PIN_BYTES,
  MAX_LAG_MS,
  REQUEST_BYTES_MAX,
} from './base/limits.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Sizes are bytes, times milliseconds, counts whole numbers. */
interface NumberRow {
  readonly kind: 'size' | 'time' | 'count';
  readonly default?: number;
  readonly least: number;
  readonly most: number;
}

interface TextRow {
  readonly kind: 'path' | 'address';
  readonly default?: string;
  /** Whether port 0, which takes a free port, is an address too. */
  readonly portZero?: boolean;
  /** True for the path of a file. Other paths are of directories. */
  readonly isFile?: boolean;
}

/** A text that no other kind describes. */
interface WordRow {
  readonly kind: 'text';
  /** The word for the value in the help. */
  readonly word: string;
  /** The form of the value. `expected` has it in words. */
  readonly form: RegExp;
  readonly expected: string;
  readonly default?: string;
}

interface ChoiceRow {
  readonly kind: 'choice';
  /** The word for the value in the help. */
  readonly word: string;
  readonly choices: readonly string[];
  readonly default?: string;
}

interface SwitchRow {
  readonly kind: 'switch';
  readonly default?: boolean;
  /** The help of --no-NAME; only a switch with this help can be switched off. */
  readonly helpOff?: string;
}

/** The row of an option. */
export type OptionRow = (NumberRow | TextRow | WordRow | ChoiceRow | SwitchRow) & {
  /** The name of the flag without its dashes. */
  readonly name: string;
  readonly help: string;
  /** Whether the option changes while the node runs: live-options.ts. All others need a restart. */
  readonly live?: boolean;
  /** The default in words, if it depends on something. */
  readonly otherwise?: string;
  /** A value for the example of a config file. Each row without a default has one. */
  readonly example?: string | number | boolean;
  /** The names of the same thing in Redis, etcd and other stores. The refusal of such a key in a file names the option. */
  readonly elsewhere?: readonly string[];
};

/** The options of a node by their property. Each row has the name, the default, the bounds and the help. */
export const OPTIONS = {
  /** `Node.start` has no default for it: a program says where its data are. */
  data: {
    name: 'data',
    kind: 'path',
    default: 'headwater-data',
    help: 'the data directory; it is made if it does not exist',
    elsewhere: ['dir', 'data-dir'],
  },

  /** The host:port to listen on, `127.0.0.1:7420` by default. Loopback only: a person decides to open a node to a network. */
  listen: {
    name: 'listen',
    kind: 'address',
    portZero: true,
    default: '127.0.0.1:7420',
    help: 'the address to listen on; port 0 takes a free port',
    elsewhere: ['port', 'bind', 'address', 'listen-client-urls'],
  },

  /** A port of its own for the Redis protocol, such as the 6379 that its clients expect. None by default. */
  redisListen: {
    name: 'redis-listen',
    kind: 'address',
    portZero: true,
    otherwise: 'no other address; --listen takes both protocols',
    help: 'another address to listen on, for the Redis protocol alone; port 0 takes a free port',
    example: '127.0.0.1:6379',
    elsewhere: ['redis-port'],
  },

  /** The certificate that the node shows to clients, and to its upstream. Without it the node has no TLS. */
  tlsCert: {
    name: 'tls-cert',
    kind: 'path',
    isFile: true,
    otherwise: 'no TLS',
    help: 'the PEM file with the certificate of the node, and those between it and its CA; with it, all ports take TLS alone',
    example: '/etc/headwater/node.pem',
    elsewhere: ['tls-cert-file', 'cert-file', 'tls-client-cert-file'],
  },

  /** The private key of the certificate. */
  tlsKey: {
    name: 'tls-key',
    kind: 'path',
    isFile: true,
    otherwise: 'no TLS',
    help: 'the PEM file with the private key of --tls-cert, without a passphrase',
    example: '/etc/headwater/node-key.pem',
    elsewhere: ['tls-key-file', 'key-file', 'tls-client-key-file'],
  },

  /** The CAs that have signed the certificates of the other nodes and of clients. */
  tlsCa: {
    name: 'tls-ca',
    kind: 'path',
    isFile: true,
    otherwise: 'the CAs of the system for other nodes, and none for clients',
    help: 'the PEM file with the CAs that the node trusts: for the certificates of other nodes, and of clients',
    example: '/etc/headwater/ca.pem',
    elsewhere: ['tls-ca-cert-file', 'trusted-ca-file'],
  },

  /** The revocation lists of these CAs. */
  tlsCrl: {
    name: 'tls-crl',
    kind: 'path',
    isFile: true,
    otherwise: 'no revocation list',
    help: 'the PEM file with a revocation list of each CA in --tls-ca; certificates on the lists are refused',
    example: '/etc/headwater/crl.pem',
    elsewhere: ['client-crl-file'],
  },

  /** Whether clients show certificates. With `tlsCa` they must, by default. */
  tlsClients: {
    name: 'tls-clients',
    kind: 'choice',
    word: 'WHICH',
    choices: ['required', 'optional', 'off'],
    otherwise: 'required with --tls-ca, off without it',
    help: 'the certificates of clients: required (of each client and follower), optional, or off (none is asked for)',
    example: 'required',
    elsewhere: ['tls-auth-clients', 'client-cert-auth'],
  },

  /** A person opens a node without TLS to a network knowingly, or not at all. */
  insecure: {
    name: 'insecure',
    kind: 'switch',
    default: false,
    help: 'listen on addresses that other machines reach, without TLS: all who reach the node can read and write',
  },

  /** The host:port for programs that watch the node. None by default. */
  http: {
    name: 'http',
    kind: 'address',
    portZero: true,
    otherwise: 'no HTTP port',
    example: '127.0.0.1:7421',
    elsewhere: ['listen-metrics-urls'],
    help: 'an address for the status page, /metrics, /healthz and /readyz over HTTP, such as 127.0.0.1:7421; port 0 takes a free port',
  },

  /** The lag up to which /readyz of a follower answers 200, in milliseconds. 10,000 by default. */
  readyLagMs: {
    name: 'ready-lag',
    kind: 'time',
    live: true,
    default: MAX_LAG_MS,
    least: 1,
    most: HOUR,
    help: 'with --http: how long a follower may be behind and still be ready (/readyz)',
  },

  /** The port of --listen takes both protocols, so that any Redis client works with any node. */
  redis: {
    name: 'redis',
    kind: 'switch',
    default: true,
    help: 'answer clients that speak the Redis protocol',
    helpOff: 'answer clients that speak the Redis protocol with an error',
  },

  /** Redis answers such writes with READONLY, and so does a follower without this option. */
  forwardWrites: {
    name: 'forward-writes',
    kind: 'switch',
    default: false,
    help: 'a follower sends the writes of Redis clients to the leader, instead of refusing them',
  },

  /** Tests of failovers stop a node for a while. A client that can do that in production is a danger. */
  redisDebug: {
    name: 'redis-debug',
    kind: 'switch',
    default: false,
    help: 'let Redis clients use DEBUG, which can stop the whole node for a while; for tests only',
    elsewhere: ['enable-debug-command'],
  },

  /** Replication and administration have a reserve of their own. No bound by default. */
  connectionsMax: {
    name: 'max-connections',
    kind: 'count',
    live: true,
    otherwise: 'as many as the limit of open files allows',
    least: 1,
    most: 1_000_000,
    help: 'the most connections of clients; never more than the limit of open files allows',
    example: 1_000,
    elsewhere: ['maxclients'],
  },

  /**
   * No bound by default. Many clients may share one address: a proxy, a container network, or loopback. The reserve for
   * replication and administration holds without it.
   */
  connectionsPerAddress: {
    name: 'connections-per-address',
    kind: 'count',
    live: true,
    otherwise: 'as many as the limit of open files allows',
    least: 1,
    most: 1_000_000,
    help: 'the most connections of clients from one IP address',
    example: 100,
  },

  /** The users with the role replicate or admin have no limits. No bound by default. */
  connectionsPerUser: {
    name: 'connections-per-user',
    kind: 'count',
    live: true,
    otherwise: 'no limit',
    least: 1,
    most: 1_000_000,
    help: 'the most connections of each user that has no limit of its own; followers and administrators have none',
    example: 100,
  },

  /** Each node counts for itself. No bound by default. */
  userOperationsPerSecond: {
    name: 'user-ops-per-second',
    kind: 'count',
    live: true,
    otherwise: 'no limit',
    least: 1,
    most: 1_000_000_000,
    help: 'the most operations in a second of each user that has no limit of its own; followers and administrators have none',
    example: 10_000,
  },

  /** The bytes of requests, and those that the node sends. No bound by default. */
  userBytesPerSecond: {
    name: 'user-bytes-per-second',
    kind: 'size',
    live: true,
    otherwise: 'no limit',
    least: KiB,
    most: Number.MAX_SAFE_INTEGER,
    help: 'the most bytes in a second, both ways, of each user that has no limit of its own; followers and administrators have none',
    example: 16 * MiB,
  },

  /** The host:port of the upstream. Without it the node keeps its last role; a new node leads. */
  follow: {
    name: 'follow',
    kind: 'address',
    otherwise: 'the role that the node had last; a new node leads',
    help: 'the upstream to follow, unless this node was promoted since',
    example: 'db-1.example:7420',
    elsewhere: ['replicaof', 'slaveof', 'upstream'],
  },

  /**
   * The directory or the bucket (`s3://BUCKET/PREFIX`) with a backup and an archive that the node follows in the place of
   * an upstream. None by default.
   */
  followArchive: {
    name: 'follow-archive',
    kind: 'path',
    otherwise: 'none',
    help: 'follow the archive in this directory, or in s3://BUCKET/PREFIX, in the place of an upstream: a replica for reads, unless this node was promoted since',
    example: '/var/backups/headwater',
  },

  /** The directory or the bucket from which an empty follower takes its data first. None by default. */
  seedFrom: {
    name: 'seed-from',
    kind: 'path',
    otherwise: 'none',
    help: 'with --follow or --cluster, in an empty data directory: begin with the backup and the archive in this directory, or in s3://BUCKET/PREFIX',
    example: '/var/backups/headwater',
  },

  /**
   * The cluster whose store decides which node leads: `etcd://h1:2379,h2:2379/NAME`, `etcds://` for TLS, or
   * `k8s://NAMESPACE/NAME` for a Lease of Kubernetes. None by default.
   */
  cluster: {
    name: 'cluster',
    kind: 'text',
    word: 'URL',
    form: /^(?:etcds?:\/\/[^/?#@\s]+\/[^/?#\s]{1,100}|k8s:\/\/[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253})$/,
    expected: 'etcd://HOST:PORT,HOST:PORT/NAME, etcds:// for an etcd with TLS, or k8s://NAMESPACE/NAME',
    otherwise: 'no cluster; people decide which node leads',
    help: 'the cluster of this node in etcd or Kubernetes: one of its nodes leads and the others follow, and nobody has to type it',
    example: 'etcd://10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379/main',
  },

  /** Whether a failover may lose the writes that only the old leader had. `available` by default. */
  clusterMode: {
    name: 'cluster-mode',
    kind: 'choice',
    word: 'MODE',
    choices: ['available', 'safe'],
    default: 'available',
    help: 'with --cluster: available (a failover may lose the last writes) or safe (a write is answered when all nodes that may lead next have it)',
    elsewhere: ['synchronous_mode'],
  },

  /** The time after which another node leads, if the leader does not renew its lease. 10,000 ms by default. */
  clusterTtlMs: {
    name: 'cluster-ttl',
    kind: 'time',
    default: 10 * SECOND,
    least: 3 * SECOND,
    most: 10 * MINUTE,
    help: 'with --cluster: how long the lease of a leader lives; another node leads soon after that',
    elsewhere: ['ttl', 'down-after-milliseconds'],
  },

  /** The host:port of this node for the other nodes of its cluster. That of `listen` by default. */
  clusterAddress: {
    name: 'cluster-address',
    kind: 'address',
    otherwise: 'that of --listen',
    help: 'with --cluster: the address at which the other nodes and the clients reach this node',
    example: 'db-1.example:7420',
    elsewhere: ['replica-announce-ip', 'replica-announce-port', 'advertise-client-urls'],
  },

  /** A leader without etcd goes on while all nodes of the cluster answer it. False by default. */
  failsafe: {
    name: 'failsafe',
    kind: 'switch',
    default: false,
    help: 'with --cluster: a leader that cannot reach etcd leads on while all nodes of the cluster answer it',
    elsewhere: ['failsafe_mode'],
  },

  /** The most commands that the last leader may have had beyond a node that leads in the mode `available`. */
  failoverLagMax: {
    name: 'max-lag-on-failover',
    kind: 'count',
    default: 100_000,
    least: 0,
    most: Number.MAX_SAFE_INTEGER,
    help: 'with --cluster: the most commands that an automatic failover may lose; a person decides beyond it',
    elsewhere: ['maximum_lag_on_failover'],
  },

  /** The proxy to the API server of Kubernetes, for a node that runs in no pod. */
  kubernetesServer: {
    name: 'kubernetes-server',
    kind: 'text',
    word: 'URL',
    form: /^https?:\/\/[^/?#@\s]+$/,
    expected: 'the URL of a proxy, such as http://127.0.0.1:8001',
    otherwise: 'the API server of the pod that the node runs in',
    help: 'with --cluster k8s://…: the address of "kubectl proxy", for a node outside of Kubernetes',
    example: 'http://127.0.0.1:8001',
  },

  /** The CAs that have signed the certificates of etcd. By default, the CAs of the system have. */
  etcdCa: {
    name: 'etcd-ca',
    kind: 'path',
    isFile: true,
    otherwise: 'the CAs of the system',
    help: 'with --cluster: the PEM file with the CAs of etcd',
    example: '/etc/headwater/etcd-ca.pem',
  },

  /** The certificate that the node shows to etcd. */
  etcdCert: {
    name: 'etcd-cert',
    kind: 'path',
    isFile: true,
    otherwise: 'no certificate',
    help: 'with --cluster: the PEM file with the certificate of this node at etcd',
    example: '/etc/headwater/etcd-client.pem',
  },

  /** The private key of `etcdCert`. */
  etcdKey: {
    name: 'etcd-key',
    kind: 'path',
    isFile: true,
    otherwise: 'no certificate',
    help: 'with --cluster: the PEM file with the private key of --etcd-cert',
    example: '/etc/headwater/etcd-client-key.pem',
  },

  /** The file with the user of this node at etcd, `user:password` in one line. No user by default. */
  etcdCredentials: {
    name: 'etcd-credentials',
    kind: 'path',
    isFile: true,
    otherwise: 'no user',
    help: 'with --cluster: the file with USER:PASSWORD, the user of this node at etcd',
    example: '/etc/headwater/etcd.credentials',
  },

  /** The file with the user of this node at other nodes, `user:secret` in one line. No user by default. */
  upstreamCredentials: {
    name: 'upstream-credentials',
    kind: 'path',
    isFile: true,
    otherwise: 'no user',
    help: 'the file with USER:SECRET, the user of this node at the nodes that it calls; the user needs the role replicate',
    example: '/etc/headwater/upstream.credentials',
    elsewhere: ['masteruser', 'masterauth', 'primaryuser', 'primaryauth'],
  },

  /** Deletes all users at the start, on a leader on loopback. False by default. */
  forgetUsers: {
    name: 'forget-users',
    kind: 'switch',
    default: false,
    help: 'delete all users at the start, on a leader that listens on loopback alone: for a lost secret of the last administrator',
  },

  /**
   * The directory or the bucket (`s3://BUCKET/PREFIX`) into which the log is written, one closed file after another;
   * several with commas between them. No archive by default.
   */
  archive: {
    name: 'archive',
    kind: 'path',
    otherwise: 'no archive',
    help: 'write the log into this directory too, for restore --archive; or into s3://BUCKET/PREFIX, or into both with a comma between',
    example: '/var/backups/headwater',
  },

  /** The URL of a provider of buckets other than AWS. */
  s3Endpoint: {
    name: 's3-endpoint',
    kind: 'text',
    word: 'URL',
    form: /^https?:\/\/[^/@?\s]+\/?$/,
    expected: 'https://HOST or http://HOST:PORT without credentials',
    otherwise: 'AWS',
    help: 'for s3://…: the provider of the bucket',
    example: 'https://s3.example.com',
  },

  /** The region of the bucket. By default that of the environment or of the files of AWS. */
  s3Region: {
    name: 's3-region',
    kind: 'text',
    word: 'REGION',
    form: /^[a-z0-9-]{1,64}$/,
    expected: 'a region such as eu-central-1',
    otherwise: 'as AWS_REGION says',
    help: 'for s3://…: the region of the bucket',
    example: 'eu-central-1',
  },

  /** The file of the key with which backups and archives are encrypted before they leave the machine. No key by default. */
  backupKeyFile: {
    name: 'backup-key-file',
    kind: 'path',
    isFile: true,
    otherwise: 'no encryption',
    help: 'the key with which the files of archives are encrypted: 64 hexadecimal digits, as "openssl rand -hex 32" makes them',
    example: '/etc/headwater/backup.key',
  },

  /** Reads files that are not encrypted too, though there is a key. False by default. */
  acceptUnencrypted: {
    name: 'accept-unencrypted',
    kind: 'switch',
    default: false,
    help: 'with --backup-key-file: read files of --follow-archive and --seed-from that are not encrypted too',
  },

  /** The age of the writes, at most, that the archive lacks if a machine is lost for good. 60,000 ms by default. */
  archiveIntervalMs: {
    name: 'archive-interval',
    kind: 'time',
    live: true,
    default: MINUTE,
    least: 100,
    most: DAY,
    help: 'how long a write may wait until it is in the archive; with --follow-archive, new files are looked for six times in it',
  },

  /** With `follow`: follows even if this node was promoted, and drops conflicting data. False by default. */
  acceptDataLoss: {
    name: 'accept-data-loss',
    kind: 'switch',
    default: false,
    help: 'with --follow or --follow-archive: follow even if this node was promoted, and drop its data if the two histories conflict',
  },

  /** The largest key that is accepted, in bytes. 64 KiB by default. */
  keyBytesMax: {
    name: 'max-key-bytes',
    kind: 'size',
    live: true,
    default: 64 * KiB,
    least: 1,
    most: MiB,
    help: 'the largest key that is accepted',
  },

  /** The largest value that is accepted, in bytes. 16 MiB by default. */
  valueBytesMax: {
    name: 'max-value-bytes',
    kind: 'size',
    live: true,
    default: 16 * MiB,
    least: 1,
    most: 32 * MiB,
    help: 'the largest value that is accepted',
    elsewhere: ['proto-max-bulk-len'],
  },

  /** A block holds a whole transaction and its framing, and no block exceeds the 64 MiB of its format. */
  transactionBytesMax: {
    name: 'max-transaction-bytes',
    kind: 'size',
    live: true,
    default: 32 * MiB,
    least: KiB,
    most: 32 * MiB,
    help: 'the largest transaction that is accepted',
    elsewhere: ['client-query-buffer-limit', 'max-request-bytes'],
  },

  /**
   * The requests of both protocols share it, and the largest of each becomes complete beside the other. Replication and
   * administration have memory of their own.
   */
  requestBytesMax: {
    name: 'request-memory',
    kind: 'size',
    live: true,
    default: REQUEST_BYTES_MAX,
    least: 144 * MiB,
    most: 64 * GiB,
    help: 'the memory for requests of clients that were received and are not answered; clients beyond it wait, and are refused after 10 s',
  },

  /** The memory counts pinned block bytes, and a cost per entry. */
  overlayBytesMax: {
    name: 'overlay-bytes',
    kind: 'size',
    live: true,
    default: 32 * MiB,
    least: MiB,
    most: GiB,
    help: 'the memory for recent writes that are not yet in the database of keys on disk',
  },

  /**
   * The memory is reserved by halves, and used as reads find records on disk. 0 switches the cache off, and with it the
   * reads of the layer that a checkpoint has written last (keyspace/overlay.ts).
   */
  readCacheBytes: {
    name: 'read-cache',
    kind: 'size',
    default: 32 * MiB,
    least: 0,
    most: GiB,
    help: 'the memory for records that reads have found on disk, for the next reads of the same keys; 0 keeps none',
  },

  /** The most log that a restart may have to replay, in bytes. 128 MiB by default. */
  replayBytesMax: {
    name: 'replay-bytes',
    kind: 'size',
    live: true,
    default: 128 * MiB,
    least: MiB,
    most: 4 * GiB,
    help: 'the most log that a restart may have to replay',
  },

  /** A follower that was away while less was written comes back without a full resync. */
  logRetentionBytes: {
    name: 'log-retention-bytes',
    kind: 'size',
    live: true,
    default: GiB,
    least: KiB,
    most: Number.MAX_SAFE_INTEGER,
    help: 'how much log to keep for followers that come back; older log is deleted',
    elsewhere: ['repl-backlog-size'],
  },

  /** Log that is older is trimmed, unless a follower needs it. In milliseconds, off by default. */
  logRetentionMs: {
    name: 'log-retention-time',
    kind: 'time',
    live: true,
    otherwise: 'off',
    least: SECOND,
    most: Number.MAX_SAFE_INTEGER,
    help: 'trim log that is older than this, unless a follower needs it',
    example: 7 * DAY,
    elsewhere: ['auto-compaction-retention'],
  },

  /** A follower that is further behind loses its place. */
  logRetentionPinBytes: {
    name: 'log-retention-pin-bytes',
    kind: 'size',
    live: true,
    default: LOG_RETENTION_PIN_BYTES,
    least: KiB,
    most: Number.MAX_SAFE_INTEGER,
    help: 'the most log that is kept for a follower that is slow or away',
  },

  /**
   * More than the least for the other defaults: LevelDB needs room of its own for compactions, about 13 table files at a
   * time.
   */
  minFreeBytes: {
    name: 'min-free-space',
    kind: 'size',
    live: true,
    default: 256 * MiB,
    least: 1,
    most: Number.MAX_SAFE_INTEGER,
    help: 'refuse writes while the disk of --data has less free space; must leave room to write out --overlay-bytes',
  },

  /** As Redis with its append-only file: a power cut takes a second, and no write waits for the disk. */
  fsync: {
    name: 'fsync',
    kind: 'choice',
    word: 'POLICY',
    choices: ['always', 'everysec', 'never'],
    default: 'everysec',
    help: 'when the log is synced: always (before each answer), everysec (once a second) or never',
    elsewhere: ['appendfsync'],
  },

  /** The time after which a silent replication link counts as dead, in milliseconds. 5,000 by default. */
  linkTimeoutMs: {
    name: 'link-timeout',
    kind: 'time',
    default: LINK_TIMEOUT_MS,
    least: 100,
    most: HOUR,
    help: 'how long a replication link may be silent before it counts as dead',
    elsewhere: ['repl-timeout'],
  },

  /** The milliseconds between two heartbeats of a link. 1,000 by default, a third of `linkTimeoutMs` at most. */
  heartbeatIntervalMs: {
    name: 'heartbeat-interval',
    kind: 'time',
    default: HEARTBEAT_INTERVAL_MS,
    least: 10,
    most: 10 * MINUTE,
    help: 'the time between two heartbeats of a replication link; at most a third of --link-timeout',
    elsewhere: ['repl-ping-replica-period', 'repl-ping-slave-period'],
  },

  /** A leader alone takes writes: a user who wants more safety sets this option. */
  minFollowers: {
    name: 'min-followers',
    kind: 'count',
    live: true,
    default: 0,
    least: 0,
    most: 1_000,
    help: 'on a leader: take writes only while this many followers are within --max-lag',
    elsewhere: ['min-replicas-to-write', 'min-slaves-to-write'],
  },

  /** The lag up to which a follower counts for `minFollowers`, in milliseconds. 10,000 by default. */
  maxLagMs: {
    name: 'max-lag',
    kind: 'time',
    live: true,
    default: MAX_LAG_MS,
    least: 10,
    most: HOUR,
    help: 'how long a follower may be behind or silent and still count for --min-followers',
    elsewhere: ['min-replicas-max-lag', 'min-slaves-max-lag'],
  },

  /** The other followers that need one wait in the order in which they came. 2 by default. */
  fullResyncsMax: {
    name: 'full-resyncs-max',
    kind: 'count',
    live: true,
    default: FULL_RESYNCS_MAX,
    least: 1,
    most: 1_000,
    help: 'the most full resyncs that the node sends at once; other followers that need one wait for their turn',
  },

  /** The node that sends this follower a full resync, if it needs one. `upstream` by default. */
  resyncFrom: {
    name: 'resync-from',
    kind: 'choice',
    word: 'NODE',
    choices: ['upstream', 'nearest'],
    default: 'upstream',
    help: 'the node that sends a full resync: upstream, or while that sends those of others the nearest of its other followers (nearest)',
  },

  /** The time that a leader which may have lost the end of its log waits for its followers. 5,000 ms by default. */
  askFollowersMs: {
    name: 'ask-followers-timeout',
    kind: 'time',
    default: 5 * SECOND,
    least: 1,
    most: HOUR,
    help: 'how long a leader that may have lost the end of its log waits for its followers to answer, and for each block',
  },

  /** Long enough for a follower that is merely behind, and no longer than the patience of those who stop a node. */
  shutdownTimeoutMs: {
    name: 'shutdown-timeout',
    kind: 'time',
    live: true,
    default: 5 * SECOND,
    least: 0,
    most: HOUR,
    help: 'how long a stop waits for followers to catch up, for calls to end and for a checkpoint',
  },

  /** A follower that has lost its leader is more useful with old data than with none. */
  serveStaleReads: {
    name: 'serve-stale-reads',
    kind: 'switch',
    live: true,
    default: true,
    help: 'on a follower: answer reads even while it is behind its upstream',
    helpOff: 'on a follower: refuse reads while it is behind its upstream',
    elsewhere: ['replica-serve-stale-data', 'slave-serve-stale-data'],
  },

  /** Data that cannot be read may be all that is left of something: a person decides. */
  autoRepair: {
    name: 'auto-repair',
    kind: 'switch',
    default: false,
    help: 'on a follower: replace damaged data with a copy from the upstream. If the data cannot be opened, copy everything',
  },

  /** A clock that was never set, or is far ahead, would expire keys at once. */
  trustClock: {
    name: 'trust-clock',
    kind: 'switch',
    default: false,
    help: "if the time of the log differs from this machine's clock, use the clock. A leader sets the time of the log back; keys keep their remaining time",
  },

  /** Commands that take long are recorded, for SLOWLOG and `headwater slowlog`. */
  slowLog: {
    name: 'slow-log',
    kind: 'switch',
    live: true,
    default: true,
    help: 'record the commands of clients that take long, for "headwater slowlog" and SLOWLOG',
    helpOff: 'record no slow commands; those that are recorded stay',
  },

  /** The time from which on a command is slow. Redis counts it in microseconds too, and has the same default. */
  slowLogMicroseconds: {
    name: 'slow-log-microseconds',
    kind: 'count',
    live: true,
    default: 10_000,
    least: 0,
    most: Number.MAX_SAFE_INTEGER,
    help: 'record commands that take at least so many microseconds; 0 records all',
    elsewhere: ['slowlog-log-slower-than', 'commandlog-execution-slower-than'],
  },

  /** All of them together take at most 4 MiB of memory. */
  slowLogLength: {
    name: 'slow-log-length',
    kind: 'count',
    live: true,
    default: 128,
    least: 0,
    most: 1_000_000,
    help: 'the most slow commands that are kept, within 4 MiB; older ones are dropped',
    elsewhere: ['slowlog-max-len', 'commandlog-slow-execution-max-len'],
  },

  /** Reflection shows a stranger every method that can be called. */
  reflection: {
    name: 'reflection',
    kind: 'switch',
    otherwise: 'only if --listen is a loopback address',
    help: 'answer gRPC server reflection, so that tools can list the services',
    helpOff: 'do not answer gRPC server reflection: tools then need the .proto files',
    example: true,
  },

  /** Spans cost time for each command that has one, and nothing for the others. */
  tracing: {
    name: 'tracing',
    kind: 'switch',
    default: false,
    help: 'make spans of OpenTelemetry for calls and writes that come with one. "node --import" registers who receives them',
    example: true,
  },
} as const satisfies Record<string, OptionRow>;

export type Options = typeof OPTIONS;
export type OptionName = keyof Options;

/** The options that change while the node runs. */
export type LiveName = { [Name in OptionName]: Options[Name] extends { live: true } ? Name : never }[OptionName];

export type ValueOf<Row> = Row extends { choices: ReadonlyArray<infer Choice> }
  ? Choice
  : Row extends { kind: 'switch' }
    ? boolean
    : Row extends { kind: 'path' | 'address' | 'text' }
      ? string
      : number;

/** The environment variable of an option. */
export function variableOf(name: string): string {
  return `HEADWATER_${name.replaceAll('-', '_').toUpperCase()}`;
}
