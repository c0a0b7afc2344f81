/** Faults of the network: lines that break, or that hold frames back in one direction or both. */
import type { Line } from '../../support/channel.js';
import type { Simulation } from '../simulation.js';

export function openLines(simulation: Simulation): Line[] {
  return simulation.network.lines.filter((line) => !line.ended);
}

export function cut(simulation: Simulation): boolean {
  const line = simulation.dice.pick(openLines(simulation));
  if (!line) return false;
  simulation.journal.note(`cut ${line.from}→${line.to}`);
  line.cut();
  return true;
}

export function hold(simulation: Simulation): boolean {
  const line = simulation.dice.pick(openLines(simulation));
  if (!line) return false;
  const direction = simulation.dice.pick(['down', 'up', 'both'] as const);
  simulation.journal.note(`hold ${line.from}→${line.to}: ${direction}`);
  simulation.journal.count(`hold ${direction}`);
  line.hold(direction);
  return true;
}

export function release(simulation: Simulation): boolean {
  const line = simulation.dice.pick(openLines(simulation).filter((one) => one.held));
  if (!line) return false;
  simulation.journal.note(`release ${line.from}→${line.to}`);
  line.release();
  return true;
}
