/**
 * The newest position that a client has received, over all its connections. Everything that the client has seen is at
 * or before it.
 */
import { NO_HISTORY, type Position } from '../model/position.js';

export class NewestPosition {
  position: Position | undefined;

  /**
   * @param mayGoBack true if a position of another history may be later although its offset is not larger. This is so
   * if a write of this client was done there. Any other node may only be behind.
   */
  note(position: Position, mayGoBack: () => boolean): void {
    if (position.replicationId === NO_HISTORY) return;
    const before = this.position;
    const isFurther = !before || position.offset > before.offset;
    if (isFurther || (position.replicationId !== before.replicationId && mayGoBack())) this.position = position;
  }

  /** Forgets a position whose history the cluster has lost. The caller knows by the error, and begins again. */
  forget(replicationId: string | undefined): void {
    if (this.position?.replicationId === replicationId) this.position = undefined;
  }
}
