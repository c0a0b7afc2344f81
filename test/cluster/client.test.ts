/** A client over real nodes: the leader is killed while it writes, and the store starts after the program. */
import assert from 'node:assert/strict';
import { Client, HeadwaterError } from '../../src/index.js';
import { Cluster, caughtUp, eventually } from '../support/cluster.js';

const WRITES = 200;

describe('a client of real nodes', function () {
  this.timeout(60_000);
  let cluster: Cluster;

  beforeEach(() => {
    cluster = new Cluster();
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it('that starts before its store waits for it', async () => {
    const node = await cluster.node('late');
    const connecting = Client.connect(node.address, { wait: true });
    await node.start();
    await using db = await connecting;
    assert.equal(await db.incr('n'), 1);
  });

  it('writes on when the leader is killed and another promoted: done once, or unknown', async () => {
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert(leader && follower);
    await using db = await Client.connect([leader.address, follower.address]);
    await db.set('n', '0');
    await caughtUp(leader, follower);
    const outcomes = { done: 0, unknown: 0, failed: [] as unknown[] };
    let asked = 0;
    let isKilled = false;
    const write = async () => {
      while (asked < WRITES) {
        asked++;
        // What a follower has survives the leader. The new leader has no follower.
        const durability = isKilled ? undefined : ({ level: 'followers' } as const);
        await db.incr('n', 1, { durability }).then(
          () => outcomes.done++,
          (error) => (HeadwaterError.is(error, 'outcome_unknown') ? outcomes.unknown++ : outcomes.failed.push(error)),
        );
      }
    };
    const writers = Array.from({ length: 10 }, write);
    await eventually('some writes', async () => outcomes.done > 20);
    isKilled = true;
    const lost = new Promise((resolve) => db.once('lost', resolve));
    await leader.end('SIGKILL');
    await lost;
    // The writes that come now wait for a leader.
    const waiting = db.incr('n');
    {
      await using own = await Client.connect(follower.address, { redirect: false });
      await own.promote();
    }
    await Promise.all([waiting, ...writers]);
    assert.deepEqual(outcomes.failed, []);
    assert.equal(outcomes.done + outcomes.unknown, WRITES);
    const n = Number(await db.get('n'));
    const done = outcomes.done + 1;
    assert(n >= done && n <= done + outcomes.unknown, `${n}: expected ${done} and up to ${outcomes.unknown} more`);
    assert.equal(db.address, follower.address);
  });
});
