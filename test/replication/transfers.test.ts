/**
 * A leader L sends a snapshot to a follower, and the snapshot is cut, spoilt, shared
 * or abandoned on the way. The follower must have its old data or the new, and
 * nothing may stay open. After integration/replication.tcl and
 * corrupt-dump-fuzzer.tcl of Redis.
 */
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { KeyspaceDigest } from '../../src/keyspace/digest.js';
import type { DownFrame } from '../../src/replication/frames.js';
import type { Line } from '../support/channel.js';
import { until } from '../support/clock.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';
import { times } from '../support/seeds.js';
import { set } from '../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';

const CUTS = times(40);
const SPOILT = times(25);
const TIMEOUT_MS = 10_000;

describe('a snapshot on its way', function () {
  this.timeout(60_000);
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  /** Some ten frames as a snapshot. */
  async function large(leader: TestNode, count = 1_500): Promise<void> {
    await leader.test.submit(
      ...Array.from({ length: count }, (_, i) => set(`big${i}`, `${i}`.padEnd(200, '.'), i % 7 ? undefined : 9e6)),
    );
  }

  it(`leaves old data or new when it is cut or the follower is killed, ${CUTS} times`, async () => {
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    const leader = await world.node('L');
    await large(leader);
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    let inTransfer = 0;
    for (let cut = 0; cut < CUTS; cut++) {
      const old = await follower.digest();
      const frames = 1 + Math.floor(random() * 9);
      const kill = random() < 0.2;
      let line: Line | undefined;
      world.network.onLine = (one) => {
        line ??= one.cutAfter(frames);
      };
      await follower.follow('L', { acceptDataLoss: false, full: true });
      await world.until('it is cut', () => line?.ended === true);
      world.network.onLine = () => {};
      if (line?.sent.some(({ kind }) => kind === 'fullResync') && line.count('snapshotEnd') === 0) inTransfer++;
      if (kill) {
        // Of a process that is gone nobody dials again.
        void follower.link.stop();
        follower.kill();
        await follower.test.open();
      }
      assert.equal(await follower.digest(), old, `seed ${seed}: what it had is there after cut ${cut}`);
      if (kill) follower.up();
      await leader.write(1, `round ${cut} `);
      await level(world, leader, follower);
    }
    assert(inTransfer > CUTS / 2, `seed ${seed}: ${inTransfer} cuts were in mid-transfer`);
    assert.equal(await follower.store.lostWrites.count(), 0);
  });

  it("is never older than the follower's data, though an older one could be shared", async () => {
    const { leader, follower } = await world.pair({ writes: 3 });
    // As for another follower that has joined just now.
    const shared = await leader.store.snapshots.at({ share: true });
    await leader.write(2, 'acknowledged');
    await until('it has them', async () => {
      await world.clock.advance(1);
      return follower.offset === 5;
    });
    let position = 0;
    world.network.onLine = (line) => {
      line.onDown = (frame) => {
        if (frame.kind === 'fullResync') position = frame.position.offset;
      };
    };
    await follower.follow('L', { acceptDataLoss: false, full: true });
    await world.until('it is resynced', () => follower.link.resyncs.full === 2);
    assert.equal(shared.position.offset, 3);
    assert.equal(position, 5);
    await shared.release();
    await level(world, leader, follower);
  });

  const DROPS: ReadonlyArray<[what: string, dropped: readonly number[], how: 'cut' | 'silent']> = [
    ['neither is dropped', [], 'cut'],
    ['one is dropped', [0], 'cut'],
    ['the other is dropped', [1], 'cut'],
    ['both are dropped', [0, 1], 'cut'],
    ['one is silent for too long', [1], 'silent'],
  ];

  for (const [what, dropped, how] of DROPS) {
    it(`to two followers, of which ${what}, is released when no follower needs it`, async () => {
      const leader = await world.node('L', { timeoutMs: TIMEOUT_MS, heartbeatIntervalMs: 1_000 });
      await large(leader);
      const lines: Line[] = [];
      world.network.onLine = (line) => {
        lines.push(line);
        if (lines.length <= 2) line.hold('down');
      };
      const followers = [await world.node('F0', { follows: 'L' }), await world.node('F1', { follows: 'L' })];
      await world.until(
        'both are in mid-transfer',
        () => leader.followers.status.filter(({ state }) => state === 'snapshot').length === 2,
      );
      const first = lines.slice(0, 2);
      const writing = leader.write(20, 'meanwhile');
      for (const [i, line] of first.entries()) {
        const follower = followers.findIndex(({ address }) => address === line.from);
        if (!dropped.includes(follower)) line.release();
        else if (how === 'cut') line.cut();
        else {
          await writing;
          line.hold('both');
          await world.until(`line ${i} is given up`, () => line.down.ended.aborted);
          line.cut();
        }
      }
      await writing;
      await level(world, leader, ...followers);
      for (const [i, follower] of followers.entries())
        assert.equal(
          first.find(({ from }) => from === follower.address)?.ended,
          dropped.includes(i),
          'who was not dropped goes on in its first session',
        );
      assert.equal(leader.followers.served.full, 2 + dropped.length);
      await world.clock.advance(2_000);
      const snapshot = await leader.store.snapshots.at();
      await snapshot.release();
      assert(snapshot.closed, 'nobody holds on to it');
    });
  }

  it('from a leader that dies before it ends costs the followers below nothing', async () => {
    const a = await world.node('A');
    await a.write(5, 'shared');
    const b = await world.node('B', { follows: 'A' });
    const c = await world.node('C', { follows: 'B' });
    const other = await world.node('O', { follows: 'A' });
    await level(world, a, b, c, other);
    await other.replication.promote();
    await large(other);
    await a.write(1, 'only at A');
    await level(world, a, b, c);
    const sessionOfC = world.network.lines.findLast(({ from }) => from === 'C');
    const { replicationId } = a.store.data.position;
    const [fullOfB, fullOfC] = [b.link.resyncs.full, c.link.resyncs.full];
    world.network.onLine = (line) => {
      if (line.to === 'O') line.cutAfter(5);
    };
    await b.follow('O');
    await world.until('B loads from O', () => b.link.status.loadedKeys > 0 || other.followers.served.full > 0);
    await other.down();
    await world.until('O is gone', () => /O cannot be reached/.test(b.link.status.error));
    for (const node of [b, c]) {
      assert.equal(await node.test.get('only at A0'), 'only at A at A');
      assert.equal(node.store.data.position.replicationId, replicationId);
    }
    await b.follow('A');
    await a.write(1, 'after');
    await level(world, a, b, c);
    assert.deepEqual([b.link.resyncs.full, c.link.resyncs.full], [fullOfB, fullOfC], 'only partial resyncs');
    assert.equal(sessionOfC?.ended, false, 'C has heard nothing of it');
  });

  it('is not asked for if a follower is re-pointed in the turn in which its session ends', async () => {
    const [a, b, c] = await world.star(['A', 'B', 'C'], { writes: 5 });
    const full = world.nodes.map(({ link }) => link.resyncs.full);
    for (const upstream of ['B', 'A', 'B', 'A']) {
      world.network.lines.findLast(({ from }) => from === 'C')?.cut();
      const followed = c.follow(upstream);
      await a.write(2, `towards ${upstream}`);
      await followed;
      await level(world, a, b, c);
    }
    assert.deepEqual(
      world.nodes.map(({ link }) => link.resyncs.full),
      full,
    );
    assert.equal(c.link.resyncs.partial, 4);
  });

  it(`with malformed records under good checksums is refused or read, ${SPOILT} times`, async () => {
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    const leader = await world.node('L');
    await large(leader, 200);
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    for (let round = 0; round < SPOILT; round++) {
      await leader.write(1, `round ${round} `);
      let spoilt = false;
      world.network.onLine = (line) => {
        if (spoilt) return;
        const send = line.down.send.bind(line.down);
        const digest = new KeyspaceDigest();
        line.down.send = (frame: DownFrame) => {
          if (frame.kind === 'snapshotChunk') {
            const keys = [...frame.keys];
            const records = [...frame.records];
            if (!spoilt) {
              spoilt = true;
              const at = Math.floor(random() * keys.length);
              records[at] = spoil(keys[at] as Buffer, records[at] as Buffer, random);
            }
            digest.add(keys.map((key, i) => [key, records[i] as Buffer]));
            return send({ ...frame, keys, records });
          }
          if (frame.kind === 'snapshotEnd') return send({ ...frame, digest: digest.finish() });
          return send(frame);
        };
      };
      await follower.follow('L', { acceptDataLoss: false, full: true });
      await world.until(`seed ${seed}: it streams again`, () => spoilt && follower.link.status.state === 'streaming');
      world.network.onLine = () => {};
      assert.deepEqual(follower.test.fatal, [], `seed ${seed}`);
      for (let i = 0; i < 200; i += 13)
        await follower.test.get(`big${i}`).catch(({ code }) => assert.match(code, /^(corrupt|wrong_type)$/));
      await world.until(`seed ${seed}: it is level`, () => follower.offset === leader.offset);
      // What was taken though it was spoilt goes with the next one.
      await follower.follow('L', { acceptDataLoss: false, full: true });
      await level(world, leader, follower);
    }
  });
});

/** Bytes of the header or the value turned over, or the value shortened, under a checksum that fits. */
function spoil(key: Buffer, record: Buffer, random: () => number): Buffer {
  const end = record.length - 4;
  const cut = random() < 0.3 ? 22 + Math.floor(random() * (record.length - 22)) : record.length;
  const spoilt = Buffer.concat([record.subarray(0, Math.min(end, cut - 4)), Buffer.alloc(4)]);
  const bytes = 1 + Math.floor(random() * 8);
  const at = Math.floor(random() * (random() < 0.7 ? 18 : spoilt.length - 4));
  for (let i = at; i < Math.min(at + bytes, spoilt.length - 4); i++)
    spoilt[i] = random() < 0.5 ? 0xff : Math.floor(random() * 256);
  spoilt.writeUInt32BE(crc32(spoilt.subarray(0, -4), crc32(key)), spoilt.length - 4);
  return spoilt;
}
