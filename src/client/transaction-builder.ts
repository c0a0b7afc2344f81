/**
 * A transaction put together step by step. Each step has the name, the arguments and the result of the client's method,
 * and the type of the builder grows by that result. Nothing is sent before `commit`.
 */

import { HeadwaterError } from '../base/errors.js';
import { checkOptionNames, type OptionNames, refusedOptions } from '../base/option-names.js';
import type { Bit, BitOperator, OperationKind, OutgoingOperation, ReplyTo, ValueType } from '../model/operation.js';
import {
  type BitFieldAction,
  type BitPosOptions,
  type BitRangeOptions,
  bitCountOperation,
  bitFieldOperation,
  bitPositionOperation,
  type LcsMatchesOptions,
  subsequenceOperation,
} from './bit-operations.js';
import { type LcsMatches, readBit, readBits, readFields, readMatches, readPosition, readText } from './bit-results.js';
import type { Caller } from './caller.js';
import { type Forms, withProperty } from './codec.js';
import {
  BIT_COUNT_STEP,
  BIT_POS_STEP,
  COMMIT,
  COPY_STEP,
  EXPIRE_STEP,
  GET_EX_STEP,
  INCR_STEP,
  LCS_MATCHES_STEP,
  MSET_STEP,
  RENAME_STEP,
  SET_STEP,
} from './command-options.js';
import { mayWrite } from './measure.js';
import {
  type BigintOption,
  type CopyOptions,
  type Data,
  type ExpireOptions,
  expireOperation,
  type GetExOptions,
  getExpireOperation,
  incrementOperation,
  type KeysAndValues,
  type MSetOptions,
  multiSetOperation,
  type NumberOption,
  type OutgoingCondition,
  type RenameOptions,
  type SetOptions,
  type SumOptions,
  setOperation,
} from './operations.js';
import type { CallOptions } from './options.js';
import type { ReadReply } from './pending-command.js';
import {
  type Results,
  readApplied,
  readDecimal,
  readDeleted,
  readExisting,
  readLength,
  readNothing,
  readSum,
  readTimeToLive,
  readType,
  type SetResult,
  type TimeToLive,
  type Versioned,
} from './results.js';
import type { NoReplies } from './transaction.js';

/**
 * A condition of `if`: the key exists, the key is absent, the offset of the key's last write is `version` (0 for no
 * such key), or the key holds the `value`.
 */
export type ConditionTest<Input = Data> =
  | 'exists'
  | 'absent'
  | { readonly version: number; readonly value?: undefined }
  | { readonly value: Input; readonly version?: undefined };

/** The result of `commit` if all conditions held. */
export interface CommittedResults<Steps extends readonly unknown[]> {
  /** True: all conditions held, and all steps took effect. */
  readonly committed: true;
  /** The result of each step, in order: that of the client's method of the same name. */
  readonly results: Steps;
  /** No condition failed. */
  readonly failedCondition: undefined;
}

/** The result of `commit` if a condition did not hold. Nothing was done. */
export interface NotCommittedResults<Steps extends readonly unknown[]> {
  /** False: a condition did not hold. */
  readonly committed: false;
  /** Empty. */
  readonly results: NoReplies<Steps>;
  /** The index of the first condition that did not hold. */
  readonly failedCondition: number;
}

/** The result of `commit`. Without a condition, the transaction is committed unless a step fails. */
export type CommitResult<Steps extends readonly unknown[], Conditional extends boolean> =
  | CommittedResults<Steps>
  | (Conditional extends true ? NotCommittedResults<Steps> : never);

/** The options of `commit`. */
export interface CommitOptions extends CallOptions {
  /** The handling of a step that is refused when it runs: nothing is done. */
  readonly onRefusal?: 'undo' | undefined;
}

/** The options of a `commit` that keeps refusals, as Redis does. */
export interface KeepingCommitOptions extends CallOptions {
  /** A step that is refused when it runs writes nothing, and its result is its error. */
  readonly onRefusal: 'keep';
}

/** The results of steps of which any may be refused. */
export type Kept<Steps extends readonly unknown[]> = { readonly [Index in keyof Steps]: Steps[Index] | HeadwaterError };

/** The operation of a step, as it is sent. */
type StepOperation = Exclude<OutgoingOperation, { readonly kind: 'transact' }>;

/** The part of a step that waits for its reply. */
type ReadStep = (reply: never, operation: never) => unknown;

