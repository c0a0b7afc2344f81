/**
 * The options that a person gives, made into a checked configuration: each value against its row in options.ts, then
 * the relations between options. Every refusal has the expected and the received value.
 */
import { networkInterfaces } from 'node:os';
import { placesIn } from './backup/place.js';
import { formatAddress, hostOf, isEverywhere, isLoopback, parseAddress, plainHost } from './base/address.js';
import { HeadwaterError } from './base/errors.js';
import { HEARTBEATS_IN_TIMEOUT_MIN } from './base/limits.js';
import { checkOptionNames, type OptionNames } from './base/option-names.js';
import { OPTIONS, type OptionName, type OptionRow, type Options, type ValueOf } from './options.js';
import { leastFreeBytes } from './store/space.js';

type Loose<Value> = Value extends string ? string : Value;

/** The options of `Node.start`. All but `data` may be left out. Sizes are bytes, times milliseconds. */
export type NodeOptions = {
  /** The data directory. The node makes it if it does not exist. */
  data: string;
} & {
  -readonly [Name in keyof Options as Exclude<Name, 'data'>]?: Loose<ValueOf<Options[Name]>> | undefined;
};

/** The checked options, with their defaults. An option without a default stays undefined if nobody gave it. */
export type NodeConfig = {
  readonly [Name in OptionName]: Options[Name] extends { default: unknown }
    ? ValueOf<Options[Name]>
    : ValueOf<Options[Name]> | undefined;
};

const NAMES: OptionNames = new Set(Object.keys(OPTIONS));

/** @throws HeadwaterError `invalid_argument`, or `replication_loop` for a node that follows itself. */
export function checkConfig(options: NodeOptions): NodeConfig {
  checkOptionNames(options, NAMES);
  const given = withDependentDefaults(options);
  const checked = Object.entries<OptionRow>(OPTIONS).map(([property, row]) => {
    const value = given[property as OptionName] ?? row.default;
    return [property, value === undefined ? undefined : checkOption(row, value)];
  });
  const config = Object.fromEntries(checked) as NodeConfig;
  checkRelations(config);
  return config;
}

/** Defaults that give way to another option. */
function withDependentDefaults(options: NodeOptions): NodeOptions {
  const {
    overlayBytesMax = OPTIONS.overlayBytesMax.default,
    replayBytesMax = OPTIONS.replayBytesMax.default,
    linkTimeoutMs = OPTIONS.linkTimeoutMs.default,
  } = options;
  const freeBytes = Math.max(OPTIONS.minFreeBytes.default, leastFreeBytes({ overlayBytesMax, replayBytesMax }));
  const heartbeatMs = Math.min(OPTIONS.heartbeatIntervalMs.default, longestHeartbeatMs(linkTimeoutMs));
  return {
    ...options,
    minFreeBytes: options.minFreeBytes ?? freeBytes,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? Math.min(heartbeatMs, longestClusterHeartbeatMs(options)),
  };
}

function longestHeartbeatMs(linkTimeoutMs: number): number {
  return Math.floor(linkTimeoutMs / HEARTBEATS_IN_TIMEOUT_MIN);
}

/** The followers of a leader in a cluster have to hear it several times before its lease ends. */
function longestClusterHeartbeatMs({ cluster, clusterTtlMs = OPTIONS.clusterTtlMs.default }: Clustered): number {
  return cluster === undefined ? Number.POSITIVE_INFINITY : Math.floor(clusterTtlMs / HEARTBEATS_IN_TIMEOUT_MIN);
}

type Clustered = Pick<NodeOptions, 'cluster' | 'clusterTtlMs'>;

const UNITS = { size: 'bytes', time: 'ms', count: '' };

/**
 * The value of one option, in its own form. Relations to other options are not checked.
 * @throws HeadwaterError `invalid_argument` if it is not of the kind of the row, or exceeds a bound.
 */
