/**
 * What a feed has asked its follower to acknowledge: each block is asked for
 * once, with the block itself where somebody waits already, else afterwards.
 */
import type { Awaited } from '../progress/acknowledgements.js';

export interface AcknowledgementRequest {
  /** As soon as it is appended. */
  readonly acknowledge: boolean;
  /** As soon as it is durable. */
  readonly sync: boolean;
}

export class AcknowledgementRequests {
  /** Up to these offsets it has been asked. */
  #appended = 0;
  #synced = 0;

  /** Of blocks about to be sent. */
  with(firstOffset: number, lastOffset: number, awaited: Awaited): AcknowledgementRequest {
    const ask = { acknowledge: awaited.appended >= firstOffset, sync: awaited.synced >= firstOffset };
    this.#note(lastOffset, ask);
    return ask;
  }

  /**
   * Of what was sent before, up to `sentOffset`.
   * @param known what the follower has said already.
   * @returns undefined where there is nothing to ask.
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
