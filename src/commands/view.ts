/**
 * The keyspace as the execution of an operation sees and changes it. The writer supplies a view of the
 * keyspace at the end of the log, with everything that was executed before in the same block. The writes of
 * the operation go into that block.
 */
import type { Entry } from '../model/command.js';

export interface View {
  /** The block's one reading of the logical clock, milliseconds since the epoch. */
  readonly nowMs: number;

  /** The reason why a time to live cannot begin at `nowMs`. Undefined if it can. */
  readonly clockDoubt?: string | undefined;

  /** The block so far, undefined without one. An entry that it puts may be deleted again in it. */
  readonly block?: { hasPut(key: Buffer): boolean };

  /** The limits of this node. A value that grows by an operation is checked against them when the operation runs. */
  readonly limits: Limits;

  /**
   * The entry of `key`, or undefined if the key does not exist or is expired. The key must be among those
   * that `keysRead` named for the operation.
   */
  get(key: Buffer): Entry | undefined;

  /** Writes an entry. `value` is not copied: it must stay as it is until the block is sealed. */
  put(key: Buffer, value: Buffer, expiresAtMs: number, type: number): void;
  del(key: Buffer): void;
  touch(key: Buffer, expiresAtMs: number): void;
  clear(): void;

  /**
   * Notes work of an operation that is long beside a look-up, in steps of a few nanoseconds each. The node turns to other
   * work before the next operation.
   */
  work(steps: number): void;

  /** Begins a part that `rollback` can undo, if a transaction fails. */
  savepoint(): number;
  rollback(savepoint: number): void;

  /** Makes everything written since the savepoint one transaction. */
  join(savepoint: number): void;
}

/** A view that cannot be written. Operations that only read get no more than this. */
export type ReadView = Pick<View, 'nowMs' | 'get' | 'block' | 'work'>;

/** Limits of this node on what clients send, in bytes. */
export interface Limits {
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  readonly transactionBytesMax: number;
}
