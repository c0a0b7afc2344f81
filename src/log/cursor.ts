/**
 * A reader of the log at its own pace: a feed, a watch, an archive. A cursor holds only a position, so a slow one costs
 * no memory, and the writer does not know that it exists. Every block, from memory or from disk, is verified against
 * its predecessor before it is handed out. So a damaged block is never shipped. A cursor that meets a gap ends and
 * never skips.
 */
import type { Block } from './block.js';
import type { Log } from './log.js';
import type { Pin } from './trimming.js';

export class Cursor {
  readonly #log: Pick<Log, 'read' | 'trimming'>;
  readonly #pin: Pin | undefined;
  #offset: number;
  #checksum: number;

  /**
   * Begins at a block's end. A pinned cursor keeps all blocks that it has not read from being trimmed. The pin holds
   * until the cursor closes or the log releases the pin because it keeps too much.
   */
  constructor(
    log: Pick<Log, 'read' | 'trimming'>,
    at: { offset: number; checksum: number },
    options: { pinnedFor?: string } = {},
  ) {
    this.#log = log;
    this.#offset = at.offset;
    this.#checksum = at.checksum;
    this.#pin = options.pinnedFor === undefined ? undefined : log.trimming.pin(at.offset, options.pinnedFor);
  }

  get offset(): number {
    return this.#offset;
  }

  get checksum(): number {
    return this.#checksum;
  }

  /**
   * Returns the next blocks, about `bytesMax` bytes of them, and at least one if there is one. At the end of the log it
   * returns none (`LogReaders.whenBeyond` resolves when the log grows).
   * @throws HeadwaterError `trimmed`, `not_a_boundary`, `chain_broken`, or the reason for which the log was closed.
   */
  async poll(bytesMax: number): Promise<Block[]> {
    const blocks = await this.#log.read(this.#offset, bytesMax);
    for (const block of blocks) {
      block.verifyAfter(this.#offset, this.#checksum);
      this.#offset = block.lastOffset;
      this.#checksum = block.checksum;
    }
    if (this.#pin) this.#pin.offset = this.#offset;
    return blocks;
  }

  close(): void {
    if (this.#pin) this.#log.trimming.unpin(this.#pin);
  }
}
