/**
 * The replies of a pipeline to a Redis client. Replies carry no name of their command. So the commands wait here in the
 * order in which they were asked, and each reply is written as its command wants it.
 */
import type { DurabilityReached } from '../../base/error-details.js';
import { Fifo } from '../../base/fifo.js';
import { REPLY_MESSAGE_BYTES_TARGET } from '../../base/limits.js';
import { notReached } from '../../model/durability.js';
import type { Operation, Reply } from '../../model/operation.js';
import type { Position } from '../../model/position.js';
import { errorReply } from '../../model/reply-size.js';
import { isWrite } from '../../model/write-kinds.js';
import type { Batch } from '../../pipeline/batch.js';
import type { Output } from '../../pipeline/output.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Asked } from '../command.js';
import { sentenceOf } from '../replies/refusal.js';

/** A command that was sent to the pipeline: one that is answered, the sentence of a refusal, or a taker of the reply. */
export type Sent = Asked | string | { readonly collect: (reply: Reply) => void };

/** A command whose reply the client does not want. */
export const SILENT: Sent = { collect() {} };

/** The connection that the replies leave by. */
export interface OutputConnection {
  readonly out: ReplyWriter;
  /** Sends what was written. @returns false if the next replies have to wait for `drained`. */
  flush(): boolean;
  drained(): Promise<void>;
  /** Notes the position of answered commands. */
  saw(position: Position, options: { readonly writes: boolean }): void;
  /** Ends the connection, since a reply could not be written as its command wants it. */
  fail(failure: unknown): void;
  /** Called when no command is unanswered any more. */
  onIdle(): void;
}

export class ReplyOutput implements Output {
  readonly #connection: OutputConnection;
  readonly #onDrained: () => void;
  /** The commands that are not answered. */
  readonly #sent = new Fifo<Sent>();
  #replies: Reply[] = [];
  /** True while replies wait for the client to read. */
  isWaiting = false;
  /** True once nobody receives replies any more. Commands that were submitted before are answered all the same. */
  #isOver = false;

  constructor(connection: OutputConnection, onDrained: () => void) {
    this.#connection = connection;
    this.#onDrained = onDrained;
  }

  get length(): number {
    return this.#replies.length;
  }

  /** True if every command that was sent is answered. */
  get isIdle(): boolean {
    return this.#sent.length === 0;
  }

  /** Notes a command that is sent to the pipeline, with the way to write its reply. */
  expect(sent: Sent): void {
    this.#sent.push(sent);
  }

  add(batch: Batch): boolean {
    if (this.#isOver) return true;
    const { position, writes, reached } = batch;
    const replies = reached?.reached === false ? withoutSafety(batch, reached) : batch.replies;
    for (const reply of replies) this.#replies.push(reply);
    if (position) this.#connection.saw(position, { writes });
    return true;
  }

  send(): boolean {
    try {
      return this.#send();
    } catch (failure) {
      // A part of the reply may be written, so the replies behind it would be out of step.
      this.clear();
      this.#connection.fail(failure);
      return true;
    }
  }

  #send(): boolean {
    const { out } = this.#connection;
    let next = 0;
    while (next < this.#replies.length) {
      while (next < this.#replies.length && out.bytes < REPLY_MESSAGE_BYTES_TARGET) {
        this.#write(out, this.#replies[next++] as Reply);
      }
      if (this.#connection.flush()) continue;
      this.#wait();
      break;
    }
    if (next < this.#replies.length) {
      this.#replies.splice(0, next);
      return false;
    }
    this.#replies = [];
    if (next > 0 && this.isIdle) this.#connection.onIdle();
    return true;
  }

  #write(out: ReplyWriter, reply: Reply): void {
    const sent = this.#sent.shift() as Sent;
    if (typeof sent === 'string') out.error(sent);
    else if ('collect' in sent) sent.collect(reply);
    else if (reply.kind !== 'error') sent.answer(out, reply);
    else out.error(sent.sentence?.(reply.error) ?? sentenceOf(reply.error, sent.operation));
  }

  #wait(): void {
    this.isWaiting = true;
    void this.#connection.drained().then(() => {
      this.isWaiting = false;
      this.#onDrained();
    });
  }

  clear(): void {
    this.#isOver = true;
    this.#replies = [];
    this.#sent.takeAll();
  }
}

/** The replies, with an error in the place of each write that is done and has not become as durable as its client wants. */
function withoutSafety({ replies, accepted, refused }: Batch, reached: DurabilityReached): Reply[] {
  const unsafe = errorReply(notReached(reached));
  let next = 0;
  return replies.map((reply, index) => {
    if (refused?.has(index)) return reply;
    const isAsked = isWrite(accepted[next++] as Operation);
    return isAsked && hasWritten(reply) ? unsafe : reply;
  });
}

/** False for a write that was refused, or whose condition did not hold. */
function hasWritten(reply: Reply): boolean {
  if (reply.kind === 'error') return false;
  if (reply.kind === 'transact') return reply.committed;
  return !('applied' in reply) || reply.applied;
}
