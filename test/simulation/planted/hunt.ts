/**
 * Looks for planted bugs. Each has to be found in so many runs. `npm test` begins with the seed that is known to find it,
 * a long run (HEADWATER_SEEDS) with seed 1.
 */
import assert from 'node:assert/strict';
import { Violation } from '../checks/history.js';
import { EVENTS } from '../events/events.js';
import { run } from '../run.js';
import { IS_LONG_RUN, inFirstPart } from '../seeds.js';
import { Simulation } from '../simulation.js';
import type { PlantedBug } from './planting.js';

/** In which a planted bug has to be found. */
const SEEDS_TO_FIND = 200;
/** After a change of the product another seed finds a bug. A longer hunt says so. */
const SEEDS_NEAR = 10;

/** One test a bug. */
export function hunt(bugs: readonly PlantedBug[]): void {
  describe('a simulation', function () {
    this.timeout(0);
    before(inFirstPart);

    for (const bug of bugs) {
      it(`finds ${bug.name}`, async () => {
        const undo = bug.plant();
        try {
          const violation = await firstViolation(
            bug.found,
            (seed) => {
              const simulation = new Simulation(seed);
              bug.watch?.(simulation);
              return run(simulation, bug.events ?? EVENTS);
            },
            bug.near,
          );
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
export async function firstViolation(
  found: RegExp,
  run: (seed: number) => Promise<unknown>,
  near = 1,
): Promise<string> {
  const others: string[] = [];
  const first = IS_LONG_RUN ? 1 : near;
  for (let seed = first; seed < first + SEEDS_TO_FIND; seed++) {
    try {
      await run(seed);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      if (found.test(error.message)) {
        if (!IS_LONG_RUN && seed >= first + SEEDS_NEAR)
          process.stderr.write(
            `    seed ${seed} finds it, after ${seed - first} others: set \`near\` of the bug to it\n`,
          );
        return error.message;
      }
      others.push(error.message.split('\n', 1)[0] as string);
    }
  }
  return [`none of ${SEEDS_TO_FIND} runs tells of it`, ...others].join('\n');
}
