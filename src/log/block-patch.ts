/**
 * Replaces a stretch of the log with blocks from elsewhere. The stretch is damaged, or the log has had to give it up.
 * Only integrity.ts calls this.
 *
 * The blocks have to chain from the position before the stretch to the position behind it, and both are this log's own.
 * A running checksum covers the whole past, so blocks that fit at both ends are the blocks that stood there. A crash on
 * the way leaves a stretch that is still damaged, or blocks below the start. The next open clears such blocks.
 */
import { HeadwaterError } from '../base/errors.js';
import { chunksOf } from '../disk/chunks.js';
import type { Database } from '../disk/level.js';
import { formatPosition, type Position } from '../model/position.js';
import { type Block, CHECKING_VISITOR } from './block.js';
import type { Extent } from './extent.js';
import { type Base, blockKey } from './rows.js';

export interface BlockPatch {
  /** The position before the stretch. If that is before the base of the log, it becomes the base. */
  readonly after: Base;
  /** The end of the stretch. */
  readonly through: Position;
  readonly blocks: AsyncIterable<readonly Block[]>;
}

/** Blocks that stand in the log again: behind `from`, up to `to`. */
interface Restored {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Does the work of `LogIntegrity.mend`. */
export async function mend(db: Database, extent: Extent, { after, through, blocks }: BlockPatch): Promise<Restored[]> {
  const { base } = extent;
  const restored: Restored[] = [];
  let end = after.position;
  for await (const piece of blocks) {
    const from = end.offset;
    let bytes = 0;
    for (const block of piece) {
      end = verified(block, end, through, extent);
      bytes += block.bytes.length;
    }
    await replace(db, from, piece);
    restored.push({ from, to: end.offset, bytes });
  }
  if (end.offset !== through.offset || end.checksum !== through.checksum)
    throw new HeadwaterError(
      'chain_broken',
      `expected blocks up to ${formatPosition(through)}, received up to ${formatPosition(end)}`,
    );
  await db.durable();
  const isLower = after.position.offset < base.offset;
  const inPlace = isLower ? await extent.lower(after, base) : extent.base.offset <= after.position.offset;
  if (inPlace) return restored;
  await extent.clearBelowBase();
  throw new HeadwaterError('unavailable', `the log was trimmed to offset ${extent.base.offset} during the repair`);
}

/** @throws HeadwaterError if the block is not the next one of this log. */
function verified(block: Block, end: Position, through: Position, { lineage }: Extent): Position {
  block.verifyAfter(end.offset, end.checksum);
  block.visit(CHECKING_VISITOR);
  const { firstOffset, lastOffset, replicationId } = block;
  const expected = lineage.replicationIdAt(firstOffset);
  if (replicationId !== expected)
    throw new HeadwaterError(
      'chain_broken',
      `block ${firstOffset} to ${lastOffset} has the wrong history: expected ${expected}, found ${replicationId}`,
    );
  if (lastOffset > through.offset)
    throw new HeadwaterError(
      'chain_broken',
      `expected blocks up to offset ${through.offset}, received a block from ${firstOffset} to ${lastOffset}`,
    );
  return block.position;
}

/** Replaces all rows behind `from`, up to the last of the blocks, with the blocks; all or nothing. */
async function replace(db: Database, from: number, blocks: readonly Block[]): Promise<void> {
  const last = blocks.at(-1);
  if (!last) return;
  const batch = db.batch();
  const range = { gt: blockKey(from), lte: blockKey(last.lastOffset), values: false };
  for await (const rows of chunksOf(db, range, 256)) for (const [key] of rows) batch.del(key);
  for (const block of blocks) batch.put(blockKey(block.lastOffset), block.bytes);
  await batch.write();
}
