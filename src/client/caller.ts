/** The functions that a client uses of the layer below: one session with one node, or a router over several. */

import type { Guarantees } from '../model/guarantees.js';
import type { OperationKind, OutgoingOperation } from '../model/operation.js';
import type { Position } from '../model/position.js';
import type { Connection } from './connection.js';
import type { CallOptions } from './options.js';
import type { ReadReply } from './pending-command.js';

export interface Caller {
  /** The address of the node that writes are sent to, undefined while there is no connection. */
  readonly address: string | undefined;
  /** A position at or after everything that the client has seen. */
  readonly position: Position | undefined;
  readonly timeoutMs: number;
  /** Aborts, with the reason, when the client is closed. */
  readonly ended: AbortSignal;
  /** @throws HeadwaterError `unreachable` if no node can be reached. */
  connect(): Promise<void>;
  /** Sends an operation. A failure to measure it rejects the promise, like every other failure. */
  ask<K extends OperationKind, Result>(
    operation: OutgoingOperation,
    writes: boolean,
    read: ReadReply<K, Result>,
    options: CallOptions | undefined,
  ): Promise<Result>;
  /** Resolves when all earlier commands are answered. For calls beside the pipeline that read what it writes. */
  settled(options: CallOptions): Promise<void>;
  /** Resolves with the connection that writes go over, as soon as there is one. */
  ready(options?: CallOptions): Promise<Connection>;
  /** The guarantees that a call beside the pipeline asks for. */
  guarantees(options: CallOptions): Guarantees | undefined;
  /** Finishes open commands, for at most `timeoutMs`, and gives the rest up. */
  close(timeoutMs?: number): Promise<void>;
}
