/**
 * The place of a cluster's store, etcd or a Lease of Kubernetes, and the store that is opened there. The options are
 * checked before the data of the node are opened.
 */
import { readFileSync } from 'node:fs';
import { parseCredentials, shownFile } from '../access/credentials.js';
import type { TlsOptions } from '../access/tls/client-tls.js';
import { type Address, isLoopback, parseAddress } from '../base/address.js';
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { systemReason } from '../base/system-errors.js';
import type { NodeConfig } from '../config.js';
import type { ClusterStore } from './cluster.js';
import { EtcdClient } from './etcd/client.js';
import { EtcdStore } from './etcd-store.js';
import { LeaseApi } from './kubernetes/api.js';
import { LeaseStore } from './lease-store.js';
import type { Event } from './messages.js';
import type { Timing } from './timing.js';

interface EtcdPlace {
  readonly kind: 'etcd';
  /** The name of the cluster in etcd. */
  readonly name: string;
  readonly endpoints: readonly Address[];
  readonly tls: boolean | TlsOptions | undefined;
  readonly user: { readonly user: string; readonly password: string } | undefined;
}

interface KubernetesPlace {
  readonly kind: 'kubernetes';
  /** The name of the Lease. */
  readonly name: string;
  readonly namespace: string;
  readonly server: string;
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
}

export type StorePlace = EtcdPlace | KubernetesPlace;

/** The parts of a node that its store needs. */
interface Opening {
  readonly timing: Timing;
  readonly seenRevision: number;
  /** The ID of the store that this node has seen before. */
  readonly storeId: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onEvent: (event: Event) => void;
}

/** A store with the connections that it uses. `close` ends both. */
export interface OpenStore extends ClusterStore {
  disconnect(): Promise<void>;
  /** The ID of the store, once it has answered, if it has one. */
  storeId(): string | undefined;
}

/** The client port of etcd. */
const ETCD_PORT = 2379;

/** The folder in which a pod finds the token and the CA of the API server. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The longest time between two reads of a Lease. */
const POLL_MS_MAX = 500;

/** @throws HeadwaterError `invalid_argument` if a value or a file is not what it should be. */
export function storePlaceOf(cluster: string, config: NodeConfig): StorePlace {
  const [, scheme = '', authority = '', name = ''] = /^(etcds?|k8s):\/\/([^/]+)\/(.+)$/.exec(cluster) ?? [];
  if (scheme === 'k8s') return { kind: 'kubernetes', name, namespace: authority, ...serverOf(config) };
  return {
    kind: 'etcd',
    name,
    endpoints: authority.split(',').map(endpointOf),
    tls: tlsOf(config, scheme === 'etcds'),
    user: userOf(config),
  };
}

/** The place for people and for the memory of the node. The addresses of an etcd may change. */
export function nameOf(place: StorePlace): string {
  return place.kind === 'etcd' ? `etcd://…/${place.name}` : `k8s://${place.namespace}/${place.name}`;
}

export function openStore(place: StorePlace, opening: Opening): OpenStore {
  return place.kind === 'etcd' ? openEtcd(place, opening) : openLease(place, opening);
}

function openEtcd({ name, ...place }: EtcdPlace, { timing, ...opening }: Opening): OpenStore {
  const { clock, logger } = opening;
  const { storeId: clusterId } = opening;
  const client = EtcdClient.open({ ...place, clusterId, clock, logger, requestTimeoutMs: timing.requestMs });
  const store = new EtcdStore({ ...opening, name, client, retryMs: timing.requestMs });
  return Object.assign(store, { disconnect: () => client.close(), storeId: () => client.clusterId });
}

function openLease(place: KubernetesPlace, { timing, ...opening }: Opening): OpenStore {
  const { ttlMs, requestMs } = timing;
  const api = new LeaseApi({ ...place, clock: opening.clock });
  const store = new LeaseStore({
    ...place,
    ...opening,
    ttlMs,
    requestMs,
    random: Math.random,
    api,
    pollMs: Math.min(POLL_MS_MAX, requestMs / 2),
  });
  return Object.assign(store, {
    disconnect: async () => api.close(),
    // A Lease that was deleted and made again has a lower revision.
    storeId: () => undefined,
  });
}

/** The API server of the pod that the node runs in, unless an option names another one. */
function serverOf({ kubernetesServer }: NodeConfig): Pick<KubernetesPlace, 'server' | 'tokenFile' | 'caFile'> {
  if (kubernetesServer !== undefined)
    return { server: ofProxy(kubernetesServer), tokenFile: undefined, caFile: undefined };
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  if (host === undefined || host === '')
    throw new HeadwaterError(
      'invalid_argument',
      'cluster: expected a node in a pod of Kubernetes, whose environment has KUBERNETES_SERVICE_HOST, received none. Run "kubectl proxy" and name it in --kubernetes-server',
    );
  const plain = host.includes(':') ? `[${host}]` : host;
  return {
    server: `https://${plain}:${port}`,
    tokenFile: `${SERVICE_ACCOUNT}/token`,
    caFile: `${SERVICE_ACCOUNT}/ca.crt`,
  };
}

/** A proxy adds a token to each request, so nobody else may reach it. */
function ofProxy(server: string): string {
  const { hostname } = new URL(server);
  if (isLoopback(hostname)) return server;
  throw new HeadwaterError(
    'invalid_argument',
    `kubernetes-server: expected a proxy on this machine, such as http://127.0.0.1:8001, received ${server}`,
  );
}

function endpointOf(text: string): Address {
  const isWhole = /:\d+$/.test(text);
  return parseAddress(isWhole ? text : `${text}:${ETCD_PORT}`, {}, 'cluster');
}

function tlsOf({ etcdCa: ca, etcdCert: cert, etcdKey: key }: NodeConfig, isSecure: boolean): EtcdPlace['tls'] {
  if (ca === undefined && cert === undefined && key === undefined) return isSecure ? true : undefined;
  return { ca, cert, key };
}

function userOf({ etcdCredentials: file }: NodeConfig): EtcdPlace['user'] {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new HeadwaterError(
      'invalid_argument',
      `etcd-credentials: expected a file with USER:PASSWORD that can be read, received ${shownFile(file)}: ${systemReason(error)}`,
    );
  }
  const { user, secret } = parseCredentials(text, `etcd-credentials: ${shownFile(file)}`);
  return { user, password: secret };
}
