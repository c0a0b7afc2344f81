/**
 * What the execution of an operation sees and does. The writer hands in a view
 * of the keyspace at the end of the log plus everything that was executed
 * before in the same block; what the operation writes goes into that block.
 */
import type { Entry } from '../model/command.js';

export interface View {
  /** The block's one reading of the logical clock, milliseconds since the epoch. */
  readonly nowMs: number;

  /** Why a time to live cannot begin at `nowMs`; undefined where it can. */
  readonly clockDoubt?: string | undefined;

  /** Of this node: what grows under a client's hands is measured against them when it is executed. */
  readonly limits: Limits;

  /**
   * What `key` holds, undefined where it does not exist or is expired. The key
   * must be among those that `keysRead` named for the operation.
   */
  get(key: Buffer): Entry | undefined;

  /** `value` is not copied: it must stay as it is until the block is sealed. */
  put(key: Buffer, value: Buffer, expiresAtMs: number, type: number): void;
  del(key: Buffer): void;
  touch(key: Buffer, expiresAtMs: number): void;
  clear(): void;

  /** Undoes what was written since, where a transaction fails. */
  savepoint(): number;
  rollback(savepoint: number): void;

  /** Makes everything written since one transaction. */
  join(savepoint: number): void;
}

/** A view that cannot be written: operations that only read get no more than this. */
export type ReadView = Pick<View, 'nowMs' | 'get'>;

/** Limits of this node on what clients send, in bytes. */
export interface Limits {
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  readonly transactionBytesMax: number;
}
