/**
 * One pipeline stream, the hot path: batches of operations in, their replies
 * out in the same order. Each batch is submitted as it arrives, without
 * waiting for the answer to the one before; replies that are ready in the same
 * turn leave in one message.
 *
 * What must stay true: replies leave in the order of the operations; every
 * operation gets exactly one; a read sees the writes that its stream asked
 * for before it and none that it asked for after; when the stream ends with
 * `shutting_down`, what has not been answered has not been done.
 *
 * A stream that asks faster than the store works, or than its client reads, is
 * not read from any more: the bytes stay with the client. Replies can be far
 * larger than what asks for them, and how large is known only when they are
 * there: batches are cut by the size of the replies that came before, and reads
 * beside the writer are answered in pieces, each when the one before is sent.
 *
 * Guarantees that a message asks for hold up what comes behind it in the same
 * stream: freshness before it is submitted, so that order stays; durability
 * after it, when what comes behind is under way but its answers have to wait.
 */
import type { Clock } from '../clock.js';
import { isWrite, validate } from '../commands/execute.js';
import type { Limits } from '../commands/view.js';
import type { DurabilityReached, DurabilityWanted } from '../durability.js';
import { HeadwaterError } from '../errors.js';
import type { FreshnessWanted, Guarantees } from '../guarantees.js';
import {
  BLOCK_COMMANDS_MAX,
  QUEUE_WAIT_MS_MAX,
  REPLY_MESSAGE_BYTES_TARGET,
  STREAM_QUEUE_BYTES_MAX,
  TOTAL_QUEUE_BYTES_MAX,
} from '../limits.js';
import type { Operation, Reply } from '../operation.js';
import type { Position } from '../position.js';
import { publicError } from '../wire/error.js';
import { errorReply, payloadBytes } from '../wire/kv.js';
import {
  type DecodedOperation,
  type DecodedPipelineRequest,
  decodePipelineRequest,
  encodePipelineResponse,
} from '../wire/pipeline.js';
import type { NodeGuarantees } from './guarantees.js';
import type { DuplexCall } from './handler.js';

export interface PipelineStore {
  readonly limits: Limits;
  /** Bytes of operations that wait for the writer, of all streams. */
  readonly queuedBytes: number;
  /** Resolves when `queuedBytes` is at most `bytes`, or `signal` aborts. */
  whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void>;
  /**
   * One reply per operation, in order; refusals of single ones are replies.
   * With `ordered`, behind all writes submitted before, even if all only read.
   * Where all only read, and not `ordered`, the last ones may get no reply for
   * now, because the others have about `replyBytesMax`; the first always does.
   */
  submit(
    operations: readonly Operation[],
    options: { bytes: number; ordered: boolean; replyBytesMax?: number },
  ): Promise<{ replies: Reply[]; position: Position }>;
}

/** Operations submitted together; a message with more is cut, so that its replies do not have to be in memory all at once. */
const BATCH_OPERATIONS_MAX = BLOCK_COMMANDS_MAX;

/** Batches that read, submitted and not answered: a small question can have a large answer. */
const READS_IN_HAND_MAX = 64;

/** Reply bytes that a batch is cut to: some messages, so that cutting costs little. */
const BATCH_REPLY_BYTES_TARGET = 4 * REPLY_MESSAGE_BYTES_TARGET;

/** Taken for the bytes of a reply until the first have been seen. */
const REPLY_BYTES_UNSEEN = 8 * 1024;

interface Batch {
  readonly accepted: readonly Operation[];
  /** Operations that were refused on arrival, by their index in the batch; seldom any. */
  readonly refused: ReadonlyMap<number, Reply> | undefined;
  /** One per operation, in order, once it is answered. */
  replies: readonly Reply[];
  readonly bytes: number;
  readonly writes: boolean;
  /** What its message asked beside its operations. */
  readonly asked: Asked | undefined;
  position: Position | undefined;
  /** Where durability was asked, once it is answered: what was reached. */
  reached: DurabilityReached | undefined;
  answered: boolean;
  /** Of the replies: expected while it is submitted, counted once it is answered. */
  replyBytes: number;
  /** The rest of a batch that has been answered in part: to be submitted when its turn has come. */
  isRest: boolean;
}

