/** Redis clients of a cluster on etcd: whom READONLY, ROLE and INFO name while the leader changes. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { type Daemon, eventually } from '../support/cluster.js';
import { Elected } from '../support/elected.js';
import { ETCD_NEEDED, isEtcdInstalled } from '../support/etcd.js';
import { skipUnless } from '../support/installed.js';

const READ_ONLY = "-READONLY You can't write against a read only replica.";
const WITHOUT_LEADER = 'node takes no writes, and knows no leader of its cluster now';
const NO_LEADER = `${WITHOUT_LEADER}: the store of the cluster does not answer: etcd `;

describe('Redis clients of a cluster', function () {
  this.timeout(120_000);

  before(function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
  });

  it('learn from READONLY, ROLE and INFO which node the cluster has made the leader', async () => {
    await using elected = await Elected.start();
    const { leader, followers } = await elected.led();
    const [one, other] = followers as [Daemon, Daemon];
    const named = `${READ_ONLY} Writes go to ${leader.address}, which leads the cluster.\r\n`;
    assert.equal(await ask(one, 'SET a 1'), named);
    assert.equal(await ask(one, 'MULTI', 'SET a 1'), `+OK\r\n${named}`);
    assert.match(await ask(leader, 'ROLE'), /^\*3\r\n\$6\r\nmaster\r\n/);
    assert.deepEqual(await masterIn(one), [leader.address, 'up']);

    await leader.end('SIGKILL');
    const replies = new Set<string>();
    const next = await eventually('another leader', async () => {
      for (const node of followers) {
        replies.add(await ask(node, 'SET a 1'));
        if ((await ask(node, 'ROLE')).includes('master')) return node;
      }
      return false;
    });
    const isElecting = new RegExp(`^${READ_ONLY} This ${WITHOUT_LEADER}\\. One is elected within 5 s, `);
    assert(
      [...replies].some((reply) => isElecting.test(reply)),
      [...replies].join(''),
    );
    const last = next === one ? other : one;
    await eventually('the new leader to be named', async () => {
      assert.match(await ask(last, 'ROLE'), /^\*5\r\n\$5\r\nslave\r\n/);
      return (await ask(last, 'SET a 1')).includes(` ${next.address},`);
    });
    await eventually('a link to the new leader', async () => {
      const [address, link] = await masterIn(last);
      return address === next.address && link === 'up';
    });
  });

  it('see no master in a node that has lost its lease, and no address while nobody leads', async () => {
    await using elected = await Elected.start([], 1);
    const [node] = elected.nodes as [Daemon];
    await elected.led();
    assert.match(await ask(node, 'ROLE'), /^\*3\r\n\$6\r\nmaster\r\n/);
    await elected.etcd.members[0]?.kill();
    await eventually('the node to be no master', async () =>
      (await ask(node, 'ROLE')).startsWith('*5\r\n$5\r\nslave\r\n$0\r\n\r\n:0\r\n'),
    );
    assert.deepEqual(await masterIn(node), [':0', 'down']);
    await eventually('the node to have stood down', async () => (await ask(node, 'SET a 1')).includes(NO_LEADER));
    for (const line of ['SET a 1', 'INCR a'])
      assert.match(await ask(node, line), new RegExp(`^-LOADING this ${NO_LEADER}`));
    assert.match(await ask(node, 'MULTI', 'SET a 1'), new RegExp(`^\\+OK\\r\\n-LOADING this ${NO_LEADER}`));
    const client = await node.client();
    const refused = { code: 'deadline_exceeded', message: new RegExp(`no answer within 5000 ms: this ${NO_LEADER}`) };
    await assert.rejects(client.set('a', '1', { timeoutMs: 5_000 }), refused);
  });
});

/** Sends lines to a node, and returns all that it answers. */
async function ask(node: Daemon, ...lines: string[]): Promise<string> {
  const socket = net.connect(node.port, '127.0.0.1');
  socket.end(lines.map((line) => `${line}\r\n`).join(''));
  let reply = '';
  for await (const part of socket) reply += part;
  return reply;
}

/** The address of the master that INFO names, and the state of the link to it. */
async function masterIn(node: Daemon): Promise<[address: string, link: string]> {
  const text = await ask(node, 'INFO replication');
  const field = (name: string) => new RegExp(`^${name}:(.*)\r$`, 'm').exec(text)?.[1] ?? `no ${name}`;
  assert.equal(field('role'), 'slave');
  return [`${field('master_host')}:${field('master_port')}`, field('master_link_status')];
}
