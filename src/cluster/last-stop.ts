/** The last leadership of this node that ended, as the store gets to know it. */
import type { Call } from './messages.js';

export class LastStop {
  /** The fencing number of that leadership; 0 if there was none. */
  #fence = 0;
  /** Whether it ended because a person stopped the node. */
  #isInOrder = false;

  get fence(): number {
    return this.#fence;
  }

  note(fence: number, isInOrder: boolean): void {
    this.#fence = fence;
    this.#isInOrder = isInOrder;
  }

  /** Gives the leader key back, also one that was won too late. */
  resignation(fence: number): Call {
    return { kind: 'resign', fence, isInOrder: this.#isInOrder && fence === this.#fence };
  }
}
