/**
 * Finds a place in the log by time. The times of blocks do not fall, so a binary search finds the place. The search
 * reads proven blocks only, since the result decides which blocks are given up. The one exception is a step of the
 * clock back (store/clock-step.ts). Blocks from the time ahead then count as new, so the search finds too little rather
 * than too much. A search reads about two blocks for each doubling of the number of offsets.
 */
import { HeadwaterError } from '../base/errors.js';
import type { Database } from '../disk/level.js';
import type { Block } from './block.js';
import { provenBlockUpTo } from './stored-blocks.js';

/**
 * The last block that ends in (base, through] and was written before `timeMs`, milliseconds since the epoch. Nobody
 * knows when a damaged block was written, so it counts as newer: the search finds too little rather than too much.
 * @throws HeadwaterError `corrupt` if nothing but damage was found; `unknown_format`.
 */
export async function lastBlockBefore(
  db: Database,
  base: { readonly offset: number; readonly checksum: number },
  through: number,
  timeMs: number,
): Promise<Block | undefined> {
  let found: Block | undefined;
  let damaged: HeadwaterError | undefined;
  // Every block that ends at or before `low` is `found` or older. Every block that ends after `high` is too new.
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
