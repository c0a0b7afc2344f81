/**
 * Calls and operations of gRPC, as the slow log gets to see them: those of a pipeline whose replies left together, calls
 * of one operation, and streams without the time in which their client reads. pipeline/slow-log.ts says what the time is.
 */
import { Fifo } from '../base/fifo.js';
import { sizeOf } from '../commands/execute.js';
import { type Batch, waitOf } from '../pipeline/batch.js';
import { ClientWaits } from '../pipeline/client-waits.js';
import { type Asked, isRefused } from '../pipeline/monitors.js';
import type { CommandLook, SlowLog } from '../pipeline/slow-log.js';
import type { DecodedOperation } from '../protobuf/pipeline.js';
import type { Call, CallMemory } from './calls.js';

/** A call as its commands are recorded. */
interface SlowCall extends Pick<Call, 'peer'> {
  readonly intake: Pick<CallMemory, 'grant'>;
}

/** A message of a pipeline that is not answered whole. */
interface Message {
  readonly operations: readonly DecodedOperation[];
  readonly startedMs: number;
  /** How many of its operations were answered. */
  answered: number;
}

const OPERATIONS: CommandLook<DecodedOperation> = {
  bytesOf: (operation) => (operation.kind === 'error' ? 0 : sizeOf(operation)),
  shown: (operation) => (isRefused(operation) ? undefined : operation),
};

/** A call that shares its time with no other, so that its size does not matter. */
const CALLS: CommandLook<Asked> = { bytesOf: () => 0, shown: (asked) => asked };

/** Records a call of a client that took so long, if that is slow. */
function answeredCall(log: SlowLog, asked: Asked, ms: number, call: SlowCall): void {
  if (log.isSlow(ms)) log.answered([asked], ms, CALLS, () => originOf(call));
}

/** Carries a call out, and records it if it is slow, also if it fails. */
export async function timed<T>(log: SlowLog, asked: Asked, call: SlowCall, work: () => Promise<T>): Promise<T> {
  const sinceMs = log.nowMs;
  try {
    return await work();
  } finally {
    answeredCall(log, asked, log.nowMs - sinceMs, call);
  }
}

/** Passes on what is made, and records the call if all of it took long to make. */
export async function* timedStream<T>(
  log: SlowLog,
  asked: Asked,
  call: SlowCall,
  made: AsyncGenerator<T>,
): AsyncGenerator<T> {
  let sinceMs = log.nowMs;
  let ms = 0;
  try {
    for await (const one of made) {
      ms += log.nowMs - sinceMs;
      yield one;
      sinceMs = log.nowMs;
    }
    ms += log.nowMs - sinceMs;
  } finally {
    answeredCall(log, asked, ms, call);
  }
}

function originOf({ peer, intake }: SlowCall) {
  return { client: peer, clientName: '', user: intake.grant?.user?.name ?? '' };
}

/** The operations of one pipeline. */
export class SlowOperations {
  readonly #log: SlowLog;
  readonly #call: SlowCall;
  readonly waits: ClientWaits;
  readonly #messages = new Fifo<Message>();
  /** The operations that were answered since the last replies left. */
  #answered = 0;
  #sentMs = 0;

  constructor(log: SlowLog, call: SlowCall) {
    this.waits = new ClientWaits(log);
    this.#log = log;
    this.#call = call;
  }

  /** Notes a message. A message without operations is never answered by itself, so it is no part of the time. */
  asked(operations: readonly DecodedOperation[]): void {
    if (operations.length > 0) this.#messages.push({ operations, startedMs: this.#log.nowMs, answered: 0 });
  }

  /** Notes a batch whose replies are about to leave. */
  answered(batch: Batch): void {
    this.#answered += batch.replies.length;
    if (batch.asked) this.waits.guaranteed(waitOf(batch));
  }

  /** Notes that the replies are on their way. */
  sent(): void {
    const first = this.#messages.at(0);
    if (this.#answered === 0 || !first) return;
    const nowMs = this.#log.nowMs;
    const ms = this.waits.takeFrom(nowMs - Math.max(this.#sentMs, first.startedMs));
    const isSlow = ms > 0 && this.#log.isSlow(ms);
    const operations = this.#take(this.#answered, isSlow);
    this.#answered = 0;
    this.#sentMs = nowMs;
    if (isSlow) this.#log.answered(operations, ms, OPERATIONS, () => originOf(this.#call));
  }

  /** Takes the next operations out of their messages. @param areWanted whether to return them. */
  #take(count: number, areWanted: boolean): DecodedOperation[] {
    const taken: DecodedOperation[] = [];
    let left = count;
    for (let message = this.#messages.at(0); message && left > 0; message = this.#messages.at(0)) {
      const { operations, answered } = message;
      const here = Math.min(left, operations.length - answered);
      if (areWanted) for (let at = answered; at < answered + here; at++) taken.push(operations[at] as DecodedOperation);
      message.answered += here;
      left -= here;
      if (message.answered === operations.length) this.#messages.shift();
    }
    return taken;
  }
}
