/**
 * A command whose caller waits. The command is settled once. A later answer, after the command's time for one, is
 * ignored.
 */

import { HeadwaterError, outcomeUnknown, TimeoutError } from '../base/errors.js';
import { CALL_BYTES_PER_MS, CALL_SMALL_BYTES } from '../base/limits.js';
import type { Guarantees } from '../model/guarantees.js';
import type { OperationKind, OutgoingOf, OutgoingOperation, Reply, ReplyTo } from '../model/operation.js';
import { cancelled, needsLeader, noLeader } from './failures.js';
import { type CallOptions, checkCall } from './options.js';

/** Converts the reply to a command of one kind to the caller's result. */
export type ReadReply<K extends OperationKind, Result> = (reply: ReplyTo<K>, operation: OutgoingOf<K>) => Result;

const FORGOTTEN: OutgoingOperation = { kind: 'ping', message: '' };

/** The time of a command that moves so many bytes. A large command takes longer on the network. */
export function allowedTime(timeoutMs: number, bytes: number): number {
  return timeoutMs + Math.floor(Math.max(0, bytes - CALL_SMALL_BYTES) / CALL_BYTES_PER_MS);
}

/** The ways of a command that was sent more than once. */
export interface Retries {
  /** Nodes that sent it to another. */
  redirects: number;
  /** Attempts that failed: connections on which it was lost, and refusals after which it waits. */
  failures: number;
  /** The refusal of the node that the command was sent to last, if the command waits for another attempt. */
  refusal: HeadwaterError | undefined;
}

export class PendingCommand {
  operation: OutgoingOperation;
  /** The approximate memory of the command. */
  readonly bytes: number;
  /** True for a write, which is never repeated when its outcome is unknown. */
  readonly writes: boolean;
  /** The guarantees beside the operation, undefined for nearly all commands. */
  guarantees: Guarantees | undefined = undefined;
  /** The place of the call among all calls of the client. */
  order = 0;
  /** The time of the call, on the monotonic clock. */
  askedMs = 0;
  /** The time of this call, if it has one of its own. 0 for the time of all commands. */
  timeoutMs = 0;
  /** The place of the command: not yet in the queue, in the queue, or on its way. */
  place: 'outside' | 'queued' | 'sent' = 'outside';
  settled = false;
  /** Undefined for nearly all commands. */
  retries: Retries | undefined = undefined;
  /** Removes the timer and the listener of the call's own deadline and signal. */
  #release: (() => void) | undefined = undefined;
  readonly #read: (reply: never, operation: never) => unknown;
  readonly #resolve: (result: never) => void;
  readonly #reject: (error: HeadwaterError) => void;

  constructor(
    operation: OutgoingOperation,
    bytes: number,
    writes: boolean,
    read: (reply: never, operation: never) => unknown,
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
   * Makes the command end by the call's own signal and deadline.
   * @param failure returns the reason why there is no connection.
   * @param ended runs once the command has its result, whatever that is.
   * @throws HeadwaterError `invalid_argument` if the timeout is no valid time.
   */
  obey(options: CallOptions, failure: () => HeadwaterError | undefined, ended: () => void): void {
    const { signal, timeoutMs } = options;
    // Most options are those of the operation alone, such as an expiry.
    if (!signal && timeoutMs === undefined) return;
    checkCall(options);
    this.timeoutMs = timeoutMs ?? 0;
    if (signal?.aborted) return this.reject(cancelled(signal));
    const abort = () => this.giveUp(cancelled(signal as AbortSignal));
    const late = () => this.giveUp(this.#late(timeoutMs as number, failure()));
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
   * @param failure the reason why there is no connection.
   */
  expire(nowMs: number, timeoutMs: number, movedBytes: number, failure?: HeadwaterError): void {
    if (this.timeoutMs !== 0) return;
    const allowedMs = allowedTime(timeoutMs, movedBytes);
    if (nowMs - this.askedMs <= allowedMs) return;
    this.giveUp(this.#late(allowedMs, failure));
  }

  /** The error of a command whose time is over. Says why the last attempt failed, if the command waits for the next. */
  #late(timeoutMs: number, failure: HeadwaterError | undefined): HeadwaterError {
    // The refusal says nothing about the attempt of a write that is on its way.
    const refusal = this.place === 'sent' && this.writes ? undefined : this.retries?.refusal;
    if (refusal && this.place !== 'sent' && needsLeader(refusal)) return noLeader(timeoutMs, refusal);
    const cause = refusal ?? (this.place === 'queued' ? failure : undefined);
    const why = cause ? `: ${cause.message}` : '';
    return new TimeoutError(`no answer within ${timeoutMs} ms${why}`, { cause });
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
    let result: unknown;
    try {
      result = this.#read(reply as never, this.operation as never);
    } catch (error) {
      // A value that cannot be decoded is no failure of the connection.
      return this.reject(HeadwaterError.from(error));
    }
    this.settled = true;
    this.#release?.();
    this.#resolve(result as never);
  }

  reject(error: HeadwaterError): void {
    if (this.settled) return;
    this.settled = true;
    // The operation may be large, and the queue and the connection may still refer to the command.
    this.operation = FORGOTTEN;
    this.#release?.();
    this.#reject(error);
  }

  /**
   * Rejects the command with `reason` when its caller waits no longer, or when no node is left to answer. If the
   * command may have been carried out, the error is `outcome_unknown`.
   */
  giveUp(reason: HeadwaterError): void {
    if (this.place !== 'sent' || !this.writes) return this.reject(reason);
    this.reject(outcomeUnknown(reason.message, { cause: reason, details: { reason: reason.code } }));
  }
}

export function retriesOf(pending: PendingCommand): Retries {
  pending.retries ??= { redirects: 0, failures: 0, refusal: undefined };
  return pending.retries;
}
