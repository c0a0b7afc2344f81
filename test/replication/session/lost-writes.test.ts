/**
 * A follower has writes that its new leader lacks. It must save them in files before
 * a full resync drops them, and histories must never be merged.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { ResyncAnswer } from '../../../src/replication/downstream/resync-answer.js';
import { level, type TestNode, type World, worldForEachTest } from '../../support/world.js';

describe('a replication session of a follower with writes of its own', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  /** A leader and a former leader that have 3 writes in common and some each of their own. */
  async function parted(): Promise<{ leader: TestNode; former: TestNode }> {
    const { leader, follower: former } = await world.pair({ writes: 3, prefix: 'common' });
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
    assert.equal(await former.store.lostWrites.count(), 4);
    assert.deepEqual(former.link.resyncs, { full: 1, partial: 0 });
    assert.equal(former.link.status.lastResync?.reason, 'DIVERGED');
    assert.match(former.link.status.lastResync?.message ?? '', /the histories part after offset 3/);
    const files = await readdir(`${former.test.directory}/lost-writes`);
    assert.equal(files.length, 1);
    assert.match(files[0] as string, /^[0-9a-f]{40}-4-7\.blocks$/);
    assert.equal(await former.test.get('lost0'), undefined);
    await former.restart();
    assert.equal(await former.store.lostWrites.count(), 4, 'a restart does not forget them');
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
    assert.equal(await former.store.lostWrites.count(), 4);
  });

  for (const [what, branchOffset] of [
    ['nothing', undefined],
    ['only what comes later', 5],
  ] as const) {
    it(`keeps them if its upstream lets it save ${what}: its own log decides`, async () => {
      const { leader, former } = await parted();
      const { decide } = ResyncAnswer.prototype;
      try {
        ResyncAnswer.prototype.decide = async function (...asked) {
          const decision = await decide.apply(this, asked);
          return decision.kind === 'full' ? { ...decision, branchOffset } : decision;
        };
        await former.follow('L');
        await world.until('it has refused', () =>
          /would drop the commands of this node after offset 3/.test(former.link.status.error),
        );
      } finally {
        ResyncAnswer.prototype.decide = decide;
      }
      assert.equal(await former.test.get('lost0'), 'lost at F');
      await level(world, leader, former);
      assert.equal(await former.store.lostWrites.count(), 4);
    });
  }

  it('never merges two histories, whichever is longer', async () => {
    const { leader, former } = await parted();
    await former.write(20, 'longer');
    await former.follow('L');
    await level(world, leader, former);
    assert.equal(await former.test.get('longer19'), undefined);
    assert.equal(await former.store.lostWrites.count(), 24);
  });
});
