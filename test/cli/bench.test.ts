/** `bench`: a short load on real nodes, and what it says of it. */
import assert from 'node:assert/strict';
import { eventually } from '../../benchmarks/waiting.js';
import { begin, endAll, Served } from './command-line.js';

const SHORT = ['-n', '200', '--keys', '50', '-c', '2', '--in-flight', '8'];

describe('bench', function () {
  this.timeout(60_000);
  let leader: Served;
  let follower: Served;

  before(async () => {
    leader = await Served.fresh();
    follower = await Served.fresh('--follow', leader.address);
  });
  after(endAll);

  async function keysOf(node: Served): Promise<string[]> {
    return (await node.run(['keys', '*'])).stdout.toString().split('\n').filter(Boolean);
  }

  it('prints a line for each test, and deletes its keys', async () => {
    await leader.run(['set', 'mine', '1']);
    const { status, stdout, stderr } = await leader.run(['bench', ...SHORT]);
    assert.deepEqual([status, stderr], [0, '']);
    const text = stdout.toString();
    assert.match(
      text,
      new RegExp(
        `^${leader.address}: leader, headwater .*, fsync everysec\n2 connections with 8 requests in flight each; 50 keys under bench:[0-9a-f]{8}:, values of 100 bytes\n`,
      ),
    );
    for (const test of ['ping', 'set', 'get', 'incr', 'mixed'])
      assert.match(text, new RegExp(`^${test} +200 +[\\d,]+ .* 0$`, 'm'));
    assert.match(text, /^An OK to a write meant appended: /m);
    assert.match(text, /a power cut of the machine can take the last second\.$/m);
    assert.match(text, /^The benchmark ran on the machine of the node/m);
    assert.deepEqual(await keysOf(leader), ['mine']);
  });

  it('with --json prints an object for each test, and one for the node', async () => {
    const { stdout } = await leader.run(['--json', 'bench', ...SHORT, '--tests', 'set,get', '-d', '1KiB']);
    const [set, get, node, ...more] = stdout
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      [set.test, get.test, set.samples, set.value_bytes, set.errors, more],
      ['set', 'get', 200, 1024, {}, []],
    );
    assert(set.p50_ms > 0 && set.p50_ms <= set.p99_ms && set.p99_ms <= set.p99_9_ms && set.p99_9_ms <= set.max_ms);
    assert(set.requests_per_second > 0 && set.elapsed_ms > 0);
    assert.deepEqual([node.node.address, node.node.fsync], [leader.address, 'everysec']);
    assert.match(node.ok_meant, /^An OK to a write meant appended/);
  });

  it('says how durable the writes were', async () => {
    const run = async (...more: string[]) =>
      (await leader.run(['bench', ...SHORT, '--tests', 'set', ...more])).stdout.toString();
    assert.match(
      await run('--durability', 'synced'),
      /^An OK to a write meant synced: .*disk of the node\.\nNo answer waited/m,
    );
    assert.match(
      await run('--durability', 'followers=1'),
      /^An OK to a write meant followers: .*in the logs of its followers \(here: 1 follower\)\.\n.*\n1 follower followed the node at the end\.$/m,
    );
  });

  it('counts errors by their code, and ends with status 3', async () => {
    const missed = ['--durability', 'followers=2', '--durability-timeout', '50ms', '--tests', 'ping,set', '-n', '20'];
    const { status, stdout, stderr } = await leader.run(['bench', '--keys', '5', ...missed]);
    assert.equal(status, 3, stderr);
    assert.match(stdout.toString(), /^ping +20 .* 0$/m);
    assert.match(stdout.toString(), /^set +0 .* 20 durability_not_reached$/m);
    assert.deepEqual(await keysOf(leader), ['mine']);
  });

  it('is refused by a follower, with the address of the leader', async () => {
    const { status, stderr } = await follower.run(['bench', '--tests', 'set']);
    assert.equal(status, 3);
    assert.match(stderr, new RegExp(`Use --connect ${leader.address}`));
  });

  it('runs on a follower if it writes nothing', async () => {
    assert.equal((await follower.run(['bench', '-n', '100', '--tests', 'ping'])).status, 0);
  });

  it('leaves its keys with --keep, and says where', async () => {
    const { stderr } = await leader.run(['bench', ...SHORT, '--tests', 'get', '--keep']);
    const [, prefix = ''] = /^headwater: bench: the keys are left under (bench:[0-9a-f]{8}:)$/m.exec(stderr) ?? [];
    const left = (await keysOf(leader)).filter((key) => key !== 'mine');
    assert.equal(left.length, 50);
    assert(
      left.every((key) => key.startsWith(prefix)),
      left.join(),
    );
    await leader.run(['del', ...left]);
  });

  it('deletes its keys at Ctrl-C too', async () => {
    const { pid, outcome } = begin([
      '--connect',
      leader.address,
      'bench',
      '--for',
      '1h',
      '--tests',
      'set',
      '--keys',
      '50',
    ]);
    await eventually('the keys', async () => (await keysOf(leader)).length >= 50);
    process.kill(pid, 'SIGINT');
    const { status, stderr } = await outcome;
    assert.equal(status, 3);
    assert.match(stderr, /^headwater: bench: interrupted$/m);
    assert.deepEqual(await keysOf(leader), ['mine']);
  });

  const REFUSED: ReadonlyArray<readonly [args: string[], says: RegExp]> = [
    [['--tests', 'set,dance'], /--tests: expected some of ping,set,get,incr,mixed, received "dance"/],
    [['--ratio', '0:0'], /--ratio: expected SETS:GETS such as 1:10, received "0:0"/],
    [['-c', '0'], /--clients: expected at least 1, received 0/],
    [['-n', 'many'], /Expected a whole number/],
    [['-c', '1000', '--in-flight', '1000'], /expected at most 100000 requests that wait, received 1000000/],
    [['-d', '16MiB', '-c', '10', '--in-flight', '10'], /expected at most 256MiB, received 1600MiB/],
    [['--durability-timeout', '1s'], /--durability-timeout: expected --durability as well/],
  ];
  for (const [args, says] of REFUSED) {
    it(`refuses ${args.join(' ')}, with status 2`, async () => {
      const { status, stdout, stderr } = await leader.run(['bench', ...args]);
      assert.deepEqual([status, stdout.toString()], [2, '']);
      assert.match(stderr, says);
    });
  }
});
