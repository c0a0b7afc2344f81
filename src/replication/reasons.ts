/**
 * Counts of the reasons for which nodes were resynced or refused, since the
 * process began. A node has one account for answers of its upstreams, and one
 * for its answers to its followers.
 */

import type { StatusReasonCount, StatusRefusal } from '../model/status.js';
export type Outcome = 'partial' | 'full' | 'refused';

/** A bound far above the number of reasons in resync.ts, since a peer of another version may send others. */
const REASONS_MAX = 64;

export class Reasons {
  readonly #counts = new Map<string, { kind: Outcome; reason: string; count: number }>();
  #lastRefusal: StatusRefusal | undefined;

  count(kind: Outcome, reason: string): void {
    const name = `${kind} ${reason}`;
    const counted = this.#counts.get(name);
    if (counted) counted.count++;
    else if (this.#counts.size < REASONS_MAX) this.#counts.set(name, { kind, reason, count: 1 });
  }

  refused(refusal: StatusRefusal): void {
    this.count('refused', refusal.reason);
    this.#lastRefusal = refusal;
  }

  get lastRefusal(): StatusRefusal | undefined {
    return this.#lastRefusal;
  }

  /** The counts, in the order in which the reasons first came. */
  get counts(): StatusReasonCount[] {
    return [...this.#counts.values()].map((counted) => ({ ...counted }));
  }
}
