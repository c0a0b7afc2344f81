/** The commands on nodes: a leader, a follower, and what each says of itself. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { endAll, LOOK_INTERVAL_MS, Served } from './command-line.js';

const PATIENCE_MS = 15_000;

interface Status {
  readonly [field: string]: unknown;
  readonly node_id: string;
  readonly role: string;
  readonly address: string;
  readonly offset: number;
  readonly upstream: null | { readonly [field: string]: unknown; readonly state: string; readonly error: string };
  readonly followers: ReadonlyArray<{ readonly [field: string]: unknown; readonly node_id: string }>;
}

/** The fields that the design promises to other programs. */
const PROMISED = (
  'node_id role address replication_id lineage offset first_offset checkpoint_offset checksum keys_at_checkpoint ' +
  'upstream followers full_resyncs partial_resyncs'
).split(' ');
const PROMISED_OF_UPSTREAM = 'address state lag_commands lag_ms last_resync'.split(' ');
const PROMISED_OF_RESYNC = 'kind reason bytes duration_ms'.split(' ');
const PROMISED_OF_FOLLOWER = 'node_id address state appended_offset durable_offset lag_commands lag_ms'.split(' ');

function assertFields(of: object, promised: readonly string[]): void {
  const missing = promised.filter((field) => !(field in of));
  assert.deepEqual(missing, [], `in ${JSON.stringify(of)}`);
}

async function statusOf(node: Served): Promise<Status> {
  const { status, stdout, stderr } = await node.run(['status', '--json']);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout.toString()) as Status;
}

async function eventually(node: Served, what: string, holds: (status: Status) => boolean): Promise<Status> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const last = await node.run(['status', '--json']);
    // For the moment in which a full resync takes the place of the old data, a node may say "unavailable".
    const status = last.status === 0 ? (JSON.parse(last.stdout.toString()) as Status) : undefined;
    if (status && holds(status)) return status;
    assert.ok(performance.now() < deadline, `waited in vain: ${what}; ${last.stdout.toString()}${last.stderr}`);
    await sleep(LOOK_INTERVAL_MS);
  }
}

