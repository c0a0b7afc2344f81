/**
 * Nodes in memory: each the production store and replication code, under one
 * clock that the test moves and on one network that the test breaks.
 */
import assert from 'node:assert/strict';
import type { Clock } from '../../src/base/clock.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { Comparisons } from '../../src/compare/comparison.js';
import { ComparisonMarks } from '../../src/compare/marks.js';
import type { Followers } from '../../src/replication/downstream/followers.js';
import type { FollowOrder } from '../../src/replication/leadership/leadership.js';
import { Replication, type ReplicationOptions } from '../../src/replication/replication.js';
import type { Link } from '../../src/replication/upstream/link.js';
import { Network } from './channel.js';
import { TestClock, until } from './clock.js';
import { removeTemporaryDirectories } from './database.js';
import { type Options, TestStore } from './store.js';

/** Longer than any test lasts; those about silence set their own. */
const PATIENT_MS = 3_600_000;

/** A silence of five seconds takes half a second. */
const SPEED = 10;

/** A turn of the event loop passes no more time than this, however busy the machine is: nodes get turns before they look silent. */
const STEP_MS_MAX = 100;

type TestReplicationOptions = Partial<
  Pick<
    ReplicationOptions,
    'timeoutMs' | 'heartbeatIntervalMs' | 'minFollowers' | 'maxLagMs' | 'fullResyncsMax' | 'resyncFrom'
  >
>;

type NodeOptions = Options & TestReplicationOptions;

/** The writes that the first node of a row has when its followers come. */
interface FirstWrites {
  /** How many; none if left out. */
  readonly writes?: number;
  /** The beginning of their keys. */
  readonly prefix?: string;
}

/** A node for each address. */
type OneEach<Addresses extends readonly string[]> = { -readonly [Index in keyof Addresses]: TestNode };

/** Nodes under one clock and on one network; all are stopped after each test. */
export class World {
  readonly clock = new TestClock();
  readonly network = new Network();
  readonly nodes: TestNode[] = [];

  async node(address: string, options: NodeOptions & { follows?: string } = {}): Promise<TestNode> {
    const { follows, timeoutMs, heartbeatIntervalMs, minFollowers, maxLagMs, fullResyncsMax, resyncFrom, ...rest } =
      options;
    const role = follows === undefined ? undefined : { role: 'follower' as const, upstream: follows };
    const test = await TestStore.open({ ...rest, clock: this.clock, ...(role && { role }) });
    const replication = { timeoutMs, heartbeatIntervalMs, minFollowers, maxLagMs, fullResyncsMax, resyncFrom };
    const node = new TestNode(this, address, test, defined(replication));
    this.nodes.push(node);
    node.up();
    return node;
  }

  /** A leader at L with `writes` writes, and a follower at F that is level with it. */
  async pair({
    leader = {},
    follower = {},
    ...first
  }: FirstWrites & { leader?: NodeOptions; follower?: NodeOptions } = {}) {
    const [one, other] = await this.#row(['L', 'F'], first, [leader, follower]);
    return { leader: one, follower: other };
  }

  /** Nodes at `addresses`, each a follower of the node before it; the first has `writes` writes, and all are level. */
  chain<const Addresses extends readonly string[]>(
    addresses: Addresses,
    first: FirstWrites = {},
  ): Promise<OneEach<Addresses>> {
    return this.#row(addresses, first, []);
  }

  /** A leader at the first of `addresses`, with `writes` writes, and a follower of it at each of the others; all are level. */
  async star<const Addresses extends readonly string[]>(
    addresses: Addresses,
    { writes = 0, prefix = 'k' }: FirstWrites = {},
  ): Promise<OneEach<Addresses>> {
    const [center = '', ...others] = addresses;
    const nodes = [await this.node(center)] as [TestNode, ...TestNode[]];
    await nodes[0].write(writes, prefix);
    for (const address of others) nodes.push(await this.node(address, { follows: center }));
    await level(this, ...nodes);
    return nodes as unknown as OneEach<Addresses>;
  }

  async #row<const Addresses extends readonly string[]>(
    addresses: Addresses,
    { writes = 0, prefix = 'k' }: FirstWrites,
    options: readonly NodeOptions[],
  ): Promise<OneEach<Addresses>> {
    const nodes: TestNode[] = [];
    for (const [index, address] of addresses.entries()) {
      const follows = addresses[index - 1];
      const node = await this.node(address, { ...options[index], ...(follows !== undefined && { follows }) });
      if (index === 0) await node.write(writes, prefix);
      nodes.push(node);
    }
    await level(this, ...nodes);
    return nodes as unknown as OneEach<Addresses>;
  }

  /** Time goes on meanwhile, some times as fast as it does: files being synced must not look like seconds of silence. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    let before = performance.now();
    return until(what, async () => {
      if (await condition()) return true;
      await this.clock.advance(Math.min((performance.now() - before) * SPEED, STEP_MS_MAX));
      // Turns that the timers took do not count: they would make more timers due, each with its turn, without end.
      before = performance.now();
      return false;
    });
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.down().catch(() => {});
    assert.deepEqual(this.network.errors, []);
    for (const node of this.nodes) assert.deepEqual(node.test.fatal, []);
  }
}

/** What nodes share. */
interface Surroundings {
  readonly clock: Clock;
  readonly network: Network;
}

/** Without what is undefined. */
function defined(
  options: { [name in keyof TestReplicationOptions]: TestReplicationOptions[name] | undefined },
): TestReplicationOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

let starts = 0;

export class TestNode {
  readonly address: string;
  test: TestStore;
  readonly #world: Surroundings;
  readonly #options: TestReplicationOptions;
  comparisons!: Comparisons;
  replication!: Replication;
  /** Told of the marks of repairs; set by tests. */
  repairMarked: (markId: string) => void = () => {};
  #isUp = false;
  /** How many of its processes were killed. */
  #killed = 0;

