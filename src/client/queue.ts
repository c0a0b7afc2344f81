/**
 * The commands that have not been sent, in the order in which they go: those
 * that were sent before and certainly not done come first.
 */
import type { HeadwaterError } from '../base/errors.js';
import { Fifo } from '../base/fifo.js';
import { BATCH_BYTES_TARGET, QUEUE_ENDED_MIN } from '../base/limits.js';
import { sameGuarantees } from './guarantees.js';
import type { PendingCommand } from './pending-command.js';

export class CommandQueue {
  #again: PendingCommand[] = [];
  readonly #queue = new Fifo<PendingCommand>();
  /** Of those that wait for an answer. */
  #bytes = 0;
  /** Commands in the queue that have ended by their own deadline or signal. */
  #ended = 0;

  get isEmpty(): boolean {
    return this.#again.length === 0 && this.#queue.length === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(pending: PendingCommand): void {
    pending.queued = true;
    this.#queue.push(pending);
    this.#bytes += pending.bytes;
  }

  /** To be sent once more, after those that were put back before it. */
  putBack(pending: PendingCommand): void {
    if (pending.settled) return;
    pending.sent = false;
    pending.queued = true;
    this.#again.push(pending);
    this.#bytes += pending.bytes;
  }

  /** A command has ended by its own deadline or signal: if it is in the queue, it takes up nothing from then on. */
  ended(pending: PendingCommand): void {
    if (!pending.queued) return;
    this.#bytes -= pending.bytes;
    pending.forget();
    this.#ended++;
    const count = this.#again.length + this.#queue.length;
    if (this.#ended >= QUEUE_ENDED_MIN && this.#ended * 2 > count) this.#settle(() => {});
  }

  /** Up to about a message, and never nothing from a queue with anything in it but given-up commands; one large command goes alone. */
  take(): PendingCommand[] {
    if (this.#again.length > 0) this.#merge();
    const batch: PendingCommand[] = [];
    let bytes = 0;
    for (let pending = this.#queue.at(0); pending; pending = this.#queue.at(0)) {
      if (bytes > 0 && bytes + pending.bytes > BATCH_BYTES_TARGET) break;
      // What a message asks counts for all that is in it.
      if (bytes > 0 && !sameGuarantees(pending.guarantees, batch[0]?.guarantees)) break;
      this.#queue.shift();
      if (pending.settled) {
        this.#ended--;
        continue;
      }
      this.#bytes -= pending.bytes;
      pending.queued = false;
      batch.push(pending);
      bytes += pending.bytes;
    }
    return batch;
  }

  /** Gives up all. */
  giveUp(reason: HeadwaterError): void {
    this.#settle((pending) => pending.giveUp(reason));
  }

  /**
   * Gives up those that are late: see PendingCommand.
   * @param moves whether there is a connection, on which commands are on their way; else all wait for the same.
   */
  expire(nowMs: number, timeoutMs: number, moves: boolean): void {
    this.#settle((pending) => pending.expire(nowMs, timeoutMs, moves ? pending.bytes : 0));
  }

  /** A command that a node has refused fails with `reason`, or with that node's own words. */
  refuse(reason: HeadwaterError | undefined): void {
    this.#settle((pending) => {
      if (pending.refusal) pending.reject(reason ?? pending.refusal);
    });
  }

  /** Forgets whatever is settled. */
  #settle(look: (pending: PendingCommand) => void): void {
    this.#merge();
    const all = this.#queue.takeAll();
    // Those that end now are not in the queue any more.
    for (const pending of all) look(pending);
    const left = all.filter(({ settled }) => !settled);
    this.#queue.putBack(left);
    this.#bytes = left.reduce((bytes, pending) => bytes + pending.bytes, 0);
    this.#ended = 0;
  }

  #merge(): void {
    this.#queue.putBack(this.#again);
    this.#again = [];
  }
}
