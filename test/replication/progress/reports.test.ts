/**
 * Followers report their positions through one session or several, also for nodes
 * below them. The leader must count each node once, judge its lag rightly, and
 * refuse writes if too few followers are close behind.
 */
import assert from 'node:assert/strict';
import { MAX_LAG_MS, NODE_REPORTS_MAX } from '../../../src/base/limits.js';
import type { Acknowledgement, NodeReport } from '../../../src/replication/frames.js';
import { Acknowledgements, type Reporter } from '../../../src/replication/progress/acknowledgements.js';
import { Durability } from '../../../src/replication/progress/durability.js';
import { until } from '../../support/clock.js';
import { removeTemporaryDirectories } from '../../support/database.js';
import { set, TestStore } from '../../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

const HERE = { level: 'followers', followers: 9, timeoutMs: 1 } as const;

describe('reports of the nodes below', () => {
  let test: TestStore;
  let acknowledgements: Acknowledgements;
  let durability: Durability;

  beforeEach(async () => {
    test = await TestStore.open();
    for (let i = 0; i < 5; i++) await test.set(`k${i}`);
    hearAnew();
  });

  afterEach(async () => {
    await test.store.close();
    await removeTemporaryDirectories();
  });

  function hearAnew(): void {
    const { store, clock } = test;
    acknowledgements = new Acknowledgements({ store, clock });
    durability = new Durability({ store, clock, acknowledgements });
  }

  function follower(nodeId: string, nonce = 'n'): Reporter {
    const reporter = {
      nodeId,
      handshake: { nonce, address: `${nodeId}:7420` },
      epochWaiting: 0,
      contentVersion: 1,
      ask() {},
    };
    acknowledgements.begin(reporter);
    return reporter;
  }

  async function at(offset: number): Promise<Omit<NodeReport, 'nodeId' | 'nonce' | 'address' | 'via'>> {
    const { log } = test.store.data;
    const checksum = await log.lookup.checksumAt(offset);
    assert(typeof checksum === 'number');
    const replicationId = log.history.lineage.replicationIdAt(offset);
    return { appendedOffset: offset, durableOffset: offset, replicationId, checksum, ageMs: 0 };
  }

  async function says(offset: number, below: NodeReport[] = []): Promise<Acknowledgement> {
    return {
      kind: 'acknowledgement',
      receivedOffset: offset,
      ...(await at(offset)),
      below,
      epochWaiting: 0,
      contentVersion: 1,
      signHeard: 0,
    };
  }

  const below = async (nodeId: string, offset: number, nonce = 'n'): Promise<NodeReport> => ({
    nodeId,
    nonce,
    address: `${nodeId}:7420`,
    via: '',
    ...(await at(offset)),
  });

  /** How many are known to have everything. */
  async function counted(): Promise<number> {
    const reached = durability.reach(test.store.data.position, HERE, new AbortController().signal);
    await test.clock.advance(1);
    return (await reached).followersAppended;
  }

  it('count by the latest, not by the most', async () => {
    const one = follower('one');
    acknowledgements.report(one, await says(5));
    assert.equal(await counted(), 1);
    acknowledgements.report(one, await says(4));
    assert.equal(await counted(), 0);
  });

  it('of another history, of other data, or beyond the end do not count', async () => {
    const one = follower('one');
    acknowledgements.report(one, { ...(await says(5)), replicationId: 'a'.repeat(40) });
    assert.equal(await counted(), 0);
    acknowledgements.report(one, { ...(await says(5)), checksum: 12345 });
    assert.equal(await counted(), 0);
    acknowledgements.report(one, { ...(await says(5)), appendedOffset: 6 });
    assert.equal(await counted(), 0);
    acknowledgements.report(one, await says(5));
    assert.equal(await counted(), 1);
  });

  it('of an earlier history of the lineage count for what was written under it', async () => {
    const report = await says(5);
    await test.reopen();
    await test.set('under the next history');
    hearAnew();
    const one = follower('one');
    acknowledgements.report(one, report);
    const { log } = test.store.data;
    const written = { replicationId: report.replicationId, offset: 5, checksum: report.checksum };
    assert.notEqual(log.history.lineage.current?.replicationId, report.replicationId);
    const wanted = { level: 'followers', followers: 1, timeoutMs: 1 } as const;
    assert.equal((await durability.reach(written, wanted, new AbortController().signal)).reached, true);
    assert.equal(await counted(), 0);
  });

  it('of a process that took the place of another with the same node ID count instead of its', async () => {
    const [one, two] = [follower('one'), follower('two')];
    acknowledgements.report(one, await says(4, [await below('x', 5, 'old')]));
    assert.equal(await counted(), 1);
    await test.clock.advance(1);
    acknowledgements.report(two, await says(4, [await below('x', 2, 'new')]));
    assert.equal(await counted(), 0, 'its disk may have lost what the old process had');
  });

  it('count once for a node, by its latest session, and not for this node itself', async () => {
    const [one, two] = [follower('one'), follower('two')];
    const itself = await below(test.store.identity.nodeId, 5);
    acknowledgements.report(one, await says(5, [await below('x', 5), await below('x', 5, 'again'), itself]));
    acknowledgements.report(two, await says(5, [{ ...(await below('x', 3)), ageMs: 500 }, await below('one', 5)]));
    assert.equal(await counted(), 3);
    assert.deepEqual(acknowledgements.below.map(({ nodeId }) => nodeId).sort(), ['one', 'two', 'x']);
  });

  it('end with the session that brought them, and those of another session stay', async () => {
    const [one, two] = [follower('one'), follower('two')];
    acknowledgements.report(one, await says(5, [await below('x', 5), await below('y', 5)]));
    acknowledgements.report(two, await says(5, [await below('x', 5)]));
    assert.equal(await counted(), 4);
    acknowledgements.end(one);
    assert.equal(await counted(), 2);
    acknowledgements.report(one, await says(5));
    assert.equal(await counted(), 2, 'a session that has ended says nothing more');
    acknowledgements.report(two, await says(5));
    assert.equal(await counted(), 1, 'what it does not tell any more is over');
  });

  it('are passed on in a frame of bounded size, those furthest along first', async () => {
    const one = follower('one');
    const many = await Promise.all(Array.from({ length: NODE_REPORTS_MAX }, (_, i) => below(`x${i}`, i === 7 ? 2 : 5)));
    acknowledgements.report(one, await says(5, many));
    const passed = acknowledgements.below;
    assert.equal(passed.length, NODE_REPORTS_MAX);
    assert(!passed.some(({ nodeId }) => nodeId === 'x7'));
  });

  it('keep their age on the way up: an old report is not fresh because it is passed on', async () => {
    const one = follower('one');
    acknowledgements.report(one, await says(5, [{ ...(await below('x', 5)), ageMs: MAX_LAG_MS + 1 }]));
    assert.equal(acknowledgements.guard.followersWithinLag, 1);
    assert.equal(acknowledgements.indirect[0]?.silentMs, MAX_LAG_MS + 1);
  });

  it('give the lag as the age of the oldest write that is not acknowledged', async () => {
    await test.clock.advance(1_000);
    assert.equal(acknowledgements.times.lagMs(5), 0, 'level, however long ago that was');
    await test.set('a');
    await test.clock.advance(30);
    await test.set('b');
    await test.clock.advance(5);
    assert.deepEqual(
      [4, 5, 6, 7].map((offset) => acknowledgements.times.lagMs(offset)),
      [1_035, 35, 5, 0],
    );
  });

  it('give the lag also if memory no longer holds the times, from the last known one', async () => {
    const large = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < 20; i++) {
      await test.set('large', large);
      await test.clock.advance(100);
      acknowledgements.times.sample();
    }
    assert.equal(test.store.data.log.lookup.knownTimeAfter(7), undefined);
    assert.equal(acknowledgements.times.lagMs(7), 1_800);
    assert.equal(acknowledgements.times.lagMs(24), 100);
    assert.ok(acknowledgements.times.levelMs(7) < test.store.clock.now() - 1_800);
  });
});

