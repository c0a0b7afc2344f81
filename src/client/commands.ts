/**
 * The typed methods of a client, once for text and once for bytes: values and keys come back as `Value`. A method makes
 * an operation and a function that reads its reply. The session does everything between. No method of the hot path is
 * an async function, so the reply settles the very promise that the method returns.
 */

import { HeadwaterError } from '../base/errors.js';
import { checkOptionNames, type OptionNames, optionNames, refusedOptions } from '../base/option-names.js';
import type { OperationKind, OutgoingOperation, ValueType } from '../model/operation.js';
import { KEYS, type Method, RANDOM_KEY, SCAN } from '../rpc/definitions.js';
import { BitCommands } from './bit-commands.js';
import { askWith, type Caller } from './caller.js';
import { type Forms, withProperty } from './codec.js';
import { COPY, EXPIRE, GET_EX, INCR, MSET, RENAME, SET, TRANSACTION } from './command-options.js';
import { toBuffer } from './measure.js';
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
  type RenameOptions,
  type SetOptions,
  type SumOptions,
  setOperation,
} from './operations.js';
import { CALL, CALL_NAMES, type CallOptions } from './options.js';
import type { ReadReply } from './pending-command.js';
import {
  Results,
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
import { SideCall } from './side-call.js';
import { isOn } from './switch.js';
import {
  type AnyTransaction,
  type Committed,
  type KeepingTransaction,
  type KeptReplies,
  type NotCommitted,
  readTransaction,
  type Transaction,
  type TransactionOperations,
  type TransactionResult,
  transactOperation,
  type UnconditionalTransaction,
} from './transaction.js';
import { TransactionBuilder } from './transaction-builder.js';

/** A range of keys, for `keys` and `scan`. */
export interface KeyRangeOptions {
  /** The key at which the range begins. The range includes it. By default the first key of all. */
  readonly start?: Data | undefined;
  /** The key at which the range ends. The range excludes it. By default the range goes to the last key of all. */
  readonly end?: Data | undefined;
  /**
   * The largest number of keys, 1 or more. By default there is no limit. A node answers a call with a small limit
   * without a checkpoint. In order, the next page has `start: lastKey + '\0'`. In reverse, it has `end: lastKey`.
   */
  readonly limit?: number | undefined;
  /** Begins with the last key of the range. False by default. */
  readonly reverse?: boolean | undefined;
}

/** The options of `keys`. */
export interface KeysOptions extends CallOptions, KeyRangeOptions {}

/** The options of `scan`. */
export interface ScanOptions extends CallOptions, KeyRangeOptions {
  /** A glob as in Redis: `*`, `?`, `[abc]`, `[^a]`, `[a-z]`, `\x`. Without it, every key matches. */
  readonly match?: Data | undefined;
  /** Leaves the values out. False by default. */
  readonly keysOnly?: boolean | undefined;
}

const RANGE_NAMES = { start: true, end: true, limit: true, reverse: true } as const;
const KEYS_OPTIONS = optionNames<KeysOptions>({ ...CALL_NAMES, ...RANGE_NAMES });
const SCAN_OPTIONS = optionNames<ScanOptions>({ ...CALL_NAMES, ...RANGE_NAMES, match: true, keysOnly: true });

/** The options of a `scan` of keys. */
export interface ScanKeysOptions extends ScanOptions {
  /** True: the records have no values. */
  readonly keysOnly: true;
}

/** The options of a `scan` of whole records. */
export interface ScanRecordsOptions extends ScanOptions {
  /** False: the records have their values. */
  readonly keysOnly?: false | undefined;
}

/** A record that `scan` yields. */
export interface ScanRecord<Key, Value = Key> {
  /** The key. */
  readonly key: Key;
  /** The value, undefined if only keys were asked for. A value that the codec cannot decode throws when it is read. */
  readonly value: Value;
  /** The type of the value: `string`. */
  readonly type: string;
  /** The time of expiry in milliseconds since the epoch, undefined if the key never expires. */
  readonly expiresAtMs: number | undefined;
  /** The offset of the key's last write. */
  readonly version: number;
}

/**
 * The commands on keys and values. `Key` is the form in which keys come back: text, or bytes. `Value` is the form in
 * which values come back, and `Input` the form in which they are given.
 *
 * Every command may throw these HeadwaterErrors beside its own: `invalid_argument` and `too_large` for arguments that
 * cannot be sent, `wrong_type`, `deadline_exceeded`, `cancelled` by `signal`, `unreachable`, `unavailable`,
 * `overloaded`. A write may also throw `outcome_unknown`, `read_only_follower`, `too_few_followers`, `disk_full`, and
 * `durability_not_reached` if it asked for a durability. Text is decoded as UTF-8, and other bytes become replacement
 * characters.
 */
export class Commands<Key = string, Value = Key, Input = Data> extends BitCommands<Key> {
  readonly #session: Caller;
  readonly #results: Results<Key, Value, Input>;

  /** @internal */
  constructor(session: Caller, forms: Forms<Key, Value, Input>) {
    super(session, forms);
    this.#session = session;
    this.#results = new Results(forms);
  }

  /** Returns the value of the key, undefined if there is no such key. */
  get(key: Data, options?: CallOptions): Promise<Value | undefined> {
    return this.#ask<'get', Value | undefined>({ kind: 'get', key }, false, this.#results.optional, options);
  }

  /** Returns the value with its version, for a condition of `transact`. Undefined if there is no such key. */
  getVersioned(key: Data, options?: CallOptions): Promise<Versioned<Value> | undefined> {
    return this.#ask<'get', Versioned<Value> | undefined>(
      { kind: 'get', key },
      false,
      this.#results.versioned,
      options,
    );
  }

  /** Returns the values of one moment, in the order of the keys. Undefined for a key that does not exist. */
  mget(keys: readonly Data[], options?: CallOptions): Promise<Array<Value | undefined>> {
    return this.#ask<'multiGet', Array<Value | undefined>>(
      { kind: 'multiGet', keys },
      false,
      this.#results.many,
      options,
    );
  }

  /**
   * Sets the key to the value. Removes the expiry of the key, unless the options say otherwise.
   * @throws HeadwaterError `invalid_argument` if two options contradict each other.
   */
  set(key: Data, value: Input, options?: SetOptions & CallOptions): Promise<SetResult<Value>> {
    const { encode } = this.#results.forms;
    return this.#askWith<'set', SetResult<Value>>(
      () => setOperation(key, encode(key, value), options),
      this.#results.set,
      options,
      SET,
    );
  }

  /**
   * Sets several keys at once, and removes their expiries. Returns false if `ifAbsent` was asked for and a key exists:
   * nothing is written then.
   * @param pairs an object, a Map, or a list of pairs of a key and a value.
   */
  mset(pairs: KeysAndValues<Input>, options?: MSetOptions & CallOptions): Promise<boolean> {
    const make = () => multiSetOperation(pairs, this.#results.forms.encode, options);
    return this.#askWith<'multiSet', boolean>(make, readApplied, options, MSET);
  }

  /** Deletes the keys. Returns how many of them existed. */
  del(...keys: Data[]): Promise<number>;
  /** Deletes the keys of a list. Returns how many of them existed. */
  del(keys: readonly Data[], options?: CallOptions): Promise<number>;
  del(...args: ManyKeys): Promise<number> {
    const { keys, options } = manyKeys(args);
    return this.#ask<'delete', number>({ kind: 'delete', keys }, true, readDeleted, options);
  }

  /** Returns how many of the keys exist. A key that is named twice counts twice. */
  exists(...keys: Data[]): Promise<number>;
  /** Returns how many keys of a list exist. A key that is named twice counts twice. */
  exists(keys: readonly Data[], options?: CallOptions): Promise<number>;
  exists(...args: ManyKeys): Promise<number> {
    const { keys, options } = manyKeys(args);
    return this.#ask<'exists', number>({ kind: 'exists', keys }, false, readExisting, options);
  }

  /**
   * Adds to the integer that the key holds, 0 if there is no such key. Returns the sum as a number. With
   * `{ bigint: true }`, the sum is a bigint, since the values are 64-bit integers.
   * @param by a whole number of 64 bits, negative to subtract. 1 by default.
   * @throws HeadwaterError `not_an_integer`, or `overflow` if the sum has more than 64 bits. `too_large` if a number
   *   does not hold the sum exactly: the increment is done then.
   */
  incr(key: Data, by?: number | bigint, options?: CallOptions & NumberOption): Promise<number>;
  /** Adds to the integer that the key holds, and returns the sum as a bigint. */
  incr(key: Data, by: number | bigint | undefined, options: CallOptions & BigintOption): Promise<bigint>;
  /** Adds to the integer that the key holds, and returns the sum. */
  incr(key: Data, by?: number | bigint, options?: CallOptions & SumOptions): Promise<number | bigint>;
  incr(key: Data, by: number | bigint = 1, options?: CallOptions & SumOptions): Promise<never> {
    const read: ReadReply<'increment', number | bigint> = readSum(options ?? undefined);
    const make = () => incrementOperation(key, by);
    return this.#askWith<'increment', number | bigint>(make, read, options, INCR) as Promise<never>;
  }

  /**
   * Adds to the decimal number that the key holds, 0 if there is no such key. Returns the sum as decimal text.
   * @param by a number, or decimal text, which keeps all of its digits.
   * @throws HeadwaterError `not_a_number`, or `overflow` if the sum is not finite.
   */
  incrByFloat(key: Data, by: number | string, options?: CallOptions): Promise<string> {
    return this.#ask<'incrementFloat', string>({ kind: 'incrementFloat', key, by }, true, readDecimal, options);
  }

  /** Appends to the value of the key, empty if there is no such key. Returns the new length in bytes. */
  append(key: Data, value: Data, options?: CallOptions): Promise<number> {
    return this.#ask<'append', number>({ kind: 'append', key, value }, true, readLength, options);
  }

  /** Returns the length of the value in bytes, 0 if there is no such key. */
  strlen(key: Data, options?: CallOptions): Promise<number> {
    return this.#ask<'stringLength', number>({ kind: 'stringLength', key }, false, readLength, options);
  }

  /** Returns the bytes of the value from `start` through `end`. Negative positions count from the end. */
  getRange(key: Data, start: number, end: number, options?: CallOptions): Promise<Key> {
    return this.#ask<'getRange', Key>({ kind: 'getRange', key, start, end }, false, this.#results.range, options);
  }

  /**
   * Overwrites the value from the byte `start` on, and fills a gap before it with zero bytes. Returns the new length in
   * bytes.
   */
  setRange(key: Data, start: number, value: Data, options?: CallOptions): Promise<number> {
    return this.#ask<'setRange', number>({ kind: 'setRange', key, start, value }, true, readLength, options);
  }

  /** Deletes the key. Returns the value that it had, undefined if there was no such key. */
  getDel(key: Data, options?: CallOptions): Promise<Value | undefined> {
    return this.#ask<'getDelete', Value | undefined>({ kind: 'getDelete', key }, true, this.#results.deleted, options);
  }

  /** Returns the value like `get`, and changes the expiry of the key in the same step. */
  getEx(key: Data, options: GetExOptions & CallOptions): Promise<Value | undefined> {
    return this.#askWith<'getExpire', Value | undefined>(
      () => getExpireOperation(key, options),
      this.#results.optional,
      options,
      GET_EX,
    );
  }

  /** Returns the time until the key expires. */
  ttl(key: Data, options?: CallOptions): Promise<TimeToLive> {
    return this.#ask<'timeToLive', TimeToLive>({ kind: 'timeToLive', key }, false, readTimeToLive, options);
  }

  /**
   * Changes the expiry of the key. Returns false if there is no such key or the condition did not hold.
   * @param expiry a number is milliseconds from now on.
   */
  expire(key: Data, expiry: number | (ExpireOptions & CallOptions)): Promise<boolean> {
    const options = typeof expiry === 'number' ? { ttlMs: expiry } : expiry;
    return this.#askWith<'expire', boolean>(() => expireOperation(key, options), readApplied, options, EXPIRE);
  }

  /** Makes the key never expire. Returns false if there is no such key or it had no expiry. */
  persist(key: Data, options?: CallOptions): Promise<boolean> {
    return this.#ask<'persist', boolean>({ kind: 'persist', key }, true, readApplied, options);
  }

  /**
   * Renames the key, with its value and expiry, and replaces the new key. With `ifAbsent`, returns false if the new key
   * exists.
   * @throws HeadwaterError `no_such_key`.
   */
  rename(key: Data, newKey: Data, options?: RenameOptions & CallOptions): Promise<boolean> {
    return this.#ask<'rename', boolean>(
      { kind: 'rename', key, newKey, ifAbsent: options?.ifAbsent },
      true,
      readApplied,
      options,
      RENAME,
    );
  }

  /**
   * Copies the key, with its value and expiry. Returns false if there is no such key, or the new key exists and
   * `replace` was not asked for.
   */
  copy(key: Data, newKey: Data, options?: CopyOptions & CallOptions): Promise<boolean> {
    const make = (): OutgoingOperation => ({ kind: 'copy', key, newKey, replace: options?.replace });
    return this.#askWith<'copy', boolean>(make, readApplied, options, COPY);
  }

  /** Returns the type of the value, `string`, or `none` if there is no such key. */
  type(key: Data, options?: CallOptions): Promise<ValueType | 'none'> {
    return this.#ask<'type', ValueType | 'none'>({ kind: 'type', key }, false, readType, options);
  }

  /** Deletes all keys. */
  flushAll(options?: CallOptions): Promise<void> {
    return this.#ask<'flushAll', void>({ kind: 'flushAll' }, true, readNothing, options);
  }

  /** Returns the message, empty by default, from the node that commands are sent to. */
  ping(message: Data = '', options?: CallOptions): Promise<Key> {
    return this.#ask<'ping', Key>({ kind: 'ping', message }, false, this.#results.message, options);
  }

  /**
   * Carries out all operations or none. They have the form of the protocol, `{ kind: 'set', key, value }`, and each
   * reply has the type that belongs to its operation. If a condition does not hold, nothing is done and `committed` is
   * false. `transaction` does the same step by step.
   *
   *     const { committed, replies: [a, b] } = await db.transact({
   *       conditions: [{ key: 'lock', test: 'absent' }],
   *       operations: [{ kind: 'get', key: 'a' }, { kind: 'set', key: 'lock', value: 'me' }],
   *     });
   *
   * @throws HeadwaterError the error of the first operation that fails. Nothing is done then. With `onRefusal: 'keep'`,
   *   the error is the reply of that operation, and the others take effect.
   */
  transact<const Operations extends TransactionOperations<Input>>(
    transaction: UnconditionalTransaction<Operations>,
    options?: CallOptions,
  ): Promise<Committed<Operations, Value, Key>>;
  /** Carries out all operations, or none if a condition does not hold. */
  transact<const Operations extends TransactionOperations<Input>>(
    transaction: Transaction<Operations, Input>,
    options?: CallOptions,
  ): Promise<TransactionResult<Operations, Value, Key>>;
  /** Carries out all operations that are not refused, or none if a condition does not hold. */
  transact<const Operations extends TransactionOperations<Input>>(
    transaction: KeepingTransaction<Operations, Input>,
    options?: CallOptions,
  ): Promise<KeptReplies<Operations, Value, Key> | NotCommitted<Operations>>;
  transact(transaction: AnyTransaction<Input>, options?: CallOptions): Promise<never> {
    const { forms } = this.#results;
    let made: ReturnType<typeof transactOperation>;
    try {
      checkOptionNames(transaction, TRANSACTION, 'transaction.');
      if (options !== undefined) checkOptionNames(options, CALL);
      made = transactOperation(transaction, forms);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#session.ask(made.operation, made.writes, readTransaction(forms), options) as Promise<never>;
  }

  /**
   * Begins a transaction that is put together step by step, and sent by its `commit`. Each step has the name, the
   * arguments and the result of the method here.
   *
   *     const { committed, results: [, visits] } = await db
   *       .transaction()
   *       .if('lock', 'absent')
   *       .set('lock', 'me')
   *       .incr('visits')
   *       .commit();
   */
  transaction(): TransactionBuilder<Key, Value, Input> {
    return new TransactionBuilder(this.#session, this.#results);
  }

  /**
   * Returns the matching keys of one moment, in key order. All of them are in memory then: use `scan` for many.
   * @param pattern a glob as for `scan`. Empty, the default, matches every key.
   * @param options.timeoutMs the longest time without a sign of life of the node. The whole may take longer.
   */
  async keys(pattern: Data = '', options: KeysOptions = {}): Promise<Key[]> {
    const found: Key[] = [];
    checkOptionNames(options, KEYS_OPTIONS);
    const request = { pattern: toBuffer('pattern', pattern), ...rangeOf(options) };
    for await (const keys of this.#stream(KEYS, request, options))
      for (const key of keys) found.push(this.#results.forms.raw(key));
    return found;
  }

  /**
   * Yields the records of one moment, in key order. Leaving the loop ends the scan.
   * @param options.timeoutMs as for `keys`. The time between two steps of the loop does not count.
   */
  scan(options: ScanKeysOptions): AsyncGenerator<ScanRecord<Key, undefined>>;
  /** Yields the records of one moment, in key order. Leaving the loop ends the scan. */
  scan(options?: ScanRecordsOptions): AsyncGenerator<ScanRecord<Key, Value>>;
  /** Yields the records of one moment, in key order. Leaving the loop ends the scan. */
  scan(options?: ScanOptions): AsyncGenerator<ScanRecord<Key, Value | undefined>>;
  async *scan(options: ScanOptions = {}): AsyncGenerator<ScanRecord<Key, never>> {
    checkOptionNames(options, SCAN_OPTIONS);
    const keysOnly = isOn('keysOnly', options.keysOnly);
    const { raw, decode } = this.#results.forms;
    const request = { pattern: toBuffer('match', options.match ?? ''), keysOnly, ...rangeOf(options) };
    for await (const { records } of this.#stream(SCAN, request, options)) {
      for (const { key: name, value: bytes, type, expiresAtMs, version } of records) {
        const key = raw(name);
        const record = { key, value: undefined, type, expiresAtMs: expiresAtMs || undefined, version };
        yield withProperty(record, 'value', () => (keysOnly ? undefined : decode(key, bytes))) as never;
      }
    }
  }

  /**
   * Returns a key at random, undefined if there are no keys. Every key is about as likely as every other. The call costs
   * little, however many there are.
   */
  async randomKey(options: CallOptions = {}): Promise<Key | undefined> {
    checkOptionNames(options, CALL);
    const key = await new SideCall(this.#session, options).read(RANDOM_KEY, {}, options);
    return key && this.#results.forms.raw(key);
  }

  /** Makes a call beside the pipeline, behind all earlier commands. */
  #stream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions,
  ): AsyncGenerator<Response> {
    return new SideCall(this.#session, options).readStream(method, request, options);
  }

  /** Sends an operation that is checked while it is made. */
  #askWith<K extends OperationKind, Result>(
    make: () => OutgoingOperation,
    read: ReadReply<K, Result>,
    options: CallOptions | undefined,
    names: OptionNames = CALL,
  ): Promise<Result> {
    return askWith(this.#session, make, true, read, options, names);
  }

  #ask<K extends OperationKind, Result>(
    operation: OutgoingOperation,
    writes: boolean,
    read: ReadReply<K, Result>,
    options: CallOptions | undefined,
    names = CALL,
  ): Promise<Result> {
    const refusal = options === undefined ? undefined : refusedOptions(options, names);
    if (refusal) return Promise.reject(refusal);
    return this.#session.ask(operation, writes, read, options);
  }
}

/** @throws HeadwaterError `invalid_argument`. */
function rangeOf({ start = '', end, limit, reverse }: KeyRangeOptions) {
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0))
    throw new HeadwaterError('invalid_argument', `limit: expected a whole number from 1 on, received ${limit}`);
  const range = { start: toBuffer('start', start), end: end === undefined ? undefined : toBuffer('end', end) };
  return { ...range, limit: limit ?? 0, reverse: isOn('reverse', reverse) };
}

type ManyKeys = ReadonlyArray<Data | readonly Data[] | CallOptions | undefined>;

/** Accepts single keys, or a list of keys and options. */
function manyKeys(args: ManyKeys): { keys: readonly Data[]; options: CallOptions | undefined } {
  const [first, second] = args;
  if (Array.isArray(first)) return { keys: first, options: second as CallOptions | undefined };
  return { keys: args as readonly Data[], options: undefined };
}
