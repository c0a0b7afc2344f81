/** The invariants of the design, over many random runs of a few nodes. */
import assert from 'node:assert/strict';
import { EVENTS } from './events.js';
import { type Counts, Simulation } from './simulation.js';

const ONE = process.env.HEADWATER_SEED;
const SEEDS = ONE === undefined ? Number(process.env.HEADWATER_SEEDS ?? 200) : 1;
const FIRST_SEED = Number(ONE ?? 1);

async function simulate(seeds: number, counts: Counts = {}): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + seeds; seed++) {
    const simulation = new Simulation(seed, EVENTS);
    await simulation.run();
    for (const [kind, count] of Object.entries(simulation.counts)) counts[kind] = (counts[kind] ?? 0) + count;
  }
}

describe('a simulation', function () {
  this.timeout(0);

  it(`keeps every invariant in ${SEEDS} runs`, async () => {
    const counts: Counts = {};
    await simulate(SEEDS, counts);
    if (process.env.HEADWATER_COUNTS) console.log(counts);
  });

  it('is repeated exactly by its seed', async () => {
    const [first, second] = [new Simulation(7, EVENTS), new Simulation(7, EVENTS)];
    const hash = await first.run();
    assert.equal(await second.run(), hash);
  });
});
