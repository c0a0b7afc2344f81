/**
 * The replies of a pipeline whose turn it is to be sent. Replies that are ready in the same turn leave together, in the
 * form of a protocol.
 */
import type { Reply } from '../model/operation.js';
import type { Batch } from './batch.js';

export abstract class Output {
  /** True while replies wait for the client to read. */
  isWaiting = false;
  readonly #onDrained: () => void;
  #replies: Reply[] = [];

  /** @param onDrained called when the client has read what `send` had to wait for. */
  constructor(onDrained: () => void) {
    this.#onDrained = onDrained;
  }

  /** Replies that are added and not sent. */
  get length(): number {
    return this.#replies.length;
  }

  /** Adds the replies of a batch. @returns false if they cannot leave together with those that are here. */
  abstract add(batch: Batch): boolean;

  /** Sends until the client has to read first. @returns true if everything was sent. */
  send(): boolean {
    let next = 0;
    while (next < this.#replies.length && !this.isWaiting) next = this.sendFrom(this.#replies, next);
    this.#replies = this.#replies.slice(next);
    return this.#replies.length === 0;
  }

  /** Drops the replies, since nobody receives them. */
  clear(): void {
    this.#replies = [];
  }

  protected push(replies: readonly Reply[]): void {
    for (const reply of replies) this.#replies.push(reply);
  }

  /**
   * Sends a message with the replies from `first` on, and calls `wait` if the client has to read before the next.
   * @returns the place behind the last reply that was sent.
   */
  protected abstract sendFrom(replies: readonly Reply[], first: number): number;

  protected wait(drained: Promise<void>): void {
    this.isWaiting = true;
    void drained.then(() => {
      this.isWaiting = false;
      this.#onDrained();
    });
  }
}
