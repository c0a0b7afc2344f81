/**
 * Blocks as they stand in the log database: this file finds them, reads them in order, proves and deletes them. The
 * base and the end of the log are the callers' concern.
 *
 * LevelDB serves damaged bytes silently, so a block's header counts only once something vouches for it. The block's own
 * checksum, seeded with that of the block before, vouches for the whole block. The block behind, which chains from
 * them, vouches for the offset and the checksum.
 */
import { HeadwaterError } from '../base/errors.js';
import { CURSOR_READ_BYTES } from '../base/limits.js';
import { chunksOf } from '../disk/chunks.js';
import type { Database, IterateOptions } from '../disk/level.js';
import { Block } from './block.js';
import { BEHIND_ALL, BLOCKS_FROM, BLOCKS_TO, blockKey, offsetOfKey } from './rows.js';

/** The number of keys deleted in one batch. */
const CLEAR_STEP = 256;

/** A row under a block's key, even if the block in it is damaged. */
export interface StoredBlock {
  /** The offset in the key. */
  readonly lastOffset: number;
  readonly bytes: Buffer;
}

/**
 * Reads the header of the block under the key of `lastOffset`; the rest is not verified.
 * @throws HeadwaterError `corrupt` or `unknown_format`.
 */
export function blockAt(lastOffset: number, bytes: Buffer): Block {
  const block = new Block(bytes);
  if (block.lastOffset === lastOffset) return block;
  throw new HeadwaterError(
    'corrupt',
    `expected a block that ends at offset ${lastOffset}, found the block ${block.firstOffset} to ${block.lastOffset}`,
  );
}

/**
 * Yields the rows in (offset, through], in order, a chunk of about one read-ahead at a time. With one step per block, a
 * replay of many small blocks would be slow.
 * @param step blocks at a time. If one block cannot be read, the caller does not get the others of that step.
 */
export async function* storedBlocks(
  db: Database,
  offset: number,
  through?: number,
  step = 64,
): AsyncGenerator<StoredBlock[]> {
  const range = { ...blocksIn(offset, through), highWaterMarkBytes: CURSOR_READ_BYTES };
  for await (const chunk of chunksOf(db, range, step))
    yield chunk.map(([key, bytes]) => ({ lastOffset: offsetOfKey(key), bytes }));
}

/** The last offset of the last block, according to its key. */
export async function lastOffsetOnDisk(db: Database): Promise<number | undefined> {
  const range = { gte: BLOCKS_FROM, lt: BLOCKS_TO, reverse: true, limit: 1, values: false };
  for await (const [entry] of chunksOf(db, range, 1)) return entry && offsetOfKey(entry[0]);
  return undefined;
}

/**
 * The last block that ends in (base, offset], proven whole. The block chains from the block before it, or from the base
 * if it is the first.
 * @param base where the log begins; vouched for by the caller.
 * @throws HeadwaterError `corrupt` if the block does not chain, with the reason as cause; `unknown_format`.
 */
export async function provenBlockUpTo(
  db: Database,
  base: { readonly offset: number; readonly checksum: number },
  offset: number,
): Promise<Block | undefined> {
  const [last, before] = await lastTwo(db, base.offset, offset);
  return last && provenBehind(last, before, base);
}

/** The block of a row, proven by the row before, or by the base if there is none. */
function provenBehind(
  [key, bytes]: [Buffer, Buffer],
  before: [Buffer, Buffer] | undefined,
  base: { readonly offset: number; readonly checksum: number },
): Block {
  return proven(offsetOfKey(key), bytes, () => (before ? blockAt(offsetOfKey(before[0]), before[1]).position : base));
}

/** Reads the last two rows that end in (from, through], the last one first. */
function lastTwo(db: Database, from: number, through: number): Promise<Array<[Buffer, Buffer]>> {
  return firstTwo(db, { ...blocksIn(from, through), reverse: true });
}

