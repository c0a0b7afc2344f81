/**
 * One command that somebody waits for. It is settled once; what comes later,
 * an answer after its time for one, is ignored.
 */
import { HeadwaterError } from '../base/errors.js';
import { CALL_BYTES_PER_MS, CALL_SMALL_BYTES } from '../base/limits.js';
import type { Guarantees } from '../model/guarantees.js';
import type { OperationKind, Reply, ReplyTo } from '../model/operation.js';
import type { OutgoingOperation } from '../wire/kv.js';
import { type CallOptions, checkCall } from './options.js';

/** What a command of one kind is answered, as its caller wants it. */
export type ReadReply<K extends OperationKind, Result> = (reply: ReplyTo<K>) => Result;

const FORGOTTEN: OutgoingOperation = { kind: 'ping', message: '' };

/** The time of a command that moves so many bytes: a large one is longer on its way. */
export function allowedTime(timeoutMs: number, bytes: number): number {
  return timeoutMs + Math.floor(Math.max(0, bytes - CALL_SMALL_BYTES) / CALL_BYTES_PER_MS);
}

export class PendingCommand {
  operation: OutgoingOperation;
  /** About what it takes up. */
  readonly bytes: number;
  /** Never repeated when its outcome is unknown. */
  readonly writes: boolean;
  /** What it asks of the node beside the operation; undefined for nearly all. */
  guarantees: Guarantees | undefined = undefined;
  /** When it was asked, on the monotonic clock. */
  askedMs = 0;
  /** The time of this call, if it has one of its own; 0: that of all commands. */
  timeoutMs = 0;
  sent = false;
  /** It waits to be sent. */
  queued = false;
  settled = false;
  redirects = 0;
  /** The node that the command was sent to last, if another is asked now. */
  refusal: HeadwaterError | undefined = undefined;
  attempts = 0;
  /** Takes back what the call's own signal and deadline need. */
  #release: (() => void) | undefined = undefined;
  readonly #read: (reply: never) => unknown;
  readonly #resolve: (result: never) => void;
  readonly #reject: (error: HeadwaterError) => void;

  constructor(
    operation: OutgoingOperation,
    bytes: number,
    writes: boolean,
    read: (reply: never) => unknown,
    resolve: (result: never) => void,
    reject: (error: HeadwaterError) => void,
  ) {
    this.operation = operation;
    this.bytes = bytes;
    this.writes = writes;
    this.#read = read;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /**
   * Gives up by the call's own signal and deadline.
   * @param ended runs once the command has its result, whatever that is.
   * @throws HeadwaterError `invalid_argument` where that is no time.
   */
  obey(options: CallOptions, ended: () => void): void {
    const { signal, timeoutMs } = options;
    // Most options are those of the operation alone, such as an expiry.
    if (!signal && timeoutMs === undefined) return;
    checkCall(options);
    this.timeoutMs = timeoutMs ?? 0;
    if (signal?.aborted) return this.reject(cancelled(signal));
    const abort = () => this.giveUp(cancelled(signal as AbortSignal));
    const late = () => this.giveUp(new HeadwaterError('deadline_exceeded', `no answer within ${timeoutMs} ms`));
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    this.#release = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      ended();
    };
  }

  /**
   * Gives the command up if it is late and its call has no time of its own.
   * @param timeoutMs the time of all commands, from when each was asked.
   * @param movedBytes bytes of the command, and of its reply, that are on their way or have arrived.
   */
  expire(nowMs: number, timeoutMs: number, movedBytes: number): void {
    if (this.timeoutMs !== 0) return;
    const allowedMs = allowedTime(timeoutMs, movedBytes);
    if (nowMs - this.askedMs <= allowedMs) return;
    this.giveUp(new HeadwaterError('deadline_exceeded', `no answer within ${allowedMs} ms`));
  }

  /** Nobody waits any longer: the operation, which may be large, is forgotten, though the command is referred to. */
  forget(): void {
    this.operation = FORGOTTEN;
  }

  answer(reply: Reply): void {
    if (this.settled) return;
    if (reply.kind === 'error') return this.reject(reply.error);
    if (reply.kind !== this.operation.kind) {
      return this.reject(
        new HeadwaterError(
          'protocol_violation',
          `expected a reply to ${this.operation.kind}, received one to ${reply.kind}`,
        ),
      );
    }
    this.settled = true;
    this.#release?.();
    this.#resolve(this.#read(reply as never) as never);
  }

  reject(error: HeadwaterError): void {
    if (this.settled) return;
    this.settled = true;
    this.#release?.();
    this.#reject(error);
  }

  /** Nobody waits any longer, or there is nobody left to answer: `reason`, unless the command may have been carried out. */
  giveUp(reason: HeadwaterError): void {
    if (!this.sent || !this.writes) return this.reject(reason);
    const message = `the write may or may not have happened: ${reason.message}`;
    this.reject(
      new HeadwaterError('outcome_unknown', message, { cause: reason, details: { reason: reason.code.toUpperCase() } }),
    );
  }
}

function cancelled(signal: AbortSignal): HeadwaterError {
  return new HeadwaterError('cancelled', 'the caller gave up', { cause: signal.reason });
}
