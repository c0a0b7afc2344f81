/**
 * Requests for acknowledgements that a feed has sent to its follower. Each
 * block is asked for once: with the block itself if somebody waits already,
 * else later.
 */
import type { Awaited } from '../progress/awaited-offsets.js';

export interface AcknowledgementRequest {
  /** Asks for an acknowledgement as soon as the blocks are appended. */
  readonly acknowledge: boolean;
  /** Asks for an acknowledgement as soon as the blocks are durable. */
  readonly sync: boolean;
}

export class AcknowledgementRequests {
  /** The offsets up to which the follower has been asked. */
  #appended = 0;
  #synced = 0;

  /** The request to send along with the blocks of this range. */
  with(firstOffset: number, lastOffset: number, awaited: Awaited): AcknowledgementRequest {
    const ask = { acknowledge: awaited.appended >= firstOffset, sync: awaited.synced >= firstOffset };
    this.#note(lastOffset, ask);
    return ask;
  }

  /**
   * The request about blocks sent before, up to `sentOffset`.
   * @param known the follower's last acknowledgement.
   * @returns undefined if there is nothing to ask.
   */
  after(
    sentOffset: number,
    awaited: Awaited,
    known: { readonly appendedOffset: number; readonly durableOffset: number } | undefined,
  ): AcknowledgementRequest | undefined {
    const acknowledge = Math.min(awaited.appended, sentOffset) > Math.max(this.#appended, known?.appendedOffset ?? 0);
    const sync = Math.min(awaited.synced, sentOffset) > Math.max(this.#synced, known?.durableOffset ?? 0);
    if (!acknowledge && !sync) return undefined;
    const ask = { acknowledge, sync };
    this.#note(sentOffset, ask);
    return ask;
  }

  #note(offset: number, { acknowledge, sync }: AcknowledgementRequest): void {
    if (acknowledge) this.#appended = offset;
    if (sync) this.#synced = offset;
  }
}
