/**
 * The batches of a pipeline that are submitted, in order, until their replies leave. A rest among them is the part of
 * a batch whose replies were too large for one step. The rest is submitted when all before it has been sent.
 */
import type { Reply } from '../model/operation.js';
import { type Batch, split, withWritesRefused } from './batch.js';
import type { Output } from './output.js';

export class BatchesInHand {
  #batches: Batch[] = [];
  /** Bytes of the requests that are not answered. */
  bytes = 0;
  /** Batches that are not answered: those that only read, and the others. */
  reads = 0;
  writes = 0;
  /** Rests that wait for their turn. Replies behind them could not leave. */
  rests = 0;

  get length(): number {
    return this.#batches.length;
  }

  /** Undefined if nothing is in hand. */
  get first(): Batch | undefined {
    return this.#batches[0];
  }

  add(batch: Batch): void {
    this.#batches.push(batch);
    this.bytes += batch.bytes;
    if (batch.writes) this.writes++;
    else this.reads++;
  }

  /**
   * Notes the answers to a batch. If they are fewer than its operations, the rest takes the place behind them.
   * @returns the batch that is answered.
   */
  answered(asked: Batch, answers: readonly Reply[]): Batch {
    const batch = answers.length < asked.accepted.length ? this.#leaveRest(asked, answers.length) : asked;
    batch.answered = true;
    this.bytes -= batch.bytes;
    if (batch.writes) this.writes--;
    else this.reads--;
    return batch;
  }

  #leaveRest(batch: Batch, count: number): Batch {
    const [first, rest] = split(batch, count);
    first.position = batch.position;
    this.#put(this.#batches.indexOf(batch), first, rest);
    return first;
  }

  /** Takes the first batch, a rest, out of the rests. Only its part `first` is submitted if there is a `rest`. */
  beginRest(first: Batch, rest: Batch | undefined): void {
    if (rest) this.#put(0, first, rest);
    first.isRest = false;
    this.rests--;
  }

  #put(index: number, first: Batch, rest: Batch): void {
    rest.isRest = true;
    this.#batches.splice(index, 1, first, rest);
    this.reads++;
    this.rests++;
  }

  /** Puts a refusal in the place of each write that is done, and whose reply has not left. */
  refuseWrites(refusal: Reply): void {
    for (const batch of this.#batches) {
      if (batch.answered && batch.writes) batch.replies = withWritesRefused(batch, refusal);
    }
  }

  /**
   * Moves answered batches, in order, to the output.
   * @returns true if there are more that no message can share with these.
   */
  moveTo(output: Output): boolean {
    let done = 0;
    let isMore = false;
    for (const batch of this.#batches) {
      if (!batch.answered) break;
      isMore = !output.add(batch);
      if (isMore) break;
      done++;
    }
    if (done > 0) this.#batches.splice(0, done);
    return isMore;
  }

  /** Bytes of the replies to batches that were answered ahead of their turn. */
  get aheadBytes(): number {
    return this.#batches.reduce((bytes, batch) => bytes + (batch.answered ? batch.replyBytes : 0), 0);
  }
}
