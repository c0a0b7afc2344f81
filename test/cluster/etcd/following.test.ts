/** Clients that find their leader in a real etcd, and follow it. The keys there are those that nodes write. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../../benchmarks/waiting.js';
import { systemClock } from '../../../src/base/clock.js';
import { HeadwaterError } from '../../../src/base/errors.js';
import { Client, type ClientOptions } from '../../../src/client/client.js';
import { EtcdClient } from '../../../src/cluster/etcd/client.js';
import { clusterKeys, leaderValue, memberValue } from '../../../src/cluster/etcd-keys.js';
import { endAll, headwater, temporaryDirectory } from '../../cli/command-line.js';
import { Place } from '../../client/place.js';
import { closeAll, closing } from '../../rpc/harness.js';
import { Cluster, caughtUp } from '../../support/cluster.js';
import { ETCD_NEEDED, EtcdCluster, isEtcdInstalled } from '../../support/etcd.js';
import { skipUnless } from '../../support/installed.js';
import { refused } from '../../support/refusals.js';
import { RecordingLogger } from '../../support/store.js';

const SECRET = 'correct-horse';

/** Writes the keys of a cluster as its nodes do. */
class Keys {
  readonly #client: EtcdClient;
  readonly #keys: ReturnType<typeof clusterKeys>;
  readonly name: string;

  constructor(client: EtcdClient, name: string) {
    this.#client = client;
    this.#keys = clusterKeys(name);
    this.name = name;
  }

  async leads(address: string): Promise<void> {
    const value = leaderValue({ nodeId: address, address, ttlMs: 3_000, reason: 'first' });
    await this.#put(this.#keys.leader, value);
  }

  async isMember(address: string): Promise<void> {
    const record = {
      nodeId: address,
      address,
      lease: '1',
      historyFence: 1,
      offset: 1,
      durableOffset: 1,
      cannotLead: '',
    };
    await this.#put(this.#keys.member(address), memberValue({ ...record, round: -1 }));
  }

  async nobodyLeads(): Promise<void> {
    await this.#client.transaction({ compares: [], success: [{ kind: 'delete', key: this.#keys.leader }] });
  }

  async #put(key: string, value: string): Promise<void> {
    await this.#client.transaction({ compares: [], success: [{ kind: 'put', key, value }] });
  }
}

