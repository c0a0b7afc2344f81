/**
 * A real leader, a follower and a follower of that one take writes, and one of them
 * is frozen or stopped. The leader's status must show what each of them has, and
 * writes that need followers must succeed or be refused accordingly.
 */
import assert from 'node:assert/strict';
import { assertEqualData, Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';

describe('a leader that wants followers close by', () => {
  let cluster: Cluster;

  beforeEach(() => {
    cluster = new Cluster();
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it('takes writes with them, refuses writes while one is stopped, and recovers with it', async () => {
    const flags = ['--heartbeat-interval', '100ms', '--max-lag', '1s'];
    const [leader, follower] = (await cluster.leaderAndFollowers(1, ...flags, '--min-followers', '1')) as [
      Daemon,
      Daemon,
    ];
    const client = await leader.client();
    const { followersWithinLag, minFollowers, maxLagMs, heartbeatIntervalMs } = await eventually(
      'the follower to be heard',
      async () => {
        const status = await leader.status();
        return status.followersWithinLag === 1 && status;
      },
    );
    assert.deepEqual([followersWithinLag, minFollowers, maxLagMs, heartbeatIntervalMs], [1, 1, 1_000, 100]);
    await client.set('a', '1');
    process.kill(follower.pid, 'SIGSTOP');
    try {
      await eventually('writes to be refused', async () =>
        client.set('b', '2').then(
          () => false,
          ({ code, details }) => {
            assert.equal(code, 'too_few_followers');
            assert.deepEqual(details, { followers: 0, minFollowers: 1, maxLagMs: 1000 });
            return true;
          },
        ),
      );
      assert.equal(String(await client.get('a')), '1', 'reads are answered');
    } finally {
      process.kill(follower.pid, 'SIGCONT');
    }
    await eventually('writes to be taken again', () =>
      client.set('c', '3').then(
        () => true,
        () => false,
      ),
    );
    await assertEqualData(leader, follower);
  });

  it('knows a follower of a follower by its address, and names the node between them', async () => {
    const [leader, middle] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    const bottom = await cluster.node('bottom');
    await bottom.start('--follow', middle.address);
    await (await leader.client()).set('a', '1');
    await caughtUp(leader, bottom);
    const [{ nodeId: via }, { nodeId }] = [await middle.status(), await bottom.status()];
    const status = await eventually('the leader to hear of it', async () => {
      const { followers, offset } = await leader.status();
      return followers.find((follower) => follower.nodeId === nodeId && follower.appendedOffset === offset);
    });
    assert.deepEqual([status.via, status.state, status.lagCommands, status.lagMs], [via, 'below', 0, 0]);
    assert.equal(status.address, bottom.address);
  });
});
