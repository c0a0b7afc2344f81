/** Processes that stop, die, lose their power and start again, and machines whose wall clock jumps. */
import type { RoleWanted } from '../../../src/store/node-record.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Simulation } from '../simulation.js';

/** A leader that stops waits for so long for its followers. */
const SHUTDOWN_MS = 2_000;

export function stop(simulation: Simulation): boolean {
  const node = simulation.any(({ state }) => state === 'up');
  if (node) simulation.work.begin('stop', node, () => node.stop(simulation.dice.chance(0.5) ? SHUTDOWN_MS : 0));
  return node !== undefined;
}

export function crash(simulation: Simulation): boolean {
  const node = simulation.any(({ state }) => state !== 'down');
  if (!node) return false;
  simulation.journal.note(`${node.address} crashes, being ${node.state}`);
  simulation.work.forget(node);
  node.kill();
  return true;
}

export async function powerCut(simulation: Simulation): Promise<boolean> {
  const node = simulation.any(({ state }) => state !== 'down');
  if (!node) return false;
  simulation.journal.note(`${node.address} loses its power, being ${node.state}`);
  simulation.work.forget(node);
  await node.powerCut();
  return true;
}

/** The start option of a unit that says at each start whom to follow. */
function unitOf({ address }: SimulatedNode): RoleWanted | undefined {
  return address === 'n0' ? undefined : { role: 'follower', upstream: 'n0' };
}

export function start(simulation: Simulation): boolean {
  const node = simulation.any(({ state }) => state === 'down');
  if (!node) return false;
  const unit = unitOf(node);
  const option = unit && simulation.dice.chance(0.3) ? unit : undefined;
  simulation.work.begin(option ? `start --follow ${option.upstream}` : 'start', node, () => node.start(option));
  return true;
}

export function jumpWall(simulation: Simulation): boolean {
  const node = simulation.dice.pick(simulation.nodes);
  const byMs = Math.round((simulation.dice.random() - 0.5) * 20_000);
  simulation.journal.note(`the wall clock of ${node.address} jumps by ${byMs} ms`);
  node.clock.jumpedMs += byMs;
  return true;
}
