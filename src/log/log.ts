/**
 * The log: all blocks still on disk, from its base to its end. The log is both the single source of truth and the
 * replication backlog. This file appends, publishes and reads; the other work is done by the parts that it hands out.
 *
 * Invariants: blocks are contiguous and chain from `base`. An offset is never used twice under one replication ID. Rows
 * of the lineage are on disk no later than the first block under them. Appends come one at a time. The log of a keyspace
 * that serves gets them from store/commit.ts alone.
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { TAIL_BYTES_MAX } from '../base/limits.js';
import type { Database } from '../disk/level.js';
import type { Lineage, LineageRow } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import type { Block } from './block.js';
import { Durable } from './durable.js';
import { Extent } from './extent.js';
import { LogHistory } from './history.js';
import { LogIntegrity } from './integrity.js';
import { Interludes } from './interludes.js';
import { LogLookup } from './lookup.js';
import { LogReaders } from './readers.js';
import { type Base, BLOCKS_TO, blockKey, encodeLineageRow, lineageKey, offsetOfKey } from './rows.js';
import { blockAt, provenBlockUpTo } from './stored-blocks.js';
import { Tail } from './tail.js';
import { LogTrimming } from './trimming.js';
import { Weight } from './weight.js';

export class Log {
  /** The readers that wait for more of the log, and the end of them all when the log closes. */
  readonly readers: LogReaders;
  /** Messages and marks between the blocks of this log. */
  readonly interludes: Interludes;
  /** The part of the log that would survive a power cut. */
  readonly durable: Durable;
  /** The histories that the log belongs to. */
  readonly history: LogHistory;
  /** Checksums, times and sizes at offsets. */
  readonly lookup: LogLookup;
  /** Pins, and the end of old blocks. */
  readonly trimming: LogTrimming;
  /** Recovery, checks and repairs. */
  readonly integrity: LogIntegrity;
  readonly #db: Database;
  readonly #extent: Extent;
  readonly #tail = new Tail(TAIL_BYTES_MAX);
  readonly #weight = new Weight();
  /** The end of the last append that was synced. The blocks up to there count as durable once they are published. */
  #syncedOffset = 0;

  private constructor(db: Database, extent: Extent) {
    this.#db = db;
    this.#extent = extent;
    this.readers = new LogReaders(extent);
    this.interludes = new Interludes({ extent, readers: this.readers });
    const parts = { db, extent, tail: this.#tail, weight: this.#weight, readers: this.readers };
    this.durable = new Durable(db, extent);
    this.history = new LogHistory({ ...parts, durable: this.durable, interludes: this.interludes });
    this.lookup = new LogLookup(parts);
    this.trimming = new LogTrimming(parts);
    this.integrity = new LogIntegrity({
      ...parts,
      trimming: this.trimming,
      publish: (block) => this.publish([block]),
    });
  }

  /**
   * Opens the log without looking at its blocks; `integrity.recover` must follow before anything else.
   * @throws HeadwaterError `corrupt` if the base row or a lineage row is damaged, or `unknown_format`.
   */
  static async open(db: Database): Promise<Log> {
    return new Log(db, await Extent.read(db));
  }

  /** Makes an empty log that begins right after a snapshot's position. */
  static async createAt(db: Database, base: Base, lineage: Lineage): Promise<Log> {
    return new Log(db, await Extent.createAt(db, base, lineage));
  }

  /** The position right before the first block. */
  get base(): Position {
    return this.#extent.base;
  }

  /** The position of the last block that readers may see. */
  get end(): Position {
    return this.#extent.end;
  }

  /**
   * Writes blocks that continue the log, and the lineage rows that they begin, in one batch. Readers see the blocks
   * once `publish` is called.
   */
  async append(blocks: readonly Block[], options: { sync: boolean; rows?: readonly LineageRow[] }): Promise<void> {
    this.readers.assertOpen();
    const [first] = blocks;
    invariant(first && first.firstOffset === this.end.offset + 1, `an append continues offset ${this.end.offset}`);
    const { sync, rows = [] } = options;
    if (blocks.length === 1 && rows.length === 0) {
      await this.#db.put(blockKey(first.lastOffset), first.bytes, { sync });
    } else {
      const batch = this.#db.batch();
      for (const row of rows) batch.put(lineageKey(row.firstOffset), encodeLineageRow(row));
      for (const block of blocks) batch.put(blockKey(block.lastOffset), block.bytes);
      await batch.write({ sync });
      for (const row of rows) this.#extent.lineage = this.#extent.lineage.with(row);
    }
    if (sync) this.#syncedOffset = (blocks[blocks.length - 1] as Block).lastOffset;
  }

  /**
   * Makes appended blocks visible. The caller wakes the readers with `readers.wake`, once the keyspace has the blocks
   * too.
   */
  publish(blocks: readonly Block[]): void {
    for (const block of blocks) {
      this.#tail.push(block);
      this.#weight.append(block.firstOffset - 1, block.lastOffset, block.bytes.length);
    }
    const last = blocks[blocks.length - 1] as Block;
    this.#extent.endAt(last.position, last.timeMs);
    if (this.#syncedOffset === last.lastOffset) this.durable.synced(last.lastOffset);
  }

  /**
   * Returns blocks right after `offset`, about `bytesMax` bytes of them, from memory if they are there; none at the end
   * of the log. The blocks are not verified: cursor.ts does that.
   * @throws HeadwaterError `trimmed` or `not_a_boundary`.
   */
  async read(offset: number, bytesMax: number): Promise<Block[]> {
    this.readers.assertOpen();
    if (offset < this.base.offset) throw this.#extent.trimmed(offset);
    if (offset >= this.end.offset) return [];
    const recent = this.#tail.after(offset, bytesMax);
    const blocks = recent ?? (await this.#readFromDisk(offset, bytesMax));
    const first = blocks[0];
    if (first?.firstOffset === offset + 1) return blocks;
    if (offset < this.base.offset) throw this.#extent.trimmed(offset);
    if (first && first.firstOffset <= offset) throw await this.#notABoundary(offset, first);
    throw new HeadwaterError(
      'corrupt',
      `the log holds no block from offset ${offset + 1}, though it reaches from ${this.base.offset + 1} to ${this.end.offset}. Run "headwater verify"`,
    );
  }

  async #readFromDisk(offset: number, bytesMax: number): Promise<Block[]> {
    const blocks: Block[] = [];
    let bytes = 0;
    const entries = this.#db.iterate({ gt: blockKey(offset), lt: BLOCKS_TO, highWaterMarkBytes: bytesMax });
    try {
      while (bytes < bytesMax) {
        const chunk = await entries.next(16);
        if (chunk.length === 0) break;
        for (const [key, value] of chunk) {
          const block = blockAt(offsetOfKey(key), value);
          if (block.lastOffset > this.end.offset || bytes >= bytesMax) return blocks;
          blocks.push(block);
          bytes += value.length;
        }
      }
    } finally {
      await entries.close();
    }
    return blocks;
  }

  /** @throws HeadwaterError `corrupt` if the block around `offset` is damaged. */
  async #notABoundary(offset: number, block: Block): Promise<HeadwaterError> {
    const { base } = this;
    await this.#extent.unlessRaised(base, () => provenBlockUpTo(this.#db, base, block.lastOffset));
    return new HeadwaterError(
      'not_a_boundary',
      `offset ${offset} lies inside the block ${block.firstOffset} to ${block.lastOffset}`,
    );
  }
}
