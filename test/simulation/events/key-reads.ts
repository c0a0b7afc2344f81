/** Clients that read all keys that clients write, one read behind the other: the first may ask the disk, the next finds them in the cache. */
import { type History, keyOf, Violation } from '../checks/history.js';
import type { Journal } from '../journal.js';
import type { SimulatedNode } from '../nodes/node.js';
import { CLIENT_KEYS } from './client-events.js';
import type { Event } from './event.js';

const READS = 3;

export const KEY_READS: Event = {
  name: 'read of keys',
  weight: 8,
  run(simulation) {
    const node = simulation.any(({ isServing }) => isServing);
    if (!node) return false;
    simulation.work.begin('read of keys', node, async () => {
      for (let i = 0; i < READS; i++) await readKeys(simulation, node);
    });
    return true;
  },
};

/** Compares the keys of a node with a plain replay of its history up to the turn in which the read begins. */
async function readKeys({ history, journal }: { history: History; journal: Journal }, node: SimulatedNode) {
  const { keyspace } = node.store.data.serving;
  const place = history.at(keyspace.applied);
  const reading = keyspace.read(CLIENT_KEYS);
  if (!(reading instanceof Promise)) journal.count('keys read from memory');
  const { entries, damaged } = await reading;
  for (const [index, key] of CLIENT_KEYS.entries()) {
    const name = key.toString('latin1');
    const [found, expected] = [shown(entries[index]), shown(place.state.entries.get(name))];
    if (found !== expected && !damaged?.has(index))
      throw new Violation(
        `a read finds what a plain replay has: ${name} at ${node.address} at ${keyOf(keyspace.applied)} is ${found}, expected ${expected}`,
      );
  }
}

function shown(entry: { value: Buffer; expiresAtMs: number; version: number } | undefined): string {
  return entry ? `${entry.value.toString('latin1')}, version ${entry.version}, until ${entry.expiresAtMs}` : 'absent';
}
