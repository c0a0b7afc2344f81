/**
 * Commands on keys of any type: DEL, EXISTS, RENAME, COPY, TYPE, and the expiries: PTTL, PEXPIRE, PERSIST, GETEX.
 * An expiry alone is logged as a `touch`, so that it costs the same for a value of any size. Effects that
 * belong together, such as the two halves of a RENAME, are joined: no reader sees one without the other.
 */

import { HeadwaterError } from '../base/errors.js';
import type { Entry } from '../model/command.js';
import type { ExpireCondition, ReplyTo } from '../model/operation.js';
import { checkKey, shown } from './arguments.js';
import { stringAt, typeName } from './entry.js';
import { absolute, checkLifeSpan, checkMoment, isPast } from './expiry.js';
import { type Family, MANY_KEYS, ONE_KEY, type OperationOf, OVERHEAD_BYTES } from './handler.js';
import type { Limits, View } from './view.js';

/** The methods that operations on a key and its new name have in common. */
const TWO_KEYS = {
  validate({ key, newKey }: TwoKeys, limits: Limits): void {
    checkKey(key, limits);
    checkKey(newKey, limits);
  },
  sizeOf: ({ key, newKey }: TwoKeys): number => OVERHEAD_BYTES + key.length + newKey.length,
};

interface TwoKeys {
  readonly key: Buffer;
  readonly newKey: Buffer;
}

export const keys: Family<
  'delete' | 'exists' | 'rename' | 'copy' | 'type' | 'timeToLive' | 'expire' | 'persist' | 'getExpire'
> = {
  delete: { ...MANY_KEYS, ignoresValues: true, execute: deleteKeys },

  exists: {
    ...MANY_KEYS,
    ignoresValues: true,
    execute({ keys }, view) {
      let existing = 0;
      for (const key of keys) if (view.get(key) !== undefined) existing += 1;
      return { kind: 'exists', existing };
    },
  },

  rename: {
    ...TWO_KEYS,
    keysRead: ({ key, newKey, ifAbsent }) => (ifAbsent === true ? [key, newKey] : [key]),
    execute: rename,
  },

  copy: {
    ...TWO_KEYS,
    validate: validateCopy,
    keysRead: ({ key, newKey, replace }) => (replace === true ? [key] : [key, newKey]),
    execute: copy,
  },

  type: {
    ...ONE_KEY,
    ignoresValues: true,
    execute({ key }, view) {
      const entry = view.get(key);
      return { kind: 'type', type: entry === undefined ? 'none' : typeName(entry.type) };
    },
  },

  timeToLive: { ...ONE_KEY, ignoresValues: true, execute: timeToLive },

  expire: {
    ...ONE_KEY,
    ignoresValues: true,
    validate(operation, limits) {
      checkKey(operation.key, limits);
      checkMoment(operation.expiry);
    },
    execute: expire,
  },

  persist: {
    ...ONE_KEY,
    ignoresValues: true,
    execute: ({ key }, view) => ({ kind: 'persist', applied: removeExpiry(view, key, view.get(key)) }),
  },

  getExpire: {
    ...ONE_KEY,
    validate(operation, limits) {
      checkKey(operation.key, limits);
      const { expiry } = operation;
      if (expiry !== undefined && expiry !== 'persist') checkLifeSpan('getExpire', expiry);
    },
    execute: getExpire,
  },
};

/** A key that is named twice is deleted and counted once. */
function deleteKeys({ keys }: OperationOf<'delete'>, view: View): ReplyTo<'delete'> {
  const savepoint = view.savepoint();
  let deleted = 0;
  for (const key of keys) {
    if (view.get(key) === undefined) continue;
    view.del(key);
    deleted += 1;
  }
  if (deleted > 1) view.join(savepoint);
  return { kind: 'delete', deleted };
}

/** The new key gets value, type and expiry, and loses what it held. */
function rename({ key, newKey, ifAbsent }: OperationOf<'rename'>, view: View): ReplyTo<'rename'> {
  const entry = view.get(key);
  if (entry === undefined) {
    throw new HeadwaterError('no_such_key', `rename: there is no key ${shown(key)}`);
  }
  if (ifAbsent === true && view.get(newKey) !== undefined) return { kind: 'rename', applied: false };
  if (key.equals(newKey)) return { kind: 'rename', applied: true };
  const savepoint = view.savepoint();
  view.del(key);
  view.put(newKey, entry.value, entry.expiresAtMs, entry.type);
  view.join(savepoint);
  return { kind: 'rename', applied: true };
}

function validateCopy(operation: OperationOf<'copy'>, limits: Limits): void {
  TWO_KEYS.validate(operation, limits);
  const { key, newKey } = operation;
  if (!key.equals(newKey)) return;
  throw new HeadwaterError(
    'invalid_argument',
    `copy: expected the source and the destination to be different keys, received ${shown(key)} twice`,
  );
}

/** The new key gets value, type and expiry. */
function copy({ key, newKey, replace }: OperationOf<'copy'>, view: View): ReplyTo<'copy'> {
  const entry = view.get(key);
  if (entry === undefined || (replace !== true && view.get(newKey) !== undefined))
    return { kind: 'copy', applied: false };
  view.put(newKey, entry.value, entry.expiresAtMs, entry.type);
  return { kind: 'copy', applied: true };
}

function timeToLive({ key }: OperationOf<'timeToLive'>, view: View): ReplyTo<'timeToLive'> {
  const entry = view.get(key);
  if (entry === undefined) return { kind: 'timeToLive', exists: false };
  const { expiresAtMs } = entry;
  if (expiresAtMs === 0) return { kind: 'timeToLive', exists: true };
  return { kind: 'timeToLive', exists: true, ttlMs: expiresAtMs - view.nowMs, expiresAtMs };
}

function expire({ key, expiry, condition }: OperationOf<'expire'>, view: View): ReplyTo<'expire'> {
  const expiresAtMs = absolute(expiry, view);
  const entry = view.get(key);
  if (entry === undefined || !allows(condition, entry.expiresAtMs, expiresAtMs)) {
    return { kind: 'expire', applied: false };
  }
  giveExpiry(view, key, expiresAtMs);
  return { kind: 'expire', applied: true };
}

function allows(condition: ExpireCondition | undefined, current: number, next: number): boolean {
  if (condition === undefined) return true;
  if (condition === 'if_none') return current === 0;
  if (condition === 'if_any') return current !== 0;
  if (condition === 'if_any_and_earlier') return current !== 0 && next < current;
  const currentOrNever = current === 0 ? Number.POSITIVE_INFINITY : current;
  return condition === 'if_later' ? next > currentOrNever : next < currentOrNever;
}

function getExpire({ key, expiry }: OperationOf<'getExpire'>, view: View): ReplyTo<'getExpire'> {
  const entry = stringAt(view, key);
  if (entry === undefined) return { kind: 'getExpire', value: undefined };
  if (expiry === 'persist') removeExpiry(view, key, entry);
  else if (expiry !== undefined) giveExpiry(view, key, absolute(expiry, view));
  return { kind: 'getExpire', value: entry.value };
}

/** A past moment deletes the key, because 0 and less would mean something else in the log. */
function giveExpiry(view: View, key: Buffer, expiresAtMs: number): void {
  if (isPast(expiresAtMs, view.nowMs)) view.del(key);
  else view.touch(key, expiresAtMs);
}

function removeExpiry(view: View, key: Buffer, entry: Entry | undefined): boolean {
  if (entry === undefined || entry.expiresAtMs === 0) return false;
  view.touch(key, 0);
  return true;
}
