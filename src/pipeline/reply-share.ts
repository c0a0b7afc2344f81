/** The replies of one stream or call in the memory of all replies: see reply-memory.ts. */
import type { HeadwaterError } from '../base/errors.js';
import { REPLYING_STEP_BYTES_MAX } from '../base/limits.js';
import type { ConnectionBytes } from './connection-bytes.js';

/** The stream or call that has a share. */
export interface Replier {
  /** Bytes that the connection has sent so far. A large reply leaves in many pieces. */
  readonly connectionBytes: number;
  /** Ends the stream with `reason`. The stream closes its share when its bytes are gone. */
  end(reason: HeadwaterError): void;
}

/** The memory of all replies, as a share needs it. */
export interface ShareOwner {
  /** Bytes of replies that a stream makes at a time. */
  readonly stepBytes: number;
  hasRoom(share: ReplyShare, bytes: number): boolean;
  /** The bytes of the share have changed by `by`. */
  changed(share: ReplyShare, by: number): void;
  /** Calls `goOn` when there is memory for `bytes`. The returned function ends the wait. */
  wait(share: ReplyShare, bytes: number, goOn: () => void): () => void;
  /** The share holds nothing any more, and is not used again. */
  closed(share: ReplyShare): void;
}

/** The replies of one stream or call. */
export class ReplyShare {
  readonly connection: ConnectionBytes;
  readonly #memory: ShareOwner;
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

  constructor(memory: ShareOwner, connection: ConnectionBytes, replier: Replier) {
    this.#memory = memory;
    this.connection = connection;
    this.#replier = replier;
  }

  get bytes(): number {
    return this.#madeBytes + this.#sendingBytes;
  }

  /** Bytes of replies to be made at a time. */
  get stepBytes(): number {
    return this.#memory.stepBytes;
  }

  hasRoom(bytes: number): boolean {
    return this.#isClosed || this.#memory.hasRoom(this, bytes);
  }

  /** Sets the bytes that are being made, or are made and not on their way. */
  making(bytes: number): void {
    if (this.#isClosed || bytes === this.#madeBytes) return;
    const by = bytes - this.#madeBytes;
    this.#madeBytes = bytes;
    this.#memory.changed(this, by);
  }

  /** Adds bytes that are now on their way. */
  sending(bytes: number): void {
    if (this.#isClosed || bytes === 0) return;
    this.#sendingBytes += bytes;
    this.#memory.changed(this, bytes);
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
    this.#memory.changed(this, -bytes);
  }

  /**
   * Calls `goOn` when there is memory for `bytes`. The returned function ends the wait. Only for a share that holds
   * nothing.
   */
  wait(bytes: number, goOn: () => void): () => void {
    return this.#memory.wait(this, bytes, goOn);
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
    this.#memory.closed(this);
    if (bytes > 0) this.#memory.changed(this, -bytes);
  }

  // ---- for the memory of replies ----------------------------------------------

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
