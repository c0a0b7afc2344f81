/** Checks of the data themselves: a node's keyspace is that of its position, and compared nodes hold the same. */
import type { Journal } from '../journal.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Work } from '../work.js';
import type { Accounts } from './accounts.js';
import { digestOf, type History, keyOf, Violation } from './history.js';

interface Surroundings {
  readonly journal: Journal;
  readonly history: History;
  readonly work: Work;
  readonly accounts: Accounts;
}

/** Compares the keyspace of a node with a plain replay of its history. */
export async function inspect({ history, journal }: Surroundings, node: SimulatedNode): Promise<void> {
  const snapshot = await node.store.snapshots.at();
  try {
    const { digest } = await snapshot.digest();
    const expected = digestOf(history.at(snapshot.position).state);
    if (digest.toString('hex') !== expected)
      throw new Violation(
        `equal positions have equal data: ${node.address} at ${keyOf(snapshot.position)} has ${digest.toString('hex').slice(0, 8)}, a plain replay ${expected.slice(0, 8)}`,
      );
    journal.count('digest compared');
  } finally {
    await snapshot.release();
  }
}

/** Lets the node compare the cluster: all nodes that answer hold the same at one offset, unless a disk has changed a block. */
export function compare({ accounts, journal, work }: Surroundings, node: SimulatedNode): void {
  work.begin('compare', node, async () => {
    const { nodes, offset } = await node.comparisons.compare(3_000);
    for (const { address, outcome } of nodes) {
      journal.count(`compared ${outcome}`);
      if (outcome === 'different' && !accounts.hasForged)
        throw new Violation(`compared nodes hold the same: ${address} differs from ${node.address} at ${offset}`);
    }
  });
}
