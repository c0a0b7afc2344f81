/**
 * Redis Sentinel watches a tree of nodes through the Redis door, and fails it over: the same requests, and the same
 * fields of INFO, as with Redis. The tests need the program redis-sentinel, and are skipped where it is missing.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort, eventually as patiently } from '../../benchmarks/waiting.js';
import { Cluster, caughtUp, type Daemon } from '../support/cluster.js';
import { isInstalled, skipUnless } from '../support/installed.js';

const DOWN_AFTER_MS = 1_000;
const FAILOVER_MS = 60_000;

/** A Sentinel asks more often than by itself, so that the tests take seconds. */
const PERIODS = { 'info-period': '1000', 'publish-period': '200' };

/** A Sentinel moves in steps of seconds. */
function eventually<T>(what: string, condition: () => Promise<T | false | undefined>): Promise<T> {
  return patiently(what, condition, { patienceMs: 60_000, everyMs: 50 });
}

/** A Sentinel of its own, which ends with the test. */
class Sentinel implements AsyncDisposable {
  readonly port: number;
  readonly client: Redis;
  readonly #process: ChildProcess;
  readonly #directory: string;
  log = '';

  private constructor(port: number, directory: string, config: string) {
    this.port = port;
    this.#directory = directory;
    this.#process = spawn('redis-sentinel', [config], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
      });
    this.client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => 50 });
    this.client.on('error', () => {});
  }

  static async of(leader: Daemon, quorum: number): Promise<Sentinel> {
    const port = await freePort();
    const directory = mkdtempSync(path.join(tmpdir(), 'headwater-sentinel-'));
    const config = path.join(directory, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor tree 127.0.0.1 ${leader.port} ${quorum}`,
      `sentinel down-after-milliseconds tree ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout tree ${FAILOVER_MS}`,
      'sentinel parallel-syncs tree 1',
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    const sentinel = new Sentinel(port, directory, config);
    await eventually('the Sentinel to answer', async () => (await sentinel.ask('PING')) === 'PONG');
    for (const [name, value] of Object.entries(PERIODS)) await sentinel.ask('SENTINEL', 'DEBUG', name, value);
    return sentinel;
  }

  ask(command: string, ...words: string[]): Promise<unknown> {
    return this.client.call(command, ...words);
  }

  /** The fields of each replica that the Sentinel knows. */
  async replicas(): Promise<Array<Record<string, string>>> {
    const rows = (await this.ask('SENTINEL', 'REPLICAS', 'tree')) as Array<string[] | Record<string, string>>;
    return rows.map((row) => (Array.isArray(row) ? pairs(row) : row));
  }

  /** The port of the node that the Sentinel holds for the master. */
  async masterPort(): Promise<number> {
    const [, port] = (await this.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'tree')) as [string, string];
    return Number(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.disconnect();
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGKILL');
      await exited;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function pairs(row: string[]): Record<string, string> {
  return Object.fromEntries(row.flatMap((name, at) => (at % 2 === 0 ? [[name, row[at + 1] as string]] : [])));
}

describe('Redis Sentinel', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  const sentinels: Sentinel[] = [];

  before(function () {
    skipUnless(this, isInstalled('redis-sentinel', '--version'), 'redis-sentinel');
  });

  beforeEach(() => {
    cluster = new Cluster();
  });

  afterEach(async () => {
    await Promise.all(sentinels.splice(0).map((sentinel) => sentinel[Symbol.asyncDispose]()));
    await cluster[Symbol.asyncDispose]();
  });

  async function watch(leader: Daemon, quorum = 1): Promise<Sentinel> {
    const sentinel = await Sentinel.of(leader, quorum);
    sentinels.push(sentinel);
    return sentinel;
  }

  /** Sends a command to the node that the Sentinel names. */
  async function askMaster(sentinel: Sentinel, command: string, ...words: string[]): Promise<unknown> {
    const client = new Redis({ host: '127.0.0.1', port: await sentinel.masterPort() });
    try {
      return await client.call(command, ...words);
    } finally {
      await client.quit();
    }
  }

  it('finds the followers of a tree, and sees nothing wrong', async () => {
    const [leader] = (await cluster.leaderAndFollowers(2)) as [Daemon, Daemon, Daemon];
    const sentinel = await watch(leader);
    const replicas = await eventually('the Sentinel to know both followers', async () => {
      const found = await sentinel.replicas();
      return found.length === 2 && found.every((one) => one['master-link-status'] === 'ok') && found;
    });
    for (const replica of replicas) {
      assert.equal(replica.flags, 'slave');
      assert.equal(replica['master-port'], String(leader.port));
      assert.match(replica.runid ?? '', /^[0-9a-f]{40}$/);
    }
  });

  it('makes a follower lead when the leader dies, moves the other, and takes the old one back', async () => {
    const [leader, one, other] = (await cluster.leaderAndFollowers(2)) as [Daemon, Daemon, Daemon];
    const sentinel = await watch(leader);
    await askMaster(sentinel, 'SET', 'before', '1');
    await caughtUp(leader, one);
    await caughtUp(leader, other);
    await eventually('the Sentinel to know both followers', async () => (await sentinel.replicas()).length === 2);
    await eventually('both to be healthy', async () =>
      (await sentinel.replicas()).every((replica) => replica['master-link-status'] === 'ok'),
    );

    await leader.end('SIGKILL');
    const port = await eventually('the Sentinel to name another master', async () => {
      const now = await sentinel.masterPort();
      return now !== leader.port && now;
    });
    const [next, rest] = port === one.port ? [one, other] : [other, one];
    assert.equal((await next.status()).role, 'leader', sentinel.log);
    await askMaster(sentinel, 'SET', 'after', '1');
    await eventually('the other follower to follow the new leader', async () => {
      const { upstream } = await rest.status();
      return upstream?.address === next.address && upstream.state === 'streaming';
    });
    await caughtUp(next, rest);

    await leader.start();
    await eventually('the Sentinel to make the old leader follow', async () => {
      const { role, upstream } = await leader.status();
      return role === 'follower' && upstream?.address === next.address && upstream.state === 'streaming';
    });
    await caughtUp(next, leader);
    assert.deepEqual(await askMaster(sentinel, 'MGET', 'before', 'after'), ['1', '1']);
    assert.equal((await leader.status()).fullResyncs, 0);
  });

  it('hands over at the order of a person', async () => {
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    const sentinel = await watch(leader);
    await eventually('the Sentinel to know the follower', async () =>
      (await sentinel.replicas()).some((replica) => replica['master-link-status'] === 'ok'),
    );
    assert.equal(await eventually('the order to be taken', () => sentinel.ask('SENTINEL', 'FAILOVER', 'tree')), 'OK');
    await eventually('the follower to lead', async () => (await follower.status()).role === 'leader');
    await eventually(
      'the Sentinel to name the new master',
      async () => (await sentinel.masterPort()) === follower.port,
    );
    await eventually('the former leader to follow', async () => {
      const { upstream } = await leader.status();
      return upstream?.address === follower.address && upstream.state === 'streaming';
    });
  });
});
