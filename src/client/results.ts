/**
 * The results of the commands: each function makes the result of a method of the reply that has arrived. The methods of
 * a client and the steps of a transaction share them, so both give the same.
 */

import { HeadwaterError } from '../base/errors.js';
import type { ReplyTo, ValueType } from '../model/operation.js';
import { described, type Forms, withProperty } from './codec.js';
import type { Data } from './operations.js';

/** The result of `set`. */
export interface SetResult<Value> {
  /** False if a condition did not hold and nothing was written. */
  readonly applied: boolean;
  /** The value that was there before, with `returnOld`. Undefined if there was none. */
  readonly oldValue: Value | undefined;
}

/** The result of `ttl`. */
export interface TimeToLive {
  /** False if there is no such key. */
  readonly exists: boolean;
  /** The milliseconds until the key expires. Undefined if the key does not exist or never expires. */
  readonly ttlMs: number | undefined;
  /** The time of expiry in milliseconds since the epoch. Undefined in the same cases. */
  readonly expiresAtMs: number | undefined;
}

/** A value with the offset of the write that made it, for the conditions of a transaction. */
export interface Versioned<Value> {
  /** The value of the key. */
  readonly value: Value;
  /** The offset of the key's last write. */
  readonly version: number;
}

/** The result of every plain SET that was applied. */
const APPLIED = Object.freeze({ applied: true, oldValue: undefined });

export const readApplied = ({ applied }: { applied: boolean }): boolean => applied;
export const readDeleted = ({ deleted }: { deleted: number }): number => deleted;
export const readExisting = ({ existing }: { existing: number }): number => existing;
export const readLength = ({ length }: { length: number }): number => length;
export const readDecimal = ({ value }: ReplyTo<'incrementFloat'>): string => value;
export const readType = ({ type }: ReplyTo<'type'>): ValueType | 'none' => type;
export const readNothing = (): void => {};

export const readTimeToLive = ({ exists, ttlMs, expiresAtMs }: ReplyTo<'timeToLive'>): TimeToLive => ({
  exists,
  ttlMs,
  expiresAtMs,
});

const readBigint = ({ value }: ReplyTo<'increment'>): bigint => value;

/** @throws HeadwaterError `too_large` for a sum that a number does not hold exactly. The increment is done. */
function readNumber({ value }: ReplyTo<'increment'>, { key }: OfKey): number {
  return exactNumber(value, `the increment of ${described(key)} took effect`);
}

/**
 * @param done says in an error that the operation was carried out all the same.
 * @throws HeadwaterError `too_large` if a number does not hold the value exactly.
 */
export function exactNumber(value: bigint, done: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new HeadwaterError(
    'too_large',
    `${done}, but a number does not hold the result exactly: expected at most 2^53 - 1, received ${value}. Pass { bigint: true }`,
  );
}

/** The reader of sums in the form that the options ask for. */
export function readSum({ bigint = false }: { readonly bigint?: boolean | undefined } = {}) {
  return bigint ? readBigint : readNumber;
}

/** A reply that holds a value, or none if there is no such key. */
interface MaybeValue {
  readonly value: Buffer | undefined;
}

/** An operation on one key. */
interface OfKey {
  readonly key: Data;
}

/** The functions for results that hold values. */
export class Results<Key, Value, Input> {
  readonly forms: Forms<Key, Value, Input>;
  readonly optional: (reply: MaybeValue, operation: OfKey) => Value | undefined;
  /** As `optional`, for a command that has deleted the key. An error says so, and has the bytes, which are nowhere else. */
  readonly deleted: (reply: MaybeValue, operation: OfKey) => Value | undefined;
  readonly versioned: (reply: ReplyTo<'get'>, operation: OfKey) => Versioned<Value> | undefined;
  readonly many: (
    reply: ReplyTo<'multiGet'>,
    operation: { readonly keys: readonly Data[] },
  ) => Array<Value | undefined>;
  readonly set: (reply: ReplyTo<'set'>, operation: OfKey) => SetResult<Value>;
  readonly range: (reply: ReplyTo<'getRange'>) => Key;
  readonly message: (reply: ReplyTo<'ping'>) => Key;

  constructor(forms: Forms<Key, Value, Input>) {
    const { raw, decode } = forms;
    const optional = (value: Buffer | undefined, key: Data | undefined) =>
      value === undefined ? undefined : decode(key, value);
    this.forms = forms;
    this.optional = ({ value }, { key }) => optional(value, key);
    this.deleted = ({ value }, { key }) => (value === undefined ? undefined : decodeDeleted(decode, key, value));
    this.versioned = ({ value, version }, { key }) =>
      value === undefined ? undefined : { value: decode(key, value), version };
    this.many = ({ values }, { keys }) => values.map(({ value }, index) => optional(value, keys[index]));
    this.set = ({ applied, oldValue }, { key }) => {
      if (applied && oldValue === undefined) return APPLIED;
      // The write is done, so an old value that cannot be decoded does not reject it.
      return withProperty({ applied }, 'oldValue', () => optional(oldValue, key));
    };
    this.range = (reply) => raw(reply.value);
    this.message = (reply) => raw(reply.message);
  }
}

/**
 * Decodes the value of a key that the command has deleted.
 * @throws HeadwaterError `wrong_type`, with the value: it is nowhere else.
 */
export function decodeDeleted<Value>(
  decode: (key: unknown, bytes: Buffer) => Value,
  key: unknown,
  bytes: Buffer,
): Value {
  try {
    return decode(key, bytes);
  } catch (error) {
    const { cause, details } = error as HeadwaterError;
    const message = `the value of ${described(key)} (${bytes.length} bytes) was deleted, and cannot be decoded by the codec. Read its bytes in \`details.base64\``;
    throw new HeadwaterError('wrong_type', message, {
      cause,
      details: { ...details, base64: bytes.toString('base64') },
    });
  }
}
