/**
 * Nodes in a star or a chain are promoted, moved and closed to a loop while data
 * flow. One of them must end as the leader, the others must catch up, and no full
 * resync may come without need.
 */
import assert from 'node:assert/strict';
import { Client } from '../../src/index.js';
import { headwater } from '../cli/command-line.js';
import { assertEqualData, Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';

async function fill(node: Daemon, prefix: string, count = 200): Promise<void> {
  const client = await node.client();
  await Promise.all(Array.from({ length: count }, (_, i) => client.set(`${prefix}${i}`, `value ${i}`)));
}

async function follow(node: Daemon, upstream: Daemon): Promise<void> {
  await (await node.client()).follow(upstream.address);
}

async function promote(node: Daemon): Promise<void> {
  await (await node.client()).promote();
}

async function resyncs(...nodes: Daemon[]): Promise<Array<[full: number, partial: number]>> {
  const statuses = await Promise.all(nodes.map((node) => node.status()));
  return statuses.map(({ fullResyncs, partialResyncs }) => [fullResyncs, partialResyncs]);
}

describe('promotion', () => {
  let cluster: Cluster;

  beforeEach(() => {
    cluster = new Cluster({ isInProcess: true });
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  /** A node that has a process of its own until it is killed. */
  async function killable(name: string): Promise<Daemon> {
    const node = await cluster.node(name);
    node.isInProcess = false;
    return node;
  }

  async function kill(node: Daemon): Promise<void> {
    await node.end('SIGKILL');
    node.isInProcess = true;
  }

  it('begins a new history, and siblings and the former leader need no full resync', async () => {
    const [a, b, c] = (await cluster.leaderAndFollowers(2)) as [Daemon, Daemon, Daemon];
    await fill(a, 'first:');
    await caughtUp(a, b);
    await caughtUp(a, c);
    const before = await resyncs(b, c);
    const { replicationId, epoch, firstOffset } = await (await b.client()).promote();
    assert.deepEqual([epoch, firstOffset], [2, 201]);
    await fill(b, 'second:');
    await follow(c, b);
    await follow(a, b);
    await assertEqualData(b, a, c);
    assert.equal((await a.status()).replicationId, replicationId);
    const [ofB, ofC] = await resyncs(b, c);
    assert.deepEqual(ofB, before[0]);
    assert.deepEqual(ofC, [before[1]?.[0], (before[1]?.[1] ?? 0) + 1]);
    assert.deepEqual(await resyncs(a), [[0, 1]]);
  });

  it('survives restarts, and a second promotion of the same node changes nothing', async () => {
    const [a] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    const b = await killable('b');
    await b.start('--follow', a.address);
    await fill(a, 'first:');
    await caughtUp(a, b);
    const promoted = await (await b.client()).promote();
    assert.deepEqual(await (await b.client()).promote(), promoted);
    await fill(b, 'second:');
    await kill(b);
    await b.start();
    const status = await b.status();
    assert.equal(status.role, 'leader');
    assert.equal(status.upstream, undefined);
    await follow(a, b);
    await assertEqualData(b, a);
    assert.deepEqual(await resyncs(a), [[0, 1]]);
  });

  it('causes no full resync, through many promotions in turn', async () => {
    const nodes = await cluster.leaderAndFollowers(2);
    let leader = nodes[0] as Daemon;
    await fill(leader, 'start:');
    for (const node of nodes.slice(1)) await caughtUp(leader, node);
    const full = (await resyncs(...nodes)).map(([count]) => count);
    for (let round = 0; round < 6; round++) {
      const next = nodes[(round + 1) % nodes.length] as Daemon;
      await promote(next);
      leader = next;
      await fill(leader, `round ${round}:`, 20);
      for (const node of nodes) if (node !== leader) await follow(node, leader);
      await assertEqualData(leader, ...nodes.filter((node) => node !== leader));
    }
    assert.deepEqual(
      (await resyncs(...nodes)).map(([count]) => count),
      full,
    );
    assert.equal((await leader.status()).lineage.at(-1)?.epoch, 7);
  });

  it('is not overruled by a start option that the node is started with each time', async () => {
    const [a, b] = [await killable('a'), await cluster.node('b')];
    await a.start();
    await b.start('--follow', a.address);
    await fill(a, 'shared:');
    await caughtUp(a, b);
    await kill(a);
    await promote(b);
    await fill(b, 'only on b:', 20);
    await a.start();
    await b.end('SIGTERM');
    await b.start('--follow', a.address);
    const status = await b.status();
    assert.deepEqual([status.role, status.lostWrites], ['leader', 0]);
    const ignored = new RegExp(
      `--follow ${a.address} is ignored: this node was promoted .* send "follow ${a.address}"`,
    );
    assert.match(b.log.replaceAll('\\"', '"'), ignored);
    assert.match(status.ignoredFollow, ignored);
    const { stdout } = await headwater(['--connect', b.address, 'status']);
    assert.match(String(stdout), new RegExp(`^option +${ignored.source}`, 'm'));
    assert.equal(await (await b.client()).get('only on b:19'), 'value 19');
    await follow(a, b);
    await assertEqualData(b, a);
    await (await b.client()).failover({ to: a.address });
    assert.equal((await b.status()).ignoredFollow, '');
  });

  it('is not undone by a returning leader, which takes no more writes and drops none', async () => {
    const [a, b] = [await killable('a'), await killable('b')];
    await a.start();
    await b.start('--follow', a.address);
    await fill(a, 'shared:');
    await caughtUp(a, b);
    await kill(a);
    await promote(b);
    // Once more, so that its history is the later one though the other restarts.
    await kill(b);
    await b.start();
    await fill(b, 'only on b:', 20);
    await a.start();
    await follow(b, a);
    const refused = await eventually('the later history to be refused', async () => {
      const { upstream } = await b.status();
      return upstream?.lastRefusal;
    });
    assert.equal(refused.reason, 'LATER_EPOCH');
    assert.match(refused.message, /under epoch 3, the upstream to 200 under epoch 2/);
    assert.match((await a.status()).superseded, /epoch 3/);
    assert.equal((await b.status()).lostWrites, 0);
    assert.equal(await (await b.client()).get('only on b:19'), 'value 19');
    await promote(b);
    await follow(a, b);
    await assertEqualData(b, a);
  });

  it('lets the new leader wait if it is sent below a follower of the older history', async () => {
    const [a, b, c] = (await cluster.leaderAndFollowers(2)) as [Daemon, Daemon, Daemon];
    await fill(a, 'shared:');
    await caughtUp(a, b);
    await caughtUp(a, c);
    await promote(b);
    await fill(b, 'only on b:', 20);
    await fill(a, 'only on a:', 5);
    await caughtUp(a, c);
    await follow(b, c);
    await eventually('it to wait', async () => (await b.status()).upstream?.state === 'waiting');
    await fill(a, 'more on a:', 5);
    await caughtUp(a, c);
    assert.deepEqual([(await b.status()).upstream?.state, (await b.status()).lostWrites], ['waiting', 0]);
    assert.equal(await (await b.client()).get('only on b:19'), 'value 19');
    await promote(b);
    await follow(c, b);
    await follow(a, b);
    await assertEqualData(b, a, c);
  });

  it('moves writes that only the former leader has to lost-writes, and counts them', async () => {
    const [a, b] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    await fill(a, 'shared:');
    await caughtUp(a, b);
    await promote(b);
    await fill(a, 'only on a:', 5);
    await fill(b, 'only on b:', 3);
    await follow(a, b);
    await assertEqualData(b, a);
    const status = await a.status();
    assert.equal(status.lostWrites, 5);
    assert.match(status.upstream?.lastResync?.reason ?? '', /^DIVERGED/);
  });
});

/** The test that kills the head. In all others the head runs in the process of the tests too. */
const KILLS_HEAD = 'keeps its data while its head is away, and resumes when the head is back';

describe('a chain', () => {
  let cluster: Cluster;
  let a: Daemon;
  let b: Daemon;
  let c: Daemon;

  beforeEach(async function () {
    cluster = new Cluster({ isInProcess: true });
    [a, b, c] = [await cluster.node('a'), await cluster.node('b'), await cluster.node('c')];
    a.isInProcess = this.currentTest?.title !== KILLS_HEAD;
    await a.start();
    await b.start('--follow', a.address);
    await c.start('--follow', b.address);
    await fill(a, 'a:');
    await caughtUp(a, b);
    await caughtUp(a, c);
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it('feeds a follower of a follower the same log', async () => {
    await assertEqualData(a, b, c);
    const [ofA, ofC] = [await a.status(), await c.status()];
    assert.deepEqual([ofC.offset, ofC.checksum, ofC.replicationId], [ofA.offset, ofA.checksum, ofA.replicationId]);
  });

  it('belongs to one cluster, even if its lower part began while its head was away', async () => {
    const [head, middle, low] = [await cluster.node('head'), await cluster.node('middle'), await cluster.node('low')];
    await middle.start('--follow', head.address);
    await low.start('--follow', middle.address);
    await eventually(
      'the low node to have an answer',
      async () => (await low.status()).upstream?.state !== 'connecting',
    );
    await head.start();
    await caughtUp(head, middle);
    await fill(head, 'head:');
    await caughtUp(head, low);
    assert.equal((await low.status()).clusterId, (await head.status()).clusterId);
    await promote(low);
    await fill(low, 'low:');
    await follow(middle, low);
    await assertEqualData(low, middle);
  });

  it('continues below a promoted node without a new session', async () => {
    const before = await resyncs(c);
    await promote(b);
    await fill(b, 'b:');
    await assertEqualData(b, c);
    assert.deepEqual(await resyncs(c), before);
    assert.equal((await c.status()).replicationId, (await b.status()).replicationId);
  });

  it('continues below a node that moves to another upstream, without a new session', async () => {
    const d = await cluster.node('d');
    await d.start('--follow', a.address);
    await caughtUp(a, d);
    const before = await resyncs(c);
    await promote(d);
    await fill(d, 'd:');
    await follow(b, d);
    await assertEqualData(d, b, c);
    assert.deepEqual(await resyncs(c), before);
  });

  it(KILLS_HEAD, async () => {
    const before = await resyncs(c);
    await a.end('SIGKILL');
    assert.equal(await (await c.client()).get('a:1'), 'value 1');
    a.isInProcess = true;
    await a.start();
    await fill(a, 'again:');
    await assertEqualData(a, b, c);
    assert.deepEqual(await resyncs(c), before);
  });

  it('refuses by name to become a loop, and heals when one of its nodes is promoted', async () => {
    const full = (await resyncs(a, b, c)).map(([count]) => count);
    await follow(a, c);
    const error = await eventually('the loop to be noticed', async () => {
      for (const node of [a, b, c]) {
        const { upstream } = await node.status();
        if (upstream?.error.includes('is upstream of its own upstream')) return upstream.error;
      }
      return undefined;
    });
    assert.match(error, /[0-9a-f]{8} → .*[0-9a-f]{8}/);
    assert.equal(await (await a.client()).get('a:1'), 'value 1');
    await promote(a);
    await fill(a, 'healed:');
    await assertEqualData(a, b, c);
    assert.deepEqual(
      (await resyncs(a, b, c)).map(([count]) => count),
      full,
    );
  });

  it('refuses writes at every node but its head', async () => {
    for (const node of [b, c]) {
      await using client = await Client.connect(node.address, { redirect: false });
      await assert.rejects(client.set('x', 'y'), { code: 'read_only_follower' });
    }
  });
});
