/**
 * The one table of operations. A new family is one file with its handlers and
 * one line in TABLE; a kind that no family handles does not compile. Called by
 * the writer for every operation (`keysRead`, then `execute` on its view), by
 * the readers likewise, and by the services before they queue one (`validate`,
 * `isWrite`, `sizeOf`).
 */
import type { Operation, OperationKind, Reply, ReplyTo } from '../model/operation.js';
import type { Family, Handler } from './handler.js';
import { keys } from './keys.js';
import { numbers } from './numbers.js';
import { server } from './server.js';
import { strings } from './strings.js';
import { transactions } from './transaction.js';
import type { Limits, View } from './view.js';

const TABLE: Family<OperationKind> = {
  ...strings,
  ...numbers,
  ...keys,
  ...server,
  ...transactions({ validate, sizeOf, keysRead, isWrite, execute }),
};

/** Sound because the table has at each kind the handler of that kind, which the compiler cannot follow. */
function handlerOf(operation: Operation): Handler<OperationKind> {
  return TABLE[operation.kind] as Handler<OperationKind>;
}

/** Sizes and shapes of the arguments; throws a HeadwaterError that says what was expected and what was received. */
export function validate(operation: Operation, limits: Limits): void {
  handlerOf(operation).validate(operation, limits);
}

/** About how many bytes an operation takes up while it waits. */
export function sizeOf(operation: Operation): number {
  return handlerOf(operation).sizeOf(operation);
}

/** The keys whose entries must be at hand before `execute`; one may be named more than once. */
export function keysRead(operation: Operation): readonly Buffer[] {
  return handlerOf(operation).keysRead(operation);
}

/** Whether `execute` needs the values of those entries, and not only to know of them. */
export function readsValues(operation: Operation): boolean {
  return handlerOf(operation).ignoresValues !== true;
}

/** Whether the operation may write, so that a follower refuses it. */
export function isWrite(operation: Operation): boolean {
  return handlerOf(operation).isWrite(operation);
}

/**
 * Runs a validated operation on `view`, which gets the commands to be logged.
 * A refusal is a HeadwaterError, and leaves nothing written in the view.
 */
export function execute<K extends OperationKind>(operation: Operation & { readonly kind: K }, view: View): ReplyTo<K>;
export function execute(operation: Operation, view: View): Reply;
export function execute(operation: Operation, view: View): Reply {
  return handlerOf(operation).execute(operation, view);
}