/** Of one message, shared by its batches. */
interface Asked {
  readonly guarantees: Guarantees;
  /** How its freshness stands: looked at when its turn comes. */
  fresh: 'unknown' | 'asked' | 'fresh' | HeadwaterError;
}

export function servePipeline(
  stream: DuplexCall<Buffer, Buffer>,
  store: PipelineStore,
  guarantees: NodeGuarantees,
  clock: Clock,
): Promise<void> {
  return new Pipeline(stream, store, guarantees, clock).run();
}

class Pipeline {
  readonly #stream: DuplexCall<Buffer, Buffer>;
  readonly #store: PipelineStore;
  readonly #guarantees: NodeGuarantees;
  readonly #clock: Clock;
  /** Received, not submitted yet: while there are any, the stream is not read. */
  readonly #waiting: Batch[] = [];
  /** Submitted, in order. */
  #inHand: Batch[] = [];
  #inHandBytes = 0;
  #readsInHand = 0;
  #writesInHand = 0;
  /** Replies whose turn it is to be sent. */
  #ready: Reply[] = [];
  #readyPosition: Position | undefined;
  /** Of all of them: replies with durability have messages of their own. */
  #readyReached: DurabilityReached | undefined;
  /** Of replies that have been given and not been sent. */
  #unsentBytes = 0;
  /** Of replies that have been asked for and not been given. */
  #expectedBytes = 0;
  /** Bytes of one reply, by what came lately: raised at once, lowered by halves. */
  readonly #replyBytesEach = { ofReads: REPLY_BYTES_UNSEEN, ofWrites: REPLY_BYTES_UNSEEN };
  #abandoned = false;
  #flushing = false;
  #sending = false;
  /** Set when no more is read: the client has sent its last, or something is wrong. */
  #last: { failure: HeadwaterError | undefined } | undefined;
  #awaitingQueue = false;
  #cancelWait: (() => void) | undefined;
  #settle!: { resolve: () => void; reject: (failure: unknown) => void };

