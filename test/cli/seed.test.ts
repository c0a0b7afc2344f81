/** A new follower takes its data from a bucket, and asks its leader for the rest alone. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
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
import { endAll, eventually, Served, temporaryDirectory } from './command-line.js';

interface Seen {
  readonly offset: number;
  readonly full_resyncs: number;
  readonly partial_resyncs: number;
  readonly archive: { readonly offset: number } | null;
  readonly upstream: {
    readonly state: string;
    readonly last_resync: { readonly reason: string; readonly message: string };
  };
}

describe('a follower seeded from a bucket', function () {
  this.timeout(120_000);
  let server: BucketServer;
  let proxy: FaultProxy;
  let env: Record<string, string>;
  let place = '';
  let places = 0;

  before(async function () {
    skipUnless(this, hasBucketServer(), NEEDS_BUCKET);
    server = await startBucket();
    proxy = new FaultProxy(server.port, randomFaults(new Dice(7), 10));
    env = { HEADWATER_S3_ENDPOINT: await proxy.listen() };
  });
  beforeEach(() => {
    place = `s3://${BUCKET}/seed/${places++}`;
  });
  afterEach(endAll);
  after(async () => {
    proxy?.close();
    await server?.close();
  });

  const fresh = () => path.join(temporaryDirectory(), 'x');
  const serve = (data: string, ...flags: string[]) =>
    Served.start(['--data', data, '--listen', '127.0.0.1:0', '--archive-interval', '100ms', ...flags], { env });

  async function done(node: Served, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await node.run(['--json', ...args], { env });
    assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
    return stdout.toString();
  }

  const seen = async (node: Served) => JSON.parse(await done(node, 'status')) as Seen;
  const digest = async (node: Served) => (JSON.parse(await done(node, 'digest')) as { digest: string }).digest;

  async function write(node: Served, count: number, from = 0): Promise<number> {
    const lines = Array.from({ length: count }, (_, i) => `{"key":"k${from + i}","value":"${'v'.repeat(500)}"}\n`);
    const { status, stderr } = await node.run(['import', '-'], { env, stdin: lines.join('') });
    assert.equal(status, 0, stderr);
    return (await seen(node)).offset;
  }

  async function level(follower: Served, leader: Served): Promise<Seen> {
    const { offset } = await seen(leader);
    const at = async () => {
      const now = await seen(follower);
      return now.upstream.state === 'streaming' && now.offset >= offset && now;
    };
    const found = await eventually('the follower is level', at);
    assert.equal(await digest(follower), await digest(leader));
    return found;
  }

  it('continues with a partial resync, though the provider fails often, and seeds once', async () => {
    const leader = await serve(fresh(), '--archive', place);
    await write(leader, 300);
    await done(leader, 'backup', place);
    const offset = await write(leader, 300, 300);
    await eventually('the archive has it', async () => ((await seen(leader)).archive?.offset ?? 0) >= offset);
    const data = fresh();
    const flags = ['--follow', leader.address, '--seed-from', place];
    const follower = await serve(data, ...flags);
    assert.match(follower.log, new RegExp(`"event":"seeded","offset":${offset},"keys":600`));
    const { full_resyncs, partial_resyncs } = await level(follower, leader);
    assert.deepEqual([full_resyncs, partial_resyncs], [0, 1]);
    assert.equal(await follower.end(), 0);
    const again = await serve(data, ...flags);
    assert.doesNotMatch(again.log, /"event":"seed/);
    assert.equal((await level(again, leader)).full_resyncs, 0);
  });

  it('says why the bucket is of no use, and takes everything from the leader', async () => {
    const leader = await serve(fresh());
    await write(leader, 10);
    const follower = await serve(fresh(), '--follow', leader.address, '--seed-from', place);
    assert.match(
      follower.log,
      /gave no data: .*expected a backup, found none\. This node asks 127\.0\.0\.1:\d+ for all/,
    );
    const { full_resyncs, upstream } = await level(follower, leader);
    assert.deepEqual([full_resyncs, upstream.last_resync.reason], [1, 'EMPTY_FOLLOWER']);
  });

  it('gets a full resync, with both offsets, if the log of the leader begins behind the bucket', async () => {
    const data = fresh();
    const small = ['--log-retention-bytes', '1KiB', '--replay-bytes', '1MiB'];
    const leader = await serve(data, ...small);
    await write(leader, 10);
    await done(leader, 'backup', place);
    for (let i = 0; i < 3; i++) await write(leader, 1_000, 1_000 * i);
    assert.equal(await leader.end(), 0);
    const again = await serve(data, ...small);
    await write(again, 1_000, 50_000);
    await eventually('the log is trimmed', async () => {
      const { first_offset } = JSON.parse(await done(again, 'status')) as { first_offset: number };
      return first_offset > 11;
    });
    const follower = await serve(fresh(), '--follow', again.address, '--seed-from', place);
    assert.match(follower.log, /"event":"seeded","offset":10/);
    const { upstream } = await level(follower, again);
    assert.equal(upstream.last_resync.reason, 'LOG_TRIMMED');
    assert.match(upstream.last_resync.message, /needs the commands after offset 10, the log holds \d+ to \d+/);
  });

  it('begins again after a start that was killed, and leaves a damaged archive out', async () => {
    const folder = path.join(temporaryDirectory(), 'place');
    const leader = await serve(fresh(), '--archive', folder);
    await write(leader, 10);
    await done(leader, 'backup', path.join(folder, 'a.backup'));
    const offset = await write(leader, 10, 10);
    await eventually('the archive has it', async () => ((await seen(leader)).archive?.offset ?? 0) >= offset);
    for (const name of readdirSync(folder))
      if (name.endsWith('.archive')) writeFileSync(path.join(folder, name), 'damaged');
    const data = fresh();
    // As a killed restore leaves it.
    mkdirSync(data);
    writeFileSync(path.join(data, 'restoring'), 'headwater restore, not done\n');
    const follower = await serve(data, '--follow', leader.address, '--seed-from', folder);
    assert.match(follower.log, /the archive in .*place is left out: .*the file is cut off/);
    assert.match(follower.log, /"event":"seeded","offset":10/);
    assert.equal((await level(follower, leader)).full_resyncs, 0);
  });
});