export function checkOption(row: OptionRow, value: unknown): unknown {
  const { name } = row;
  switch (row.kind) {
    case 'address':
      return formatAddress(parseAddress(value, row, name));
    case 'path':
      // A path with a null byte names no file.
      if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
      throw invalid(name, `the path of a ${row.isFile ? 'file' : 'directory'}`, quoted(value));
    case 'text':
      if (typeof value === 'string' && row.form.test(value)) return value;
      throw invalid(name, row.expected, quoted(value));
    case 'choice':
      if (row.choices.includes(value as string)) return value;
      throw invalid(name, row.choices.join(', '), quoted(value));
    case 'switch':
      if (typeof value === 'boolean') return value;
      throw invalid(name, 'true or false', quoted(value));
    default: {
      const unit = UNITS[row.kind];
      if (Number.isSafeInteger(value) && (value as number) >= row.least && (value as number) <= row.most) return value;
      throw invalid(
        name,
        `a whole number${unit && ` of ${unit}`} from ${row.least} to ${row.most}`,
        typeof value === 'number' ? `${value} ${unit}`.trimEnd() : quoted(value),
      );
    }
  }
}

function checkRelations(config: NodeConfig): void {
  const { listen, follow, overlayBytesMax, minFreeBytes } = config;
  if (follow !== undefined && isSameNode(follow, listen))
    throw new HeadwaterError(
      'replication_loop',
      `a node cannot follow itself: expected the address of another node in --follow, received ${follow}; this node listens on ${listen}`,
    );
  checkPlaces(config);
  checkRedis(config);
  checkHttp(config);
  checkTls(config);
  checkCluster(config);
  const freeBytes = leastFreeBytes(config);
  if (minFreeBytes < freeBytes)
    throw invalid(
      'min-free-space',
      `at least ${freeBytes} bytes, to open the store again and write out --overlay-bytes (${overlayBytesMax} bytes)`,
      `${minFreeBytes} bytes`,
    );
  checkHeartbeats(config);
}

function checkPlaces(config: NodeConfig): void {
  const { follow, followArchive, seedFrom, cluster, archive, forwardWrites, backupKeyFile, acceptUnencrypted } = config;
  if (follow !== undefined && followArchive !== undefined)
    throw invalid('follow-archive', 'either this option or --follow', 'both');
  if (seedFrom !== undefined && follow === undefined && cluster === undefined)
    throw invalid(
      'seed-from',
      'the upstream in --follow too, or the cluster in --cluster, which sends what the archive lacks. To lead with the data of a backup, use "restore"; to follow an archive alone, use --follow-archive',
      seedFrom,
    );
  if (followArchive !== undefined && archive !== undefined && placesIn(archive).includes(followArchive))
    throw invalid('archive', 'another place than --follow-archive', followArchive);
  if (followArchive !== undefined && forwardWrites)
    throw invalid('forward-writes', 'an upstream that takes writes in --follow', `the archive ${followArchive}`);
  if (acceptUnencrypted && backupKeyFile === undefined)
    throw invalid('accept-unencrypted', 'the key of encrypted files in --backup-key-file too', 'no key');
}

function checkRedis({ listen, redis, redisListen }: NodeConfig): void {
  if (redisListen === undefined) return;
  if (!redis)
    throw invalid('redis-listen', 'no address with --no-redis, which turns the Redis protocol off', redisListen);
  if (redisListen === listen && !listen.endsWith(':0'))
    throw invalid('redis-listen', 'another address than --listen, which takes the Redis protocol too', redisListen);
}

function checkHttp({ listen, redisListen, http }: NodeConfig): void {
  if (http === undefined || http.endsWith(':0')) return;
  for (const [name, other] of Object.entries({ listen, 'redis-listen': redisListen }))
    if (http === other) throw invalid('http', `another address than --${name}, which takes other protocols`, http);
}

