/**
 * The log that is kept for known followers that are away: the writes that such a
 * follower has not seen stay in the log, over restarts too, until its place is
 * given up or it is forgotten.
 */
import type { Journal } from '../journal.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Accounts } from './accounts.js';
import { Violation } from './history.js';

/** The places of followers in one log, by node ID. Of another log nothing is promised. */
interface Kept {
  readonly log: string;
  readonly places: ReadonlyMap<string, number>;
}

export class KeptPlaces {
  /** The places at the last look at each node, if the log was kept for them. */
  readonly #kept = new Map<SimulatedNode, Kept>();
  readonly #journal: Journal;
  readonly #accounts: Accounts;

  constructor(journal: Journal, accounts: Accounts) {
    this.#journal = journal;
    this.#accounts = accounts;
  }

  look(node: SimulatedNode): void {
    const { store } = node;
    const { base } = store.data.log;
    const known = new Map(store.followers.all.map((follower) => [follower.nodeId, follower]));
    const before = this.#kept.get(node);
    if (node.logName === before?.log && !this.#accounts.hasForged)
      for (const [nodeId, offset] of before.places) {
        const follower = known.get(nodeId);
        if (follower?.keepsPlace && !follower.connected && follower.appendedOffset === offset && offset < base.offset)
          throw new Violation(
            `what a known follower has not seen is kept for it: ${follower.address} stands at ${offset}, the log of ${node.address} begins after ${base.offset}`,
          );
      }
    // A position that has just been reported may lie outside of the log: its place is given up once that is on disk.
    const placed = [...known.values()].filter(
      ({ nodeId, appendedOffset }) => store.followers.keepsPlaceOf(nodeId) && appendedOffset >= base.offset,
    );
    const places = new Map(placed.map(({ nodeId, appendedOffset }) => [nodeId, appendedOffset]));
    this.#kept.set(node, { log: node.logName, places });
    for (const { connected, appendedOffset } of placed)
      if (!connected && appendedOffset === base.offset) this.#journal.count('log kept for one that is away');
  }
}
