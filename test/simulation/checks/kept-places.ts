/**
 * The log that is kept for known followers that are away: the writes that such a
 * follower has not seen stay in the log, over restarts too, until its place is
 * given up or it is forgotten.
 */
import type { Journal } from '../journal.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Accounts } from './accounts.js';
import { Violation } from './history.js';

export class KeptPlaces {
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
    if (node.logName === node.placesIn && !this.#accounts.hasForged)
      for (const [nodeId, offset] of node.places) {
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
    node.places = new Map(placed.map(({ nodeId, appendedOffset }) => [nodeId, appendedOffset]));
    node.placesIn = node.logName;
    for (const { connected, appendedOffset } of placed)
      if (!connected && appendedOffset === base.offset) this.#journal.count('log kept for one that is away');
  }
}
