/**
 * A family of operations is a handler for each kind, which the table in execute.ts collects. A handler is
 * stateless. `validate` looks at the operation alone. `keysRead` names every key whose entry `execute` will
 * ask for. `execute` makes sure that nothing can fail any more before it writes.
 */
import type { Operation, OperationKind, ReplyTo } from '../model/operation.js';
import { checkKey, checkKeys } from './arguments.js';
import type { Limits, View } from './view.js';

export type OperationOf<K extends OperationKind> = Extract<Operation, { readonly kind: K }>;

export interface Handler<K extends OperationKind> {
  validate(operation: OperationOf<K>, limits: Limits): void;
  sizeOf(operation: OperationOf<K>): number;
  keysRead(operation: OperationOf<K>): readonly Buffer[];
  /** Set if `execute` uses only the existence, the type and the expiry of those entries. */
  readonly ignoresValues?: true;
  execute(operation: OperationOf<K>, view: View): ReplyTo<K>;
}

export type Family<K extends OperationKind> = { readonly [P in K]: Handler<P> };

/** The keys of operations that read nothing. They share one array, because a blind SET is the hot path. */
export const EMPTY: readonly Buffer[] = Object.freeze([]);

/** Cost of an operation or a logged command beside its bytes. So many empty ones do not count as nothing. */
export const OVERHEAD_BYTES = 32;

/** The methods that operations on one key, without a payload, have in common. */
export const ONE_KEY = {
  validate: (operation: { readonly key: Buffer }, limits: Limits): void => checkKey(operation.key, limits),
  sizeOf: (operation: { readonly key: Buffer }): number => OVERHEAD_BYTES + operation.key.length,
  keysRead: (operation: { readonly key: Buffer }): readonly Buffer[] => [operation.key],
};

/** The methods that operations on a key and a value have in common. */
export const KEY_AND_VALUE = {
  sizeOf: (operation: { readonly key: Buffer; readonly value: Buffer }): number =>
    OVERHEAD_BYTES + operation.key.length + operation.value.length,
};

/** The methods that operations on a list of keys have in common. A long list is bounded as a transaction is. */
export const MANY_KEYS = {
  validate(operation: { readonly kind: OperationKind; readonly keys: readonly Buffer[] }, limits: Limits): void {
    checkKeys(operation.kind, operation.keys, keysSize(operation.keys), limits);
  },
  sizeOf: (operation: { readonly keys: readonly Buffer[] }): number => keysSize(operation.keys),
  keysRead: (operation: { readonly keys: readonly Buffer[] }): readonly Buffer[] => operation.keys,
};

export function keysSize(keys: readonly Buffer[]): number {
  let size = OVERHEAD_BYTES;
  for (const key of keys) size += OVERHEAD_BYTES + key.length;
  return size;
}
