/**
 * The memory that the replies of one pipeline take, and may take. Replies can be far larger than their requests, and
 * their size is known only when they are made. So a pipeline asks for no more than there is memory for, by the size of
 * the replies that came before.
 */
import { REPLYING_STEP_BYTES_MAX } from '../base/limits.js';
import { payloadBytes } from '../model/reply-size.js';
import type { Batch } from './batch.js';
import { ReplyBytes } from './reply-bytes.js';
import type { ReplyShare } from './reply-share.js';
import type { SendWindow } from './send-window.js';

export class ReplyBudget {
  readonly #share: ReplyShare | undefined;
  readonly #sending: Pick<SendWindow, 'bytes' | 'below'>;
  readonly #goOn: () => void;
  readonly #estimate = new ReplyBytes();
  /** Bytes of replies that are made and not sent. */
  #unsentBytes = 0;
  /** Bytes expected of replies that are requested and not made. */
  #expectedBytes = 0;
  #isAwaitingReader = false;
  #stopWaiting: (() => void) | undefined;

  /**
   * @param share undefined if nobody counts the replies.
   * @param goOn called when there may be memory that was missing.
   */
  constructor(share: ReplyShare | undefined, sending: Pick<SendWindow, 'bytes' | 'below'>, goOn: () => void) {
    this.#share = share;
    this.#sending = sending;
    this.#goOn = goOn;
  }

  /** Bytes of replies to be made at a time. */
  get stepBytes(): number {
    return this.#share?.stepBytes ?? REPLYING_STEP_BYTES_MAX;
  }

  /** True once the size of replies of reads is no guess. */
  get hasSeenReads(): boolean {
    return this.#estimate.hasSeenReads;
  }

  /** True while the pipeline, which holds no replies, waits for those of others to leave. */
  get isWaiting(): boolean {
    return this.#stopWaiting !== undefined;
  }

  /** True if replies that were answered ahead of their turn are all that is left. They leave only behind the others. */
  get isStuck(): boolean {
    return this.#unsentBytes > 0 && this.#expectedBytes === 0 && this.#sending.bytes === 0;
  }

  /** Returns the batch, or two if its replies would have more than `stepBytes`. A single operation cannot be cut. */
  cut(batch: Batch): [first: Batch, rest?: Batch] {
    return batch.accepted.length > 1 ? this.#estimate.cut(batch, this.stepBytes) : [batch];
  }

  /** True if there is memory for the replies. If not, `goOn` is called when there may be some. */
  hasRoomFor(batch: Batch): boolean {
    const share = this.#share;
    const bytes = this.#estimate.expectedOf(batch);
    if (!share || share.hasRoom(bytes)) {
      this.end();
      return true;
    }
    // Replies that are still being made cause another check once they are ready.
    if (share.bytes > 0) this.#awaitReader();
    else
      this.#stopWaiting ??= share.wait(bytes, () => {
        this.#stopWaiting = undefined;
        this.#goOn();
      });
    return false;
  }

  #awaitReader(): void {
    if (this.#isAwaitingReader || this.#sending.bytes === 0) return;
    this.#isAwaitingReader = true;
    void this.#sending.below(this.#sending.bytes).then(() => {
      this.#isAwaitingReader = false;
      this.#goOn();
    });
  }

  /** Counts the replies to a batch that is submitted. */
  expect(batch: Batch): void {
    batch.replyBytes = this.#estimate.expectedOf(batch);
    this.#expectedBytes += batch.replyBytes;
    this.#count();
  }

  /** Counts the replies of an answered batch instead of those that were expected of it, or of what it is a part of. */
  made(batch: Batch, expectedBytes: number): void {
    this.#expectedBytes -= expectedBytes;
    batch.replyBytes = 0;
    for (const reply of batch.replies) batch.replyBytes += payloadBytes(reply);
    this.#estimate.note(batch);
    this.#unsentBytes += batch.replyBytes;
    this.#count();
  }

  /** Notes that all replies whose turn it was have been sent. @param aheadBytes those of the others. */
  sent(aheadBytes: number): void {
    this.#unsentBytes = aheadBytes;
    this.#count();
  }

  #count(): void {
    this.#share?.making(this.#unsentBytes + this.#expectedBytes);
  }

  /** Ends the wait for memory. */
  end(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }
}
