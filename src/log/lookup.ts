/**
 * Answers about places in the log: the running checksum, the time, the end of a block, the size. An answer comes from
 * memory if the place is near the end. An answer from disk counts only if something vouches for it (stored-blocks.ts).
 */
import { HeadwaterError } from '../base/errors.js';
import type { Database } from '../disk/level.js';
import type { Position } from '../model/position.js';
import type { Extent } from './extent.js';
import type { LogReaders } from './readers.js';
import { provenBlockAt, provenBlockUpTo, provenChecksumAt } from './stored-blocks.js';
import type { Tail } from './tail.js';
import type { Weight } from './weight.js';

export type ChecksumLookup = number | 'trimmed' | 'not_a_boundary' | 'beyond';

export class LogLookup {
  readonly #db: Database;
  readonly #extent: Extent;
  readonly #tail: Tail;
  readonly #weight: Weight;
  readonly #readers: LogReaders;

  constructor(parts: { db: Database; extent: Extent; tail: Tail; weight: Weight; readers: LogReaders }) {
    this.#db = parts.db;
    this.#extent = parts.extent;
    this.#tail = parts.tail;
    this.#weight = parts.weight;
    this.#readers = parts.readers;
  }

  /**
   * The time of the block that ends at the end of the log, milliseconds since the epoch, even if that block has left the
   * log. The time is 0 if nothing was ever logged.
   */
  get endTimeMs(): number {
    return this.#extent.endTimeMs;
  }

  /**
   * The approximate size of the blocks in (from, to], bytes. Blocks that an open did not read count once `scrub` has
   * read them.
   */
  bytesBetween(from: number, to: number): number {
    return this.#weight.between(Math.max(from, this.#extent.base.offset), to);
  }

  /** Bytes of all blocks appended since the log was opened, replay included. */
  get appendedBytes(): number {
    return this.#weight.appendedBytes;
  }

  /**
   * The running checksum at a block's end.
   * @throws HeadwaterError `corrupt` if nothing vouches for it.
   */
  async checksumAt(offset: number): Promise<ChecksumLookup> {
    if (offset === this.#extent.end.offset) return this.#extent.end.checksum;
    if (offset > this.#extent.end.offset) return 'beyond';
    if (offset === this.#extent.base.offset) return this.#extent.base.checksum;
    if (offset < this.#extent.base.offset) return 'trimmed';
    const recent = this.#tail.holding(offset);
    if (recent) return recent.lastOffset === offset ? recent.checksum : 'not_a_boundary';
    const { base } = this.#extent;
    const checksum = await this.#extent.unlessRaised(base, () => provenChecksumAt(this.#db, base, offset));
    if (offset < this.#extent.base.offset) return 'trimmed';
    // The base was raised meanwhile, but not beyond `offset`: the block is still there.
    if (checksum === undefined && base !== this.#extent.base) return await this.checksumAt(offset);
    return checksum ?? 'not_a_boundary';
  }

  /**
   * Returns the time of the block that ends at `offset`, milliseconds since the epoch.
   * @throws HeadwaterError `not_a_boundary`, `trimmed`, or `corrupt`.
   */
  async timeAt(offset: number): Promise<number> {
    if (offset === this.#extent.end.offset) return this.#extent.endTimeMs;
    if (offset === this.#extent.base.offset) return this.#extent.baseTimeMs;
    if (offset < this.#extent.base.offset) throw this.#extent.trimmed(offset);
    const { base } = this.#extent;
    const block =
      this.#tail.holding(offset) ??
      (await this.#extent.unlessRaised(base, () => provenBlockAt(this.#db, base, offset)));
    if (block?.lastOffset === offset) return block.timeMs;
    if (base !== this.#extent.base) return await this.timeAt(offset);
    throw new HeadwaterError('not_a_boundary', `no block of the log ends at offset ${offset}`);
  }

  /** The running checksum at a block's end, if it is in memory; undefined if it is not, or if no block ends there. */
  knownChecksumAt(offset: number): number | undefined {
    if (offset === this.#extent.end.offset) return this.#extent.end.checksum;
    if (offset === this.#extent.base.offset) return this.#extent.base.checksum;
    const recent = this.#tail.holding(offset);
    if (recent) return recent.lastOffset === offset ? recent.checksum : undefined;
    return this.#extent.lineage.rows.find((row) => row.firstOffset === offset + 1)?.checksum;
  }

  /** The time of the command right after `offset`, milliseconds since the epoch; undefined if it is not in memory. */
  knownTimeAfter(offset: number): number | undefined {
    return this.#tail.holding(offset + 1)?.timeMs;
  }

  /**
   * The last end of a block at or before `offset`.
   * @throws HeadwaterError `trimmed`.
   */
  async boundaryUpTo(offset: number): Promise<Position> {
    this.#readers.assertOpen();
    if (offset >= this.#extent.end.offset) return this.#extent.end;
    const { base } = this.#extent;
    const holding = this.#tail.holding(offset);
    const recent = holding?.lastOffset === offset ? holding : holding && this.#tail.holding(holding.firstOffset - 1);
    if (recent) return recent.position;
    const found = offset < base.offset ? undefined : await provenBlockUpTo(this.#db, base, offset);
    // The block may have been trimmed meanwhile.
    if (offset < this.#extent.base.offset) throw this.#extent.trimmed(offset);
    return found?.position ?? base;
  }
}
