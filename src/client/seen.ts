/**
 * The newest position that a client has been told, over all its connections:
 * everything that it has seen is at or before it.
 */
import { NO_HISTORY, type Position } from '../position.js';

export class Seen {
  position: Position | undefined;

  /**
   * @param onlyForward for nodes that may be behind: what they say in another
   *   history, at an offset that is not larger, is older. A node that writes go
   *   to says what is so from now on.
   */
  note(position: Position, onlyForward: boolean): void {
    if (position.replicationId === NO_HISTORY) return;
    const before = this.position;
    const isOther = !onlyForward && position.replicationId !== before?.replicationId;
    if (!before || isOther || position.offset > before.offset) this.position = position;
  }

  /** The cluster has lost what was seen in that history: the caller has been told, and begins anew. */
  forget(replicationId: string | undefined): void {
    if (this.position?.replicationId === replicationId) this.position = undefined;
  }
}
