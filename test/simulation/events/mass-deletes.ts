/**
 * Many keys are written, deleted and written again, with a checkpoint in between:
 * each deleted key leaves a mark on the simulated disks, as in LevelDB, and an
 * iterator that walks over marks takes its time. No write may wait for that.
 */
import type { Operation } from '../../../src/model/operation.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Simulation } from '../simulation.js';
import type { Event } from './event.js';

const KEYS = Array.from({ length: 80 }, (_, i) => Buffer.from(`many ${String(i).padStart(2, '0')}`));
/** Of writes behind it that may have to wait. */
const FOLLOWING = 4;

export const MASS_DELETE: Event = { name: 'mass delete', weight: 4, run: massDelete };

function massDelete(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.leads);
  if (!node) return false;
  simulation.work.begin('mass delete', node, async () => {
    await all(node, (key) => ({ kind: 'set', key, value: key }));
    await checkpoint(node);
    await all(node, (key) => ({ kind: 'delete', keys: [key] }));
    await checkpoint(node);
    for (let i = 0; i < FOLLOWING; i++) await all(node, (key) => ({ kind: 'set', key, value: key }));
    simulation.journal.count('keys deleted and written again');
  });
  return true;
}

async function all({ store }: SimulatedNode, operation: (key: Buffer) => Operation): Promise<void> {
  const { replies } = await store.writes.submit(KEYS.map(operation), { bytes: 10 * KEYS.length, ordered: false });
  for (const reply of replies) if (reply.kind === 'error') throw reply.error;
}

async function checkpoint({ store }: SimulatedNode): Promise<void> {
  await (await store.snapshots.at()).release();
}
