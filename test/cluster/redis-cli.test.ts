/** Two nodes and redis-cli, as a person tries a store: write, follow at run time, kill the leader, lead. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Cluster, type Daemon, eventually } from '../support/cluster.js';
import { isInstalled, skipUnless } from '../support/installed.js';

describe('redis-cli and two nodes', () => {
  let cluster: Cluster;

  before(function () {
    skipUnless(this, isInstalled('redis-cli', '--version'), 'redis-tools');
  });

  beforeEach(() => {
    cluster = new Cluster();
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  function cli(node: Daemon, ...words: string[]): string {
    const { stdout, stderr } = spawnSync('redis-cli', ['-p', String(node.port), ...words], {
      encoding: 'utf8',
      timeout: 10_000,
    });
    return (stdout + stderr).trim();
  }

  async function hasKeys(node: Daemon, ...keys: string[]): Promise<void> {
    await eventually(`${node.name} to have ${keys}`, async () => cli(node, 'keys', '*') === keys.join('\n'));
  }

  const slaveOf = (node: Daemon, master: Daemon) => cli(node, 'slaveof', '127.0.0.1', String(master.port));

  it('write on one and read on both, also after the first was killed and the second leads', async () => {
    const [master, slave] = [await cluster.node('master'), await cluster.node('slave')];
    await Promise.all([master.start(), slave.start()]);
    assert.equal(cli(master, 'set', 'greeting', 'hello'), 'OK');
    assert.equal(slaveOf(slave, master), 'OK');
    await hasKeys(slave, 'greeting');
    await hasKeys(master, 'greeting');
    assert.equal(cli(slave, 'get', 'greeting'), 'hello');
    assert.equal(cli(slave, 'set', 'greeting', 'no'), "READONLY You can't write against a read only replica.");

    await master.end('SIGKILL');
    assert.equal(cli(slave, 'get', 'greeting'), 'hello');
    assert.equal(cli(slave, 'slaveof', 'no', 'one'), 'OK');
    assert.equal(cli(slave, 'set', 'next', '1'), 'OK');

    await master.start();
    assert.equal(slaveOf(master, slave), 'OK');
    await hasKeys(master, 'greeting', 'next');
    assert.match(cli(master, 'role'), /^slave\n127\.0\.0\.1\n/);
  });

  it('follow by a line of the configuration, and keep the order of a client over a restart', async () => {
    const [master, slave] = [await cluster.node('master'), await cluster.node('slave')];
    await master.start();
    const config = path.join(mkdtempSync(path.join(tmpdir(), 'headwater-slave-')), 'slave.toml');
    writeFileSync(config, `slaveof = "127.0.0.1 ${master.port}"\n`);
    await slave.start('--config', config);
    cli(master, 'set', 'a', '1');
    await hasKeys(slave, 'a');
    assert.equal(cli(slave, 'replicaof', 'no', 'one'), 'OK');
    await slave.end('SIGTERM');
    await slave.start('--config', config);
    assert.match(cli(slave, 'role'), /^master\n/);
    rmSync(path.dirname(config), { recursive: true });
  });

  it('end a node with SHUTDOWN as SIGTERM does', async () => {
    const node = await cluster.node('node');
    await node.start();
    cli(node, 'set', 'a', '1');
    assert.equal(cli(node, 'shutdown'), '');
    assert.equal(await node.exited(), 0);
    assert.match(node.log, /stopped: every answered write is on disk/);
    await node.start();
    assert.equal(cli(node, 'get', 'a'), '1');
  });
});