  constructor(stream: DuplexCall<Buffer, Buffer>, store: PipelineStore, guarantees: NodeGuarantees, clock: Clock) {
    this.#stream = stream;
    this.#store = store;
    this.#guarantees = guarantees;
    this.#clock = clock;
  }

  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      const { call } = this.#stream;
      this.#stream.receive(
        (message) => this.#receive(message),
        () => this.#finish(undefined),
      );
      call.onCancelled(() => this.#abandon());
      call.onStopping(() => this.#finish(new HeadwaterError('shutting_down', 'the node is shutting down')));
    });
  }

  // ---- in -------------------------------------------------------------------

  #receive(message: Buffer): void {
    if (this.#last) return;
    let request: DecodedPipelineRequest;
    try {
      request = decodePipelineRequest(message);
    } catch (error) {
      this.#finish(HeadwaterError.from(error));
      return;
    }
    const { operations, guarantees } = request;
    const impossible = guarantees instanceof HeadwaterError ? guarantees : undefined;
    const asked: Asked | undefined =
      guarantees && !impossible ? { guarantees: guarantees as Guarantees, fresh: 'unknown' } : undefined;
    const refusals = { ofAll: impossible, ofReads: this.#guarantees.freshness.refusal };
    const bytesEach = message.length / operations.length;
    for (let start = 0; start < operations.length; start += BATCH_OPERATIONS_MAX) {
      const end = Math.min(start + BATCH_OPERATIONS_MAX, operations.length);
      this.#waiting.push(this.#batch(operations, start, end, bytesEach, asked, refusals));
    }
    this.#submitWaiting();
  }

  #batch(
    operations: readonly DecodedOperation[],
    start: number,
    end: number,
    bytesEach: number,
    asked: Asked | undefined,
    refusals: { ofAll: HeadwaterError | undefined; ofReads: HeadwaterError | undefined },
  ): Batch {
    const { limits } = this.#store;
    const accepted: Operation[] = [];
    let refused: Map<number, Reply> | undefined;
    let writes = false;
    for (let i = start; i < end; i++) {
      const operation = operations[i] as DecodedOperation;
      const refusal = operation.kind === 'error' ? operation : refusalOf(operation, limits, refusals);
      if (refusal || operation.kind === 'error') {
        refused ??= new Map();
        refused.set(i - start, refusal as Reply);
        continue;
      }
      accepted.push(operation);
      writes ||= isWrite(operation);
    }
    return newBatch(accepted, refused, Math.ceil(bytesEach * (end - start)), writes, asked);
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
        this.#stream.pause();
        return;
      }
      const [batch, rest] = this.#cut(this.#waiting[0] as Batch);
      if (!this.#admits(batch)) {
        this.#stream.pause();
        return;
      }
      this.#stopWait();
      if (rest) this.#waiting[0] = rest;
      else this.#waiting.shift();
      this.#submit(batch);
    }
    if (!this.#last) this.#stream.resume();
  }

  // ---- guarantees -------------------------------------------------------------

  #awaitFreshness(asked: Asked, wanted: FreshnessWanted, writes: boolean): void {
    asked.fresh = 'asked';
    const goOn = (fresh: Asked['fresh']) => {
      asked.fresh = fresh;
      if (!this.#abandoned) this.#submitWaiting();
    };
    this.#guarantees.freshness.whenFresh(wanted, { writes, signal: this.#stream.call.signal }).then(
      () => goOn('fresh'),
      (failure) => {
        this.#stream.call.report(failure);
        goOn(publicError(failure));
      },
    );
  }

  #refuseFirst(reason: HeadwaterError): void {
    const batch = this.#waiting.shift() as Batch;
    this.#takeInHand(batch);
    this.#answered(batch, allRefused(batch, reason));
  }

  /** Answers when the batch's writes are as durable as asked, or it is known how durable they are. */
  #assure(batch: Batch, replies: Reply[], position: Position, wanted: DurabilityWanted): void {
    this.#guarantees.durability.reach(position, wanted, this.#stream.call.signal).then(
      (reached) => {
        batch.reached = reached;
        this.#answered(batch, replies);
      },
      (failure) => {
        this.#stream.call.report(failure);
        const refusal = errorReply(publicError(failure));
        this.#answered(
          batch,
          replies.map((reply, i) => (isDone(reply, batch.accepted[i] as Operation) ? refusal : reply)),
        );
      },
    );
  }

  /** The batch, in two where its replies would be many bytes. */
  #cut(batch: Batch): [first: Batch, rest?: Batch] {
    const count = Math.max(1, Math.floor(BATCH_REPLY_BYTES_TARGET / this.#replyBytesOf(batch)));
    return batch.accepted.length > count ? split(batch, count) : [batch];
  }

  /** Of one operation. */
  #replyBytesOf({ writes }: Batch): number {
    return writes ? this.#replyBytesEach.ofWrites : this.#replyBytesEach.ofReads;
  }

  #noteReplyBytes({ writes, replies, replyBytes }: Batch): void {
    const each = this.#replyBytesEach;
    const average = replyBytes / Math.max(1, replies.length);
    if (writes) each.ofWrites = Math.max(average, each.ofWrites / 2);
    else each.ofReads = Math.max(average, each.ofReads / 2);
  }

  /** Whether the batch may be submitted now; where not, somebody will ask again. */
  #admits(batch: Batch): boolean {
    const { bytes, writes } = batch;
    // Reads do not queue behind each other, so a write could get ahead of one.
    if (writes && this.#readsInHand > 0) return false;
    if (!writes && this.#readsInHand >= READS_IN_HAND_MAX) return false;
    // The client does not read as fast as it asks.
    if (this.#sending) return false;
    const replyBytes = this.#unsentBytes + this.#expectedBytes;
    if (replyBytes > 0 && replyBytes + this.#expectedOf(batch) > STREAM_QUEUE_BYTES_MAX) return false;
    if (this.#inHandBytes > 0 && this.#inHandBytes + bytes > STREAM_QUEUE_BYTES_MAX) {
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

  #expectedOf(batch: Batch): number {
    return Math.ceil(batch.accepted.length * this.#replyBytesOf(batch));
  }

  #takeInHand(batch: Batch): void {
    this.#inHand.push(batch);
    this.#inHandBytes += batch.bytes;
    if (batch.writes) this.#writesInHand++;
    else this.#readsInHand++;
  }

  #submit(batch: Batch): void {
    this.#takeInHand(batch);
    if (batch.accepted.length === 0) this.#answered(batch, []);
    else this.#ask(batch, batch.writes || this.#writesInHand > 0);
  }

  #ask(batch: Batch, ordered: boolean): void {
    batch.replyBytes = this.#expectedOf(batch);
    this.#expectedBytes += batch.replyBytes;
    this.#store.submit(batch.accepted, { bytes: batch.bytes, ordered, replyBytesMax: BATCH_REPLY_BYTES_TARGET }).then(
      ({ replies, position }) => {
        batch.position = position;
        const wanted = batch.asked?.guarantees.durability;
        // What was refused is no safer for waiting.
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

  /** What waits has not been begun: its clients may try again. */
  #refuseWaiting(): void {
    this.#cancelWait = undefined;
    const message = `expected the queues to have room within ${QUEUE_WAIT_MS_MAX} ms, they stayed full`;
    const overloaded = new HeadwaterError('overloaded', message);
    for (const batch of this.#waiting.splice(0)) {
      this.#takeInHand(batch);
      this.#answered(batch, allRefused(batch, overloaded));
    }
    this.#submitWaiting();
  }

  // ---- out ------------------------------------------------------------------

  #answered(asked: Batch, answers: readonly Reply[]): void {
    this.#expectedBytes -= asked.replyBytes;
    const batch = answers.length < asked.accepted.length ? this.#leaveRest(asked, answers.length) : asked;
    batch.answered = true;
    batch.replies = batch.refused ? merged(answers, batch.refused) : answers;
    batch.replyBytes = 0;
    for (const reply of batch.replies) batch.replyBytes += payloadBytes(reply);
    this.#noteReplyBytes(batch);
    this.#unsentBytes += batch.replyBytes;
    this.#inHandBytes -= batch.bytes;
    if (batch.writes) this.#writesInHand--;
    else this.#readsInHand--;
    if (this.#flushing) return;
    this.#flushing = true;
    // After the microtasks of this turn, in which a block answers everybody whose operations it holds.
    process.nextTick(() => this.#flush());
  }

  /** Only the first operations of a batch have their replies: the rest stands behind it, in its place. */
  #leaveRest(batch: Batch, count: number): Batch {
    const [first, rest] = split(batch, count);
    first.position = batch.position;
    this.#putInPlace(this.#inHand.indexOf(batch), first, rest);
    return first;
  }

  #putInPlace(index: number, first: Batch, rest: Batch): void {
    rest.isRest = true;
    this.#inHand.splice(index, 1, first, rest);
    this.#readsInHand++;
  }

  #flush(): void {
    this.#flushing = false;
    let more: boolean;
    do {
      more = this.#makeReady();
      if (!this.#sending) this.#send();
    } while (more && !this.#sending);
    this.#askForRest();
    if (this.#waiting.length > 0) this.#submitWaiting();
    this.#settleWhenDone();
  }

  /** What is answered becomes ready to be sent. @returns whether there is more that no message can share with it. */
  #makeReady(): boolean {
    let done = 0;
    let more = false;
    for (const batch of this.#inHand) {
      if (!batch.answered) break;
      if (batch.reached !== this.#readyReached) {
        more = this.#ready.length > 0;
        if (more) break;
        this.#readyReached = batch.reached;
      }
      for (const reply of batch.replies) this.#ready.push(reply);
      this.#readyPosition = batch.position ?? this.#readyPosition;
      done++;
    }
    if (done > 0) this.#inHand.splice(0, done);
    return more;
  }

  /** When all before it has been sent. Writes have not been submitted since: they wait for reads. */
  #askForRest(): void {
    const [head] = this.#inHand;
    if (!head?.isRest || this.#sending || this.#abandoned) return;
    const [batch, rest] = this.#cut(head);
    if (rest) this.#putInPlace(0, batch, rest);
    batch.isRest = false;
    this.#ask(batch, false);
  }

  #send(): void {
    let next = 0;
    while (next < this.#ready.length) {
      const message = encodePipelineResponse(
        this.#ready,
        next,
        this.#readyPosition,
        REPLY_MESSAGE_BYTES_TARGET,
        this.#readyReached,
      );
      next = message.next;
      if (this.#stream.write(message.bytes)) continue;
      this.#sending = true;
      void this.#stream.drained().then(() => {
        this.#sending = false;
        this.#flush();
      });
      break;
    }
    if (next < this.#ready.length) {
      this.#ready.splice(0, next);
      return;
    }
    this.#ready = [];
    // What is left was answered ahead of its turn.
    this.#unsentBytes = this.#inHand.reduce((bytes, batch) => bytes + (batch.answered ? batch.replyBytes : 0), 0);
  }

  // ---- the end --------------------------------------------------------------

  /** Nothing more is read; what was received is answered first. */
  #finish(failure: HeadwaterError | undefined): void {
    if (this.#last) return;
    this.#last = { failure };
    this.#stream.pause();
    this.#settleWhenDone();
  }

  #settleWhenDone(): void {
    if (!this.#last || this.#waiting.length + this.#inHand.length + this.#ready.length > 0) return;
    this.#stopWait();
    if (this.#last.failure) this.#settle.reject(this.#last.failure);
    else this.#settle.resolve();
  }

  /** Nobody is there to hear the answers. What has been submitted takes its course. */
  #abandon(): void {
    this.#abandoned = true;
    this.#stopWait();
    this.#last ??= { failure: undefined };
    this.#waiting.length = 0;
    this.#ready.length = 0;
    this.#settle.resolve();
  }
}

