/**
 * While a process is down, files of its databases are moved away: by a person, a
 * script or a file system. A start must refuse, by name, and make nothing in their
 * place: an empty leader would go on under the same cluster ID. Then the files are
 * put back, and the node goes on as if nothing had been.
 */
import { HeadwaterError } from '../../../src/base/errors.js';
import { Violation } from '../checks/history.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Simulation } from '../simulation.js';
import type { Event } from './event.js';

export const LOST_FILES: Event = { name: 'lost files', weight: 3, run: loseFiles };

function loseFiles(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing && one.store.identity.clusterId !== '');
  if (!node) return false;
  const databases = node.machine.disk.opened.filter((location) => /\/(log|keyspace)$/.test(location));
  // Another generation is being made.
  if (databases.length !== 2) return false;
  const lost = simulation.dice.pick([databases, ...databases.map((one) => [one])]);
  simulation.journal.note(`${node.address} crashes, and loses ${lost.join(' and ')}`);
  simulation.work.forget(node);
  node.kill();
  for (const location of lost) node.machine.disk.lose(location);
  simulation.work.begin('start without some of its files', node, () => startWithout(simulation, node, lost));
  return true;
}

async function startWithout(simulation: Simulation, node: SimulatedNode, lost: readonly string[]): Promise<void> {
  let refusal: unknown;
  try {
    await node.start();
  } catch (error) {
    refusal = error;
  }
  const made = lost.filter((location) => node.machine.disk.has(location));
  if (made.length > 0)
    throw new Violation(`a database is created once: ${node.address} has made ${made.join(' and ')} again`);
  if (!HeadwaterError.is(refusal, 'corrupt') || !lost.some((location) => (refusal as Error).message.includes(location)))
    throw new Violation(`what is missing is named: ${node.address} said ${String(refusal)} without ${lost.join(', ')}`);
  node.machine.disk.putBack();
  simulation.journal.count('start refused without files');
}