describe('a leader with a least number of followers', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  async function submit(node: TestNode): Promise<string> {
    const [reply] = await node.test.submit(set('k'));
    return reply?.kind === 'error' ? reply.error.code : 'done';
  }

  it('refuses writes below it, says how many there are, and answers reads', async () => {
    const leader = await world.node('L', { minFollowers: 1, maxLagMs: 5_000 });
    const [write, read] = await leader.test.submit(set('k'), { kind: 'get', key: Buffer.from('k') });
    assert(write?.kind === 'error' && read?.kind === 'get');
    assert.equal(write.error.code, 'too_few_followers');
    assert.deepEqual(write.error.details, { followers: 0, minFollowers: 1, maxLagMs: 5000 });
    assert.equal(leader.store.data.position.offset, 0);
  });

  it('takes writes once a follower is there, not while that lags too far, and again after', async () => {
    const leader = await world.node('L', { minFollowers: 1, maxLagMs: 5_000 });
    const follower = await world.node('F', { follows: 'L' });
    await world.until('it is heard', () => leader.replication.acknowledgements.guard.followersWithinLag === 1);
    assert.equal(await submit(leader), 'done');
    await level(world, leader, follower);
    world.network.last.hold();
    await world.clock.advance(4_000);
    assert.equal(await submit(leader), 'done');
    await world.clock.advance(2_000);
    assert.equal(await submit(leader), 'too_few_followers');
    world.network.last.release();
    await world.until('it is heard again', async () => (await submit(leader)) === 'done');
  });

  it('counts followers of followers, and a follower ignores its own number', async () => {
    const leader = await world.node('L', { minFollowers: 2, maxLagMs: 5_000 });
    const middle = await world.node('M', { follows: 'L', minFollowers: 7 });
    await world.until('one is heard', () => leader.replication.acknowledgements.guard.followersWithinLag === 1);
    assert.equal(await submit(leader), 'too_few_followers');
    const bottom = await world.node('B', { follows: 'M' });
    await world.until('both are heard', () => leader.replication.acknowledgements.guard.followersWithinLag === 2);
    assert.equal(await submit(leader), 'done');
    await level(world, leader, middle, bottom);
    assert.equal(await submit(middle), 'read_only_follower');
  });

  it('still expires keys', async () => {
    const leader = await world.node('L', { minFollowers: 1, maxLagMs: 3_000 });
    const follower = await world.node('F', { follows: 'L' });
    await world.until('it is heard', () => leader.replication.acknowledgements.guard.followersWithinLag === 1);
    await leader.test.set('short', 'v', 60_000);
    await level(world, leader, follower);
    await follower.down();
    const { offset } = leader.store.data.position;
    await world.clock.advance(60_000);
    await world.until('it is deleted', () => leader.store.data.position.offset === offset + 1);
    assert.equal(await submit(leader), 'too_few_followers');
  });
});

