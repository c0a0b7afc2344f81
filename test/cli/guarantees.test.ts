/** What a command asks beside its operation: how durable, how fresh; and what it hears where that is not so. */
import assert from 'node:assert/strict';
import { endAll, type Outcome, Served } from './command-line.js';

const ANOTHER_HISTORY = `${'0123456789'.repeat(4)}:3:00000000`;

function json({ stdout, stderr, status }: Outcome): Record<string, unknown> {
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout.toString()) as Record<string, unknown>;
}

async function position(node: Served, key: string, value: string): Promise<string> {
  return json(await node.run(['--json', 'set', key, value, '--durability', 'followers=1'])).position as string;
}

describe('the guarantees of a command', function () {
  this.timeout(60_000);
  let leader: Served;
  let follower: Served;

  before(async () => {
    leader = await Served.fresh();
    follower = await Served.inOwnProcess('--follow', leader.address);
  });
  after(endAll);

  /** While the follower does nothing at all. */
  async function whilePaused(run: () => Promise<void>): Promise<void> {
    process.kill(follower.pid, 'SIGSTOP');
    try {
      await run();
    } finally {
      process.kill(follower.pid, 'SIGCONT');
    }
  }

  it('every level is reached while the follower is there, by every command that writes', async () => {
    for (const level of ['appended', 'synced', 'followers=1', 'followers_synced=1', 'followers-synced=1']) {
      const { status, stdout, stderr } = await leader.run(['set', 'a', level, '--durability', level]);
      assert.deepEqual([status, stdout.toString()], [0, 'OK\n'], stderr);
    }
    for (const args of [
      ['incr', 'n'],
      ['incrbyfloat', 'f', '0.5'],
      ['expire', 'a', '10s'],
      ['persist', 'a'],
      ['del', 'f'],
      ['rename', 'n', 'm'],
    ]) {
      const outcome = await leader.run([
        ...args,
        '--durability',
        'followers=1',
        '--durability-timeout',
        '5s',
        '--json',
      ]);
      assert.match(String(json(outcome).position), /^[0-9a-f]{40}:\d+:[0-9a-f]{8}$/, args.join(' '));
    }
  });

  it('a level that is not reached in time is exit status 3, says what was, and the write stays', async () => {
    await whilePaused(async () => {
      const beganMs = performance.now();
      const { status, stdout, stderr } = await leader.run([
        'set',
        'kept',
        'yes',
        '--durability',
        'followers=1',
        '--durability-timeout',
        '0.2',
      ]);
      assert.deepEqual([status, stdout.toString()], [3, '']);
      assert.match(
        stderr,
        /^headwater: the write is done and stays, but did not reach its durability in time: .*appended at 0 and synced at 0 followers\n$/,
      );
      assert(performance.now() - beganMs < 4_000, 'a bare number is seconds');
      assert.equal((await leader.run(['get', 'kept'])).stdout.toString(), 'yes');
      const two = await leader.run([
        'incr',
        'twice',
        '--durability',
        'followers_synced=2',
        '--durability-timeout',
        '200ms',
      ]);
      assert.equal(two.status, 3);
    });
  });

  it('a level that is none, or a time for none, is wrong usage', async () => {
    const wrong: ReadonlyArray<readonly [RegExp, ...string[]]> = [
      [/Expected appended, synced, followers=N or followers_synced=N, received "safe"/, '--durability', 'safe'],
      [/received "followers"/, '--durability', 'followers'],
      [/received "synced=1"/, '--durability', 'synced=1'],
      [/expected followers with 1 to \d+ followers, received 0/, '--durability', 'followers=0'],
      [/expected --durability as well, received it alone/, '--durability-timeout', '1s'],
    ];
    for (const [message, ...options] of wrong) {
      const { status, stderr } = await leader.run(['set', 'never', 'set', ...options]);
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
    }
    assert.equal((await leader.run(['exists', 'never'])).status, 1);
  });

  it('a position that a write has printed is waited for elsewhere, by every command that reads', async () => {
    const token = await position(leader, 'seen', '1');
    for (const args of [
      ['get', 'seen'],
      ['exists', 'seen'],
      ['type', 'seen'],
      ['ttl', 'seen'],
    ]) {
      const outcome = await follower.run([...args, '--at-least', token]);
      assert.equal(outcome.status, 0, `${args.join(' ')}: ${outcome.stderr}`);
    }
    let late: Promise<Outcome> | undefined;
    await whilePaused(async () => {
      const { position: newer } = json(await leader.run(['--json', 'set', 'seen', '2']));
      late = follower.run(['get', 'seen', '--at-least', newer as string]);
    });
    assert.equal((await late)?.stdout.toString(), '2');
  });

  it('a position that the node does not come to is exit status 3, with how far it is', async () => {
    const ahead = (await position(leader, 'a', '1')).replace(/:\d+:/, ':99999:');
    for (const token of [ahead, ANOTHER_HISTORY]) {
      const { status, stderr } = await follower.run(['--timeout', '1s', 'get', 'a', '--at-least', token]);
      assert.equal(status, 3, stderr);
      assert.match(stderr, /expected offset \d+ of the history [0-9a-f]{40}, this node has applied offset \d+ of/);
    }
    const { status, stderr } = await follower.run(['get', 'a', '--at-least', 'nonsense']);
    assert.equal(status, 2);
    assert.match(stderr, /position token: expected .*, received "nonsense"/);
  });

  it('data that are too old are exit status 3, with why; the leader is always fresh', async () => {
    await position(leader, 'a', '1');
    assert.equal((await leader.run(['get', 'a', '--max-staleness', '1'])).stdout.toString(), '1');
    assert.equal((await follower.run(['get', 'a', '--max-staleness', '3s'])).stdout.toString(), '1');
    assert.equal((await follower.run(['follow', '127.0.0.1:1'])).status, 0);
    const { status, stderr } = await follower.run(['--timeout', '1s', 'get', 'a', '--max-staleness', '10ms']);
    assert.equal(status, 3);
    assert.match(
      stderr,
      /^headwater: expected data at most 10 ms old, this node has not caught up with its leader yet\n$/,
    );
    assert.equal((await follower.run(['get', 'a'])).stdout.toString(), '1');
    assert.equal((await follower.run(['follow', leader.address])).status, 0);
    assert.equal((await follower.run(['get', 'a', '--max-staleness', '3s'])).stdout.toString(), '1');
  });

  it('a token is good over a promotion, and refused if its branch was lost', async () => {
    const token = await position(leader, 'a', 'before');
    assert.equal((await follower.run(['promote'])).status, 0);
    assert.equal((await follower.run(['set', 'a', 'after'])).status, 0);
    assert.equal((await follower.run(['get', 'a', '--at-least', token])).stdout.toString(), 'after');
    const lost = json(await leader.run(['--json', 'set', 'a', 'lost'])).position as string;
    const { status, stderr } = await follower.run(['get', 'a', '--at-least', lost]);
    assert.equal(status, 3);
    assert.match(stderr, /left that history after offset \d+.*Writes that were read there may be lost/);
  });
});
