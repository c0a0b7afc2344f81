/**
 * The course of one run: the nodes start, random events happen, and then nothing
 * fails any more until all nodes have caught up (healing.ts) and are looked at for
 * the last time (ending.ts).
 */
import { createHash } from 'node:crypto';
import { end } from './ending.js';
import type { Event } from './events/event.js';
import { heal } from './healing.js';
import { explained } from './report.js';
import type { Simulation } from './simulation.js';

const EVENTS_MIN = 40;
const EVENTS_MAX = 90;

/** @returns the hash of everything that happened. @throws Error with the seed, the invariant and the last events. */
export async function run(simulation: Simulation, events: readonly Event[]): Promise<string> {
  const { dice, journal, nodes, work } = simulation;
  const unobserve = simulation.observe();
  try {
    for (const node of nodes)
      work.begin('first start', node, () =>
        node.start(node === nodes[0] ? undefined : { role: 'follower', upstream: 'n0' }),
      );
    await simulation.pass(500);
    const count = EVENTS_MIN + Math.floor(dice.random() * (EVENTS_MAX - EVENTS_MIN));
    for (let i = 0; i < count; i++) await happen(simulation, events);
    work.isHealing = true;
    journal.note('---- healing');
    await heal(simulation);
    await end(simulation);
  } catch (error) {
    throw explained(simulation, error as Error);
  } finally {
    unobserve();
  }
  return createHash('sha256').update(journal.trace.join('\n')).digest('hex');
}

/** A random event, and a short or a long time after it. */
async function happen(simulation: Simulation, events: readonly Event[]): Promise<void> {
  const { dice, journal } = simulation;
  const total = events.reduce((sum, { weight }) => sum + weight, 0);
  let at = dice.random() * total;
  const event = events.find(({ weight }) => {
    at -= weight;
    return at < 0;
  });
  if (await event?.run(simulation)) journal.count((event as Event).name);
  const longMs = dice.chance(0.08) ? 7_000 : 250;
  await simulation.pass(dice.random() * longMs);
}
