/** A follower that needs a full resync of a busy upstream takes the snapshot from another of its followers. */
import assert from 'node:assert/strict';
import type { ResyncFrom } from '../../../src/replication/upstream/detour.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

describe('a full resync from the nearest node', () => {
  let world: World;
  /** Lets the snapshots of a node end, one a call. */
  let release: Map<string, Array<() => void>>;
  /** The addresses of nodes whose snapshots do not end by themselves. */
  let held: Set<string>;
  let leader: TestNode;
  let sibling: TestNode;
  worldForEachTest((made) => {
    world = made;
    release = new Map();
    held = new Set();
    world.network.onLine = ({ to, down }) => {
      const send = down.send.bind(down);
      down.send = (frame) => {
        if (frame.kind !== 'snapshotEnd' || !held.has(to)) return send(frame);
        return new Promise<void>((resolve) => release.set(to, [...(release.get(to) ?? []), resolve])).then(() =>
          send(frame),
        );
      };
    };
  });

  /** A leader L with the follower A, which is level, and the follower B, to which L sends its one snapshot. */
  async function busy(): Promise<TestNode> {
    leader = await world.node('L', { fullResyncsMax: 1 });
    await leader.write(20);
    sibling = await world.node('A', { follows: 'L', fullResyncsMax: 1 });
    await level(world, leader, sibling);
    held.add('L');
    return await loading('B', 'L');
  }

  async function loading(address: string, from: string): Promise<TestNode> {
    const node = await world.node(address, { follows: from });
    await world.until(`${address} loads`, () => node.link.status.state === 'loading');
    await world.until('its snapshot is held', () => (release.get(from) ?? []).length > 0);
    return node;
  }

  const third = (resyncFrom: ResyncFrom) => world.node('C', { follows: 'L', resyncFrom });
  const letGo = (address: string) => {
    held.delete(address);
    for (const one of release.get(address) ?? []) one();
  };
  const streams = (node: TestNode) =>
    world.until(`${node.address} streams`, () => node.link.status.state === 'streaming');

  it('comes from a follower of the busy upstream, and a partial resync of the upstream follows', async () => {
    const other = await busy();
    const node = await third('nearest');
    await streams(node);
    assert.deepEqual(node.link.resyncs, { full: 1, partial: 1 });
    assert.equal(node.link.status.address, 'L');
    assert.deepEqual([sibling.followers.served.full, leader.followers.served.full], [1, 2], 'L serves A and B alone');
    assert.equal(sibling.followers.isConnected(node.store.identity.nodeId), false);
    assert.equal(other.link.status.state, 'loading');
    await leader.write(5, 'more');
    letGo('L');
    await level(world, leader, sibling, other, node);
  });

  it('waits for the upstream without the option, or if no other follower streams', async () => {
    await busy();
    const node = await third('upstream');
    await world.until('it waits', () => node.link.status.state === 'waiting');
    await sibling.down();
    const late = await world.node('D', { follows: 'L', resyncFrom: 'nearest' });
    await world.until('it waits too', () => late.link.status.state === 'waiting');
    letGo('L');
    await level(world, leader, node, late);
    assert.deepEqual(
      [node.link.resyncs, late.link.resyncs].map(({ full }) => full),
      [1, 1],
    );
    assert.equal(sibling.followers.served.full, 0);
  });

  it('waits at the upstream for a while if the other node is busy too', async () => {
    await busy();
    held.add('A');
    await loading('D', 'A');
    const node = await third('nearest');
    const dials = () => world.network.lines.filter(({ from, to }) => from === 'C' && to === 'A').length;
    await world.until('it waits at its upstream again', () => dials() === 1 && node.link.status.state === 'waiting');
    await world.until('L knows of it', () => leader.followers.fullResyncs.waiting === 1);
    letGo('L');
    await level(world, leader, node);
    assert.equal(dials(), 1);
    letGo('A');
  });

  it('goes back to the upstream if the other node dies meanwhile', async () => {
    await busy();
    held.add('A');
    const node = await third('nearest');
    await world.until('it loads', () => node.link.status.state === 'loading' && release.has('A'));
    sibling.kill();
    await world.until('it waits at its upstream', () => leader.followers.fullResyncs.waiting === 1);
    letGo('L');
    await level(world, leader, node);
    assert.deepEqual(node.link.resyncs, { full: 1, partial: 0 });
  });

  it('tells nothing of the leadership that the other node knows', async () => {
    await busy();
    held.add('A');
    const node = await third('nearest');
    await world.until('A sends it', () => (release.get('A') ?? []).length === 1);
    for (const line of world.network.lines.filter(({ from, to }) => from === 'C' && to === 'A'))
      void line.down.send({ kind: 'moved', address: 'B', nodeId: 'x' });
    letGo('A');
    await streams(node);
    assert.equal(node.link.status.address, 'L');
    letGo('L');
  });
});
