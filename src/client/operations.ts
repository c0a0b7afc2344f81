/** The options of commands, and the operations that are made of them. measure.ts checks the operations. */

import { HeadwaterError } from '../base/errors.js';
import { shownValue } from '../base/shown-value.js';
import type { Condition, ExpireCondition, NewExpiry, Outgoing, OutgoingOf, SetCondition } from '../model/operation.js';
import { isOn } from './switch.js';

/** A key or a value. Text is encoded as UTF-8. */
export type Data = string | Uint8Array;

/**
 * A condition of a transaction, with the `key` as text or bytes. `Input` is the form of the `value`, which the key must
 * hold.
 */
export type OutgoingCondition<Input = Data> =
  | Exclude<Outgoing<Condition>, { readonly test: 'value' }>
  | { readonly key: Data; readonly test: 'value'; readonly value: Input };

/** A new expiry of a key. At most one may be given. */
export interface ExpiryOptions {
  /** Milliseconds from now on. */
  readonly ttlMs?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs?: number | undefined;
}

/** The options of `set`. Without `ttlMs`, `expiresAtMs` and `keepTtl`, the key never expires. */
export interface SetOptions extends ExpiryOptions {
  /** Keeps the expiry that the key has now. False by default. */
  readonly keepTtl?: boolean | undefined;
  /** Writes only if there is no such key. False by default. */
  readonly ifAbsent?: boolean | undefined;
  /** Writes only if there is such a key. False by default. */
  readonly ifPresent?: boolean | undefined;
  /** Returns the value that was there before, as `oldValue`. False by default. */
  readonly returnOld?: boolean | undefined;
}

/** The options of `getEx`. Without any, the expiry stays as it is. */
export interface GetExOptions extends ExpiryOptions {
  /** Makes the key never expire. False by default. */
  readonly persist?: boolean | undefined;
}

/** The options of `expire`. */
export interface ExpireOptions extends ExpiryOptions {
  /** Compares with the expiry that the key has now. Without it, the new expiry always holds. */
  readonly condition?: ExpireCondition | undefined;
}

/** The form of the sum of an `incr`. */
export interface SumOptions {
  /**
   * Returns the sum as a bigint. By default the sum is a number. A sum that a number does not hold exactly, beyond
   * 2^53 - 1, is then an error (`too_large`), though the increment is done.
   */
  readonly bigint?: boolean | undefined;
}

/** Asks for the sum of an `incr` as a bigint. */
export interface BigintOption extends SumOptions {
  /** True: the sum is a bigint. */
  readonly bigint: true;
}

/** Asks for the sum of an `incr` as a number. */
export interface NumberOption extends SumOptions {
  /** False: the sum is a number. */
  readonly bigint?: false | undefined;
}

/** The options of `rename`. */
export interface RenameOptions {
  /** Renames only if the new key does not exist. False by default. */
  readonly ifAbsent?: boolean | undefined;
}

/** The keys and values of an `mset`: an object, a Map, or a list of pairs. The last value counts for a key. */
export type KeysAndValues<Input = Data> =
  | Readonly<Record<string, Input>>
  | Iterable<readonly [key: Data, value: Input]>;

/** The options of `mset`. */
export interface MSetOptions {
  /** Writes only if none of the keys exists. False by default. */
  readonly ifAbsent?: boolean | undefined;
}

/** The options of `copy`. */
export interface CopyOptions {
  /** Copies over an existing key. False by default. */
  readonly replace?: boolean | undefined;
}

/** @throws HeadwaterError `invalid_argument` if the pairs are none. */
export function multiSetOperation<Input>(
  pairs: KeysAndValues<Input>,
  encode: (key: unknown, value: Input) => Data,
  options: MSetOptions | undefined,
): OutgoingOf<'multiSet'> {
  const entries = pairsOf(pairs).map(([key, value]) => ({ key, value: encode(key, value) }));
  return { kind: 'multiSet', entries, ifAbsent: options?.ifAbsent };
}

function pairsOf<Input>(pairs: KeysAndValues<Input>): ReadonlyArray<readonly [Data, Input]> {
  if (typeof pairs === 'object' && pairs !== null) {
    const list = Symbol.iterator in pairs ? Array.from(pairs) : Object.entries(pairs);
    if (list.every((pair) => Array.isArray(pair) && pair.length === 2)) return list;
  }
  throw new HeadwaterError(
    'invalid_argument',
    `mset: expected an object, a Map, or a list of pairs of a key and a value, received ${pairs === null ? 'null' : typeof pairs}`,
  );
}

export function setOperation(key: Data, value: Data, options: SetOptions | undefined): OutgoingOf<'set'> {
  // The object always has one shape, since plain SETs are the hot path.
  if (!options) return { kind: 'set', key, value, expiry: undefined, condition: undefined, returnOld: undefined };
  const expiry = onlyOne('ttlMs, expiresAtMs, keepTtl', [
    isOn('keepTtl', options.keepTtl) ? ('keep' as const) : undefined,
    ...expiries(options),
  ]);
  const condition = onlyOne<SetCondition>('ifAbsent, ifPresent', [
    isOn('ifAbsent', options.ifAbsent) ? 'if_absent' : undefined,
    isOn('ifPresent', options.ifPresent) ? 'if_present' : undefined,
  ]);
  return { kind: 'set', key, value, expiry, condition, returnOld: isOn('returnOld', options.returnOld) };
}

export function getExpireOperation(key: Data, options: GetExOptions = {}): OutgoingOf<'getExpire'> {
  return {
    kind: 'getExpire',
    key,
    expiry: onlyOne('ttlMs, expiresAtMs, persist', [
      isOn('persist', options.persist) ? ('persist' as const) : undefined,
      ...expiries(options),
    ]),
  };
}

export function expireOperation(key: Data, options: ExpireOptions = {}): OutgoingOf<'expire'> {
  const expiry = onlyOne('ttlMs, expiresAtMs', expiries(options));
  if (!expiry) throw new HeadwaterError('invalid_argument', 'expire: expected ttlMs or expiresAtMs, received neither');
  return { kind: 'expire', key, expiry, condition: options.condition };
}

/** @throws HeadwaterError `invalid_argument` if `by` is not a whole number of 64 bits. */
export function incrementOperation(key: Data, by: number | bigint): OutgoingOf<'increment'> {
  return { kind: 'increment', key, by: int64('by', by) };
}

const INT64_MAX = 2n ** 63n - 1n;

/** @throws HeadwaterError `invalid_argument` if the value is not a whole number of 64 bits. */
export function int64(name: string, value: number | bigint): bigint {
  const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value);
  const integer = isWhole ? BigInt(value) : undefined;
  if (integer !== undefined && integer <= INT64_MAX && integer >= -INT64_MAX - 1n) return integer;
  throw new HeadwaterError(
    'invalid_argument',
    `${name}: expected a whole number of 64 bits, received ${shownValue(value)}`,
  );
}

export function expiries({ ttlMs, expiresAtMs }: ExpiryOptions): Array<NewExpiry | undefined> {
  return [ttlMs === undefined ? undefined : { ttlMs }, expiresAtMs === undefined ? undefined : { expiresAtMs }];
}

/** @param names of all that may be given, for the refusal. */
export function onlyOne<T>(names: string, given: ReadonlyArray<T | undefined>): T | undefined {
  const [first, second] = given.filter((one) => one !== undefined);
  if (second === undefined) return first;
  throw new HeadwaterError(
    'invalid_argument',
    `${names}: expected at most one of them, received ${given.filter((one) => one !== undefined).length}`,
  );
}
