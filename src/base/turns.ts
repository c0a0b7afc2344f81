/**
 * Gives everybody else a turn of the event loop by the work that was done, not
 * by the number of things that it was done to: of those, each may be small or
 * large.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TURN_STEPS_MAX } from './limits.js';

export class Turns {
  #left = TURN_STEPS_MAX;

  /** So much work is about to be done, in steps of a few nanoseconds; a promise to wait for if that is for the next turn. */
  spend(steps: number): Promise<void> | undefined {
    const isDue = this.#left < TURN_STEPS_MAX && this.#left < steps;
    if (isDue) this.#left = TURN_STEPS_MAX;
    this.#left -= steps;
    return isDue ? nextTurn() : undefined;
  }
}
