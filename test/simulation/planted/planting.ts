/**
 * How a bug is planted: it takes one guarantee out of the product, by a method in
 * the place of the product's own, until it is undone.
 */

import type { Event } from '../events/event.js';
import { EVENTS } from '../events/events.js';
import type { Simulation } from '../simulation.js';

export interface PlantedBug {
  readonly name: string;
  /** The invariant that finds it. */
  readonly found: RegExp;
  /** The seed that finds it, 1 if left out. The hunt begins there (hunt.ts). */
  readonly near?: number;
  /** @returns what takes it out again. */
  plant(): () => void;
  /** What happens in the runs that look for it; as usual if left out. */
  readonly events?: readonly Event[];
  /** What the bug has to know of a run. */
  watch?(simulation: Simulation): void;
}

/** Puts `method` in the place of a prototype's own. */
export function replace<T, K extends keyof T>(prototype: T, name: K, method: T[K]): () => void {
  const own = prototype[name];
  prototype[name] = method;
  return () => {
    prototype[name] = own;
  };
}

/** The usual events, the named ones so many times as often. */
export function weighted(factors: Readonly<Record<string, number>>): readonly Event[] {
  const names = EVENTS.map(({ name }) => name);
  for (const name of Object.keys(factors)) if (!names.includes(name)) throw new Error(`no event has the name ${name}`);
  return EVENTS.map((event) => ({ ...event, weight: event.weight * (factors[event.name] ?? 1) }));
}
