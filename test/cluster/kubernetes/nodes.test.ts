/** Three real nodes whose leader a Lease of Kubernetes decides. The API server is one of the tests. */
import assert from 'node:assert/strict';
import { Cluster, type Daemon, eventually } from '../../support/cluster.js';
import { KubernetesApi } from '../../support/kubernetes-api.js';

describe('a cluster over a Lease of Kubernetes', function () {
  this.timeout(120_000);
  let api: KubernetesApi;
  let cluster: Cluster;

  beforeEach(async () => {
    api = await KubernetesApi.start();
    cluster = new Cluster();
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  const begin = (node: Daemon) =>
    node.start('--cluster', 'k8s://shop/main', '--kubernetes-server', api.address, '--cluster-ttl', '3s');

  async function led(nodes: readonly Daemon[]): Promise<Daemon> {
    return eventually('one leader that the others follow', async () => {
      const statuses = await Promise.all(nodes.map((node) => node.status()));
      const leader = nodes.find((_, at) => statuses[at]?.role === 'leader');
      if (!leader) return false;
      await (await leader.client()).set('led', leader.name);
      const follow = statuses.filter(({ upstream }) => upstream?.address === leader.address);
      return follow.every(({ upstream }) => upstream?.state === 'streaming') && follow.length === nodes.length - 1
        ? leader
        : false;
    });
  }

  it('has one leader, and another one when that is killed', async () => {
    const nodes = [await cluster.node('a'), await cluster.node('b'), await cluster.node('c')];
    await Promise.all(nodes.map(begin));
    const first = await led(nodes);
    await (await first.client()).set('kept', '1', {
      durability: { level: 'followers', followers: 2, timeoutMs: 5_000 },
    });
    const { nodeId } = await first.status();
    assert.equal(api.lease('shop', 'main')?.spec?.holderIdentity, nodeId);
    await first.end('SIGKILL');
    const others = nodes.filter((node) => node !== first);
    const second = await led(others);
    assert.equal(await (await second.client()).get('kept'), '1');
    await begin(first);
    assert.equal(await led(nodes), second);
    // A leader that is stopped gives the leadership back, so nobody waits for its lease.
    const { nodeId: last } = await second.status();
    await second.end('SIGTERM');
    assert.notEqual(api.lease('shop', 'main')?.spec?.holderIdentity, last);
  });

  it('is refused outside of a pod, unless a proxy on this machine is named', async () => {
    const node = await cluster.node('a');
    for (const [flags, says] of [
      [[], /expected a node in a pod of Kubernetes.*received none\. Run \\"kubectl proxy\\"/],
      [['--kubernetes-server', 'http://10.0.0.1:1'], /kubernetes-server: expected a proxy on this machine/],
    ] as const) {
      await node.start('--cluster', 'k8s://shop/main', ...flags).catch(() => {});
      assert.match(node.log, says);
      await node.exited().catch(() => {});
    }
  });
});
