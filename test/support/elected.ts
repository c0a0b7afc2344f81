/** A cluster of real nodes over a real etcd, with a load of writes: started at once, and watched from outside. */
import assert from 'node:assert/strict';
import { Client } from '../../src/index.js';
import { Cluster, type Daemon, eventually } from './cluster.js';
import { EtcdCluster } from './etcd.js';
import type { Machine } from './machines.js';

/** The time to live of the lease of a leader. */
export const TTL_MS = 3_000;

/** A write that waits longer for a leader that stands still would delay the writes behind it. */
const WRITE_MS_MAX = 500;

export interface ElectedOptions {
  /** The members of etcd, 1 by default. */
  readonly members?: 1 | 3;
  /** Where they run: the nodes first, then the members. By default all run on this machine. */
  readonly machines?: readonly Machine[];
  /** Variables of the environment of each node, by its place. */
  readonly env?: (at: number) => Readonly<Record<string, string>>;
}

/** Three nodes of one cluster, and a load of writes from one client. */
export class Elected implements AsyncDisposable {
  readonly nodes: Daemon[] = [];
  readonly acknowledged = new Map<string, { readonly value: string; readonly atMs: number }>();
  readonly etcd: EtcdCluster;
  readonly #cluster = new Cluster();
  readonly #flags: readonly string[];
  #load: Promise<unknown> = Promise.resolve();
  #unloading = new AbortController();

  private constructor(etcd: EtcdCluster, flags: readonly string[]) {
    this.etcd = etcd;
    const url = `etcd://${etcd.endpoints.map(({ host, port }) => `${host}:${port}`).join()}/test`;
    this.#flags = ['--cluster', url, '--cluster-ttl', `${TTL_MS}ms`, ...flags];
  }

  static async start(
    flags: readonly string[] = [],
    count = 3,
    { members = 1, machines = [], env = () => ({}) }: ElectedOptions = {},
  ): Promise<Elected> {
    const etcd = await EtcdCluster.start(members, undefined, machines.slice(count));
    const elected = new Elected(etcd, machines.length > 0 ? [...flags, '--insecure'] : flags);
    try {
      for (let i = 0; i < count; i++) {
        const node = await elected.#cluster.node(`n${i}`, machines[i]);
        node.env = env(i);
        elected.nodes.push(node);
      }
      await Promise.all(elected.nodes.map((node) => elected.begin(node)));
      return elected;
    } catch (error) {
      await elected[Symbol.asyncDispose]();
      throw error;
    }
  }

  get log(): string {
    return this.#cluster.log;
  }

  begin(node: Daemon): Promise<void> {
    return node.start(...this.#flags);
  }

  /** Resolves with the leader, when it takes writes and all others of `nodes` stream from it. */
  async led(nodes: readonly Daemon[] = this.nodes): Promise<{ leader: Daemon; followers: Daemon[] }> {
    return eventually('one leader that all others follow', async () => {
      const statuses = await Promise.all(nodes.map((node) => node.status()));
      const leader = nodes.find((_, at) => statuses[at]?.role === 'leader');
      if (!leader) return false;
      await (await leader.client()).set('led', leader.name);
      const followers = nodes.filter((node) => node !== leader);
      const follow = statuses.filter(({ upstream }) => upstream?.address === leader.address);
      return follow.every(({ upstream }) => upstream?.state === 'streaming') && follow.length === followers.length
        ? { leader, followers }
        : false;
    });
  }

  /** Another failover within a minute needs a person: allows it as soon as nobody leads, which costs no time. */
  async allow(nodes: readonly Daemon[]): Promise<void> {
    await eventually('the leader key to be gone', async () => {
      const client = await (nodes[0] as Daemon).client();
      if ((await client.clusterStatus()).leaderId !== '') return false;
      await client.clusterPause({ undo: true });
      return true;
    });
  }

  /** Writes until `unload`: each key once, and a failed write under the next key. */
  load(): void {
    const { signal } = this.#unloading;
    this.#load = (async () => {
      await using client = await Client.connect(this.nodes.map(({ address }) => address).join());
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; !signal.aborted; i++) {
          const key = `${writer}:${i}`;
          await client.set(key, `value of ${key}`, { timeoutMs: WRITE_MS_MAX }).then(
            () => this.acknowledged.set(key, { value: `value of ${key}`, atMs: performance.now() }),
            () => {},
          );
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      });
      await Promise.all(writers);
    })();
  }

  /** Resolves when so many more writes are acknowledged. */
  async grown(by = 20): Promise<void> {
    const before = this.acknowledged.size;
    await eventually(`${by} more writes`, async () => this.acknowledged.size >= before + by);
  }

  async unload(): Promise<void> {
    this.#unloading.abort();
    await this.#load;
    this.#unloading = new AbortController();
  }

  /** Resolves when all nodes may lead next: a node that was away has to have all writes first. */
  async whole(leader: Daemon): Promise<void> {
    const client = await leader.client();
    await eventually('all nodes to be waited for', async () => {
      const { members, required, mode } = await client.clusterStatus();
      const may = members.filter(({ cannotLead }) => cannotLead === '').length;
      return may === this.nodes.length && (mode !== 'safe' || required.length === this.nodes.length);
    });
  }

  async assertNothingLost(leader: Daemon): Promise<void> {
    const client = await leader.client();
    const all = [...this.acknowledged];
    for (let from = 0; from < all.length; from += 1_000) {
      const some = all.slice(from, from + 1_000);
      const found = await Promise.all(some.map(([key]) => client.get(key)));
      for (const [at, [key, { value }]] of some.entries()) assert.equal(found[at], value, key);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unloading.abort();
    await this.#cluster[Symbol.asyncDispose]();
    await this.#load.catch(() => {});
    await this.etcd[Symbol.asyncDispose]();
  }
}
