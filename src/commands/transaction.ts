/**
 * Several operations as one. They run if every condition holds. Either all of them take effect together, or
 * none does. The first refusal undoes the operations before it, because nobody intends a transaction whose middle is
 * missing. Redis's EXEC continues after an operation that failed. A transaction that keeps refusals does the same: the
 * refused operation writes nothing, and its refusal is its reply.
 */

import { HeadwaterError } from '../base/errors.js';
import { TYPE_STRING } from '../model/command.js';
import type { UntouchedCondition } from '../model/key-watch.js';
import type { Condition, Operation, Reply, ReplyTo } from '../model/operation.js';
import { errorReply } from '../model/reply-size.js';
import { checkKey, checkSteps, checkValue, checkWholeNumber, tooLarge } from './arguments.js';
import { EMPTY, type Family, type OperationOf, OVERHEAD_BYTES } from './handler.js';
import type { Limits, ReadView, View } from './view.js';

/** The functions of execute.ts for an operation of any kind. */
interface Operations {
  validate(operation: Operation, limits: Limits): void;
  sizeOf(operation: Operation): number;
  keysRead(operation: Operation): readonly Buffer[];
  execute(operation: Operation, view: View): Reply;
}

/** `inner` is a parameter, because the table holds this family too. */
export function transactions(inner: Operations): Family<'transact'> {
  return {
    transact: {
      validate: (operation, limits) => validate(operation, limits, inner),
      sizeOf: (operation) => sizeOf(operation, inner),
      keysRead: (operation) => keysRead(operation, inner),
      execute: (operation, view) => execute(operation, view, inner),
    },
  };
}

type Transaction = OperationOf<'transact'>;

function validate(transaction: Transaction, limits: Limits, inner: Operations): void {
  const size = sizeOf(transaction, inner);
  if (size > limits.transactionBytesMax) throw tooLarge('a transaction', limits.transactionBytesMax, size);
  for (const condition of transaction.conditions) validateCondition(condition, limits);
  for (const [index, operation] of transaction.operations.entries()) {
    named(index, operation, () => {
      if (operation.kind !== 'transact') return inner.validate(operation, limits);
      throw new HeadwaterError('invalid_argument', 'expected a plain operation, received a transaction inside another');
    });
  }
}

function validateCondition(condition: Condition, limits: Limits): void {
  checkKey(condition.key, limits);
  if (condition.test === 'value') checkValue(condition.value, limits);
  if (condition.test === 'version') checkWholeNumber('condition: version', condition.version, 0);
}

function sizeOf({ conditions, operations }: Transaction, inner: Operations): number {
  let size = OVERHEAD_BYTES;
  for (const condition of conditions) {
    size += OVERHEAD_BYTES + condition.key.length + (condition.test === 'value' ? condition.value.length : 0);
  }
  for (const operation of operations) size += inner.sizeOf(operation);
  return size;
}

function keysRead({ conditions, operations }: Transaction, inner: Operations): readonly Buffer[] {
  const keys = conditions.map((condition) => condition.key);
  for (const operation of operations) for (const key of inner.keysRead(operation)) keys.push(key);
  return keys.length === 0 ? EMPTY : keys;
}

function execute(transaction: Transaction, view: View, inner: Operations): ReplyTo<'transact'> {
  const { conditions, operations, onRefusal } = transaction;
  const failedCondition = conditions.findIndex((condition) => !holds(condition, view));
  if (failedCondition !== -1) return { kind: 'transact', committed: false, replies: [], failedCondition };
  const savepoint = view.savepoint();
  const bounded = new BoundedView(view);
  try {
    const replies = operations.map((operation, index) =>
      onRefusal === 'keep'
        ? bounded.attempt(() => inner.execute(operation, bounded))
        : named(index, operation, () => inner.execute(operation, bounded)),
    );
    view.join(savepoint);
    return { kind: 'transact', committed: true, replies };
  } catch (error) {
    view.rollback(savepoint);
    throw error;
  }
}

function holds(condition: Condition, view: ReadView): boolean {
  const entry = view.get(condition.key);
  switch (condition.test) {
    case 'exists':
      return entry !== undefined;
    case 'absent':
      return entry === undefined;
    case 'version':
      return (entry?.version ?? 0) === condition.version && isUntouched(condition, view);
    case 'value':
      return entry !== undefined && entry.type === TYPE_STRING && entry.value.equals(condition.value);
  }
}

/** False for a watched key that was absent when the watch began, and was written since. */
function isUntouched(condition: Condition | UntouchedCondition, view: ReadView): boolean {
  if (!('watch' in condition)) return true;
  return !condition.watch.isTouched && view.block?.hasPut(condition.key) !== true;
}

/** Adds to a refusal which operation it was. The index is in the details for programs. */
function named<Result>(index: number, operation: Operation, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (!HeadwaterError.is(error)) throw error;
    const message = `transaction refused at operation ${index} (${operation.kind}): ${error.message}`;
    throw new HeadwaterError(error.code, message, {
      cause: error,
      details: { ...error.details, operation: index },
    });
  }
}

/**
 * Counts the bytes that a transaction writes, and its work. A few small operations on large values (an APPEND to each of
 * ten) log far more than was sent. A transaction must fit into one block.
 */
class BoundedView implements View {
  readonly nowMs: number;
  readonly limits: Limits;
  readonly #view: View;
  #bytes = 0;
  #steps = 0;

  constructor(view: View) {
    this.nowMs = view.nowMs;
    this.limits = view.limits;
    this.#view = view;
  }

  get clockDoubt(): string | undefined {
    return this.#view.clockDoubt;
  }

  get(key: Buffer) {
    return this.#view.get(key);
  }

  put(key: Buffer, value: Buffer, expiresAtMs: number, type: number): void {
    this.#count(key.length + value.length);
    this.#view.put(key, value, expiresAtMs, type);
  }

  del(key: Buffer): void {
    this.#count(key.length);
    this.#view.del(key);
  }

  touch(key: Buffer, expiresAtMs: number): void {
    this.#count(key.length);
    this.#view.touch(key, expiresAtMs);
  }

  clear(): void {
    this.#count(0);
    this.#view.clear();
  }

  work(steps: number): void {
    this.#steps += steps;
    checkSteps('the operations of the transaction', this.#steps);
    this.#view.work(steps);
  }

  /** Executes one operation. A refusal is its reply, and undoes its writes alone. */
  attempt(act: () => Reply): Reply {
    const savepoint = this.#view.savepoint();
    const bytes = this.#bytes;
    try {
      return act();
    } catch (error) {
      if (!HeadwaterError.is(error)) throw error;
      this.#view.rollback(savepoint);
      this.#bytes = bytes;
      return errorReply(error);
    }
  }

  savepoint(): number {
    return this.#view.savepoint();
  }

  rollback(savepoint: number): void {
    this.#view.rollback(savepoint);
  }

  join(savepoint: number): void {
    this.#view.join(savepoint);
  }

  #count(bytes: number): void {
    this.#bytes += OVERHEAD_BYTES + bytes;
    if (this.#bytes <= this.limits.transactionBytesMax) return;
    throw tooLarge('the writes of the transaction', this.limits.transactionBytesMax, this.#bytes);
  }
}
