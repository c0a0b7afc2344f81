/**
 * A leader and its follower are backed up, and the backup is restored as a new node,
 * over cut lines, full disks and kills. A backup is a whole file or none, a restore
 * is a whole node or none, and the new node can lead or follow.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../../src/index.js';
import { restoreDirectory } from '../../src/tools.js';
import { inPieces } from '../backup/files.js';
import { endAll, headwater, temporaryDirectory } from '../cli/command-line.js';
import { assertEqualData, Cluster, caughtUp, type Daemon } from '../support/cluster.js';
import { skipUnless } from '../support/installed.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';

const HEADWATER = fileURLToPath(new URL('../../dist/bin/headwater.cjs', import.meta.url));

/** Values that do not compress, so that there are many chunks. */
async function fill(node: Daemon, keys: number, valueBytes = 10_000): Promise<void> {
  const client = await node.client();
  await Promise.all(Array.from({ length: keys }, (_, i) => client.set(`key:${i}`, randomBytes(valueBytes))));
}

async function run(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await headwater(args);
  assert.equal(status, 0, stderr);
  return stdout.toString();
}

/** Passes on to a node what it is sent, and hangs up on both sides when so much has come back. */
class CuttingProxy {
  cuts = 0;
  readonly #server: net.Server;

  constructor(port: number, bytesBeforeCut: (cut: number) => number) {
    this.#server = net.createServer((near) => {
      const far = net.connect(port, '127.0.0.1');
      const hangUp = () => {
        near.destroy();
        far.destroy();
      };
      let left = bytesBeforeCut(this.cuts);
      near.on('error', hangUp).on('close', hangUp).pipe(far);
      far.on('error', hangUp).on('close', hangUp);
      far.on('data', (bytes) => {
        near.write(bytes.subarray(0, left));
        left -= bytes.length;
        if (left > 0) return;
        this.cuts++;
        hangUp();
      });
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
  }
}

/** Of a backup and of a restore each; more find more. */
const KILLS = Number(process.env.HEADWATER_KILLS ?? 3);