/**
 * A transaction that `transaction` begins. Each method adds a step and returns the builder. An invalid argument rejects
 * `commit`. `Key`, `Value` and `Input` are those of `Commands`. `Steps` are the results so far, and
 * `Conditional` is true behind an `if`.
 */
export class TransactionBuilder<
  Key = string,
  Value = Key,
  Input = Data,
  Steps extends readonly unknown[] = readonly [],
  Conditional extends boolean = false,
> {
  readonly #session: Caller;
  readonly #results: Results<Key, Value, Input>;
  readonly #conditions: OutgoingCondition[] = [];
  readonly #operations: StepOperation[] = [];
  readonly #reads: ReadStep[] = [];
  #refusal: unknown;

  /** @internal */
  constructor(session: Caller, results: Results<Key, Value, Input>) {
    this.#session = session;
    this.#results = results;
  }

  /**
   * Adds a condition. All conditions must hold when the transaction begins, whatever their place among the steps.
   * @param test 'exists', 'absent', `{ version }` or `{ value }`.
   */
  if(key: Data, test: ConditionTest<Input>): TransactionBuilder<Key, Value, Input, Steps, true> {
    try {
      this.#conditions.push(conditionOf(key, test, this.#results.forms));
    } catch (error) {
      this.#refusal ??= error;
    }
    return this as unknown as TransactionBuilder<Key, Value, Input, Steps, true>;
  }

  /** Adds a `get`. */
  get(key: Data) {
    return this.#add<'get', Value | undefined>({ kind: 'get', key }, this.#results.optional);
  }

  /** Adds a `getVersioned`. */
  getVersioned(key: Data) {
    return this.#add<'get', Versioned<Value> | undefined>({ kind: 'get', key }, this.#results.versioned);
  }

  /** Adds an `mget`. */
  mget(keys: readonly Data[]) {
    return this.#add<'multiGet', Array<Value | undefined>>({ kind: 'multiGet', keys }, this.#results.many);
  }

  /** Adds a `set`. */
  set(key: Data, value: Input, options?: SetOptions) {
    return this.#addWith<'set', SetResult<Value>>(
      () => setOperation(key, this.#results.forms.encode(key, value), checked(options, SET_STEP)),
      this.#results.set,
    );
  }

  /** Adds an `mset`. */
  mset(pairs: KeysAndValues<Input>, options?: MSetOptions) {
    return this.#addWith<'multiSet', boolean>(
      () => multiSetOperation(pairs, this.#results.forms.encode, checked(options, MSET_STEP)),
      readApplied,
    );
  }

  /** Adds a `del`. */
  del(...keys: Data[]) {
    return this.#add<'delete', number>({ kind: 'delete', keys }, readDeleted);
  }

  /** Adds an `exists`. */
  exists(...keys: Data[]) {
    return this.#add<'exists', number>({ kind: 'exists', keys }, readExisting);
  }

  /** Adds an `incr`, whose result is a number. With `{ bigint: true }`, the result is a bigint. */
  incr(
    key: Data,
    by?: number | bigint,
    options?: NumberOption,
  ): TransactionBuilder<Key, Value, Input, readonly [...Steps, number], Conditional>;
  /** Adds an `incr`, whose result is a bigint. */
  incr(
    key: Data,
    by: number | bigint | undefined,
    options: BigintOption,
  ): TransactionBuilder<Key, Value, Input, readonly [...Steps, bigint], Conditional>;
  incr(key: Data, by: number | bigint = 1, options?: SumOptions): never {
    const read: ReadReply<'increment', number | bigint> = readSum(options ?? undefined);
    const make = () => {
      checked(options, INCR_STEP);
      return incrementOperation(key, by);
    };
    return this.#addWith<'increment', number | bigint>(make, read) as never;
  }

  /** Adds an `incrByFloat`. */
  incrByFloat(key: Data, by: number | string) {
    return this.#add<'incrementFloat', string>({ kind: 'incrementFloat', key, by }, readDecimal);
  }

  /** Adds an `append`. */
  append(key: Data, value: Data) {
    return this.#add<'append', number>({ kind: 'append', key, value }, readLength);
  }

  /** Adds a `strlen`. */
  strlen(key: Data) {
    return this.#add<'stringLength', number>({ kind: 'stringLength', key }, readLength);
  }

  /** Adds a `getRange`. */
  getRange(key: Data, start: number, end: number) {
    return this.#add<'getRange', Key>({ kind: 'getRange', key, start, end }, this.#results.range);
  }

  /** Adds a `setRange`. */
  setRange(key: Data, start: number, value: Data) {
    return this.#add<'setRange', number>({ kind: 'setRange', key, start, value }, readLength);
  }

  /** Adds a `getDel`. */
  getDel(key: Data) {
    return this.#add<'getDelete', Value | undefined>({ kind: 'getDelete', key }, this.#results.deleted);
  }

  /** Adds a `getEx`. */
  getEx(key: Data, options: GetExOptions) {
    return this.#addWith<'getExpire', Value | undefined>(
      () => getExpireOperation(key, checked(options, GET_EX_STEP)),
      this.#results.optional,
    );
  }

  /** Adds a `ttl`. */
  ttl(key: Data) {
    return this.#add<'timeToLive', TimeToLive>({ kind: 'timeToLive', key }, readTimeToLive);
  }

  /**
   * Adds an `expire`.
   * @param expiry a number is milliseconds from now on.
   */
  expire(key: Data, expiry: number | ExpireOptions) {
    const options = typeof expiry === 'number' ? { ttlMs: expiry } : expiry;
    return this.#addWith<'expire', boolean>(() => expireOperation(key, checked(options, EXPIRE_STEP)), readApplied);
  }

  /** Adds a `persist`. */
  persist(key: Data) {
    return this.#add<'persist', boolean>({ kind: 'persist', key }, readApplied);
  }

  /** Adds a `rename`. */
  rename(key: Data, newKey: Data, options?: RenameOptions) {
    return this.#addWith<'rename', boolean>(
      () => ({ kind: 'rename', key, newKey, ifAbsent: checked(options, RENAME_STEP)?.ifAbsent }),
      readApplied,
    );
  }

  /** Adds a `copy`. */
  copy(key: Data, newKey: Data, options?: CopyOptions) {
    return this.#addWith<'copy', boolean>(
      () => ({ kind: 'copy', key, newKey, replace: checked(options, COPY_STEP)?.replace }),
      readApplied,
    );
  }

  /** Adds a `getBit`. */
  getBit(key: Data, offset: number) {
    return this.#add<'getBit', Bit>({ kind: 'getBit', key, offset }, readBit);
  }

  /** Adds a `setBit`. */
  setBit(key: Data, offset: number, bit: Bit) {
    return this.#add<'setBit', Bit>({ kind: 'setBit', key, offset, bit }, readBit);
  }

  /** Adds a `bitCount`. */
  bitCount(key: Data, options?: BitRangeOptions) {
    return this.#addWith<'bitCount', number>(() => bitCountOperation(key, checked(options, BIT_COUNT_STEP)), readBits);
  }

  /** Adds a `bitPos`. */
  bitPos(key: Data, bit: Bit, options?: BitPosOptions) {
    return this.#addWith<'bitPosition', number | undefined>(
      () => bitPositionOperation(key, bit, checked(options, BIT_POS_STEP)),
      readPosition,
    );
  }

  /** Adds a `bitOp`. */
  bitOp(operator: BitOperator, destination: Data, keys: readonly Data[]) {
    return this.#add<'bitOperation', number>({ kind: 'bitOperation', operator, key: destination, keys }, readLength);
  }

  /** Adds a `bitField`, whose results are numbers. With `{ bigint: true }`, the results are bigints. */
  bitField(
    key: Data,
    steps: readonly BitFieldAction[],
    options?: NumberOption,
  ): TransactionBuilder<Key, Value, Input, readonly [...Steps, Array<number | undefined>], Conditional>;
  /** Adds a `bitField`, whose results are bigints. */
  bitField(
    key: Data,
    steps: readonly BitFieldAction[],
    options: BigintOption,
  ): TransactionBuilder<Key, Value, Input, readonly [...Steps, Array<bigint | undefined>], Conditional>;
  bitField(key: Data, steps: readonly BitFieldAction[], options?: SumOptions): never {
    const read: ReadReply<'bitField', Array<number | bigint | undefined>> = readFields(options ?? undefined);
    const make = () => {
      checked(options, INCR_STEP);
      return bitFieldOperation(key, steps);
    };
    return this.#addWith<'bitField', unknown>(make, read) as never;
  }

  /** Adds an `lcs`. */
  lcs(key: Data, otherKey: Data) {
    return this.#add<'longestCommonSubsequence', Key>(
      subsequenceOperation(key, otherKey, 'text'),
      readText(this.#results.forms.raw),
    );
  }

  /** Adds an `lcsLength`. */
  lcsLength(key: Data, otherKey: Data) {
    return this.#add<'longestCommonSubsequence', number>(subsequenceOperation(key, otherKey, 'length'), readLength);
  }

  /** Adds an `lcsMatches`. */
  lcsMatches(key: Data, otherKey: Data, options?: LcsMatchesOptions) {
    return this.#addWith<'longestCommonSubsequence', LcsMatches>(
      () => subsequenceOperation(key, otherKey, 'matches', checked(options, LCS_MATCHES_STEP)),
      readMatches,
    );
  }

  /** Adds a `type`. */
  type(key: Data) {
    return this.#add<'type', ValueType | 'none'>({ kind: 'type', key }, readType);
  }

  /** Adds a `flushAll`. */
  flushAll() {
    return this.#add<'flushAll', void>({ kind: 'flushAll' }, readNothing);
  }

  /**
   * Carries out all steps or none. If a condition does not hold, nothing is done and `committed` is false. A second
   * call sends the transaction again.
   * @throws HeadwaterError the error of the first step that fails. Nothing is done then. With `onRefusal: 'keep'`, the
   *   error is the result of that step, and the others take effect.
   */
  commit(options?: CommitOptions): Promise<CommitResult<Steps, Conditional>>;
  /** Carries out all steps that are not refused. The result of a refused step is its error. */
  commit(options: KeepingCommitOptions): Promise<CommitResult<Kept<Steps>, Conditional>>;
  commit(options?: CommitOptions | KeepingCommitOptions): Promise<never> {
    const refusal = this.#refusal ?? (options === undefined ? undefined : refusedOptions(options, COMMIT));
    if (refusal !== undefined) return Promise.reject(refusal);
    const operations = [...this.#operations];
    const reads = [...this.#reads];
    return this.#session.ask<'transact', unknown>(
      { kind: 'transact', conditions: [...this.#conditions], operations, onRefusal: options?.onRefusal },
      operations.some(mayWrite),
      (reply) => resultsOf(reply, operations, reads),
      options,
    ) as Promise<never>;
  }

  /** Adds a step whose operation is checked while it is made. */
  #addWith<K extends OperationKind, Result>(make: () => StepOperation, read: ReadReply<K, Result>) {
    try {
      return this.#add<K, Result>(make(), read);
    } catch (error) {
      this.#refusal ??= error;
      return this as unknown as TransactionBuilder<Key, Value, Input, readonly [...Steps, Result], Conditional>;
    }
  }

  #add<K extends OperationKind, Result>(operation: StepOperation, read: ReadReply<K, Result>) {
    this.#operations.push(operation);
    this.#reads.push(read as ReadStep);
    return this as unknown as TransactionBuilder<Key, Value, Input, readonly [...Steps, Result], Conditional>;
  }
}