describe('lag', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('under steady writes is what it is at both ends, and none when all is quiet', async () => {
    const { leader, follower } = await world.pair({ writes: 1 });
    for (let i = 0; i < 300; i++) {
      await leader.write(1, `w${i}`);
      await world.clock.advance(5);
      if (i < 20) continue;
      const [above, below] = [leader.followers.status[0]?.lagMs ?? 999, follower.link.status.lagMs ?? 999];
      assert(above <= 40, `the leader says ${above} ms`);
      assert(below <= 20, `the follower says ${below} ms`);
    }
    await level(world, leader, follower);
    await world.clock.advance(5_000);
    assert.deepEqual([leader.followers.status[0]?.lagMs, follower.link.status.lagMs], [0, 0]);
  });

  it('of a follower that is held grows with time at both ends', async () => {
    const { leader, follower } = await world.pair({ writes: 1 });
    await world.clock.advance(1_500);
    world.network.last.hold();
    await leader.write(1, 'unseen');
    await world.clock.advance(3_000);
    assert.equal(leader.followers.status[0]?.lagMs, 3_000);
    world.network.last.release();
    await level(world, leader, follower);
    await until('it is told', () => leader.followers.status[0]?.lagMs === 0, { clock: world.clock, stepMs: 1 });
  });

  it('is unknown before a session, and below a node that belongs to no cluster yet', async () => {
    const middle = await world.node('M', { follows: 'nobody' });
    const below = await world.node('F', { follows: 'M' });
    const lag = ({ link }: TestNode) => {
      const { state, lagCommands, lagMs } = link.status;
      return [state, lagCommands, lagMs];
    };
    await world.until('it waits', () => below.link.status.state === 'waiting');
    await world.clock.advance(1_500);
    assert.deepEqual(lag(middle), ['connecting', undefined, undefined]);
    assert.deepEqual(lag(below), ['waiting', 0, undefined]);
  });

  it('without a session is the time since the node had caught up', async () => {
    const { leader, follower } = await world.pair({ writes: 1 });
    await world.clock.advance(1_500);
    await leader.down();
    await world.clock.advance(10_000);
    const { lagCommands, lagMs } = follower.link.status;
    assert.equal(lagCommands, undefined);
    assert(lagMs !== undefined && lagMs >= 10_000 && lagMs <= 11_500, `${lagMs} ms`);
  });

  it('is reported at the configured interval', async () => {
    await world.pair({
      writes: 1,
      leader: { heartbeatIntervalMs: 100 },
      follower: { heartbeatIntervalMs: 50 },
    });
    const { sent, answered } = world.network.last;
    const before = [sent.length, answered.length];
    await world.clock.advance(1_000);
    assert.deepEqual([sent.length - (before[0] as number), answered.length - (before[1] as number)], [10, 20]);
  });
});

