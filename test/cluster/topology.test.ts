/**
 * Nodes are re-pointed, promoted, stopped for longer than their links wait, killed
 * and restarted, one after another and under load. After each change all must catch
 * up with the one leader and hold the same data, and no resync may be full that
 * could have been partial. Only a node with writes of its own may need a snapshot,
 * and it must have handed over those writes. HEADWATER_CHANGES sets how many
 * changes; `npm run topology` does 200.
 */
import assert from 'node:assert/strict';
import { Client, HeadwaterError } from '../../src/index.js';
import { Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';

const NODES = 5;
const CHANGES = Number(process.env.HEADWATER_CHANGES ?? 10);
const LINK_TIMEOUT_MS = 1_000;
const WRITERS = 8;
/** Why a node may be sent a snapshot: each time it has handed over writes that nobody else has. */
const WITH_LOST_WRITES: ReadonlySet<string> = new Set(['DIVERGED', 'CHECKSUM_MISMATCH', 'NOT_A_BOUNDARY']);

/** What has been seen so far, over all lives of a node. */
interface Seen {
  full: number;
  partial: number;
  lostWrites: number;
}

class Tree {
  readonly random: () => number;
  readonly nodes: Daemon[];
  readonly parents = new Map<Daemon, Daemon>();
  root: Daemon;
  readonly seen = new Map<Daemon, Seen>();
  /** Over all nodes and all their lives. */
  partial = 0;
  diverged = 0;
  /** Links that a change has broken. */
  breaks = 0;

  constructor(nodes: Daemon[], random: () => number) {
    this.nodes = nodes;
    this.random = random;
    this.root = nodes[0] as Daemon;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)] as T;
  }

  get followers(): Daemon[] {
    return this.nodes.filter((node) => node !== this.root);
  }

  /** Nodes that stand below `node`, and itself. */
  below(node: Daemon): Daemon[] {
    return this.nodes.filter((one) => {
      let at: Daemon | undefined = one;
      while (at && at !== node) at = this.parents.get(at);
      return at === node;
    });
  }

  async attach(node: Daemon, parent: Daemon): Promise<void> {
    this.breaks++;
    this.parents.set(node, parent);
    await (await node.client()).follow(parent.address);
  }

  /** Links to a node that is gone for a while. */
  breaksAround(node: Daemon): void {
    this.breaks += [...this.parents].filter((pair) => pair.includes(node)).length;
  }

  /** A process begins to count at 0. */
  restarted(node: Daemon): void {
    const { lostWrites = 0 } = this.seen.get(node) ?? {};
    this.seen.set(node, { full: 0, partial: 0, lostWrites });
  }

  /** @throws AssertionError where a resync was full without need. */
  async count(): Promise<void> {
    for (const node of this.nodes) {
      const { fullResyncs: full, partialResyncs: partial, lostWrites, resyncReasons, upstream } = await node.status();
      const before = this.seen.get(node) ?? { full: 0, partial: 0, lostWrites: 0 };
      this.partial += partial - before.partial;
      if (full > before.full) {
        const why = `${node.name}, last ${JSON.stringify(upstream?.lastResync)}, all ${JSON.stringify(resyncReasons)}`;
        assert.equal(full - before.full, 1, `needed one full resync, not several: ${why}`);
        const needless = resyncReasons.filter(({ kind, reason }) => kind === 'full' && !WITH_LOST_WRITES.has(reason));
        assert.deepEqual(needless, [], why);
        assert.ok(lostWrites > before.lostWrites, `took a full resync though it had nothing to lose: ${why}`);
        this.diverged++;
      }
      this.seen.set(node, { full, partial, lostWrites });
    }
  }
}

const CHANGE: Record<string, (tree: Tree, load: Load) => Promise<void>> = {
  /** To a random parent that does not stand below. */
  async 're-point'(tree) {
    const node = tree.pick(tree.followers);
    const below = tree.below(node);
    await tree.attach(node, tree.pick(tree.nodes.filter((one) => !below.includes(one))));
  },

  /** Of a node that holds everything: nobody is left with writes of its own. */
  async promote(tree, load) {
    const node = tree.pick(tree.followers);
    await load.pause();
    await caughtUp(tree.root, node);
    await promoteTo(tree, node);
    await load.resume(node);
  },

  /** While the old leader goes on taking writes. */
  async 'promote under load'(tree, load) {
    const node = tree.pick(tree.followers);
    const old = tree.root;
    await promoteTo(tree, node, () => load.taken(old, 20));
    await load.resume(node);
  },

  async cut(tree) {
    const node = tree.pick(tree.nodes);
    tree.breaksAround(node);
    node.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 1.5 * LINK_TIMEOUT_MS));
    node.signal('SIGCONT');
  },

  async kill(tree) {
    await again(tree, tree.pick(tree.nodes), 'SIGKILL');
  },

  async restart(tree) {
    await again(tree, tree.pick(tree.nodes), 'SIGTERM');
  },
};

