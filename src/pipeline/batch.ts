/**
 * Batches of a pipeline stream: operations that were sent together, from their arrival until their replies are ready to
 * be sent. Operations that are refused on arrival keep their place among the others.
 */

import type { Guard } from '../access/grant.js';
import type { Clock } from '../base/clock.js';
import type { DurabilityReached } from '../base/error-details.js';
import { HeadwaterError } from '../base/errors.js';
import { BLOCK_COMMANDS_MAX } from '../base/limits.js';
import { validate } from '../commands/execute.js';
import type { Limits } from '../commands/view.js';
import { type Guarantees, LEADER_ONLY } from '../model/guarantees.js';
import type { Operation, Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { errorReply } from '../model/reply-size.js';
import { isWrite } from '../model/write-kinds.js';
import type { DecodedOperation, DecodedPipelineRequest } from '../protobuf/pipeline.js';

/**
 * The most operations submitted together. A message with more is cut, so that its replies do not have to be in memory
 * all at once.
 */
const BATCH_OPERATIONS_MAX = BLOCK_COMMANDS_MAX;

/** The most replies that count of one transaction. */
const WEIGHT_MAX = 128;

export interface Batch {
  readonly accepted: readonly Operation[];
  /** Replies to operations that were refused on arrival, by their index in the batch. Seldom any. */
  readonly refused: ReadonlyMap<number, Reply> | undefined;
  /** The reply to each operation, in order, once the batch is answered. */
  replies: readonly Reply[];
  readonly bytes: number;
  readonly writes: boolean;
  /** The number of replies that the estimate of their size counts. */
  readonly weight: number;
  /** The guarantees that the message asked for beside its operations. */
  readonly asked: Asked | undefined;
  position: Position | undefined;
  /** The durability reached, if the message asked for any and the batch is answered. */
  reached: DurabilityReached | undefined;
  /** The time that the batch waited for the durability that its client asked for. */
  assuredMs: number;
  answered: boolean;
  /** Bytes of the replies: expected while the batch is submitted, counted once it is answered. */
  replyBytes: number;
  /** True for the rest of a batch that has been answered in part. The rest is submitted in its turn. */
  isRest: boolean;
}

/** The guarantees that one message asked for. All batches of the message share them. */
export interface Asked {
  readonly guarantees: Guarantees;
  /** The arrival of the message, on the monotonic clock. The time of its wait runs from here, whatever is before it. */
  readonly arrivedMs: number;
  /** The state of the freshness, which is checked when the turn of the message comes. */
  fresh: 'unknown' | 'asked' | 'fresh' | HeadwaterError;
  /** The time that the message waited for freshness. */
  freshMs: number;
}

/** Reasons to refuse operations, whatever they are. */
interface Refusals {
  readonly ofAll: HeadwaterError | undefined;
  readonly ofReads: HeadwaterError | undefined;
  /** Looks at each operation, if the rights of the caller do not allow all. */
  readonly guard?: Guard | undefined;
}

/**
 * Checks the operations of one message, and puts them into batches in the order in which they came.
 * @param message.bytes of the message.
 * @param message.clock tells the arrival of a message that waits for guarantees.
 * @param refusals reasons to refuse all operations, or those that only read. Nothing waits for an assurance then.
 */
export function batchesOf(
  { operations, guarantees }: DecodedPipelineRequest,
  { bytes, clock }: { readonly bytes: number; readonly clock: Clock },
  limits: Limits,
  { ofAll, ofReads, guard }: Refusals,
): Batch[] {
  const impossible = guarantees instanceof HeadwaterError ? guarantees : ofAll;
  // The demand for the leader is met on arrival. Nearly every message of a client has that one alone.
  const asked: Asked | undefined =
    guarantees && !impossible && guarantees !== LEADER_ONLY
      ? { guarantees: guarantees as Guarantees, arrivedMs: clock.monotonicMs(), fresh: 'unknown', freshMs: 0 }
      : undefined;
  const refusals = { ofAll: impossible, ofReads, guard };
  const bytesEach = bytes / operations.length;
  const batches: Batch[] = [];
  for (let start = 0; start < operations.length; start += BATCH_OPERATIONS_MAX) {
    const end = Math.min(start + BATCH_OPERATIONS_MAX, operations.length);
    batches.push(batchOf(operations, start, end, bytesEach, asked, limits, refusals));
  }
  return batches;
}

function batchOf(
  operations: readonly DecodedOperation[],
  start: number,
  end: number,
  bytesEach: number,
  asked: Asked | undefined,
  limits: Limits,
  refusals: Refusals,
): Batch {
  const accepted: Operation[] = [];
  let refused: Map<number, Reply> | undefined;
  let writes = false;
  let weight = 0;
  for (let i = start; i < end; i++) {
    const operation = operations[i] as DecodedOperation;
    const refusal = operation.kind === 'error' ? operation : refusalOf(operation, limits, refusals);
    if (refusal || operation.kind === 'error') {
      refused ??= new Map();
      refused.set(i - start, refusal as Reply);
      continue;
    }
    accepted.push(operation);
    weight += weightOf(operation);
    writes ||= isWrite(operation);
  }
  return newBatch(accepted, refused, { bytes: Math.ceil(bytesEach * (end - start)), writes, weight }, asked);
}

function newBatch(
  accepted: readonly Operation[],
  refused: ReadonlyMap<number, Reply> | undefined,
  { bytes, writes, weight }: Pick<Batch, 'bytes' | 'writes' | 'weight'>,
  asked: Asked | undefined,
): Batch {
  return {
    accepted,
    refused,
    replies: [],
    bytes,
    writes,
    weight,
    asked,
    position: undefined,
    reached: undefined,
    assuredMs: 0,
    answered: false,
    replyBytes: 0,
    isRest: false,
  };
}

/** A transaction has as many replies as operations. The estimate is a guess at first, so a large one counts as less. */
export function weightOf(operation: Operation): number {
  return operation.kind === 'transact' ? 1 + Math.min(operation.operations.length, WEIGHT_MAX) : 1;
}

/** Makes two batches: the first `count` accepted operations with the refusals between them, and the rest. */
export function split(batch: Batch, count: number): [first: Batch, rest: Batch] {
  let end = count;
  const refused: [Map<number, Reply>, Map<number, Reply>] = [new Map(), new Map()];
  for (const [index, reply] of batch.refused ?? []) {
    // The indexes ascend, and each refusal moves those behind it by one.
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
      {
        bytes,
        writes: batch.writes && accepted.some(isWrite),
        weight: accepted.reduce((weight, operation) => weight + weightOf(operation), 0),
      },
      batch.asked,
    );
  const firstBytes = Math.floor((batch.bytes * count) / batch.accepted.length);
  return [
    part(batch.accepted.slice(0, count), refused[0], firstBytes),
    part(batch.accepted.slice(count), refused[1], batch.bytes - firstBytes),
  ];
}

function refusalOf(operation: Operation, limits: Limits, { ofAll, ofReads, guard }: Refusals): Reply | undefined {
  if (ofAll) return errorReply(ofAll);
  const denied = guard?.refusalOfOperation(operation);
  if (denied) return errorReply(denied);
  if (ofReads && !isWrite(operation)) return errorReply(ofReads);
  try {
    validate(operation, limits);
    return undefined;
  } catch (error) {
    if (HeadwaterError.is(error)) return errorReply(error);
    throw error;
  }
}

/** The time that a batch waited for the guarantees that its client asked for. */
export function waitOf({ asked, assuredMs }: Batch): number {
  return asked ? asked.freshMs + assuredMs : 0;
}

export function allRefused(batch: Batch, error: HeadwaterError): Reply[] {
  const refusal = errorReply(error);
  return batch.accepted.map(() => refusal);
}

/** The answers, with the refusals between them at their places. */
export function merged(answers: readonly Reply[], refused: ReadonlyMap<number, Reply>): Reply[] {
  let next = 0;
  return Array.from({ length: answers.length + refused.size }, (_, i) => refused.get(i) ?? (answers[next++] as Reply));
}

/** True for a write that was not refused. */
export function isDone(reply: Reply, operation: Operation): boolean {
  return reply.kind !== 'error' && isWrite(operation);
}

/**
 * The replies of an answered batch, with a refusal in the place of writes.
 * @param isConcerned whether a reply to an operation that was accepted has to be refused.
 */
export function withWritesRefused(
  { replies, accepted, refused }: Batch,
  refusal: Reply,
  isConcerned: (reply: Reply, operation: Operation) => boolean = isDone,
): Reply[] {
  let next = 0;
  return replies.map((reply, index) => {
    if (refused?.has(index)) return reply;
    return isConcerned(reply, accepted[next++] as Operation) ? refusal : reply;
  });
}
