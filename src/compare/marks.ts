/**
 * The marks that this node comes by, in the order of the log. Each mark goes to the part that has a use for it: a
 * comparison of the leader, or a repair of this node.
 */
import type { DigestReport } from '../model/comparison.js';
import { isRepairMark } from './repair-mark.js';

/** The part that compares the nodes of the tree. */
interface Comparing {
  marked(markId: string): void;
  unable(markId: string, why: string): void;
  reported(report: DigestReport): void;
}

/** The part that repairs key ranges of this node. */
interface Repairing {
  marked(markId: string): void;
}

export class ComparisonMarks {
  readonly #comparing: Comparing;
  readonly #repairing: Repairing;

  constructor(parts: { readonly comparisons: Comparing; readonly repairs: Repairing }) {
    this.#comparing = parts.comparisons;
    this.#repairing = parts.repairs;
  }

  /** Handles a mark. Nothing else enters the store in this turn. */
  marked(markId: string): void {
    if (isRepairMark(markId)) this.#repairing.marked(markId);
    else this.#comparing.marked(markId);
  }

  /** Handles a mark at whose offset this node has no keyspace. A repair gives up without its mark. */
  unable(markId: string, why: string): void {
    if (!isRepairMark(markId)) this.#comparing.unable(markId, why);
  }

  /** Takes a digest report from a node below. */
  reported(report: DigestReport): void {
    this.#comparing.reported(report);
  }
}
