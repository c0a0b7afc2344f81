/**
 * The demands of a client on a message beside its operations. They say how safe its writes have to be before they are
 * answered, and how fresh the node that answers has to be.
 */
import type { DurabilityWanted } from './durability.js';
import type { Position } from './position.js';

export interface FreshnessWanted {
  /** The position up to which the node must have applied everything. */
  readonly atLeast: Position | undefined;
  /** A second such position in another history, if neither position shows which is further. */
  readonly alsoAtLeast?: Position | undefined;
  /** The bound on staleness: the node has applied everything that the leader had that long ago. 0 = no bound. */
  readonly maxStalenessMs: number;
  /** The longest wait for the freshness; 0 = as long as the node will wait. */
  readonly withinMs: number;
}

export interface Guarantees {
  readonly durability: DurabilityWanted | undefined;
  readonly freshness: FreshnessWanted | undefined;
}
