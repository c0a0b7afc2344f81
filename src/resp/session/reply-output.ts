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
import { type Batch, waitOf, withWritesRefused } from '../../pipeline/batch.js';
import { Output } from '../../pipeline/output.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Asked, Known } from '../command.js';
import { sentenceOf } from '../replies/refusal.js';

/** A command that was sent to the pipeline: one that is answered, or a taker of the reply. */
type Pending = Asked | Collected;

interface Collected {
  readonly collect: (reply: Reply) => void;
}

/** A command that was begun: one that was sent to the pipeline, one that is done, or the sentence of a refusal. */
export type Sent = Pending | Known | string;

const SILENT: Sent = { collect() {} };
const SILENT_KNOWN: Sent = { write() {} };

/** The most known replies that wait for others. The session goes on when all have left. */
const KNOWN_MAX = 4096;

/** Tells whether the reply needs nothing of the store. */
export function isKnown(sent: Sent): sent is Known | string {
  return typeof sent === 'string' || (sent as Partial<Known>).write !== undefined;
}

function isCollected(sent: Pending): sent is Collected {
  return (sent as Partial<Collected>).collect !== undefined;
}

/** The command in its place, if the client does not want its reply. */
export function silent(sent: Sent): Sent {
  return isKnown(sent) ? SILENT_KNOWN : SILENT;
}

/** The connection that the replies leave by. */
export interface OutputConnection {
  readonly out: ReplyWriter;
  /** Sends what was written. @returns false if the next replies have to wait for `drained`. */
  flush(): boolean;
  drained(): Promise<void>;
  /** Notes the position of answered commands. */
  saw(position: Position, options: { readonly writes: boolean }): void;
  /** Notes the time that answered commands waited for the guarantees of their client. */
  guaranteed(ms: number): void;
  /** Ends the connection, since a reply could not be written as its command wants it. */
  fail(failure: unknown): void;
  /** Called when replies were written. */
  answered(): void;
  /** Called when no command is unanswered any more. */
  onIdle(): void;
}

export class ReplyOutput extends Output {
  readonly #connection: OutputConnection;
  /** The commands that are not answered. Known replies leave with the next reply of the store, before or behind. */
  readonly #sent = new Fifo<Sent>();
  /** How many of them are not known. */
  #pending = 0;
  /** True if the client has to read known replies before the session goes on. */
  #isHeldUp = false;
  /** True once nobody receives replies any more. Commands that were submitted before are answered all the same. */
  #isOver = false;

  constructor(connection: OutputConnection, onDrained: () => void) {
    super(onDrained);
    this.#connection = connection;
  }

  /** The number of commands that were sent and are not answered. */
  get unanswered(): number {
    return this.#sent.length;
  }

  /** True if the session should begin no more commands before `onIdle`. */
  get isLaden(): boolean {
    return this.#isHeldUp || this.#sent.length - this.#pending > KNOWN_MAX;
  }

  /** True if every command that was sent is answered. */
  get isIdle(): boolean {
    return this.#sent.length === 0;
  }

  /** Notes a command, with the way to write its reply. */
  expect(sent: Sent): void {
    this.#sent.push(sent);
    if (!isKnown(sent)) this.#pending++;
  }

  /** Sends known replies at once if no reply of the store is to come that they could leave with. */
  settle(): void {
    if (this.#pending > 0) return;
    this.#writeKnown(this.#connection.out);
    this.#connection.answered();
    if (this.#connection.flush()) return;
    this.#isHeldUp = true;
    this.wait(this.#connection.drained());
  }

  override add(batch: Batch): boolean {
    if (this.#isOver) return true;
    const { position, writes, reached } = batch;
    this.push(reached?.reached === false ? withoutSafety(batch, reached) : batch.replies);
    if (position) this.#connection.saw(position, { writes });
    if (batch.asked) this.#connection.guaranteed(waitOf(batch));
    return true;
  }

  override send(): boolean {
    try {
      const hasAny = this.length > 0 || this.#isHeldUp;
      this.#isHeldUp = false;
      const isAllSent = super.send();
      if (hasAny) this.#connection.answered();
      if (hasAny && isAllSent && this.isIdle) this.#connection.onIdle();
      return isAllSent;
    } catch (failure) {
      // A part of the reply may be written, so the replies behind it would be out of step.
      this.clear();
      this.#connection.fail(failure);
      return true;
    }
  }

  protected override sendFrom(replies: readonly Reply[], first: number): number {
    const { out } = this.#connection;
    let next = first;
    while (next < replies.length && out.bytes < REPLY_MESSAGE_BYTES_TARGET) {
      this.#write(out, replies[next++] as Reply);
    }
    if (!this.#connection.flush()) this.wait(this.#connection.drained());
    return next;
  }

  #write(out: ReplyWriter, reply: Reply): void {
    this.#writeKnown(out);
    const sent = this.#sent.shift() as Pending;
    this.#pending--;
    if (isCollected(sent)) sent.collect(reply);
    else if (reply.kind !== 'error') sent.answer(out, reply);
    else out.error(sent.sentence?.(reply.error) ?? sentenceOf(reply.error, sent.operation));
    // No other reply may come for a while.
    this.#writeKnown(out);
  }

  /** Writes the known replies that stand first. */
  #writeKnown(out: ReplyWriter): void {
    for (let sent = this.#sent.at(0); sent !== undefined && isKnown(sent); sent = this.#sent.at(0)) {
      this.#sent.shift();
      if (typeof sent === 'string') out.error(sent);
      else sent.write(out);
    }
  }

  override clear(): void {
    super.clear();
    this.#isOver = true;
    this.#sent.takeAll();
    this.#pending = 0;
    this.#connection.answered();
  }
}

/** The replies, with an error in the place of each write that is done and has not become as durable as its client wants it. */
function withoutSafety(batch: Batch, reached: DurabilityReached): Reply[] {
  const isUnsafe = (reply: Reply, operation: Operation) => isWrite(operation) && hasWritten(reply);
  return withWritesRefused(batch, errorReply(notReached(reached)), isUnsafe);
}

/** False for a write that was refused, or whose condition did not hold. */
function hasWritten(reply: Reply): boolean {
  if (reply.kind === 'error') return false;
  if (reply.kind === 'transact') return reply.committed;
  return !('applied' in reply) || reply.applied;
}
