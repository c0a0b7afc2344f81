/**
 * The most recent blocks, kept in memory for cursors that are nearly level. Streaming to a follower that keeps up never
 * reads the disk. The tail is bounded in bytes, and evicts the oldest blocks first. log.ts fills it and reads from it,
 * and lookup.ts looks there first.
 */
import { Fifo } from '../base/fifo.js';
import { invariant } from '../base/invariant.js';
import { firstIndex } from '../base/search.js';
import type { Block } from './block.js';

export class Tail {
  readonly bytesMax: number;
  readonly #blocks = new Fifo<Block>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  push(block: Block): void {
    const { last } = this.#blocks;
    invariant(!last || last.lastOffset + 1 === block.firstOffset, 'the tail is contiguous');
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
    while (this.#bytes > this.bytesMax && this.#blocks.length > 1)
      this.#bytes -= (this.#blocks.shift() as Block).bytes.length;
  }

  /** Bytes of the blocks in the tail: at most the bound, or the last block alone. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Bytes of all blocks that the tail refers to. If this differs from `bytes`, the tail keeps blocks that it has
   * dropped.
   */
  get referencedBytes(): number {
    return this.#blocks.referenced().reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /**
   * The blocks right after `offset`, at least one and about `bytesMax` bytes of them; undefined if the tail does not
   * reach back so far.
   */
  after(offset: number, bytesMax: number): Block[] | undefined {
    let index = this.#indexOf(offset + 1);
    if (index === undefined) return undefined;
    const found: Block[] = [];
    for (let bytes = 0; index < this.#blocks.length && bytes < bytesMax; index++) {
      const block = this.#blocks.at(index) as Block;
      found.push(block);
      bytes += block.bytes.length;
    }
    return found;
  }

  /** The block that holds `offset`, if it is in the tail. */
  holding(offset: number): Block | undefined {
    const index = this.#indexOf(offset);
    return index === undefined ? undefined : this.#blocks.at(index);
  }

  #indexOf(offset: number): number | undefined {
    const blocks = this.#blocks;
    const index = firstIndex(blocks.length, (at) => (blocks.at(at) as Block).lastOffset >= offset);
    const block = index < blocks.length ? blocks.at(index) : undefined;
    return block && block.firstOffset <= offset ? index : undefined;
  }
}
