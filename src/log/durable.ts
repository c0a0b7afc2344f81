/** The part of the log that would survive a power cut. */
import type { Database } from '../disk/level.js';
import type { Extent } from './extent.js';

export class Durable {
  readonly #db: Database;
  readonly #extent: Extent;
  #offset: number;
  /** Called with each sync, which it awaits. Replaced by those who time syncs. */
  onSync: (sync: Promise<void>) => Promise<void> = (sync) => sync;

  constructor(db: Database, extent: Extent) {
    this.#db = db;
    this.#extent = extent;
    this.#offset = extent.base.offset;
  }

  /** The offset up to which the log would survive a power cut. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Resolves when everything appended before the call would survive a power cut.
   * @returns the durable offset.
   */
  async reach(): Promise<number> {
    const { offset } = this.#extent.end;
    if (offset > this.#offset) {
      await this.onSync(this.#db.durable());
      this.#offset = Math.max(this.#offset, offset);
    }
    return this.#offset;
  }

  /** Notes that a synced append made everything up to `offset` durable. */
  synced(offset: number): void {
    this.#offset = Math.max(this.#offset, offset);
  }
}
