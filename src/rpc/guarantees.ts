/**
 * The node's functions that the services use for the guarantees of a client. Unary calls and streams of records name
 * their guarantees in their metadata.
 */

import type { HeadwaterError } from '../base/errors.js';
import { FRESH_MARGIN_MS } from '../base/limits.js';
import { type DurabilityWaiter, formatReached } from '../model/durability.js';
import type { FreshnessWanted, Guarantees } from '../model/guarantees.js';
import { guaranteesOfMetadata, METADATA } from '../model/guarantees.js';
import { formatToken, type Position } from '../model/position.js';
import type { Call } from './calls.js';

export interface NodeGuarantees {
  readonly durability: DurabilityWaiter;
  readonly freshness: {
    /** The reason why this node answers no reads at all for now, undefined if it does. */
    readonly refusal: HeadwaterError | undefined;
    /** @throws HeadwaterError if this node does not become so fresh in time, or never will. */
    whenFresh(
      wanted: FreshnessWanted,
      options: { writes: boolean; withinMs?: number; signal: AbortSignal },
    ): Promise<void>;
  };
}

/**
 * Resolves when the call may be carried out, with the guarantees that its metadata ask for.
 * @throws HeadwaterError if the guarantees cannot be given, or the node is not fresh enough.
 */
export async function admit(
  { freshness }: NodeGuarantees,
  call: Call,
  writes: boolean,
): Promise<Guarantees | undefined> {
  const { refusal } = freshness;
  if (refusal && !writes) throw refusal;
  const asked = guaranteesOfMetadata((name) => call.metadata(name));
  if (asked?.freshness) {
    const withinMs = Math.max(0, call.leftMs - FRESH_MARGIN_MS);
    await freshness.whenFresh(asked.freshness, { writes, withinMs, signal: call.signal });
  }
  return asked;
}

/**
 * Resolves when the write is as durable as asked, or its time for that has passed. The answer carries the durability
 * that was reached.
 */
export async function assure(
  { durability }: NodeGuarantees,
  call: Call,
  asked: Guarantees | undefined,
  { position, writes }: { position: Position; writes: boolean },
): Promise<void> {
  call.trail(METADATA.position, formatToken(position));
  if (!writes || !asked?.durability) return;
  call.trail(METADATA.reached, formatReached(await durability.reach(position, asked.durability, call.signal)));
}
