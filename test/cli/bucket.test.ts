/** Backups in a bucket, by the command line: written, listed by other programs, checked, and restored. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  BUCKET,
  BUCKET_ENVIRONMENT,
  type BucketServer,
  hasBucketServer,
  NEEDS_BUCKET,
  startBucket,
} from '../support/bucket-server.js';
import { isInstalled, skipUnless } from '../support/installed.js';
import { endAll, headwater, type Outcome, Served, temporaryDirectory } from './command-line.js';

const NAME = /^backup-\d{10}-[0-9a-f]{8}-\d{20}-\d{8}T\d{9}Z\.backup$/;

describe('a backup in a bucket', function () {
  this.timeout(60_000);
  let server: BucketServer;
  let node: Served;
  let places = 0;
  let place = '';
  let env: Record<string, string>;

  before(async function () {
    skipUnless(this, hasBucketServer(), NEEDS_BUCKET);
    server = await startBucket();
    env = { HEADWATER_S3_ENDPOINT: server.endpoint };
    node = await Served.fresh();
  });
  beforeEach(() => {
    place = `s3://${BUCKET}/node/${places++}`;
  });
  after(async () => {
    await endAll();
    await server?.close();
  });

  function run(...args: string[]): Promise<Outcome> {
    return node.run(args, { env });
  }

  async function done(...args: string[]): Promise<Record<string, unknown>> {
    const { status, stdout, stderr } = await run('--json', ...args);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout.toString()) as Record<string, unknown>;
  }

  it('has a name by history, offset and time, and comes back with the same digest', async () => {
    await done('set', 'a', 'first');
    const { file, keys, digest } = await done('backup', place);
    assert.ok(String(file).startsWith(`${place}/`) && NAME.test(path.basename(String(file))), String(file));
    const checked = await done('verify', String(file));
    assert.deepEqual([checked.keys, checked.digest, checked.damages], [keys, digest, 0]);
    const restored = await done('restore', String(file), '--data', path.join(temporaryDirectory(), 'x'));
    assert.deepEqual([restored.keys, restored.digest], [keys, digest]);
  });

  it('is taken by a restore of the place if it is the newest, or the newest before the target', async () => {
    await done('set', 'b', '1');
    const early = await done('backup', place);
    await done('set', 'b', '2');
    const late = await done('backup', place);
    const newest = await done('restore', place, '--data', path.join(temporaryDirectory(), 'x'));
    assert.equal(newest.backup_offset, late.offset);
    const target = ['--to-offset', String(early.offset)];
    const before = await done('restore', place, '--data', path.join(temporaryDirectory(), 'x'), ...target);
    assert.equal(before.offset, early.offset);
    const none = await run('restore', place, '--data', path.join(temporaryDirectory(), 'x'), '--to-offset', '0');
    assert.equal(none.status, 2);
    assert.match(none.stderr, /expected a backup before the target, found 2 later ones/);
  });

  it('is reported as damaged if a byte of it is another', async () => {
    await done('set', 'c', 'x');
    const { file } = await done('backup', place);
    const name = String(file);
    const { BucketPlace } = await import('../../src/backup/bucket.js');
    const bucket = await BucketPlace.open(place, { endpoint: server.endpoint });
    const pieces: Buffer[] = [];
    for await (const piece of bucket.read(path.basename(name))) pieces.push(Buffer.from(piece));
    const bytes = Buffer.concat(pieces);
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] as number) ^ 1;
    await bucket.write(
      'other.backup',
      (async function* () {
        yield bytes;
      })(),
    );
    const { status, stdout } = await run('verify', `${place}/other.backup`);
    assert.equal(status, 1);
    assert.match(stdout.toString(), /^damaged: s3:.*other\.backup: the backup is damaged/);
  });

  it('is the same file that rclone and s3cmd see', async function () {
    skipUnless(this, isInstalled('rclone', 'version') && isInstalled('s3cmd', '--version'), 'rclone and s3cmd');
    const { file, bytes } = await done('backup', place);
    const folder = temporaryDirectory();
    const prefix = place.slice('s3://'.length);
    const remote = `:s3,provider=Other,access_key_id=S3RVER,secret_access_key=S3RVER,endpoint='${server.endpoint}':${prefix}`;
    // The server is in this process, so it must not wait for the other program.
    const copied = await finished('rclone', ['copy', '--config', '', remote, folder]);
    assert.equal(copied.status, 0, copied.stderr);
    const copy = path.join(folder, path.basename(String(file)));
    assert.equal(readFileSync(copy).length, bytes);
    assert.equal((await headwater(['verify', copy])).status, 0);
    const config = path.join(folder, 's3cfg');
    const host = server.endpoint.slice('http://'.length);
    writeFileSync(
      config,
      `[default]\naccess_key = S3RVER\nsecret_key = S3RVER\nhost_base = ${host}\nhost_bucket = ${host}\nuse_https = False\n`,
    );
    const listed = await finished('s3cmd', ['-c', config, 'ls', `${place}/`]);
    assert.equal(listed.status, 0, listed.stderr);
    assert.match(listed.stdout, new RegExp(path.basename(String(file))));
  });

  it('is refused in words if the bucket, the credentials or the name is wrong', async () => {
    const cases: ReadonlyArray<readonly [args: string[], env: Record<string, string>, status: number, words: RegExp]> =
      [
        [['backup', 's3://no-such-bucket/x'], {}, 2, /bucket does not exist/],
        [['backup', place], { AWS_ACCESS_KEY_ID: 'nobody' }, 3, /does not know the access key|do not allow/],
        [['backup', `${place}/x.backup`], {}, 2, /expected s3:\/\/BUCKET\/PREFIX, received the name of a file/],
        [['restore', place, '--data', '/nonexistent/x'], {}, 2, /expected a backup, found none/],
        [['verify', place], {}, 2, /expected one backup/],
        [['backup', 'file.backup', '--s3-region', 'eu-central-1'], {}, 2, /is for a bucket/],
        [['backup', place, '--s3-endpoint', 'http://me:secret@host'], {}, 2, /without credentials/],
      ];
    for (const [args, more, status, words] of cases) {
      const outcome = await node.run(args, { env: { ...env, ...more } });
      assert.match(outcome.stderr, words);
      assert.equal(outcome.status, status, outcome.stderr);
      assert.doesNotMatch(outcome.stderr, /secret@|S3RVER/);
    }
  });

  it('needs packages that are named with the command that installs them', async () => {
    const empty = temporaryDirectory();
    mkdirSync(path.join(empty, 'bin'));
    const program = path.join(empty, 'bin', 'commands.mjs');
    const bundled = path.join(import.meta.dirname, '..', '..', 'dist', 'src');
    // The compiled source alone, where no package can be found.
    spawnSync('cp', ['-r', bundled, path.join(empty, 'src')]);
    writeFileSync(path.join(empty, 'package.json'), '{"type":"module"}');
    writeFileSync(
      program,
      "import { BucketPlace } from '../src/backup/bucket.js'; await BucketPlace.open('s3://bucket/x').catch((e) => console.log(e.code, e.message));",
    );
    const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
    assert.match(
      stdout,
      /^invalid_argument s3:.*Run "npm install @aws-sdk\/client-s3@\S+ @aws-sdk\/lib-storage@\S+"/,
      stderr,
    );
  });
});

interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function finished(program: string, args: readonly string[]): Promise<Finished> {
  // The line is not encrypted, and some programs refuse a bundle of CAs then.
  const { AWS_CA_BUNDLE: _, ...others } = process.env;
  const child = spawn(program, args, { env: { ...others, ...BUCKET_ENVIRONMENT } });
  const [stdout, stderr] = [[] as Buffer[], [] as Buffer[]];
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}
