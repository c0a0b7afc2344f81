/**
 * Holds writes of unary calls until the writer's queue has room. Each write has been received completely, so the
 * waiting writes need a bound too. Beyond the bound a write is refused at once, and its client may try again.
 */
import { HeadwaterError } from '../base/errors.js';
import { QUEUE_WAIT_MS_MAX, STREAM_QUEUE_BYTES_MAX, TOTAL_QUEUE_BYTES_MAX } from '../base/limits.js';
import type { Caller } from './caller.js';

/** The part of the writer's queue that a waiting write needs. */
export interface Queue {
  readonly queuedBytes: number;
  /** Resolves when `queuedBytes` is at most `bytes`, or `signal` aborts. */
  whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void>;
}

export class QueueRoom {
  readonly #queue: Queue;
  #waitingBytes = 0;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  /**
   * Resolves when the queue has room for `bytes`.
   * @throws HeadwaterError `overloaded`, or the reason why the call has ended.
   */
  async for(bytes: number, call: Pick<Caller, 'signal' | 'cancelled'>): Promise<void> {
    const below = Math.max(0, TOTAL_QUEUE_BYTES_MAX - bytes);
    if (this.#queue.queuedBytes <= below) return;
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > STREAM_QUEUE_BYTES_MAX)
      throw new HeadwaterError(
        'overloaded',
        `the write was refused: the queue is full, and ${this.#waitingBytes} bytes of writes wait for it already. Try again later`,
      );
    this.#waitingBytes += bytes;
    try {
      await this.#queue.whenQueueBelow(below, AbortSignal.any([call.signal, AbortSignal.timeout(QUEUE_WAIT_MS_MAX)]));
    } finally {
      this.#waitingBytes -= bytes;
    }
    if (call.cancelled) throw call.cancelled;
    if (this.#queue.queuedBytes <= below) return;
    throw new HeadwaterError(
      'overloaded',
      `the write was refused: the queue was full for ${QUEUE_WAIT_MS_MAX} ms. Try again later`,
    );
  }
}
