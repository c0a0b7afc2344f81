/**
 * A leader L refuses a session of a follower: empty, of another cluster, with other
 * data, or with malformed frames. Both sides must show the reason, and the data must
 * stay as they are.
 */
import assert from 'node:assert/strict';
import type { Handshake } from '../../../src/replication/frames.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

describe('a replication session that is refused', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  const refusedWith = async (node: TestNode, reason: string) => {
    await world.until(`${reason} is heard`, () => node.link.status.error.includes(reason));
    assert.equal(
      node.link.status.state === 'refused' ||
        node.link.status.state === 'connecting' ||
        node.link.status.state === 'handshake',
      true,
    );
  };

  it('because the upstream is empty leaves the data as they are, also over more attempts', async () => {
    const { leader, follower } = await world.pair({ writes: 5 });
    await leader.down();
    const blank = await world.node('B');
    await follower.follow('B');
    await refusedWith(follower, 'UPSTREAM_EMPTY');
    await world.until('it has tried again', () => world.network.lines.length > 4);
    assert.equal(await follower.test.get('k0'), 'k at L');
    assert.equal(follower.store.data.position.offset, 5);
    assert.notEqual(follower.store.identity.clusterId, blank.store.identity.clusterId);
    assert.deepEqual(follower.link.resyncs, { full: 1, partial: 0 });
    assert(follower.test.logger.said(/Following would delete them/, 'warn') === 1, 'it is said once');
  });

  it('because it belongs to another cluster, until a person accepts the loss', async () => {
    const [one, other] = [await world.node('A'), await world.node('B')];
    await one.write(3, 'one');
    await other.write(4, 'other');
    await one.follow('B');
    await refusedWith(one, 'OTHER_CLUSTER');
    assert.equal(await one.test.get('one0'), 'one at A');
    await one.follow('B', { acceptDataLoss: true });
    await level(world, other, one);
    assert.equal(await one.test.get('one0'), undefined);
    assert.match(one.link.status.lastResync?.reason ?? '', /DATA_LOSS_ACCEPTED/);
  });

  it('keeps its own cluster if an accepted resync from another is cut', async () => {
    const [one, other] = [await world.node('A'), await world.node('B')];
    await one.write(3, 'one');
    await other.write(4, 'other');
    const { clusterId } = one.store.identity;
    world.network.onLine = (line) => {
      line.cutAfter(4);
      world.network.down('B');
    };
    await one.follow('B', { acceptDataLoss: true });
    await world.until('it is cut', () => one.link.status.error.includes('the connection broke'));
    assert.equal(world.network.last.count('fullResync'), 1);
    assert.equal(await one.test.get('one0'), 'one at A');
    assert.equal(one.store.identity.clusterId, clusterId, 'its data are still of that cluster');
  });

  it('empties the follower only by order of a person, and for one resync', async () => {
    const { leader, follower } = await world.pair({ writes: 3 });
    await follower.follow('L', { acceptDataLoss: true });
    await level(world, leader, follower);
    assert.equal(follower.link.resyncs.partial, 1, 'nothing had to be given up');
    await leader.down();
    const blank = await world.node('L');
    await refusedWith(follower, 'UPSTREAM_EMPTY');
    assert.equal(await follower.test.get('k0'), 'k at L');
    await follower.follow('L', { acceptDataLoss: true });
    await level(world, blank, follower);
    assert.equal(await follower.store.snapshots.size(), 0);
  });

  it('because the data have nothing in common', async () => {
    const [one, other] = [await world.node('A'), await world.node('B')];
    await one.write(3);
    await other.write(3);
    await one.store.identity.join(other.store.identity.clusterId);
    await one.follow('B');
    await refusedWith(one, 'NO_COMMON_HISTORY');
    assert.equal(one.store.data.position.offset, 3);
  });

  it('does not let the clock of a stranger decide what is expired', async () => {
    const leader = await world.node('L');
    await leader.test.set('a', 'v', 60_000);
    const stranger = await world.node('S');
    await stranger.write(1);
    stranger.store.intake.setTime(world.clock.wallMs() + 3_600_000);
    await leader.follow('S');
    await refusedWith(leader, 'OTHER_CLUSTER');
    assert.equal(await leader.test.get('a'), 'v');
  });

  it('because it would follow itself, whatever it is called', async () => {
    const node = await world.node('A');
    await node.write(2);
    await assert.rejects(node.follow('A'), { code: 'replication_loop' });
    assert.equal(node.store.roles.role, 'leader');
    world.network.listen('also A', node.replication.followers);
    await node.follow('also A');
    await refusedWith(node, 'cannot follow itself');
    assert.equal(await node.test.get('k0'), 'k at A');
  });

  it('because it stands above its own upstream', async () => {
    const [a, b] = await world.chain(['A', 'B'], { writes: 2 });
    await a.follow('B');
    await world.until('one of them sees the loop', () =>
      [a, b].some(({ link }) => /is upstream of its own upstream/.test(link.status.error)),
    );
    assert.equal(await a.test.get('k0'), 'k at A');
    assert.equal(await b.test.get('k0'), 'k at A');
  });

  it('again and again, and says so once on both sides', async () => {
    const leader = await world.node('L');
    await leader.write(2);
    const other = await world.node('F');
    await other.write(3, 'own');
    await other.follow('L');
    await world.until('it has tried some times', () => world.network.lines.length >= 5);
    assert.equal(leader.test.logger.said(/refused to resync/, 'warn'), 1);
    assert.equal(other.test.logger.said(/the link to upstream L is down/, 'warn'), 1);
  });

  it('because a node of the same ID is connected already: a copied directory', async () => {
    const { leader, follower } = await world.pair({ writes: 2 });
    const line = world.network.last;
    const channel = await world.network.dial('L');
    const handshake = line.answered[0] as Handshake;
    await channel.send({ ...handshake, nonce: 'another process' });
    await assert.rejects(
      (async () => {
        for (;;) await channel.receive();
      })(),
      /is connected already, from F\. .*copy of the other's: .*"headwater id renew --data DIR"/,
    );
    await leader.write(2, 'more');
    await level(world, leader, follower);
    assert(!line.up.ended.aborted, 'the one that was there is not disturbed');
  });

  it('does not refuse the same process that dials again: its old session ends', async () => {
    await world.pair({ writes: 2 });
    const [line] = world.network.lines;
    const channel = await world.network.dial('L');
    await channel.send(line?.answered[0] as Handshake);
    const frames = await channel.receive();
    assert(frames.length > 0);
    await world.until('the old one has ended', () => line?.up.ended.aborted === true);
    channel.close();
  });

  for (const [what, change, message] of [
    [
      'a later protocol',
      { protocolVersion: 2 },
      /follower has protocol version 2; this version reads protocol version 1. Update this node/,
    ],
    [
      'an older block format',
      { blockFormat: 0 },
      /follower has block format 0; this version reads block format 1. Update the follower/,
    ],
    [
      'an older record format',
      { recordFormat: 0 },
      /follower has record format 0; this version reads record format 1. Update the follower/,
    ],
    [
      'a lineage that cannot be',
      {
        lineage: [1, 1].map((firstOffset) => ({
          replicationId: 'ab'.repeat(20),
          firstOffset,
          checksum: 0,
          epoch: 1,
        })),
        position: { replicationId: 'ab'.repeat(20), offset: 1, checksum: 1 },
      },
      /lineage/,
    ],
  ] as const) {
    it(`because it comes with ${what}, by name, and the leader is not disturbed`, async () => {
      const { leader, follower } = await world.pair({ writes: 2 });
      const channel = await world.network.dial('L');
      await channel.send({ ...(world.network.lines[0]?.answered[0] as Handshake), nodeId: 'x', ...change });
      await assert.rejects(
        (async () => {
          for (;;) await channel.receive();
        })(),
        message,
      );
      await leader.write(1, 'more');
      await level(world, leader, follower);
    });
  }

  it('because it does not begin with a handshake', async () => {
    await world.node('L');
    const channel = await world.network.dial('L');
    const nothing = { markId: '', nodeId: '', offset: 0, keys: 0, digest: Buffer.alloc(0), error: '', address: '' };
    await channel.send({ kind: 'digestReport', ...nothing, below: [] });
    await assert.rejects(
      channel.receive(),
      /expected a handshake at the beginning of a session, received digestReport/,
    );
  });
});
