/** A new node of a cluster takes its data from a bucket, and the rest from the leader. */
import assert from 'node:assert/strict';
import path from 'node:path';
import {
  BUCKET,
  BUCKET_ENVIRONMENT,
  type BucketServer,
  hasBucketServer,
  NEEDS_BUCKET,
  startBucket,
} from '../support/bucket-server.js';
import { ETCD_NEEDED, EtcdCluster, isEtcdInstalled } from '../support/etcd.js';
import { skipUnless } from '../support/installed.js';
import { endAll, eventually, Served, temporaryDirectory } from './command-line.js';

interface Seen {
  readonly role: string;
  readonly offset: number;
  readonly full_resyncs: number;
  readonly partial_resyncs: number;
  readonly archive: { readonly offset: number } | null;
  readonly upstream: { readonly state: string } | null;
  readonly cluster: {
    readonly state: string;
    readonly why: string;
    readonly members: ReadonlyArray<{ readonly node_id: string; readonly cannot_lead: string }>;
  };
  readonly node_id: string;
}

describe('a node of a cluster seeded from a bucket', function () {
  this.timeout(120_000);
  let bucket: BucketServer;
  let env: Record<string, string>;
  let etcd: EtcdCluster;
  let places = 0;

  before(async function () {
    skipUnless(this, hasBucketServer(), NEEDS_BUCKET);
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
    bucket = await startBucket();
    env = { ...BUCKET_ENVIRONMENT, HEADWATER_S3_ENDPOINT: `http://127.0.0.1:${bucket.port}` };
    etcd = await EtcdCluster.start();
  });
  afterEach(endAll);
  after(async () => {
    await etcd?.[Symbol.asyncDispose]();
    await bucket?.close();
  });

  const fresh = () => path.join(temporaryDirectory(), 'x');
  const placeOf = () => `s3://${BUCKET}/cluster/${places++}`;
  const serve = (name: string, ...flags: string[]) => {
    const url = `etcd://127.0.0.1:${etcd.endpoints[0]?.port}/${name}`;
    const args = ['--listen', '127.0.0.1:0', '--archive-interval', '100ms', '--cluster', url, '--cluster-ttl', '3s'];
    return Served.start([...args, ...flags], { env });
  };

  async function done(node: Served, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await node.run(['--json', ...args], { env });
    assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
    return stdout.toString();
  }

  const seen = async (node: Served) => JSON.parse(await done(node, 'status')) as Seen;
  const until = (what: string, node: Served, is: (now: Seen) => boolean) =>
    eventually(what, async () => {
      const now = await seen(node);
      return is(now) && now;
    });

  it('joins with a partial resync, and leads when the others are gone', async () => {
    const place = placeOf();
    const leader = await serve('one', '--data', fresh(), '--archive', place);
    await until('a leader', leader, ({ cluster }) => cluster.state === 'leading');
    await done(leader, 'set', 'a', '1');
    await done(leader, 'backup', place);
    await done(leader, 'set', 'b', '2');
    const { offset } = await seen(leader);
    await until('the archive', leader, ({ archive }) => (archive?.offset ?? 0) >= offset);

    const node = await serve('one', '--data', fresh(), '--seed-from', place);
    assert.match(
      node.log,
      new RegExp(`"event":"seeded","offset":${offset},.*The rest comes from the leader of the cluster`),
    );
    const joined = await until('the stream', node, ({ upstream }) => upstream?.state === 'streaming');
    assert.deepEqual([joined.full_resyncs, joined.partial_resyncs], [0, 1]);
    await done(leader, 'set', 'c', '3');
    await until('the last write', node, (now) => now.offset > offset);
    await until('a place in the line', leader, ({ cluster: { members } }) =>
      members.some(({ node_id, cannot_lead }) => node_id === joined.node_id && cannot_lead === ''),
    );
    assert.equal(await leader.end(), 0);
    await until('another leader', node, ({ cluster }) => cluster.state === 'leading');
    assert.match(await done(node, 'mget', 'a', 'b', 'c'), /1[\s\S]*2[\s\S]*3/);
  });

  it('founds no empty cluster if the bucket has no data, and copies those of a leader', async () => {
    const node = await serve('two', '--data', fresh(), '--seed-from', placeOf());
    assert.match(
      node.log,
      /gave no data: .*expected a backup, found none\. This node asks the leader of the cluster for/,
    );
    await until('the reason', node, ({ cluster }) =>
      cluster.members.some(({ cannot_lead }) =>
        /this node is empty, though it was started with --seed-from/.test(cannot_lead),
      ),
    );
    const leader = await serve('two', '--data', fresh());
    await until('a leader', leader, ({ cluster }) => cluster.state === 'leading');
    await until('the stream', node, ({ upstream }) => upstream?.state === 'streaming');
  });
});
