/**
 * Commands on byte strings: GET, MGET, SET, MSET, APPEND, STRLEN, GETRANGE, SETRANGE, GETDEL. A command that
 * changes a part of a value logs the whole value, so that the log never depends on the old value. Only SET
 * gives or removes an expiry. APPEND and SETRANGE keep it.
 */

import { HeadwaterError } from '../base/errors.js';
import { type Entry, TYPE_STRING } from '../model/command.js';
import type { GetReply, NewExpiry, ReplyTo, SetCondition, SetOperation } from '../model/operation.js';
import {
  checkBound,
  checkKey,
  checkResultSize,
  checkValue,
  checkWholeNumber,
  resultTooLarge,
  tooLarge,
} from './arguments.js';
import { stringAt } from './entry.js';
import { absolute, checkLifeSpan, isPast } from './expiry.js';
import { EMPTY, type Family, KEY_AND_VALUE, MANY_KEYS, ONE_KEY, type OperationOf, OVERHEAD_BYTES } from './handler.js';
import { extended, isBackwards, NOTHING, spanIn } from './value.js';
import type { Limits, ReadView, View } from './view.js';

const APPLIED: ReplyTo<'set'> = Object.freeze({ kind: 'set', applied: true });
const NOT_APPLIED: ReplyTo<'set'> = Object.freeze({ kind: 'set', applied: false });

export const strings: Family<
  'get' | 'multiGet' | 'set' | 'multiSet' | 'append' | 'stringLength' | 'getRange' | 'setRange' | 'getDelete'
> = {
  get: { ...ONE_KEY, execute: ({ key }, view) => getReply(stringAt(view, key)) },

  multiGet: {
    ...MANY_KEYS,
    execute: ({ keys }, view) => ({ kind: 'multiGet', values: keys.map((key) => getAny(view, key)) }),
  },

  set: { ...KEY_AND_VALUE, validate: validateSet, keysRead: keysReadBySet, execute: set },

  multiSet: {
    validate: validateMultiSet,
    sizeOf: multiSetSize,
    keysRead: ({ entries, ifAbsent }) => (ifAbsent === true ? entries.map(({ key }) => key) : EMPTY),
    ignoresValues: true,
    execute: multiSet,
  },

  append: {
    ...ONE_KEY,
    ...KEY_AND_VALUE,
    validate(operation, limits) {
      checkKey(operation.key, limits);
      checkValue(operation.value, limits);
    },
    execute: append,
  },

  stringLength: {
    ...ONE_KEY,
    execute: ({ key }, view) => ({ kind: 'stringLength', length: stringAt(view, key)?.value.length ?? 0 }),
  },

  getRange: {
    ...ONE_KEY,
    validate(operation, limits) {
      checkKey(operation.key, limits);
      checkBound('getRange: start', operation.start);
      checkBound('getRange: end', operation.end);
    },
    execute: getRange,
  },

  setRange: { ...ONE_KEY, ...KEY_AND_VALUE, validate: validateSetRange, execute: setRange },

  getDelete: {
    ...ONE_KEY,
    execute({ key }, view) {
      const entry = stringAt(view, key);
      if (entry !== undefined) view.del(key);
      return { kind: 'getDelete', value: entry?.value };
    },
  },
};

function getReply(entry: Entry | undefined): GetReply {
  return { kind: 'get', value: entry?.value, version: entry?.version ?? 0 };
}

/** A key of another type has no value here, as in Redis's MGET. So it does not fail the reply for the other keys. */
function getAny(view: ReadView, key: Buffer): GetReply {
  const entry = view.get(key);
  if (entry === undefined || entry.type === TYPE_STRING) return getReply(entry);
  return { kind: 'get', value: undefined, version: entry.version };
}

function validateSet(operation: SetOperation, limits: Limits): void {
  checkKey(operation.key, limits);
  checkValue(operation.value, limits);
  if (operation.expiry !== undefined && operation.expiry !== 'keep') checkLifeSpan('set', operation.expiry);
}

/** A plain SET does not depend on the old entry, and must not cost a read. */
function isBlind(operation: SetOperation): boolean {
  return operation.condition === undefined && operation.returnOld !== true && operation.expiry !== 'keep';
}

function keysReadBySet(operation: SetOperation): readonly Buffer[] {
  return isBlind(operation) ? EMPTY : [operation.key];
}

