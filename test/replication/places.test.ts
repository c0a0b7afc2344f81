/**
 * Followers of a leader L with a small log go away, while L is restarted, resynced
 * or replaced. L must keep its log from their places on until they are forgotten or
 * hold too much, and must warn before that.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemFiles } from '../../src/disk/files.js';
import type { Options } from '../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';

const KiB = 1024;
const RETENTION_BYTES = 100 * KiB;
const PIN_BYTES = 1_000 * KiB;

describe('a follower that is away', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  /** A block for each 10 KiB. */
  async function append(node: TestNode, bytes: number): Promise<void> {
    for (let written = 0; written < bytes; written += 10 * KiB)
      await node.test.set(`k${written % 7}`, 'x'.repeat(10 * KiB - 80));
  }

  const bytesOf = ({
    store: {
      data: { log },
    },
  }: TestNode) => log.lookup.bytesBetween(log.base.offset, log.end.offset);
  const isAway = (upstream: TestNode, node: TestNode) => () =>
    !upstream.followers.isConnected(node.store.identity.nodeId);

  async function leaderOf(options: Options = {}): Promise<TestNode> {
    const leader = await world.node('L', {
      logRetentionBytes: RETENTION_BYTES,
      logRetentionPinBytes: PIN_BYTES,
      ...options,
    });
    await append(leader, 50 * KiB);
    return leader;
  }

  async function followerOf(leader: TestNode, address = 'F'): Promise<TestNode> {
    const follower = await world.node(address, { follows: leader.address });
    await level(world, leader, follower);
    await world.until('its place is kept', () => leader.store.followers.keepsPlaceOf(follower.store.identity.nodeId));
    return follower;
  }

  async function goAway(leader: TestNode, follower: TestNode): Promise<void> {
    await follower.down();
    await world.until('it is away', isAway(leader, follower));
  }

  async function comeBack(leader: TestNode, follower: TestNode): Promise<void> {
    await follower.test.open();
    follower.up();
    await level(world, leader, follower);
  }

  it('comes back with a partial resync after more was written than the log is kept to', async () => {
    const leader = await leaderOf();
    const follower = await followerOf(leader);
    const { offset } = follower;
    await goAway(leader, follower);
    await append(leader, 5 * RETENTION_BYTES);
    await world.until('the rest is trimmed', () => leader.store.data.log.base.offset === offset);
    await world.clock.advance(20_000);
    assert.equal(leader.store.data.log.base.offset, offset);
    await comeBack(leader, follower);
    assert.deepEqual(follower.link.resyncs, { full: 0, partial: 1 });
    await world.until('what it has seen goes', () => bytesOf(leader) < 1.2 * RETENTION_BYTES);
  });

  for (const [how, stop] of [
    ['stopped', (leader: TestNode) => leader.down()],
    ['killed', async (leader: TestNode) => leader.kill()],
  ] as const) {
    it(`keeps its place while its leader is ${how} and started again`, async () => {
      const leader = await leaderOf();
      const follower = await followerOf(leader);
      const { offset } = follower;
      await goAway(leader, follower);
      await append(leader, RETENTION_BYTES);
      for (let life = 0; life < 2; life++) {
        await stop(leader);
        if (how === 'killed') await world.clock.advance(0);
        await leader.test.open();
        leader.up();
        await append(leader, 2 * RETENTION_BYTES);
        await world.clock.advance(20_000);
        assert.equal(leader.store.data.log.base.offset, offset);
      }
      await comeBack(leader, follower);
      assert.deepEqual(follower.link.resyncs, { full: 0, partial: 1 });
    });
  }

  it('keeps its place if the store of its leader opens again after a failure', async () => {
    const leader = await leaderOf();
    const follower = await followerOf(leader);
    const { offset } = follower;
    await goAway(leader, follower);
    leader.test.disk.fault = ({ kind, location }) => {
      if (kind !== 'put' || !location.endsWith('/log')) return;
      leader.test.disk.fault = undefined;
      throw new Error('EIO');
    };
    await assert.rejects(leader.test.set('fails'), { code: 'outcome_unknown' });
    await world.until('it is open again', () => leader.store.data.isServing);
    await append(leader, 3 * RETENTION_BYTES);
    await world.clock.advance(20_000);
    assert.equal(leader.store.data.log.base.offset, offset);
  });

  it('keeps its place in the log that a full resync leaves, if it lies in it', async () => {
    const leader = await leaderOf();
    const middle = await world.node('M', {
      follows: 'L',
      logRetentionBytes: RETENTION_BYTES,
      logRetentionPinBytes: PIN_BYTES,
    });
    await level(world, leader, middle);
    const [near, far] = [await world.node('N', { follows: 'M' }), await world.node('F', { follows: 'M' })];
    await level(world, leader, middle, near, far);
    await world.until('places are kept', () =>
      [near, far].every(({ store }) => middle.store.followers.keepsPlaceOf(store.identity.nodeId)),
    );
    await goAway(middle, far);
    await append(leader, 20 * KiB);
    await level(world, leader, middle, near);
    await world.until('N is known to have it', () =>
      middle.store.followers.all.some((one) => one.address === 'N' && one.appendedOffset === leader.offset),
    );
    await goAway(middle, near);
    await middle.follow('L', { acceptDataLoss: false, full: true });
    await world.until('it is resynced', () => middle.link.resyncs.full === 2);
    await level(world, leader, middle);
    assert.deepEqual(
      [near, far].map(({ store }) => middle.store.followers.keepsPlaceOf(store.identity.nodeId)),
      [true, false],
    );
    assert.equal(middle.test.logger.said(/follower F has fallen off the log: the follower is at offset 5/, 'warn'), 1);
    const { offset } = leader;
    await append(leader, 3 * RETENTION_BYTES);
    await level(world, leader, middle);
    await world.clock.advance(20_000);
    assert.equal(middle.store.data.log.base.offset, offset);
    await comeBack(middle, near);
    assert.deepEqual(near.link.resyncs, { full: 0, partial: 1 });
  });

  it('is named in a warning, then loses its place with a message, once, also over restarts', async () => {
    const leader = await leaderOf();
    const follower = await followerOf(leader);
    const { offset } = follower;
    // What was written at first is no rate any more.
    await world.clock.advance(70_000);
    await goAway(leader, follower);
    const { logger } = leader.test;
    const warned = () => logger.said(/follower F is away and will soon need a full resync: it is at offset 5/, 'warn');
    const letGo = () => logger.said(/the log is no longer kept for follower F at offset 5, .*full resync/, 'error');
    // So slowly that what is left lasts for more than ten minutes.
    const appendSlowly = async (bytes: number) => {
      for (let written = 0; written < bytes; written += 10 * KiB) {
        await append(leader, 10 * KiB);
        await world.clock.advance(70_000);
      }
    };
    await appendSlowly(780 * KiB);
    assert.deepEqual([warned(), letGo()], [0, 0]);
    await appendSlowly(40 * KiB);
    assert.deepEqual([warned(), letGo(), leader.store.data.log.base.offset], [1, 0, offset]);
    assert.equal(leader.replication.headroom.least?.connected, false);
    await append(leader, 200 * KiB);
    await world.until('it is trimmed', () => bytesOf(leader) < 1.2 * RETENTION_BYTES);
    await leader.restart();
    await append(leader, PIN_BYTES);
    await world.until('it is trimmed again', () => bytesOf(leader) < 1.2 * RETENTION_BYTES);
    assert.deepEqual([warned(), letGo(), logger.said(/fallen off/)], [1, 1, 0]);
    assert.equal(leader.replication.headroom.least, undefined);
    assert.deepEqual(
      leader.store.followers.all.map(({ address, keepsPlace }) => [address, keepsPlace]),
      [['F', false]],
    );
    await comeBack(leader, follower);
    assert.deepEqual(follower.link.resyncs, { full: 1, partial: 0 });
    await world.until('it has a place again', () =>
      leader.store.followers.keepsPlaceOf(follower.store.identity.nodeId),
    );
  });

  it('is named in a warning, once, if its place does not last long at the present rate', async () => {
    const leader = await leaderOf();
    await goAway(leader, await followerOf(leader));
    const warned = () =>
      leader.test.logger.said(/follower F is away and will soon need a full resync: .* left, \d+ s at/, 'warn');
    for (let i = 0; i < 5; i++) {
      await append(leader, 100 * KiB);
      await world.clock.advance(2_000);
      assert.equal(warned(), 1);
      await world.clock.advance(100_000);
    }
    assert.equal(warned(), 1);
  });

  it('is reported with the bytes left for it, and how long they last', async () => {
    const leader = await leaderOf();
    const follower = await followerOf(leader);
    await goAway(leader, follower);
    for (let second = 0; second < 61; second++) {
      await append(leader, 10 * KiB);
      await world.clock.advance(1_000);
    }
    const { least } = leader.replication.headroom;
    assert.deepEqual([least?.nodeId, least?.connected], [follower.store.identity.nodeId, false]);
    // 1,000 KiB are kept, 610 were written since, 10 a second.
    assert(Math.abs((least?.leftBytes ?? 0) - 390 * KiB) < 5 * KiB, String(least?.leftBytes));
    assert(Math.abs((least?.ms ?? 0) - 39_000) < 2_500, String(least?.ms));
    const [known] = leader.store.followers.all;
    assert(known);
    assert.deepEqual(leader.replication.headroom.ofKnown(known)?.leftBytes, least?.leftBytes);
  });

  it('has no place once it is forgotten, and comes back with a full resync', async () => {
    const leader = await leaderOf();
    const follower = await followerOf(leader);
    const { nodeId } = follower.store.identity;
    await goAway(leader, follower);
    await append(leader, 3 * RETENTION_BYTES);
    await world.clock.advance(5_000);
    assert(bytesOf(leader) > 2.9 * RETENTION_BYTES);
    const forgotten = await leader.replication.forget(nodeId.slice(0, 12));
    assert.deepEqual([forgotten.nodeId, forgotten.address, forgotten.appendedOffset], [nodeId, 'F', 5]);
    await world.until('the log is trimmed', () => bytesOf(leader) < 1.2 * RETENTION_BYTES);
    assert.deepEqual(JSON.parse(await readFile(path.join(leader.test.directory, 'followers.json'), 'utf8')), []);
    await leader.restart();
    assert.deepEqual(leader.store.followers.all, []);
    await comeBack(leader, follower);
    assert.equal(follower.link.status.lastResync?.reason, 'LOG_TRIMMED');
  });

  it('is forgotten by a name that means one, and only while it is away', async () => {
    const leader = await leaderOf();
    const [follower, other] = [await followerOf(leader), await followerOf(leader, 'G')];
    const refused = (name: string, message: RegExp) =>
      assert.rejects(leader.replication.forget(name), { code: 'forget_refused', message });
    await refused('F', new RegExp(`the follower F \\(${follower.store.identity.nodeId}\\) is connected`));
    await refused('H', /received "H", which fits none: .*F \([0-9a-f]{32}\)/);
    await refused('', /received "", which fits none/);
    await goAway(leader, follower);
    await goAway(leader, other);
    const known = path.join(leader.test.directory, 'followers.json');
    await leader.down();
    const text = await readFile(known, 'utf8');
    await writeFile(
      known,
      text.replace(other.store.identity.nodeId, `${follower.store.identity.nodeId.slice(0, 8)}${'0'.repeat(24)}`),
    );
    await leader.test.open();
    leader.up();
    await refused(
      follower.store.identity.nodeId.slice(0, 8),
      /which fits 2 followers: .*F \(.*G \(|which fits 2 followers: .*G \(.*F \(/,
    );
    await leader.replication.forget('G');
    await leader.replication.forget(follower.store.identity.nodeId.slice(0, 8));
    assert.deepEqual(leader.store.followers.all, []);
    await refused('F', /none is known/);
  });

  it('stays known if the change cannot be written', async () => {
    let full = false;
    const files = {
      ...systemFiles,
      create: async (file: string) => {
        if (full && file.includes('followers.json')) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
        return systemFiles.create(file);
      },
    };
    const leader = await leaderOf({ files });
    const follower = await followerOf(leader);
    await goAway(leader, follower);
    full = true;
    await assert.rejects(
      leader.replication.forget('F'),
      /followers\.json cannot be written: no space left on the disk/,
    );
    assert.equal(leader.store.followers.all.length, 1);
    assert(leader.store.followers.keepsPlaceOf(follower.store.identity.nodeId));
    full = false;
    await leader.replication.forget('F');
    assert.deepEqual(leader.store.followers.all, []);
  });

  it('pins the log at the latest position that it reported, while it is connected', async () => {
    const leader = await leaderOf();
    const follower = await followerOf(leader);
    for (let i = 0; i < 5; i++) {
      await append(leader, RETENTION_BYTES);
      await level(world, leader, follower);
      await world.until('its place goes along', () => bytesOf(leader) < 1.2 * RETENTION_BYTES);
    }
    assert.equal(leader.test.logger.said(/no longer kept|keeps the log/), 0);
    assert.equal(follower.link.resyncs.full, 1);
  });

  it('has no place at its former leader once it has moved to a new one', async () => {
    const leader = await leaderOf();
    const [heir, other] = [await followerOf(leader, 'H'), await followerOf(leader, 'O')];
    await leader.replication.failover({ to: 'H' });
    await world.until('all follow', () => [leader, other].every(({ link }) => link.status.state === 'streaming'));
    await append(heir, 20 * KiB);
    await level(world, heir, leader, other);
    await world.clock.advance(10_000);
    assert.equal(leader.store.followers.keepsPlaceOf(other.store.identity.nodeId), false);
    const known = leader.store.followers.all.find(({ nodeId }) => nodeId === heir.store.identity.nodeId);
    assert.equal(known?.appendedOffset, heir.offset);
  });

  it('gets all blocks before a hand-over from the former leader, and then moves to the new one', async () => {
    const leader = await leaderOf();
    const heir = await world.node('H', { follows: 'L', logRetentionBytes: RETENTION_BYTES });
    await level(world, leader, heir);
    const other = await followerOf(leader, 'O');
    await goAway(leader, other);
    await append(leader, 3 * RETENTION_BYTES);
    await level(world, leader, heir);
    await world.until('the log of H is trimmed', () => heir.store.data.log.base.offset > other.offset);
    await leader.replication.failover({ to: 'H' });
    await other.test.open();
    other.up();
    await world.until('O has moved', () => other.store.roles.upstream === 'H');
    const line = world.network.lines.findLast(({ from, to }) => from === 'O' && to === 'L');
    const sent = line?.sent.map(({ kind }) => kind).filter((kind) => ['continue', 'blocks', 'moved'].includes(kind));
    assert.deepEqual([sent?.[0], sent?.[1], sent?.at(-1)], ['continue', 'blocks', 'moved']);
    await level(world, heir, leader, other);
    assert.deepEqual(other.link.resyncs, { full: 0, partial: 2 });
  });

  it('keeps its place, though another known node announces the same address', async () => {
    const leader = await leaderOf();
    const follower = await followerOf(leader);
    const another = await followerOf(leader);
    await goAway(leader, follower);
    await append(leader, 5 * RETENTION_BYTES);
    await leader.restart();
    await world.until('the other one is back', () => leader.followers.isConnected(another.store.identity.nodeId));
    await append(leader, 10 * KiB);
    const known = leader.store.followers.all.map(({ nodeId }) => nodeId);
    assert.deepEqual(known.sort(), [follower, another].map(({ store }) => store.identity.nodeId).sort());
    assert(leader.store.followers.keepsPlaceOf(follower.store.identity.nodeId));
  });

  it('is no longer known if another node has its address', async () => {
    const leader = await leaderOf();
    const follower = await followerOf(leader);
    await goAway(leader, follower);
    const another = await followerOf(leader);
    assert.deepEqual(
      leader.store.followers.all.map(({ nodeId }) => nodeId),
      [another.store.identity.nodeId],
    );
  });
});
