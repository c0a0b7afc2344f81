/**
 * Why nodes were resynced, or refused to be, and how often since the process
 * began: one account for what a node was told by its upstreams, and one for
 * what it told those that follow it.
 */
import type { Details } from './resync.js';

export type Outcome = 'partial' | 'full' | 'refused';

/** Both sides' values are in `details`. */
export interface Refusal {
  /** The follower that was refused; empty where it is this node itself. */
  readonly nodeId: string;
  /** host:port of the follower, or of the upstream that refused. */
  readonly address: string;
  /** UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
  readonly details: Details;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

/** There are as many reasons as resync.ts has; a peer of another version may name others. */
const REASONS_MAX = 64;

export class Reasons {
  readonly #counts = new Map<string, { kind: Outcome; reason: string; count: number }>();
  #lastRefusal: Refusal | undefined;

  count(kind: Outcome, reason: string): void {
    const name = `${kind} ${reason}`;
    const counted = this.#counts.get(name);
    if (counted) counted.count++;
    else if (this.#counts.size < REASONS_MAX) this.#counts.set(name, { kind, reason, count: 1 });
  }

  refused(refusal: Refusal): void {
    this.count('refused', refusal.reason);
    this.#lastRefusal = refusal;
  }

  get lastRefusal(): Refusal | undefined {
    return this.#lastRefusal;
  }

  /** In the order in which they first came. */
  get counts(): ReadonlyArray<{ kind: Outcome; reason: string; count: number }> {
    return [...this.#counts.values()].map((counted) => ({ ...counted }));
  }
}