describe('a client of a cluster in etcd', function () {
  this.timeout(60_000);
  let etcd: EtcdCluster;
  let writer: EtcdClient;
  let keys: Keys;
  let all: Place[];
  let names = 0;

  before(async function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
    etcd = await EtcdCluster.start();
    const options = { clock: systemClock, logger: new RecordingLogger(), requestTimeoutMs: 3_000 };
    writer = EtcdClient.open({ endpoints: etcd.endpoints, ...options });
  });

  after(async () => {
    await writer?.close();
    await etcd?.[Symbol.asyncDispose]();
  });

  beforeEach(() => {
    keys = new Keys(writer, `shop-${++names}`);
    all = [];
  });

  afterEach(async () => {
    await closeAll();
    await endAll();
  });

  const address = () => {
    const members = etcd.endpoints.map(({ host, port }) => `${host}:${port}`).join();
    return `headwater+etcd://${members}/${keys.name}`;
  };
  const connect = async (options: ClientOptions = {}) => closing(await Client.connect(address(), options));

  async function leaderAndMember(): Promise<[Place, Place]> {
    const leader = await Place.start(0, true, all);
    const member = await Place.start(0, false, all);
    await keys.isMember(member.address);
    await keys.leads(leader.address);
    return [leader, member];
  }

  it('goes to the leader that is named there, and to another that comes, without being refused', async () => {
    const [first, second] = await leaderAndMember();
    for (const readFrom of ['leader', 'nearest'] as const) {
      await using near = await Client.connect(address(), { readFrom });
      assert.equal(near.address, first.address);
    }
    const db = await connect();
    const moved = new Promise<string>((resolve) => {
      db.on('moved', ({ to }) => resolve(to));
    });
    // Nobody writes meanwhile, so nobody is refused.
    const { looks } = second;
    // A key that changes before the watch has begun is read by it too.
    await keys.leads(second.address);
    await eventually('a look at a node that does not lead yet', async () => second.looks > looks + 2);
    second.leads = true;
    second.epoch = 2;
    assert.equal(await moved, second.address);
    await db.set('a', '1');
    assert(second.store.entries.has('a'));
  });

  it('stays at the leader of the later history, if the key is one of the past', async () => {
    const [first, second] = await leaderAndMember();
    first.epoch = 3;
    second.leads = true;
    second.epoch = 2;
    const db = await connect();
    await keys.leads(second.address);
    await eventually('a look at the other', async () => second.looks > 0);
    await db.set('a', '1');
    assert.equal(db.address, first.address);
  });

  it('begins at a node of the cluster while it has no leader, and finds the one that comes', async () => {
    const [first, second] = await leaderAndMember();
    await keys.nobodyLeads();
    second.store.before = () =>
      second.leads ? undefined : Promise.reject(new HeadwaterError('read_only_follower', 'a follower'));
    const db = await connect();
    assert.equal(db.address, second.address);
    const writing = db.set('a', '1');
    await keys.leads(first.address);
    await writing;
    assert(first.store.entries.has('a'));
  });

  it('waits for a first node within its time, and says then that there is none', async () => {
    const beganMs = performance.now();
    await assert.rejects(
      Client.connect(address(), { connectTimeoutMs: 500 }),
      refused(
        'unreachable',
        /the cluster "shop-\d+" in etcd at 127.0.0.1:\d+ has no leader and no nodes\. Start a node/,
      ),
    );
    assert(performance.now() - beganMs >= 450);
    const connecting = connect({ wait: true, connectTimeoutMs: 500 });
    await leaderAndMember();
    const { address: found } = await connecting;
    assert(all.some((place) => place.address === found));
  });

  it('says that etcd cannot be reached', async () => {
    const gone = Client.connect('headwater+etcd://127.0.0.1:1/shop', { connectTimeoutMs: 2_500 });
    await assert.rejects(gone, refused('unreachable', /the cluster "shop" in etcd at 127.0.0.1:1 could not be read/));
  });

  it('writes and connects again while etcd is away, and hears of a new leader later', async () => {
    const [first, second] = await leaderAndMember();
    const db = await connect();
    await etcd.members[0]?.kill();
    await db.set('a', '1');
    const lost = new Promise((resolve) => db.once('lost', resolve));
    await first.server.stop({ graceMs: 0 });
    await lost;
    await first.serve();
    await db.set('b', '1');
    assert.equal(db.address, first.address);
    const moved = new Promise((resolve) => db.once('moved', resolve));
    etcd.members[0]?.start();
    await etcd.healthy();
    second.leads = true;
    second.epoch = 2;
    await eventually('etcd to write', async () => {
      await keys.leads(second.address);
      return true;
    });
    await moved;
    assert.equal(db.address, second.address);
  });

  it('takes its user and the password from the options, from the address or from a file', async () => {
    const [first] = await leaderAndMember();
    const root = ['--user', `root:${SECRET}`];
    await etcd.control('user', 'add', `root:${SECRET}`);
    await etcd.control('user', 'grant-role', 'root', 'root');
    await etcd.control('auth', 'enable');
    try {
      const none = Client.connect(address());
      await assert.rejects(none, refused('unauthenticated', /etcd expects a user and its password, received none/));
      const named = address().replace('//', '//root@');
      const db = closing(await Client.connect(named, { etcd: { password: SECRET } }));
      assert.equal(db.address, first.address);
      const whole = address().replace('//', `//root:${SECRET}@`);
      assert.equal(closing(await Client.connect(whole)).address, first.address);
      const file = path.join(temporaryDirectory(), 'etcd');
      writeFileSync(file, `root:${SECRET}\n`);
      const ofFile = `${address()}?etcd-credentials=${encodeURIComponent(file)}`;
      assert.equal(closing(await Client.connect(ofFile)).address, first.address);
    } finally {
      await etcd.control(...root, 'auth', 'disable');
    }
    const unused = Client.connect(first.address, { etcd: { password: SECRET } });
    await assert.rejects(unused, refused('invalid_argument', /etcd: expected the address of a cluster/));
  });

  describe('on real nodes', () => {
    let nodes: Cluster;

    beforeEach(() => {
      nodes = new Cluster();
    });

    afterEach(() => nodes[Symbol.asyncDispose]());

    it('leaves a leader that stands still for the one that is named there', async () => {
      const [leader, follower] = await nodes.leaderAndFollowers(1);
      assert(leader && follower);
      await keys.isMember(follower.address);
      await keys.leads(leader.address);
      const db = await connect();
      await db.set('n', '0');
      await caughtUp(leader, follower);
      leader.signal('SIGSTOP');
      const unanswered = db.incr('n').catch((error) => error);
      await (await follower.client()).promote();
      await keys.leads(follower.address);
      const beganMs = performance.now();
      await eventually('the other leader', async () => db.address === follower.address);
      await db.set('a', '1');
      // Without the key the client would wait for its time-out, 15 s.
      assert(performance.now() - beganMs < 8_000);
      assert.equal((await unanswered).code, 'outcome_unknown');
      leader.signal('SIGCONT');
    });

    it('serves the command line, which finds the leader and says what is missing', async () => {
      const [leader, follower] = await nodes.leaderAndFollowers(1);
      assert(leader && follower);
      const env = { HEADWATER_CONNECT: address() };
      const early = await headwater(['--timeout', '1s', 'set', 'a', '1'], { env });
      assert.equal(early.status, 3);
      assert.match(
        early.stderr,
        /cannot reach headwater\+etcd:.*has no leader and no nodes.*Check --connect or HEADWATER_CONNECT/,
      );
      await keys.isMember(follower.address);
      await keys.leads(leader.address);
      const done = await headwater(['--connect', address(), 'set', 'a', '1']);
      assert.equal(done.status, 0, done.stderr);
      const shell = await headwater(['shell'], { stdin: `connect ${address()}\nget a\n` });
      assert.match(shell.stdout.toString(), /^connected to headwater\+etcd:.*\n1\n$/);
      const tree = await headwater(['top', '--once'], { env });
      assert.match(tree.stdout.toString(), new RegExp(`${leader.address}[^]*${follower.address}`));
      const one = await headwater(['promote'], { env });
      assert.equal(one.status, 2);
      assert.match(one.stderr, /promote: expected the address of one node in --connect/);
      const secret = await headwater(['--connect', address().replace('//', `//root:${SECRET}@`), 'get', 'a']);
      assert.equal(secret.status, 2);
      assert.match(secret.stderr, /expected no password in an argument/);
      assert(!secret.stderr.includes(SECRET));
    });
  });
});