/** Collects rows over several chunks, since LevelDB gives large rows one by one, however many are asked for. */
async function firstTwo(db: Database, range: IterateOptions): Promise<Array<[Buffer, Buffer]>> {
  const found: Array<[Buffer, Buffer]> = [];
  for await (const chunk of chunksOf(db, { ...range, limit: 2 }, 2)) found.push(...chunk);
  return found;
}

/**
 * The first block behind the base, proven whole: it chains from there.
 * @throws as `provenBlockUpTo`.
 */
export async function provenBlockAfter(
  db: Database,
  base: { readonly offset: number; readonly checksum: number },
): Promise<Block | undefined> {
  for await (const [first] of chunksOf(db, { ...blocksIn(base.offset, undefined), limit: 1 }, 1))
    return first && proven(offsetOfKey(first[0]), first[1], () => base);
  return undefined;
}

/**
 * The block that ends at `offset`, proven whole as in `provenBlockUpTo`; undefined if no block ends there.
 * @throws as `provenBlockUpTo`.
 */
export async function provenBlockAt(
  db: Database,
  base: { readonly offset: number; readonly checksum: number },
  offset: number,
): Promise<Block | undefined> {
  const [last, before] = await lastTwo(db, base.offset, offset);
  if (!last || offsetOfKey(last[0]) !== offset) return undefined;
  return provenBehind(last, before, base);
}

/**
 * The running checksum at the end of the block that ends at `offset`; undefined if no block ends there. Either this
 * block or the block behind it vouches for the checksum.
 * @throws as `provenBlockUpTo`, if neither does.
 */
export async function provenChecksumAt(
  db: Database,
  base: { readonly offset: number; readonly checksum: number },
  offset: number,
): Promise<number | undefined> {
  try {
    return (await provenBlockAt(db, base, offset))?.checksum;
  } catch (error) {
    if (!HeadwaterError.is(error, 'corrupt')) throw error;
    const checksum = await checksumByBlockBehind(db, offset);
    if (checksum === undefined) throw error;
    return checksum;
  }
}

/** The checksum in the header of the block that ends at `offset`, if the next block chains from it. */
async function checksumByBlockBehind(db: Database, offset: number): Promise<number | undefined> {
  const [at, behind] = await firstTwo(db, { gte: blockKey(offset), lt: BLOCKS_TO });
  if (!at || !behind) return undefined;
  try {
    const { checksum } = blockAt(offset, at[1]);
    blockAt(offsetOfKey(behind[0]), behind[1]).verifyAfter(offset, checksum);
    return checksum;
  } catch (error) {
    if (!HeadwaterError.is(error)) throw error;
    return undefined;
  }
}

/** @param before returns the end of the block before. */
function proven(lastOffset: number, bytes: Buffer, before: () => { offset: number; checksum: number }): Block {
  try {
    const block = blockAt(lastOffset, bytes);
    const previous = before();
    block.verifyAfter(previous.offset, previous.checksum);
    return block;
  } catch (cause) {
    if (!HeadwaterError.is(cause) || cause.code === 'unknown_format') throw cause;
    throw new HeadwaterError('corrupt', `the block that ends at offset ${lastOffset} is damaged: ${cause.message}`, {
      cause,
    });
  }
}

/** Deletes the rows in (offset, through], lowest first, in small batches; not durable by itself. */
export async function clearBlocks(db: Database, offset: number, through?: number): Promise<void> {
  for await (const chunk of chunksOf(db, { ...blocksIn(offset, through), values: false }, CLEAR_STEP)) {
    const batch = db.batch();
    for (const [key] of chunk) batch.del(key);
    await batch.write();
  }
}

/** Has LevelDB write its memory to a file of its own, which later writes do not share. */
export async function settle(db: Database): Promise<void> {
  await db.compact(BEHIND_ALL, BEHIND_ALL);
}

function blocksIn(offset: number, through: number | undefined): IterateOptions {
  return through === undefined
    ? { gt: blockKey(offset), lt: BLOCKS_TO }
    : { gt: blockKey(offset), lte: blockKey(through) };
}