function set(operation: SetOperation, view: View): ReplyTo<'set'> {
  const { key, value, expiry, condition } = operation;
  if (isBlind(operation)) {
    write(view, key, value, expiresAtOf(expiry, undefined, view), true);
    return APPLIED;
  }
  const entry = operation.returnOld === true ? stringAt(view, key) : view.get(key);
  const expiresAtMs = expiresAtOf(expiry, entry, view);
  const applied = holds(condition, entry);
  if (applied) write(view, key, value, expiresAtMs, entry !== undefined);
  if (operation.returnOld === true) return { kind: 'set', applied, oldValue: entry?.value };
  return applied ? APPLIED : NOT_APPLIED;
}

function holds(condition: SetCondition | undefined, entry: Entry | undefined): boolean {
  if (condition === undefined) return true;
  return (condition === 'if_present') === (entry !== undefined);
}

function expiresAtOf(expiry: NewExpiry | 'keep' | undefined, entry: Entry | undefined, view: View): number {
  if (expiry === undefined) return 0;
  return expiry === 'keep' ? (entry?.expiresAtMs ?? 0) : absolute(expiry, view);
}

/** A value whose expiry is past already is logged as a deletion. A follower whose clock is behind would show a put. */
function write(view: View, key: Buffer, value: Buffer, expiresAtMs: number, mayExist: boolean): void {
  if (expiresAtMs === 0 || !isPast(expiresAtMs, view.nowMs)) view.put(key, value, expiresAtMs, TYPE_STRING);
  else if (mayExist) view.del(key);
}

/** A long list is bounded as a transaction is. */
function validateMultiSet(operation: OperationOf<'multiSet'>, limits: Limits): void {
  if (operation.entries.length === 0)
    throw new HeadwaterError('invalid_argument', 'multiSet: expected at least one key and its value, received none');
  for (const { key, value } of operation.entries) {
    checkKey(key, limits);
    checkValue(value, limits);
  }
  const size = multiSetSize(operation);
  if (size > limits.transactionBytesMax)
    throw tooLarge('multiSet: a list of keys and values', limits.transactionBytesMax, size);
}

function multiSetSize({ entries }: OperationOf<'multiSet'>): number {
  let size = OVERHEAD_BYTES;
  for (const { key, value } of entries) size += OVERHEAD_BYTES + key.length + value.length;
  return size;
}

/** A key that is named twice is written twice, and the last value stays. */
function multiSet({ entries, ifAbsent }: OperationOf<'multiSet'>, view: View): ReplyTo<'multiSet'> {
  if (ifAbsent === true && entries.some(({ key }) => view.get(key) !== undefined))
    return { kind: 'multiSet', applied: false };
  const savepoint = view.savepoint();
  for (const { key, value } of entries) view.put(key, value, 0, TYPE_STRING);
  if (entries.length > 1) view.join(savepoint);
  return { kind: 'multiSet', applied: true };
}

/** An empty APPEND still creates a missing key, as in Redis. */
function append({ key, value }: OperationOf<'append'>, view: View): ReplyTo<'append'> {
  const entry = stringAt(view, key);
  if (entry !== undefined && value.length === 0) return { kind: 'append', length: entry.value.length };
  const length = (entry?.value.length ?? 0) + value.length;
  checkResultSize(key, length, view.limits);
  const result = entry === undefined ? value : Buffer.concat([entry.value, value], length);
  view.put(key, result, entry?.expiresAtMs ?? 0, TYPE_STRING);
  return { kind: 'append', length };
}

function getRange(operation: OperationOf<'getRange'>, view: View): ReplyTo<'getRange'> {
  const value = stringAt(view, operation.key)?.value ?? NOTHING;
  const span = isBackwards(operation) ? undefined : spanIn(value.length, operation);
  return { kind: 'getRange', value: span ? value.subarray(span.first, span.last + 1) : NOTHING };
}

/** An end that is too far is refused without a look at the value. */
function validateSetRange(operation: OperationOf<'setRange'>, limits: Limits): void {
  checkKey(operation.key, limits);
  checkWholeNumber('setRange: start', operation.start, 0);
  const end = operation.start + operation.value.length;
  if (operation.value.length > 0 && end > limits.valueBytesMax) {
    throw resultTooLarge('setRange: the end of the range', limits.valueBytesMax, end);
  }
}

function setRange({ key, start, value }: OperationOf<'setRange'>, view: View): ReplyTo<'setRange'> {
  const entry = stringAt(view, key);
  const old = entry?.value ?? NOTHING;
  if (value.length === 0) return { kind: 'setRange', length: old.length };
  const length = Math.max(old.length, start + value.length);
  checkResultSize(key, length, view.limits);
  const result = extended(old, length);
  value.copy(result, start);
  view.put(key, result, entry?.expiresAtMs ?? 0, TYPE_STRING);
  return { kind: 'setRange', length };
}
