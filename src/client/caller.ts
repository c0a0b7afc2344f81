/**
 * What a client asks of what lies below it: one session with one node, or a
 * router over several.
 */
import type { Guarantees } from '../model/guarantees.js';
import type { OperationKind } from '../model/operation.js';
import type { Position } from '../model/position.js';
import type { OutgoingOperation } from '../wire/kv.js';
import type { Connection } from './connection.js';
import type { CallOptions } from './options.js';
import type { ReadReply } from './pending-command.js';

export interface Caller {
  /** Of the node that writes are sent to; undefined while there is no connection. */
  readonly address: string | undefined;
  /** At or after everything that was seen. */
  readonly position: Position | undefined;
  readonly timeoutMs: number;
  /** Aborts, with the reason, when the client is closed. */
  readonly ended: AbortSignal;
  /** @throws HeadwaterError `unreachable` where no node can be reached. */
  connect(): Promise<void>;
  /** A failure to measure the operation rejects the promise, as every other one. */
  ask<K extends OperationKind, Result>(
    operation: OutgoingOperation,
    writes: boolean,
    read: ReadReply<K, Result>,
    options: CallOptions | undefined,
  ): Promise<Result>;
  /** Resolves when everything that was asked before is answered: for calls beside the pipeline that look at what it writes. */
  settled(options: CallOptions): Promise<void>;
  /** The connection that writes go over, as soon as there is one. */
  ready(options?: CallOptions): Promise<Connection>;
  /** What a call beside the pipeline asks of the node. */
  guarantees(options: CallOptions): Guarantees | undefined;
  /** Finishes what is in hand, for so long at most, and gives the rest up. */
  close(timeoutMs?: number): Promise<void>;
}
