/** Yields to the event loop by the amount of work done, not by the number of items: an item may be small or large. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TURN_STEPS_MAX } from './limits.js';

export class Turns {
  #left = TURN_STEPS_MAX;

  /**
   * Announces work, in steps of a few nanoseconds each. Returns a promise to wait for if the work belongs to the next
   * turn.
   */
  spend(steps: number): Promise<void> | undefined {
    const isDue = this.#left < TURN_STEPS_MAX && this.#left < steps;
    if (isDue) this.#left = TURN_STEPS_MAX;
    this.#left -= steps;
    return isDue ? nextTurn() : undefined;
  }
}
