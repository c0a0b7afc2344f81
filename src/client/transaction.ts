/**
 * Transactions as a list of operations in the form of the protocol. The type of each reply follows from its operation,
 * and the replies are known to be there as soon as the transaction is known to be committed.
 */

import type { ErrorReply, OperationKind, OutgoingOf, OutgoingOperation, Reply, ReplyTo } from '../model/operation.js';
import { type Forms, withProperty } from './codec.js';
import { mayWrite } from './measure.js';
import type { BigintOption, Data, OutgoingCondition, SumOptions } from './operations.js';
import { decodeDeleted, readSum } from './results.js';

/**
 * An operation of a transaction, by its `kind`: every operation but a transaction. `Input` is the form of the value of a
 * `set`.
 */
export type TransactionOperation<Input = Data> =
  | Exclude<OutgoingOperation, { readonly kind: 'transact' | 'set' | 'multiSet' | 'increment' }>
  | SetWith<Input, OutgoingOf<'set'>>
  | MultiSetWith<Input>
  | IncrementOperation;

/** The operation `increment` of a transaction. */
export interface IncrementOperation extends SumOptions {
  readonly kind: 'increment';
  /** The key. */
  readonly key: Data;
  /** The summand, a whole number of 64 bits. 1 by default. */
  readonly by?: number | bigint | undefined;
}

/** A key with a value of another form. */
export interface EntryWith<Input> {
  /** The key. */
  readonly key: Data;
  /** The new value. */
  readonly value: Input;
}

/** A `multiSet` with values of another form. */
export interface MultiSetWith<Input> {
  readonly kind: 'multiSet';
  /** The keys and their new values. */
  readonly entries: readonly EntryWith<Input>[];
  /** Writes only if none of the keys exists. False by default. */
  readonly ifAbsent?: boolean | undefined;
}

/** A `set` with a value of another form. */
export type SetWith<Input, Operation> = {
  readonly [Field in keyof Operation]: Field extends 'value' ? Input : Operation[Field];
};

/** Operations of a transaction, in order. */
export type TransactionOperations<Input = Data> = readonly TransactionOperation<Input>[];

/** The conditions and operations of `transact`. */
export interface Transaction<Operations extends readonly unknown[] = TransactionOperations, Input = Data> {
  /** Conditions that must all hold, or nothing is done. None by default. */
  readonly conditions?: readonly OutgoingCondition<Input>[] | undefined;
  /** Operations that run in order, and take effect together. */
  readonly operations: Operations;
  /** The handling of an operation that is refused when it runs: nothing is done. */
  readonly onRefusal?: 'undo' | undefined;
}

/** A transaction without conditions, which is committed unless an operation fails. */
export interface UnconditionalTransaction<Operations extends readonly unknown[] = TransactionOperations> {
  /** No conditions. */
  readonly conditions?: undefined;
  /** Operations that run in order, and take effect together. */
  readonly operations: Operations;
  /** The handling of an operation that is refused when it runs: nothing is done. */
  readonly onRefusal?: 'undo' | undefined;
}

/** A transaction that keeps refusals, as Redis does. */
export interface KeepingTransaction<Operations extends readonly unknown[] = TransactionOperations, Input = Data> {
  /** Conditions that must all hold, or nothing is done. None by default. */
  readonly conditions?: readonly OutgoingCondition<Input>[] | undefined;
  /** Operations that run in order. All that are not refused take effect together. */
  readonly operations: Operations;
  /** An operation that is refused when it runs writes nothing, and its refusal is its reply. */
  readonly onRefusal: 'keep';
}

/** A transaction with any handling of refusals. */
export type AnyTransaction<Input = Data> =
  | Transaction<TransactionOperations<Input>, Input>
  | KeepingTransaction<TransactionOperations<Input>, Input>;

/** A reply of the protocol as a client gives it, with values in the client's form. */
export type Incoming<T, Value> = T extends Uint8Array
  ? Value
  : T extends object
    ? { readonly [Field in keyof T]: Incoming<T[Field], Value> }
    : T;

/** An operation of any form, by its `kind`. */
export interface OfKind {
  /** The name of the operation. */
  readonly kind: OperationKind;
}

/**
 * The reply to an operation, by the `kind` of the operation. `Value` is the form of values, and `Key` that of a part of
 * a value (`getRange`, `longestCommonSubsequence`) and of the message of a `ping`. The sum of an increment is a number,
 * unless it asks for a bigint.
 */
export type ReplyOf<Operation extends OfKind, Value = string, Key = Value> = Operation extends unknown
  ? Operation['kind'] extends 'increment'
    ? SumReply<Operation>
    : Incoming<
        ReplyTo<Operation['kind']>,
        Operation['kind'] extends 'getRange' | 'ping' | 'longestCommonSubsequence' ? Key : Value
      >
  : never;

/** The reply to an increment. `bigint`, if the operation asks for one, decides the form of the sum. */
export interface SumReply<Operation> {
  readonly kind: 'increment';
  /** The sum. A sum that a number does not hold exactly throws when it is read. */
  readonly value: Operation extends BigintOption
    ? bigint
    : 'bigint' extends keyof Operation
      ? true extends Operation['bigint']
        ? number | bigint
        : number
      : number;
}

