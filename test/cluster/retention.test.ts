/**
 * A follower is away while its leader takes writes, and both are restarted. The
 * leader must keep its log for the follower until the follower is forgotten.
 */
import assert from 'node:assert/strict';
import { endAll, headwater } from '../cli/command-line.js';
import { assertEqualData, Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';

const RETENTION = ['--log-retention-bytes', '64KiB'];

describe('a follower that is away for longer than the log is kept', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let leader: Daemon;
  let follower: Daemon;

  beforeEach(async () => {
    cluster = new Cluster();
    [leader, follower] = (await cluster.leaderAndFollowers(1, ...RETENTION)) as [Daemon, Daemon];
    await write(10);
    await caughtUp(leader, follower);
    await eventually('it to be known where it is', async () => {
      const [known] = (await leader.status()).knownFollowers;
      return known?.keepsPlace && known.appendedOffset === 10;
    });
    await follower.end('SIGKILL');
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
    await endAll();
  });

  /** Each of 1 KiB, in a block of its own. */
  async function write(count: number): Promise<void> {
    const client = await leader.client();
    for (let i = 0; i < count; i++) await client.set(`k${i % 50}`, 'x'.repeat(1_000));
  }

  async function trimmedPast(offset: number): Promise<void> {
    await eventually('the log to be trimmed', async () => (await leader.status()).firstOffset > offset);
  }

  it('comes back with a partial resync, also if its leader was killed and started meanwhile', async () => {
    await write(200);
    await leader.end('SIGKILL');
    await leader.start(...RETENTION);
    await write(200);
    await trimmedPast(10);
    const status = await leader.status();
    assert.equal(status.firstOffset, 11, 'and no further');
    assert(status.logBytes > 300_000, String(status.logBytes));
    const text = (await headwater(['--connect', leader.address, 'status'])).stdout.toString();
    assert.match(text, new RegExp(`^headroom +${follower.address} \\(away\\): 8\\.0 GiB left`, 'm'));
    assert.match(
      text,
      new RegExp(`^away +${follower.address} \\(.*\\) at offset 10, seen .* ago, 20.*: 8\\.0 GiB left`, 'm'),
    );
    await follower.start();
    await assertEqualData(leader, follower);
    const { fullResyncs, partialResyncs } = await follower.status();
    assert.deepEqual([fullResyncs, partialResyncs], [0, 1]);
    await trimmedPast(300);
  });

  it('comes back with a full resync if it was forgotten', async () => {
    const run = (...args: string[]) => headwater(['--connect', leader.address, ...args]);
    const { nodeId } = (await leader.status()).knownFollowers[0] as { nodeId: string };
    await eventually('it to be away', async () => (await leader.status()).followers.length === 0);
    const unknown = await run('forget', '127.0.0.1:1');
    assert.equal(unknown.status, 3);
    assert.match(
      unknown.stderr,
      new RegExp(`received "127\\.0\\.0\\.1:1", which fits none: ${follower.address} \\(${nodeId}\\)`),
    );
    await write(200);
    const forgotten = await run('--json', 'forget', follower.address);
    assert.equal(forgotten.status, 0, forgotten.stderr);
    assert.deepEqual(JSON.parse(forgotten.stdout.toString()), {
      node_id: nodeId,
      address: follower.address,
      appended_offset: 10,
    });
    await trimmedPast(100);
    assert.deepEqual((await leader.status()).knownFollowers, []);
    await follower.start();
    await assertEqualData(leader, follower);
    assert.equal((await follower.status()).upstream?.lastResync?.reason, 'LOG_TRIMMED');
    const refused = await run('forget', nodeId.slice(0, 10));
    assert.equal(refused.status, 3);
    assert.match(refused.stderr, /is connected, and only a follower that is away can be forgotten/);
  });
});
