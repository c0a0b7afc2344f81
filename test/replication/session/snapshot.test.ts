/**
 * A leader sends a full resync to a follower while writes go on and lines are cut.
 * The follower must serve its old data until the new are whole, and nothing may stay
 * open.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { sleep } from '../../../src/base/clock.js';
import type { DownFrame } from '../../../src/replication/frames.js';
import { turns, until } from '../../support/clock.js';
import { key, set } from '../../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

describe('a replication session during a snapshot', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  /** Enough for several frames of snapshot. */
  async function large(leader: TestNode): Promise<void> {
    await leader.test.submit(...Array.from({ length: 1_500 }, (_, i) => set(`big${i}`, `${i}`.padEnd(200, '.'))));
  }

  it('includes the writes that come meanwhile', async () => {
    const leader = await world.node('L');
    await large(leader);
    let writing: Promise<void> | undefined;
    world.network.onLine = () => {
      writing ??= (async () => {
        for (let i = 0; i < 40; i++) {
          await leader.test.submit(set(`big${i * 30}`, 'overwritten'), set(`new${i}`), {
            kind: 'delete',
            keys: [key(`big${i * 30 + 1}`)],
          });
          await turns(2);
        }
      })();
    };
    const follower = await world.node('F', { follows: 'L' });
    await world.until('it has begun', () => writing !== undefined);
    await writing;
    await level(world, leader, follower);
    const { sent } = world.network.last;
    const kinds = sent.map(({ kind }) => kind);
    assert(kinds.indexOf('blocks') < kinds.lastIndexOf('snapshotChunk'), 'blocks and entries were interleaved');
    assert.deepEqual(follower.link.resyncs, { full: 1, partial: 0 });
  });

  it('continues if the follower is ordered once more to follow the same node', async () => {
    const leader = await world.node('L');
    await large(leader);
    const again: Array<Promise<void>> = [];
    world.network.onLine = (line) => {
      line.onDown = ({ kind }) => {
        if (kind === 'snapshotChunk' && again.length < 5) again.push(follower.follow('L'));
      };
    };
    const follower = await world.node('F');
    await follower.follow('L');
    await level(world, leader, follower);
    await Promise.all(again);
    assert(again.length > 0);
    await follower.follow('L');
    assert.equal(world.network.lines.length, 1, 'nothing was begun anew');
    assert.deepEqual(follower.link.resyncs, { full: 1, partial: 0 });
    await follower.follow('L', { acceptDataLoss: false, full: true });
    await level(world, leader, follower);
    assert.deepEqual(follower.link.resyncs, { full: 2, partial: 0 }, 'asked for, it begins');
  });

  it('ends at the time that its upstream has by then, however long it took', async () => {
    const leader = await world.node('L');
    await large(leader);
    world.network.onLine = (line) => {
      const send = line.down.send.bind(line.down);
      let ended = false;
      line.down.send = (frame: DownFrame) => {
        if (frame.kind !== 'snapshotEnd') return ended ? undefined : send(frame);
        void sleep(world.clock, 90_300).then(() => {
          ended = true;
          void send(frame);
        });
        return undefined;
      };
    };
    const follower = await world.node('F', { follows: 'L' });
    await until('it loads', () => follower.link.status.loadedKeys === 1_500);
    leader.store.intake.setTime(leader.store.clock.now() + 50_000);
    await world.clock.advance(90_500);
    await until('it streams', () => follower.link.status.state === 'streaming');
    assert(Math.abs(follower.store.clock.now() - leader.store.clock.now()) < 50);
  });

  it('survives a clear, and a new history is part of it', async () => {
    const leader = await world.node('L');
    await large(leader);
    let cleared = false;
    world.network.onLine = (line) => {
      const wait = async () => {
        await until('entries are on their way', () => line.count('snapshotChunk') > 1);
        await leader.test.submit({ kind: 'flushAll' }, set('only'));
        cleared = true;
      };
      if (!cleared) void wait();
    };
    const follower = await world.node('F', { follows: 'L' });
    await world.until('it is cleared', () => cleared);
    await level(world, leader, follower);
    assert.equal(await follower.store.snapshots.size(), 1);
  });

  it('cut after any frame leaves the old data, and comes through in the end', async () => {
    const { leader, follower } = await world.pair({ writes: 2, prefix: 'common' });
    await follower.restart({ role: 'leader', upstream: '' });
    await follower.write(1, 'own');
    await leader.leadOn();
    await large(leader);
    const before = await follower.digest();
    let frames = 1;
    let cuts = 0;
    world.network.onLine = (line) => {
      cuts++;
      line.cutAfter(frames++);
    };
    await follower.follow('L');
    let sound = 0;
    await world.until('it has come through', async () => {
      if (follower.offset === leader.offset && follower.link.status.state === 'streaming') return true;
      const value = await follower.test.get('own0').catch(() => 'reopening');
      if (value === 'own at F') sound++;
      return false;
    });
    assert(cuts > 5, `${cuts} cuts`);
    assert(sound > 5, 'the old data were served meanwhile');
    world.network.onLine = () => {};
    world.network.last.cutAfter(Number.POSITIVE_INFINITY);
    await level(world, leader, follower);
    assert.notEqual(await follower.digest(), before);
    assert((await follower.store.lostWrites.count()) > 0);
    assert.equal((await readdir(follower.test.directory)).filter((name) => name.startsWith('gen-')).length, 1);
  });

  it('that does not arrive as it was sent is thrown away, and taken again', async () => {
    const leader = await world.node('L');
    await large(leader);
    let spoilt = false;
    world.network.onLine = (line) => {
      const send = line.down.send.bind(line.down);
      line.down.send = (frame: DownFrame) => {
        if (frame.kind === 'snapshotChunk' && !spoilt) {
          spoilt = true;
          return send({ ...frame, keys: frame.keys.slice(1), records: frame.records.slice(1) });
        }
        return send(frame);
      };
    };
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    assert(spoilt);
    assert.equal(follower.test.logger.said(/is not complete: expected 1500 keys/, 'warn'), 1);
    assert.equal(leader.followers.served.full, 2);
  });

  it('stopped by the follower leaves nothing open', async () => {
    const leader = await world.node('L');
    await large(leader);
    world.network.onLine = (line) => line.hold('up');
    const follower = await world.node('F', { follows: 'L' });
    world.network.last.release();
    await world.until(
      'it loads',
      () => follower.link.status.loadedKeys > 0 || follower.link.status.state === 'streaming',
    );
    await follower.link.stop();
    assert(
      follower.test.disk.opened.every((location) => !location.includes('gen-000002')) || follower.store.data.isServing,
    );
    await follower.down();
    assert.deepEqual(follower.test.disk.opened, []);
  });

  it('releases its snapshot and its pin when the follower is gone', async () => {
    const leader = await world.node('L');
    await large(leader);
    world.network.onLine = (line) => line.cutAfter(4);
    const follower = await world.node('F', { follows: 'L' });
    await world.until('it was cut', () => world.network.lines.some((line) => line.up.ended.aborted));
    await follower.down();
    await turns(50);
    await leader.write(3);
    await (await leader.store.snapshots.at()).release();
    await turns(20);
    assert.equal(await leader.store.data.log.trimming.trim(leader.offset), leader.offset);
  });
});
