/**
 * The one table of operations. A new family is one file with its handlers and one line in TABLE. A kind that
 * no family handles does not compile. The writer and the readers call `keysRead`, then `replyOf` on their
 * view, for every operation. The services call `validate` and `sizeOf` before they queue an operation. The kinds
 * that write are in model/write-kinds.ts, since the client needs them too.
 */
import { HeadwaterError } from '../base/errors.js';
import type { Operation, OperationKind, Reply, ReplyTo } from '../model/operation.js';
import { bitFields } from './bit-fields.js';
import { bits } from './bits.js';
import type { Family, Handler } from './handler.js';
import { keys } from './keys.js';
import { numbers } from './numbers.js';
import { server } from './server.js';
import { strings } from './strings.js';
import { subsequences } from './subsequence.js';
import { transactions } from './transaction.js';
import type { Limits, View } from './view.js';

const TABLE: Family<OperationKind> = {
  ...strings,
  ...numbers,
  ...keys,
  ...bits,
  ...bitFields,
  ...subsequences,
  ...server,
  ...transactions({ validate, sizeOf, keysRead, execute }),
};

/**
 * The cast is sound, because the table has the handler of each kind under that kind. The compiler cannot
 * follow that.
 */
function handlerOf(operation: Operation): Handler<OperationKind> {
  return TABLE[operation.kind] as Handler<OperationKind>;
}

/** Checks sizes and shapes of the arguments. @throws HeadwaterError that names the expected and the received value. */
export function validate(operation: Operation, limits: Limits): void {
  handlerOf(operation).validate(operation, limits);
}

/** Bytes that an operation takes up while it waits, approximately. */
export function sizeOf(operation: Operation): number {
  return handlerOf(operation).sizeOf(operation);
}

/** The keys whose entries must be in memory before `execute`. A key may be named more than once. */
export function keysRead(operation: Operation): readonly Buffer[] {
  return handlerOf(operation).keysRead(operation);
}

/** Whether `execute` needs the values of those entries, not only their existence, type and expiry. */
export function readsValues(operation: Operation): boolean {
  return handlerOf(operation).ignoresValues !== true;
}

/**
 * Runs a validated operation on `view`, which receives the commands to be logged.
 * @throws HeadwaterError if the operation is refused. Nothing is written in the view then.
 */
export function execute<K extends OperationKind>(operation: Operation & { readonly kind: K }, view: View): ReplyTo<K>;
export function execute(operation: Operation, view: View): Reply;
export function execute(operation: Operation, view: View): Reply {
  return handlerOf(operation).execute(operation, view);
}

/** Runs a validated operation as `execute` does. A refusal of the operation is its reply. */
export function replyOf(operation: Operation, view: View): Reply {
  try {
    return execute(operation, view);
  } catch (error) {
    if (error instanceof HeadwaterError) return { kind: 'error', error };
    throw error;
  }
}
