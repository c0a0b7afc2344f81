/**
 * Why nodes were resynced, or refused to be, and how often since the process
 * began: one account for what a node was told by its upstreams, and one for
 * what it told those that follow it.
 */
import type { StatusReasonCount, StatusRefusal } from '../wire/why.js';

export type Outcome = 'partial' | 'full' | 'refused';

/** There are as many reasons as resync.ts has; a peer of another version may name others. */
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

  /** In the order in which they first came. */
  get counts(): StatusReasonCount[] {
    return [...this.#counts.values()].map((counted) => ({ ...counted }));
  }
}
