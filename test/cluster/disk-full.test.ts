/**
 * A real node runs on a real disk that is too small (a tmpfs, if one may be
 * mounted), alone, as a leader or as a follower. While the disk is full it must
 * answer reads and refuse writes, and it must recover without losing a write.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../benchmarks/waiting.js';
import type { Client, HeadwaterError } from '../../src/index.js';
import { endAll, headwater, temporaryDirectory } from '../cli/command-line.js';
import { caughtUp, Daemon, eventually } from '../support/cluster.js';
import { skipUnless } from '../support/installed.js';
import { seededRandom } from '../support/random.js';

const MiB = 2 ** 20;
/** Of one value; they do not compress. */
const VALUE_BYTES = 256 * 1024;
/** Little memory for writes, so that a small disk is enough to keep free what that needs. */
const FLAGS = ['--overlay-bytes', '1MiB', '--min-free-space', '72MiB'];

describe('a node on a full disk', function () {
  this.timeout(120_000);
  let disk: string | undefined;
  const nodes: Daemon[] = [];

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
    if (disk) spawnSync('umount', [disk]);
    disk = undefined;
    await endAll();
  });

  /** Undefined where this process may not mount. */
  function mounted(megabytes: number): string | undefined {
    const directory = temporaryDirectory();
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory]);
    disk = status === 0 ? directory : undefined;
    return disk;
  }

  async function started(name: string, directory: string, ...flags: string[]): Promise<Daemon> {
    const node = new Daemon(name, await freePort(), directory);
    nodes.push(node);
    await node.start(...FLAGS, ...flags);
    return node;
  }

  const random = seededRandom(7);
  const value = Buffer.from(Array.from({ length: VALUE_BYTES }, () => Math.floor(random() * 256)));

  /** Each is another one, and told from all others by its beginning. */
  function contentOf(i: number): Buffer {
    const own = Buffer.from(value);
    own.writeUInt32BE(i);
    return own;
  }

  /** Writes one after another until one is not taken. @returns how many were, and why that one was not. */
  async function fill(client: Client, from = 0): Promise<{ count: number; error: HeadwaterError }> {
    for (let i = from; ; i++) {
      try {
        await client.set(`key:${i}`, contentOf(i));
      } catch (error) {
        return { count: i, error: error as HeadwaterError };
      }
    }
  }

  /** Another program leaves so little that what LevelDB tidies up makes no difference. */
  function leave(bytes: number, directory: string): void {
    const { bavail, bsize } = statfsSync(directory);
    writeFileSync(path.join(directory, 'of-another-program'), Buffer.alloc(Math.max(0, bavail * bsize - bytes), 1));
  }

  async function assertThere(client: Client, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const found = await client.getBuffer(`key:${i}`);
      assert.ok(found?.equals(contentOf(i)), `key:${i}`);
    }
  }

  /** Takes all that is left, as another program would. */
  function fillUp(directory: string): string {
    const file = path.join(directory, `of-another-program-${readdirSync(directory).length}`);
    const handle = openSync(file, 'w');
    const piece = Buffer.alloc(MiB, 1);
    try {
      for (let size = piece.length; size >= 1; ) {
        try {
          writeSync(handle, piece, 0, size);
        } catch {
          size = Math.floor(size / 16);
        }
      }
    } finally {
      closeSync(handle);
    }
    return file;
  }

  it('refuses writes with exit status 3, answers reads, and recovers without a restart', async function () {
    const directory = mounted(224);
    skipUnless(this, directory, 'the right to mount');
    const node = await started('node', path.join(directory, 'data'));
    await eventually('the ballast', async () => existsSync(path.join(node.directory, 'ballast')));
    const client = await node.client();
    const { count, error } = await fill(client);
    assert.equal(error.code, 'disk_full');
    assert(count > 10, `${count} were taken`);
    leave(20 * MiB, directory);
    await eventually('it to be seen', async () => (await node.status()).diskFull !== '');
    const refused = await headwater(['--connect', node.address, 'set', 'a', 'b']);
    assert.equal(refused.status, 3);
    assert.match(
      refused.stderr,
      /disk of .*data is full: this node takes no writes until 81\.0 MiB are free; \d+\.\d MiB are/,
    );
    const read = await headwater(['--connect', node.address, 'exists', 'key:0']);
    assert.equal(read.status, 0, read.stderr);
    await assertThere(client, count);
    const { diskFull, diskFreeBytes, minFreeBytes } = await node.status();
    assert.match(diskFull, /is full/);
    assert.equal(minFreeBytes, 72 * MiB);
    assert((diskFreeBytes ?? 0) < 81 * MiB);
    const shown = await headwater(['--connect', node.address, 'status']);
    assert.match(shown.stdout.toString(), /disk +\d+\.\d MiB free; writes need 72\.0 MiB\ndisk full +the disk of/);
    spawnSync('mount', ['-o', 'remount,size=400m', directory]);
    await eventually('writes to be taken', async () => (await node.status()).diskFull === '');
    await client.set('a', 'b');
    assert.equal(node.log.match(/"event":"ready"/g)?.length, 1);
    assert.doesNotMatch(node.log, /opens again/);
  });

  it('loses nothing if another program takes the last byte, also over a kill', async function () {
    const directory = mounted(224);
    skipUnless(this, directory, 'the right to mount');
    const node = await started('node', path.join(directory, 'data'));
    const ballast = path.join(node.directory, 'ballast');
    await eventually('the ballast', async () => existsSync(ballast));
    const client = await node.client();
    for (let i = 0; i < 20; i++) await client.set(`key:${i}`, contentOf(i));
    // Writes are under way when it happens: some meet the end of the disk before anybody has looked.
    const filling = fill(client, 20);
    const other = fillUp(directory);
    const { count } = await filling;
    await eventually('reads to be answered', async () => (await client.exists('key:0')) === 1);
    await assertThere(client, count);
    assert.notEqual((await node.status()).diskFull, '');
    await node.end('SIGKILL');
    await node.start(...FLAGS);
    await assertThere(client, count);
    assert.match(node.log, /ballast was deleted/);
    const { diskFull, offset } = await node.status();
    assert.match(diskFull, /is full/);
    const refused = await headwater(['--connect', node.address, 'set', 'a', 'b']);
    assert.equal(refused.status, 3);
    // Without a ballast and without a byte nothing can be opened: that is said, and is no reason to lose anything.
    await node.end('SIGKILL');
    const others = [other, fillUp(directory)];
    const outcome = await headwater(['serve', '--data', node.directory, '--listen', '127.0.0.1:0', ...FLAGS]);
    assert.equal(outcome.status, 3);
    assert.match(
      outcome.stderr,
      /the node did not start: the disk of .* is full: the data cannot be opened .* until 48\.0 MiB are free/,
    );
    for (const file of others) rmSync(file);
    await node.start(...FLAGS);
    await eventually('writes to be taken', async () => (await node.status()).diskFull === '');
    await client.set('a', 'b');
    assert((await node.status()).offset > offset);
    await eventually('the ballast', async () => existsSync(ballast));
    await node.end('SIGKILL');
    await node.start(...FLAGS);
    await assertThere(client, count);
  });

  it('resumes from its position once there is room, as a follower', async function () {
    const directory = mounted(224);
    skipUnless(this, directory, 'the right to mount');
    const leader = await started('leader', path.join(temporaryDirectory(), 'data'));
    const node = await started('follower', path.join(directory, 'data'), '--follow', leader.address);
    await eventually('the ballast', async () => existsSync(path.join(node.directory, 'ballast')));
    const client = await leader.client();
    for (let i = 0; i < 250; i++) await client.set(`key:${i}`, contentOf(i));
    const { offset, upstream } = await eventually('it to be full', async () => {
      const status = await node.status();
      return status.upstream?.state === 'disk_full' && status;
    });
    assert(offset > 10 && offset < 250, `it stands at ${offset}`);
    assert.match(upstream?.error ?? '', /is full/);
    // A write that found no room has made the store open its databases again, which takes a moment.
    const reads = await node.client();
    await eventually('reads to be answered', () => assertThere(reads, offset).then(() => true));
    spawnSync('mount', ['-o', 'remount,size=600m', directory]);
    const status = await caughtUp(leader, node);
    assert.deepEqual([status.fullResyncs, status.partialResyncs], [0, 1]);
    assert.equal((await node.digest()).digest, (await leader.digest()).digest);
  });
});
