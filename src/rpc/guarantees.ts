/**
 * The node's functions that the services use for the guarantees of a client. Unary calls and streams of records name
 * their guarantees in their messages or in their metadata.
 */

import { FRESH_MARGIN_MS } from '../base/limits.js';
import { formatReached } from '../model/durability.js';
import type { Assurance, Guarantees } from '../model/guarantees.js';
import { bothGuarantees, guaranteesOfMetadata, METADATA } from '../model/guarantees.js';
import { formatToken, type Position } from '../model/position.js';
import { type NodeGuarantees, whenAdmitted } from '../pipeline/node-guarantees.js';
import type { Call } from './calls.js';

/**
 * Resolves when the call may be carried out, with the guarantees that its message and its metadata ask for.
 * @throws HeadwaterError if the guarantees cannot be given, or the node is not fresh enough.
 */
export async function admit(
  guarantees: NodeGuarantees,
  call: Call,
  { writes, inMessage }: { writes: boolean; inMessage: Guarantees | undefined },
): Promise<Guarantees | undefined> {
  const inMetadata = guaranteesOfMetadata((name) => call.metadata(name));
  const asked = bothGuarantees(inMessage, inMetadata);
  const withinMs = Math.max(0, call.leftMs - FRESH_MARGIN_MS);
  await whenAdmitted(guarantees, asked, { writes, withinMs, signal: call.signal });
  return asked;
}

/**
 * Resolves when the write is as durable as asked, or its time for that has passed. The trailing metadata carry the
 * position and the durability that was reached, as the result does.
 */
export async function assure(
  { durability }: NodeGuarantees,
  call: Call,
  asked: Guarantees | undefined,
  { position, writes }: { position: Position; writes: boolean },
): Promise<Assurance> {
  call.trail(METADATA.position, formatToken(position));
  if (!writes || !asked?.durability) return { position, reached: undefined };
  const reached = await durability.reach(position, asked.durability, call.signal);
  call.trail(METADATA.reached, formatReached(reached));
  return { position, reached };
}
