/** `cluster` and the commands below it, over three real nodes and a real etcd. */
import assert from 'node:assert/strict';
import { Cluster, type Daemon } from '../support/cluster.js';
import { ETCD_NEEDED, EtcdCluster, isEtcdInstalled } from '../support/etcd.js';
import { skipUnless } from '../support/installed.js';
import { endAll, eventually, headwater, type Outcome } from './command-line.js';

describe('the command cluster', function () {
  this.timeout(120_000);
  let etcd: EtcdCluster;
  let cluster: Cluster;
  let nodes: Daemon[];

  before(async function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
    etcd = await EtcdCluster.start();
    cluster = new Cluster();
    nodes = [await cluster.node('a'), await cluster.node('b'), await cluster.node('c')];
    const url = `etcd://${at()}/shop`;
    await Promise.all(nodes.map((node) => node.start('--cluster', url, '--cluster-ttl', '3s')));
    await eventually('a leader that two follow', async () => {
      const { members = [], leaderId = '' } = (await (nodes[0] as Daemon).status()).cluster ?? {};
      return (
        leaderId !== '' && members.length === 3 && members.filter(({ cannotLead }) => cannotLead === '').length === 3
      );
    });
  });

  after(async () => {
    await endAll();
    await cluster?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  const at = () => etcd.endpoints.map(({ host, port }) => `${host}:${port}`).join();
  const run = (...words: string[]): Promise<Outcome> =>
    headwater(words, { env: { HEADWATER_CONNECT: `headwater+etcd://${at()}/shop` } });

  async function result(...words: string[]): Promise<Record<string, unknown>> {
    const { status, stdout, stderr } = await run('--json', ...words);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout.toString());
  }

  it('shows the leader, the rest of its lease, and who could lead next', async () => {
    const { status, stdout } = await run('cluster');
    assert.equal(status, 0);
    const shown = stdout.toString();
    assert.match(shown, /^cluster +shop {2}[0-9a-f]{32}\nmode +available, a lease lives 3 s\n/);
    assert.match(
      shown,
      /\nleader +127\.0\.0\.1:\d+ \([0-9a-z-]+\), \d\.\d s of its lease left\nterm +\d+\nthis node +leading\n/,
    );
    assert.match(shown, /\naddress +node +offset +durable +behind +could lead\n/);
    assert.equal(shown.match(/ yes$/gm)?.length, 2);
    assert.equal(shown.match(/ leads$/gm)?.length, 1);
    const { name, leader_id, members, history } = await result('cluster');
    assert.deepEqual([name, (members as unknown[]).length, history], ['shop', 3, undefined]);
    assert.equal(typeof leader_id, 'string');
  });

  it('says why a node could not lead, and with status 1 that nobody could', async () => {
    const leaderId = (await result('cluster')).leader_id;
    const statuses = await Promise.all(nodes.map((node) => node.status()));
    const others = nodes.filter((_, i) => statuses[i]?.nodeId !== leaderId);
    for (const node of others) await (await node.client()).drain();
    const shown = await eventually('the reasons', async () => {
      const { status, stdout } = await run('cluster');
      return status === 1 && stdout.toString();
    });
    assert.equal(shown.match(/ no: .+$/gm)?.length, 2, shown);
    for (const node of others) await (await node.client()).drain({ undo: true });
    await eventually('the end of it', async () => (await run('cluster')).status === 0);
  });

  it('pauses the cluster and resumes it', async () => {
    const paused = await run('cluster', 'pause');
    assert.deepEqual(
      [paused.status, paused.stdout.toString()],
      [0, 'paused: if the leader goes, no other node leads until "cluster resume"\n'],
    );
    await eventually('the pause', async () => /\npaused +no other node leads/.test(`${(await run('cluster')).stdout}`));
    const { status, stdout } = await run('cluster');
    assert.equal(status, 1, 'no other node would lead next');
    assert.equal(`${stdout}`.match(/no: the cluster is paused$/gm)?.length, 2);
    assert.deepEqual(await result('cluster', 'resume'), { paused: false });
    await eventually('its end', async () => (await result('cluster')).paused === false);
  });

  it('gives the leadership to another node, which the history shows', async () => {
    const { leader_address: before, members } = await result('cluster');
    const target = (members as Array<{ address: string }>).find(({ address }) => address !== before)?.address ?? '';
    const { status, stdout, stderr } = await run('cluster', 'switch', '--to', target);
    assert.equal(status, 0, stderr);
    assert.match(
      stdout.toString(),
      new RegExp(`^${target} leads from offset \\d+ in place of ${before}; writes waited`),
    );
    await eventually('no node to miss a follower that follows the new leader', async () => {
      const statuses = await Promise.all(nodes.map((node) => node.status()));
      return statuses.every(({ knownFollowers }) => knownFollowers.every(({ connected }) => connected));
    });
    const lines = (await run('--json', 'cluster', 'history')).stdout.toString().trim().split('\n');
    const [newest, oldest] = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      [newest.address, newest.reason, oldest.address, oldest.reason],
      [target, 'planned', before, 'first'],
    );
    assert.match(
      (await run('cluster', 'history')).stdout.toString(),
      /^began +ended +term +leader +node +reason\n.*planned\n.*first\n2 leaderships in/,
    );
    const nobody = await run('cluster', 'switch', '--to', 'nobody');
    assert.equal(nobody.status, 3);
    assert.match(
      nobody.stderr,
      /expected the address or the node ID of another node of the cluster, received "nobody"/,
    );
  });

  it('is refused by a node without a cluster', async () => {
    const alone = await cluster.node('alone');
    await alone.start();
    for (const words of [['cluster'], ['cluster', 'pause'], ['cluster', 'history']]) {
      const { status, stderr } = await headwater(['--connect', alone.address, ...words]);
      assert.equal(status, 2);
      assert.match(stderr, /expected a node with --cluster, received one without/);
    }
  });
});