describe('many followers that join at once', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  const checkpoints = (node: TestNode) => node.test.logger.said(/^checkpoint at offset/, 'debug');

  it('within a second share a checkpoint, and a slow one does not block the others', async () => {
    const leader = await world.node('L');
    await leader.write(50);
    const before = checkpoints(leader);
    world.network.onLine = (line) => {
      if (world.network.lines.length === 1) line.hold('down');
    };
    const slow = await world.node('S', { follows: 'L' });
    const slowLine = world.network.last;
    const others: TestNode[] = [];
    for (let i = 0; i < 5; i++) {
      others.push(await world.node(`F${i}`, { follows: 'L' }));
      await leader.write(1, `between ${i} `);
    }
    await world.until('the others have joined', () => others.every(({ link }) => link.status.state === 'streaming'));
    assert.equal(checkpoints(leader), before + 1);
    await level(world, leader, ...others);
    assert.equal(leader.followers.served.full, 6);
    const resyncs = world.network.lines.map(({ sent }) => sent.find((frame) => frame.kind === 'fullResync'));
    const offsets = resyncs.map((frame) => (frame?.kind === 'fullResync' ? frame.position.offset : undefined));
    assert.deepEqual(offsets, Array(6).fill(offsets[0]), 'one snapshot for all');
    assert.notEqual(slow.link.status.state, 'streaming');
    slowLine.release();
    await level(world, leader, slow);
  });

  it('after that take a new one: an old snapshot is not shared', async () => {
    const leader = await world.node('L');
    await leader.write(50);
    world.network.onLine = (line) => {
      if (world.network.lines.length === 1) line.hold('down');
    };
    await world.node('S', { follows: 'L' });
    await world.until('the slow one is being sent its snapshot', () => world.network.last.count('fullResync') === 1);
    await leader.write(1, 'later');
    await world.clock.advance(2_000);
    const late = await world.node('F', { follows: 'L' });
    await level(world, leader, late);
    const offsets = world.network.lines.map(({ sent }) => {
      const frame = sent.find(({ kind }) => kind === 'fullResync');
      return frame?.kind === 'fullResync' ? frame.position.offset : undefined;
    });
    assert.deepEqual(offsets, [50, 51]);
  });
});
