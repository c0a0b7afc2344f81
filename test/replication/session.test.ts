/**
 * Sessions between two and three nodes, each a real store, over lines in
 * memory: how a follower comes level and stays so, what it may lose and what it
 * never does, and what ends a session.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { sleep } from '../../src/base/clock.js';
import { LINK_TIMEOUT_MS, SNAPSHOT_SHARE_MS } from '../../src/base/limits.js';
import type { InterludeReader, Placed } from '../../src/log/interludes.js';
import { blockKey } from '../../src/log/rows.js';
import { Feed } from '../../src/replication/downstream/feed.js';
import { NO_ORDERS } from '../../src/replication/upstream/link.js';
import type { DownFrame } from '../../src/wire/down-frames.js';
import type { Handshake } from '../../src/wire/handshake.js';
import { settled, turns, until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { hold, isAppend, key, set } from '../support/store.js';
import { forgotten, level, type TestNode, World } from '../support/world.js';

describe('a promotion', () => {
  it('is heard of by the whole tree before the first write: who has left the history is told so at once', async () => {
    const world = new World();
    const a = await world.node('A');
    await a.write(3);
    const b = await world.node('B', { follows: 'A' });
    const c = await world.node('C', { follows: 'B' });
    await level(world, a, b, c);
    const d = await world.node('D', { follows: 'C' });
    await level(world, a, d);
    world.network.lines[0]?.hold();
    await a.write(2, 'only A');
    await b.replication.promote();
    await a.follow('D');
    await level(world, b, c, d, a);
    assert.equal(b.offset, 3);
    assert.equal(await a.store.lostWrites(), 2);
    assert.match(a.link.status.lastResync?.reason ?? '', /DIVERGED/);
    assert.deepEqual(
      [c, d].map(({ link }) => link.resyncs),
      [
        { full: 1, partial: 0 },
        { full: 1, partial: 0 },
      ],
    );
    await world.stop();
  });
});

describe('a replication session', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  afterEach(async () => {
    await world.stop();
    await removeTemporaryDirectories();
  });

  describe('of a fresh follower', () => {
    it('begins with a full resync, once, and goes on with the log', async () => {
      const leader = await world.node('L');
      await leader.write(5);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await leader.write(5, 'more');
      await level(world, leader, follower);
      assert.deepEqual(
        [follower.link.resyncs, leader.followers.served],
        [
          { full: 1, partial: 0 },
          { full: 1, partial: 0 },
        ],
      );
      assert.match(follower.link.status.lastResync?.reason ?? '', /EMPTY_FOLLOWER/);
      assert.equal(await follower.store.lostWrites(), 0);
      assert.equal(world.network.lines.length, 1);
    });

    it('that listens everywhere is known by where it came from', async () => {
      const leader = await world.node('L');
      await leader.write(1);
      world.network.onLine = (line) => Object.assign(line.down, { peerAddress: '10.0.0.9:51234' });
      const follower = await world.node('0.0.0.0:7420', { follows: 'L' });
      await level(world, leader, follower);
      assert.equal(leader.followers.status[0]?.address, '10.0.0.9:7420');
      await world.until('it is remembered', () => leader.store.knownFollowers[0]?.address === '10.0.0.9:7420');
    });

    it('holds on to no snapshot once it streams, and to no more of the log than it has to send', async () => {
      const leader = await world.node('L');
      await leader.write(5);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      // For so long it is kept for others who join.
      await world.clock.advance(SNAPSHOT_SHARE_MS);
      const snapshot = await leader.store.snapshotAt();
      await snapshot.release();
      assert(snapshot.closed, 'nobody else has it');
      assert.equal(await leader.store.log.trim(5), 5);
      world.network.last.cut();
      await leader.write(5, 'more');
      await level(world, leader, follower);
      await (await leader.store.snapshotAt()).release();
      // It is remembered every few seconds how far it is.
      await world.until('all of it may go', async () => (await leader.store.log.trim(10)) === 10);
    });

    it('knows the time of its data before the next block comes: a leader that it becomes does not go back', async () => {
      const leader = await world.node('L');
      await leader.write(1);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await follower.restart();
      assert.equal(follower.store.log.base.offset, 1);
      assert.ok(follower.store.endTimeMs >= leader.store.endTimeMs);
    });

    it('of an empty leader goes on from nothing, without a snapshot', async () => {
      const leader = await world.node('L');
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await leader.write(3);
      await level(world, leader, follower);
      assert.deepEqual(follower.link.resyncs, { full: 0, partial: 1 });
      assert.deepEqual(follower.store.lineage.rows, leader.store.lineage.rows);
    });

    it('that led an empty store of its own before takes on the cluster of its upstream', async () => {
      const leader = await world.node('L');
      await leader.write(3);
      const follower = await world.node('F');
      assert.notEqual(follower.store.clusterId, leader.store.clusterId);
      await follower.follow('L');
      await level(world, leader, follower);
    });

    it('takes keys of all bytes and values of no byte, and what expires', async () => {
      const leader = await world.node('L');
      await leader.test.submit(set('', ''), set('\x00\xff', Buffer.from([0, 255])), set('later', 'v', 3_600_000));
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      const [ttl] = await follower.test.submit({ kind: 'timeToLive', key: key('later') });
      assert(ttl?.kind === 'timeToLive' && (ttl.ttlMs ?? 0) > 3_500_000);
    });

    it('waits, dialling again, until there is somebody', async () => {
      const follower = await world.node('F', { follows: 'L' });
      await world.until(
        'it has tried',
        () => follower.test.logger.said(/link to upstream L is down: L cannot be reached/) > 0,
      );
      assert.deepEqual([follower.link.status.state, follower.link.status.error], ['connecting', 'L cannot be reached']);
      const leader = await world.node('L');
      await leader.write(2);
      await level(world, leader, follower);
      assert.equal(follower.link.status.error, '');
    });

    it('is one of three that come at once, under writes', async () => {
      const leader = await world.node('L');
      await leader.write(20);
      const followers = await Promise.all(['F1', 'F2', 'F3'].map((address) => world.node(address, { follows: 'L' })));
      await leader.write(30, 'meanwhile');
      await level(world, leader, ...followers);
      assert.equal(leader.followers.served.full, 3);
    });
  });

  describe('of a follower that comes back', () => {
    it('goes on where it was, after a cut of the line', async () => {
      const leader = await world.node('L');
      await leader.write(3);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      for (let round = 0; round < 3; round++) {
        world.network.last.cut();
        await leader.write(4, `round ${round} `);
        await level(world, leader, follower);
      }
      assert.deepEqual(follower.link.resyncs, { full: 1, partial: 3 });
    });

    it('goes on where it was, after it was stopped or killed', async () => {
      const leader = await world.node('L');
      await leader.write(3);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await follower.down();
      await leader.write(10, 'stopped');
      await follower.test.open();
      follower.up();
      await level(world, leader, follower);
      follower.kill();
      await leader.write(10, 'killed');
      await follower.test.open();
      follower.up();
      await level(world, leader, follower);
      assert.deepEqual(leader.followers.served, { full: 1, partial: 2 });
    });

    it('goes on where it was, after its leader was stopped or killed: the new history is announced in order', async () => {
      const leader = await world.node('L');
      await leader.write(3);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await leader.restart();
      await leader.write(3, 'restarted');
      await level(world, leader, follower);
      leader.kill();
      await leader.test.open();
      leader.up();
      await leader.write(3, 'killed');
      await level(world, leader, follower);
      assert.deepEqual(follower.link.resyncs, { full: 1, partial: 2 });
      assert.equal(leader.store.lineage.rows.length, 3);
      assert.deepEqual(follower.store.lineage.rows, leader.store.lineage.rows);
      const kinds = world.network.last.sent.map(({ kind }) => kind).filter((kind) => kind !== 'heartbeat');
      assert.deepEqual(kinds.slice(0, 3), ['continue', 'newHistory', 'blocks']);
    });

    it('gets a full resync where the log was trimmed meanwhile, and serves the old data until it is whole', async () => {
      const leader = await world.node('L');
      await leader.write(5);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await follower.down();
      await leader.write(5, 'missed');
      await (await leader.store.snapshotAt()).release();
      await forgotten(world, leader, follower);
      await leader.store.log.trim(8);
      await follower.test.open();
      follower.up();
      await level(world, leader, follower);
      assert.match(
        follower.link.status.lastResync?.message ?? '',
        /asked for what follows offset 5, the log holds 9 to 10/,
      );
      assert.equal(await follower.store.lostWrites(), 0);
    });

    it('goes on at exactly the offset after which the log begins', async () => {
      const leader = await world.node('L');
      await leader.write(5);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await follower.down();
      await leader.write(5, 'missed');
      await (await leader.store.snapshotAt()).release();
      await leader.store.log.trim(5);
      await follower.test.open();
      follower.up();
      await level(world, leader, follower);
      assert.deepEqual(follower.link.resyncs, { full: 0, partial: 1 });
    });

    it('that only one of many was trimmed away from costs the others nothing', async () => {
      const leader = await world.node('L');
      const [near, far] = [await world.node('N', { follows: 'L' }), await world.node('F', { follows: 'L' })];
      await leader.write(5);
      await level(world, leader, near, far);
      await far.down();
      await leader.write(5, 'missed');
      await level(world, leader, near);
      await (await leader.store.snapshotAt()).release();
      await forgotten(world, leader, far);
      await world.until('the rest is trimmed', async () => (await leader.store.log.trim(10)) === 10);
      await leader.write(1, 'after');
      await far.test.open();
      far.up();
      await level(world, leader, near, far);
      assert.equal(near.link.resyncs.full, 0);
      assert.equal(far.link.resyncs.full, 1);
    });
  });

  describe('of a follower with writes of its own', () => {
    /** A leader and a former leader that have 3 writes in common and some each of their own. */
    async function parted(): Promise<{ leader: TestNode; former: TestNode }> {
      const leader = await world.node('L');
      await leader.write(3, 'common');
      const former = await world.node('F', { follows: 'L' });
      await level(world, leader, former);
      await former.restart({ role: 'leader', upstream: '' });
      await former.write(4, 'lost');
      await leader.leadOn();
      await leader.write(2, 'kept');
      return { leader, former };
    }

    it('saves them, then gets a full resync, and says how many they were', async () => {
      const { leader, former } = await parted();
      await former.follow('L');
      await level(world, leader, former);
      assert.equal(await former.store.lostWrites(), 4);
      assert.deepEqual(former.link.resyncs, { full: 1, partial: 0 });
      assert.equal(former.link.status.lastResync?.reason, 'DIVERGED');
      assert.match(former.link.status.lastResync?.message ?? '', /the histories part after offset 3/);
      const files = await readdir(`${former.test.directory}/lost-writes`);
      assert.equal(files.length, 1);
      assert.match(files[0] as string, /^[0-9a-f]{40}-4-7\.blocks$/);
      assert.equal(await former.test.get('lost0'), undefined);
      await former.restart();
      assert.equal(await former.store.lostWrites(), 4, 'a restart does not forget them');
    });

    it('counts them once, though the resync is cut and begins again', async () => {
      const { leader, former } = await parted();
      let cuts = 0;
      world.network.onLine = (line) => {
        if (cuts++ < 3) line.cutAfter(3);
      };
      await former.follow('L');
      await level(world, leader, former);
      assert(cuts > 3);
      assert.equal((await readdir(`${former.test.directory}/lost-writes`)).length, 1);
      assert.equal(await former.store.lostWrites(), 4);
    });

    for (const [what, branchOffset] of [
      ['nothing', undefined],
      ['only what comes later', 5],
    ] as const) {
      it(`keeps them if its upstream lets it save ${what}: it judges by its own log what would be lost`, async () => {
        const { leader, former } = await parted();
        const { decide } = Feed.prototype;
        try {
          Feed.prototype.decide = async function (...asked) {
            const decision = await decide.apply(this, asked);
            return decision.kind === 'full' ? { ...decision, branchOffset } : decision;
          };
          await former.follow('L');
          await world.until('it has refused', () => /both share them up to 3/.test(former.link.status.error));
        } finally {
          Feed.prototype.decide = decide;
        }
        assert.equal(await former.test.get('lost0'), 'lost at F');
        await level(world, leader, former);
        assert.equal(await former.store.lostWrites(), 4);
      });
    }

    it('never merges two histories, whichever is longer', async () => {
      const { leader, former } = await parted();
      await former.write(20, 'longer');
      await former.follow('L');
      await level(world, leader, former);
      assert.equal(await former.test.get('longer19'), undefined);
      assert.equal(await former.store.lostWrites(), 24);
    });
  });

  describe('that is refused', () => {
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
      const leader = await world.node('L');
      await leader.write(5);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await leader.down();
      const blank = await world.node('B');
      await follower.follow('B');
      await refusedWith(follower, 'UPSTREAM_EMPTY');
      await world.until('it has tried again', () => world.network.lines.length > 4);
      assert.equal(await follower.test.get('k0'), 'k at L');
      assert.equal(follower.store.position.offset, 5);
      assert.notEqual(follower.store.clusterId, blank.store.clusterId);
      assert.deepEqual(follower.link.resyncs, { full: 1, partial: 0 });
      assert(follower.test.logger.said(/following would wipe it/, 'warn') === 1, 'it is said once');
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

    it('keeps its own cluster where an accepted resync from another is cut', async () => {
      const [one, other] = [await world.node('A'), await world.node('B')];
      await one.write(3, 'one');
      await other.write(4, 'other');
      const { clusterId } = one.store;
      world.network.onLine = (line) => {
        line.cutAfter(4);
        world.network.down('B');
      };
      await one.follow('B', { acceptDataLoss: true });
      await world.until('it is cut', () => one.link.status.error.includes('the connection broke'));
      assert.equal(world.network.last.count('fullResync'), 1);
      assert.equal(await one.test.get('one0'), 'one at A');
      assert.equal(one.store.clusterId, clusterId, 'its data are still of that cluster');
    });

    it('is emptied only by a person: an accepted loss is for one resync, and not for what the upstream becomes later', async () => {
      const leader = await world.node('L');
      await leader.write(3);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await follower.follow('L', { acceptDataLoss: true });
      await level(world, leader, follower);
      assert.equal(follower.link.resyncs.partial, 1, 'nothing had to be given up');
      await leader.down();
      const blank = await world.node('L');
      await refusedWith(follower, 'UPSTREAM_EMPTY');
      assert.equal(await follower.test.get('k0'), 'k at L');
      await follower.follow('L', { acceptDataLoss: true });
      await level(world, blank, follower);
      assert.equal(await follower.store.size(), 0);
    });

    it('because the data have nothing in common', async () => {
      const [one, other] = [await world.node('A'), await world.node('B')];
      await one.write(3);
      await other.write(3);
      await one.store.joinCluster(other.store.clusterId);
      await one.follow('B');
      await refusedWith(one, 'NO_COMMON_HISTORY');
      assert.equal(one.store.position.offset, 3);
    });

    it('does not let the clock of a stranger decide what is expired', async () => {
      const leader = await world.node('L');
      await leader.test.set('a', 'v', 60_000);
      const stranger = await world.node('S');
      await stranger.write(1);
      stranger.store.setTime(world.clock.wallMs() + 3_600_000);
      await leader.follow('S');
      await refusedWith(leader, 'OTHER_CLUSTER');
      assert.equal(await leader.test.get('a'), 'v');
    });

    it('because it would follow itself, whatever it is called', async () => {
      const node = await world.node('A');
      await node.write(2);
      await assert.rejects(node.follow('A'), { code: 'replication_loop' });
      assert.equal(node.store.role, 'leader');
      world.network.listen('also A', node.replication);
      await node.follow('also A');
      await refusedWith(node, 'cannot follow itself');
      assert.equal(await node.test.get('k0'), 'k at A');
    });

    it('because it stands above its own upstream', async () => {
      const a = await world.node('A');
      await a.write(2);
      const b = await world.node('B', { follows: 'A' });
      await level(world, a, b);
      await a.follow('B');
      await world.until('one of them sees the loop', () =>
        [a, b].some(({ link }) => /stands above its own upstream/.test(link.status.error)),
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
      const leader = await world.node('L');
      await leader.write(2);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      const line = world.network.last;
      const channel = await world.network.dial('L');
      const handshake = line.answered[0] as Handshake;
      await channel.send({ ...handshake, nonce: 'another process' });
      await assert.rejects(
        (async () => {
          for (;;) await channel.receive();
        })(),
        /is connected already, from F: .*copy of the other's: .*"headwater id renew --data DIR"/,
      );
      await leader.write(2, 'more');
      await level(world, leader, follower);
      assert(!line.up.ended.aborted, 'the one that was there is not disturbed');
    });

    it('does not refuse the same process that dials again: its old session ends', async () => {
      const leader = await world.node('L');
      await leader.write(2);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      const [line] = world.network.lines;
      const channel = await world.network.dial('L');
      await channel.send(line?.answered[0] as Handshake);
      const frames = await channel.receive();
      assert(frames.length > 0);
      await world.until('the old one has ended', () => line?.up.ended.aborted === true);
      channel.close();
    });

    for (const [what, change, message] of [
      ['a later protocol', { protocolVersion: 2 }, /protocol version: this node speaks 1, the follower 2/],
      ['an older block format', { blockFormat: 0 }, /block format: this node speaks 1, the follower 0/],
      ['an older record format', { recordFormat: 0 }, /record format: this node speaks 1, the follower 0/],
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
      it(`because it comes with ${what}, by name, and the leader goes on`, async () => {
        const leader = await world.node('L');
        await leader.write(2);
        const follower = await world.node('F', { follows: 'L' });
        await level(world, leader, follower);
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
      await assert.rejects(channel.receive(), /begins with a handshake, received digestReport/);
    });
  });

  describe('during a snapshot', () => {
    /** Enough for several frames of snapshot. */
    async function large(leader: TestNode): Promise<void> {
      await leader.test.submit(...Array.from({ length: 1_500 }, (_, i) => set(`big${i}`, `${i}`.padEnd(200, '.'))));
    }

    it('takes the writes that go on meanwhile', async () => {
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

    it('goes on where the follower is told once more to follow the same node', async () => {
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
      leader.store.setTime(leader.store.nowMs() + 50_000);
      await world.clock.advance(90_500);
      await until('it streams', () => follower.link.status.state === 'streaming');
      assert(Math.abs(follower.store.nowMs() - leader.store.nowMs()) < 50);
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
      assert.equal(await follower.store.size(), 1);
    });

    it('cut after any frame leaves the old data, and comes through in the end', async () => {
      const leader = await world.node('L');
      await leader.write(2, 'common');
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
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
      assert(cuts > 8, `${cuts} cuts`);
      assert(sound > 8, 'the old data were served meanwhile');
      world.network.onLine = () => {};
      world.network.last.cutAfter(Number.POSITIVE_INFINITY);
      await level(world, leader, follower);
      assert.notEqual(await follower.digest(), before);
      assert((await follower.store.lostWrites()) > 0);
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
      assert.equal(follower.test.logger.said(/did not arrive whole: expected 1500 keys/, 'warn'), 1);
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
        follower.test.disk.opened.every((location) => !location.includes('gen-000002')) || follower.store.isServing,
      );
      await follower.down();
      assert.deepEqual(follower.test.disk.opened, []);
    });

    it('lets go of its snapshot and its pin when the follower is gone', async () => {
      const leader = await world.node('L');
      await large(leader);
      world.network.onLine = (line) => line.cutAfter(4);
      const follower = await world.node('F', { follows: 'L' });
      await world.until('it was cut', () => world.network.lines.some((line) => line.up.ended.aborted));
      await follower.down();
      await turns(50);
      await leader.write(3);
      await (await leader.store.snapshotAt()).release();
      await turns(20);
      assert.equal(await leader.store.log.trim(leader.offset), leader.offset);
    });
  });

  describe('in its stream', () => {
    it('carries a block that is larger than any frame', async () => {
      const leader = await world.node('L');
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await leader.test.set('large', Buffer.alloc(3 * 1024 * 1024, 7));
      await leader.write(2);
      await level(world, leader, follower);
      assert.equal(follower.link.resyncs.full, 0);
    });

    it('keeps no blocks for a slow follower: it sends when there is room, and reads from its own log then', async () => {
      const leader = await world.node('L');
      await leader.write(1);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      const line = world.network.last;
      line.hold('down');
      for (let i = 0; i < 60; i++) {
        await leader.write(2, `round ${i} `);
        await world.clock.advance(5);
      }
      assert(line.outstanding < 12, `${line.outstanding} frames are on their way`);
      assert((leader.followers.status[0]?.lagCommands ?? 0) >= 120);
      line.release();
      await level(world, leader, follower);
      assert.equal(leader.followers.status[0]?.state, 'streaming');
    });

    it('sends no heartbeats to a follower that is behind: each would wait in memory', async () => {
      const leader = await world.node('L');
      await leader.write(1);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      const line = world.network.last;
      line.hold('down');
      for (let i = 0; i < 60; i++) {
        await leader.write(1, `round ${i} `);
        await world.clock.advance(1_000);
      }
      assert(line.outstanding < 12, `${line.outstanding} frames are on their way`);
      line.release();
      await level(world, leader, follower);
    });

    it('acknowledges what is appended and what is durable, soon after it is', async () => {
      const leader = await world.node('L');
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await leader.write(5);
      await world.until('it is acknowledged', () => leader.followers.status[0]?.appendedOffset === 5);
      assert.deepEqual([leader.followers.status[0]?.lagCommands, leader.followers.status[0]?.durableOffset], [0, 0]);
      await follower.store.durable();
      await world.until('it is durable', () => leader.followers.status[0]?.durableOffset === 5);
    });

    it('can be asked for its status at any moment, also while a resync replaces the data', async () => {
      const leader = await world.node('L');
      await leader.write(5);
      const follower = await world.node('F');
      // Opened once to be filled, and again to be used.
      let opens = 0;
      const gate = hold(
        follower.test.disk,
        ({ kind, location }) => kind === 'open' && location.endsWith('gen-000002/log') && ++opens === 2,
      );
      await follower.follow('L');
      await world.until('the new data are being opened', gate.held);
      assert.equal(follower.link.status.state, 'loading');
      assert.deepEqual(follower.followers.status, []);
      gate.release();
      await level(world, leader, follower);
    });

    for (const kind of ['full', 'partial'] as const) {
      it(`acknowledges at once after a ${kind} resync, so that the upstream does not take it for one that lags`, async () => {
        const leader = await world.node('L');
        await leader.write(5);
        const follower = await world.node('F', { follows: 'L' });
        if (kind === 'partial') {
          await level(world, leader, follower);
          await follower.down();
          await follower.test.open();
          follower.up();
        }
        // No time passes: nothing that waits for a timer is sent.
        const before = world.clock.monotonicMs();
        await until('it is acknowledged', () => leader.followers.status[0]?.appendedOffset === 5);
        assert.equal(world.clock.monotonicMs(), before);
        assert.deepEqual([leader.followers.status[0]?.lagCommands, leader.followers.status[0]?.lagMs], [0, 0]);
        assert.equal(follower.link.resyncs[kind], 1);
      });
    }

    it('says who is connected, from where, and how far', async () => {
      const leader = await world.node('L');
      const follower = await world.node('F', { follows: 'L' });
      await leader.write(2);
      await level(world, leader, follower);
      await world.until('it is acknowledged', () => leader.followers.status[0]?.appendedOffset === 2);
      const [status] = leader.followers.status;
      assert.deepEqual([status?.nodeId, status?.address, status?.state], [follower.store.nodeId, 'F', 'streaming']);
      await follower.down();
      await world.until('it is gone', () => leader.followers.status.length === 0);
    });

    it('ends at a block that does not chain, and nothing of it enters the log', async () => {
      const leader = await world.node('L');
      await leader.write(2);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      const line = world.network.last;
      const send = line.down.send.bind(line.down);
      line.down.send = (frame: DownFrame) => {
        if (frame.kind !== 'blocks') return send(frame);
        const blocks = frame.blocks.map((bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([0x21])]));
        return send({ ...frame, blocks });
      };
      await leader.write(1, 'spoilt');
      await world.until('the session has ended', () => line.up.ended.aborted);
      await level(world, leader, follower);
      assert.equal(await follower.test.get('spoilt0'), 'spoilt at L');
      assert(follower.test.logger.said(/does not follow/) > 0);
    });

    it('is not dialled as fast as can be where every session ends the same way', async () => {
      const leader = await world.node('L');
      await leader.write(2);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      world.network.onLine = (line) => {
        const send = line.down.send.bind(line.down);
        line.down.send = (frame: DownFrame) =>
          send(
            frame.kind === 'blocks'
              ? {
                  ...frame,
                  blocks: frame.blocks.map((bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([0x21])])),
                }
              : frame,
          );
      };
      world.network.last.cut();
      await leader.write(1, 'spoilt');
      const before = world.network.lines.length;
      for (let i = 0; i < 2_000; i++) await world.clock.advance(10);
      const dialled = world.network.lines.length - before;
      assert(dialled > 5 && dialled < 40, `${dialled} sessions in 20 seconds`);
      assert.equal(follower.test.logger.said(/does not follow/, 'warn'), 1, 'it is said once');
    });

    it('ends with an alarm where the running checksums differ at one offset', async () => {
      const leader = await world.node('L');
      await leader.write(2);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await world.network.last.down.send({
        kind: 'heartbeat',
        levelMs: 0,
        offset: 2,
        checksum: 1,
        timeMs: world.clock.wallMs(),
        path: [],
      });
      await world.until('it is seen', () => follower.test.logger.said(/DIVERGED: at offset 2/, 'error') === 1);
      await level(world, leader, follower);
    });

    it('does not let the clock go back, until a new session begins', async () => {
      const leader = await world.node('L');
      await leader.test.set('a', 'v', 60_000);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      const aheadMs = Math.ceil(world.clock.wallMs()) + 61_000;
      const beat = (timeMs: number) =>
        world.network.last.down.send({ kind: 'heartbeat', offset: 0, checksum: 0, timeMs, path: ['L'], levelMs: 0 });
      await beat(aheadMs);
      await until('it is told', () => follower.store.nowMs() >= aheadMs);
      assert.equal(await follower.test.get('a'), undefined);
      await leader.write(1, 'more');
      await world.clock.advance(3_500);
      assert(world.network.last.count('heartbeat') > 3, 'the leader went on telling its own, earlier time');
      assert(follower.store.nowMs() >= aheadMs);
      assert.equal(await follower.test.get('a'), undefined, 'what was hidden as expired does not come back');
      world.network.last.cut();
      await world.until('a new session has begun', () => follower.link.resyncs.partial === 1);
      await level(world, leader, follower);
      assert(Math.abs(follower.store.nowMs() - leader.store.nowMs()) < 50);
      assert.equal(await follower.test.get('a'), 'v');
    });

    it('never lets the clock go below the last block, not even when it begins', async () => {
      const leader = await world.node('L');
      const follower = await world.node('F', { follows: 'L' });
      leader.store.setTime(world.clock.wallMs() + 60_000);
      await leader.write(1);
      await level(world, leader, follower);
      world.network.onLine = (line) => {
        const send = line.down.send.bind(line.down);
        line.down.send = (frame: DownFrame) =>
          send(frame.kind === 'continue' ? { ...frame, upstream: { ...frame.upstream, timeMs: 1 } } : frame);
      };
      let lowestMs = Number.POSITIVE_INFINITY;
      const setTime = follower.store.setTime.bind(follower.store);
      follower.store.setTime = (timeMs) => {
        setTime(timeMs);
        lowestMs = Math.min(lowestMs, follower.store.nowMs());
      };
      const { partial } = follower.link.resyncs;
      world.network.last.cut();
      await world.until('a new session has begun', () => follower.link.resyncs.partial > partial);
      assert(lowestMs >= follower.store.endTimeMs && lowestMs < Number.POSITIVE_INFINITY, `${lowestMs}`);
    });

    it("goes by the leader's clock", async () => {
      const leader = await world.node('L');
      await leader.write(1);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      leader.store.setTime(world.clock.wallMs() + 100_000);
      await world.clock.advance(1_100);
      await world.until('it is told', () => Math.abs(follower.store.nowMs() - leader.store.nowMs()) < 50);
    });
  });

  describe('that has gone silent', () => {
    it('ends at the follower after the time-out, which dials again', async () => {
      const leader = await world.node('L');
      await leader.write(1);
      const follower = await world.node('F', { follows: 'L', timeoutMs: LINK_TIMEOUT_MS });
      await level(world, leader, follower);
      const line = world.network.last;
      line.hold('down');
      await world.clock.advance(LINK_TIMEOUT_MS - 2_000);
      assert(!line.up.ended.aborted);
      await world.until('it is noticed', () => line.up.ended.aborted);
      assert.match((line.up.ended.reason as Error).message, /upstream was silent for \d+ ms/);
      await leader.write(1, 'more');
      await level(world, leader, follower);
      assert.equal(follower.link.resyncs.partial, 1);
    });

    it('ends at the leader after the time-out', async () => {
      const leader = await world.node('L', { timeoutMs: LINK_TIMEOUT_MS });
      await leader.write(1);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      const line = world.network.last;
      line.hold('up');
      await world.until('it is noticed', () => line.down.ended.aborted);
      assert.match((line.down.ended.reason as Error).message, /follower F was silent for \d+ ms/);
      await level(world, leader, follower);
    });

    it("is not the upstream's fault where the follower itself is busy for long", async () => {
      const leader = await world.node('L');
      await leader.write(1);
      const follower = await world.node('F', { follows: 'L', timeoutMs: LINK_TIMEOUT_MS });
      await level(world, leader, follower);
      const gate = hold(follower.test.disk, isAppend);
      await leader.write(1, 'slow');
      await world.until('the append is on its way', gate.held);
      for (let i = 0; i < 12; i++) await world.clock.advance(1_000);
      gate.release();
      await level(world, leader, follower);
      assert.equal(world.network.lines.length, 1, 'heartbeats were coming all the time');
    });

    it('never ends while there is nothing to send: heartbeats and acknowledgements are enough', async () => {
      const leader = await world.node('L', { timeoutMs: LINK_TIMEOUT_MS });
      await leader.write(1);
      const follower = await world.node('F', { follows: 'L', timeoutMs: LINK_TIMEOUT_MS });
      await level(world, leader, follower);
      for (let i = 0; i < 60; i++) await world.clock.advance(1_000);
      assert.equal(world.network.lines.length, 1);
      assert(!world.network.last.up.ended.aborted);
    });

    it('before its handshake ends at the leader', async () => {
      await world.node('L', { timeoutMs: LINK_TIMEOUT_MS });
      const channel = await world.network.dial('L');
      const ended = assert.rejects(channel.receive(), /has not introduced itself was silent/);
      for (let i = 0; i < 8; i++) await world.clock.advance(1_000);
      await ended;
    });
  });

  describe('down a chain', () => {
    it('brings the same log to every depth, and each node answers for the next', async () => {
      const leader = await world.node('L');
      await leader.write(3);
      const middle = await world.node('M', { follows: 'L' });
      const end = await world.node('E', { follows: 'M' });
      await level(world, leader, middle, end);
      await leader.write(5, 'more');
      await level(world, leader, middle, end);
      assert.deepEqual(end.link.path, [leader.store.nodeId, middle.store.nodeId]);
      await leader.restart();
      await leader.write(5, 'restarted');
      await level(world, leader, middle, end);
      assert.deepEqual([middle.link.resyncs.full, end.link.resyncs.full <= 1], [1, true]);
      assert.deepEqual(end.store.lineage.rows, leader.store.lineage.rows);
    });

    it('says what is said between two blocks at the same place on every node', async () => {
      const leader = await world.node('L');
      await leader.write(1);
      const middle = await world.node('M', { follows: 'L' });
      const end = await world.node('E', { follows: 'M' });
      await level(world, leader, middle, end);
      const readers = new Map([leader, middle, end].map((node) => [node, node.store.log.interludes.reader()]));
      const expected: Array<[number, string]> = [];
      for (let i = 0; i < 30; i++) {
        if (i % 3 > 0) await leader.test.set(`k${i}`, 'v');
        const markId = `mark ${i}`;
        leader.store.interlude({ kind: 'mark', markId });
        const message = { channel: key('news'), data: key(`message ${i}`) };
        leader.store.interlude({ kind: 'message', ...message });
        expected.push([leader.offset, markId], [leader.offset, `message ${i}`]);
      }
      for (const node of [leader, middle, end]) {
        const reader = readers.get(node) as InterludeReader;
        const said: Placed[] = [];
        await world.until('everything has been said', () => {
          said.push(...reader.take(node.offset).placed);
          return said.length >= expected.length;
        });
        assert.deepEqual(
          said.map(({ offset, interlude }) => [
            offset,
            interlude.kind === 'mark' ? interlude.markId : interlude.kind === 'message' && interlude.data.toString(),
          ]),
          expected,
        );
      }
      await level(world, leader, middle, end);
    });

    it('ends the sessions below a node whose data were replaced, and they come level again', async () => {
      const leader = await world.node('L');
      await leader.write(3);
      const middle = await world.node('M', { follows: 'L' });
      const end = await world.node('E', { follows: 'M' });
      await level(world, leader, middle, end);
      await middle.restart({ role: 'leader', upstream: '' });
      await middle.write(2, 'own');
      await world.until('the end has them', () => end.offset === middle.offset);
      await leader.leadOn();
      await leader.write(1, 'kept');
      await middle.follow('L');
      await level(world, leader, middle, end);
      assert.equal(await middle.store.lostWrites(), 2);
      assert.equal(await end.store.lostWrites(), 2);
    });

    it('waits where it asks for more than its upstream has reached', async () => {
      const leader = await world.node('L');
      await leader.write(3);
      const slow = await world.node('S', { follows: 'L' });
      const fast = await world.node('F', { follows: 'L' });
      await level(world, leader, slow, fast);
      await slow.link.stop();
      await leader.write(4, 'ahead');
      await level(world, leader, fast);
      await fast.follow('S');
      await world.until('it waits', () => fast.link.status.state === 'waiting');
      assert.equal(slow.followers.status[0]?.state, 'waiting');
      assert.equal(fast.offset, 7);
      slow.link.start('L', NO_ORDERS);
      await level(world, leader, slow, fast);
      assert.equal(fast.link.resyncs.full, 1, 'the one that it began with');
    });
  });

  describe('that is stopped', () => {
    it('takes nothing more from its upstream once the stop is done', async () => {
      const leader = await world.node('L');
      await leader.write(1);
      const follower = await world.node('F', { follows: 'L' });
      await level(world, leader, follower);
      await follower.link.stop();
      assert.equal(follower.link.status.state, 'stopped');
      await leader.write(3, 'later');
      await world.clock.advance(3_000);
      await turns(50);
      assert.equal(follower.offset, 1);
    });

    it('stops while it waits between two attempts, and while nobody answers', async () => {
      const follower = await world.node('F', { follows: 'L' });
      await world.until('it has tried', () => follower.link.status.error !== '');
      await follower.link.stop();
      world.network.listen('L', { accept: () => new Promise(() => {}) });
      follower.link.start('L', NO_ORDERS);
      await turns(10);
      const stopping = follower.link.stop();
      assert(await settled(stopping, 20));
    });

    it('and started for another upstream follows that one', async () => {
      const [one, other] = [await world.node('A'), await world.node('B')];
      await one.write(2);
      const follower = await world.node('F', { follows: 'A' });
      await level(world, one, follower);
      await other.follow('A');
      await level(world, one, other);
      await follower.follow('B');
      await one.write(2, 'more');
      await level(world, one, other, follower);
      assert.deepEqual(follower.link.resyncs, { full: 1, partial: 1 });
    });
  });

  it('goes on over a store that had to open anew, at either end', async () => {
    const leader = await world.node('L');
    await leader.write(3);
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    for (const node of [follower, leader]) {
      node.test.disk.fault = ({ kind, location }) => {
        if (kind !== 'put' || !location.endsWith('/log')) return;
        node.test.disk.fault = undefined;
        throw new Error('EIO');
      };
      await leader.test.set('x', node.address).catch(() => {});
      await world.until(
        'it serves',
        () => node.test.disk.fault === undefined && leader.store.isServing && follower.store.isServing,
      );
      await leader.write(2, node.address);
      await level(world, leader, follower);
    }
    assert.equal(follower.link.resyncs.full, 1);
    assert.equal(await follower.store.lostWrites(), 0);
  });

  it('is not begun by a leader that lost a tail of its log, until it is told to follow one that has the data', async () => {
    const leader = await world.node('L');
    await leader.write(5);
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    await leader.test.loseTail(5);
    await world.until('it is open again', () => leader.store.incomplete !== undefined);
    await world.until('it is said', () => /neither serves nor leads/.test(follower.link.status.error));
    assert.equal(await follower.test.get('k4'), 'k at L', 'the follower serves what it has');
    assert.equal(await follower.store.lostWrites(), 0);
    await follower.restart({ role: 'leader', upstream: '' });
    await follower.write(2, 'led on');
    await leader.follow('F');
    await level(world, follower, leader);
    assert.equal(leader.link.status.lastResync?.reason, 'KEYSPACE_INCOMPLETE');
    assert.match(leader.link.status.lastResync?.message ?? '', /ends at offset 4, .* up to 5;/);
    assert(leader.store.isServing);
  });

  it('is refused where the follower lost a tail of its log that only its keyspace had, until a person accepts the loss', async () => {
    const leader = await world.node('L');
    await leader.write(3, 'common');
    const former = await world.node('F', { follows: 'L' });
    await level(world, leader, former);
    await former.restart({ role: 'leader', upstream: '' });
    await former.write(4, 'own');
    await former.down();
    const log = former.test.disk.raw(former.test.location('log', 2));
    for (const offset of [4, 5, 6, 7]) await log.del(blockKey(offset));
    await leader.leadOn();
    await leader.write(9, 'longer');
    await former.test.open({ role: 'follower', upstream: 'L' });
    former.up();
    await world.until('it is refused', () => /TAIL_NOT_IN_LOG/.test(former.link.status.error));
    assert.match(former.link.status.error, /up to offset 7, those after 3 are not here .* at 12\), .*holds nothing/);
    assert.equal(former.store.incomplete?.code, 'keyspace_incomplete');
    await former.follow('L', { acceptDataLoss: true });
    await level(world, leader, former);
    assert.match(former.link.status.lastResync?.reason ?? '', /DATA_LOSS_ACCEPTED/);
  });

  it('gets a full resync where the follower lost a tail of its log that its keyspace has', async () => {
    const leader = await world.node('L');
    await leader.write(5);
    const follower = await world.node('F', { follows: 'L' });
    await level(world, leader, follower);
    await leader.write(3, 'more');
    await level(world, leader, follower);
    await follower.down();
    await follower.test.disk.raw(follower.test.location('log', 2)).del(blockKey(8));
    await follower.test.open();
    assert.equal(follower.store.incomplete?.code, 'keyspace_incomplete');
    follower.up();
    await level(world, leader, follower);
    assert.match(follower.link.status.lastResync?.reason ?? '', /KEYSPACE_INCOMPLETE/);
    assert.equal(follower.store.incomplete, undefined);
  });
});
