/**
 * A leader and a follower run on real LevelDB files, and one bit of a file is
 * flipped. The damage must be named by file and key, repaired from the other node,
 * and no longer found afterwards.
 */
import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { headwater, headwaterWithoutNode } from '../cli/command-line.js';
import { assertEqualData, Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';

/** Bits turned over, and kills, each a round of its own; more find more. */
const ROUNDS = Number(process.env.HEADWATER_KILLS ?? 2);

async function fill(node: Daemon, keys: number, prefix = 'key'): Promise<void> {
  const client = await node.client();
  // A block each, so that there are many; not compressible, so that tables are long.
  for (let i = 0; i < keys; i += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, j) =>
        client.set(`${prefix}:${i + j}`, `${i + j} `.padEnd(400, `${(i + j) * 7919}`)),
      ),
    );
}

/** The largest file of LevelDB's that the pattern names. */
function fileOf(node: Daemon, database: 'log' | 'keyspace', pattern: RegExp): string {
  const generation = readFileSync(path.join(node.directory, 'CURRENT'), 'utf8').trim();
  const location = path.join(node.directory, generation, database);
  const files = readdirSync(location)
    .filter((name) => pattern.test(name))
    .map((name) => path.join(location, name))
    .toSorted((a, b) => statSync(b).size - statSync(a).size);
  assert.ok(files[0], `${location} has no file like ${pattern}`);
  return files[0];
}

/** In its place: the file of a node that runs is mapped into its memory. */
function flipBit(file: string, part: number): void {
  const handle = openSync(file, 'r+');
  try {
    const at = Math.floor(statSync(file).size * part);
    const byte = Buffer.alloc(1);
    readSync(handle, byte, 0, 1, at);
    byte[0] = (byte[0] as number) ^ 2;
    writeSync(handle, byte, 0, 1, at);
  } finally {
    closeSync(handle);
  }
}

const run = (node: Daemon, ...args: string[]) => headwater(['--connect', node.address, ...args]);

async function assertWhole(node: Daemon): Promise<void> {
  // A repair that the node began by itself continues behind its first step, and lets no check run beside it.
  const { status, stdout, stderr } = await eventually('the repair to end', async () => {
    const verified = await run(node, 'verify', '--rate', '1GiB');
    return !/a repair of this node is running already/.test(String(verified.stderr)) && verified;
  });
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.match(stdout.toString(), /^whole: log (from offset \d+ to |empty after offset )\d+/);
}

