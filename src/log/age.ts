/**
 * Finds a place in the log by time. The times of blocks do not fall, so a few of
 * them tell: a search by halves, over blocks that are proven, since what it
 * finds decides what is given up. The one exception is a step of the clock back
 * (store/clock-step.ts): blocks from the time ahead count as new, so that the
 * search finds too little rather than too much. It reads some two blocks for each doubling of
 * the number of offsets.
 */
import { HeadwaterError } from '../base/errors.js';
import type { Database } from '../disk/level.js';
import type { Block } from './block.js';
import { provenBlockUpTo } from './stored-blocks.js';

/**
 * The last block that ends in (base, through] and was written before `timeMs`,
 * milliseconds since the epoch. A damaged block, of which nobody knows when it
 * was written, counts as newer: rather too little is found than too much.
 * @throws HeadwaterError `corrupt` where nothing but damage was found; `unknown_format`.
 */
export async function lastBlockBefore(
  db: Database,
  base: { readonly offset: number; readonly checksum: number },
  through: number,
  timeMs: number,
): Promise<Block | undefined> {
  let found: Block | undefined;
  let damaged: HeadwaterError | undefined;
  // Whatever ends at or before `low` is older than `found`, or that; what ends after `high` is too new.
  let [low, high] = [base.offset, through];
  for (let at = high; high > low; at = Math.ceil((low + high) / 2)) {
    try {
      const block = await provenBlockUpTo(db, base, at);
      if (block && block.lastOffset > low && block.timeMs >= timeMs) high = block.firstOffset - 1;
      else {
        if (block && block.lastOffset > low) found = block;
        low = at;
      }
    } catch (error) {
      if (!HeadwaterError.is(error, 'corrupt')) throw error;
      damaged ??= error;
      high = at - 1;
    }
  }
  if (!found && damaged) throw damaged;
  return found;
}
