/**
 * Which seeds a run takes. `npm test` takes the first few; HEADWATER_SEEDS sets
 * how many, HEADWATER_FIRST_SEED the first of them, so that several processes can
 * share a long run, and HEADWATER_SEED repeats a single one.
 */
import { skipUnless } from '../support/installed.js';

const ONE = process.env.HEADWATER_SEED;
const FIRST_SEED = wholeNumber('HEADWATER_SEED') ?? wholeNumber('HEADWATER_FIRST_SEED') ?? 1;

/** `npm run simulate` and its parts, and not `npm test`. */
export const IS_LONG_RUN = process.env.HEADWATER_SEEDS !== undefined;

/** For `before`. A part of a long run leaves the planted bugs to the part that begins with the first seed. */
export function inFirstPart(this: Mocha.Context): void {
  skipUnless(this, ONE === undefined && FIRST_SEED === 1, 'the part of a run that begins with seed 1');
}

/** Between two lines about how far a long run has got. */
const PROGRESS_INTERVAL_MS = 30_000;

function wholeNumber(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`${name} is "${text}": expected a whole number from 1 on. Set it to one, or leave it out.`);
  return value;
}

export class Seeds {
  readonly first = FIRST_SEED;
  readonly count: number;

  /**
   * @param usual how many `npm test` takes.
   * @param max how many a process takes at the most.
   */
  constructor(usual: number, max = Number.POSITIVE_INFINITY) {
    this.count = ONE === undefined ? Math.min(wholeNumber('HEADWATER_SEEDS') ?? usual, max) : 1;
  }

  /** Runs each of them, and says now and then how far it is. */
  async each(run: (seed: number) => Promise<void>): Promise<void> {
    const last = this.first + this.count - 1;
    let saidMs = performance.now();
    for (let seed = this.first; seed <= last; seed++) {
      await run(seed);
      if (performance.now() - saidMs < PROGRESS_INTERVAL_MS) continue;
      saidMs = performance.now();
      process.stderr.write(`    seed ${seed} of ${this.first} to ${last} is done\n`);
    }
  }
}