describe('the commands on nodes', function () {
  this.timeout(60_000);
  let leader: Served;
  let follower: Served;

  before(async () => {
    [leader, follower] = await Promise.all([Served.fresh(), Served.inOwnProcess()]);
    await leader.run(['import', '-'], { stdin: '{"key":"a","value":"1"}\n{"key":"b","value":"2"}\n' });
  });
  after(endAll);

  it('status has every promised field of a leader, null if there is no value', async () => {
    const status = await statusOf(leader);
    assertFields(status, PROMISED);
    assert.deepEqual(
      [status.role, status.store_state, status.address, status.offset, status.upstream],
      ['leader', 'serving', leader.address, 2, null],
    );
    assertFields((status.lineage as object[])[0] ?? {}, ['replication_id', 'first_offset', 'checksum', 'epoch']);
  });

  it('follow makes a follower, and both ends say so with every promised field', async () => {
    const outcome = await follower.run(['follow', leader.address, '--json']);
    assert.equal(outcome.status, 0, outcome.stderr);
    assert.deepEqual(JSON.parse(outcome.stdout.toString()), { address: follower.address, following: leader.address });
    const below = await eventually(
      follower,
      'the follower to stream',
      ({ upstream, offset }) => upstream?.state === 'streaming' && offset === 2,
    );
    assertFields(below, PROMISED);
    assertFields(below.upstream ?? {}, PROMISED_OF_UPSTREAM);
    assertFields((below.upstream?.last_resync ?? {}) as object, PROMISED_OF_RESYNC);
    assert.equal(below.role, 'follower');
    const above = await eventually(leader, 'the leader to list it', ({ followers }) => followers.length === 1);
    assertFields(above.followers[0] ?? {}, PROMISED_OF_FOLLOWER);
    assert.equal(above.followers[0]?.node_id, below.node_id);
  });

  it('the classic: set on the leader, keys on both', async () => {
    await leader.run(['set', 'classic', 'yes']);
    await eventually(follower, 'the write to arrive', ({ offset }) => offset === 3);
    for (const node of [leader, follower])
      assert.equal((await node.run(['keys', '*'])).stdout.toString(), 'a\nb\nclassic\n');
  });

  it('status counts the keys exactly on both, before a checkpoint too', async () => {
    for (const node of [leader, follower]) {
      const { keys, checkpoint_offset: saved, offset } = await statusOf(node);
      assert.equal(keys, 3);
      assert(Number(saved) < Number(offset), 'there is something to count');
    }
  });

  it('digest is equal on both at the same offset', async () => {
    const [ours, theirs] = await Promise.all([leader.run(['digest', '--json']), follower.run(['digest', '--json'])]);
    assert.equal(ours.stdout.toString(), theirs.stdout.toString());
    const digest = JSON.parse(ours.stdout.toString()) as { offset: number; keys: number; digest: string };
    assert.deepEqual([digest.offset, digest.keys, digest.digest.length], [3, 3, 64]);
    assert.equal((await leader.run(['digest'])).stdout.toString(), `${digest.digest}  offset 3  3 keys\n`);
  });

  it('a write on a follower is refused, with the address of the leader', async () => {
    for (const args of [['set', 'x', '1'], ['del', 'a'], ['incr', 'n'], ['flushall'], ['import', '-']]) {
      const { status, stdout, stderr } = await follower.run(args, { stdin: '{"key":"x","value":"1"}\n' });
      assert.equal(status, 3, args.join(' '));
      assert.equal(stdout.toString(), '');
      assert.match(
        stderr,
        new RegExp(
          `^headwater: ${follower.address}: .*is a follower and takes no writes.*--connect ${leader.address}\n$`,
        ),
      );
    }
    assert.equal((await follower.run(['dbsize'])).stdout.toString(), '3\n');
  });

  it('a write to one of several nodes finds the leader', async () => {
    const outcome = await follower.run(['--connect', `${follower.address},${leader.address}`, 'set', 'found', 'yes']);
    assert.equal(outcome.status, 0, outcome.stderr);
    assert.equal((await leader.run(['get', 'found'])).stdout.toString(), 'yes');
  });

  it('status is readable for people, followers as a table', async () => {
    const above = (await leader.run(['status'])).stdout.toString();
    assert.match(above, new RegExp(`^node +[0-9a-f]{32} +${leader.address}$`, 'm'));
    assert.match(above, /^role +leader$/m);
    assert.match(above, /^store +serving$/m);
    assert.match(
      above,
      new RegExp(`^ +[0-9a-f]{8} +${follower.address} +streaming +\\d+ +\\d+ +\\d+ +\\d+ m?s +[\\d.]+ [GM]iB$`, 'm'),
    );
    const below = (await follower.run(['status'])).stdout.toString();
    assert.match(below, new RegExp(`^upstream +${leader.address} +streaming, \\d+ commands?, \\d+ ms behind$`, 'm'));
    assert.match(below, new RegExp(`^leader +${leader.address}  \\([0-9a-f]{8}\\), 1 link above$`, 'm'));
    assert(!above.includes('\x1b'), 'no colours in a pipe');
  });

  it('failover hands over to a follower and back, and prints how long writes waited', async () => {
    const outcome = await leader.run(['failover', '--to', follower.address, '--timeout', '10s', '--json']);
    assert.equal(outcome.status, 0, outcome.stderr);
    const done = JSON.parse(outcome.stdout.toString()) as Record<string, unknown>;
    assert.deepEqual(
      [done.old_leader, done.new_leader, done.followers_moved, typeof done.pause_ms],
      [leader.address, follower.address, 0, 'number'],
    );
    const refused = await leader.run(['failover']);
    assert.equal(refused.status, 3);
    assert.match(refused.stderr, /this node does not lead: it follows/);
    await eventually(leader, 'the former leader to stream', ({ upstream }) => upstream?.state === 'streaming');
    const back = await follower.run(['failover', '--timeout', '10s']);
    assert.equal(back.status, 0, back.stderr);
    assert.match(
      back.stdout.toString(),
      new RegExp(
        `^${leader.address} leads from offset 4 in place of ${follower.address}; writes waited [0-9.]+ ms, 0 other followers moved to the new leader\n$`,
      ),
    );
    await eventually(follower, 'the follower to stream', ({ upstream }) => upstream?.state === 'streaming');
  });

  it('failover --timeout bounds how long writes wait for a follower that does not answer', async () => {
    process.kill(follower.pid, 'SIGSTOP');
    try {
      // Less than what finding out takes: the node's own answer comes all the same.
      const outcome = await leader.run(['failover', '--timeout', '300ms']);
      assert.equal(outcome.status, 3);
      assert.match(
        outcome.stderr,
        /not handed over.*(was not complete within 300 ms|could not be reached)|has not answered/,
      );
    } finally {
      process.kill(follower.pid, 'SIGCONT');
    }
    await eventually(leader, 'somebody to lead', ({ role, handing_over_to }) => role === 'leader' || !handing_over_to);
    if ((await statusOf(leader)).role !== 'leader') await follower.run(['failover', '--timeout', '10s']);
    await eventually(leader, 'it to lead', ({ role }) => role === 'leader');
    await eventually(follower, 'the follower to stream', ({ upstream }) => upstream?.state === 'streaming');
  });

  it('following itself, or two nodes at once, is refused', async () => {
    for (const address of [leader.address, leader.address.replace('127.0.0.1', 'localhost')]) {
      const itself = await leader.run(['follow', address]);
      assert.equal(itself.status, 3);
      assert.match(itself.stderr, /cannot follow itself/);
    }
    const two = await leader.run(['--connect', `${leader.address},${follower.address}`, 'follow', leader.address]);
    assert.equal(two.status, 2);
    assert.match(two.stderr, /follow: expected the address of one node in --connect/);
    assert.equal((await statusOf(leader)).role, 'leader');
  });

  it('status names an upstream that cannot be reached, while the node still serves', async () => {
    assert.equal((await follower.run(['follow', '127.0.0.1:1'])).status, 0);
    const status = await eventually(follower, 'the failure to show', ({ upstream }) => upstream?.error !== '');
    assert.match(String(status.upstream?.error), /127\.0\.0\.1:1/);
    assert.equal(status.upstream?.lag_commands, null);
    assert.match(
      (await follower.run(['status'])).stdout.toString(),
      /^upstream +127\.0\.0\.1:1 +connecting; level .+ ago$/m,
    );
    assert.equal((await follower.run(['get', 'a'])).stdout.toString(), '1');
  });
});
