/**
 * The roles and the keys of operations, for both protocols. A kind that is not in the table does not compile.
 *
 * A write that returns what was there needs the role read too: with write alone, a user must learn no value. Three
 * figures are not hidden from it: whether a key was there, how many keys were deleted, and how long a value has become.
 */
import type { Operation, OperationKind } from '../model/operation.js';
import { DATA, READ, WRITE } from './roles.js';

const NEEDS: Readonly<Record<OperationKind, number>> = {
  get: READ,
  multiGet: READ,
  set: WRITE,
  delete: WRITE,
  exists: READ,
  increment: DATA,
  incrementFloat: DATA,
  append: WRITE,
  stringLength: READ,
  getRange: READ,
  setRange: WRITE,
  getDelete: DATA,
  getExpire: READ,
  timeToLive: READ,
  expire: WRITE,
  persist: WRITE,
  rename: WRITE,
  type: READ,
  multiSet: WRITE,
  copy: DATA,
  getBit: READ,
  setBit: DATA,
  bitCount: READ,
  bitPosition: READ,
  bitOperation: DATA,
  bitField: READ,
  longestCommonSubsequence: READ,
  flushAll: WRITE,
  ping: 0,
  transact: 0,
};

/** The bits that every operation of the kind needs, before its arguments are known. */
export function leastOf(kind: OperationKind): number {
  return NEEDS[kind];
}

/** The bits that the operation needs. */
export function bitsFor(operation: Operation): number {
  const least = NEEDS[operation.kind];
  switch (operation.kind) {
    case 'set':
      return operation.returnOld ? DATA : least;
    case 'getExpire':
      return operation.expiry === undefined ? least : DATA;
    case 'bitField':
      return operation.steps.every(({ action }) => action === 'get') ? least : DATA;
    case 'transact': {
      // A condition shows what a key has.
      const conditions = operation.conditions.length > 0 ? READ : 0;
      return operation.operations.reduce((bits, one) => bits | bitsFor(one), conditions);
    }
    default:
      return least;
  }
}

/** True if the operation touches all keys, whatever they are. */
export function touchesAll(operation: Operation): boolean {
  if (operation.kind === 'transact') return operation.operations.some(touchesAll);
  return operation.kind === 'flushAll';
}

/** The keys that the operation reads or writes. */
export function* keysOf(operation: Operation): Generator<Buffer> {
  if (operation.kind === 'transact') {
    for (const { key } of operation.conditions) yield key;
    for (const one of operation.operations) yield* keysOf(one);
    return;
  }
  if ('key' in operation) yield operation.key;
  if ('newKey' in operation) yield operation.newKey;
  if ('otherKey' in operation) yield operation.otherKey;
  if ('keys' in operation) yield* operation.keys;
  if ('entries' in operation) for (const { key } of operation.entries) yield key;
}
