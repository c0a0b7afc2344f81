/**
 * Deletes the records that a `clear` has hidden, and has LevelDB give back the space of deleted keys. The checkpointer
 * calls this between its flushes, since flushes and snapshots come first.
 */
import { FREEING_BYTES } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { isUnreadable } from '../disk/level.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import type { DamageNotes } from './damage.js';
import type { Space } from './space.js';

/** The number of records of earlier epochs that one step deletes. */
const SWEEP_STEP = 2_000;

interface SweeperOptions {
  readonly keyspace: Pick<Keyspace, 'sweep'>;
  readonly logger: Logger;
  readonly damage: DamageNotes;
  readonly space: Pick<Space, 'isWatched' | 'roomFor'>;
  isClosed(): boolean;
}

export class Sweeper {
  readonly #options: SweeperOptions;
  #compacting = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /**
   * Deletes some records that a clear has hidden. If the disk cannot read them, they take up space and do no other
   * harm.
   */
  async step(): Promise<number> {
    const { keyspace, space, damage, isClosed } = this.#options;
    if (space.isWatched && (await space.roomFor(FREEING_BYTES, 'a sweep'))) return 0;
    try {
      const swept = await keyspace.sweep.step(SWEEP_STEP);
      damage.passed('sweep');
      return swept;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (!isClosed()) damage.met('sweep', 'the space of deleted keys could not be freed now', error);
      return 0;
    }
  }

  /**
   * Compacts one piece at a time, beside the flushes, which would otherwise wait for seconds. A failure loses nothing:
   * LevelDB compacts later by itself.
   */
  compact(): void {
    const { keyspace, logger, isClosed } = this.#options;
    if (this.#compacting || isClosed() || !keyspace.sweep.isToCompact) return;
    this.#compacting = true;
    void keyspace.sweep
      .compact()
      .catch((error: Error) => {
        if (isClosed()) return;
        logger.warn(
          { error: error.message },
          `the space of deleted keys could not be freed now: ${error.message}. LevelDB frees it later, and nothing is lost`,
        );
      })
      .finally(() => {
        this.#compacting = false;
        this.compact();
      });
  }
}
