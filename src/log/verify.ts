/**
 * Looks at every block of the log and changes nothing: what `verify` reports.
 * Each block has to stand under its own offset, to chain from the one before,
 * to hold commands that this version knows, and to be of the history that the
 * lineage has there.
 *
 * A block that cannot be read leaves the one behind it in doubt as well, since
 * its checksum begins where that of the lost one ended: unless the damaged
 * header still says where, which counts once the next block chains from there.
 */
import { HeadwaterError } from '../base/errors.js';
import { type Database, isUnreadablePlace } from '../disk/level.js';
import type { Lineage } from '../model/lineage.js';
import { formatPosition, type Position } from '../model/position.js';
import { type Block, CHECKING_VISITOR } from './block.js';
import { BLOCKS_TO, blockKey, offsetOfKey } from './rows.js';
import { blockAt, type StoredBlock, storedBlocks } from './stored-blocks.js';

/** Commands that are missing, or in a block that is not what was written. */
export interface LogDamage {
  /** The first and the last offset. */
  readonly from: number;
  readonly to: number;
  readonly why: string;
}

export interface LogVerification {
  /** Where the log begins; its own row vouches for it. */
  readonly base: Position;
  readonly lineage: Lineage;
  /** Where the keyspace stands: a block has to end there, with this checksum. */
  readonly passes?: Position;
  /** The last block to look at ends here; undefined: all. */
  readonly through?: number;
  /** Told of each stretch that is damaged, in order. */
  found(damage: LogDamage): void;
  /** Awaited with the bytes read since the last time. @throws to end it. */
  pace(bytes: number): Promise<void>;
}

/** Blocks read at a time; one by one where some cannot be read. */
const STEP = 64;

export interface LogVerified {
  /** Of the last block that stands in the log. */
  readonly lastOffset: number;
  /** Of all blocks. */
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

/** The lowest block behind `offset` that can be read again after some that cannot: its last offset. */
async function nextReadable(db: Database, offset: number): Promise<number | undefined> {
  const entries = db.iterate({ gt: blockKey(offset), lt: BLOCKS_TO, reverse: true, values: false });
  let lowest: number | undefined;
  try {
    for (let keys = await entries.next(256); keys.length > 0; keys = await entries.next(256))
      for (const [key] of keys) lowest = offsetOfKey(key);
  } catch (error) {
    if (!isUnreadablePlace(error)) throw error;
  } finally {
    await entries.close();
  }
  return lowest;
}

class Chain {
  readonly #lineage: Lineage;
  readonly #passes: Position | undefined;
  readonly #found: (damage: LogDamage) => void;
  /** As the last key said. */
  lastOffset: number;
  /** From where the next block has to chain; undefined where nothing says so. */
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

  /** Nothing up to the block that ends at `behind` can be read; nor anything to the end where there is none. */
  unreadable(behind: number | undefined, why: string): void {
    // That one is not looked at: nothing says from where it has to chain.
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
      return `block ${firstOffset} to ${lastOffset} cannot be checked, for the one before it cannot be read`;
    try {
      block.verifyAfter(from - 1, this.#checksum);
      block.visit(CHECKING_VISITOR);
    } catch (error) {
      if (HeadwaterError.is(error)) return error.message;
      throw error;
    }
    const expected = this.#lineage.replicationIdAt(firstOffset);
    if (replicationId !== expected)
      return `block ${firstOffset} to ${lastOffset} is of history ${replicationId}; the lineage has ${expected} there`;
    return this.#misses(block);
  }

  #misses({ firstOffset, lastOffset, position }: Block): string | undefined {
    const passes = this.#passes;
    if (!passes || passes.offset < firstOffset || passes.offset > lastOffset) return undefined;
    if (passes.offset === lastOffset && passes.checksum === position.checksum) return undefined;
    return `the keyspace is at ${formatPosition(passes)}, the log comes to ${formatPosition(position)} there: they have different pasts`;
  }

  /** What lies side by side is one damage. */
  #add(from: number, to: number, why: string): void {
    this.#damage = this.#damage ? { ...this.#damage, to } : { from, to, why };
  }

  #close(): void {
    if (this.#damage) this.#found(this.#damage);
    this.#damage = undefined;
  }
}
