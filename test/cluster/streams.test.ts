/**
 * Clients publish, subscribe and watch at a leader and its followers, through the
 * client and the command line, while nodes stop and change roles. Each client must
 * get every change once, or learn how much it has missed.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Client } from '../../src/index.js';
import { Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';

const HEADWATER = fileURLToPath(new URL('../../dist/bin/headwater.cjs', import.meta.url));

/** A command that runs on; its lines as they come. */
class Running {
  readonly lines: string[] = [];
  errors = '';
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;

  constructor(node: Daemon, ...args: string[]) {
    this.child = spawn(process.execPath, [HEADWATER, '--connect', node.address, ...args]);
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.exit = new Promise((resolve) => this.child.once('exit', resolve));
  }

  saw(count: number): Promise<unknown> {
    return eventually(
      `${count} lines; so far ${this.lines.join('|')} ${this.errors}`,
      async () => this.lines.length >= count,
    );
  }
}

describe('streams of a cluster', () => {
  let cluster: Cluster;
  const children: Running[] = [];

  beforeEach(() => {
    cluster = new Cluster({ isInProcess: true });
  });

  afterEach(async () => {
    for (const { child } of children.splice(0)) child.kill('SIGKILL');
    await cluster[Symbol.asyncDispose]();
  });

  function run(node: Daemon, ...args: string[]): Running {
    const running = new Running(node, ...args);
    children.push(running);
    return running;
  }

  async function streams(node: Daemon, count: number): Promise<void> {
    await eventually('the streams to be open', async () => {
      const { subscribers, watchers } = await node.status();
      return subscribers + watchers >= count;
    });
  }

  it('carry a message published at a follower to the subscribers of all nodes', async () => {
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    await caughtUp(leader, follower);
    const plain = run(leader, 'subscribe', 'news');
    const json = run(follower, '--json', 'subscribe', '--pattern', 'n*');
    await streams(leader, 1);
    await streams(follower, 1);
    const first = run(follower, 'publish', 'news', 'hello');
    assert.equal(await first.exit, 0);
    assert.deepEqual(first.lines, ['0']);
    const second = run(follower, '--json', 'publish', 'news', 'kept', '--durable');
    assert.equal(await second.exit, 0);
    assert.deepEqual(JSON.parse(second.lines[0] ?? ''), { channel: 'news', offset: 1, durable: true });
    await plain.saw(2);
    await json.saw(2);
    assert.deepEqual(plain.lines, ['news\thello', 'news\tkept']);
    const { position, ...kept } = JSON.parse(json.lines[1] ?? '');
    const expected = { event: 'message', channel: 'news', pattern: 'n*', data: 'kept', offset: 1, durable: true };
    assert.deepEqual(kept, expected);
    assert.match(position, /^[0-9a-f]{40}:1:[0-9a-f]{8}$/);
    await (await leader.client()).publish('news', 'more', { durable: true });
    const resumed = run(follower, 'subscribe', 'news', '--from', position);
    await resumed.saw(1);
    assert.deepEqual(resumed.lines, ['news\tmore']);
    for (const running of [plain, json, resumed]) {
      running.child.kill('SIGINT');
      assert.equal(await running.exit, 0, running.errors);
    }
  });

  it('print changes from an offset or from a token, and end with their reader', async () => {
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    const client = await leader.client();
    await client.set('a', '1');
    await client.set('b', '2');
    await client.del('a');
    const plain = run(leader, 'watch', '--from', '0');
    await plain.saw(3);
    assert.deepEqual(plain.lines, ['put\ta\t1', 'put\tb\t2', 'delete\ta']);
    const json = run(leader, '--json', 'watch', '--from', '2', '--prefix', 'a');
    const change = () => json.lines.find((line) => !line.includes('"progress"'));
    await eventually('the change', async () => change() !== undefined);
    const { position, ...event } = JSON.parse(change() ?? '');
    assert.equal(JSON.parse(json.lines[0] ?? '').event, 'progress', 'it says at once where it begins');
    assert.deepEqual(event, { event: 'delete', offset: 3, last: true, key: 'a' });
    await client.set('c', '3');
    const resumed = run(leader, 'watch', '--from', position);
    await resumed.saw(1);
    assert.deepEqual(resumed.lines, ['put\tc\t3']);
    resumed.child.stdout?.destroy();
    await client.set('d', '4');
    assert.equal(await resumed.exit, 0, resumed.errors);
    assert.equal(await run(leader, 'watch', '--from', 'nonsense').exit, 2);
    assert.equal(await run(leader, 'subscribe').exit, 2);
  });

  it('bring a client every change once while nodes restart, and report missed messages', async () => {
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    await caughtUp(leader, follower);
    await using client = await Client.connect([follower.address]);
    const writer = await leader.client();
    const seen: string[] = [];
    const heard: string[] = [];
    const end = new AbortController();
    const { signal } = end;
    const watching = (async () => {
      for await (const item of client.watch({ from: 0, signal })) if (item.kind === 'put') seen.push(item.key);
    })();
    const listening = (async () => {
      for await (const item of client.subscribe({ channels: ['c'], signal }))
        heard.push(item.kind === 'message' ? item.data : item.kind);
    })();
    await streams(follower, 2);
    await writer.set('k1', 'v');
    await writer.publish('c', 'm1', { durable: true });
    await eventually('the first', async () => seen.length === 1 && heard.length === 1);
    assert.equal(await follower.end('SIGTERM'), 0);
    await writer.set('k2', 'v');
    await writer.publish('c', 'm2', { durable: true });
    await writer.publish('c', 'nobody hears this');
    await follower.start('--follow', leader.address);
    await streams(follower, 2);
    await caughtUp(leader, follower);
    await writer.set('k3', 'v');
    await writer.publish('c', 'm3');
    await eventually(`the rest; so far ${seen} ${heard}`, async () => seen.length === 3 && heard.at(-1) === 'm3');
    end.abort();
    await watching;
    await listening;
    assert.deepEqual(seen, ['k1', 'k2', 'k3']);
    // The node may say it before it has reached its upstream, and once more when that has counted them.
    const told = heard.filter((item, i) => item !== 'missed' || heard[i - 1] !== 'missed');
    assert.deepEqual(told, ['m1', 'missed', 'm2', 'm3']);
    assert.equal((await follower.status()).missedMessages, 0);
  });

  it('end with shutting_down when their node stops, which does not wait for them', async () => {
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    const watching = run(leader, 'watch');
    await streams(leader, 1);
    const began = performance.now();
    assert.equal(await leader.end('SIGTERM'), 0);
    assert(performance.now() - began < 4_000, 'it does not wait for the grace to pass');
    watching.child.kill('SIGINT');
    assert.equal(await watching.exit, 0, watching.errors);
  });

  it('compare --every continues while another node leads, and reports at its end', async () => {
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    const comparing = run(leader, '--json', '--timeout', '5s', 'compare', '--every', '100ms');
    await comparing.saw(2);
    await (await leader.client()).failover();
    await eventually('it to be told', async () => comparing.errors !== '');
    await (await follower.client()).failover();
    const { length } = comparing.lines;
    await comparing.saw(length + 2);
    comparing.child.kill('SIGINT');
    assert.equal(await comparing.exit, 3, comparing.errors);
    assert.match(comparing.errors, /^\{"error":\{"code":"read_only_follower","message":"only a leader compares nodes/m);
    for (const line of comparing.lines) assert.equal(typeof JSON.parse(line).digest, 'string');
  });
});
