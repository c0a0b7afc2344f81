/**
 * A full resync whose session ends in the middle continues where it stopped, at the same upstream or at another one,
 * while writes flow. The loaded entries are then of several offsets, and a replay of the log brings them to one.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { KEPT_LOG_WAIT_MS_MAX, RESUME_KEY_BYTES_MAX, SNAPSHOT_SHARE_MS } from '../../../src/base/limits.js';
import type { DownFrame, KeptLoad, UpFrame } from '../../../src/replication/frames.js';
import type { Line } from '../../support/channel.js';
import { key, set } from '../../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

const KEYS = 1_500;

describe('a full resync that was interrupted', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  /** Enough for several frames of snapshot. */
  async function large(leader: TestNode): Promise<void> {
    for (let from = 0; from < KEYS; from += 500)
      await leader.test.submit(...Array.from({ length: 500 }, (_, i) => set(name(from + i), 'first'.padEnd(200, '.'))));
  }

  function name(i: number): string {
    return `k${String(i).padStart(6, '0')}`;
  }

  /** Writes of all kinds, to keys in all parts of the keyspace. */
  async function change(leader: TestNode, round: number): Promise<void> {
    for (let i = round % 7; i < KEYS; i += 149) {
      const expiresAtMs = leader.store.clock.now() + 3_600_000 + round;
      await leader.test.submit(
        set(name(i), `round ${round}`),
        { kind: 'delete', keys: [key(name(i + 1))] },
        { kind: 'expire', key: key(name(i + 2)), expiry: { expiresAtMs } },
        set(`${name(i)} of round ${round}`),
      );
    }
  }

  /** Cuts each of the first sessions with L after so many chunks of its snapshot. Nobody reaches L then. */
  function cutAfterChunks(...chunks: readonly number[]): void {
    const left = [...chunks];
    world.network.onLine = (line) => {
      const wanted = line.to === 'L' ? left.shift() : undefined;
      let seen = 0;
      line.onDown = ({ kind }) => {
        if (kind !== 'snapshotChunk' || ++seen !== wanted) return;
        world.network.down('L');
        line.cut();
      };
    };
  }

  /** A follower whose session ends in the middle of its first full resync. */
  async function interrupted(): Promise<TestNode> {
    const follower = await world.node('F', { follows: 'L' });
    await isKept(follower, 1);
    return follower;
  }

  function isKept(follower: TestNode, times: number): Promise<void> {
    return world.until(
      'it keeps a part',
      () => said(follower, /^the interrupted full resync keeps \d+ keys/) === times,
    );
  }

  /** The node can be reached again, and sends another snapshot than before. */
  async function comesBack(node: TestNode): Promise<void> {
    await world.clock.advance(SNAPSHOT_SHARE_MS + 1);
    world.network.listen(node.address, node.followers);
  }

  function keysOf(line: Line): string[] {
    return line.sent.flatMap((frame) => (frame.kind === 'snapshotChunk' ? frame.keys.map(String) : []));
  }

  function fullResync(line: Line) {
    return line.sent.find((frame) => frame.kind === 'fullResync') as Extract<DownFrame, { kind: 'fullResync' }>;
  }

  function said(node: TestNode, pattern: RegExp): number {
    // A line that repeats is a debug line.
    return node.test.logger.said(pattern);
  }

  it('resumes behind the last loaded key, over writes, deletes and expiries of all keys', async () => {
    const leader = await world.node('L');
    await large(leader);
    cutAfterChunks(4);
    const follower = await interrupted();
    const { loadedKeys } = follower.link.status;
    assert(loadedKeys > 250, 'the loaded keys are shown between the sessions too');
    await change(leader, 1);
    await comesBack(leader);
    await level(world, leader, follower);
    const [first, second] = world.network.lines as [Line, Line];
    assert.equal(world.network.lines.length, 2);
    const [handshake] = second.answered as [Extract<UpFrame, { kind: 'handshake' }>];
    const { lastKey, logEnd, keys } = handshake.keptLoad as KeptLoad;
    assert(keysOf(first).includes(String(lastKey)));
    assert.equal(keys, loadedKeys);
    assert.deepEqual(fullResync(second).logFrom, logEnd);
    const sent = keysOf(second);
    assert(sent.length > 0 && sent.every((one) => one > String(lastKey)), 'only keys behind the loaded ones came');
    const kinds = second.sent.map(({ kind }) => kind);
    const [log, entries] = [kinds.indexOf('blocks'), kinds.indexOf('snapshotChunk')];
    assert(log > 0 && log < entries, 'the log came first');
    assert.equal(said(follower, /^full resync from L at offset \d+ resumes behind [1-9]\d+ keys/), 1);
    assert.equal(said(leader, /resumes behind [1-9]\d+ keys that the follower has kept/), 1);
    assert.equal(await follower.store.snapshots.size(), await leader.store.snapshots.size());
  });

  it('counts and serves the same keys after a restart', async () => {
    const leader = await world.node('L');
    await large(leader);
    cutAfterChunks(4);
    const follower = await interrupted();
    await change(leader, 1);
    await comesBack(leader);
    await level(world, leader, follower);
    await follower.restart();
    await change(leader, 2);
    await level(world, leader, follower);
    assert.equal(await follower.store.snapshots.size(), await leader.store.snapshots.size());
  });

  it('resumes over a clear, and over a new history', async () => {
    const leader = await world.node('L');
    await large(leader);
    cutAfterChunks(4);
    const follower = await interrupted();
    await leader.test.submit({ kind: 'flushAll' }, set(name(1), 'after'), set('only'));
    await leader.restart();
    await leader.write(3, 'later');
    await comesBack(leader);
    await level(world, leader, follower);
    assert.equal(said(follower, /resumes behind/), 1);
    assert.equal(await follower.store.snapshots.size(), 5);
  });

  it('resumes again after a second interruption, and a third', async () => {
    const leader = await world.node('L');
    await large(leader);
    cutAfterChunks(3, 2, 1);
    const follower = await interrupted();
    for (const round of [2, 3]) {
      await change(leader, round);
      await comesBack(leader);
      await isKept(follower, round);
    }
    await change(leader, 4);
    await comesBack(leader);
    await level(world, leader, follower);
    assert.equal(said(leader, /resumes behind/), 3);
    assert.deepEqual(follower.link.resyncs, { full: 1, partial: 0 });
  });

  it('resumes at a sibling after its leader was killed', async () => {
    const leader = await world.node('L');
    await large(leader);
    const sibling = await world.node('S', { follows: 'L' });
    await level(world, leader, sibling);
    cutAfterChunks(4);
    const follower = await interrupted();
    leader.kill();
    await sibling.replication.promote();
    await change(sibling, 2);
    await comesBack(sibling);
    await follower.follow('S');
    await level(world, sibling, follower);
    assert.equal(said(sibling, /full resync of follower F at offset \d+, resumes behind/), 1);
  });

  it('waits for a sibling that is behind the kept log, and then resumes there', async () => {
    const leader = await world.node('L');
    await large(leader);
    const sibling = await world.node('S', { follows: 'L' });
    await level(world, leader, sibling);
    const behind = { ...sibling.store.data.log.end };
    // The sibling hears nothing more of its leader, which the follower still reaches.
    await sibling.follow('nobody');
    await change(leader, 1);
    cutAfterChunks(4);
    const follower = await interrupted();
    await follower.follow('S');
    await world.until('the sibling lets it wait', () => follower.link.status.state === 'waiting');
    assert.deepEqual(sibling.store.data.log.end, behind);
    await comesBack(leader);
    await sibling.follow('L');
    await level(world, leader, sibling, follower);
    assert.equal(said(sibling, /full resync of follower F at offset \d+, resumes behind/), 1);
  });

  it('waits no longer than five seconds for a sibling that stays behind', async () => {
    const leader = await world.node('L');
    await large(leader);
    const sibling = await world.node('S', { follows: 'L' });
    await level(world, leader, sibling);
    await sibling.follow('nobody');
    await change(leader, 1);
    cutAfterChunks(4);
    const follower = await interrupted();
    await follower.follow('S');
    await world.until('the sibling lets it wait', () => follower.link.status.state === 'waiting');
    await world.clock.advance(KEPT_LOG_WAIT_MS_MAX + 1);
    await level(world, sibling, follower);
    assert.equal(said(sibling, /begins again from its first key: the follower needs the log after offset/), 1);
  });

  it('begins again if the log of the upstream was trimmed meanwhile', async () => {
    const leader = await world.node('L');
    await large(leader);
    cutAfterChunks(4);
    const follower = await interrupted();
    await change(leader, 1);
    await (await leader.store.snapshots.at()).release();
    await leader.store.data.log.trimming.trim(leader.offset);
    await comesBack(leader);
    await level(world, leader, follower);
    assert.equal(said(leader, /begins again from its first key: the follower needs the log after offset/), 1);
    assert.equal(said(follower, /resumes behind/), 0);
  });

  it('begins again at an upstream that is too old to resume', async () => {
    const leader = await world.node('L');
    await large(leader);
    cutAfterChunks(4);
    const follower = await interrupted();
    const { onLine } = world.network;
    world.network.onLine = (line) => {
      onLine(line);
      const send = line.up.send.bind(line.up);
      line.up.send = (frame: UpFrame) => send(frame.kind === 'handshake' ? { ...frame, keptLoad: undefined } : frame);
    };
    await comesBack(leader);
    await level(world, leader, follower);
    assert.equal(keysOf(world.network.last).length, KEYS);
    assert.equal(said(follower, /resumes behind/), 0);
  });

  /** The next session sends what `frame` makes of each frame, undefined for nothing. */
  function spoil(frame: (sent: DownFrame) => DownFrame | undefined): void {
    const { onLine } = world.network;
    world.network.onLine = (line) => {
      onLine(line);
      world.network.onLine = onLine;
      const send = line.down.send.bind(line.down);
      line.down.send = (sent: DownFrame) => {
        const spoilt = frame(sent);
        return spoilt && send(spoilt);
      };
    };
  }

  it('begins again, once, if the resumed load does not prove itself', async () => {
    const leader = await world.node('L');
    await large(leader);
    cutAfterChunks(4, 0, 4);
    const follower = await interrupted();
    let isSpoilt = false;
    spoil((frame) => {
      if (frame.kind !== 'snapshotChunk' || isSpoilt) return frame;
      isSpoilt = true;
      return { ...frame, keys: frame.keys.slice(1), records: frame.records.slice(1) };
    });
    await comesBack(leader);
    await world.until('the next one is cut', () => world.network.lines[2]?.ended === true);
    await comesBack(leader);
    await level(world, leader, follower);
    const failed = /had resumed has failed: .* is not complete.*begins from the first key/;
    assert.equal(follower.test.logger.said(failed, 'error'), 1);
    assert.equal(said(follower, /resumes behind/), 1, 'the part of the third session is not trusted');
    assert.equal(keysOf(world.network.last).length, KEYS);
  });

  it('fails if the entries come before the log up to them', async () => {
    const leader = await world.node('L');
    await large(leader);
    cutAfterChunks(4);
    const follower = await interrupted();
    await change(leader, 1);
    spoil((frame) => (frame.kind === 'blocks' ? undefined : frame));
    await comesBack(leader);
    await level(world, leader, follower);
    const refused = /expected the log up to the snapshot at offset \d+ before its entries/;
    assert.equal(follower.test.logger.said(refused, 'error'), 1);
  });

  it('leaves nothing behind once the node leads', async () => {
    const leader = await world.node('L');
    await large(leader);
    cutAfterChunks(4);
    const follower = await interrupted();
    const isOpen = () => follower.test.disk.opened.some((location) => location.includes('gen-000002'));
    assert(isOpen());
    await follower.replication.promote();
    assert(!isOpen());
    assert.equal((await readdir(follower.test.directory)).filter((file) => file.startsWith('gen-')).length, 1);
  });

  it('leaves nothing open when the node stops', async () => {
    const leader = await world.node('L');
    await large(leader);
    cutAfterChunks(4);
    const follower = await interrupted();
    await follower.down();
    assert.deepEqual(follower.test.disk.opened, []);
  });

  it('is not kept if its last key is too long for a handshake', async () => {
    const leader = await world.node('L');
    for (let i = 0; i < 8; i++) await leader.test.submit(set(`k${i}`.padEnd(RESUME_KEY_BYTES_MAX + 1, '.')));
    cutAfterChunks(3);
    const follower = await world.node('F', { follows: 'L' });
    await world.until('it was cut', () => world.network.lines[0]?.ended === true);
    await comesBack(leader);
    await level(world, leader, follower);
    assert.equal(said(follower, /resumes behind/), 0);
    assert.equal(keysOf(world.network.last).length, 8);
  });
});
