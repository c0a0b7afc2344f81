/** The shape of an event: a thing that may happen in a run. */
import type { Simulation } from '../simulation.js';

export interface Event {
  readonly name: string;
  /** How often it happens, in proportion to the weights of all events. */
  readonly weight: number;
  /** Begins it. @returns false if nothing of the kind could happen now. */
  run(simulation: Simulation): boolean | Promise<boolean>;
}
