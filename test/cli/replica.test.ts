/** A replica for reads from an archive alone, as real processes: the leader is never asked. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  BUCKET,
  type BucketServer,
  FaultProxy,
  hasBucketServer,
  NEEDS_BUCKET,
  randomFaults,
  startBucket,
} from '../support/bucket-server.js';
import { Dice } from '../support/dice.js';
import { skipUnless } from '../support/installed.js';
import { endAll, eventually, headwater, headwaterWithoutNode, Served, temporaryDirectory } from './command-line.js';

const INTERVAL = ['--archive-interval', '100ms'];

describe('a replica of an archive', function () {
  this.timeout(300_000);
  let env: Record<string, string> = {};
  afterEach(endAll);

  async function done(node: Served, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await node.run(['--json', ...args], { env });
    assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
    return stdout.toString();
  }

  const seen = async (node: Served) => (await node.client()).status();
  const digest = async (node: Served) => (await (await node.client()).digest()).digest;
  const fresh = () => path.join(temporaryDirectory(), 'x');

  function serve(data: string, ...flags: string[]): Promise<Served> {
    return Served.start(['--data', data, '--listen', '127.0.0.1:0', ...INTERVAL, ...flags], { env });
  }

  /** A node that is killed or paused. */
  function serveInOwnProcess(data: string, ...flags: string[]): Promise<Served> {
    const args = ['--data', data, '--listen', '127.0.0.1:0', ...INTERVAL, ...flags];
    return Served.start(args, { env, hasOwnProcess: true });
  }

  async function write(node: Served, from: number, count: number): Promise<number> {
    const lines = Array.from({ length: count }, (_, i) =>
      JSON.stringify({ key: `k${from + i}`, value: `v${from + i}` }),
    );
    const { status, stderr } = await node.run(['import', '-'], { env, stdin: `${lines.join('\n')}\n` });
    assert.equal(status, 0, stderr);
    const { offset } = await seen(node);
    await eventually('the archive has it', async () => Number((await seen(node)).archive?.offset) >= offset);
    return offset;
  }

  async function reaches(node: Served, offset: number): Promise<void> {
    await eventually(`the replica is at ${offset}`, async () => (await seen(node)).offset >= offset);
  }

  it('follows a folder under a key, refuses writes, and goes on from its place after a restart', async () => {
    const place = path.join(temporaryDirectory(), 'place');
    const keyFile = path.join(temporaryDirectory(), 'key');
    writeFileSync(keyFile, randomBytes(32).toString('hex'));
    const key = ['--backup-key-file', keyFile];
    const leader = await serve(fresh(), '--archive', place, ...key);
    await write(leader, 0, 100);
    const waiting = await serve(fresh(), '--follow-archive', place, ...key);
    await eventually('the replica waits', async () => {
      const { upstream } = await seen(waiting);
      return upstream?.waitingFor.includes('has no backup to begin from. Make one there: headwater backup ');
    });
    await done(leader, 'backup', path.join(place, 'first.backup'), ...key);
    const data = fresh();
    const replica = await serveInOwnProcess(data, '--follow-archive', place, ...key);
    const offset = await write(leader, 100, 500);
    for (const node of [waiting, replica]) {
      await reaches(node, offset);
      assert.equal(await digest(node), await digest(leader));
    }
    const refused = await replica.run(['set', 'a', '1']);
    assert.match(refused.stderr, /this node follows the archive .* and takes no writes\. Send writes to the leader/);
    const { role, upstream } = await seen(replica);
    assert.deepEqual([role, upstream?.address, upstream?.state], ['follower', place, 'streaming']);
    assert.ok(upstream?.lagMs !== undefined && upstream.lagMs > 0, 'the age of the data is known');
    assert.equal(await replica.end('SIGKILL'), null);
    const later = await write(leader, 600, 50);
    // The role is kept, so the option may be left out.
    const again = await serve(data, ...key);
    await reaches(again, later);
    const { fullResyncs, partialResyncs } = await seen(again);
    assert.deepEqual([fullResyncs, partialResyncs], [0, 1]);
    assert.equal(await digest(again), await digest(leader));
  });

  it('begins again from a newer backup, and says so, if the archive was pruned past it', async () => {
    const place = path.join(temporaryDirectory(), 'place');
    const leader = await serve(fresh(), '--archive', place);
    await write(leader, 0, 10);
    await done(leader, 'backup', path.join(place, 'first.backup'));
    const data = fresh();
    const replica = await serve(data, '--follow-archive', place);
    const before = await write(leader, 10, 10);
    await reaches(replica, before);
    assert.equal(await replica.end(), 0);
    await write(leader, 20, 10);
    await done(leader, 'backup', path.join(place, 'second.backup'));
    const pruned = await headwater(['--json', 'archive', 'prune', place, '--keep', '1ms']);
    assert.match(pruned.stdout.toString(), /first\.backup/, pruned.stderr);
    const last = await write(leader, 30, 10);
    const again = await serve(data, '--follow-archive', place);
    await reaches(again, last);
    const { upstream } = await seen(again);
    assert.equal(upstream?.lastResync?.reason, 'LOG_TRIMMED');
    assert.match(
      upstream.lastResync.message,
      new RegExp(
        `the commands after offset ${before} are gone from .*place: .* begins again from the backup second\\.backup`,
      ),
    );
    assert.match(again.log, /are gone from .* begins again from the backup/);
    assert.equal(await digest(again), await digest(leader));
  });

  it('waits for a new backup if its next commands are gone, and serves its data meanwhile', async () => {
    const place = path.join(temporaryDirectory(), 'place');
    const leader = await serve(fresh(), '--archive', place);
    await write(leader, 0, 10);
    await done(leader, 'backup', path.join(place, 'first.backup'));
    const replica = await serveInOwnProcess(fresh(), '--follow-archive', place);
    const before = await write(leader, 10, 10);
    await reaches(replica, before);
    // The next file of the archive is lost before the replica has seen it.
    process.kill(replica.pid, 'SIGSTOP');
    const lost = await write(leader, 20, 10);
    const listed = await headwater(['--json', 'archive', 'list', place]);
    for (const line of listed.stdout.toString().trimEnd().split('\n')) {
      const { name, offset } = JSON.parse(line) as { name: string; offset: number };
      if (offset > before && offset <= lost) rmSync(path.join(place, name));
    }
    const last = await write(leader, 30, 10);
    process.kill(replica.pid, 'SIGCONT');
    await eventually('the replica says what it needs', async () =>
      (await seen(replica)).upstream?.waitingFor.includes('Make a new backup there: headwater backup '),
    );
    assert.equal((await done(replica, 'get', 'k19')).trimEnd().length > 0, true);
    await done(leader, 'backup', path.join(place, 'second.backup'));
    await reaches(replica, last);
    assert.equal(await digest(replica), await digest(leader));
  });

  it('follows a later leader that archives into the same place', async () => {
    const place = path.join(temporaryDirectory(), 'place');
    const first = await serve(fresh(), '--archive', place);
    await write(first, 0, 10);
    await done(first, 'backup', path.join(place, 'first.backup'));
    const second = await serve(fresh(), '--archive', place, '--follow', first.address);
    const data = fresh();
    const replica = await serve(data, '--follow-archive', place);
    const before = await write(first, 10, 10);
    await reaches(second, before);
    assert.equal(await first.end(), 0);
    await done(second, 'promote');
    const after = await write(second, 20, 10);
    await reaches(replica, after);
    assert.equal(await digest(replica), await digest(second));
    await done(replica, 'promote');
    await done(replica, 'set', 'now', 'leads');
    assert.equal(await replica.end(), 0);
    const again = await serve(data, '--follow-archive', place);
    assert.match(
      again.log,
      /--follow-archive .*place is ignored: this node was promoted .* add --accept-data-loss at the start/,
    );
  });

  it('begins with an older backup if the newest has writes that the next leader never had', async () => {
    const place = path.join(temporaryDirectory(), 'place');
    const first = await serveInOwnProcess(fresh(), '--archive', place);
    const data = fresh();
    const behind = await serveInOwnProcess(data, '--archive', place, '--follow', first.address);
    const shared = await write(first, 0, 5);
    await done(first, 'backup', path.join(place, 'shared.backup'));
    await reaches(behind, shared);
    assert.equal(await behind.end('SIGKILL'), null);
    await write(first, 100, 5);
    await done(first, 'backup', path.join(place, 'left.backup'));
    assert.equal(await first.end('SIGKILL'), null);
    const next = await serve(data, '--archive', place);
    await done(next, 'promote');
    const offset = await write(next, 200, 20);
    const replica = await serve(fresh(), '--follow-archive', place);
    const seeded = await serve(fresh(), '--follow', next.address, '--seed-from', place);
    assert.match(seeded.log, new RegExp(`"event":"seeded","offset":${offset},`));
    for (const node of [replica, seeded]) {
      await reaches(node, offset);
      assert.equal(await digest(node), await digest(next));
    }
    // Only a backup of the next leader's history counts for a node that its archive does not reach any more.
    rmSync(path.join(place, 'shared.backup'));
    const waiting = await serve(fresh(), '--follow-archive', place);
    const says = (words: RegExp) => async () => words.test((await seen(waiting)).upstream?.waitingFor ?? '');
    await eventually('it waits', says(/no backup to begin from, whose history the archive continues/));
    rmSync(path.join(place, 'left.backup'));
    await eventually('it says the new reason', says(/has no backup to begin from\. Make one there/));
  });

  it('says so if its history is gone from the place, and takes nothing of another cluster', async () => {
    const place = path.join(temporaryDirectory(), 'place');
    const leader = await serve(fresh(), '--archive', place);
    await write(leader, 0, 10);
    await done(leader, 'backup', path.join(place, 'first.backup'));
    const replica = await serve(fresh(), '--follow-archive', place);
    await reaches(replica, 10);
    assert.equal(await leader.end(), 0);
    for (const name of readdirSync(place)) rmSync(path.join(place, name));
    await eventually('the replica says that the place is empty', async () =>
      (await seen(replica)).upstream?.waitingFor.includes('has no backup to begin from'),
    );
    const other = await serve(fresh(), '--archive', place);
    await write(other, 0, 30);
    await done(other, 'backup', path.join(place, 'other.backup'));
    await eventually('the replica refuses it', async () =>
      (await seen(replica)).upstream?.error.includes('OTHER_CLUSTER'),
    );
    assert.equal((await seen(replica)).offset, 10);
  });

  it('loads each new backup of a place without an archive', async () => {
    const place = path.join(temporaryDirectory(), 'place');
    mkdirSync(place);
    const leader = await serve(fresh());
    for (let i = 0; i < 10; i++) await done(leader, 'set', `k${i}`, 'v');
    await done(leader, 'backup', path.join(place, 'first.backup'));
    const replica = await serve(fresh(), '--follow-archive', place);
    await reaches(replica, 10);
    await done(leader, 'del', 'k0');
    await done(leader, 'backup', path.join(place, 'second.backup'));
    await reaches(replica, 11);
    assert.equal(await digest(replica), await digest(leader));
    const { upstream } = await seen(replica);
    assert.match(String(upstream?.lastResync?.message), /begins again from the backup second\.backup, at offset 11/);
  });

  it('is refused with options that contradict it', async () => {
    const cases: ReadonlyArray<readonly [args: string[], words: RegExp]> = [
      [['serve', '--follow-archive', 'x', '--follow', '127.0.0.1:1'], /follow-archive: expected either this option or/],
      [['serve', '--seed-from', 'x'], /seed-from: expected the upstream in --follow too, or the cluster in --cluster/],
      [['serve', '--follow-archive', 'x', '--archive', 'x'], /archive: expected another place than --follow-archive/],
      [['serve', '--follow-archive', 'x', '--forward-writes'], /forward-writes: expected an upstream that takes/],
      [['serve', '--accept-unencrypted'], /accept-unencrypted: expected the key/],
      [['restore', '--follow', 'x.backup', '--data', fresh()], /needs a place with backups and an archive/],
      [
        ['restore', '--follow', 'x', '--data', fresh(), '--to-offset', '1'],
        /with --follow, expected none of --archive/,
      ],
      [['restore', 'x', '--data', fresh(), '--listen', '127.0.0.1:0'], /expected --follow as well/],
    ];
    for (const [args, words] of cases) {
      const { status, stderr } = await headwaterWithoutNode(args);
      assert.match(stderr, words);
      assert.equal(status, 2, stderr);
    }
  });

  describe('in a bucket', () => {
    let server: BucketServer;
    let proxy: FaultProxy;
    let isAway = false;

    before(async function () {
      skipUnless(this, hasBucketServer(), NEEDS_BUCKET);
      server = await startBucket();
      const faults = randomFaults(new Dice(16), 10);
      proxy = new FaultProxy(server.port, () => (isAway ? '503' : faults()));
      env = { HEADWATER_S3_ENDPOINT: server.endpoint };
    });
    after(async () => {
      env = {};
      proxy?.close();
      await server?.close();
    });

    it('is made by "restore --follow", and outlives a bucket that is away', async () => {
      const place = `s3://${BUCKET}/replica`;
      const leader = await serve(fresh(), '--archive', place);
      await write(leader, 0, 10);
      await done(leader, 'backup', place);
      const endpoint = await proxy.listen();
      const args = ['restore', '--follow', place, '--data', fresh(), '--listen', '127.0.0.1:0'];
      const more = { HEADWATER_S3_ENDPOINT: endpoint, HEADWATER_ARCHIVE_INTERVAL: '100ms' };
      const replica = await Served.by(args, { env: { ...env, ...more } });
      const offset = await write(leader, 10, 10);
      await reaches(replica, offset);
      isAway = true;
      const later = await write(leader, 20, 10);
      const says = async () => /503|status/.test((await seen(replica)).upstream?.error ?? '');
      await eventually('the replica says why', says, 90_000);
      assert.equal((await replica.run(['get', 'k19'])).status, 0);
      isAway = false;
      await reaches(replica, later);
      assert.equal((await seen(replica)).fullResyncs, 1);
      assert.equal(await replica.end(), 0);
    });
  });
});
