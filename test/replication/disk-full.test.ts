/**
 * A follower F of a leader L has a full disk, while it streams or during a full
 * resync. It must keep its place and its data, say so, disturb no other node, and
 * resume by itself when there is room.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { HeadwaterError } from '../../src/base/errors.js';
import { RESYNC_NO_ROOM_MS_MAX } from '../../src/base/limits.js';
import type { Line } from '../support/channel.js';
import { FullDisk } from '../support/full-disk.js';
import { set } from '../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';

const MiB = 2 ** 20;
const FLOOR = 100 * MiB;
const PLENTY = 1_000 * MiB;

describe('a follower on a full disk', () => {
  let world: World;
  let full: FullDisk;
  let lines: Line[];

  worldForEachTest((made) => {
    world = made;
  });

  beforeEach(() => {
    full = new FullDisk();
    full.free = PLENTY;
    lines = [];
    world.network.onLine = (line) => {
      lines.push(line);
    };
  });

  function follower(follows = 'L', heartbeatIntervalMs = 1_000): Promise<TestNode> {
    const { files } = full;
    const watched = { files, minFreeBytes: FLOOR, ballastBytes: 1_024 };
    return world.node('F', { follows, heartbeatIntervalMs, timeoutMs: 5_000, ...watched });
  }

  async function free(node: TestNode, bytes: number): Promise<void> {
    full.free = bytes;
    await node.store.space.look();
  }

  const state = (node: TestNode) => node.link.status.state;

  it('takes no blocks, keeps its session and its place, and resumes from there', async () => {
    const leader = await world.node('L', { heartbeatIntervalMs: 1_000, timeoutMs: 5_000, logRetentionBytes: 1_000 });
    await leader.write(3);
    const node = await follower();
    await level(world, leader, node);
    await world.until('it knows that it is level', () => node.link.status.lagMs !== undefined);
    await free(node, FLOOR - 1);
    await leader.write(50, 'while it is full ');
    await world.until('it waits', () => state(node) === 'disk_full');
    // Far longer than a silence that would be a dead link.
    await world.clock.advance(120_000);
    const { status } = node.link;
    assert.deepEqual([status.state, node.offset, lines.length], ['disk_full', 3, 1]);
    assert.match(status.error, /disk of .* is full: this node takes no writes until 112\.5 MiB are free/);
    assert((status.lagCommands ?? 0) >= 1);
    assert((status.lagMs ?? 0) >= 120_000);
    assert.equal(await node.test.get('k0'), 'k at L');
    assert.equal(node.test.logger.said(/wait: the disk/), 1);
    assert.equal(leader.followers.status[0]?.appendedOffset, 3);
    await assert.rejects(
      node.replication.publish({ channel: Buffer.from('c'), data: Buffer.from('d'), durable: false }),
      { code: 'unavailable', message: /is disk_full/ },
    );
    full.free = PLENTY;
    await level(world, leader, node);
    assert.deepEqual([lines.length, node.link.resyncs], [1, { full: 1, partial: 0 }]);
    assert.equal(node.link.status.error, '');
  });

  it('can be promoted, moved or stopped meanwhile', async () => {
    const leader = await world.node('L');
    await leader.write(3);
    const node = await follower();
    await level(world, leader, node);
    await free(node, 0);
    await leader.write(1, 'more ');
    await world.until('it waits', () => state(node) === 'disk_full');
    await node.follow('L');
    await world.until('it waits again', () => state(node) === 'disk_full');
    await node.replication.promote();
    assert.match(JSON.stringify(await node.test.submit(set('x'))), /disk_full/);
    assert.equal(await node.test.get('k0'), 'k at L');
    await node.down();
  });

  it('opens again after a failed write, waits for room, and resumes', async () => {
    const leader = await world.node('L');
    await leader.write(3);
    const node = await follower();
    await level(world, leader, node);
    await world.until('it has a ballast', async () => (await readdir(node.test.directory)).includes('ballast'));
    node.test.disk.fault = full.fault;
    full.free = 0;
    full.fill();
    await leader.write(5, 'more ');
    await world.until('it waits', () => state(node) === 'disk_full' && node.store.data.isServing);
    assert.equal(await node.test.get('k0'), 'k at L');
    const dialled = lines.length;
    await world.clock.advance(60_000);
    assert.equal(lines.length, dialled);
    full.free = PLENTY;
    await level(world, leader, node);
    assert.equal(node.link.resyncs.full, 1);
  });

  it('ends a full resync without room, serves its old data, and retries ever less often', async () => {
    const leader = await world.node('L');
    await leader.test.submit(...Array.from({ length: 1_500 }, (_, i) => set(`big${i}`, `${i}`.padEnd(200, '.'))));
    const node = await follower();
    await level(world, leader, node);
    const old = await node.digest();
    const before = leader.followers.served.full;
    await free(node, 0);
    await node.follow('L', { acceptDataLoss: false, full: true });
    await world.until('it has no room', () => state(node) === 'disk_full');
    assert.match(node.link.status.error, /there is no room for a full resync beside the old data.* is full/);
    await world.clock.advance(10 * RESYNC_NO_ROOM_MS_MAX);
    const attempts = leader.followers.served.full - before;
    assert(attempts >= 5 && attempts <= 20, `${attempts} attempts in ten minutes`);
    assert.equal(node.test.logger.said(/is down: there is no room/, 'warn'), 1);
    assert.equal(await node.digest(), old);
    assert.equal((await readdir(node.test.directory)).filter((name) => name.startsWith('gen-')).length, 1);
    full.free = PLENTY;
    const fulls = node.link.resyncs.full;
    await world.until('it is resynced', () => node.link.resyncs.full === fulls + 1);
    await level(world, leader, node);
  });

  it('gives back the room of a full resync that ran out of it in the middle', async () => {
    const leader = await world.node('L');
    await leader.test.submit(...Array.from({ length: 1_500 }, (_, i) => set(`big${i}`, `${i}`.padEnd(200, '.'))));
    const node = await follower();
    await level(world, leader, node);
    world.network.onLine = (line) => {
      line.onDown = (frame) => {
        if (frame.kind === 'snapshotChunk') void free(node, 0);
      };
    };
    await node.follow('L', { acceptDataLoss: false, full: true });
    await world.until('it has no room', () => state(node) === 'disk_full');
    assert.equal(node.test.logger.said(/full resync from L/), 2, 'it had begun');
    assert.equal((await readdir(node.test.directory)).filter((name) => name.startsWith('gen-')).length, 1);
    assert.equal(await node.test.get('big7'), '7'.padEnd(200, '.'));
    world.network.onLine = () => {};
    full.free = PLENTY;
    await world.until('it is resynced', () => node.link.resyncs.full === 2);
  });

  it('does not report its own disk as full if that of its upstream is', async () => {
    const { leader, follower: node } = await world.pair({ writes: 3 });
    const { at } = leader.store.snapshots;
    const { promote } = node.store.roles;
    leader.store.snapshots.at = () => Promise.reject(new HeadwaterError('disk_full', 'no room at L'));
    await node.follow('L', { acceptDataLoss: false, full: true });
    await world.until('it has answered', () =>
      /the disk of the upstream is full: no room at L/.test(node.link.status.error),
    );
    assert.notEqual(state(node), 'disk_full');
    leader.store.snapshots.at = at;
    await level(world, leader, node);
    node.store.roles.promote = () => Promise.reject(new HeadwaterError('disk_full', 'no room at F'));
    leader.replication.failover({ to: 'F', timeoutMs: 60_000 }).catch(() => {});
    await world.until('it has answered', () =>
      /the disk of the upstream is full: no room at F/.test(leader.link.status.error),
    );
    assert.notEqual(state(leader), 'disk_full');
    node.store.roles.promote = promote;
    await world.until('it leads', () => node.store.roles.role === 'leader');
  });

  it('drops no write that only it has while there is no room to save it', async () => {
    const leader = await world.node('L');
    await leader.write(3);
    const node = await follower();
    await level(world, leader, node);
    await node.replication.promote();
    await node.write(4, 'only here ');
    await free(node, 0);
    await leader.write(1, 'there ');
    await node.follow('L', { acceptDataLoss: true });
    await world.until('it has no room', () => state(node) === 'disk_full');
    assert.match(node.link.status.error, /no room for saving lost writes to lost-writes\//);
    assert.equal(await node.test.get('only here 3'), 'only here  at F');
    assert.equal(await node.store.lostWrites.count(), 0);
    full.free = PLENTY;
    await world.until('it is resynced', () => node.link.resyncs.full === 1);
    await level(world, leader, node);
    assert.equal(await node.store.lostWrites.count(), 4);
  });

  it('has the old data or the new if its disk is full at any operation of a full resync', async function () {
    this.timeout(120_000);
    const leader = await world.node('L');
    await leader.write(30);
    const node = await follower();
    await level(world, leader, node);
    node.test.disk.fault = full.fault;
    let met = 0;
    for (let left = 0; ; left++) {
      await node.replication.promote();
      const saved = await node.store.lostWrites.count();
      await node.write(2, `only here ${left} `);
      await leader.write(1, `there ${left} `);
      const { failures } = full;
      const fulls = node.link.resyncs.full;
      full.operationsLeft = left;
      await node.follow('L', { acceptDataLoss: true }).catch(() => {});
      const ends = () => full.failures > failures || node.link.resyncs.full > fulls;
      await world.until('it has met its end, or come through', ends);
      for (let i = 0; i < 20; i++) await world.clock.advance(100);
      full.empty();
      await world.until('it serves', () => node.store.data.isServing);
      if (node.store.roles.role === 'leader') await node.follow('L', { acceptDataLoss: true });
      await world.until('there is room', () => node.store.space.refusal === undefined);
      await level(world, leader, node);
      assert.equal(await node.store.lostWrites.count(), saved + 2, `what only it had, after operation ${left}`);
      const names = await readdir(node.test.directory);
      assert.equal(names.filter((name) => name.startsWith('gen-')).length, 1);
      if (full.failures === failures) break;
      met++;
    }
    assert(met > 20, `${met} operations have failed`);
  });
});