/** @throws HeadwaterError `invalid_argument` for a name that the options of the step do not have. */
function checked<Options>(options: Options, names: OptionNames): Options {
  if (options !== undefined) checkOptionNames(options, names);
  return options;
}

/** A result that cannot be decoded throws when it is read: the transaction is done. */
function resultsOf(
  { committed, replies, failedCondition }: ReplyTo<'transact'>,
  operations: readonly StepOperation[],
  reads: readonly ReadStep[],
) {
  const results: unknown[] = [];
  for (const [index, reply] of replies.entries()) {
    const read = reads[index] as ReadStep;
    if (reply.kind === 'error') results[index] = reply.error;
    else withProperty(results, String(index), () => read(reply as never, operations[index] as never));
  }
  return { committed, results, failedCondition };
}

function conditionOf<Input>(
  key: Data,
  test: ConditionTest<Input>,
  { encode }: Forms<unknown, unknown, Input>,
): OutgoingCondition {
  if (test === 'exists' || test === 'absent') return { key, test };
  const { version, value } = (test ?? {}) as { version?: number | undefined; value?: Input | undefined };
  if (version !== undefined && value === undefined) return { key, test: 'version', version };
  if (value !== undefined && version === undefined) return { key, test: 'value', value: encode(key, value) };
  const received = typeof test === 'object' ? Object.keys(test ?? {}).join(' and ') || 'neither' : String(test);
  throw new HeadwaterError(
    'invalid_argument',
    `if: expected 'exists', 'absent', { version } or { value }, received ${received}`,
  );
}
