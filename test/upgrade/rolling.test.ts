/**
 * A tree is updated node by node while a client writes: the program of an earlier version beside this one, as processes.
 * The earlier program is a bundle in the newest fixture that has one.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '../../src/index.js';
import { assertEqualData, Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';
import { aboutOf, fixtureNames, has } from './fixture.js';
import { unpackProgram } from './program.js';

const PROGRAMS = fixtureNames().filter((name) => has(name, 'program.mjs.br'));
const EARLIER = PROGRAMS.at(-1) as string;
const WITHOUT_USERS = PROGRAMS.findLast((name) => aboutOf(name).users.length === 0) as string;

/** Writes all the while, each write to a follower too, and remembers what was acknowledged. */
class Writer implements AsyncDisposable {
  readonly acknowledged: string[] = [];
  readonly errors: unknown[] = [];
  readonly #client: Client;
  readonly #running: Promise<unknown>;
  #stopped = false;

  constructor(client: Client) {
    this.#client = client;
    this.#running = Promise.all([0, 1, 2].map((worker) => this.#write(worker)));
  }

  static async begin(nodes: readonly Daemon[]): Promise<Writer> {
    const client = await Client.connect(nodes.map(({ address }) => address));
    return new Writer(client);
  }

  /** Resolves when more writes are acknowledged than now. */
  async goesOn(): Promise<void> {
    const { length } = this.acknowledged;
    await eventually('writes to go on', async () => this.acknowledged.length > length + 20);
  }

  /** Ends the writes. No caller may have seen an error, and the leader has everything that was acknowledged. */
  async assertNothingLost(leader: Daemon): Promise<void> {
    await this[Symbol.asyncDispose]();
    assert.deepEqual(this.errors, []);
    assert(this.acknowledged.length > 0);
    const client = await leader.client();
    const values = await client.mget(this.acknowledged);
    assert.deepEqual(
      this.acknowledged.filter((key, i) => values[i] !== key),
      [],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#client.close();
  }

  async #write(worker: number): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const key = `${worker}:${i}`;
      try {
        await this.#client.set(key, key);
        this.acknowledged.push(key);
      } catch (error) {
        this.errors.push(error);
        this.#stopped = true;
      }
    }
  }
}

const { version, commit } = aboutOf(EARLIER);

