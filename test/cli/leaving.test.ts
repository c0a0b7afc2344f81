/** A node that leaves the tree, and what `doctor` says meanwhile: a chain of three nodes. */
import assert from 'node:assert/strict';
import { endAll, eventually, headwater, Served } from './command-line.js';

interface Doctored {
  readonly nodes: ReadonlyArray<{ readonly address: string; readonly role: string }>;
  readonly findings: ReadonlyArray<{ readonly severity: string; readonly node: string; readonly what: string }>;
}

/** Alone, a command uses other words: this machine may be short of room itself. */
const OF_THE_MACHINE =
  /^(the disk of|the machine has|transparent huge pages|the process may open|\S+ is (in memory|on ))/;

describe('a node that leaves', function () {
  this.timeout(120_000);
  let nodes: Served[];

  async function ok(node: Served, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await node.run(args);
    assert.equal(status, 0, stderr);
    return stdout.toString();
  }

  async function doctor(node: Served): Promise<Doctored & { readonly status: number | null }> {
    const { status, stdout, stderr } = await node.run(['--json', 'doctor']);
    assert.notEqual(stdout.length, 0, stderr);
    const { findings, ...seen } = JSON.parse(stdout.toString()) as Doctored;
    return { ...seen, findings: findings.filter(({ what }) => !OF_THE_MACHINE.test(what)), status };
  }

  async function chainIsWhole(): Promise<void> {
    await eventually('all nodes to be level', async () => {
      const seen = await doctor(nodes[0] as Served);
      return seen.nodes.length === 3 && seen.findings.length === 0;
    });
  }

  beforeEach(async () => {
    const leader = await Served.fresh();
    const middle = await Served.fresh('--follow', leader.address);
    const last = await Served.inOwnProcess('--follow', middle.address);
    nodes = [leader, middle, last];
    await ok(leader, 'set', 'k', 'v');
    await chainIsWhole();
  });
  afterEach(endAll);

  it('for maintenance hands over first, is not ready, and comes back by --undo', async () => {
    const [a, b, c] = nodes as [Served, Served, Served];
    assert.match(await ok(a, 'drain'), /can be stopped: \S+ leads from offset 1\n/);
    const seen = await doctor(c);
    assert.deepEqual(seen.nodes.map(({ role }) => role).sort(), ['follower', 'follower', 'leader']);
    assert.deepEqual(
      seen.findings.map(({ severity, node }) => [severity, node]),
      [['notice', a.address]],
    );
    const refused = await b.run(['failover', '--to', a.address]);
    assert.equal(refused.status, 3);
    assert.match(refused.stderr, /about to be stopped/);
    assert.match(await ok(a, 'drain', '--undo'), /is to stay/);
    await ok(b, 'failover', '--to', a.address);
    assert.match(await ok(b, 'drain'), /can be stopped: it follows/);
    assert.equal(
      (await doctor(a)).status,
      (await doctor(a)).findings.some(({ severity }) => severity !== 'notice') ? 1 : 0,
    );
  });

  it('keeps the leadership if nobody can take it, and is not marked then', async () => {
    const [a, b] = nodes as [Served, Served];
    await ok(b, 'drain');
    assert.equal((await a.run(['drain', '--undo', '--to', b.address])).status, 2);
    const { status, stderr } = await a.run(['drain', '--to', b.address]);
    assert.equal(status, 3);
    assert.match(stderr, /about to be stopped/);
    assert.equal((JSON.parse(await ok(a, 'status', '--json')) as { draining: boolean }).draining, false);
    await ok(a, 'set', 'k', 'still writes');
  });

  it('for ever gives its followers to its upstream, and no log is kept for it', async () => {
    const [a, b, c] = nodes as [Served, Served, Served];
    const removed = a.run(['node', 'remove', b.address, '--wait', '30s']);
    await eventually('the last node to follow the first', async () => {
      const { upstream } = JSON.parse(await ok(c, 'status', '--json')) as { upstream: { address: string } };
      return upstream.address === a.address;
    });
    await b.end();
    const { status, stdout, stderr } = await removed;
    assert.equal(status, 0, stderr);
    assert.match(stderr, new RegExp(`^stop ${b.address} now`));
    assert.match(
      stdout.toString(),
      new RegExp(`${b.address} is removed: ${a.address} keeps no log for it, and ${c.address} follows`),
    );
    const known = JSON.parse(await ok(a, 'status', '--json')) as { known_followers: Array<{ address: string }> };
    assert.deepEqual(
      known.known_followers.map(({ address }) => address),
      [c.address],
    );
  });

  it('is not removed while it leads or stays connected, nor without a name that one node has', async () => {
    const [a, b] = nodes as [Served, Served];
    const leads = await b.run(['node', 'remove', a.address]);
    assert.equal(leads.status, 2);
    assert.match(leads.stderr, /leads\. Let another node lead first/);
    const stays = await a.run(['node', 'remove', b.address, '--wait', '1s']);
    assert.equal(stays.status, 3);
    assert.match(stays.stderr, /still connected to/);
    const nobody = await a.run(['node', 'remove', 'nobody']);
    assert.equal(nobody.status, 2);
    assert.match(nobody.stderr, /expected the address or the node ID of one node, received 'nobody'/);
    assert.equal((await headwater(['--connect', '127.0.0.1:1,127.0.0.1:2', 'drain'])).status, 3);
  });

  it('without a word is missed by doctor, which has the command', async () => {
    const [a, , c] = nodes as [Served, Served, Served];
    await c.end('SIGKILL');
    await eventually('the follower to be away', async () => {
      const { findings, status } = await doctor(a);
      return status === 1 && findings.some(({ severity, node }) => severity === 'warning' && node === c.address);
    });
    const { stdout } = await a.run(['doctor']);
    assert.match(
      stdout.toString(),
      /warning {2}\S+: the follower is away.*\n {9}fix: .*headwater node remove [0-9a-f]{32}\n/,
    );
  });
});
