/**
 * Figures of the commit path since the node started: the sizes of blocks, and how long commits, syncs and checkpoints
 * take. A commit has a few observations, a command has none. They outlive a generation, so that the counts of a node
 * never fall.
 */
import type { Clock } from '../base/clock.js';
import { COUNT_BOUNDS, Distribution, DURATION_BOUNDS_S, SIZE_BOUNDS_BYTES } from '../base/distribution.js';
import type { Block } from '../log/block.js';

export class CommitFigures {
  readonly blockBytes = new Distribution(SIZE_BOUNDS_BYTES);
  readonly blockCommands = new Distribution(COUNT_BOUNDS);
  /** From the append to the end of the commit, with a sync if each commit has one. A wait for memory is not part of it. */
  readonly commitSeconds = new Distribution(DURATION_BOUNDS_S);
  /** Syncs of the log. With a sync in each commit, the append is part of the time. */
  readonly syncSeconds = new Distribution(DURATION_BOUNDS_S);
  readonly checkpointSeconds = new Distribution(DURATION_BOUNDS_S);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Notes a commit that began at `sinceMs`. @param isSynced whether its append was synced. */
  committed(blocks: readonly Block[], { sinceMs, isSynced }: { sinceMs: number; isSynced: boolean }): void {
    const seconds = (this.nowMs - sinceMs) / 1_000;
    this.commitSeconds.observe(seconds);
    if (isSynced) this.syncSeconds.observe(seconds);
    for (const { bytes, firstOffset, lastOffset } of blocks) {
      this.blockBytes.observe(bytes.length);
      this.blockCommands.observe(lastOffset - firstOffset + 1);
    }
  }

  /** Notes a sync of the log, unless it fails. */
  async syncing(sync: Promise<void>): Promise<void> {
    const sinceMs = this.nowMs;
    await sync;
    this.syncSeconds.observe((this.nowMs - sinceMs) / 1_000);
  }

  checkpointed(tookMs: number): void {
    this.checkpointSeconds.observe(tookMs / 1_000);
  }
}
