/**
 * The newest position that a client has been told, over all its connections:
 * everything that it has seen is at or before it.
 */
import { NO_HISTORY, type Position } from '../model/position.js';

export class NewestPosition {
  position: Position | undefined;

  /**
   * @param mayGoBack whether it may be later though it is of another history and
   *   its offset is not larger: so it is if a write of this client was done there.
   *   Any other node may only be behind.
   */
  note(position: Position, mayGoBack: () => boolean): void {
    if (position.replicationId === NO_HISTORY) return;
    const before = this.position;
    const isFurther = !before || position.offset > before.offset;
    if (isFurther || (position.replicationId !== before.replicationId && mayGoBack())) this.position = position;
  }

  /** The cluster has lost what was seen in that history: the caller has been told, and begins anew. */
  forget(replicationId: string | undefined): void {
    if (this.position?.replicationId === replicationId) this.position = undefined;
  }
}
