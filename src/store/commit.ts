/**
 * The one commit path: every block, sealed here or received from upstream, enters the store through `commit`. The order
 * is: the block follows the log, is appended, is applied, and becomes visible to readers and cursors. Commits run one
 * at a time, from the writer on a leader and from the session with the upstream on a follower. If the keyspace is ahead
 * of its log, nothing is applied, and the blocks enter the log alone (`Generation.append`).
 *
 * After a failed append nobody knows whether the block is in the log. The store then latches and reopens
 * (lifecycle.ts); nothing is tried again here.
 */
import type { LogicalClock } from '../base/clock.js';
import { invariant } from '../base/invariant.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import type { Block } from '../log/block.js';
import type { Log } from '../log/log.js';
import type { LineageRow } from '../model/lineage.js';
import type { Checkpointer } from './checkpoint.js';
import type { CommitFigures } from './commit-figures.js';
import type { KeyWatches } from './key-watches.js';
import type { LeadershipTerm } from './leadership-term.js';
import type { ReservedRecords } from './reserved-records.js';
import type { WriteWaits } from './write-waits.js';

/**
 * The time until an acknowledged write would survive a power cut: at once, about a second, or until LevelDB writes by
 * itself.
 */
export type FsyncPolicy = 'always' | 'everysec' | 'never';

const SLOW_LOG = () => 'appending a block to the log takes long';

export class Committer {
  readonly #log: Log;
  readonly #keyspace: Keyspace;
  readonly #checkpointer: Checkpointer;
  readonly #clock: LogicalClock;
  readonly #sync: boolean;
  readonly #waits: WriteWaits;
  readonly #watches: KeyWatches | undefined;
  readonly #reserved: ReservedRecords | undefined;
  readonly #figures: CommitFigures;
  #busy = false;

  constructor(options: {
    log: Log;
    keyspace: Keyspace;
    checkpointer: Checkpointer;
    clock: LogicalClock;
    fsync: FsyncPolicy;
    waits: WriteWaits;
    watches: KeyWatches | undefined;
    reserved: ReservedRecords | undefined;
    figures: CommitFigures;
  }) {
    this.#log = options.log;
    this.#keyspace = options.keyspace;
    this.#checkpointer = options.checkpointer;
    this.#clock = options.clock;
    this.#sync = options.fsync === 'always';
    this.#waits = options.waits;
    this.#watches = options.watches;
    // The data before were others.
    this.#watches?.sawAll();
    this.#reserved = options.reserved;
    this.#figures = options.figures;
  }

  /**
   * @param rows lineage rows that the blocks begin.
   * @param term the term of the leader that has sealed the blocks.
   * @throws HeadwaterError `store_latched`: the blocks may or may not be in the log; the reason why the term is over:
   * they are not.
   */
  async commit(blocks: readonly Block[], rows: readonly LineageRow[] = [], term?: LeadershipTerm): Promise<void> {
    invariant(!this.#busy, 'commits run one at a time');
    this.#busy = true;
    try {
      const full = this.#checkpointer.room.wait();
      if (full) await this.#waits.during(() => this.#checkpointer.progress, full);
      const over = term?.look();
      if (over) throw over;
      const sinceMs = this.#figures.nowMs;
      const isStep = hasStepBack(blocks, this.#log.lookup.endTimeMs);
      await this.#waits.during(SLOW_LOG, this.#log.append(blocks, { sync: this.#sync, rows }));
      for (const block of blocks) {
        if (this.#keyspace.apply(block)) this.#reserved?.saw(block);
        this.#watches?.saw(block);
      }
      this.#log.publish(blocks);
      const last = blocks[blocks.length - 1] as Block;
      if (isStep) this.#clock.stepped(last.timeMs);
      this.#clock.advanceTo(last.timeMs);
      this.#figures.committed(blocks, { sinceMs, isSynced: this.#sync });
    } finally {
      this.#busy = false;
    }
    this.#checkpointer.afterCommit();
    this.#log.readers.wake();
  }
}

/**
 * Whether a block is earlier than the one before: a leader has set the clock back on a person's word (clock-step.ts).
 */
function hasStepBack(blocks: readonly Block[], endTimeMs: number): boolean {
  let beforeMs = endTimeMs;
  for (const { timeMs } of blocks) {
    if (timeMs < beforeMs) return true;
    beforeMs = timeMs;
  }
  return false;
}
