/**
 * A follower and a client reach a leader over a link on which one value takes longer
 * than a dead link is silent. Every value must cross in both directions, and a link
 * that is really dead must be noticed all the same.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Client } from '../../src/index.js';
import { assertEqualData, Cluster, type Daemon, eventually } from '../support/cluster.js';
import { SlowProxy } from '../support/slow-proxy.js';

const MiB = 1024 * 1024;
const SILENCE = ['--link-timeout', '2s', '--heartbeat-interval', '400ms'];

describe('a slow link', function () {
  this.timeout(90_000);
  let cluster: Cluster;
  let leader: Daemon;
  let follower: Daemon;

  beforeEach(async () => {
    cluster = new Cluster({ isInProcess: true });
    leader = await cluster.node('leader');
    follower = await cluster.node('follower');
    await leader.start(...SILENCE);
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  const deadLinks = () => [leader, follower].map(({ log }) => log.match(/.*silent for.*/g) ?? []);

  /** Until the follower has been level: before its first heartbeat it cannot say how late a value on its way is. */
  async function follow(proxy: SlowProxy): Promise<void> {
    await follower.start(...SILENCE, '--follow', proxy.address);
    await eventually('it streams, and knows its lag', async () => {
      const { upstream } = await follower.status();
      return upstream?.state === 'streaming' && upstream.lagMs !== undefined;
    });
  }

  async function set(node: Daemon, key: string, bytes: number): Promise<void> {
    const db = await node.client();
    await db.set(key, Buffer.alloc(bytes, key));
  }

  it('carries a value that takes twice the silence of a dead link, and lag is reported', async () => {
    await using proxy = await SlowProxy.before(leader.port, MiB);
    await set(leader, 'small', 1);
    await follow(proxy);
    const written = set(leader, 'large', 5 * MiB).then(() => set(leader, 'behind it', 1));
    const { upstream, offset } = await eventually('a lag, or the value has crossed', async () => {
      const status = await follower.status();
      return (status.offset > 1 || (status.upstream?.lagMs ?? 0) > 1_000) && status;
    });
    assert.equal(offset, 1, `the value crossed, and the follower told only of ${JSON.stringify(upstream)}`);
    await written;
    await assertEqualData(leader, follower);
    assert.deepEqual(deadLinks(), [[], []]);
    assert.equal(proxy.connections, 1);
  });

  it('carries values of which one transport message takes longer than that silence', async () => {
    await using proxy = await SlowProxy.before(leader.port, MiB / 8);
    await follow(proxy);
    await set(leader, 'large', (5 * MiB) / 8);
    await assertEqualData(leader, follower);
    assert.deepEqual(deadLinks(), [[], []]);
  });

  it('carries a full resync with large records', async () => {
    await using proxy = await SlowProxy.before(leader.port, MiB);
    for (const key of ['a', 'b']) await set(leader, key, 3 * MiB);
    await follower.start(...SILENCE, '--follow', proxy.address);
    await assertEqualData(leader, follower);
    assert.equal((await follower.status()).fullResyncs, 1);
    assert.deepEqual(deadLinks(), [[], []]);
  });

  it('that breaks in the middle of a full resync carries only the rest of it afterwards', async () => {
    const keys = 8;
    const bytes = MiB / 2;
    await using proxy = await SlowProxy.before(leader.port, 2 * MiB);
    // Random, so that nothing on the way makes less of it.
    const db = await leader.client();
    for (let i = 0; i < keys; i++) await db.set(`key ${i}`, randomBytes(bytes));
    await follower.start(...SILENCE, '--follow', proxy.address);
    const loaded = async () => (await follower.status()).upstream?.loadedKeys ?? 0;
    const kept = await eventually('half of the keys are there', async () => {
      const count = await loaded();
      return count >= keys / 2 && count;
    });
    proxy.cut();
    await set(leader, 'key 0', 1);
    await assertEqualData(leader, follower);
    assert.match(leader.log, /full resync of follower \S+ at offset \d+, resumes behind \d keys/);
    const most = (keys + kept) * bytes;
    assert(proxy.passedBytes < most, `${proxy.passedBytes} bytes passed, expected less than ${most}`);
  });

  it('carries a large message up that a client of the follower publishes', async () => {
    await using proxy = await SlowProxy.before(leader.port, MiB);
    await follow(proxy);
    const db = await follower.client();
    const offset = await db.publish('news', Buffer.alloc(3 * MiB), { durable: true });
    assert.equal((await leader.status()).offset, offset);
    await assertEqualData(leader, follower);
    assert.deepEqual(deadLinks(), [[], []]);
  });

  it('carries a record that takes longer than a client waits for a sign of life', async () => {
    await set(leader, 'large', 4 * MiB);
    await using proxy = await SlowProxy.before(leader.port, MiB);
    const client = await Client.connect(proxy.address, { timeoutMs: 1_500 });
    try {
      const sizes: number[] = [];
      for await (const { value } of client.scan()) sizes.push(value.length);
      assert.deepEqual(sizes, [4 * MiB]);
      const patient = client.get('large', { timeoutMs: 30_000 });
      await assert.rejects(client.get('large'), { code: 'deadline_exceeded' });
      assert.equal((await patient)?.length, 4 * MiB, 'the connection has not been broken');
      assert.equal(proxy.connections, 1);
    } finally {
      await client.close();
    }
  });

  it('is noticed by both ends if it dies in the middle of a value', async () => {
    await using proxy = await SlowProxy.before(leader.port, MiB);
    await follow(proxy);
    await set(leader, 'large', 4 * MiB);
    const before = proxy.passedBytes;
    await eventually('a part has passed', async () => proxy.passedBytes > before + MiB);
    proxy.freeze();
    await eventually('both ends know', async () => deadLinks().every(({ length }) => length > 0));
  });
});
