/** The look at a node between two steps of time: the invariants that hold at every moment. */

import type { SimulatedNode } from '../nodes/node.js';
import type { Accounts } from './accounts.js';
import { type History, Violation } from './history.js';
import type { KeptPlaces } from './kept-places.js';
import type { Leadership } from './leadership.js';
import { lookAtWaits } from './waits.js';

interface Surroundings {
  readonly history: History;
  readonly accounts: Accounts;
  readonly leadership: Leadership;
  readonly places: KeptPlaces;
}

/** @throws Violation if an invariant does not hold at the node. */
export function lookAt(node: SimulatedNode, { history, accounts, leadership, places }: Surroundings): void {
  // A node that stops still trims its log, and gives up places.
  if (node.state === 'stopping' && node.store.data.isServing) places.look(node);
  if (node.state !== 'up') return;
  const [fatal] = node.test.fatal;
  if (fatal) throw new Violation(`nothing is fatal: ${fatal.stack}`);
  lookAtWaits(node);
  if (!node.isServing) return;
  node.blocks.noteDurable();
  leadership.look(node);
  places.look(node);
  accounts.seen(node, history.at(node.store.data.position));
}
