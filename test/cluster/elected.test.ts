/**
 * A cluster of real nodes over a real etcd: one leads and the others follow, whoever is killed, stopped, or cut off. No
 * write that was answered in the mode `safe` is lost, and a stopped leader answers nothing behind its deadline.
 */
import assert from 'node:assert/strict';
import { type Daemon, eventually } from '../support/cluster.js';
import { Elected, TTL_MS } from '../support/elected.js';
import { ETCD_NEEDED, isEtcdInstalled } from '../support/etcd.js';
import { skipUnless } from '../support/installed.js';

/** A lease that has just been renewed, the silence behind it, and a busy machine. */
const FAILOVER_MS_MAX = 15_000;

describe('a cluster on etcd', function () {
  this.timeout(120_000);

  before(function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
  });

  it('has one leader at once, and another when that is killed; nothing answered is lost', async () => {
    await using elected = await Elected.start(['--cluster-mode', 'safe']);
    const { leader, followers } = await elected.led();
    elected.load();
    await elected.grown();
    await leader.end('SIGKILL');
    const killedMs = performance.now();
    const next = await elected.led(followers);
    const tookMs = performance.now() - killedMs;
    assert(tookMs > TTL_MS - 1_000 && tookMs < FAILOVER_MS_MAX, `${tookMs} ms`);
    await elected.grown();
    await elected.unload();
    await elected.assertNothingLost(next.leader);

    await elected.begin(leader);
    assert.equal((await elected.led()).leader, next.leader, 'the old leader comes back as a follower');
    await elected.assertNothingLost(next.leader);
  });

  it('moves the leadership when a person wants it, and at once when the leader is stopped', async () => {
    await using elected = await Elected.start();
    const { leader, followers } = await elected.led();
    const [target] = followers as [Daemon, Daemon];
    elected.load();
    await elected.grown();
    const reply = await (await leader.client()).failover({ to: target.address });
    assert.equal(reply.newLeader, target.address);
    const client = await target.client();
    await assert.rejects(client.promote(), /which can lead on request.*"headwater cluster switch"/);
    await assert.rejects(client.follow(leader.address), /can follow another node on request/);
    await elected.led();
    await elected.grown();
    const status = await client.clusterStatus();
    assert.deepEqual([status.state, status.mode, status.members.length], ['leading', 'available', 3]);
    assert.deepEqual(
      status.history.map(({ reason, address }) => [reason, address]),
      [
        ['first', leader.address],
        ['planned', target.address],
      ],
    );
    assert(status.leftMs > 0 && status.leftMs <= TTL_MS, `${status.leftMs} ms`);
    await client.clusterPause();
    await eventually('a pause', async () => (await (await leader.client()).clusterStatus()).paused);
    await client.clusterPause({ undo: true });
    await eventually('no pause', async () => !(await (await leader.client()).clusterStatus()).paused);
    await assert.rejects((await leader.client()).clusterSwitch(), /this node does not lead the cluster/);

    await target.end('SIGTERM');
    const next = await elected.led(elected.nodes.filter((node) => node !== target));
    await elected.grown();
    assert.doesNotMatch(elected.log, /the last sign of life of the last leader is/, 'nobody waits for a lease');
    await elected.unload();
    await elected.assertNothingLost(next.leader);
  });

  it('has no answers of a leader that stood still, which then follows without a full resync', async () => {
    await using elected = await Elected.start(['--cluster-mode', 'safe']);
    const { leader, followers } = await elected.led();
    const stopped = await leader.client();
    await stopped.set('before', '1');
    leader.signal('SIGSTOP');
    const late = stopped.set('late', '1', { timeoutMs: 60_000 }).then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    );
    const next = await elected.led(followers);
    await (await next.leader.client()).set('late', '2');
    leader.signal('SIGCONT');
    assert.notEqual(await late, 'answered');
    assert.equal((await elected.led()).leader, next.leader);
    assert.equal((await leader.status()).fullResyncs, 0);
    assert.equal(await (await next.leader.client()).get('late'), '2');
  });

  it('answers without a follower that stands still, in the mode safe', async () => {
    await using elected = await Elected.start(['--cluster-mode', 'safe']);
    const { leader, followers } = await elected.led();
    await elected.whole(leader);
    const client = await leader.client();
    await client.set('before', '1');
    followers[0]?.signal('SIGSTOP');
    const stoppedMs = performance.now();
    await client.set('without', '1', { timeoutMs: TTL_MS });
    assert(performance.now() - stoppedMs < TTL_MS);
    assert.deepEqual((await client.clusterStatus()).required.length, 2);
    followers[0]?.signal('SIGCONT');
    await elected.led();
    await elected.whole(leader);
  });

  it('stops to answer writes while etcd is away, and leads again when etcd is back', async () => {
    await using elected = await Elected.start();
    const { leader } = await elected.led();
    await elected.etcd.members[0]?.kill();
    const client = await leader.client();
    await eventually('the leader to stop', async () =>
      client.set('k', 'v', { timeoutMs: 500 }).then(
        () => false,
        () => true,
      ),
    );
    await eventually('no node to name a leader', async () => {
      const shown = await Promise.all(elected.nodes.map(async (node) => (await node.client()).clusterStatus()));
      return shown.every(
        ({ leaderId, why }) => leaderId === '' && why.startsWith('the store of the cluster does not answer: '),
      );
    });
    for (const node of elected.nodes)
      await assert.rejects(
        (await node.client()).set('k', 'v'),
        /knows no leader of its cluster now: the store of the cluster does not answer: etcd/,
      );
    elected.etcd.members[0]?.start();
    await elected.led();
  });

  it('leads on without etcd with --failsafe, while all nodes answer', async () => {
    await using elected = await Elected.start(['--failsafe']);
    const { leader, followers } = await elected.led();
    await eventually('etcd to know all nodes', async () => {
      const known = await elected.etcd.control('get', '/headwater/test/members-known', '--print-value-only');
      return JSON.parse(known).nodes.length === 3;
    });
    await elected.etcd.members[0]?.kill();
    const client = await leader.client();
    const untilMs = performance.now() + 3 * TTL_MS;
    while (performance.now() < untilMs) await client.set('k', String(performance.now()));
    await followers[0]?.end('SIGKILL');
    await eventually('the leader to stop without a node', async () =>
      client.set('k', 'v', { timeoutMs: 500 }).then(
        () => false,
        () => true,
      ),
    );
  });
});
