/** A node that was started by mistake with another name, or with another etcd, than its cluster has. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CLUSTER_FILE } from '../../src/cluster/memory.js';
import { Cluster, eventually } from '../support/cluster.js';
import { ETCD_NEEDED, EtcdCluster, isEtcdInstalled } from '../support/etcd.js';
import { skipUnless } from '../support/installed.js';

/** More than the revisions of the first etcd: a lower one would be refused for itself. */
const FURTHER = 60;

describe('a node of a cluster', function () {
  this.timeout(120_000);

  before(function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
  });

  it('does not lead under another name or over another etcd, unless a person moves it', async () => {
    await using cluster = new Cluster();
    await using etcd = await EtcdCluster.start();
    await using other = await EtcdCluster.start();
    const node = await cluster.node('n');
    const at = (store: EtcdCluster, name: string) =>
      node.start('--cluster', `etcd://127.0.0.1:${store.endpoints[0]?.port}/${name}`, '--cluster-ttl', '3s');
    const remembered = () => readFileSync(path.join(node.directory, CLUSTER_FILE), 'utf8');
    const state = async () => (await (await node.client()).clusterStatus()).state;
    const leads = () => eventually('the node to lead', async () => (await state()) === 'leading');

    await at(etcd, 'main');
    await leads();
    await (await node.client()).set('a', '1');
    // The file is written a second after the first view.
    await eventually('the memory', async () => remembered().includes('etcd://…/main'));
    await node.end('SIGTERM');

    await assert.rejects(at(etcd, 'mian'), /expected etcd:\/\/…\/main, .* received etcd:\/\/…\/mian\. Start the node/);
    assert.equal(await node.exited(), 2);

    for (let i = 0; i < FURTHER; i++) await other.control('put', 'k', `${i}`);
    await at(other, 'main');
    await eventually('the store to be refused', async () => (await state()) === 'refused');
    const { why } = await (await node.client()).clusterStatus();
    assert.match(why, /is another cluster: expected the cluster ID .* Check the addresses of etcd, and restart/);
    await assert.rejects((await node.client()).set('a', '2', { timeoutMs: 500 }));
    await node.end('SIGTERM');

    await at(etcd, 'main');
    await leads();
    await node.end('SIGTERM');
    rmSync(path.join(node.directory, CLUSTER_FILE));
    await at(other, 'main');
    await leads();
    assert.equal(await (await node.client()).get('a').then(String), '1');
  });
});
