/** Many followers need a full resync of one node at once. The node sends some, and the others wait for their turn. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../../src/base/errors.js';
import type { KeyspaceSnapshot } from '../../../src/keyspace/snapshot.js';
import { set } from '../../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

describe('full resyncs of several followers at once', () => {
  let world: World;
  /** Lets the snapshots end, one a call. */
  let release: Array<() => void>;
  worldForEachTest((made) => {
    world = made;
    release = [];
    world.network.onLine = ({ down }) => {
      const send = down.send.bind(down);
      down.send = (frame) => {
        if (frame.kind !== 'snapshotEnd') return send(frame);
        return new Promise<void>((resolve) => release.push(resolve)).then(() => send(frame));
      };
    };
  });

  const states = (nodes: readonly TestNode[]) => nodes.map(({ link }) => link.status.state);

  async function storm(max: number): Promise<{ leader: TestNode; followers: TestNode[] }> {
    const leader = await world.node('L', { fullResyncsMax: max });
    await leader.write(50);
    const followers: TestNode[] = [];
    for (const address of ['A', 'B', 'C', 'D']) {
      followers.push(await world.node(address, { follows: 'L' }));
      const state = followers.length <= max ? 'loading' : 'waiting';
      await world.until(`${address} is ${state}`, () => followers.at(-1)?.link.status.state === state);
    }
    return { leader, followers };
  }

  it('are sent to so many, and the others wait in the order in which they came', async () => {
    const { leader, followers } = await storm(2);
    const [, , third, fourth] = followers;
    assert(third && fourth);
    assert.deepEqual([leader.followers.fullResyncs.sending, leader.followers.fullResyncs.waiting], [2, 2]);
    assert.equal(
      third.link.status.waitingFor,
      'the upstream sends 2 full resyncs, and no more than 2 at once (--full-resyncs-max): this follower is next',
    );
    assert.match(fourth.link.status.waitingFor, /: 1 other followers come before this one$/);
    await world.until('a snapshot ends', () => release.length === 2);
    release.shift()?.();
    await world.until('the third loads', () => third.link.status.state === 'loading');
    await world.until('the fourth is next', () => fourth.link.status.waitingFor.endsWith(' is next'));
    assert.equal(fourth.link.status.state, 'waiting');
    await world.until('all are level', () => {
      for (const one of release.splice(0)) one();
      return states(followers).every((state) => state === 'streaming');
    });
    await level(world, leader, ...followers);
    assert.deepEqual([leader.followers.fullResyncs.sending, leader.followers.fullResyncs.waiting], [0, 0]);
    assert.equal(leader.followers.served.full, 4);
    assert.deepEqual(
      followers.map(({ link }) => link.status.waitingFor),
      ['', '', '', ''],
    );
  });

  it('go on with the next one when a follower is killed, whether it loads or waits', async () => {
    const { leader, followers } = await storm(1);
    const [first, second, third, fourth] = followers as [TestNode, TestNode, TestNode, TestNode];
    await second.down();
    await world.until('the third is next', () => third.link.status.waitingFor.endsWith(' is next'));
    await first.down();
    await world.until('the third loads', () => third.link.status.state === 'loading');
    assert.equal(fourth.link.status.state, 'waiting');
    await world.until('both are level', () => {
      for (const one of release.splice(0)) one();
      return states([third, fourth]).every((state) => state === 'streaming');
    });
    await level(world, leader, third, fourth);
  });

  it('let a follower wait while writes go on, without a message for each', async () => {
    const { leader, followers } = await storm(1);
    const line = world.network.last;
    const before = line.sent.filter(({ kind }) => kind === 'wait').length;
    for (let i = 0; i < 200; i++) await leader.test.submit(set(`more${i}`));
    assert.equal(line.sent.filter(({ kind }) => kind === 'wait').length, before);
    await world.until('all are level', () => {
      for (const one of release.splice(0)) one();
      return states(followers).every((state) => state === 'streaming');
    });
    await level(world, leader, ...followers);
  });

  it('are no reason to wait for a follower that has its place in the log', async () => {
    const leader = await world.node('L', { fullResyncsMax: 1 });
    await leader.write(10);
    const old = await world.node('A', { follows: 'L' });
    await world.until('it is loaded', () => {
      release.shift()?.();
      return old.link.status.state === 'streaming';
    });
    await old.down();
    await leader.write(10);
    await world.node('B', { follows: 'L' });
    await world.until('the other loads', () => leader.followers.fullResyncs.sending === 1);
    await old.restart({ role: 'follower', upstream: 'L' });
    await world.until('it streams again', () => old.link.status.state === 'streaming');
    assert.equal(old.link.resyncs.partial, 1);
    for (const one of release.splice(0)) one();
  });

  it('hold no snapshot of a session that ends before its first entry', async () => {
    const leader = await world.node('L', { fullResyncsMax: 1 });
    await leader.write(10);
    const { snapshots } = leader.store;
    const taken: KeyspaceSnapshot[] = [];
    const at = snapshots.at.bind(snapshots);
    snapshots.at = async (options) => {
      const snapshot = await at(options);
      taken.push(snapshot);
      return snapshot;
    };
    let failures = 0;
    world.network.onLine = ({ down }) => {
      const send = down.send.bind(down);
      down.send = (frame) => {
        if (frame.kind !== 'fullResync' || failures++ > 0) return send(frame);
        return Promise.reject(new HeadwaterError('unreachable', 'cut by the test'));
      };
    };
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    assert(failures > 1);
    await world.until('all are released', () => taken.every(({ closed }) => closed));
  });

  it('are given back by a follower that needs none any more, since its upstream has changed', async () => {
    const leader = await world.node('L', { fullResyncsMax: 1 });
    await leader.write(10);
    const follower = await world.node('F', { follows: 'L' });
    await world.until('it is loaded', () => {
      release.shift()?.();
      return follower.link.status.state === 'streaming';
    });
    const other = await world.node('G', { follows: 'L' });
    await world.until('the other is loaded', () => {
      release.shift()?.();
      return other.link.status.state === 'streaming';
    });
    await level(world, leader, follower, other);
    await leader.down();
    await follower.replication.promote();
    await other.follow('F');
    await follower.write(5, 'f');
    await level(world, follower, other);
    await follower.down();
    for (let i = 0; i < 3; i++) await leader.restart();
    const loading = await world.node('A', { follows: 'L' });
    await world.until('A loads', () => loading.link.status.state === 'loading' && release.length === 1);
    await follower.restart();
    await follower.follow('L');
    await world.until('F waits', () => follower.link.status.state === 'waiting');
    await leader.follow('G');
    await world.until('F streams', () => {
      for (const one of release.splice(1)) one();
      return follower.link.status.state === 'streaming';
    });
    assert.equal(leader.followers.fullResyncs.waiting, 0);
    for (const one of release.splice(0)) one();
    await world.until('A streams', () => loading.link.status.state === 'streaming');
    assert.equal(leader.followers.fullResyncs.sending, 0);
  });
});