async function again(tree: Tree, node: Daemon, signal: NodeJS.Signals): Promise<void> {
  tree.breaksAround(node);
  await node.end(signal);
  await node.start('--link-timeout', `${LINK_TIMEOUT_MS}ms`);
  tree.restarted(node);
}

/** The old leader goes somewhere below the new one; who followed it moves with it. */
async function promoteTo(tree: Tree, node: Daemon, meanwhile = async () => {}): Promise<void> {
  const old = tree.root;
  await (await node.client()).promote();
  tree.parents.delete(node);
  tree.root = node;
  await meanwhile();
  await tree.attach(old, tree.pick(tree.below(node)));
}

/** Writers on one node at a time. */
class Load {
  #stopped = false;
  #client: Client | undefined;
  #running: Promise<unknown> = Promise.resolve();
  written = 0;

  async resume(leader: Daemon): Promise<void> {
    await this.pause();
    this.#stopped = false;
    const client = await Client.connect(leader.address, { redirect: false });
    this.#client = client;
    this.#running = Promise.all(Array.from({ length: WRITERS }, (_, i) => this.#write(client, i)));
  }

  async pause(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#client?.close();
    this.#client = undefined;
  }

  /** Resolves when the node has taken some more writes. */
  async taken(node: Daemon, count: number): Promise<void> {
    const { offset } = await node.status();
    await eventually(`${node.name} to take writes`, async () => (await node.status()).offset >= offset + count);
  }

  async #write(client: Client, writer: number): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      try {
        await client.set(`key ${writer} ${i % 100}`, `value ${i}`);
        this.written++;
      } catch (error) {
        if (!HeadwaterError.is(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

/** All hold what the leader holds, which takes no writes meanwhile. */
async function settle(tree: Tree): Promise<void> {
  const { offset, checksum, replicationId } = await eventually('the leader to serve', () => tree.root.status());
  for (const node of tree.followers) {
    await eventually(`${node.name} to reach ${offset} of ${tree.root.name}`, async () => {
      const status = await node.status();
      return status.upstream?.state === 'streaming' && status.offset === offset && status.checksum === checksum;
    });
  }
  const digest = await tree.root.digest();
  assert.equal(digest.offset, offset, `nobody writes while ${replicationId} is compared`);
  for (const node of tree.followers) assert.deepEqual(await node.digest(), digest, `${node.name} differs`);
}

describe('random topologies', function () {
  this.timeout(60_000 + CHANGES * 10_000);

  it(`let ${NODES} nodes catch up after each of ${CHANGES} changes, without full resyncs`, async () => {
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    await using cluster = new Cluster();
    const nodes: Daemon[] = [];
    for (let i = 0; i < NODES; i++) nodes.push(await cluster.node(`n${i}`));
    const tree = new Tree(nodes, random);
    for (const node of nodes) {
      const parent = node === tree.root ? undefined : tree.pick(nodes.slice(0, nodes.indexOf(node)));
      if (parent) tree.parents.set(node, parent);
      await node.start('--link-timeout', `${LINK_TIMEOUT_MS}ms`, ...(parent ? ['--follow', parent.address] : []));
    }
    const load = new Load();
    const done: string[] = [];
    // Each kind at least once, in a random order; what comes then is random.
    const first = Object.keys(CHANGE).sort(() => random() - 0.5);
    try {
      await settle(tree);
      await tree.count();
      for (let i = 0; i < CHANGES; i++) {
        await load.resume(tree.root);
        await load.taken(tree.root, 50);
        const kind = first.pop() ?? tree.pick(Object.keys(CHANGE));
        done.push(kind);
        await CHANGE[kind]?.(tree, load);
        await load.pause();
        await settle(tree);
        await tree.count();
      }
    } catch (error) {
      throw new Error(`seed ${seed}, after ${done.join(', ')}: ${(error as Error).message}`, { cause: error });
    } finally {
      await load.pause();
    }
    const promoted = done.filter((kind) => kind === 'promote under load').length;
    assert.ok(tree.breaks >= CHANGES, `seed ${seed}: ${tree.breaks} links were broken`);
    assert.ok(tree.partial >= CHANGES, `seed ${seed}: ${tree.partial} partial resyncs in ${CHANGES} changes`);
    assert.ok(load.written >= 50 * CHANGES, `seed ${seed}: ${load.written} writes were acknowledged`);
    assert.ok(promoted === 0 || tree.diverged > 0, `seed ${seed}: a leader that wrote alone had something to lose`);
  });
});
