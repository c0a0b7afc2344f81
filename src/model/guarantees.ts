/**
 * What a client may ask of a message beside its operations: how safe its writes
 * have to be before they are answered, and how fresh the node that answers.
 */
import type { DurabilityWanted } from './durability.js';
import type { Position } from './position.js';

export interface FreshnessWanted {
  /** The node has applied everything up to here. */
  readonly atLeast: Position | undefined;
  /** And up to here: in another history, so that neither says which is further. */
  readonly alsoAtLeast?: Position | undefined;
  /** It has applied everything that the leader had so long ago; 0 = no bound. */
  readonly maxStalenessMs: number;
  /** How long it may wait until that is so; 0 = as long as it will. */
  readonly withinMs: number;
}

export interface Guarantees {
  readonly durability: DurabilityWanted | undefined;
  readonly freshness: FreshnessWanted | undefined;
}
