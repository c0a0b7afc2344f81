/**
 * Transactions as a list of operations in the form of the protocol. The type of each reply follows from its operation,
 * and the replies are known to be there as soon as the transaction is known to be committed.
 */

import type { OperationKind, OutgoingOperation, Reply, ReplyTo } from '../model/operation.js';
import { mayWrite, type OutgoingCondition } from './operations.js';

/** An operation of a transaction: every operation but a transaction. */
export type TransactionOperation = Exclude<OutgoingOperation, { readonly kind: 'transact' }>;

/** Operations of a transaction, in order. */
export type TransactionOperations = readonly TransactionOperation[];

/** The conditions and operations of `transact`. */
export interface Transaction<Operations extends TransactionOperations = TransactionOperations> {
  /** Conditions that must all hold, or nothing is done. None by default. */
  readonly conditions?: readonly OutgoingCondition[] | undefined;
  /** Operations that run in order, and take effect together. */
  readonly operations: Operations;
}

/** A transaction without conditions, which is committed unless an operation fails. */
export interface UnconditionalTransaction<Operations extends TransactionOperations = TransactionOperations> {
  /** No conditions. */
  readonly conditions?: undefined;
  /** Operations that run in order, and take effect together. */
  readonly operations: Operations;
}

/** A reply of the protocol as a client gives it, with values in the client's form. */
export type Incoming<T, Value> = T extends Uint8Array
  ? Value
  : T extends object
    ? { readonly [Field in keyof T]: Incoming<T[Field], Value> }
    : T;

/** The reply to an operation, by the `kind` of the operation. */
export type ReplyOf<Operation extends { readonly kind: OperationKind }, Value = string> = Operation extends unknown
  ? Incoming<ReplyTo<Operation['kind']>, Value>
  : never;

/** The reply to each operation of a list, in order. */
export type Replies<Operations extends TransactionOperations, Value = string> = {
  readonly [Index in keyof Operations]: ReplyOf<Operations[Index], Value>;
};

/** The replies of a transaction that was not committed: none. Each place is undefined. */
export type NoReplies<Operations extends readonly unknown[]> = { readonly [Index in keyof Operations]?: undefined };

/** The result of a transaction that was committed. */
export interface Committed<Operations extends TransactionOperations, Value = string> {
  /** True: all conditions held, and all operations took effect. */
  readonly committed: true;
  /** The reply to each operation, in order. */
  readonly replies: Replies<Operations, Value>;
  /** No condition failed. */
  readonly failedCondition: undefined;
}

/** The result of a transaction of which a condition did not hold. Nothing was done. */
export interface NotCommitted<Operations extends readonly unknown[] = readonly unknown[]> {
  /** False: a condition did not hold. */
  readonly committed: false;
  /** Empty. */
  readonly replies: NoReplies<Operations>;
  /** The index of the first condition that did not hold. */
  readonly failedCondition: number;
}

/** The result of `transact`. */
export type TransactionResult<Operations extends TransactionOperations = TransactionOperations, Value = string> =
  | Committed<Operations, Value>
  | NotCommitted<Operations>;

export type TransactOutgoing = Extract<OutgoingOperation, { readonly kind: 'transact' }>;

/** Callers put the operations together themselves, so a list may be none. */
export function transactOperation({ conditions = [], operations }: Transaction): {
  operation: TransactOutgoing;
  writes: boolean;
} {
  const writes = Array.isArray(operations) && operations.some(mayWrite);
  return { operation: { kind: 'transact', conditions, operations }, writes };
}

/** Returns the function that makes the result of the reply. */
export function readTransaction<Value>(value: (bytes: Buffer) => Value) {
  return ({ committed, replies, failedCondition }: ReplyTo<'transact'>): TransactionResult<never, Value> =>
    ({
      committed,
      replies: replies.map((reply) => replyWith(reply, value)),
      failedCondition,
    }) as TransactionResult<never, Value>;
}

/** Converts the values of a reply. */
function replyWith<Value>(reply: Reply, value: (bytes: Buffer) => Value): Incoming<Reply, Value> {
  const optional = (bytes: Buffer | undefined) => (bytes === undefined ? undefined : value(bytes));
  switch (reply.kind) {
    case 'get':
    case 'getDelete':
    case 'getExpire':
      return { ...reply, value: optional(reply.value) };
    case 'getRange':
      return { ...reply, value: value(reply.value) };
    case 'multiGet':
      return { kind: 'multiGet', values: reply.values.map((one) => ({ ...one, value: optional(one.value) })) };
    case 'set':
      return { ...reply, oldValue: optional(reply.oldValue) };
    case 'ping':
      return { kind: 'ping', message: value(reply.message) };
    default:
      return reply as Incoming<Reply, Value>;
  }
}
