/**
 * The commands that have not been sent, in the order in which they go. Commands that were sent before and certainly not
 * done come first.
 */
import type { HeadwaterError } from '../base/errors.js';
import { Fifo } from '../base/fifo.js';
import { BATCH_BYTES_TARGET, QUEUE_ENDED_MIN } from '../base/limits.js';
import { sameGuarantees } from './guarantees.js';
import type { PendingCommand } from './pending-command.js';

export class CommandQueue {
  #again: PendingCommand[] = [];
  readonly #queue = new Fifo<PendingCommand>();
  /** Bytes of the queued commands whose callers still wait. */
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
    pending.place = 'queued';
    this.#queue.push(pending);
    this.#bytes += pending.bytes;
  }

  /** Queues a command to be sent once more, after those that were put back before it. */
  putBack(pending: PendingCommand): void {
    if (pending.settled) return;
    pending.place = 'queued';
    this.#again.push(pending);
    this.#bytes += pending.bytes;
  }

  /**
   * Notes that a command has ended by its own deadline or signal. If the command is in the queue, it takes up no memory
   * from then on.
   */
  ended(pending: PendingCommand): void {
    if (pending.place !== 'queued') return;
    this.#bytes -= pending.bytes;
    pending.forget();
    this.#ended++;
    const count = this.#again.length + this.#queue.length;
    if (this.#ended >= QUEUE_ENDED_MIN && this.#ended * 2 > count) this.#settle(() => {});
  }

  /**
   * Takes commands for about one message. Returns an empty list only if the queue holds no command but given-up ones. A
   * large command goes alone.
   */
  take(): PendingCommand[] {
    if (this.#again.length > 0) this.#merge();
    const batch: PendingCommand[] = [];
    let bytes = 0;
    for (let pending = this.#queue.at(0); pending; pending = this.#queue.at(0)) {
      if (bytes > 0 && bytes + pending.bytes > BATCH_BYTES_TARGET) break;
      // The guarantees of a message apply to all of its commands.
      if (bytes > 0 && !sameGuarantees(pending.guarantees, batch[0]?.guarantees)) break;
      this.#queue.shift();
      if (pending.settled) {
        this.#ended--;
        continue;
      }
      this.#bytes -= pending.bytes;
      pending.place = 'outside';
      batch.push(pending);
      bytes += pending.bytes;
    }
    return batch;
  }

  /** Gives up all commands. */
  giveUp(reason: HeadwaterError): void {
    this.#settle((pending) => pending.giveUp(reason));
  }

  /**
   * Gives up late commands, as described at PendingCommand.
   * @param moves true if there is a connection, on which commands are on their way. Without one, all commands wait for
   * the same time.
   */
  expire(nowMs: number, timeoutMs: number, moves: boolean): void {
    this.#settle((pending) => pending.expire(nowMs, timeoutMs, moves ? pending.bytes : 0));
  }

  /** Rejects commands that a node has refused with `reason`, or with that node's own refusal. */
  refuse(reason: HeadwaterError | undefined): void {
    this.#settle((pending) => {
      const refusal = pending.retries?.refusal;
      if (refusal) pending.reject(reason ?? refusal);
    });
  }

  /** Removes settled commands. */
  #settle(look: (pending: PendingCommand) => void): void {
    this.#merge();
    const all = this.#queue.takeAll();
    // The queue is empty meanwhile, so commands that end now are not in it.
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
