/** Marks between blocks, at which nodes freeze their keyspaces to be compared, as far as replication carries them. */

import type { DigestReport } from '../model/comparison.js';

export interface Marks {
  /** Handles a mark that came down, in the order of the log. Nothing else enters the store in this turn. */
  marked(markId: string): void;
  /** Handles a mark at whose offset this node has no keyspace. */
  unable(markId: string, why: string): void;
  /** Takes a digest report of a follower, or of a node below it. */
  reported(report: DigestReport): void;
}
