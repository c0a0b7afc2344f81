/**
 * The lease of a node, and how long it proves that the node may lead. A renewal counts from before it was sent. The
 * renewal counts only when the record that the node writes behind it stands in the store. The others see this record,
 * and wait from then on. So a store that ends a lease too early does not make two leaders.
 */
import type { Timing } from './timing.js';

export class Lease {
  readonly id: string;
  #ttlMs: number;
  #keptMs: number;
  #provenMs = Number.NEGATIVE_INFINITY;

  /** @param askedMs the monotonic time before the request was sent. */
  constructor(id: string, askedMs: number, ttlMs: number) {
    this.id = id;
    this.#keptMs = askedMs;
    this.#ttlMs = ttlMs;
  }

  /** The time before the last renewal was sent. */
  get keptMs(): number {
    return this.#keptMs;
  }

  kept(askedMs: number, ttlMs: number): void {
    this.#keptMs = Math.max(this.#keptMs, askedMs);
    this.#ttlMs = Math.min(this.#ttlMs, ttlMs);
  }

  proven(keptMs: number): void {
    this.#provenMs = Math.max(this.#provenMs, keptMs);
  }

  /** The deadline of a leader on this lease. The store may give a longer life than was asked: the others do not wait so long. */
  untilMs({ ttlMs, marginMs }: Timing): number {
    return this.#provenMs + Math.min(this.#ttlMs, ttlMs) - marginMs;
  }
}
