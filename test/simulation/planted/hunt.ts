/** Looks for planted bugs, each in runs from the first seed on. */
import assert from 'node:assert/strict';
import { Violation } from '../checks/history.js';
import { EVENTS } from '../events/events.js';
import { run } from '../run.js';
import { inFirstPart } from '../seeds.js';
import { Simulation } from '../simulation.js';
import type { PlantedBug } from './planting.js';

/** In which a planted bug has to be found. */
const SEEDS_TO_FIND = 200;

/** One test a bug. */
export function hunt(bugs: readonly PlantedBug[]): void {
  describe('a simulation', function () {
    this.timeout(0);
    before(inFirstPart);

    for (const bug of bugs) {
      it(`finds ${bug.name}`, async () => {
        const undo = bug.plant();
        try {
          const violation = await firstViolation(bug.found, (seed) => {
            const simulation = new Simulation(seed);
            bug.watch?.(simulation);
            return run(simulation, bug.events ?? EVENTS);
          });
          assert.match(violation, bug.found);
        } finally {
          undo();
        }
      });
    }
  });
}

/**
 * A bug may break other invariants first in some runs: those are passed over.
 * @returns the message of the first violation that tells of it; what else was found if none does.
 */
export async function firstViolation(found: RegExp, run: (seed: number) => Promise<unknown>): Promise<string> {
  const others: string[] = [];
  for (let seed = 1; seed <= SEEDS_TO_FIND; seed++) {
    try {
      await run(seed);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      if (found.test(error.message)) return error.message;
      others.push(error.message.split('\n', 1)[0] as string);
    }
  }
  return [`none of ${SEEDS_TO_FIND} runs tells of it`, ...others].join('\n');
}
