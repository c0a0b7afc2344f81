/**
 * Clients write at a leader and read at its followers with tokens, sessions and
 * bounds, over promotions and slow followers. A read must see every write that its
 * guarantee covers, or be sent to the leader.
 */
import assert from 'node:assert/strict';
import { Client } from '../../src/index.js';
import { Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';

describe('guarantees in a cluster', () => {
  let cluster: Cluster;

  beforeEach(() => {
    cluster = new Cluster();
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it('a token of the leader is good at followers, over a promotion, and lost with its branch', async () => {
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    const [there, here] = [await leader.client(), await follower.client()];
    for (let i = 0; i < 50; i++) {
      await there.set('counter', `${i}`);
      assert.equal(await here.get('counter', { atLeast: there.token }), `${i}`);
    }
    await there.set('a', '1', { durability: { level: 'synced' } });
    assert.equal((await leader.status()).durableOffset, 51);
    const { token } = there;
    await caughtUp(leader, follower);
    await here.promote();
    await here.set('b', '1');
    assert.equal(await here.get('a', { atLeast: token }), '1');
    await there.set('lost', '1');
    await assert.rejects(here.get('lost', { atLeast: there.token }), { code: 'lost_branch' });
  });

  it('session reads at a follower see every write before them, at the leader if it lags', async () => {
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    await caughtUp(leader, follower);
    await using db = await Client.connect(leader.address, { readFrom: 'followers', consistency: 'session' });
    for (let i = 0; i < 200; i++) {
      // Alternately with and without waiting for the write: both come first.
      const written = db.set('n', `${i}`);
      if (i % 2 === 0) await written;
      assert.equal(await db.get('n'), `${i}`);
      await written;
    }
    assert.equal(db.address, leader.address);
    // It goes on serving what it has, and gets nothing more.
    await (await follower.client()).follow('127.0.0.1:1');
    await db.set('n', 'newer');
    assert.equal(await db.get('n'), 'newer');
    await follower.end('SIGKILL');
    await db.set('n', 'newest');
    assert.equal(await db.get('n'), 'newest');
  });

  it('a session of three nodes never goes back while followers come and go', async function () {
    this.timeout(60_000);
    const [leader, one, two] = (await cluster.leaderAndFollowers(2)) as [Daemon, Daemon, Daemon];
    for (const follower of [one, two]) await caughtUp(leader, follower);
    const addresses = [one, leader, two].map(({ address }) => address);
    await using db = await Client.connect(addresses, { readFrom: 'followers', consistency: 'session' });
    let [asked, written, reads, more] = [0, 0, 0, true];
    const write = async () => {
      while (more) {
        const value = ++asked;
        await db.set('n', `${value}`);
        written = value;
      }
    };
    let seen = 0;
    const read = async () => {
      while (more) {
        const least = Math.max(written, seen);
        const value = Number(await db.get('n'));
        assert(value >= least && value <= asked, `read ${value}, knew of ${least} of ${asked}`);
        seen = Math.max(seen, value);
        reads++;
      }
    };
    const enough = async () => {
      const [before, goal] = [reads, reads + 50];
      await eventually(`reads after ${before}`, async () => reads >= goal);
    };
    await db.set('n', '0');
    const work = Promise.all([write(), read(), read()]);
    const changes = (async () => {
      for (const node of [one, two, one]) {
        await enough();
        await node.end('SIGKILL');
        await enough();
        await node.start();
        await caughtUp(leader, node);
      }
      await enough();
      more = false;
    })();
    await Promise.all([work, changes]).finally(() => {
      more = false;
    });
    assert.equal(await db.get('n'), `${asked}`);
  });

  it('reads really reach the follower and writes the leader, whatever address is given', async () => {
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    await caughtUp(leader, follower);
    await (await leader.client()).set('a', 'old');
    await caughtUp(leader, follower);
    await using db = await Client.connect(follower.address, { readFrom: 'followers' });
    await (await follower.client()).follow('127.0.0.1:1');
    await db.set('a', 'new');
    assert.equal(await db.get('a'), 'old', 'eventual: what the follower has');
    assert.equal(await (await leader.client()).get('a'), 'new');
    assert.equal(await db.get('a', { atLeast: db.token }), 'new', 'the leader answers where the follower cannot');
  });

  it('a follower that serves no stale reads refuses them while its leader is away', async () => {
    const leader = await cluster.node('leader');
    await leader.start();
    await (await leader.client()).set('a', '1');
    const follower = await cluster.node('follower');
    await follower.start('--follow', leader.address, '--no-serve-stale-reads');
    await caughtUp(leader, follower);
    const here = await follower.client();
    assert.equal(await here.get('a'), '1');
    await leader.end('SIGKILL');
    await eventually('reads to be refused', async () => {
      const error = await here.get('a').catch((failure) => failure);
      return error?.code === 'unavailable' && /serves no stale reads/.test(error.message);
    });
    await leader.start();
    await eventually('reads to be served', async () => (await here.get('a').catch(() => undefined)) === '1');
  });
});
