/** Undoing a mistake: a backup and an archive, and a node restored to right before it. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { endAll, headwater, Served, temporaryDirectory } from './command-line.js';

interface Status {
  offset: number;
  replication_id: string;
  archive: { offset: number; error: string; missed: number };
  full_resyncs_served: number;
  lost_writes: number;
}

describe('restore --archive', function () {
  this.timeout(60_000);
  let directory: string;
  let backup: string;
  let archive: string;
  let flushedAt: number;
  let flushedMs: number;
  const statusOf = async (node: Served) =>
    JSON.parse((await node.run(['status', '--json'])).stdout.toString()) as Status;

  before(async () => {
    directory = temporaryDirectory();
    backup = path.join(directory, 'night.backup');
    archive = path.join(directory, 'archive');
    const node = await Served.start(serve('a', '--archive', archive, '--archive-interval', '200ms'));
    const fill = async (from: number) => {
      const lines = Array.from({ length: 200 }, (_, i) => `{"key":"k${from + i}","value":"v${from + i}"}\n`);
      assert.equal((await node.run(['import', '-'], { stdin: lines.join('') })).status, 0);
    };
    await fill(0);
    assert.equal((await node.run(['backup', backup])).status, 0);
    await fill(200);
    flushedAt = (await statusOf(node)).offset + 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    flushedMs = Date.now();
    assert.equal((await node.run(['flushall'])).status, 0);
    assert.equal((await node.run(['set', 'after', 'the mistake'])).status, 0);
    assert.equal((await statusOf(node)).archive.error, '');
    assert.equal(await node.end(), 0);
  });
  after(endAll);

  function serve(name: string, ...more: string[]): string[] {
    return ['--data', path.join(directory, name), '--listen', '127.0.0.1:0', ...more];
  }

  async function restore(name: string, ...more: string[]) {
    return headwater(['restore', backup, '--data', path.join(directory, name), '--archive', archive, ...more]);
  }

  it('takes all there is, and the node leads on from there', async () => {
    const { status, stdout, stderr } = await restore('all', '--json');
    assert.equal(status, 0, stderr);
    const { offset, keys, backup_offset } = JSON.parse(stdout.toString()) as Record<string, number>;
    assert.deepEqual({ offset, keys, backup_offset }, { offset: flushedAt + 1, keys: 1, backup_offset: 200 });
    const node = await Served.start(serve('all'));
    assert.equal((await node.run(['get', 'after'])).stdout.toString(), 'the mistake');
    await node.end();
  });

  it('undoes a flushall: to right before its offset, with a follower seeded likewise', async () => {
    const { status, stdout, stderr } = await restore('before', '--to-offset', String(flushedAt - 1));
    assert.equal(status, 0, stderr);
    assert.match(
      stdout.toString(),
      /^restored 400 keys at offset 400 in .*\n.*\n.*200 commands came from the archive\n/,
    );
    assert.equal((await restore('follower', '--to-offset', '300')).status, 0);
    const leader = await Served.start(serve('before'));
    assert.equal((await leader.run(['dbsize'])).stdout.toString(), '400\n');
    assert.equal((await leader.run(['set', 'new', 'life'])).status, 0);
    const follower = await Served.start(serve('follower', '--follow', leader.address));
    for (let i = 0; (await follower.run(['get', 'new'])).status !== 0; i++) assert.ok(i < 100, follower.log);
    const { full_resyncs_served } = await statusOf(leader);
    assert.equal(full_resyncs_served, 0, 'the log of the leader reaches back to where the follower was restored');
    const digests = await Promise.all(
      [leader, follower].map(async (node) => (await node.run(['digest'])).stdout.toString()),
    );
    assert.equal(digests[0], digests[1]);
    await Promise.all([leader.end(), follower.end()]);
  });

  it('goes by time likewise', async () => {
    const { status, stdout, stderr } = await restore('time', '--to-time', new Date(flushedMs).toISOString(), '--json');
    assert.equal(status, 0, stderr);
    const { offset, keys } = JSON.parse(stdout.toString()) as Record<string, number>;
    assert.deepEqual({ offset, keys }, { offset: 400, keys: 400 });
  });

  it('refuses what cannot be, leaves nothing, and says what there is', async () => {
    const there = readdirSync(directory);
    const refused = async (status: number, pattern: RegExp, ...args: string[]) => {
      const outcome = await restore('refused', ...args);
      assert.equal(outcome.status, status, outcome.stderr);
      assert.match(outcome.stderr, pattern);
      assert.deepEqual(readdirSync(directory), there);
    };
    await refused(2, /the archive .*none cannot be read: no such file/, '--archive', path.join(directory, 'none'));
    await refused(2, /up to offset 403, the archive ends at 402/, '--to-offset', '403');
    await refused(2, /the backup ends at offset 200, after --to-offset 199/, '--to-offset', '199');
    await refused(2, /expected either --to-offset or --to-time/, '--to-offset', '300', '--to-time', '2026-01-01');
    await refused(2, /Expected a time such as/, '--to-time', 'yesterday');
    await refused(2, /holds no commands after .* in the history/, '--history', '0'.repeat(40));
    const without = await headwater(['restore', backup, '--data', path.join(directory, 'refused'), '--to-offset', '3']);
    assert.equal(without.status, 2);
    assert.match(without.stderr, /expected --archive PLACE as well/);
    const foreign = path.join(archive, readdirSync(archive)[0] ?? '');
    const noBackup = await headwater(['restore', foreign, '--data', path.join(directory, 'refused')]);
    assert.equal(noBackup.status, 3);
    assert(noBackup.stderr.includes(`${foreign}: the file is no Headwater backup`), noBackup.stderr);
    assert.deepEqual(readdirSync(directory), there);
  });
});