function newBatch(
  accepted: readonly Operation[],
  refused: ReadonlyMap<number, Reply> | undefined,
  bytes: number,
  writes: boolean,
  asked: Asked | undefined,
): Batch {
  return {
    accepted,
    refused,
    replies: [],
    bytes,
    writes,
    asked,
    position: undefined,
    reached: undefined,
    answered: false,
    replyBytes: 0,
    isRest: false,
  };
}

/** Two batches: the first `count` operations that were accepted, with the refusals between them, and the rest. */
function split(batch: Batch, count: number): [first: Batch, rest: Batch] {
  let end = count;
  const refused: [Map<number, Reply>, Map<number, Reply>] = [new Map(), new Map()];
  for (const [index, reply] of batch.refused ?? []) {
    // In ascending order: each moves those behind it on by one.
    if (index < end) {
      refused[0].set(index, reply);
      end++;
    } else {
      refused[1].set(index - end, reply);
    }
  }
  const part = (accepted: readonly Operation[], refusals: Map<number, Reply>, bytes: number) =>
    newBatch(
      accepted,
      refusals.size > 0 ? refusals : undefined,
      bytes,
      batch.writes && accepted.some(isWrite),
      batch.asked,
    );
  const firstBytes = Math.floor((batch.bytes * count) / batch.accepted.length);
  return [
    part(batch.accepted.slice(0, count), refused[0], firstBytes),
    part(batch.accepted.slice(count), refused[1], batch.bytes - firstBytes),
  ];
}

function refusalOf(
  operation: Operation,
  limits: Limits,
  { ofAll, ofReads }: { ofAll: HeadwaterError | undefined; ofReads: HeadwaterError | undefined },
): Reply | undefined {
  if (ofAll) return errorReply(ofAll);
  if (ofReads && !isWrite(operation)) return errorReply(ofReads);
  try {
    validate(operation, limits);
    return undefined;
  } catch (error) {
    if (HeadwaterError.is(error)) return errorReply(error);
    throw error;
  }
}

/** A write that was not refused. */
function isDone(reply: Reply, operation: Operation): boolean {
  return reply.kind !== 'error' && isWrite(operation);
}

function allRefused(batch: Batch, error: HeadwaterError): Reply[] {
  const refusal = errorReply(error);
  return batch.accepted.map(() => refusal);
}

/** The answers, and between them the refusals at their places. */
function merged(answers: readonly Reply[], refused: ReadonlyMap<number, Reply>): Reply[] {
  let next = 0;
  return Array.from({ length: answers.length + refused.size }, (_, i) => refused.get(i) ?? (answers[next++] as Reply));
}
