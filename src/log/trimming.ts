/**
 * The start of the log, and how it moves up: pins hold it, its size and its age ask for it (store/retention.ts), a trim
 * moves it, and LevelDB gives the space back afterwards.
 */
import { HeadwaterError } from '../base/errors.js';
import type { Database } from '../disk/level.js';
import type { Position } from '../model/position.js';
import { lastBlockBefore } from './age.js';
import type { Block } from './block.js';
import type { Extent } from './extent.js';
import type { LogReaders } from './readers.js';
import { BLOCKS_FROM, blockKey } from './rows.js';
import { provenBlockAfter, provenBlockUpTo, settle } from './stored-blocks.js';
import type { Weight } from './weight.js';

/** A pin keeps a stretch of the log from being trimmed. */
export interface Pin {
  /** The pin keeps everything after this offset. */
  offset: number;
  /** The user of the pin, in words for people. */
  readonly holder: string;
  /**
   * Called when the log releases the pin because the pin keeps too much. If this is set, the owner of the pin gives the
   * warnings before that.
   * @returns whether anybody loses data by it, so that the release has to be reported.
   */
  readonly letGo?: (() => boolean) | undefined;
}

export class LogTrimming {
  readonly #db: Database;
  readonly #extent: Extent;
  readonly #weight: Weight;
  readonly #readers: LogReaders;
  readonly #pins = new Set<Pin>();
  /** The time of the first block, as long as the log begins at `base`. */
  #oldest: { readonly base: Position; readonly timeMs: number } | undefined;

  constructor(parts: { db: Database; extent: Extent; weight: Weight; readers: LogReaders }) {
    this.#db = parts.db;
    this.#extent = parts.extent;
    this.#weight = parts.weight;
    this.#readers = parts.readers;
  }

  /**
   * Keeps everything after `offset` from being trimmed until the pin is released.
   * @param holder the user of the pin, in words for people.
   * @param letGo see Pin.
   */
  pin(offset: number, holder: string, letGo?: () => boolean): Pin {
    const pin = { offset, holder, letGo };
    this.#pins.add(pin);
    return pin;
  }

  unpin(pin: Pin): void {
    this.#pins.delete(pin);
  }

  /** The lowest pinned offset: nothing after it may be trimmed; infinite without pins. */
  get pinnedOffset(): number {
    return Math.min(...[...this.#pins].map((pin) => pin.offset));
  }

  /** The pins that keep something before `offset` from being trimmed. */
  pinsBefore(offset: number): Pin[] {
    return [...this.#pins].filter((pin) => pin.offset < offset);
  }

  /** The offset up to which blocks can go so that about `bytes` of log stay; not always a block's end. */
  offsetBefore(bytes: number): number {
    const excess = this.#weight.between(this.#extent.base.offset, this.#extent.end.offset) - bytes;
    return excess > 0 ? this.offsetBehind(excess) : this.#extent.base.offset;
  }

  /** The offset about `bytes` of log behind the start, or the end of the log; not always a block's end. */
  offsetBehind(bytes: number): number {
    return Math.min(this.#extent.end.offset, this.#weight.offsetBehind(this.#extent.base.offset, bytes));
  }

  /**
   * Gives up the blocks up to `through`, rounded down to a block's end and to the pins. The caller is responsible for
   * the checkpoint, which must not be before `through`. The file system has the space back after `reclaim`.
   * @returns the offset that the log now begins after.
   * @throws HeadwaterError `corrupt` if the block that would be the base is damaged or does not chain from the one
   * before. The log is unchanged then.
   */
  async trim(through: number): Promise<number> {
    this.#readers.assertOpen();
    const wanted = Math.min(through, this.pinnedOffset, this.#extent.end.offset);
    if (wanted <= this.#extent.base.offset) return this.#extent.base.offset;
    const block = await this.#newBase(wanted);
    // The pins and the base may have changed while the disk was read.
    if (!block || block.lastOffset > this.pinnedOffset || block.lastOffset <= this.#extent.base.offset)
      return this.#extent.base.offset;
    await this.#extent.raise({ position: block.position, timeMs: block.timeMs });
    this.#weight.forget(block.lastOffset);
    return block.lastOffset;
  }

  /**
   * Has LevelDB write its memory to a file of its own before much is trimmed. Otherwise `reclaim` would rewrite the
   * data that share a file with deletions.
   */
  async settle(): Promise<void> {
    this.#readers.assertOpen();
    await settle(this.#db);
  }

  /**
   * Gives the space of trimmed blocks back to the file system. LevelDB rewrites all data that share a file with them,
   * at every level. So a call pays off only for much at a time. A call for all of it at once would last too long, since
   * LevelDB cannot be closed meanwhile.
   */
  async reclaim(): Promise<void> {
    this.#readers.assertOpen();
    if (this.#extent.base.offset > 0) await this.#db.compact(BLOCKS_FROM, blockKey(this.#extent.base.offset));
  }

  /**
   * The time of the first block, milliseconds since the epoch; undefined if there is no block.
   * @throws HeadwaterError `corrupt`.
   */
  async oldestTimeMs(): Promise<number | undefined> {
    this.#readers.assertOpen();
    const { base } = this.#extent;
    if (base.offset === this.#extent.end.offset) return undefined;
    if (this.#oldest?.base !== base) {
      const timeMs = await this.#extent.unlessRaised(
        base,
        async () => (await provenBlockAfter(this.#db, base))?.timeMs,
      );
      if (timeMs === undefined) return undefined;
      this.#oldest = { base, timeMs };
    }
    return this.#oldest.timeMs;
  }

  /**
   * The end of the last block at or before `through` that was written before `timeMs`, milliseconds since the epoch. If
   * there is no such block, the result is the base's offset.
   * @throws HeadwaterError `corrupt` if damage hides the answer.
   */
  async offsetWrittenBefore(timeMs: number, through: number): Promise<number> {
    this.#readers.assertOpen();
    const { base } = this.#extent;
    const upTo = Math.min(through, this.#extent.end.offset);
    const block = await this.#extent.unlessRaised(base, () => lastBlockBefore(this.#db, base, upTo, timeMs));
    return Math.max(block?.lastOffset ?? 0, this.#extent.base.offset);
  }

  /** Has LevelDB rewrite all data in (from, to], without the rows that were deleted or replaced there. */
  async compact(from: number, to: number): Promise<void> {
    await this.#db.compact(from <= 1 ? BLOCKS_FROM : blockKey(from), blockKey(to));
  }

  /** The block that a trim to `offset` makes the base: its checksum will judge everything after it. */
  async #newBase(offset: number): Promise<Block | undefined> {
    const { base } = this.#extent;
    try {
      return await this.#extent.unlessRaised(base, () => provenBlockUpTo(this.#db, base, offset));
    } catch (cause) {
      if (!HeadwaterError.is(cause, 'corrupt')) throw cause;
      throw new HeadwaterError(
        'corrupt',
        `${this.#db.location}: the log cannot be trimmed to offset ${offset}: ${cause.message}`,
        { cause },
      );
    }
  }
}
