/**
 * Checks every block of the log for `verify`, and changes nothing. Each block has to stand under its own offset and to
 * chain from the block before. Each has to hold commands that this version knows, and to belong to the history that the
 * lineage has there.
 *
 * An unreadable block leaves the block behind it in doubt as well. The checksum of that block begins where the checksum
 * of the lost one ended. The exception is a damaged block whose header still has the checksum: the header counts once
 * the next block chains from it.
 */
import { HeadwaterError } from '../base/errors.js';
import { chunksOf } from '../disk/chunks.js';
import { type Database, isUnreadablePlace } from '../disk/level.js';
import type { Lineage } from '../model/lineage.js';
import { formatPosition, type Position } from '../model/position.js';
import { type Block, CHECKING_VISITOR } from './block.js';
import { BLOCKS_TO, blockKey, offsetOfKey } from './rows.js';
import { blockAt, type StoredBlock, storedBlocks } from './stored-blocks.js';

/** Commands that are missing, or that are in a block that the disk has changed. */
export interface LogDamage {
  /** The first and the last offset. */
  readonly from: number;
  readonly to: number;
  readonly why: string;
}

export interface LogVerification {
  /** The base of the log, which its own row vouches for. */
  readonly base: Position;
  readonly lineage: Lineage;
  /** The position of the keyspace: a block has to end there, with this checksum. */
  readonly passes?: Position;
  /** The end of the last block to check; undefined for all blocks. */
  readonly through?: number;
  /** Called with each damaged stretch, in order. */
  found(damage: LogDamage): void;
  /** Awaited with the bytes read since the last time. @throws to end the check. */
  pace(bytes: number): Promise<void>;
}

/** Blocks read at a time; blocks are read one by one if some cannot be read. */
const STEP = 64;

export interface LogVerified {
  /** The last offset of the last block in the log. */
  readonly lastOffset: number;
  /** Bytes of all blocks. */
  readonly bytes: number;
}

export async function verifyLog(db: Database, verification: LogVerification): Promise<LogVerified> {
  const chain = new Chain(verification);
  let bytes = 0;
  let step = STEP;
  for (;;) {
    try {
      for await (const chunk of storedBlocks(db, chain.lastOffset, verification.through, step)) {
        let read = 0;
        for (const stored of chunk) {
          read += stored.bytes.length;
          chain.next(stored);
        }
        bytes += read;
        await verification.pace(read);
      }
      break;
    } catch (error) {
      if (!isUnreadablePlace(error)) throw error;
      if (step > 1) {
        step = 1;
        continue;
      }
      const behind = await nextReadable(db, chain.lastOffset);
      chain.unreadable(behind, error.message);
      if (behind === undefined) break;
      step = STEP;
    }
  }
  chain.end();
  return { lastOffset: chain.lastOffset, bytes };
}

/**
 * The last offset of the lowest block behind `offset` from which on all blocks can be read; undefined if there is none.
 */
async function nextReadable(db: Database, offset: number): Promise<number | undefined> {
  const range = { gt: blockKey(offset), lt: BLOCKS_TO, reverse: true, values: false };
  let lowest: number | undefined;
  try {
    for await (const keys of chunksOf(db, range, 256)) for (const [key] of keys) lowest = offsetOfKey(key);
  } catch (error) {
    if (!isUnreadablePlace(error)) throw error;
  }
  return lowest;
}

class Chain {
  readonly #lineage: Lineage;
  readonly #passes: Position | undefined;
  readonly #found: (damage: LogDamage) => void;
  /** The offset in the last key. */
  lastOffset: number;
  /** The checksum from which the next block has to chain; undefined if nothing says so. */
  #checksum: number | undefined;
  #damage: LogDamage | undefined;

  constructor({ base, lineage, passes, found }: LogVerification) {
    this.#lineage = lineage;
    this.#passes = passes;
    this.#found = found;
    this.lastOffset = base.offset;
    this.#checksum = base.checksum;
  }

  next(stored: StoredBlock): void {
    const from = this.lastOffset + 1;
    this.lastOffset = stored.lastOffset;
    let block: Block;
    try {
      block = blockAt(stored.lastOffset, stored.bytes);
    } catch (error) {
      this.#checksum = undefined;
      this.#add(from, stored.lastOffset, (error as Error).message);
      return;
    }
    const why = this.#whyNot(block, from);
    this.#checksum = block.checksum;
    if (why === undefined) this.#close();
    else this.#add(from, stored.lastOffset, why);
  }

  /**
   * Notes that nothing up to the block that ends at `behind` can be read, or nothing to the end if that is undefined.
   */
  unreadable(behind: number | undefined, why: string): void {
    // The block that ends at `behind` is not checked, since nothing says from where it has to chain.
    this.#add(this.lastOffset + 1, behind ?? this.lastOffset + 1, why);
    this.#checksum = undefined;
    if (behind !== undefined) this.lastOffset = behind;
  }

  end(): void {
    this.#close();
  }

  #whyNot(block: Block, from: number): string | undefined {
    const { firstOffset, lastOffset, replicationId } = block;
    if (firstOffset > from) return `the commands from offset ${from} to ${firstOffset - 1} are missing`;
    if (this.#checksum === undefined)
      return `block ${firstOffset} to ${lastOffset} cannot be checked, because the block before it cannot be read`;
    try {
      block.verifyAfter(from - 1, this.#checksum);
      block.visit(CHECKING_VISITOR);
    } catch (error) {
      if (HeadwaterError.is(error)) return error.message;
      throw error;
    }
    const expected = this.#lineage.replicationIdAt(firstOffset);
    if (replicationId !== expected)
      return `block ${firstOffset} to ${lastOffset} has the wrong history: expected ${expected}, found ${replicationId}`;
    return this.#misses(block);
  }

  #misses({ firstOffset, lastOffset, position }: Block): string | undefined {
    const passes = this.#passes;
    if (!passes || passes.offset < firstOffset || passes.offset > lastOffset) return undefined;
    if (passes.offset === lastOffset && passes.checksum === position.checksum) return undefined;
    return `the keyspace is at ${formatPosition(passes)}, the log at ${formatPosition(position)}: their histories differ`;
  }

  /** Joins adjacent damage into one stretch. */
  #add(from: number, to: number, why: string): void {
    this.#damage = this.#damage ? { ...this.#damage, to } : { from, to, why };
  }

  #close(): void {
    if (this.#damage) this.#found(this.#damage);
    this.#damage = undefined;
  }
}
