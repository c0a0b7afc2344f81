/**
 * Counts of the reasons for which nodes were resynced or refused, since the
 * process began, and the latest of these answers. A node has one account for
 * answers of its upstreams, and one for its answers to its followers.
 */

import type { StatusReasonCount, StatusRefusal } from '../model/status.js';
export type Outcome = 'partial' | 'full' | 'refused';

/** A bound far above the number of reasons in resync.ts, since a peer of another version may send others. */
const REASONS_MAX = 64;

/** The latest answers that are kept. */
const LATEST_MAX = 16;

/** An answer to a node that asked for a resync. */
export interface ResyncNote {
  readonly kind: Outcome;
  /** A name in UPPER_SNAKE. */
  readonly reason: string;
  /** A text for people. */
  readonly message: string;
  /** The ID of the other node. Empty if it did not introduce itself. */
  readonly nodeId: string;
  /** The host:port of the other node, or empty. */
  readonly address: string;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

export class Reasons {
  readonly #counts = new Map<string, { kind: Outcome; reason: string; count: number }>();
  /** Oldest first. */
  readonly #latest: ResyncNote[] = [];
  #lastRefusal: StatusRefusal | undefined;

  resynced(note: ResyncNote): void {
    this.#count(note.kind, note.reason);
    this.#note(note);
  }

  refused(refusal: StatusRefusal): void {
    const { reason, message, nodeId, address, timeMs } = refusal;
    this.resynced({ kind: 'refused', reason, message, nodeId, address, timeMs });
    this.#lastRefusal = refusal;
  }

  #note(note: ResyncNote): void {
    this.#latest.push(note);
    if (this.#latest.length > LATEST_MAX) this.#latest.shift();
  }

  #count(kind: Outcome, reason: string): void {
    const name = `${kind} ${reason}`;
    const counted = this.#counts.get(name);
    if (counted) counted.count++;
    else if (this.#counts.size < REASONS_MAX) this.#counts.set(name, { kind, reason, count: 1 });
  }

  get lastRefusal(): StatusRefusal | undefined {
    return this.#lastRefusal;
  }

  /** The latest answers, newest first. */
  get latest(): ResyncNote[] {
    return this.#latest.toReversed();
  }

  /** The counts, in the order in which the reasons first came. */
  get counts(): StatusReasonCount[] {
    return [...this.#counts.values()].map((counted) => ({ ...counted }));
  }
}
