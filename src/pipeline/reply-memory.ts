/**
 * The memory of replies that are being made, and of replies that clients have not read yet. A reply can be far larger
 * than its request, and a client that sends commands need not read, in any number of streams.
 *
 * Before a stream makes replies, it checks whether there is memory for them. Without memory the stream takes no more
 * requests, so these stay with the client. A stream that holds replies checks again when the client has read some. A
 * stream that holds none waits here, in the order of arrival, for the replies of others to leave.
 *
 * While a stream waits, another stream is ended if it holds replies and its client reads nothing. No stream is ended if
 * there is memory for all.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  REPLYING_GROWTH_BYTES_MAX,
  REPLYING_LOOK_MS,
  REPLYING_STALL_MS_MAX,
  REPLYING_STEP_BYTES_MAX,
  REPLYING_STEP_BYTES_MIN,
  REPLYING_STREAM_BYTES_MAX,
  REPLYING_STREAM_PART,
} from '../base/limits.js';
import { ConnectionAccounts } from './connection-bytes.js';
import { type Replier, ReplyShare, type ShareOwner } from './reply-share.js';

/** A stream without replies that waits for memory. */
interface Waiter {
  readonly share: ReplyShare;
  readonly bytes: number;
  goOn(): void;
}

export class ReplyMemory implements ShareOwner {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  #bytes = 0;
  readonly #connections = new ConnectionAccounts();
  /** The shares of all open streams and calls. Every message changes one of them, so they are not sorted by what they hold. */
  readonly #shares = new Set<ReplyShare>();
  /** Waiting streams in the order of arrival. */
  readonly #waiting = new Set<Waiter>();
  #isAdmitting = false;
  #cancelLook: (() => void) | undefined;

  constructor(clock: Clock, bytesMax: number) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param connection the same object for all streams of one connection. */
  open(connection: object, replier: Replier): ReplyShare {
    const share = new ReplyShare(this, this.#connections.of(connection), replier);
    this.#shares.add(share);
    return share;
  }

  closed(share: ReplyShare): void {
    this.#shares.delete(share);
  }

  /** Bytes of replies that a stream makes at a time, fewer if others hold much. */
  get stepBytes(): number {
    const bytes = this.#growthBytes;
    return Math.min(REPLYING_STEP_BYTES_MAX, Math.max(REPLYING_STEP_BYTES_MIN, bytes));
  }

  get #growthBytes(): number {
    return Math.max(0, (REPLYING_GROWTH_BYTES_MAX - this.#bytes) * REPLYING_STREAM_PART);
  }

  /**
   * True if there is memory. Replies that are alone, in their connection or in all, are never too large. Otherwise
   * nobody could ever read them.
   */
  hasRoom(share: ReplyShare, bytes: number): boolean {
    const { connection } = share;
    if (connection.bytes > 0 && connection.bytes + bytes > this.#bytesMax / 2) return false;
    if (share.bytes > 0) return share.bytes + bytes <= Math.min(REPLYING_STREAM_BYTES_MAX, this.#growthBytes);
    return this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax;
  }

  /** Called by a ReplyShare whose bytes have changed by `by`. */
  changed(share: ReplyShare, by: number): void {
    this.#bytes += by;
    share.connection.bytes += by;
    if (by < 0 && this.#waiting.size > 0) this.#admitWaiting();
  }

  /** Calls `goOn` when there is memory for `bytes`. The returned function ends the wait. */
  wait(share: ReplyShare, bytes: number, goOn: () => void): () => void {
    const waiter: Waiter = { share, bytes, goOn };
    this.#waiting.add(waiter);
    if (this.#waiting.size === 1) this.#beginLooking();
    return () => this.#waiting.delete(waiter);
  }

  /**
   * Admits waiting streams. Each takes its memory before the next is checked. A stream that waits for its own
   * connection holds up no other.
   */
  #admitWaiting(): void {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    for (const waiter of this.#waiting) {
      const { share, bytes } = waiter;
      if (this.hasRoom(share, bytes)) {
        this.#waiting.delete(waiter);
        waiter.goOn();
      } else if (this.#bytes + bytes > this.#bytesMax) break;
    }
    this.#isAdmitting = false;
  }

  // ---- clients that do not read ---------------------------------------------

  #beginLooking(): void {
    // A client that did not read while nobody waited did no harm.
    const nowMs = this.#clock.monotonicMs();
    for (const share of this.#shares) share.see(nowMs);
    this.#cancelLook?.();
    this.#cancelLook = this.#clock.after(REPLYING_LOOK_MS, () => this.#look());
  }

  #look(): void {
    this.#cancelLook = undefined;
    if (this.#waiting.size === 0) return;
    const nowMs = this.#clock.monotonicMs();
    const stalled = [...this.#shares].filter((share) => share.stalledMs(nowMs) >= REPLYING_STALL_MS_MAX);
    stalled.sort((one, other) => other.bytes - one.bytes);
    let excess = this.#excessBytes;
    for (const { share, bytes } of this.#waiting) {
      let missing = bytes + excess;
      excess = 0;
      for (const other of stalled) {
        if (missing <= 0 || this.hasRoom(share, bytes)) break;
        if (other.isEnding || !this.#isInTheWay(other, share, bytes)) continue;
        missing -= other.bytes;
        other.stop(
          new HeadwaterError(
            'overloaded',
            `other replies wait for memory, and the client read none of ${other.bytes} bytes of replies for ${REPLYING_STALL_MS_MAX} ms. Read replies while you send commands`,
          ),
        );
      }
    }
    if (this.#waiting.size > 0) this.#cancelLook = this.#clock.after(REPLYING_LOOK_MS, () => this.#look());
  }

  /** Bytes above the bound, since the sizes of first replies are guesses. Streams that end give theirs back soon. */
  get #excessBytes(): number {
    let bytes = this.#bytes - this.#bytesMax;
    for (const share of this.#shares) if (share.isEnding) bytes -= share.bytes;
    return Math.max(0, bytes);
  }

  #isInTheWay(holder: ReplyShare, waiting: ReplyShare, bytes: number): boolean {
    return holder.connection === waiting.connection || this.#bytes + bytes > this.#bytesMax;
  }
}
