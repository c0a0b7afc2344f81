/**
 * A reader of the log at its own pace: a feed, a watch, an archive. It holds a
 * position and nothing else, so a slow one costs no memory, and the writer does
 * not know that it exists. Every block is verified against the one before it
 * before it is handed out, whether it came from memory or from disk: a damaged
 * block is never shipped. A cursor that meets a gap ends; it never skips.
 */
import type { Block } from './block.js';
import type { Log, Pin } from './log.js';

export class Cursor {
  readonly #log: Log;
  readonly #pin: Pin | undefined;
  #offset: number;
  #checksum: number;

  /**
   * Stands at a block's end. One that is pinned, for somebody, keeps what it has
   * not read from being trimmed, for as long as it is open, or until that has
   * become too much.
   */
  constructor(log: Log, at: { offset: number; checksum: number }, options: { pinnedFor?: string } = {}) {
    this.#log = log;
    this.#offset = at.offset;
    this.#checksum = at.checksum;
    this.#pin = options.pinnedFor === undefined ? undefined : log.pin(at.offset, options.pinnedFor);
  }

  get offset(): number {
    return this.#offset;
  }

  get checksum(): number {
    return this.#checksum;
  }

  /**
   * The next blocks, about `bytesMax` bytes of them and at least one where there
   * is one; none at the end of the log (`Log.whenBeyond` tells when it goes on).
   * @throws HeadwaterError `trimmed`, `not_a_boundary`, `chain_broken`, or the
   *   reason for which the log was closed.
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
    if (this.#pin) this.#log.unpin(this.#pin);
  }
}