  constructor(world: Surroundings, address: string, test: TestStore, options: TestReplicationOptions) {
    this.#world = world;
    this.address = address;
    this.test = test;
    this.#options = options;
  }

  get link(): Link {
    return this.replication.link;
  }

  get followers(): Followers {
    return this.replication.followers;
  }

  get store() {
    return this.test.store;
  }

  get offset(): number {
    return this.store.data.isServing ? this.store.data.position.offset : -1;
  }

  /** What its replication is made with. */
  protected replicationOptions(): Omit<ReplicationOptions, 'marks'> {
    const { clock, network } = this.#world;
    const { store, logger } = this.test;
    return {
      store,
      clock,
      logger,
      nonce: `start ${++starts}`,
      timeoutMs: PATIENT_MS,
      askFollowersMs: 5_000,
      ...this.#options,
      random: () => 0.5,
      load: { isBusy: false },
      address: () => this.address,
      dial: this.#ofThisProcess(network.dialFrom(this.address)),
    };
  }

  /** The timers of a killed process go on in a test: its code must reach nobody any more, and hear of nothing. */
  #ofThisProcess(dial: ReplicationOptions['dial']): ReplicationOptions['dial'] {
    const killed = this.#killed;
    return (address) => (killed === this.#killed ? dial(address) : new Promise(() => {}));
  }

  /** Listens, and follows where it is a follower. */
  up(orders: { acceptDataLoss: boolean } = { acceptDataLoss: false }): void {
    const { network } = this.#world;
    const options = this.replicationOptions();
    this.comparisons = new Comparisons({ ...options, store: this.test.store, tree: () => this.replication });
    const repairs = { marked: (markId: string) => this.repairMarked(markId) };
    const marks = new ComparisonMarks({ comparisons: this.comparisons, repairs });
    this.replication = new Replication({ ...options, marks });
    network.listen(this.address, this.replication.followers);
    this.#isUp = true;
    this.replication.start(orders);
  }

  follow(upstream: string, options?: FollowOrder): Promise<void> {
    return this.replication.follow(upstream, options);
  }

  /** As node.ts stops; it waits for no follower, unless it is told for how long. */
  async down({ shutdownTimeoutMs = 0 } = {}): Promise<void> {
    if (!this.#isUp) return;
    if (shutdownTimeoutMs > 0) await this.replication.drain(shutdownTimeoutMs);
    this.#isUp = false;
    this.#world.network.down(this.address);
    this.comparisons.close();
    await this.replication.close(new HeadwaterError('shutting_down', 'the node is shutting down'));
    await this.store.close();
  }

  async restart(role?: Parameters<TestStore['open']>[0]): Promise<void> {
    await this.down();
    await this.test.open(role);
    this.up();
  }

  /** As by SIGKILL; its lines break. */
  kill(): void {
    this.#isUp = false;
    this.#killed++;
    this.#world.network.down(this.address);
    this.test.disk.crash();
    for (const line of this.#world.network.lines)
      if (line.from === this.address || line.to === this.address) line.cut();
  }

  /** Leads under a later epoch than a node that has begun to lead once since both were level. */
  async leadOn(): Promise<void> {
    await this.restart();
    await this.restart();
  }

  async write(count: number, prefix = 'k'): Promise<void> {
    for (let i = 0; i < count; i++) await this.test.set(`${prefix}${i}`, `${prefix} at ${this.address}`);
  }

  async digest(): Promise<string> {
    return (await this.store.snapshots.digest()).digest;
  }
}

export async function level(world: World, ...nodes: TestNode[]): Promise<void> {
  const [first, ...rest] = nodes as [TestNode, ...TestNode[]];
  await world.until('all are level', () =>
    rest.every((node) => node.offset === first.offset && node.link.status.state === 'streaming'),
  );
  for (const node of rest) {
    await world.until(`${node.address} has the data of ${first.address}`, () => haveEqualData(node, first));
    assert.equal(node.store.identity.clusterId, first.store.identity.clusterId);
  }
}

/** @returns false if a command came while the two were compared, as when a key expires: they are compared again then. */
async function haveEqualData(node: TestNode, first: TestNode): Promise<boolean> {
  const { position } = first.store.data;
  if (node.offset !== position.offset) return false;
  assert.deepEqual(node.store.data.position, position);
  const base = Math.max(node.store.data.log.base.offset, first.store.data.log.base.offset);
  const [ours, theirs] = await Promise.all(
    [node, first].map(async ({ store }) => {
      const blocks = (await store.data.log.read(base, 1e9)).map(({ bytes }) => bytes.toString('hex'));
      return { blocks, ...(await store.snapshots.digest()) };
    }),
  );
  const offsets = [node.offset, first.offset, ours?.offset, theirs?.offset];
  if (offsets.some((offset) => offset !== position.offset)) return false;
  assert.deepEqual(ours?.blocks, theirs?.blocks, 'logs are equal byte for byte');
  assert.equal(ours?.digest, theirs?.digest);
  return true;
}

/** A node that has gone down is forgotten by its upstream, which keeps nothing for it. */
export async function forgotten(world: World, upstream: TestNode, node: TestNode): Promise<void> {
  await world.until('it is away', () => !upstream.followers.isConnected(node.store.identity.nodeId));
  await upstream.replication.forget(node.store.identity.nodeId);
}

/** Makes a world before each test of the `describe` around, and stops it and removes its directories after the test. */
export function worldForEachTest(take: (world: World) => void): void {
  let world: World;

  beforeEach(() => {
    world = new World();
    take(world);
  });

  afterEach(async () => {
    await world.stop();
    await removeTemporaryDirectories();
  });
}
