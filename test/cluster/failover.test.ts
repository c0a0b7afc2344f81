/**
 * Clients write and read at a leader with two followers while the leadership moves
 * between them. No client may see an error, no acknowledged write may be lost, and
 * all nodes must follow the last leader.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from '../../src/index.js';
import { assertEqualData, Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';

describe('failover under load', () => {
  it('causes no client error, loses no acknowledged write, and needs no full resync', async () => {
    await using cluster = new Cluster();
    const nodes = (await cluster.leaderAndFollowers(2)) as [Daemon, Daemon, Daemon];
    const [a, b, c] = nodes;
    await (await a.client()).set('first', 'write');
    await caughtUp(a, b);
    await caughtUp(a, c);
    const full = await Promise.all(nodes.map(async (node) => (await node.status()).fullResyncs));

    await using writer = await Client.connect(a.address);
    const acknowledged = new Map<string, string>();
    const errors: unknown[] = [];
    let stop = false;
    const load = Array.from({ length: 50 }, async (_, worker) => {
      for (let i = 0; !stop; i++) {
        const key = `worker ${worker}: ${i % 100}`;
        try {
          await writer.set(key, String(i));
          acknowledged.set(key, String(i));
          const read = await writer.get(key);
          if (read !== String(i)) errors.push(new Error(`${key}: wrote ${i}, read ${read}`));
        } catch (error) {
          errors.push(error);
        }
      }
    });

    let leader: Daemon = a;
    for (const next of [b, c, a, b]) {
      const grown = acknowledged.size;
      await eventually('the load to run', async () => acknowledged.size > grown || acknowledged.size >= 5_000);
      await caughtUp(leader, next);
      const reply = await (await leader.client()).failover({ to: next.address });
      assert.equal(reply.newLeader, next.address);
      assert.ok(reply.pauseMs < 5_000, `writes waited ${reply.pauseMs} ms`);
      leader = next;
      for (const node of nodes) {
        if (node === next) continue;
        await eventually(`${node.name} to follow ${next.name}`, async () => {
          const { upstream } = await node.status();
          return upstream?.address === next.address && upstream.state === 'streaming';
        });
      }
    }
    stop = true;
    await Promise.all(load);
    assert.deepEqual(errors, []);
    assert.ok(acknowledged.size > 0);
    const reader = await leader.client();
    for (const [key, value] of acknowledged) assert.equal(await reader.get(key), value);
    await assertEqualData(leader, ...nodes.filter((node) => node !== leader));
    assert.deepEqual(await Promise.all(nodes.map(async (node) => (await node.status()).fullResyncs)), full);
  });
});

describe('a leader that was killed as soon as it had stepped down', () => {
  /** What the disk of a node says that has stepped down in favour of another, and has not asked it. */
  async function stepDown(node: Daemon, target: Daemon): Promise<void> {
    const { nodeId, offset } = await target.status();
    await node.end('SIGKILL');
    const file = path.join(node.directory, 'node.json');
    const record = JSON.parse(await readFile(file, 'utf8')) as object;
    const handing_over = { grant: 'ab'.repeat(16), node_id: nodeId, address: target.address, offset };
    await writeFile(file, JSON.stringify({ ...record, role: 'follower', upstream: target.address, handing_over }));
  }

  for (const written of [0, 1]) {
    it(`follows a node promoted meanwhile that has written ${written || 'nothing'}`, async () => {
      await using cluster = new Cluster();
      const [a, b, c] = (await cluster.leaderAndFollowers(2)) as [Daemon, Daemon, Daemon];
      await (await a.client()).set('first', 'write');
      await caughtUp(a, b);
      await caughtUp(a, c);
      await stepDown(a, b);
      await (await c.client()).promote();
      await (await b.client()).follow(c.address);
      await caughtUp(c, b);
      if (written > 0) await (await c.client()).set('second', 'write');
      await caughtUp(c, b);
      await a.start();
      await eventually('it to follow', async () => {
        const { role, handingOverTo, failoverState, upstream } = await a.status();
        return role === 'follower' && handingOverTo + failoverState === '' && upstream?.state === 'streaming';
      });
      assert.deepEqual([(await b.status()).role, (await c.status()).role], ['follower', 'leader']);
      await (await c.client()).set('third', 'write');
      await assertEqualData(c, b, a);
      assert.equal((await c.status()).superseded, '');
    });
  }
});
