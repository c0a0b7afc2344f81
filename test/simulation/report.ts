/** The report of a run that failed: the seed, the invariant, the last events, and the state of every node. */
import { keyOf, Violation } from './checks/history.js';
import type { Journal } from './journal.js';
import type { SimulatedNode } from './nodes/node.js';
import type { Work } from './work.js';

/** The last lines of the trace that a failure shows; of one that is repeated, all. */
const SHOWN_LINES = process.env.HEADWATER_SEED === undefined ? 60 : Number.POSITIVE_INFINITY;

interface Reported {
  readonly seed: number;
  readonly journal: Journal;
  readonly nodes: readonly SimulatedNode[];
  readonly work: Work;
}

export function explained({ seed, journal, nodes, work }: Reported, error: Error): Error {
  const lines = journal.trace.slice(-SHOWN_LINES).map((line) => `    ${line}`);
  const what = error instanceof Violation ? `does not hold: ${error.message}` : `failed: ${error.stack}`;
  const repeat = `HEADWATER_SEED=${seed} npm run simulate`;
  return Object.assign(
    new Violation(
      `seed ${seed} ${what}\n  the last events (microseconds first):\n${lines.join('\n')}\n${statesOf({ nodes, work })}\n  repeat it with: ${repeat}`,
    ),
    { cause: error },
  );
}

/** A line for each node, and one for each piece of work that has not ended. */
export function statesOf({ nodes, work }: Pick<Reported, 'nodes' | 'work'>): string {
  const pending = work.pending.map(({ name, node }) => `  ${node.address} has in hand: ${name}`);
  return [...nodes.map((node) => `  ${stateOf(node)}`), ...pending].join('\n');
}

export function stateOf(node: SimulatedNode): string {
  if (node.state !== 'up') return `${node.address} is ${node.state}`;
  const { store, link } = node;
  const where = store.data.isServing ? keyOf(store.data.position) : `not serving: ${store.data.notServing?.message}`;
  if (store.roles.role === 'leader') return `${node.address} leads, ${where}`;
  return `${node.address} follows ${store.roles.upstream} (${link.status.state} ${link.status.error}), ${where}`;
}