describe('a bit that the disk has changed', function () {
  this.timeout(120_000);

  /** Before anything is written: the logs of both begin at offset 1. */
  async function leaderAndFollower(cluster: Cluster): Promise<[leader: Daemon, follower: Daemon]> {
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    await caughtUp(leader, follower);
    return [leader, follower];
  }

  /** A leader and a follower whose data stand in tables; the follower is stopped. */
  async function stoppedFollower(cluster: Cluster): Promise<[leader: Daemon, follower: Daemon]> {
    const [leader, follower] = await leaderAndFollower(cluster);
    await fill(leader, 2_000);
    await caughtUp(leader, follower);
    // Each opening writes what is in LevelDB's log files into tables.
    await follower.end('SIGTERM');
    await follower.start();
    await follower.end('SIGTERM');
    return [leader, follower];
  }

  it('in the keyspace of a follower is named by verify, and repaired with all data', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader, follower] = await stoppedFollower(cluster);
    flipBit(fileOf(follower, 'keyspace', /\.ldb$/), 0.5);
    await follower.start();
    const { nodeId } = await follower.status();
    const verified = await run(follower, 'verify');
    assert.equal(verified.status, 1, verified.stderr);
    assert.match(
      verified.stdout.toString(),
      /^damaged: keyspace, .*"key:\d+.* to .*: .*\.ldb, byte \d+: .*\n1 damaged place/,
    );
    const repaired = await run(follower, 'repair');
    assert.equal(repaired.status, 0, `${repaired.stdout}${repaired.stderr}`);
    assert.match(repaired.stdout.toString(), /repaired: all data were copied from .*\n1 repair\n$/);
    await assertWhole(follower);
    await assertEqualData(leader, follower);
    const status = await follower.status();
    assert.equal(status.nodeId, nodeId);
    assert.equal(status.repairs, 1);
    assert.match((await run(follower, 'status')).stdout.toString(), /repairs +1; the last one: .*copied from/);
  });

  it('in the log of a follower is repaired: the commands given up come back', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader, follower] = await stoppedFollower(cluster);
    flipBit(fileOf(follower, 'log', /\.ldb$/), 0.3);
    const before = await headwater(['verify', '--data', follower.directory]);
    assert.equal(before.status, 1);
    assert.match(before.stdout.toString(), /^damaged: log, offsets \d+ to \d+: .*\.ldb, byte \d+/);
    await follower.start();
    await eventually('the log to begin behind the damage', async () => (await follower.status()).firstOffset > 1);
    const repaired = await run(follower, '--json', 'repair');
    assert.equal(repaired.status, 0, `${repaired.stdout}${repaired.stderr}`);
    const lines = repaired.stdout.toString().trimEnd().split('\n');
    const steps = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(steps[0]?.kind, 'log');
    assert.equal((await follower.status()).firstOffset, 1);
    assert.equal((await follower.status()).fullResyncs, 0);
    await assertWhole(follower);
    await assertEqualData(leader, follower);
    await follower.end('SIGTERM');
    const after = await headwater(['verify', '--data', follower.directory, '--rebuild']);
    assert.equal(after.status, 0, after.stdout.toString());
  });

  it('in a file that LevelDB reads at once stops a follower, or is repaired with --auto-repair', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader, follower] = await leaderAndFollower(cluster);
    await fill(leader, 500);
    await caughtUp(leader, follower);
    await follower.end('SIGTERM');
    flipBit(fileOf(follower, 'keyspace', /\.log$/), 0.5);
    const refused = await headwaterWithoutNode(['serve', '--data', follower.directory, '--listen', follower.address]);
    assert.equal(refused.status, 3);
    assert.match(refused.stderr, /"code":"corrupt".*keyspace.*\.log, byte \d+.*--auto-repair/);
    await follower.start('--auto-repair');
    await assertEqualData(leader, follower);
    await assertWhole(follower);
    assert.equal((await follower.status()).upstream?.lastResync?.reason, 'KEYSPACE_INCOMPLETE');
    await eventually('the repair to be counted', async () => (await follower.status()).repairs === 1);
    // The node replaces files of its own now and then.
    await eventually('nothing to be left aside', async () => {
      return !readdirSync(follower.directory).some((name) => name.endsWith('.new'));
    });
  });

  it('in the log of a killed leader is repaired with the blocks of its follower', async () => {
    await using cluster = new Cluster();
    const [leader, follower] = await leaderAndFollower(cluster);
    await fill(leader, 500);
    const { offset } = await caughtUp(leader, follower);
    await eventually('the follower to be remembered', async () => (await leader.status()).knownFollowers.length > 0);
    await leader.end('SIGKILL');
    flipBit(fileOf(leader, 'log', /\.log$/), 0.5);
    await leader.start();
    await eventually('the leader to lead', async () => (await leader.status()).askingFollowers === '');
    assert.match(leader.log, /log\/\d+\.log, byte \d+: .*LevelDB drops the damaged part/);
    assert.match(leader.log, /the known followers sent back [1-9]\d* lost commands/);
    assert.equal((await leader.status()).offset, offset);
    assert.equal((await leader.digest()).keys, 500);
    await assertEqualData(leader, follower);
    assert.equal((await follower.status()).fullResyncs, 0);
  });

  it('in a leader is not repaired: the refusal says what to do', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    await fill(leader, 50);
    const { status, stderr } = await run(leader, 'repair');
    assert.equal(status, 3);
    assert.match(stderr, /a leader has no upstream to copy data from.*failover/);
    await assertWhole(leader);
  });

  it('in a follower with automatic repair is repaired without a command', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader, follower] = await stoppedFollower(cluster);
    flipBit(fileOf(follower, 'log', /\.ldb$/), 0.3);
    await follower.start('--auto-repair');
    await eventually('the repair', async () => (await follower.status()).repairs > 0);
    assert.equal((await follower.status()).firstOffset, 1);
    await assertWhole(follower);
    await assertEqualData(leader, follower);
  });

  it('in any table of the log of a running follower is found by verify and repaired', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader, follower] = await stoppedFollower(cluster);
    await follower.start();
    await caughtUp(leader, follower);
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS + 1; round++) {
      const part = random();
      flipBit(fileOf(follower, 'log', /\.ldb$/), part);
      const said = `seed ${seed}, round ${round} at ${part}`;
      const verified = await run(follower, 'verify', '--rate', '1GiB');
      assert.equal(verified.status, 1, `${said}: ${verified.stdout}${verified.stderr}`);
      const repaired = await run(follower, 'repair', '--rate', '1GiB');
      assert.equal(repaired.status, 0, `${said}: ${repaired.stdout}${repaired.stderr}`);
      await assertWhole(follower);
      assert.ok((await follower.status()).repairs > 0);
      await fill(leader, 50, `round ${round}`);
      await assertEqualData(leader, follower);
      // A full resync, where the table could not be mended, begins a log without tables.
      await follower.end('SIGTERM');
      await follower.start();
    }
  });

  it('is searched by one check at a time, and only as long as the caller is there', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    await fill(leader, 500);
    const client = await leader.client();
    const enough = new AbortController();
    const slow = client.verify({ bytesPerSecond: 1_000, signal: enough.signal });
    assert.equal((await slow.next()).value?.kind, 'progress');
    const second = await run(leader, 'verify');
    assert.equal(second.status, 3);
    assert.match(second.stderr, /a check of this node is running already: expected at most one at a time/);
    const rest = (async () => {
      for await (const _ of slow);
    })();
    enough.abort();
    await assert.rejects(rest, { code: 'cancelled' });
    await eventually('another check', async () => (await run(leader, 'verify')).status === 0);
    // A stop does not wait for it either.
    const ended = assert.rejects(
      (async () => {
        for await (const _ of client.verify({ bytesPerSecond: 1_000 }));
      })(),
      { code: 'shutting_down' },
    );
    await eventually('the last one to begin', async () => (await run(leader, 'verify')).status === 3);
    assert.equal(await leader.end('SIGTERM'), 0);
    await ended;
  });

  it('is mended by the next repair if the follower is killed during one', async () => {
    await using cluster = new Cluster();
    const [leader, follower] = await stoppedFollower(cluster);
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      flipBit(fileOf(follower, round % 2 === 0 ? 'log' : 'keyspace', /\.ldb$/), 0.2 + 0.5 * random());
      await follower.start();
      const repairing = run(follower, 'repair');
      // A condition that a test of kills cannot wait for: any moment will do.
      await new Promise((resolve) => setTimeout(resolve, random() * 1_500));
      await follower.end('SIGKILL');
      await repairing;
      await follower.start();
      const { status, stdout, stderr } = await run(follower, 'repair');
      assert.equal(status, 0, `seed ${seed}, round ${round}: ${stdout}${stderr}`);
      await assertWhole(follower);
      await fill(leader, 200, `round ${round}`);
      await assertEqualData(leader, follower);
      // A full resync begins a log that holds nothing yet; what it holds now comes into a table.
      await follower.end('SIGTERM');
      await follower.start();
      await follower.end('SIGTERM');
    }
  });
});
