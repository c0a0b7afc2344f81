/**
 * A snapshot of a leader that has been idle for a while, and then the writes of
 * another leader that has gone on from the same place earlier: they are older
 * than the snapshot is, and come in several pieces.
 */
import type { Operation } from '../../../src/model/operation.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Simulation } from '../simulation.js';
import type { Event } from './event.js';
import { pair, promote, SOON_MS } from './handovers.js';

/** More than what goes into one frame. */
const LARGE: Operation = {
  kind: 'set',
  key: Buffer.from('large'),
  value: Buffer.alloc(300_000, 'v'),
  expiry: undefined,
};

const WRITES = 3;
const IDLE_MS = 2_000;
const BOUND_MS = 500;
/** Between two reads, while the writes come. */
const READ_INTERVAL_MS = 2;
const READS = 25;

export const OLDER_WRITES: Event = { name: 'older writes behind a snapshot', weight: 6, run: olderWrites };

async function olderWrites(simulation: Simulation): Promise<boolean> {
  const found = pair(simulation);
  const third = found && simulation.any((node) => node.isServing && node !== found.giver && node !== found.taker);
  // Nothing needs no snapshot.
  if (!found || !third || found.giver.store.data.position.offset === 0) return false;
  const { giver: idle, taker: latest } = found;
  await promote(simulation, latest);
  for (let i = 0; i < WRITES; i++) {
    if (latest.leads) simulation.writers.write(latest, [LARGE]);
    await simulation.pass(SOON_MS);
  }
  await simulation.pass(IDLE_MS);
  await follow(simulation, third, idle, true);
  await follow(simulation, third, latest, false);
  for (let i = 0; i < READS; i++) {
    if (third.isServing && !third.leads)
      simulation.work.begin('read within', third, () => simulation.readers.readWithin(third, BOUND_MS));
    await simulation.pass(READ_INTERVAL_MS);
  }
  return true;
}

async function follow(simulation: Simulation, node: SimulatedNode, upstream: SimulatedNode, full: boolean) {
  if (node.state !== 'up') return;
  simulation.work.begin(`follow ${upstream.address}${full ? ' --full' : ''}`, node, () =>
    node.follow(upstream.address, { acceptDataLoss: false, full }),
  );
  if (full) await simulation.pass(5 * SOON_MS);
}
