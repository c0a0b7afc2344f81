/**
 * The background check of the blocks that an open did not look at: the log from its start to the checkpoint. A break
 * raises the start to the first block from which the log chains again. The data are not affected, since the keyspace
 * holds them.
 *
 * Only proven values decide. The only trusted part of a damaged block is the key that it stands under. The header, with
 * offset and checksum, counts once the block behind it chains from there. A damaged block may become the base that way.
 * The history of the base then comes from the lineage, and the time from a block that is whole.
 */

import { SCRUB_STEP_BYTES } from '../base/limits.js';
import type { Database } from '../disk/level.js';
import type { Position } from '../model/position.js';
import type { Block } from './block.js';
import type { Extent } from './extent.js';
import type { LogFinding } from './finding.js';
import { blockAt, type StoredBlock, storedBlocks } from './stored-blocks.js';

export interface Scrub {
  /** The end of the check: a checkpoint, which the open or the writer has verified. */
  readonly checkpoint: Position;
  found(finding: LogFinding): void;
  /** Awaited after every SCRUB_STEP_BYTES. */
  pause(): Promise<void>;
  stopped(): boolean;
  /** Called with each block, damaged ones too: the key of the block before, its own key, and its bytes. */
  seen(from: number, to: number, bytes: number): void;
}

/** A block's end according to its header: a claim until the next block chains from there. */
interface Claim {
  readonly offset: number;
  readonly checksum: number;
}

export async function scrub(
  db: Database,
  extent: Extent,
  { checkpoint, found, pause, stopped, seen }: Scrub,
): Promise<void> {
  const check = new ChainCheck(extent, found);
  let bytes = 0;
  let before = extent.base.offset;
  for await (const chunk of storedBlocks(db, extent.base.offset, checkpoint.offset)) {
    for (const stored of chunk) {
      bytes += stored.bytes.length;
      seen(before, stored.lastOffset, stored.bytes.length);
      before = stored.lastOffset;
      if (bytes >= SCRUB_STEP_BYTES) {
        bytes = 0;
        await pause();
      }
      if (stopped()) return;
      await check.next(stored);
    }
  }
  if (!stopped()) await check.endAt(checkpoint);
}

class ChainCheck {
  readonly #extent: Extent;
  readonly #found: (finding: LogFinding) => void;
  readonly #from: number;
  /** The key of the block before. */
  #seen: number;
  /** The end of the block before; undefined if that block cannot be read. */
  #before: Claim | undefined;
  /** The time of the last block that was proven whole, milliseconds since the epoch. */
  #timeMs: number;
  /** The reason for the break, until a later block proves a place from which the chain continues. */
  #broken: string | undefined;

  constructor(extent: Extent, found: (finding: LogFinding) => void) {
    this.#extent = extent;
    this.#found = found;
    this.#from = extent.base.offset + 1;
    this.#seen = extent.base.offset;
    this.#before = extent.base;
    this.#timeMs = extent.baseTimeMs;
  }

  async next({ lastOffset, bytes }: StoredBlock): Promise<void> {
    this.#meetBase();
    if (lastOffset <= this.#extent.base.offset) return;
    const block = readable(lastOffset, bytes);
    if (block && this.#before && follows(block, this.#before)) {
      if (this.#broken) await this.#raiseTo(this.#before);
      this.#timeMs = block.timeMs;
    } else {
      this.#broken ??= `the block that ends at offset ${lastOffset} ${block ? 'does not continue the block before it' : 'cannot be read'}`;
    }
    this.#seen = lastOffset;
    this.#before = block && { offset: lastOffset, checksum: block.checksum };
  }

  /**
   * Leaves nothing below the checkpoint in doubt. If the last block does not lead to the checkpoint, the log begins at
   * the checkpoint.
   */
  async endAt(checkpoint: Position): Promise<void> {
    this.#meetBase();
    if (checkpoint.offset <= this.#extent.base.offset) return;
    if (this.#before?.offset !== checkpoint.offset || this.#before.checksum !== checkpoint.checksum)
      this.#broken ??= `no block leads to the checkpoint at offset ${checkpoint.offset}`;
    if (this.#broken) await this.#raiseTo(checkpoint);
  }

  /**
   * A trim may have raised the start meanwhile. The new base is proven, and the check no longer concerns the blocks
   * below.
   */
  #meetBase(): void {
    const { base, baseTimeMs } = this.#extent;
    if (base.offset < this.#seen) return;
    this.#before = base;
    this.#timeMs = baseTimeMs;
    this.#broken = undefined;
  }

  async #raiseTo({ offset, checksum }: Claim): Promise<void> {
    const { lineage, end, endTimeMs } = this.#extent;
    const position = { replicationId: lineage.replicationIdAt(offset), offset, checksum };
    const why = this.#broken ?? '';
    this.#broken = undefined;
    await this.#extent.raise({ position, timeMs: offset === end.offset ? endTimeMs : this.#timeMs });
    this.#found({ kind: 'start_raised', from: this.#from, to: offset + 1, why });
  }
}

function follows(block: Block, { offset, checksum }: Claim): boolean {
  return block.firstOffset === offset + 1 && block.chains(checksum);
}

function readable(lastOffset: number, bytes: Buffer): Block | undefined {
  try {
    return blockAt(lastOffset, bytes);
  } catch {
    return undefined;
  }
}
