/** The leadership moves under load, through the client that programs use. */
import assert from 'node:assert/strict';
import { Client } from '../../src/index.js';
import { assertEqualData, Cluster, eventually, level, type TestNode } from '../support/cluster.js';

describe('failover under load', () => {
  it('is seen by nobody as an error, loses nothing acknowledged, and everybody moves with partial resyncs', async () => {
    await using cluster = new Cluster();
    const nodes = (await cluster.leaderAndFollowers(2)) as [TestNode, TestNode, TestNode];
    const [a, b, c] = nodes;
    await (await a.client()).set('first', 'write');
    await level(a, b);
    await level(a, c);
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

    let leader: TestNode = a;
    for (const next of [b, c, a, b]) {
      const grown = acknowledged.size;
      await eventually('the load to run', async () => acknowledged.size > grown || acknowledged.size >= 5_000);
      await level(leader, next);
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
