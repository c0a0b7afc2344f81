/**
 * Clocks that are wrong, and many keys that expire at once, over random runs.
 * `npm test` does 30; seeds.ts says how to do more, or to repeat one.
 */
import assert from 'node:assert/strict';
import { Seeds } from './seeds.js';
import { TimeRun } from './time/run.js';

/** A run takes longer than one of a cluster: a long run of both takes fewer of these. */
const SEEDS_MAX = 1_000;
const SEEDS = new Seeds(30, SEEDS_MAX);

describe('a simulation of time', function () {
  this.timeout(0);

  it(`keeps every invariant in ${SEEDS.count} runs`, async () => {
    const counts: Record<string, number> = {};
    await SEEDS.each(async (seed) => {
      const run = new TimeRun(seed);
      await run.run();
      for (const [kind, count] of Object.entries(run.counts)) counts[kind] = (counts[kind] ?? 0) + count;
    });
    if (SEEDS.count < 30) return;
    for (const kind of [
      'many keys',
      'power cut',
      'power cut while keys go',
      'deletion cut short',
      'start in 1970',
      'start a year ahead',
      'time to live refused',
    ])
      assert((counts[kind] ?? 0) >= 5, `${kind}: ${counts[kind]} times`);
  });
});
