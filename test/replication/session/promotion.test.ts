/**
 * A node in the middle of a tree is promoted. The whole tree must know of the new
 * history before the first write under it.
 */
import assert from 'node:assert/strict';
import { level, type World, worldForEachTest } from '../../support/world.js';

describe('a promotion', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  it('is known to the whole tree before the first write', async () => {
    const [a, b, c] = await world.chain(['A', 'B', 'C'], { writes: 3 });
    const d = await world.node('D', { follows: 'C' });
    await level(world, a, d);
    world.network.lines[0]?.hold();
    await a.write(2, 'only A');
    await b.replication.promote();
    await a.follow('D');
    await level(world, b, c, d, a);
    assert.equal(b.offset, 3);
    assert.equal(await a.store.lostWrites.count(), 2);
    assert.match(a.link.status.lastResync?.reason ?? '', /DIVERGED/);
    assert.deepEqual(
      [c, d].map(({ link }) => link.resyncs),
      [
        { full: 1, partial: 0 },
        { full: 1, partial: 0 },
      ],
    );
  });
});
