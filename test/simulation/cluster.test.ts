/** The cluster, simulated: the driver, the machine and the adapter of etcd, over an etcd that is as bad as real ones. */
import assert from 'node:assert/strict';
import { BUGS } from './cluster/planted.js';
import { ClusterRun } from './cluster/run.js';
import { firstViolation } from './planted/hunt.js';
import { inFirstPart, Seeds } from './seeds.js';

describe('the simulated cluster', function () {
  this.timeout(0);

  it('never has two leaders, loses no acknowledged write in safe mode, and leads again', async () => {
    let answered = 0;
    let openings = 0;
    const seeds = new Seeds(60);
    await seeds.each(async (seed) => {
      const run = new ClusterRun(seed);
      await run.run();
      answered += run.checks.answered;
      openings += run.checks.openings;
    });
    assert(answered > 100 * seeds.count, `${answered} writes were answered`);
    assert(openings > seeds.count, `${openings} leaderships have begun`);
  });

  it('is the same for the same seed', async () => {
    const [a, b] = [new ClusterRun(3), new ClusterRun(3)];
    await a.run();
    await b.run();
    assert.deepEqual(a.world.trace, b.world.trace);
  });

  describe('finds', () => {
    before(inFirstPart);

    for (const bug of BUGS)
      it(bug.name, async () => {
        const undo = bug.plant?.() ?? (() => {});
        try {
          const violation = await firstViolation(
            bug.found,
            (seed) => new ClusterRun(seed, bug.inWorld).run(),
            bug.near,
          );
          assert.match(violation, bug.found);
        } finally {
          undo();
        }
      });
  });
});
