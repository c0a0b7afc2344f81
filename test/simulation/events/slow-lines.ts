/**
 * Slow lines, and values that take longer over one than a silent peer is waited
 * for. A slow line is no fault: it stays one when all faults are mended, and
 * everything has to come across.
 */
import { writeOfLarge } from '../nodes/line-speeds.js';
import type { Simulation } from '../simulation.js';
import type { Event } from './event.js';

export const SLOW_LINES: readonly Event[] = [
  { name: 'slow line', weight: 3, run: slow },
  { name: 'large write', weight: 2, run: writeLarge },
];

function slow(simulation: Simulation): boolean {
  const from = simulation.dice.pick(simulation.nodes);
  const to = simulation.any((node) => node !== from);
  if (!to) return false;
  simulation.journal.note(`the line ${from.address}→${to.address} is slow`);
  simulation.network.speeds.slow(from.address, to.address);
  return true;
}

function writeLarge(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.leads);
  if (!node) return false;
  simulation.writers.write(node, [writeOfLarge(simulation.dice.random)]);
  return true;
}
