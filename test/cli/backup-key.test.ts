/** Backups and archives under a key, by the command line: in a file, in a folder and in a bucket, and every wrong key. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BUCKET, type BucketServer, hasBucketServer, NEEDS_BUCKET, startBucket } from '../support/bucket-server.js';
import { skipUnless } from '../support/installed.js';
import { endAll, headwater, headwaterWithoutNode, type Outcome, Served, temporaryDirectory } from './command-line.js';

describe('a backup under a key', function () {
  this.timeout(60_000);
  let folder = '';
  let key: string[] = [];
  let node: Served;
  let file = '';
  let plain = '';
  let archive = '';
  let digest = '';

  function newKey(name: string): string {
    const keyFile = path.join(folder, name);
    writeFileSync(keyFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    return keyFile;
  }

  async function done(...args: string[]): Promise<Record<string, unknown>> {
    const { status, stdout, stderr } = await node.run(['--json', ...args]);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout.toString().trimEnd().split('\n').at(-1) as string) as Record<string, unknown>;
  }

  const fresh = () => path.join(temporaryDirectory(), 'x');
  const restored = (from: string, ...more: string[]) => headwater(['restore', from, '--data', fresh(), ...more]);

  before(async () => {
    folder = temporaryDirectory();
    key = ['--backup-key-file', newKey('key')];
    archive = path.join(folder, 'archive');
    [file, plain] = [path.join(folder, 'sealed.backup'), path.join(folder, 'plain.backup')];
    node = await Served.fresh('--archive', archive, ...key);
    for (const value of ['secret-1', 'secret-2']) {
      await done('set', 'name', value);
      if (value !== 'secret-1') continue;
      const { bytes, encrypted } = await done('backup', file, ...key);
      assert.deepEqual([bytes, encrypted], [statSync(file).size, true]);
      await done('backup', plain);
    }
    ({ digest } = (await done('digest')) as { digest: string });
    // The stop closes the archive.
    assert.equal(await node.end(), 0);
  });
  after(endAll);

  it('comes back with the key, and with an archive under the same key', async () => {
    const { status, stdout, stderr } = await restored(file, '--archive', archive, '--json', ...key);
    assert.equal(status, 0, stderr);
    const { data, offset, backup_offset } = JSON.parse(stdout.toString()) as Record<string, unknown>;
    assert.ok(Number(offset) > Number(backup_offset));
    const again = await Served.start(['--data', String(data), '--listen', '127.0.0.1:0']);
    const found = await again.run(['--json', 'digest']);
    assert.equal((JSON.parse(found.stdout.toString()) as { digest: string }).digest, digest);
    const fromPipe = await headwater(['verify', '-', ...key], { stdin: readFileSync(file) });
    assert.match(fromPipe.stdout.toString(), /^whole: 1 key/, fromPipe.stderr);
  });

  it('has nothing of the data in its files', () => {
    const files = [file, ...readdirSync(archive).map((name) => path.join(archive, name))];
    assert.ok(files.length >= 2);
    for (const one of files) {
      const bytes = readFileSync(one);
      assert.equal(bytes.toString('latin1', 0, 16), 'HEADWATER SEALED');
      assert.ok(!bytes.includes('secret') && !bytes.includes('name'), one);
    }
    assert.ok(readFileSync(plain).includes('secret'));
  });

  it('is refused without the key, with another one, and a file without encryption is too', async () => {
    const other = ['--backup-key-file', newKey('other')];
    const short = ['--backup-key-file', path.join(folder, 'short')];
    writeFileSync(short[1] as string, 'abc');
    const cases: ReadonlyArray<readonly [outcome: Promise<Outcome>, status: number, words: RegExp]> = [
      [restored(file), 3, /is encrypted with the key [0-9a-f]{16}\. Name the file of this key with --backup-key-file/],
      [restored(file, ...other), 3, /and --backup-key-file has the key [0-9a-f]{16}\. Name the file of the other key/],
      [headwater(['verify', file]), 3, /is encrypted with the key/],
      [restored(plain, ...key), 3, /plain\.backup is not encrypted: expected .* add --accept-unencrypted/],
      [headwater(['verify', plain, ...key]), 3, /is not encrypted/],
      [restored(plain, '--archive', archive), 3, /\.archive is encrypted with the key/],
      [restored(file, ...short), 2, /expected 64 hexadecimal digits in .*openssl rand -hex 32/],
      [restored(file, '--accept-unencrypted'), 2, /Leave out --accept-unencrypted, or add --backup-key-file/],
      [headwater(['verify', '--data', fresh(), ...key]), 2, /expected the name of one as well/],
    ];
    for (const [outcome, status, words] of cases) {
      const { stderr, status: found } = await outcome;
      assert.match(stderr, words);
      assert.equal(found, status, stderr);
    }
    const accepted = await restored(plain, '--archive', archive, '--accept-unencrypted', ...key);
    assert.equal(accepted.status, 0, accepted.stderr);
  });

  it('lets its place be listed, checked, pruned and dumped with the key', async () => {
    const place = path.join(folder, 'place');
    mkdirSync(place);
    for (const name of readdirSync(archive))
      writeFileSync(path.join(place, name), readFileSync(path.join(archive, name)));
    for (const one of [file, plain]) writeFileSync(path.join(place, path.basename(one)), readFileSync(one));
    const listed = await headwater(['archive', 'list', place, ...key]);
    assert.doesNotMatch(listed.stdout.toString(), /unreadable/);
    assert.match((await headwater(['archive', 'list', place])).stdout.toString(), /unreadable .*is encrypted with the/);
    const checked = await headwater(['archive', 'verify', place, ...key]);
    assert.match(checked.stdout.toString(), /^damaged: .*plain\.backup is not encrypted.*\n1 damaged file of 3\n$/);
    const whole = await headwater(['archive', 'verify', place, '--accept-unencrypted', ...key]);
    assert.equal(whole.stdout.toString(), 'whole: 3 files\n');
    const pruned = await headwater(['archive', 'prune', place, '--keep', '1ms', '--json', ...key]);
    assert.deepEqual((JSON.parse(pruned.stdout.toString()) as { unreadable: unknown }).unreadable, []);
    const [name = ''] = readdirSync(archive);
    const dumped = await headwater(['log', 'dump', path.join(archive, name), ...key]);
    assert.match(dumped.stdout.toString(), /secret-2/);
    assert.match((await headwater(['log', 'dump', path.join(archive, name)])).stderr, /is encrypted with the key/);
  });

  it('keeps a node from starting whose key cannot be read', async () => {
    const flags = ['--data', fresh(), '--archive', archive, '--backup-key-file', path.join(folder, 'absent')];
    const { status, stderr } = await headwaterWithoutNode(['serve', '--listen', '127.0.0.1:0', ...flags]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /backup-key-file: cannot read .*absent: no such file/);
  });

  describe('in a bucket', () => {
    let server: BucketServer;
    let env: Record<string, string>;

    before(async function () {
      skipUnless(this, hasBucketServer(), NEEDS_BUCKET);
      server = await startBucket();
      const keyFile = newKey('bucket-key');
      env = { HEADWATER_S3_ENDPOINT: server.endpoint, HEADWATER_BACKUP_KEY_FILE: keyFile };
    });
    after(async () => {
      await server?.close();
    });

    it('is sealed by the key of the environment, and restored with its archive', async () => {
      const place = `s3://${BUCKET}/sealed`;
      const args = ['--data', fresh(), '--listen', '127.0.0.1:0', '--archive', place];
      const sealing = await Served.start(args, { env });
      const run = (...words: string[]) => sealing.run(['--json', ...words], { env });
      await run('set', 'a', '1');
      const backup = await run('backup', place);
      assert.match(backup.stdout.toString(), /"encrypted":true/, backup.stderr);
      await run('set', 'a', '2');
      assert.equal(await sealing.end(), 0);
      const found = await headwater(['restore', place, '--data', fresh(), '--json'], { env });
      assert.equal(found.status, 0, found.stderr);
      const { offset, backup_offset } = JSON.parse(found.stdout.toString()) as Record<string, number>;
      assert.equal(offset, (backup_offset ?? 0) + 1);
      const { HEADWATER_BACKUP_KEY_FILE: _, ...without } = env;
      const refused = await headwater(['restore', place, '--data', fresh()], { env: without });
      assert.match(
        refused.stderr,
        /expected a backup, found none, and 1 that cannot be read: .*is encrypted with the key/,
      );
    });
  });
});
