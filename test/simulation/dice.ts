/**
 * The only source of chance in a run. A seed gives the same draws in the same
 * order, so that an added or removed draw changes every run.
 */
import { seededRandom } from '../support/random.js';

export class Dice {
  /** Draws a number from 0 up to, and without, 1. */
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  readonly bytes = (count: number): Buffer =>
    Buffer.from(Array.from({ length: count }, () => Math.floor(this.random() * 256)));

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)] as T;
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }
}
