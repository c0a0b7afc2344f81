/**
 * Serves a pipeline, the hot path: batches of operations in, their replies out in the same order. Each batch is
 * submitted as it arrives, without waiting for the answer to the one before. Replies that are ready in the same turn
 * leave in one message.
 *
 * Invariants:
 * - Replies leave in the order of the operations. Every operation gets exactly one.
 * - A read sees the writes that its stream sent before it, and none that it sent after.
 * - A stream may end with an error of the node, a stop or a refusal. Then no unanswered operation has been done, and
 *   the error says so.
 *
 * A stream that sends faster than the store works, or than its client reads, is not read any further. The bytes stay
 * with the client. Replies can be far larger than their requests, and their size is known only when they are made. So
 * batches are cut by the size of the replies that came before. Reads beside the writer are answered in pieces, each
 * when the one before is sent. All streams share the memory of replies (reply-memory.ts). A stream asks for no more than
 * there is memory for.
 *
 * Guarantees of a message hold up the messages behind it in the same stream. Freshness does so before the message is
 * submitted, so that the order stays. Durability does so after: the messages behind are submitted, but their answers
 * have to wait. The time of each message runs from its arrival. Messages that wait for freshness behind each other wait
 * together, not one after another.
 */
import type { Guard } from '../access/grant.js';
import type { Clock } from '../base/clock.js';
import { HeadwaterError, outcomeUnknown, shuttingDown } from '../base/errors.js';
import { JointTasks } from '../base/joint-tasks.js';
import {
  FRESH_WAIT_BYTES_MAX,
  FRESH_WITHIN_MS_MAX,
  QUEUE_WAIT_MS_MAX,
  STREAM_QUEUE_BYTES_MAX,
  TOTAL_QUEUE_BYTES_MAX,
} from '../base/limits.js';
import type { Limits } from '../commands/view.js';
import type { DurabilityWanted } from '../model/durability.js';
import type { FreshnessWanted } from '../model/guarantees.js';
import type { Operation, Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { errorReply } from '../model/reply-size.js';
import { publicError, withNothingDone } from '../protobuf/error.js';
import type { DecodedOperation, DecodedPipelineRequest } from '../protobuf/pipeline.js';
import { type Asked, allRefused, type Batch, batchesOf, isDone, merged } from './batch.js';
import { BatchesInHand } from './batches-in-hand.js';
import type { Caller } from './caller.js';
import type { CommandTap } from './monitors.js';
import type { NodeGuarantees } from './node-guarantees.js';
import type { Output } from './output.js';
import { ReplyBudget } from './reply-budget.js';
import type { ReplyShare } from './reply-share.js';
import type { SendWindow } from './send-window.js';

/** The parts of a node that all its pipelines share. */
export interface PipelineSurroundings {
  readonly clock: Clock;
  readonly tap: CommandTap;
}

/** Operations that arrived together, in the form of a protocol. */
export interface Message {
  /** Bytes of the message. */
  readonly length: number;
}

/** The stream of one client, in the form of a protocol. */
export interface PipelineStream<M extends Message> {
  readonly call: Pick<Caller, 'peer' | 'signal' | 'onCancelled' | 'onStopping' | 'report'>;
  /** The memory of the replies, undefined if nothing counts it. */
  readonly share: ReplyShare | undefined;
  /** Bytes that are on their way to the client. */
  readonly sending: Pick<SendWindow, 'bytes' | 'below'>;
  /** `onMessage` receives every message in order. `onEnd` runs when the client has sent its last. */
  receive(onMessage: (message: M) => void, onEnd: () => void): void;
  /** @throws HeadwaterError if the message is malformed, which ends the pipeline. */
  decode(message: M): DecodedPipelineRequest;
  /**
   * The reason why nothing of this message is carried out, undefined if it is. Asked once for each message, which then
   * counts for the limits of its user.
   */
  refusal(operations: readonly DecodedOperation[], bytes: number): HeadwaterError | undefined;
  /** Looks at each operation, if the rights of the client do not allow all. Asked once for each message. */
  guard?(): Guard | undefined;
  /** Runs `task` if there is no memory for the next message. */
  onRefused(task: (reason: HeadwaterError) => void): void;
  /** Notes that the messages received so far are gone, or are counted elsewhere. */
  taken(): void;
  /** Counts the bytes of messages that are submitted and not answered. */
  inHand(bytes: number): void;
  /** Stops reading. */
  pause(): void;
  resume(): void;
  /** @param onDrained called when the client has read what `send` had to wait for. */
  output(onDrained: () => void): Output;
}

export interface PipelineStore {
  readonly limits: Limits;
  /** The reason why this node, which has led, may answer no write any more. Undefined if it may. */
  readonly guards?: { readonly termOver: HeadwaterError | undefined };
  /** Bytes of operations that wait for the writer, of all streams. */
  readonly queuedBytes: number;
  /** Resolves when `queuedBytes` is at most `bytes`, or `signal` aborts. */
  whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void>;
  /**
   * Resolves with one reply per operation, in order. A refusal of a single operation is a reply. With `ordered`, the
   * operations run behind all writes submitted before, even if all only read. If all only read, and without `ordered`,
   * the last ones may get no reply yet, because the others have about `replyBytesMax`. The first always gets one.
   */
  submit(
    operations: readonly Operation[],
    options: { bytes: number; ordered: boolean; replyBytesMax?: number },
  ): Promise<{ replies: Reply[]; position: Position }>;
}

/** The flushes of all pipelines, since a block may answer many of them. */
const FLUSHES = new JointTasks((run) => process.nextTick(run));

/** The most batches of reads that are submitted and not answered. A small request can have a large reply. */
const READS_IN_HAND_MAX = 64;

export function runPipeline<M extends Message>(
  stream: PipelineStream<M>,
  store: PipelineStore,
  guarantees: NodeGuarantees,
  surroundings: PipelineSurroundings,
): Promise<void> {
  return new Pipeline(stream, store, guarantees, surroundings).run();
}

class Pipeline<M extends Message> {
  readonly #stream: PipelineStream<M>;
  readonly #store: PipelineStore;
  readonly #guarantees: NodeGuarantees;
  readonly #clock: Clock;
  readonly #tap: CommandTap;
  /**
   * Batches received and not yet submitted. While there are any, the stream is not read, unless the first waits for
   * freshness.
   */
  readonly #waiting: Batch[] = [];
  #waitingBytes = 0;
  readonly #inHand = new BatchesInHand();
  readonly #output: Output;
  readonly #budget: ReplyBudget;
  #abandoned = false;
  #flushing = false;
  /**
   * The end of the input, once the stream is read no more: the client has sent its last message, or an error occurred.
   */
  #last: { failure: HeadwaterError | undefined } | undefined;
  #awaitingQueue = false;
  #cancelWait: (() => void) | undefined;
  #settle!: { resolve: () => void; reject: (failure: unknown) => void };

  constructor(
    stream: PipelineStream<M>,
    store: PipelineStore,
    guarantees: NodeGuarantees,
    { clock, tap }: PipelineSurroundings,
  ) {
    this.#stream = stream;
    this.#store = store;
    this.#guarantees = guarantees;
    this.#clock = clock;
    this.#tap = tap;
    this.#output = stream.output(() => this.#flush());
    this.#budget = new ReplyBudget(stream.share, stream.sending, () => {
      if (!this.#abandoned) this.#flush();
    });
  }

  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      const { call } = this.#stream;
      this.#stream.receive(
        (message) => this.#receive(message),
        () => this.#finish(undefined),
      );
      this.#stream.onRefused((reason) => this.#finish(reason));
      call.onCancelled(() => this.#abandon());
      call.onStopping(() => this.#finish(shuttingDown()));
    });
  }

  // ---- in -------------------------------------------------------------------

  #receive(message: M): void {
    if (this.#last) return;
    let request: DecodedPipelineRequest;
    try {
      request = this.#stream.decode(message);
    } catch (error) {
      this.#finish(HeadwaterError.from(error));
      return;
    }
    if (this.#tap.isOpen) this.#tap.saw(this.#stream.call, request.operations);
    const { freshness } = this.#guarantees;
    const came = { bytes: message.length, clock: this.#clock };
    const { guarantees } = request;
    const leaderOnly = guarantees instanceof HeadwaterError ? false : guarantees?.leaderOnly;
    const ofReads = freshness.refusal ?? (leaderOnly ? freshness.notLeading : undefined);
    const ofAll = this.#stream.refusal(request.operations, message.length);
    const refusals = { ofAll, ofReads, guard: this.#stream.guard?.() };
    for (const batch of batchesOf(request, came, this.#store.limits, refusals)) {
      this.#waiting.push(batch);
      this.#waitingBytes += batch.bytes;
    }
    this.#submitWaiting();
  }

  #submitWaiting(): void {
    while (this.#waiting.length > 0) {
      const { asked, writes } = this.#waiting[0] as Batch;
      if (asked?.guarantees.freshness && asked.fresh !== 'fresh') {
        if (asked.fresh instanceof HeadwaterError) {
          this.#refuseFirst(asked.fresh);
          continue;
        }
        if (asked.fresh === 'unknown') this.#awaitFreshness(asked, asked.guarantees.freshness, writes);
        this.#readAhead();
        return;
      }
      const [batch, rest] = this.#budget.cut(this.#waiting[0] as Batch);
      if (!this.#admits(batch)) {
        this.#stream.pause();
        return;
      }
      this.#stopWait();
      if (rest) this.#waiting[0] = rest;
      else this.#waiting.shift();
      this.#waitingBytes -= batch.bytes;
      this.#submit(batch);
    }
    this.#stream.taken();
    if (!this.#last) this.#stream.resume();
  }

  /**
   * Reads on while the first message waits for freshness. The messages behind it arrive meanwhile, and their time runs.
   */
  #readAhead(): void {
    if (this.#last) return;
    if (this.#waitingBytes < FRESH_WAIT_BYTES_MAX) this.#stream.resume();
    else this.#stream.pause();
  }

  // ---- guarantees -------------------------------------------------------------

  #awaitFreshness(asked: Asked, wanted: FreshnessWanted, writes: boolean): void {
    asked.fresh = 'asked';
    const goOn = (fresh: Asked['fresh']) => {
      asked.fresh = fresh;
      asked.freshMs = this.#clock.monotonicMs() - asked.arrivedMs;
      if (!this.#abandoned) this.#submitWaiting();
    };
    // The message has waited behind others already, so only the rest of its time is left.
    const waitedMs = this.#clock.monotonicMs() - asked.arrivedMs;
    const withinMs = Math.max(0, (wanted.withinMs || FRESH_WITHIN_MS_MAX) - waitedMs);
    this.#guarantees.freshness.whenFresh(wanted, { writes, withinMs, signal: this.#stream.call.signal }).then(
      () => goOn('fresh'),
      (failure) => {
        this.#stream.call.report(failure);
        goOn(publicError(failure));
      },
    );
  }

  #refuseFirst(reason: HeadwaterError): void {
    const batch = this.#waiting.shift() as Batch;
    this.#waitingBytes -= batch.bytes;
    this.#inHand.add(batch);
    this.#answered(batch, allRefused(batch, reason));
  }

  /**
   * Answers when the batch's writes are as durable as asked, or when the durability that they have reached is final.
   */
  #assure(batch: Batch, replies: Reply[], position: Position, wanted: DurabilityWanted): void {
    const sinceMs = this.#clock.monotonicMs();
    this.#guarantees.durability.reach(position, wanted, this.#stream.call.signal).then(
      (reached) => {
        batch.reached = reached;
        batch.assuredMs = this.#clock.monotonicMs() - sinceMs;
        this.#answered(batch, replies);
      },
      (failure) => {
        batch.assuredMs = this.#clock.monotonicMs() - sinceMs;
        this.#stream.call.report(failure);
        const refusal = errorReply(publicError(failure));
        this.#answered(
          batch,
          replies.map((reply, i) => (isDone(reply, batch.accepted[i] as Operation) ? refusal : reply)),
        );
      },
    );
  }

  /** True if the batch may be submitted now. If not, a later event checks again. */
  #admits(batch: Batch): boolean {
    const { bytes, writes } = batch;
    const { reads, rests } = this.#inHand;
    // Reads do not queue behind each other, so a write could get ahead of one.
    if (writes && reads > 0) return false;
    if (!writes && reads >= READS_IN_HAND_MAX) return false;
    if (!writes && reads > 0 && !this.#budget.hasSeenReads) return false;
    // The client sends faster than it reads.
    if (this.#output.isWaiting || rests > 0) return false;
    if (!this.#budget.hasRoomFor(batch)) {
      if (this.#budget.isWaiting) this.#startWait();
      return false;
    }
    if (this.#inHand.bytes > 0 && this.#inHand.bytes + bytes > STREAM_QUEUE_BYTES_MAX) {
      this.#startWait();
      return false;
    }
    const { queuedBytes } = this.#store;
    if (queuedBytes > 0 && queuedBytes + bytes > TOTAL_QUEUE_BYTES_MAX) {
      this.#startWait();
      this.#awaitQueue(Math.max(0, TOTAL_QUEUE_BYTES_MAX - bytes));
      return false;
    }
    return true;
  }

  #submit(batch: Batch): void {
    this.#inHand.add(batch);
    this.#stream.inHand(this.#inHand.bytes);
    if (batch.accepted.length === 0) this.#answered(batch, []);
    else this.#ask(batch, batch.writes || this.#inHand.writes > 0);
  }

  #ask(batch: Batch, ordered: boolean): void {
    this.#budget.expect(batch);
    this.#store.submit(batch.accepted, { bytes: batch.bytes, ordered, replyBytesMax: this.#budget.stepBytes }).then(
      ({ replies, position }) => {
        batch.position = position;
        const wanted = batch.asked?.guarantees.durability;
        // A refused operation gains nothing by waiting.
        const anyDone =
          wanted && batch.writes && replies.some((reply, i) => isDone(reply, batch.accepted[i] as Operation));
        if (wanted && anyDone) this.#assure(batch, replies, position, wanted);
        else this.#answered(batch, replies);
      },
      (failure) => {
        this.#stream.call.report(failure);
        this.#answered(batch, allRefused(batch, publicError(failure)));
      },
    );
  }

  // ---- queues that stay full ------------------------------------------------

  #startWait(): void {
    this.#cancelWait ??= this.#clock.after(QUEUE_WAIT_MS_MAX, () => this.#refuseWaiting());
  }

  #awaitQueue(bytes: number): void {
    if (this.#awaitingQueue) return;
    this.#awaitingQueue = true;
    const goOn = () => {
      this.#awaitingQueue = false;
      this.#submitWaiting();
    };
    this.#store.whenQueueBelow(bytes, this.#stream.call.signal).then(goOn, goOn);
  }

  #stopWait(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }

  /** Refuses all waiting batches. None of them has begun, so their clients may try again. */
  #refuseWaiting(): void {
    this.#cancelWait = undefined;
    const message = `the queues were full for ${QUEUE_WAIT_MS_MAX} ms. Try again later`;
    const overloaded = new HeadwaterError('overloaded', message);
    this.#waitingBytes = 0;
    for (const batch of this.#waiting.splice(0)) {
      this.#inHand.add(batch);
      this.#answered(batch, allRefused(batch, overloaded));
    }
    this.#submitWaiting();
  }

  // ---- out ------------------------------------------------------------------

  #answered(asked: Batch, answers: readonly Reply[]): void {
    const expectedBytes = asked.replyBytes;
    const batch = this.#inHand.answered(asked, answers);
    this.#stream.inHand(this.#inHand.bytes);
    batch.replies = batch.refused ? merged(answers, batch.refused) : answers;
    this.#budget.made(batch, expectedBytes);
    if (this.#flushing) return;
    this.#flushing = true;
    // The flush follows the microtasks of this turn, in which a block answers all streams whose operations it holds.
    FLUSHES.add(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    // Replies that stand behind others in order may leave long after the commit path has looked at the term.
    const over = this.#store.guards?.termOver;
    if (over) this.#inHand.refuseWrites(errorReply(outcomeUnknown(over.message, { cause: over })));
    let isMore: boolean;
    do {
      isMore = this.#inHand.moveTo(this.#output);
      if (!this.#output.isWaiting && this.#output.send()) this.#budget.sent(this.#inHand.aheadBytes);
    } while (isMore && !this.#output.isWaiting);
    this.#askForRest();
    if (this.#waiting.length > 0) this.#submitWaiting();
    this.#settleWhenDone();
  }

  /**
   * Submits the rest of a batch when all before it has been sent. No writes have been submitted since, because they
   * wait for reads.
   */
  #askForRest(): void {
    const head = this.#inHand.first;
    if (!head?.isRest || this.#output.isWaiting || this.#abandoned) return;
    const [batch, rest] = this.#budget.cut(head);
    if (!this.#budget.isStuck && !this.#budget.hasRoomFor(batch)) return;
    this.#inHand.beginRest(batch, rest);
    this.#ask(batch, false);
  }

  // ---- the end --------------------------------------------------------------

  /** Stops reading. The operations that were received are answered first. */
  #finish(failure: HeadwaterError | undefined): void {
    if (this.#last) return;
    this.#last = { failure };
    this.#stream.pause();
    this.#settleWhenDone();
  }

  #settleWhenDone(): void {
    if (!this.#last || this.#waiting.length + this.#inHand.length + this.#output.length > 0) return;
    this.#stopWait();
    if (this.#last.failure) this.#settle.reject(withNothingDone(this.#last.failure));
    else this.#settle.resolve();
  }

  /** Ends the stream without answers, since nobody receives them. Submitted operations are carried out. */
  #abandon(): void {
    this.#abandoned = true;
    this.#stopWait();
    this.#budget.end();
    this.#last ??= { failure: undefined };
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#output.clear();
    this.#settle.resolve();
  }
}
