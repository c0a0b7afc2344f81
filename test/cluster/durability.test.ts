/**
 * A client writes at a leader with real followers, and asks how many of them must
 * have each write. The answer must be true, also if a follower is frozen or the
 * leader is demoted. After unit/wait.tcl of Redis: WAIT and WAITAOF.
 */
import assert from 'node:assert/strict';
import { Client, DurabilityNotReached, type DurabilityOption, HeadwaterError } from '../../src/index.js';
import { assertEqualData, Cluster, type Daemon, eventually } from '../support/cluster.js';

const WAITERS = 500;
const PATIENT_MS = 10_000;

describe('durability in a cluster', () => {
  let cluster: Cluster;
  let nodes: Daemon[];
  let db: Client;

  beforeEach(() => {
    cluster = new Cluster();
  });

  afterEach(async () => {
    for (const node of nodes) node.signal('SIGCONT');
    await db.close();
    await cluster[Symbol.asyncDispose]();
  });

  async function start(followers: number, ...flags: string[]): Promise<[Daemon, ...Daemon[]]> {
    nodes = await cluster.leaderAndFollowers(followers, '--link-timeout', '30s', ...flags);
    const [leader, ...rest] = nodes as [Daemon, ...Daemon[]];
    db = await Client.connect(leader.address, { redirect: false });
    await db.set('first', '1');
    await assertEqualData(leader, ...rest);
    return [leader, ...rest];
  }

  const write = (durability: DurabilityOption) => db.incr('n', 1, { durability });

  async function missed(promise: Promise<unknown>): Promise<DurabilityNotReached['details']> {
    const error = await promise.then(
      () => assert.fail('expected durability_not_reached'),
      (reason: unknown) => reason,
    );
    assert(error instanceof DurabilityNotReached, String(error));
    return error.details;
  }

  it('is reached with all followers, not with one more, and the answer counts them', async () => {
    await start(2);
    assert.equal(await write({ level: 'followers', followers: 1, timeoutMs: PATIENT_MS }), 1);
    assert.equal(await write({ level: 'followers', followers: 2, timeoutMs: PATIENT_MS }), 2);
    assert.equal(await write({ level: 'followers_synced', followers: 2, timeoutMs: PATIENT_MS }), 3);
    const reached = await missed(write({ level: 'followers', followers: 3, timeoutMs: 300 }));
    assert.equal(reached.followersAppended, 2);
    assert.equal(String(await db.get('n')), '4', 'the write stays');
  });

  it('does not count a frozen follower, and counts it again when it resumes', async () => {
    const [leader, first, second] = (await start(2)) as [Daemon, Daemon, Daemon];
    second.signal('SIGSTOP');
    await write({ level: 'followers', followers: 1, timeoutMs: PATIENT_MS });
    const reached = await missed(write({ level: 'followers', followers: 2, timeoutMs: 300 }));
    assert.equal(reached.followersAppended, 1);
    second.signal('SIGCONT');
    await write({ level: 'followers', followers: 2, timeoutMs: PATIENT_MS });
    await assertEqualData(leader, first, second);
  });

  it('is reached for many writers on many connections when their follower resumes', async () => {
    const [leader, follower] = (await start(1)) as [Daemon, Daemon];
    const clients = await Promise.all(Array.from({ length: 10 }, () => Client.connect(leader.address)));
    follower.signal('SIGSTOP');
    try {
      let done = 0;
      const writes = Array.from({ length: WAITERS }, async (_, i) => {
        const durability = { level: 'followers', followers: 1, timeoutMs: PATIENT_MS } as const;
        await clients[i % clients.length]?.set(`k${i}`, 'v', { durability });
        done++;
      });
      await eventually('all to be written', async () => (await leader.status()).offset === 1 + WAITERS);
      assert.equal(done, 0);
      follower.signal('SIGCONT');
      await Promise.all(writes);
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
    await assertEqualData(leader, follower);
  });

  for (const fsync of ['always', 'everysec', 'never']) {
    it(`on disks is reached under --fsync ${fsync}, because it is asked for`, async () => {
      await start(1, '--fsync', fsync);
      await write({ level: 'synced', timeoutMs: PATIENT_MS });
      await write({ level: 'followers_synced', followers: 1, timeoutMs: PATIENT_MS });
      const { durableOffset, followers } = await (nodes[0] as Daemon).status();
      assert.ok(durableOffset >= 2, `durable here up to ${durableOffset}`);
      assert.equal(followers[0]?.durableOffset, 3);
    });
  }

  it('ends with an error if the leader is demoted meanwhile', async () => {
    const [leader, follower] = (await start(1)) as [Daemon, Daemon];
    follower.signal('SIGSTOP');
    const waiting = write({ level: 'followers', followers: 1, timeoutMs: PATIENT_MS });
    waiting.catch(() => {});
    await eventually('it to be written', async () => (await leader.status()).offset === 2);
    await (await leader.client()).follow(follower.address);
    const error = await waiting.then(
      () => assert.fail('expected an error'),
      (reason: unknown) => reason,
    );
    assert(HeadwaterError.is(error, 'outcome_unknown'), String(error));
  });

  it('is not reached by a follower that is promoted while its old leader waits for it', async () => {
    const [leader, first, second] = (await start(2)) as [Daemon, Daemon, Daemon];
    first.signal('SIGSTOP');
    const waiting = write({ level: 'followers', followers: 2, timeoutMs: 1_000 });
    waiting.catch(() => {});
    await eventually('the second to have it', async () => (await second.status()).offset === 2);
    await (await second.client()).promote();
    assert.equal((await missed(waiting)).reached, false);
    first.signal('SIGCONT');
    await write({ level: 'followers', followers: 1, timeoutMs: PATIENT_MS });
    await assertEqualData(leader, first);
  });
});
