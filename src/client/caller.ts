/** The functions that a client uses of the layer below: one session with one node, or a router over several. */

import { checkOptionNames, type OptionNames } from '../base/option-names.js';
import type { Guarantees } from '../model/guarantees.js';
import type { OperationKind, OutgoingOperation } from '../model/operation.js';
import type { Position } from '../model/position.js';
import type { Connection } from './connection.js';
import type { ConnectionState } from './connection-state.js';
import { mayWrite } from './measure.js';
import { type CallOptions, type ClientSettings, checkSignal } from './options.js';
import type { ReadReply } from './pending-command.js';

export interface Caller {
  readonly connection: ConnectionState;
  /** A position at or after everything that the client has seen. */
  readonly position: Position | undefined;
  /** The options that the client was made with. */
  readonly settings: Pick<ClientSettings, 'timeoutMs' | 'retry' | 'tracing'>;
  /** Aborts, with the reason, when the client is closed. */
  readonly ended: AbortSignal;
  /** @throws HeadwaterError `unreachable` if no node can be reached. */
  connect(): Promise<void>;
  /** Looks for the leader, and goes there. */
  consider(): Promise<void>;
  /** Sends an operation. A failure to measure it rejects the promise, like every other failure. */
  ask<K extends OperationKind, Result>(
    operation: OutgoingOperation,
    writes: boolean,
    read: ReadReply<K, Result>,
    options: CallOptions | undefined,
  ): Promise<Result>;
  /**
   * Resolves when all earlier commands are answered. For calls beside the pipeline that read what it writes.
   * @param reads true for a call that reads: the client is then at the leader, if reads are for the leader.
   */
  settled(options: CallOptions, reads: boolean): Promise<void>;
  /** Resolves with the connection that writes go over, as soon as there is one. */
  ready(options?: CallOptions): Promise<Connection>;
  /** The guarantees that a call beside the pipeline asks for. */
  guarantees(options: CallOptions): Guarantees | undefined;
  /** Finishes open commands, for at most `timeoutMs`, and gives the rest up. */
  close(timeoutMs?: number): Promise<void>;
}

/**
 * Sends an operation that is checked while it is made, with its options. Every failure rejects the promise.
 * @param writes undefined if the operation itself says whether it writes.
 */
export function askWith<K extends OperationKind, Result>(
  caller: Caller,
  make: () => OutgoingOperation,
  writes: boolean | undefined,
  read: ReadReply<K, Result>,
  options: CallOptions | undefined,
  names: OptionNames,
): Promise<Result> {
  let operation: OutgoingOperation;
  try {
    if (options !== undefined) checkOptionNames(options, names);
    operation = make();
  } catch (error) {
    return Promise.reject(error);
  }
  return caller.ask(operation, writes ?? mayWrite(operation), read, options);
}

/**
 * Aborts when the signal of a call aborts, or when the client is closed.
 * @throws HeadwaterError `invalid_argument` if the signal is none.
 */
export function endOf({ ended }: Pick<Caller, 'ended'>, signal: AbortSignal | undefined): AbortSignal {
  checkSignal(signal);
  return signal ? AbortSignal.any([signal, ended]) : ended;
}
