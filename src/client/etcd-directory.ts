/**
 * The nodes of a cluster as etcd knows them. A module of its own: only a client with the address of a cluster loads it.
 *
 * An etcd that was restored from a backup, or is another one, is asked as if for the first time. The client trusts no
 * node for being named there: it goes to the node that leads the latest history.
 */
import { readFileSync } from 'node:fs';
import type { ClusterAddress } from '../access/cluster-address.js';
import { type Credentials, parseCredentials, shownFile } from '../access/credentials.js';
import type { TlsOptions } from '../access/tls/client-tls.js';
import { parseAddress } from '../base/address.js';
import { systemClock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { CLUSTER_ASK_MS } from '../base/limits.js';
import { silentLogger } from '../base/logger.js';
import { systemReason } from '../base/system-errors.js';
import { EtcdClient } from '../cluster/etcd/client.js';
import { EtcdDiscontinuity } from '../cluster/etcd/errors.js';
import type { EtcdEntry, EtcdEvent, EtcdWatch } from '../cluster/etcd/model.js';
import { clusterKeys, viewOf } from '../cluster/etcd-keys.js';

/** The way to etcd, as the options of a client have it. They weigh more than the address. */
export interface EtcdAccess {
  /** The user of etcd. None by default, which is enough for an etcd without users. */
  readonly user?: string | undefined;
  /** The password of that user. */
  readonly password?: string | undefined;
  /** Connects to etcd with TLS: `true` for the CAs of the system, or its CA and the certificate of this client. */
  readonly tls?: boolean | TlsOptions | undefined;
}

/** The nodes of a cluster, host:port each. */
export interface KnownNodes {
  readonly leader: string | undefined;
  /** The leader first. */
  readonly all: readonly string[];
}

/** The receiver of what a watch sees. */
export interface DirectoryListener {
  found(nodes: KnownNodes): void;
  /** Whether changes arrive at the moment. */
  isLive(isLive: boolean): void;
  /** The watch has lost its place, and is to be begun again. */
  ended(): void;
}

export class EtcdDirectory {
  readonly #open: () => EtcdClient;
  readonly #keys: ReturnType<typeof clusterKeys>;
  #client: EtcdClient;

  /** @throws HeadwaterError `invalid_argument` if a certificate is none, or the file of the credentials cannot be read. */
  constructor(address: ClusterAddress, access: EtcdAccess) {
    const inFile = address.credentialsFile === undefined ? undefined : credentialsIn(address.credentialsFile);
    const user = access.user ?? address.user ?? inFile?.user;
    const password = access.password ?? address.password ?? inFile?.secret;
    const tls = access.tls ?? address.tls;
    const endpoints = address.endpoints.map((endpoint) => parseAddress(endpoint));
    this.#keys = clusterKeys(address.name);
    this.#open = () =>
      EtcdClient.open({
        endpoints,
        user: user === undefined ? undefined : { user, password: password ?? '' },
        tls,
        clock: systemClock,
        logger: silentLogger,
        requestTimeoutMs: CLUSTER_ASK_MS,
      });
    this.#client = this.#open();
  }

  async read(): Promise<KnownNodes> {
    const { entries } = await this.#range();
    return this.#nodesOf(entries);
  }

  /** Reads, and reports every change from then on. */
  async watch(listener: DirectoryListener): Promise<EtcdWatch> {
    const { header, entries } = await this.#range();
    const state = new Map(entries.map((entry) => [entry.key, entry]));
    listener.found(this.#nodesOf(entries));
    return this.#client.watch(this.#keys.prefix, header.revision + 1n, {
      events: (events) => {
        for (const event of events) put(state, event);
        listener.found(this.#nodesOf([...state.values()]));
      },
      watching: () => listener.isLive(true),
      interrupted: (reason) => {
        listener.isLive(false);
        if (reason instanceof EtcdDiscontinuity) listener.ended();
      },
      compacted: () => listener.ended(),
    });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #range(): Promise<Awaited<ReturnType<EtcdClient['range']>>> {
    try {
      return await this.#client.range({ prefix: this.#keys.prefix });
    } catch (error) {
      if (!(error instanceof EtcdDiscontinuity)) throw error;
      const before = this.#client;
      this.#client = this.#open();
      await before.close();
      return this.#client.range({ prefix: this.#keys.prefix });
    }
  }

  #nodesOf(entries: readonly EtcdEntry[]): KnownNodes {
    const byKey = new Map(entries.map((entry) => [entry.key, entry]));
    const { leader, members } = viewOf(this.#keys, byKey, 0n, () => {});
    const addresses = [...(leader ? [leader.address] : []), ...members.map(({ address }) => address)];
    return { leader: leader?.address, all: [...new Set(addresses)] };
  }
}

function put(state: Map<string, EtcdEntry>, event: EtcdEvent): void {
  if (event.kind === 'put') state.set(event.entry.key, event.entry);
  else state.delete(event.key);
}

function credentialsIn(file: string): Credentials {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new HeadwaterError('invalid_argument', `etcd-credentials: ${shownFile(file)}: ${systemReason(error)}`, {
      cause: error,
    });
  }
  return parseCredentials(text, `etcd-credentials: ${shownFile(file)}`);
}
