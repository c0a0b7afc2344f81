/** The functions of a node that both protocols use for the guarantees of clients. */
import type { HeadwaterError } from '../base/errors.js';
import type { DurabilityWaiter } from '../model/durability.js';
import type { FreshnessWanted, Guarantees } from '../model/guarantees.js';

export interface NodeGuarantees {
  readonly durability: DurabilityWaiter;
  readonly freshness: {
    /** The reason why this node answers no reads at all for now, undefined if it does. */
    readonly refusal: HeadwaterError | undefined;
    /** The reason why this node answers no reads that are for the leader, undefined if it leads. */
    readonly notLeading?: HeadwaterError | undefined;
    /** @throws HeadwaterError if this node does not become so fresh in time, or never will. */
    whenFresh(
      wanted: FreshnessWanted,
      options: { writes: boolean; withinMs?: number; signal: AbortSignal },
    ): Promise<void>;
  };
}

/**
 * Resolves when a call may be carried out with the guarantees that it asks for.
 * @throws HeadwaterError if the guarantees cannot be given, or the node is not fresh enough.
 */
export async function whenAdmitted(
  { freshness }: NodeGuarantees,
  asked: Guarantees | undefined,
  options: { readonly writes: boolean; readonly withinMs?: number; readonly signal: AbortSignal },
): Promise<void> {
  const refusal = freshness.refusal ?? (asked?.leaderOnly ? freshness.notLeading : undefined);
  if (refusal && !options.writes) throw refusal;
  if (asked?.freshness) await freshness.whenFresh(asked.freshness, options);
}