describe(`a tree of this version and of version ${version} at ${commit}`, () => {
  let folder: string;
  let earlier: string;
  let withoutUsers: string;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'headwater-earlier-'));
    earlier = unpackProgram(EARLIER, path.join(folder, 'earlier'));
    withoutUsers = unpackProgram(WITHOUT_USERS, path.join(folder, 'without-users'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function nodesOf(cluster: Cluster, ...names: string[]): Promise<Daemon[]> {
    return Promise.all(names.map((name) => cluster.node(name)));
  }

  const startEarlier = (node: Daemon, ...flags: string[]) => startAs(earlier, node, ...flags);

  async function startAs(file: string, node: Daemon, ...flags: string[]): Promise<void> {
    const { program } = node;
    node.program = file;
    await node.start(...flags).finally(() => {
      node.program = program;
    });
  }

  /** Stops a follower, and starts it as this version. It continues with a partial resync. */
  async function update(node: Daemon, leader: Daemon): Promise<void> {
    assert.equal(await node.end('SIGTERM'), 0);
    await node.start('--follow', leader.address);
    assert.equal((await caughtUp(leader, node)).fullResyncs, 0);
  }

  async function handOver(from: Daemon, to: Daemon, ...others: Daemon[]): Promise<void> {
    await caughtUp(from, to);
    const { newLeader } = await (await from.client()).failover({ to: to.address });
    assert.equal(newLeader, to.address);
    for (const node of [from, ...others]) await caughtUp(to, node);
  }

  const fullResyncs = (nodes: readonly Daemon[]) =>
    Promise.all(nodes.map(async (node) => (await node.status()).fullResyncs));

  it('is updated by the steps of the page, under writes: nothing is lost, no full resync', async function () {
    this.timeout(120_000);
    await using cluster = new Cluster();
    const [a, b, c] = (await nodesOf(cluster, 'a', 'b', 'c')) as [Daemon, Daemon, Daemon];
    await startEarlier(a);
    await Promise.all([b, c].map((node) => startEarlier(node, '--follow', a.address)));
    await using writer = await Writer.begin([a, b, c]);
    await writer.goesOn();
    for (const node of [b, c]) {
      await caughtUp(a, node);
      await update(node, a);
      await writer.goesOn();
    }
    await handOver(a, b, c);
    await writer.goesOn();
    await update(a, b);
    await writer.goesOn();
    await writer.assertNothingLost(b);
    await assertEqualData(b, a, c);
    assert.deepEqual(await fullResyncs([a, b, c]), [0, 0, 0]);
  });

  it('hands the leadership over in both directions, and either leads the other', async function () {
    this.timeout(120_000);
    await using cluster = new Cluster();
    const [a, b, c] = (await nodesOf(cluster, 'new', 'old', 'other')) as [Daemon, Daemon, Daemon];
    await a.start();
    await startEarlier(b, '--follow', a.address);
    await c.start('--follow', b.address);
    const before = await Promise.all([caughtUp(a, b), caughtUp(a, c)]);
    await using writer = await Writer.begin([a, b, c]);
    for (const [from, to] of [
      [a, b],
      [b, a],
      [a, b],
      [b, c],
    ] as const) {
      await writer.goesOn();
      const others = [a, b, c].filter((node) => node !== from && node !== to);
      if (to === c) await (await c.client()).follow(b.address);
      await handOver(from, to, ...others);
    }
    await writer.goesOn();
    await writer.assertNothingLost(c);
    await assertEqualData(c, a, b);
    const expected = [0, ...before.map((status) => status.fullResyncs)];
    assert.deepEqual(await fullResyncs([a, b, c]), expected, 'no resync but the first of each is a full one');
  });

  it('goes back to the earlier version node by node, while nothing new is in the data', async function () {
    this.timeout(120_000);
    await using cluster = new Cluster();
    const [a, b] = (await nodesOf(cluster, 'a', 'b')) as [Daemon, Daemon];
    await a.start();
    await b.start('--follow', a.address);
    await using writer = await Writer.begin([a, b]);
    await writer.goesOn();
    await caughtUp(a, b);
    assert.equal(await b.end('SIGTERM'), 0);
    await startEarlier(b, '--follow', a.address);
    await writer.goesOn();
    await handOver(a, b);
    assert.equal(await a.end('SIGTERM'), 0);
    await startEarlier(a, '--follow', b.address);
    await writer.goesOn();
    await writer.assertNothingLost(b);
    await assertEqualData(b, a);
    assert.deepEqual(await fullResyncs([a, b]), [0, 0]);
  });

  it('takes no user while a node is there that would ask nobody, nor serves it later', async () => {
    await using cluster = new Cluster();
    const [a, b] = (await nodesOf(cluster, 'new', 'old')) as [Daemon, Daemon];
    await a.start();
    await startAs(withoutUsers, b, '--follow', a.address);
    await (await a.client()).set('k', 'v');
    await caughtUp(a, b);
    const { users } = await a.client();
    const boss = { roles: ['admin', 'read', 'write', 'replicate'] } as const;
    await assert.rejects(users.create('boss', boss), {
      code: 'invalid_argument',
      message: new RegExp(`received an older version at ${b.address}, or below\\. Update these nodes first`),
    });
    assert.equal(await b.end('SIGTERM'), 0);
    await eventually('the leader to know that it is gone', async () => {
      await users.create('boss', boss);
      return true;
    });
    await startAs(withoutUsers, b, '--follow', a.address);
    const error = await eventually('the refusal', async () => (await b.status()).upstream?.error || undefined);
    assert.match(error, /UNAUTHENTICATED: Replicate: expected a user and its secret, received none/);
    assert.equal(await (await b.client()).get('k'), 'v');
  });
});
