/**
 * A leader gets SIGTERM while its follower lags. It must wait for the follower, at
 * most for the configured time, and then stop in good order. After
 * integration/shutdown.tcl of Redis.
 */
import assert from 'node:assert/strict';
import { Client } from '../../src/index.js';
import { assertEqualData, Cluster, type Daemon, eventually } from '../support/cluster.js';

describe('SIGTERM at a leader', () => {
  let cluster: Cluster;
  let leader: Daemon;
  let follower: Daemon;
  /** It may have come when there was something already. */
  let fullResyncs: number;

  async function lagging(...flags: string[]): Promise<void> {
    [leader, follower] = (await cluster.leaderAndFollowers(1, '--link-timeout', '30s', ...flags)) as [Daemon, Daemon];
    const client = await leader.client();
    await client.set('k', '1');
    await assertEqualData(leader, follower);
    ({ fullResyncs } = await follower.status());
    follower.signal('SIGSTOP');
    await client.incr('k');
  }

  const untilItWaits = () =>
    eventually('the leader to take no more writes', async () => leader.log.includes('"event":"stopping"'));

  beforeEach(() => {
    cluster = new Cluster();
  });

  afterEach(async () => {
    follower.signal('SIGCONT');
    await cluster[Symbol.asyncDispose]();
  });

  it('waits for a follower that lags, which has the last write then', async () => {
    await lagging('--shutdown-timeout', '60s');
    await using once = await Client.connect(leader.address, { retry: { attempts: 1 } });
    const ended = leader.end('SIGTERM');
    await untilItWaits();
    await assert.rejects(once.set('late', '1'), { code: 'shutting_down' });
    assert.equal(String(await (await leader.client()).get('k')), '2', 'reads are answered');
    follower.signal('SIGCONT');
    assert.equal(await ended, 0, leader.log);
    assert.match(leader.log, /before this stop, 1 follower appended all writes, up to offset 2/);
    assert.equal(String(await (await follower.client()).get('k')), '2');
    await leader.start();
    await assertEqualData(leader, follower);
    assert.equal((await follower.status()).fullResyncs, fullResyncs);
  });

  it('gives up after --shutdown-timeout, says so, and ends in order', async () => {
    await lagging('--shutdown-timeout', '200ms');
    assert.equal(await leader.end('SIGTERM'), 0, leader.log);
    assert.match(leader.log, /1 of 1 followers may lack the last writes after 200 ms: expected offset 2/);
    assert.match(leader.log, /"event":"stopped"/);
    await leader.start();
    follower.signal('SIGCONT');
    await assertEqualData(leader, follower);
  });

  it('ends at once at a second one while it waits, with status 130', async () => {
    await lagging('--shutdown-timeout', '60s');
    const { pid } = leader;
    const ended = leader.end('SIGTERM');
    await untilItWaits();
    process.kill(pid, 'SIGTERM');
    assert.equal(await ended, 130);
  });
});
