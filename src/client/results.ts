/**
 * The results of the commands: each function makes the result of a method of the reply that has arrived. The methods of
 * a client and the steps of a transaction share them, so both give the same.
 */

import type { ReplyTo, ValueType } from '../model/operation.js';

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
export const readSum = ({ value }: ReplyTo<'increment'>): bigint => value;
export const readType = ({ type }: ReplyTo<'type'>): ValueType | 'none' => type;
export const readNothing = (): void => {};

export const readTimeToLive = ({ exists, ttlMs, expiresAtMs }: ReplyTo<'timeToLive'>): TimeToLive => ({
  exists,
  ttlMs,
  expiresAtMs,
});

/** A reply that holds a value, or none if there is no such key. */
interface MaybeValue {
  readonly value: Buffer | undefined;
}

/** The functions for results that hold values. */
export class Results<Value> {
  /** Converts bytes that belong to a message into a value that the caller may keep. */
  readonly value: (bytes: Buffer) => Value;
  readonly optional: (reply: MaybeValue) => Value | undefined;
  readonly versioned: (reply: ReplyTo<'get'>) => Versioned<Value> | undefined;
  readonly many: (reply: ReplyTo<'multiGet'>) => Array<Value | undefined>;
  readonly set: (reply: ReplyTo<'set'>) => SetResult<Value>;
  readonly range: (reply: ReplyTo<'getRange'>) => Value;
  readonly message: (reply: ReplyTo<'ping'>) => Value;

  constructor(value: (bytes: Buffer) => Value) {
    this.value = value;
    const optional = (reply: MaybeValue) => (reply.value === undefined ? undefined : value(reply.value));
    this.optional = optional;
    this.versioned = (reply) =>
      reply.value === undefined ? undefined : { value: value(reply.value), version: reply.version };
    this.many = ({ values }) => values.map(optional);
    this.set = ({ applied, oldValue }) =>
      applied && oldValue === undefined
        ? APPLIED
        : { applied, oldValue: oldValue === undefined ? undefined : value(oldValue) };
    this.range = (reply) => value(reply.value);
    this.message = (reply) => value(reply.message);
  }
}