/** The reply to each operation of a list, in order. */
export type Replies<Operations extends readonly OfKind[], Value = string, Key = Value> = {
  readonly [Index in keyof Operations]: ReplyOf<Operations[Index], Value, Key>;
};

/** The replies of a transaction that was not committed: none. Each place is undefined. */
export type NoReplies<Operations extends readonly unknown[]> = { readonly [Index in keyof Operations]?: undefined };

/** The result of a transaction that was committed. */
export interface Committed<Operations extends readonly OfKind[], Value = string, Key = Value> {
  /** True: all conditions held, and all operations took effect. */
  readonly committed: true;
  /** The reply to each operation, in order. */
  readonly replies: Replies<Operations, Value, Key>;
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
export type TransactionResult<
  Operations extends readonly OfKind[] = TransactionOperations,
  Value = string,
  Key = Value,
> = Committed<Operations, Value, Key> | NotCommitted<Operations>;

/** The result of a transaction that keeps refusals and was committed. */
export interface KeptReplies<Operations extends readonly OfKind[], Value = string, Key = Value> {
  /** True: all conditions held. */
  readonly committed: true;
  /** The reply to each operation, in order, or its error. */
  readonly replies: { readonly [Index in keyof Operations]: ReplyOf<Operations[Index], Value, Key> | ErrorReply };
  /** No condition failed. */
  readonly failedCondition: undefined;
}

/** The operation, and whether it may write. Callers put the operations together themselves, so a list may be none. */
export function transactOperation<Input>(
  { conditions = [], operations, onRefusal }: AnyTransaction<Input>,
  forms: Forms<unknown, unknown, Input>,
): { operation: OutgoingOf<'transact'>; writes: boolean } {
  const summed = mapped(operations, (one) => (one.kind === 'increment' ? { ...one, by: summandOf(one) } : one));
  const inner = forms.hasCodec ? withEncoded(summed, forms, 'kind', 'set') : summed;
  const tests = forms.hasCodec ? withEncoded(conditions, forms, 'test', 'value') : conditions;
  const operation = { kind: 'transact', conditions: tests, operations: inner, onRefusal } as OutgoingOf<'transact'>;
  return { operation, writes: Array.isArray(inner) && operation.operations.some(mayWrite) };
}

type Fields = Readonly<Record<string, unknown>>;

/** Changes the objects of a list. Anything else stays, for the check of the fields. */
function mapped(list: unknown, change: (one: Fields) => Fields): unknown {
  if (!Array.isArray(list)) return list;
  return list.map((one: Fields | null | undefined) => (typeof one === 'object' && one !== null ? change(one) : one));
}

/** A summand that is no whole number stays, for the check of the fields. */
function summandOf({ by = 1 }: Fields): unknown {
  return Number.isSafeInteger(by) ? BigInt(by as number) : by;
}

/** Encodes the values of those objects of a list that have the tag, and of every `multiSet`. */
function withEncoded<Input>(
  list: unknown,
  { encode }: Forms<unknown, unknown, Input>,
  tag: 'kind' | 'test',
  name: 'set' | 'value',
): unknown {
  const encoded = (one: Fields): Fields => ({ ...one, value: encode(one.key, one.value as Input) });
  return mapped(list, (one) => {
    if (one[tag] === 'multiSet') return { ...one, entries: mapped(one.entries, encoded) };
    return one[tag] === name ? encoded(one) : one;
  });
}

/** Returns the function that makes the result of the reply. */
export function readTransaction<Key, Value, Input>(forms: Forms<Key, Value, Input>) {
  return ({ committed, replies, failedCondition }: ReplyTo<'transact'>, { operations }: OutgoingOf<'transact'>) => ({
    committed,
    replies: replies.map((reply, index) => replyWith(reply, operations[index] as OutgoingOperation, forms)),
    failedCondition,
  });
}

/** Converts the values of a reply. A value that cannot be decoded throws when it is read: the transaction is done. */
function replyWith<Key, Value, Input>(
  reply: Reply,
  operation: OutgoingOperation,
  { raw, decode }: Forms<Key, Value, Input>,
): object {
  const { key, keys } = operation as { readonly key?: Data; readonly keys?: readonly Data[] };
  const optional = (bytes: Buffer | undefined, of: Data | undefined) =>
    bytes === undefined ? undefined : decode(of, bytes);
  switch (reply.kind) {
    case 'getDelete': {
      const { value } = reply;
      return withProperty({ ...reply }, 'value', () => value && decodeDeleted(decode, key, value));
    }
    case 'get':
    case 'getExpire':
      return withProperty({ ...reply }, 'value', () => optional(reply.value, key));
    case 'multiGet':
      return {
        kind: 'multiGet',
        values: reply.values.map((one, index) =>
          withProperty({ ...one }, 'value', () => optional(one.value, keys?.[index])),
        ),
      };
    case 'set':
      return withProperty({ ...reply }, 'oldValue', () => optional(reply.oldValue, key));
    case 'increment': {
      const read = readSum(operation as SumOptions);
      return withProperty({ ...reply }, 'value', () => read(reply, { key: key as Data }));
    }
    case 'getRange':
      return { ...reply, value: raw(reply.value) };
    case 'longestCommonSubsequence':
      return { ...reply, value: reply.value && raw(reply.value) };
    case 'ping':
      return { kind: 'ping', message: raw(reply.message) };
    default:
      return reply;
  }
}
