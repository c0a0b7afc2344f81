/**
 * The failures of calls, judged for the attempts that follow: the same node again, another node, or none. A node that
 * refuses a command has done nothing.
 */

import { AbortError, HeadwaterError, NoLeader } from '../base/errors.js';

/** Failures that may be gone at the next attempt of a stream or a connection. */
export const TRANSIENT: ReadonlySet<string> = new Set([
  'unavailable',
  'shutting_down',
  'unreachable',
  'disk_full',
  'overloaded',
  'cancelled',
  'store_latched',
  'deadline_exceeded',
]);

/** Refusals of a node that cannot serve for the moment. */
const MOMENTARY: ReadonlySet<string> = new Set(['unavailable', 'shutting_down', 'store_latched']);

/** True if the node that refused a command may do it soon. */
export function isMomentary(refusal: HeadwaterError): boolean {
  // A node that names a cause has waited already (`NOT_FRESH`), or will not be able to soon.
  if (refusal.code === 'unavailable') return refusal.details.cause === undefined;
  return MOMENTARY.has(refusal.code);
}

/** True for refusals that another node may not share: this node does not lead, or is not fresh enough. */
export function isForAnother(refusal: HeadwaterError): boolean {
  const { code, details } = refusal;
  if (code === 'unavailable') return details.cause === 'STALE' || details.cause === 'NOT_FRESH';
  return isNotLeading(refusal);
}

/** True for refusals of a node that does not lead, and if the leader that it names cannot be reached. */
export function needsLeader(refusal: HeadwaterError): boolean {
  if (HeadwaterError.is(refusal, 'unreachable')) return refusal.details.leader !== undefined;
  return isNotLeading(refusal);
}

function isNotLeading({ code }: HeadwaterError): boolean {
  return code === 'read_only_follower' || code === 'superseded';
}

/** The error of a command whose time was over before a leader was found. */
export function noLeader(timeoutMs: number, cause: HeadwaterError): NoLeader {
  const { leader } = cause.details;
  const message = `no leader was found within ${timeoutMs} ms, and nothing was done: ${cause.message}. Start the leader, or promote a follower`;
  return new NoLeader(message, { cause, details: typeof leader === 'string' ? { leader } : {} });
}

/** The error of a call whose caller aborts this signal, or whose client was closed. */
export function cancelled({ reason }: AbortSignal): HeadwaterError {
  if (HeadwaterError.is(reason, 'cancelled')) return reason;
  return new AbortError('the caller cancelled the call', { cause: reason });
}
