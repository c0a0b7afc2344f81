/** Looks for planted bugs, each in runs from the first seed on. */
import assert from 'node:assert/strict';
import { EVENTS } from './events.js';
import { Violation } from './history.js';
import type { PlantedBug } from './planting.js';
import { isFirstPart } from './seeds.js';
import { Simulation } from './simulation.js';

/** In which a planted bug has to be found. */
const SEEDS_TO_FIND = 200;

/** One test a bug. */
export function hunt(bugs: readonly PlantedBug[]): void {
  (isFirstPart ? describe : describe.skip)('a simulation', function () {
    this.timeout(0);

    for (const bug of bugs) {
      it(`finds ${bug.name}`, async () => {
        const undo = bug.plant();
        try {
          const violation = await firstViolation((seed) => {
            const simulation = new Simulation(seed, bug.events ?? EVENTS);
            bug.watch?.(simulation);
            return simulation.run();
          });
          assert.match(violation, bug.found);
        } finally {
          undo();
        }
      });
    }
  });
}

/** @returns its message. */
export async function firstViolation(run: (seed: number) => Promise<unknown>, seeds = SEEDS_TO_FIND): Promise<string> {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      await run(seed);
    } catch (error) {
      if (error instanceof Violation) return error.message;
      throw error;
    }
  }
  return `nothing in ${seeds} runs`;
}
