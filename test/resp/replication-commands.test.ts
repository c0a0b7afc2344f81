/** ROLE, REPLICAOF and FAILOVER: the tree of nodes, changed with any Redis client. */
import assert from 'node:assert/strict';
import type { Node } from '../../src/index.js';
import { until } from '../support/clock.js';
import { Door } from './door.js';

const OK = '+OK\r\n';

describe('commands about replication', () => {
  const door = new Door();
  afterEach(() => door.close());

  const ask = (node: Node, request: string) => door.exchange(node, `${request}\r\n`);
  const endpoint = ({ address }: Node) => address.replace(':', ' ');
  const portOf = ({ address }: Node) => address.slice(address.lastIndexOf(':') + 1);

  async function reads(node: Node, key: string, value: string): Promise<void> {
    const expected = `$${value.length}\r\n${value}\r\n`;
    await until(`the node has ${key}`, async () => (await ask(node, `GET ${key}`)) === expected);
  }

  it('make a node follow at run time, refuse its writes, and make it lead again', async () => {
    const [leader, follower] = [await door.node(), await door.node()];
    await ask(leader, 'SET a 1');
    assert.equal(await ask(follower, `SLAVEOF ${endpoint(leader)}`), OK);
    await reads(follower, 'a', '1');
    assert.equal(await ask(follower, 'SET a 2'), "-READONLY You can't write against a read only replica.\r\n");
    assert.equal(await ask(follower, `REPLICAOF ${endpoint(leader)}`), '+OK Already connected to specified master\r\n');
    const connected = `*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:${portOf(leader)}\r\n$9\r\nconnected\r\n:1\r\n`;
    await until('the follower is connected', async () => (await ask(follower, 'ROLE')) === connected);
    const port = portOf(follower);
    const listed = `*3\r\n$6\r\nmaster\r\n:1\r\n*1\r\n*3\r\n$9\r\n127.0.0.1\r\n$${port.length}\r\n${port}\r\n$1\r\n1\r\n`;
    await until('the leader lists the follower', async () => (await ask(leader, 'ROLE')) === listed);

    await leader.stop();
    assert.equal(await ask(follower, 'GET a'), '$1\r\n1\r\n');
    assert.equal(await ask(follower, 'SLAVEOF NO ONE'), OK);
    assert.equal(await ask(follower, 'ROLE'), '*3\r\n$6\r\nmaster\r\n:1\r\n*0\r\n');
    assert.equal(await ask(follower, 'SET a 2'), OK);
    assert.equal(await ask(follower, 'REPLICAOF no one'), OK);
  });

  it('refuse an archive as a master, and name the way to follow one', async () => {
    const node = await door.node();
    const reply = await ask(node, 'REPLICAOF s3://bucket/prefix 7420');
    assert.match(reply, /^-ERR address: .*received the archive "s3:.*headwater serve --follow-archive PLACE/);
    assert.match(await ask(node, 'ROLE'), /master/);
  });

  it('keep the writes that only the old leader has in lost-writes/', async () => {
    const [old, next] = [await door.node(), await door.node()];
    await ask(old, 'SET a 1');
    await ask(next, `REPLICAOF ${endpoint(old)}`);
    await reads(next, 'a', '1');
    await ask(next, 'REPLICAOF NO ONE');
    await ask(old, 'SET lost 1');
    await ask(next, 'SET b 1');
    assert.equal(await ask(old, `REPLICAOF ${endpoint(next)}`), OK);
    await reads(old, 'b', '1');
    assert.equal(await ask(old, 'GET lost'), '$-1\r\n');
    const { lostWrites, lostWritesFiles } = await old.status();
    assert.deepEqual([lostWrites, lostWritesFiles.length], [1, 1]);
    assert.match(await ask(old, 'INFO headwater'), /\r\nheadwater_lost_writes:1\r\n/);
  });

  it('say so at once if the other node refuses, and drop nothing', async () => {
    const [one, other] = [await door.node(), await door.node()];
    await ask(one, 'SET a 1');
    await ask(other, 'SET b 1');
    const refusal = await ask(other, `REPLICAOF ${endpoint(one)}`);
    const there = `this node follows ${one.address} now, but the upstream refused to resync (OTHER_CLUSTER): the follower belongs to`;
    assert.ok(refusal.startsWith(`-ERR ${there}`), refusal);
    assert.ok(refusal.includes(`"headwater follow ${one.address} --accept-data-loss"`), refusal);
    assert.equal(await ask(other, 'GET b'), '$1\r\n1\r\n');
    assert.match(await ask(other, 'INFO replication'), /\r\nmaster_link_status:down\r\n/);
    assert.equal(await ask(other, 'REPLICAOF NO ONE'), OK);
    assert.equal(await ask(other, 'SET b 2'), OK);
  });

  it('refuse what is no place, and the node itself', async () => {
    const node = await door.node();
    assert.equal(await ask(node, 'REPLICAOF a b'), '-ERR Invalid master port\r\n');
    assert.equal(await ask(node, 'REPLICAOF a 65536'), '-ERR Invalid master port\r\n');
    assert.equal(await ask(node, 'REPLICAOF no on'), '-ERR Invalid master port\r\n');
    assert.match(await ask(node, `REPLICAOF ${endpoint(node)}`), /^-ERR a node cannot follow itself/);
    assert.equal(await ask(node, 'ROLE'), '*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n');
  });

  it('hand the leadership over without a lost write', async () => {
    const [leader, follower] = [await door.node(), await door.node()];
    assert.equal(await ask(leader, 'FAILOVER'), '-ERR FAILOVER requires connected replicas.\r\n');
    assert.equal(await ask(leader, 'FAILOVER ABORT'), '-ERR No failover in progress.\r\n');
    assert.equal(await ask(leader, 'FAILOVER TO a'), '-ERR syntax error\r\n');
    assert.equal(await ask(leader, 'FAILOVER TIMEOUT 0'), '-ERR FAILOVER timeout must be greater than 0\r\n');
    assert.equal(await ask(leader, 'FAILOVER TIMEOUT x'), '-ERR value is not an integer or out of range\r\n');
    await ask(leader, 'SET a 1');
    await ask(follower, `REPLICAOF ${endpoint(leader)}`);
    await reads(follower, 'a', '1');
    await until('the follower is online', async () => /state=online/.test(await ask(leader, 'INFO replication')));
    assert.equal(await ask(follower, 'FAILOVER'), '-ERR FAILOVER is not valid when server is a replica.\r\n');
    assert.equal(
      await ask(leader, 'FAILOVER TO 127.0.0.1 1'),
      '-ERR FAILOVER target HOST and PORT is not a replica.\r\n',
    );
    assert.equal(
      await ask(leader, 'FAILOVER FORCE'),
      '-ERR FAILOVER with force option requires both a timeout and target HOST and IP.\r\n',
    );
    assert.match(
      await ask(leader, `FAILOVER TO ${endpoint(follower)} FORCE TIMEOUT 100`),
      /^-ERR Headwater hands over to no node that lacks writes/,
    );
    assert.equal(await ask(leader, `FAILOVER TO ${endpoint(follower)} TIMEOUT 5000`), OK);
    await until('the follower leads', async () => follower.role === 'leader' && leader.role === 'follower');
    await until('the hand-over is over', async () => (await leader.status()).failoverState === '');
    assert.equal(await ask(follower, 'SET a 2'), OK);
    await reads(leader, 'a', '2');
  });
});
