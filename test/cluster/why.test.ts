/**
 * An operator asks a leader and its followers why they resynced, which writes were
 * lost, and whether the nodes are equal. The answers must name the reason and both
 * values, and lost writes must come back from their file.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { endAll, headwater } from '../cli/command-line.js';
import { assertEqualData, Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';

/** A dumped log: its text, and the object of each line. */
async function dumped(...from: string[]) {
  const { status, stdout, stderr } = await headwater(['--json', 'log', 'dump', ...from]);
  assert.equal(status, 0, stderr);
  const text = stdout.toString();
  const lines = text.trim().split('\n');
  return { text, lines: lines.map((line) => JSON.parse(line)) };
}

describe('why', function () {
  this.timeout(60_000);
  let cluster: Cluster;

  beforeEach(() => {
    cluster = new Cluster({ isInProcess: true });
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
    await endAll();
  });

  it('a follower whose place in the log was trimmed away gets a full resync, after a warning', async () => {
    const sizes = ['--log-retention-bytes', '64KiB', '--log-retention-pin-bytes', '64KiB'];
    const [leader, follower] = (await cluster.leaderAndFollowers(1, ...sizes)) as [Daemon, Daemon];
    const client = await leader.client();
    await client.set('first', 'v');
    await caughtUp(leader, follower);
    await eventually('its place to be known', async () => (await leader.status()).headroom?.connected === true);
    await follower.end('SIGTERM');
    const value = 'x'.repeat(1_000);
    for (let round = 0; round < 30; round++)
      await Promise.all(Array.from({ length: 10 }, (_, i) => client.set(`k${round}:${i}`, value)));
    const trimmed = await eventually('the log to be trimmed', async () => {
      const status = await leader.status();
      return status.firstOffset > 2 && status;
    });
    assert(trimmed.logBytes < 300_000 && trimmed.logBytes > 30_000, String(trimmed.logBytes));
    assert(trimmed.firstOffset - 1 <= trimmed.checkpointOffset);
    await eventually('it to be said', async () =>
      /the log is no longer kept for follower \S+ at offset 1, .*A follower will need a full resync/.test(leader.log),
    );
    await follower.start();
    await assertEqualData(leader, follower);
    const status = await follower.status();
    const resync = status.upstream?.lastResync;
    assert.deepEqual([resync?.kind, resync?.reason], ['full', 'LOG_TRIMMED']);
    assert.equal(resync?.details.follower_offset, '1');
    assert(Number(resync?.details.upstream_first_offset) > 2);
    assert.deepEqual(status.resyncReasons, [{ kind: 'full', reason: 'LOG_TRIMMED', count: 1 }]);
    const served = (await leader.status()).resyncReasonsServed.at(-1);
    assert.deepEqual(served, { kind: 'full', reason: 'LOG_TRIMMED', count: 1 });
    const text = await headwater(['--connect', follower.address, 'status']);
    assert.match(
      text.stdout.toString(),
      /^last resync +[\d,]+ \w+ ago, \S+, full \(LOG_TRIMMED: the follower needs the commands after offset 1, the log holds/m,
    );
  });

  it('the lost writes of a former leader are in a file that can be read and brought back', async () => {
    const [former, leader] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    const ours = await former.client();
    await ours.set('shared', '1');
    await ours.set('doomed', '1');
    await ours.set('counted', '1');
    await caughtUp(former, leader);
    await (await leader.client()).promote();
    const expiresAtMs = Date.now() + 3_600_000;
    await ours.set('text', 'value');
    await ours.set(Buffer.from([0xff, 0]), Buffer.from([1, 0xfe]));
    await ours.set('passing', 'v', { expiresAtMs });
    await ours.del('doomed');
    await ours.expire('counted', { expiresAtMs });
    await (await leader.client()).set('new', 'leader');
    await ours.follow(leader.address);
    await assertEqualData(leader, former);
    const status = await former.status();
    assert.equal(status.lostWrites, 5);
    const [name] = status.lostWritesFiles;
    assert.match(name ?? '', /^[0-9a-f]{40}-4-8\.blocks$/);
    const file = path.join(former.directory, 'lost-writes', name as string);

    const { text, lines } = await dumped(file);
    const history = name?.slice(0, 40);
    assert.deepEqual(
      lines.map(({ offset, kind }) => `${offset} ${kind}`),
      ['4 put', '5 put', '6 put', '7 del', '8 touch'],
    );
    assert(lines.every((line) => line.history === history && line.time_ms > 1_700_000_000_000));
    assert.deepEqual(
      [lines[1].key_encoding, lines[1].encoding, lines[2].expires_at_ms, lines[4].expires_at_ms],
      ['base64', 'base64', expiresAtMs, expiresAtMs],
    );
    const some = await headwater(['log', 'dump', file, '--from', '5', '--to', '7']);
    assert.match(some.stdout.toString(), /6 {2}put {5}"passing" = "v" {2}expires 2.*\n(.*\n)? {2}7 {2}del {5}"doomed"/);
    assert.doesNotMatch(some.stdout.toString(), /"text"|touch/);

    const imported = await headwater(['--connect', leader.address, 'import', file]);
    assert.equal(imported.status, 0, imported.stderr);
    assert.match(imported.stdout.toString(), /imported 5 records/);
    const theirs = await leader.client();
    assert.equal(await theirs.get('text'), 'value');
    assert.deepEqual(await theirs.getBuffer(Buffer.from([0xff, 0])), Buffer.from([1, 0xfe]));
    assert.equal(await theirs.get('doomed'), undefined);
    assert((await theirs.ttl('passing')) !== undefined && (await theirs.ttl('counted')) !== undefined);
    assert.equal(await theirs.get('new'), 'leader');
    await assertEqualData(leader, former);

    // The lines do the same.
    await theirs.del('text');
    const again = await headwater(['--connect', leader.address, 'import', '-'], { stdin: text });
    assert.equal(again.status, 0, again.stderr);
    assert.equal(await theirs.get('text'), 'value');
  });

  it('the log of a stopped node can be dumped, that of a running node cannot', async () => {
    cluster.isInProcess = false;
    const node = await cluster.node('alone');
    await node.start();
    const client = await node.client();
    await client.set('a', '1');
    await client.flushAll();
    const refused = await headwater(['log', 'dump', '--data', node.directory]);
    assert.deepEqual([refused.status, /in use by process/.test(refused.stderr)], [3, true], refused.stderr);
    await node.end('SIGTERM');
    const { text, lines } = await dumped('--data', node.directory);
    assert.deepEqual(
      lines.map(({ offset, kind, key }) => [offset, kind, key]),
      [
        [1, 'put', 'a'],
        [2, 'clear', undefined],
      ],
    );
    await node.start();
    assert.equal(await client.dbsize(), 0);
    await client.set('kept', '1');
    const cautious = await headwater(['--connect', node.address, 'import', '-'], { stdin: text });
    assert.deepEqual([cautious.status, /line 2: .*--with-flushall/.test(cautious.stderr)], [2, true], cautious.stderr);
    assert.equal(await client.get('kept'), '1');
    const whole = await headwater(['--connect', node.address, 'import', '--with-flushall', '-'], { stdin: text });
    assert.deepEqual([whole.status, await client.dbsize()], [0, 0], whole.stderr);
    const missing = await headwater(['log', 'dump', '--data', path.join(node.directory, 'nothing')]);
    assert.deepEqual([missing.status, /is no data directory/.test(missing.stderr)], [2, true], missing.stderr);
    assert.ok(readFileSync(path.join(node.directory, 'CURRENT')));
  });

  it('all nodes of a chain are compared at one offset while writes go on', async () => {
    const [leader, middle] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    const end = await cluster.node('end');
    await end.start('--follow', middle.address);
    const client = await leader.client();
    await client.set('a', '1');
    await caughtUp(leader, end);
    let writing = true;
    const writes = (async () => {
      for (let i = 0; writing; i++) await client.set(`k${i % 100}`, String(i));
    })();
    const { nodes, digest, offset } = await client.compare();
    writing = false;
    await writes;
    assert.deepEqual(
      new Set(nodes.map((node) => `${node.address} ${node.outcome} ${node.offset} ${node.digest}`)),
      new Set([middle, end].map(({ address }) => `${address} equal ${offset} ${digest}`)),
    );
    const said = await headwater(['--connect', leader.address, 'compare']);
    assert.equal(said.status, 0, said.stderr);
    assert.equal(said.stdout.toString().match(/^equal /gm)?.length, 2);
    const refused = await headwater(['--connect', end.address, 'compare']);
    assert.equal(refused.status, 3);
    assert.match(refused.stderr, new RegExp(`upstream is ${middle.address}`));
  });
});
