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

/** Bytes of replies that one connection holds. */
interface Connection {
  bytes: number;
}

/** The stream or call that has a share. */
export interface Replier {
  /** The same object for all streams of one connection. */
  readonly connection: object;
  /** Bytes that the connection has sent so far. A large reply leaves in many pieces. */
  readonly connectionBytes: number;
  /** Ends the stream with `reason`. The stream closes its share when its bytes are gone. */
  end(reason: HeadwaterError): void;
}

/** A stream without replies that waits for memory. */
interface Waiter {
  readonly share: Share;
  readonly bytes: number;
  goOn(): void;
}

export class Replying {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  #bytes = 0;
  readonly #connections = new WeakMap<object, Connection>();
  /** Streams that hold replies. */
  readonly #holders = new Set<Share>();
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

  open(replier: Replier): Share {
    const { connection } = replier;
    let account = this.#connections.get(connection);
    if (!account) {
      account = { bytes: 0 };
      this.#connections.set(connection, account);
    }
    return new Share(this, account, replier);
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
  hasRoom(share: Share, bytes: number): boolean {
    const { connection } = share;
    if (connection.bytes > 0 && connection.bytes + bytes > this.#bytesMax / 2) return false;
    if (share.bytes > 0) return share.bytes + bytes <= Math.min(REPLYING_STREAM_BYTES_MAX, this.#growthBytes);
    return this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax;
  }

  /** Called by a Share whose bytes have changed by `by`. */
  changed(share: Share, by: number): void {
    this.#bytes += by;
    share.connection.bytes += by;
    if (share.bytes === 0) this.#holders.delete(share);
    else if (share.bytes === by) this.#holders.add(share);
    if (by < 0 && this.#waiting.size > 0) this.#admitWaiting();
  }

  /** Calls `goOn` when there is memory for `bytes`. The returned function ends the wait. */
  wait(share: Share, bytes: number, goOn: () => void): () => void {
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
    for (const share of this.#holders) share.see(nowMs);
    this.#cancelLook?.();
    this.#cancelLook = this.#clock.after(REPLYING_LOOK_MS, () => this.#look());
  }

  #look(): void {
    this.#cancelLook = undefined;
    if (this.#waiting.size === 0) return;
    const nowMs = this.#clock.monotonicMs();
    const stalled = [...this.#holders].filter((share) => share.stalledMs(nowMs) >= REPLYING_STALL_MS_MAX);
    stalled.sort((one, other) => other.bytes - one.bytes);
    for (const { share, bytes } of this.#waiting) {
      let missing = bytes;
      for (const other of stalled) {
        if (missing <= 0 || this.hasRoom(share, bytes)) break;
        if (other.isEnding || !this.#isInTheWay(other, share, bytes)) continue;
        missing -= other.bytes;
        other.stop(
          new HeadwaterError(
            'overloaded',
            `others wait for memory, and the client read none of ${other.bytes} bytes of replies for ${REPLYING_STALL_MS_MAX} ms; read the replies while commands are sent`,
          ),
        );
      }
    }
    if (this.#waiting.size > 0) this.#cancelLook = this.#clock.after(REPLYING_LOOK_MS, () => this.#look());
  }

  #isInTheWay(holder: Share, waiting: Share, bytes: number): boolean {
    return holder.connection === waiting.connection || this.#bytes + bytes > this.#bytesMax;
  }
}

/** The replies of one stream or call. */
export class Share {
  readonly connection: Connection;
  readonly #replying: Replying;
  readonly #replier: Replier;
  /** Bytes of replies that are being made, or are made and not on their way. */
  #madeBytes = 0;
  /** Bytes on their way. */
  #sendingBytes = 0;
  /** Bytes that have left so far. `#seen` has the progress at the time when the share was last seen to move. */
  #leftBytes = 0;
  #seen: { readonly progress: number; readonly ms: number } | undefined;
  /** True if the replies leave as one message, whose parts nobody counts. */
  #isOneMessage = false;
  #isClosed = false;
  isEnding = false;

  constructor(replying: Replying, connection: Connection, replier: Replier) {
    this.#replying = replying;
    this.connection = connection;
    this.#replier = replier;
  }

  get bytes(): number {
    return this.#madeBytes + this.#sendingBytes;
  }

  /** Bytes of replies to be made at a time. */
  get stepBytes(): number {
    return this.#replying.stepBytes;
  }

  hasRoom(bytes: number): boolean {
    return this.#isClosed || this.#replying.hasRoom(this, bytes);
  }

  /** Sets the bytes that are being made, or are made and not on their way. */
  making(bytes: number): void {
    if (this.#isClosed || bytes === this.#madeBytes) return;
    const by = bytes - this.#madeBytes;
    this.#madeBytes = bytes;
    this.#replying.changed(this, by);
  }

  /** Adds bytes that are now on their way. */
  sending(bytes: number): void {
    if (this.#isClosed || bytes === 0) return;
    this.#sendingBytes += bytes;
    this.#replying.changed(this, bytes);
  }

  /** Notes that the one reply of a call is made. The bytes are gone when the call is closed. */
  replied(bytes: number): void {
    this.#isOneMessage = true;
    this.making(0);
    this.sending(bytes);
  }

  /** Notes that `bytes` have left. */
  sent(bytes: number): void {
    if (this.#isClosed || bytes === 0) return;
    this.#leftBytes += bytes;
    this.#sendingBytes -= bytes;
    this.#replying.changed(this, -bytes);
  }

  /**
   * Calls `goOn` when there is memory for `bytes`. The returned function ends the wait. Only for a share that holds
   * nothing.
   */
  wait(bytes: number, goOn: () => void): () => void {
    return this.#replying.wait(this, bytes, goOn);
  }

  /**
   * Takes memory for `bytes`. Resolves when there is some, or when `signal` aborts. Only for a share that holds
   * nothing.
   */
  whenRoom(bytes: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    if (this.hasRoom(bytes)) {
      this.making(bytes);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const end = () => {
        stopWaiting();
        resolve();
      };
      const stopWaiting = this.wait(bytes, () => {
        signal.removeEventListener('abort', end);
        this.making(bytes);
        resolve();
      });
      signal.addEventListener('abort', end, { once: true });
    });
  }

  /** Notes that the stream is closed and none of its bytes are left. */
  close(): void {
    const { bytes } = this;
    this.#madeBytes = 0;
    this.#sendingBytes = 0;
    this.#isClosed = true;
    if (bytes > 0) this.#replying.changed(this, -bytes);
  }

  // ---- for Replying -----------------------------------------------------------

  see(ms: number): void {
    this.#seen = { progress: this.#progress, ms };
  }

  /** Milliseconds since the client was last seen to read, or 0 if there is nothing to read. */
  stalledMs(nowMs: number): number {
    if (!this.#seen || this.#sendingBytes === 0 || this.#seen.progress !== this.#progress) this.see(nowMs);
    return nowMs - (this.#seen?.ms ?? nowMs);
  }

  get #progress(): number {
    const isLarge = this.#isOneMessage || this.#sendingBytes > REPLYING_STEP_BYTES_MAX;
    return this.#leftBytes + (isLarge ? this.#replier.connectionBytes : 0);
  }

  stop(reason: HeadwaterError): void {
    this.isEnding = true;
    this.#replier.end(reason);
  }
}
