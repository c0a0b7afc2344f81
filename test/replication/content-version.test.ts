/**
 * Nodes of an older version beside content that they do not know: users. An older node says so in its handshake and in
 * its acknowledgements, or says nothing, which counts as 0.
 */
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { BLOCK_HEADER_BYTES, sealBlock } from '../../src/log/block.js';
import { CONTENT_VERSION } from '../../src/model/content-version.js';
import type { DownChannel, UpChannel } from '../../src/replication/channel.js';
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

describe('a follower that receives what a later version has written', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  /** The block behind the end of a node's log, with these bytes as its command. */
  function laterBlock({ store }: TestNode, command: string): Buffer {
    const { offset, checksum, replicationId } = store.data.log.end;
    const commands = [{ kind: 'clear' }] as const;
    const { bytes } = sealBlock({ commands, previous: { offset, checksum }, replicationId, timeMs: 1 });
    const block = Buffer.concat([bytes.subarray(0, BLOCK_HEADER_BYTES), Buffer.from(command, 'hex')]);
    block.writeUInt32BE(crc32(block.subarray(4), checksum), 0);
    return block;
  }

  /** An upstream at L that continues the follower's log with one block. */
  async function serveLater(channel: DownChannel, { store }: TestNode, block: Buffer): Promise<void> {
    await channel.receive();
    const { clusterId } = store.identity;
    const { end, history } = store.data.log;
    const upstream = { clusterId, nodeId: 'later', address: 'L', timeMs: 1, follows: '', takesParts: false };
    const why = { reason: 'BEHIND', message: '', details: {} };
    const lineage = history.lineage.rows;
    await channel.send({ kind: 'continue', upstream, lineage, endOffset: end.offset + 1, ...why });
    await channel.send({ kind: 'blocks', blocks: [block], acknowledge: false, sync: false, traces: [] });
  }

  for (const [what, command, says] of [
    [
      'a kind of command',
      '0a023200',
      /field 6 in command 0 of a block: a newer version wrote this field.*Update this node/,
    ],
    [
      'a type of record',
      '0a070a050a01612002',
      /has record type 2; this version reads record type 0 and 1\. Update this node/,
    ],
    ['a flag', '0a052200880101', /in command 0 of a block: a newer version wrote this field.*Update this node/],
  ] as const) {
    it(`stops at ${what}, says so, and loses nothing`, async () => {
      const { leader, follower } = await world.pair({ writes: 3 });
      await leader.down();
      const block = laterBlock(follower, command);
      world.network.listen('L', { accept: (channel) => serveLater(channel, follower, block) });
      await world.until('the refusal', () => says.test(follower.link.status.error));
      assert.deepEqual([follower.offset, follower.link.resyncs.full], [3, 1]);
      assert.equal(await follower.test.get('k2'), 'k at L');
      world.network.down('L');
      await leader.restart();
      await leader.write(1, 'more');
      await level(world, leader, follower);
      assert.equal(follower.link.resyncs.full, 1);
    });
  }
});