describe('backup and restore', function () {
  this.timeout(120_000);
  afterEach(endAll);

  it('a node made of a follower’s backup continues with a partial resync', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader, follower] = (await cluster.leaderAndFollowers(1)) as [Daemon, Daemon];
    // A follower that comes after the first write needs a full resync.
    await caughtUp(leader, follower);
    await fill(leader, 500);
    await caughtUp(leader, follower);
    const file = path.join(temporaryDirectory(), 'backup');
    const said = JSON.parse(await run('--connect', follower.address, '--json', 'backup', file)) as { keys: number };
    assert.equal(said.keys, 500);
    assert.doesNotMatch(leader.log, /backup/);
    assert.match(follower.log, /a backup of 500 keys is complete/);
    await (await leader.client()).set('later', 'x');
    const third = await cluster.node('third');
    await run('restore', file, '--data', third.directory);
    await third.start('--follow', leader.address);
    await assertEqualData(leader, third, follower);
    assert.equal((await leader.status()).fullResyncsServed, 0);
    assert.equal((await third.status()).partialResyncs, 1);
    assert.equal((await third.status()).fullResyncs, 0);
  });

  it('a node made of a backup and started alone leads a history of its own, which others follow', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    await fill(leader, 50);
    const before = await leader.digest();
    const file = path.join(temporaryDirectory(), 'backup');
    await run('--connect', leader.address, 'backup', file);
    await (await leader.client()).flushAll();
    await leader.end('SIGTERM');
    const other = await cluster.node('other');
    const text = await run('restore', file, '--data', other.directory);
    assert.match(text, /restored 50 keys at offset 50 .*\n.*made.*by the node.*\nnext: headwater serve .*--follow/);
    await other.start();
    assert.deepEqual(await other.digest(), before);
    const status = await other.status();
    assert.equal(status.role, 'leader');
    assert.deepEqual(
      status.lineage.map(({ firstOffset }) => firstOffset),
      [1, 51],
    );
    const follower = await cluster.node('follower');
    await follower.start('--follow', other.address);
    await (await other.client()).set('new', 'x');
    await assertEqualData(other, follower);
  });

  it('a backup over a line that breaks again and again resumes, and the file is the same', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    await fill(leader, 2_000);
    const random = seededRandom(seedOfThisRun());
    // Six times at most what the file has.
    const proxy = new CuttingProxy(leader.port, (cut) =>
      cut < 6 ? 1_000_000 + random() * 2_000_000 : Number.MAX_SAFE_INTEGER,
    );
    const client = await Client.connect(await proxy.listen(), { redirect: false });
    try {
      const parts: Buffer[] = [];
      let whole = false;
      for await (const { bytes, end } of client.backup()) {
        parts.push(Buffer.from(bytes));
        whole = end !== undefined;
      }
      assert.equal(whole, true);
      assert.equal(proxy.cuts, 6);
      assert.equal(leader.log.match(/a backup at .* begins/g)?.length, 1, 'it was never begun anew');
      const directory = path.join(temporaryDirectory(), 'restored');
      const restored = await restoreDirectory({ directory, source: inPieces(Buffer.concat(parts), 1_000_000) });
      assert.equal(restored.digest, (await leader.digest()).digest);
    } finally {
      await client.close();
      proxy.close();
    }
  });

  it('a backup that its node does not know any more, since it has restarted, says so', async () => {
    await using cluster = new Cluster();
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    await fill(leader, 1_500);
    const client = await Client.connect(leader.address);
    try {
      const taken = (async () => {
        let parts = 0;
        for await (const _ of client.backup()) {
          if (++parts !== 3) continue;
          await leader.end('SIGKILL');
          leader.isInProcess = true;
          await leader.start();
        }
      })();
      await assert.rejects(taken, {
        code: 'backup_lost',
        message: /the node has restarted.*\. Begin the backup again/,
      });
    } finally {
      await client.close();
    }
  });

  it('an existing file is kept, unless --force is given; stdout and stdin work as well', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    await fill(leader, 20);
    const directory = temporaryDirectory();
    const file = path.join(directory, 'backup');
    await run('--connect', leader.address, 'backup', file);
    const first = await readFile(file);
    const refused = await headwater(['--connect', leader.address, 'backup', file]);
    assert.deepEqual([refused.status, await readFile(file)], [2, first]);
    assert.match(refused.stderr, /exists already\. Use --overwrite/);
    await (await leader.client()).set('more', 'x');
    await run('--connect', leader.address, 'backup', '--overwrite', file);
    assert.notDeepEqual(await readFile(file), first);
    const { status, stdout } = await headwater(['--connect', leader.address, 'backup', '-']);
    assert.equal(status, 0);
    const into = path.join(directory, 'data');
    const restored = await headwater(['--json', 'restore', '-', '--data', into], { stdin: stdout });
    assert.equal(restored.status, 0, restored.stderr);
    assert.equal(JSON.parse(restored.stdout.toString()).keys, 21);
    const again = await headwater(['restore', file, '--data', into]);
    assert.equal(again.status, 2);
    assert.match(again.stderr, /is not empty/);
    assert.deepEqual(readdirSync(directory).sort(), ['backup', 'data']);
    const cut = await headwater(['restore', '-', '--data', path.join(directory, 'other')], {
      stdin: stdout.subarray(0, -1),
    });
    assert.equal(cut.status, 3);
    assert.match(cut.stderr, /the backup is cut off/);
    const missing = await headwater(['restore', path.join(directory, 'nothing'), '--data', into]);
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /cannot read .*nothing: no such file or directory/);
  });

  it('a backup to stdout fails if its reader goes away before the end', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    await fill(leader, 200);
    const child = spawn(process.execPath, [HEADWATER, '--connect', leader.address, 'backup', '-']);
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const ended = once(child, 'close');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    assert.deepEqual(await ended, [3, null]);
    assert.match(said, /the written part of the backup is unusable, because its end is missing/);
  });

  it('a disk that fills up ends both with a clear error, and what they had written is gone', async function () {
    const full = temporaryDirectory();
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', full]);
    skipUnless(this, status === 0, 'the right to mount');
    try {
      await using cluster = new Cluster({ isInProcess: true });
      const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
      await fill(leader, 1_000);
      const backup = await headwater(['--connect', leader.address, 'backup', path.join(full, 'backup')]);
      assert.equal(backup.status, 3);
      assert.match(backup.stderr, /cannot write .*backup: no space left on the disk/);
      assert.deepEqual(readdirSync(full), []);
      const file = path.join(temporaryDirectory(), 'backup');
      await run('--connect', leader.address, 'backup', file);
      const restore = await headwater(['restore', file, '--data', path.join(full, 'data')]);
      assert.equal(restore.status, 3);
      assert.match(restore.stderr, /a write to .* failed: .*No space left on device/);
      assert.deepEqual(readdirSync(path.join(full, 'data')).sort(), ['lock', 'restoring'], 'no node can start in it');
    } finally {
      spawnSync('umount', [full]);
    }
  });

  it(`a killed backup leaves no file, and a killed restore no node (${KILLS} kills)`, async function () {
    this.timeout(60_000 + KILLS * 20_000);
    await using cluster = new Cluster({ isInProcess: true });
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
    await fill(leader, 1_500);
    const { digest } = await leader.digest();
    const directory = temporaryDirectory();
    const file = path.join(directory, 'backup');
    const data = path.join(directory, 'data');
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    const began = performance.now();
    await run('--connect', leader.address, 'backup', file);
    const usualMs = performance.now() - began;
    for (let round = 0; round < KILLS; round++) {
      rmSync(file, { force: true });
      const backup = launch('--connect', leader.address, 'backup', file);
      await killAfter(backup, random() * usualMs);
      // Under its name it is whole, or not there.
      if (!readdirSync(directory).includes('backup')) await run('--connect', leader.address, 'backup', file);
      const restore = launch('restore', file, '--data', data);
      await killAfter(restore, random() * usualMs * 1.5);
      const again = await headwater(['--json', 'restore', file, '--data', data]);
      if (again.status === 0) assert.equal(JSON.parse(again.stdout.toString()).digest, digest, `seed ${seed}`);
      else assert.match(again.stderr, /is not empty .it holds ..CURRENT../, `seed ${seed}: it had been done`);
      const node = await cluster.node(`restored-${round}`);
      (node as { directory: string }).directory = data;
      await node.start();
      assert.equal((await node.digest()).digest, digest, `seed ${seed}, round ${round}`);
      await node.close();
      rmSync(data, { recursive: true });
      for (const name of readdirSync(directory)) if (name.endsWith('.new')) rmSync(path.join(directory, name));
    }
  });
});

function launch(...args: string[]): ChildProcess {
  return spawn(process.execPath, [HEADWATER, ...args], { stdio: 'ignore' });
}

/** A condition that a test of kills cannot wait for: any moment will do. */
async function killAfter(child: ChildProcess, ms: number): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  await once(child, 'exit');
  clearTimeout(timer);
}
