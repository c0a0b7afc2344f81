/**
 * The log held against its own chain: recovery when it opens, the background check of older blocks, a check of all
 * blocks on demand, and the repair of a damaged stretch.
 */
import type { Database } from '../disk/level.js';
import type { Position } from '../model/position.js';
import type { Block } from './block.js';
import { mend } from './block-patch.js';
import type { Extent } from './extent.js';
import type { LogFinding } from './finding.js';
import type { LogReaders } from './readers.js';
import { type Recovery, recover, recoverAlone } from './recovery.js';
import { scrub } from './scrub.js';
import type { LogTrimming } from './trimming.js';
import { type LogVerification, type LogVerified, verifyLog } from './verify.js';
import type { Weight } from './weight.js';

interface IntegrityParts {
  readonly db: Database;
  readonly extent: Extent;
  readonly weight: Weight;
  readonly trimming: LogTrimming;
  readonly readers: LogReaders;
  /** Makes a recovered block the last one. */
  publish(block: Block): void;
}

export class LogIntegrity {
  readonly #parts: IntegrityParts;

  constructor(parts: IntegrityParts) {
    this.#parts = parts;
  }

  /**
   * Verifies the chain from the checkpoint to the end and replays it. A break above the checkpoint ends the log there.
   * The blocks behind the break are handed to `quarantine` and leave the log.
   * @throws HeadwaterError `keyspace_incomplete` if the log does not reach back, or up, to the checkpoint.
   */
  async recover(recovery: Recovery): Promise<void> {
    await recover(this.#parts, recovery);
  }

  /**
   * Takes the place of `recover` if the keyspace cannot be read. The log ends where its chain does. The blocks behind
   * that end are handed to `quarantine`, and stay.
   */
  async recoverAlone(quarantine: Recovery['quarantine']): Promise<void> {
    await recoverAlone(this.#parts, quarantine);
  }

  /** Checks every block that stands in the log now, damaged ones too, and changes nothing. */
  verify(options: Omit<LogVerification, 'base' | 'lineage'>): Promise<LogVerified> {
    const { db, extent } = this.#parts;
    return verifyLog(db, { ...options, base: extent.base, lineage: extent.lineage });
  }

  /**
   * Replaces a stretch that is damaged, or that the log has had to give up, with blocks from elsewhere. If the log had
   * given the stretch up, it begins before these blocks from then on.
   * @param after the position before the blocks: the end of a block of this log, or a place before its base, whose time
   * is `timeMs`.
   * @param through the end of the blocks: the end of a block of this log, or its base.
   * @param blocks in pieces; they have to chain from `after` to `through`.
   * @throws HeadwaterError `chain_broken`, `corrupt` or `unknown_format` if the blocks do not chain; nothing that was
   * whole is changed then. `unavailable` if the log was trimmed meanwhile.
   */
  async mend(
    { after, timeMs, through }: { after: Position; timeMs: number; through: Position },
    blocks: AsyncIterable<readonly Block[]>,
  ): Promise<void> {
    const { db, extent, weight, trimming, readers } = this.#parts;
    readers.assertOpen();
    const pin = trimming.pin(Math.max(after.offset, extent.base.offset), 'a repair');
    try {
      const restored = await mend(db, extent, { after: { position: after, timeMs }, through, blocks });
      weight.restored(restored);
      await trimming.compact(after.offset, through.offset);
    } finally {
      trimming.unpin(pin);
    }
  }

  /**
   * Verifies the blocks below `checkpoint`, a verified position, and pauses after every step. A break raises the start
   * of the log to the first block from which it chains again.
   */
  async scrub(
    checkpoint: Position,
    found: (finding: LogFinding) => void,
    pause: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { db, extent, weight, readers } = this.#parts;
    const stopped = () => signal.aborted || readers.isClosed;
    const seen = (from: number, to: number, bytes: number) => weight.found(from, to, bytes);
    await scrub(db, extent, { checkpoint, found, pause, stopped, seen });
  }
}
