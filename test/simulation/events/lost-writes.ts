/**
 * Writes that are lost, or nearly: a leader loses its power before its disk has
 * them, and asks the followers that may have them when it comes back; or it goes
 * on writing after a follower was promoted, and a client then reads by such a
 * write at the latest leader.
 */

import type { Simulation } from '../simulation.js';
import type { Event } from './event.js';
import { comeBack, pair, promote, SOON_MS, writeSome } from './handovers.js';

export const LOST_WRITES: readonly Event[] = [
  { name: 'power cut after writes', weight: 4, run: losePower },
  { name: 'read of a lost write', weight: 3, run: readLostWrite },
];

const WRITES = 3;

async function losePower(simulation: Simulation): Promise<boolean> {
  const found = pair(simulation);
  if (!found) return false;
  const { giver: leader } = found;
  for (let i = 0; i < WRITES; i++) await writeSome(simulation, leader);
  if (leader.state === 'down') return true;
  simulation.journal.note(
    `${leader.address} loses its power, being ${leader.state}, with followers that may have more`,
  );
  simulation.work.forget(leader);
  await leader.powerCut();
  await simulation.pass(SOON_MS);
  await comeBack(simulation, leader);
  return true;
}

async function readLostWrite(simulation: Simulation): Promise<boolean> {
  const found = pair(simulation);
  if (!found) return false;
  const { giver: former, taker: latest } = found;
  await promote(simulation, latest);
  await writeSome(simulation, former);
  await writeSome(simulation, latest);
  const token = latest.isServing ? simulation.readers.lostToken(latest) : undefined;
  if (token) simulation.readers.readByToken(latest, token);
  return true;
}
