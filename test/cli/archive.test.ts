/** An archive in a folder and in a bucket at once, and what `archive list`, `verify` and `prune` do with both. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BUCKET, type BucketServer, hasBucketServer, NEEDS_BUCKET, startBucket } from '../support/bucket-server.js';
import { skipUnless } from '../support/installed.js';
import { endAll, eventually, headwater, Served, temporaryDirectory } from './command-line.js';

const BUCKET_PLACE = `s3://${BUCKET}/archive`;

interface Listed {
  readonly kind: string;
  readonly name: string;
  readonly offset: number;
  readonly missing?: number;
}

describe('an archive in a folder and in a bucket', function () {
  this.timeout(120_000);
  let server: BucketServer;
  let env: Record<string, string>;
  let folder = '';
  let digest = '';
  let lastOffset = 0;

  before(async function () {
    skipUnless(this, hasBucketServer(), NEEDS_BUCKET);
    server = await startBucket();
    env = { HEADWATER_S3_ENDPOINT: server.endpoint };
    folder = path.join(temporaryDirectory(), 'archive');
    const flags = ['--archive', `${folder},${BUCKET_PLACE}`, '--archive-interval', '100ms'];
    const node = await Served.start(
      ['--data', path.join(temporaryDirectory(), 'a'), '--listen', '127.0.0.1:0', ...flags],
      {
        env,
      },
    );
    const run = async (...args: string[]) => {
      const { status, stdout, stderr } = await node.run(['--json', ...args], { env });
      assert.equal(status, 0, stderr);
      return stdout.toString();
    };
    for (const value of ['1', '2', '3']) {
      await run('set', 'a', value);
      if (value !== '3') await run('backup', BUCKET_PLACE);
      const { offset } = JSON.parse(await run('status')) as { offset: number };
      await eventually('the archive has it', async () => {
        const { archive } = JSON.parse(await run('status')) as { archive: { offset: number; error: string } };
        assert.equal(archive.error, '');
        return archive.offset >= offset;
      });
    }
    ({ digest } = JSON.parse(await run('digest')) as { digest: string });
    ({ offset: lastOffset } = JSON.parse(await run('status')) as { offset: number });
    assert.equal(await node.end(), 0);
  });
  after(async () => {
    await endAll();
    await server?.close();
  });

  async function done(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await headwater(['--json', ...args], { env });
    assert.equal(status, 0, stderr + stdout.toString());
    return stdout.toString();
  }

  async function listed(place: string): Promise<Listed[]> {
    const lines = (await done('archive', 'list', place)).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Listed);
  }

  it('has the same files in both, byte for byte', async () => {
    const files = (await listed(BUCKET_PLACE)).filter(({ kind }) => kind === 'archive');
    const names = readdirSync(folder).sort();
    assert.ok(names.length >= 3);
    const ends = (all: readonly string[]) => all.at(-1)?.slice(21, 41);
    assert.equal(ends(files.map(({ name }) => name)), ends(names));
    assert.deepEqual(
      files.map(({ missing }) => missing),
      files.map(() => 0),
    );
  });

  it('leads from a backup in the bucket to the end, or to any offset', async () => {
    const whole = JSON.parse(await done('restore', BUCKET_PLACE, '--data', path.join(temporaryDirectory(), 'x')));
    assert.deepEqual([whole.offset, whole.backup_offset < lastOffset], [lastOffset, true]);
    const node = await Served.start(['--data', whole.data as string, '--listen', '127.0.0.1:0']);
    const { stdout } = await node.run(['--json', 'digest']);
    assert.equal((JSON.parse(stdout.toString()) as { digest: string }).digest, digest);
    const [first] = (await listed(BUCKET_PLACE)).filter(({ kind }) => kind === 'backup');
    const target = ['--to-offset', String((first?.offset ?? 0) + 1)];
    const part = JSON.parse(
      await done('restore', BUCKET_PLACE, '--data', path.join(temporaryDirectory(), 'x'), ...target),
    );
    assert.equal(part.offset, (first?.offset ?? 0) + 1);
  });

  it('is checked file by file', async () => {
    assert.equal((JSON.parse(await done('archive', 'verify', BUCKET_PLACE)) as { damages: number }).damages, 0);
    const copy = path.join(temporaryDirectory(), 'copy');
    const [name = ''] = readdirSync(folder);
    const bytes = readFileSync(path.join(folder, name));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    const { mkdirSync } = await import('node:fs');
    mkdirSync(copy);
    writeFileSync(path.join(copy, name), bytes);
    const { status, stdout } = await headwater(['archive', 'verify', copy]);
    assert.equal(status, 1);
    assert.match(stdout.toString(), /^damaged: .*\.archive is damaged at byte .*\n1 damaged file of 1\n$/);
  });

  it('is pruned without cutting the chain of the last backup', async () => {
    const before = await listed(BUCKET_PLACE);
    const dry = JSON.parse(await done('archive', 'prune', BUCKET_PLACE, '--keep', '1ms', '--dry-run'));
    assert.deepEqual(await listed(BUCKET_PLACE), before);
    const { removed, backups } = JSON.parse(await done('archive', 'prune', BUCKET_PLACE, '--keep', '1ms'));
    assert.deepEqual(removed, dry.removed);
    assert.ok(removed.length > 0 && backups === 1, JSON.stringify(removed));
    const restored = JSON.parse(await done('restore', BUCKET_PLACE, '--data', path.join(temporaryDirectory(), 'x')));
    assert.equal(restored.offset, lastOffset);
    const { stdout } = await headwater(['archive', 'prune', folder, '--keep', '1ms']);
    assert.match(stdout.toString(), /has no backup, so nothing was removed/);
  });
});