function checkTls({ tlsCert, tlsKey, tlsCa, tlsCrl, tlsClients }: NodeConfig): void {
  if (tlsCert === undefined && tlsKey !== undefined)
    throw invalid('tls-key', 'the certificate of the key in --tls-cert too', 'the key alone');
  if (tlsCert !== undefined && tlsKey === undefined)
    throw invalid('tls-cert', 'the key of the certificate in --tls-key too', 'the certificate alone');
  for (const [name, value] of Object.entries({ 'tls-ca': tlsCa, 'tls-crl': tlsCrl, 'tls-clients': tlsClients }))
    if (value !== undefined && tlsCert === undefined)
      throw invalid(name, 'a certificate of the node in --tls-cert and its key in --tls-key too', value);
  if (tlsCrl !== undefined && tlsCa === undefined)
    throw invalid('tls-crl', 'the CA of the revocation list in --tls-ca too', tlsCrl);
  if (tlsClients !== undefined && tlsClients !== 'off' && tlsCa === undefined)
    throw invalid('tls-clients', 'off, or the CA of the clients in --tls-ca too', tlsClients);
}

function checkCluster(config: NodeConfig): void {
  const { cluster, follow, followArchive, heartbeatIntervalMs, etcdCert, etcdKey } = config;
  if (cluster === undefined) {
    const { clusterAddress, clusterMode, failsafe } = config;
    const all = {
      'cluster-mode': clusterMode === 'safe' ? clusterMode : undefined,
      'cluster-address': clusterAddress,
      failsafe: failsafe || undefined,
      ...ofEtcd(config),
      ...ofKubernetes(config),
    };
    for (const [name, value] of Object.entries(all))
      if (value !== undefined) throw invalid(name, 'the cluster in --cluster too', String(value));
    return;
  }
  if (follow !== undefined)
    throw invalid(
      'cluster',
      'no --follow beside it: the cluster decides which node follows which',
      `--follow ${follow}`,
    );
  if (followArchive !== undefined)
    throw invalid('cluster', 'no --follow-archive beside it: the cluster decides what a node follows', followArchive);
  const isKubernetes = cluster.startsWith('k8s:');
  for (const [name, value] of Object.entries(isKubernetes ? ofEtcd(config) : ofKubernetes(config)))
    if (value !== undefined)
      throw invalid(name, `a cluster ${isKubernetes ? 'in etcd' : 'k8s://NAMESPACE/NAME'} in --cluster`, cluster);
  if ((etcdCert === undefined) !== (etcdKey === undefined))
    throw invalid('etcd-cert', 'the certificate and its key in --etcd-key', 'one of the two');
  const atMost = longestClusterHeartbeatMs(config);
  if (heartbeatIntervalMs > atMost)
    throw invalid(
      'heartbeat-interval',
      `at most ${atMost} ms, a third of --cluster-ttl, so that one late heartbeat does not end a leadership`,
      `${heartbeatIntervalMs} ms`,
    );
}

function ofEtcd({ etcdCa, etcdCert, etcdKey, etcdCredentials }: NodeConfig): Record<string, string | undefined> {
  return {
    'etcd-ca': etcdCa,
    'etcd-cert': etcdCert,
    'etcd-key': etcdKey,
    'etcd-credentials': etcdCredentials && 'a file',
  };
}

function ofKubernetes({ kubernetesServer }: NodeConfig): Record<string, string | undefined> {
  return { 'kubernetes-server': kubernetesServer };
}

function checkHeartbeats({ linkTimeoutMs, heartbeatIntervalMs, minFollowers, maxLagMs }: NodeConfig): void {
  const atMost = longestHeartbeatMs(linkTimeoutMs);
  if (heartbeatIntervalMs > atMost)
    throw invalid(
      'heartbeat-interval',
      `at most ${atMost} ms, a third of --link-timeout (${linkTimeoutMs} ms), so that one late heartbeat does not end the link`,
      `${heartbeatIntervalMs} ms`,
    );
  // On a quiet node an acknowledgement comes once a heartbeat.
  if (minFollowers > 0 && maxLagMs < 2 * heartbeatIntervalMs)
    throw invalid(
      'max-lag',
      `at least ${2 * heartbeatIntervalMs} ms, twice --heartbeat-interval (${heartbeatIntervalMs} ms), because an idle follower reports only once an interval`,
      `${maxLagMs} ms`,
    );
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

function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
}

function invalid(option: string, expected: string, received: string): HeadwaterError {
  return new HeadwaterError('invalid_argument', `${option}: expected ${expected}, received ${received}`);
}
