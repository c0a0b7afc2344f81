/**
 * Nodes of an older version beside content that they do not know: users. An older node says so in its handshake and in
 * its acknowledgements, or says nothing, which counts as 0.
 */
import assert from 'node:assert/strict';
import { CONTENT_VERSION } from '../../src/model/content-version.js';
import type { UpChannel } from '../../src/replication/channel.js';
import type { DownFrame, Handshake } from '../../src/replication/frames.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';

const OLDER = CONTENT_VERSION - 1;

const isServed = ({ kind }: DownFrame) => kind === 'continue' || kind === 'fullResync';

describe('a node of an older version', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  /** Any record of the node itself is one that an older version does not know. */
  const makeUser = (node: TestNode) =>
    node.store.identity.records.change(() => new Map([['user/ann', Buffer.from('{}')]]), 100);

  /** Connects as an older node, whose handshake is otherwise that of the follower at F. */
  async function olderNode(to: string, nodeId = 'old'): Promise<UpChannel> {
    const handshake = world.network.lines[0]?.answered[0] as Handshake;
    const channel = await world.network.dial(to);
    await channel.send({ ...handshake, nodeId, nonce: nodeId, address: nodeId, contentVersion: OLDER });
    return channel;
  }

  async function frames(channel: UpChannel, until: (frame: DownFrame) => boolean): Promise<DownFrame> {
    for (;;) for (const frame of await channel.receive()) if (until(frame)) return frame;
  }

  const least = (node: TestNode) => node.replication.acknowledgements.contentVersion;
  const older = (node: TestNode) =>
    node.followers.olderThan(CONTENT_VERSION).map(({ handshake }) => handshake?.address);

  it('is served while the log has nothing that it does not know, and seen as the oldest', async () => {
    const { leader } = await world.pair({ writes: 2 });
    assert.deepEqual([least(leader), older(leader)], [CONTENT_VERSION, []]);
    const channel = await olderNode('L');
    await frames(channel, isServed);
    assert.deepEqual([least(leader), older(leader)], [OLDER, ['old']]);
    channel.close();
  });

  it('is refused by name once there are users, and the others are not', async () => {
    const { leader, follower } = await world.pair({ writes: 2 });
    await makeUser(leader);
    await level(world, leader, follower);
    for (const to of ['L', 'F']) {
      const refusal = await frames(await olderNode(to, `old at ${to}`), ({ kind }) => kind === 'refuse');
      assert(refusal.kind === 'refuse');
      assert.equal(refusal.reason, 'OLDER_VERSION');
      assert.match(
        refusal.message,
        /this tree has users.* needs content version 1, the follower has 0\. Update the foll/,
      );
    }
    await leader.write(1, 'more');
    await level(world, leader, follower);
  });

  it('loses its session when the first user is made while it is connected', async () => {
    const { leader } = await world.pair({ writes: 2 });
    const channel = await olderNode('L');
    await frames(channel, isServed);
    await makeUser(leader);
    await assert.rejects(
      frames(channel, () => false),
      /runs a version that does not know them/,
    );
  });

  it('is known to the leader from below a follower', async () => {
    const [leader, middle] = await world.chain(['L', 'F'], { writes: 2 });
    const channel = await olderNode('F');
    await frames(channel, isServed);
    await world.until('the leader to know', () => least(leader) === OLDER);
    assert.deepEqual([older(leader), older(middle)], [['F'], ['old']]);
    channel.close();
    await world.until('the leader to know that it left', () => least(leader) === CONTENT_VERSION);
  });
});
