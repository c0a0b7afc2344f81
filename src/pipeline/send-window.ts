/**
 * Sends over a stream with back-pressure. gRPC's `write` takes every message and keeps it in memory. So the bytes on
 * their way are counted here, and every writer to a stream waits here.
 */
import { REPLY_MESSAGE_BYTES_TARGET, SENDING_BYTES_MAX } from '../base/limits.js';
import type { Caller } from './caller.js';
import type { ReplyShare } from './reply-share.js';

/** The part of a user's limits that counts what the node sends. */
interface Spending {
  readonly isMetered: boolean;
  spend(operations: number, bytes: number): void;
}

interface Writable {
  write(bytes: Buffer, sent: () => void): boolean;
}

interface Waiter {
  readonly below: number;
  resolve(): void;
}

export class SendWindow {
  readonly #stream: Writable;
  readonly #call: Pick<Caller, 'cancelled' | 'onCancelled'>;
  readonly #share: ReplyShare | undefined;
  /** The user who receives the bytes. A connection of a Redis client may change it. */
  usage: Spending | undefined;
  #bytes = 0;
  #waiting: Waiter[] = [];

  /**
   * @param share counts the bytes over all streams. Without a share nobody counts them.
   * @param usage counts the bytes for the limits of a user.
   */
  constructor(stream: Writable, call: Pick<Caller, 'cancelled' | 'onCancelled'>, share?: ReplyShare, usage?: Spending) {
    this.#stream = stream;
    this.#share = share;
    this.usage = usage;
    this.#call = call;
    call.onCancelled(() => this.#wake());
  }

  /** @returns false if the next message has to wait for `drained`. */
  write(bytes: Buffer): boolean {
    if (this.#call.cancelled) return true;
    this.#bytes += bytes.length;
    this.#share?.sending(bytes.length);
    if (this.usage?.isMetered) this.usage.spend(0, bytes.length);
    this.#stream.write(bytes, () => {
      this.#bytes -= bytes.length;
      this.#share?.sent(bytes.length);
      if (this.#waiting.length > 0) this.#wake();
    });
    return this.#bytes < SENDING_BYTES_MAX;
  }

  /** Bytes that are on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when there is room again, or when nobody reads any more. */
  drained(): Promise<void> {
    return this.below(SENDING_BYTES_MAX);
  }

  /** Resolves when fewer than `bytes` are on their way, or when nobody reads any more. */
  below(bytes: number): Promise<void> {
    if (this.#bytes < bytes || this.#call.cancelled) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ below: bytes, resolve }));
  }

  #wake(): void {
    const isOver = ({ below }: Waiter) => this.#bytes < below || this.#call.cancelled !== undefined;
    const over = this.#waiting.filter(isOver);
    if (over.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => !over.includes(waiter));
    for (const { resolve } of over) resolve();
  }
}

/**
 * Resolves when the memory of replies has room for another message of a stream, or when `signal` aborts. Only for a
 * stream whose next message is not made yet.
 */
export async function whenRoomForMessage(
  share: ReplyShare,
  sending: Pick<SendWindow, 'below'>,
  signal: AbortSignal,
): Promise<void> {
  if (share.hasRoom(REPLY_MESSAGE_BYTES_TARGET)) return;
  await sending.below(1);
  if (!share.hasRoom(REPLY_MESSAGE_BYTES_TARGET)) await share.whenRoom(REPLY_MESSAGE_BYTES_TARGET, signal);
}
