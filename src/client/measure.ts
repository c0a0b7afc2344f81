/**
 * The checks of operations, and their sizes. Invalid values from a program without types are refused before they reach a
 * message.
 */

import { HeadwaterError } from '../base/errors.js';
import { checkOptionNames, type OptionNames } from '../base/option-names.js';
import { shownValue } from '../base/shown-value.js';
import type { BitFieldStep, Condition, Operation, OperationKind, OutgoingOperation } from '../model/operation.js';
import { isWrite } from '../model/write-kinds.js';
import { type Data, expiries, onlyOne } from './operations.js';
import { checkSwitch } from './switch.js';

/** Memory of an operation beside its bytes. */
const OVERHEAD_BYTES = 32;

/**
 * The approximate memory of an operation in bytes.
 * @throws HeadwaterError `invalid_argument` if a field of the operation cannot be sent as it is.
 */
export function measure(operation: OutgoingOperation): number {
  if (operation.kind === 'get') return OVERHEAD_BYTES + size('key', operation.key);
  if (operation.kind === 'set' && operation.expiry === undefined && operation.condition === undefined)
    return OVERHEAD_BYTES + size('key', operation.key) + size('value', operation.value);
  return measureOperation('operation', operation);
}

/** True if the operation has a known kind. Callers put the operations of transactions together themselves. */
function isOperation(operation: unknown): operation is OutgoingOperation {
  return CHECKS.has((operation as OutgoingOperation | undefined)?.kind as string);
}

/**
 * Checks operations that callers put together themselves. An invalid one counts as a read, since it will not be sent.
 */
export function mayWrite(operation: OutgoingOperation): boolean {
  if (!isOperation(operation)) return false;
  if (operation.kind !== 'transact') return isWrite(operation);
  return Array.isArray(operation.operations) && operation.operations.some(mayWrite);
}

/** @returns the bytes of a field. */
type Check = (name: string, field: unknown) => number;

/** Has a check for each field. A new field without a check does not compile. */
type ChecksOf<T> = { readonly [Name in Exclude<keyof T, 'kind' | 'test'>]-?: Check };

type OperationOf<K extends OperationKind> = Extract<Operation, { readonly kind: K }>;
type ConditionOf<T extends Condition['test']> = Extract<Condition, { readonly test: T }>;

const key = { key: size };
const keys = { keys: listOf((name, field) => OVERHEAD_BYTES + size(name, field)) };
const unit = optional(oneOf(['byte', 'bit']));
const condition = (...names: string[]) => optional(oneOf(names));

const OPERATIONS: { readonly [K in OperationKind]: ChecksOf<OperationOf<K>> } = {
  get: key,
  multiGet: keys,
  set: {
    ...key,
    value: size,
    expiry: optional(expiryOr('keep')),
    condition: condition('if_absent', 'if_present'),
    returnOld: optional(flag),
  },
  delete: keys,
  exists: keys,
  increment: { ...key, by: integer },
  incrementFloat: { ...key, by: decimal, longDouble: optional(flag) },
  append: { ...key, value: size },
  stringLength: key,
  getRange: { ...key, start: whole, end: whole },
  setRange: { ...key, start: wholeFrom0, value: size },
  getDelete: key,
  getExpire: { ...key, expiry: optional(expiryOr('persist')) },
  timeToLive: key,
  expire: {
    ...key,
    expiry: expiryOr(),
    condition: condition('if_none', 'if_any', 'if_later', 'if_earlier', 'if_any_and_earlier'),
  },
  persist: key,
  rename: { ...key, newKey: size, ifAbsent: optional(flag) },
  type: key,
  multiSet: { entries: listOf(partsOf({ ...key, value: size })), ifAbsent: optional(flag) },
  copy: { ...key, newKey: size, replace: optional(flag) },
  getBit: { ...key, offset: wholeFrom0 },
  setBit: { ...key, offset: wholeFrom0, bit: upTo(1) },
  bitCount: {
    ...key,
    range: optional(partsOf({ start: whole, end: whole, unit }, 'range.')),
  },
  bitPosition: { ...key, bit: upTo(1), start: optional(whole), end: optional(whole), unit },
  bitOperation: { operator: oneOf(['and', 'or', 'xor', 'not']), ...key, ...keys },
  bitField: { ...key, steps: listOf(measureStep) },
  longestCommonSubsequence: {
    ...key,
    otherKey: size,
    result: optional(oneOf(['text', 'length', 'matches'])),
    minMatchLength: optional(wholeFrom0),
  },
  flushAll: {},
  ping: { message: size },
  transact: {
    conditions: listOf(measureCondition),
    operations: listOf(measureStepOfTransaction),
    onRefusal: optional(oneOf(['undo', 'keep'])),
  },
};

const CONDITIONS: { readonly [T in Condition['test']]: ChecksOf<ConditionOf<T>> } = {
  exists: key,
  absent: key,
  version: { ...key, version: wholeFrom0 },
  value: { ...key, value: size },
};

/** The checks of an object, and the names that it may have. */
interface Parts {
  readonly checks: ReadonlyArray<[name: string, check: Check]>;
  readonly names: OptionNames;
}

function parts(checks: Readonly<Record<string, Check>>, ...others: string[]): Parts {
  return { checks: Object.entries(checks), names: new Set([...others, ...Object.keys(checks)]) };
}

const tableOf = (table: Readonly<Record<string, object>>, tag: string): ReadonlyMap<string, Parts> =>
  new Map(Object.entries(table).map(([name, checks]) => [name, parts(checks as Record<string, Check>, tag)]));

const CHECKS = tableOf(OPERATIONS, 'kind');
const CONDITION_CHECKS = tableOf(CONDITIONS, 'test');

const PLACE = { signed: flag, bits: upTo(64), offset: wholeFrom0 };
const OVERFLOW = optional(oneOf(['wrap', 'saturate', 'fail']));
const ACTIONS: Readonly<Record<BitFieldStep['action'], Readonly<Record<string, Check>>>> = {
  get: PLACE,
  set: { ...PLACE, value: integer, overflow: OVERFLOW },
  increment: { ...PLACE, by: integer, overflow: OVERFLOW },
};
const STEPS = tableOf(ACTIONS, 'action');

/** The operations of a transaction, with the names that the client reads itself. */
const STEPS_OF_TRANSACTION = new Map(CHECKS).set('increment', parts(OPERATIONS.increment, 'kind', 'bigint'));
STEPS_OF_TRANSACTION.delete('transact');

function measureOperation(name: string, operation: unknown): number {
  return measureFields(fieldsOf(name, operation), partsFor(operation, 'kind', CHECKS).checks);
}

/** Callers put the operations of a transaction together themselves. A misspelled name would do nothing. */
function measureStepOfTransaction(name: string, operation: unknown): number {
  return measureTagged(name, operation, 'kind', STEPS_OF_TRANSACTION);
}

function measureCondition(name: string, condition: unknown): number {
  return measureTagged(name, condition, 'test', CONDITION_CHECKS);
}

function measureTagged(name: string, object: unknown, tag: Tag, table: ReadonlyMap<string, Parts>): number {
  const fields = fieldsOf(name, object);
  const { checks, names } = partsFor(fields, tag, table);
  checkOptionNames(fields, names);
  return measureFields(fields, checks);
}

function partsFor(object: unknown, tag: Tag, table: ReadonlyMap<string, Parts>): Parts {
  const word = (object as Readonly<Record<string, unknown>>)[tag];
  const found = table.get(word as string);
  if (!found) throw refusal(tag, `one of ${[...table.keys()].join(', ')}`, word);
  return found;
}

/**
 * Checks an object without a tag.
 * @param path of the object, followed by a dot, for its names in a refusal. Empty for an object of a list.
 */
function partsOf(checks: Readonly<Record<string, Check>>, path = ''): Check {
  const { checks: all, names } = parts(checks);
  return (name, object) => {
    const fields = fieldsOf(name, object);
    checkOptionNames(fields, names, path);
    return measureFields(fields, all);
  };
}

function measureStep(name: string, step: unknown): number {
  return measureTagged(name, step, 'action', STEPS);
}

type Tag = 'kind' | 'test' | 'action';
type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(name: string, object: unknown): Fields {
  if (typeof object !== 'object' || object === null) throw refusal(name, 'an object', object);
  return object as Fields;
}

function measureFields(fields: Fields, checks: Parts['checks']): number {
  let bytes = OVERHEAD_BYTES;
  for (const [field, check] of checks) bytes += check(field, fields[field]);
  return bytes;
}

/** @throws HeadwaterError `invalid_argument` if `data` is neither text nor bytes. */
export function toBuffer(name: string, data: Data): Buffer {
  size(name, data);
  return typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Applies `toBuffer` to each element. */
export function toBuffers(name: string, list: readonly Data[]): Buffer[] {
  if (!Array.isArray(list)) throw refusal(name, 'an array', list);
  return list.map((data) => toBuffer(name, data));
}

/** @throws HeadwaterError `invalid_argument` if `text` is no text. */
export function checkText(name: string, text: unknown): void {
  if (typeof text !== 'string') throw refusal(name, 'a string', text);
}

/** @throws HeadwaterError `invalid_argument` unless the value is a whole number from 0 on. */
export function checkCount(name: string, value: unknown): void {
  wholeFrom0(name, value);
}

// ---- checks -------------------------------------------------------------------

/** Half a surrogate pair has no UTF-8. Two such keys would become the same key. */
interface WellFormed {
  isWellFormed(): boolean;
}

function size(name: string, data: unknown): number {
  if (typeof data === 'string') {
    if ((data as unknown as WellFormed).isWellFormed()) return data.length;
    throw new HeadwaterError(
      'invalid_argument',
      `${name}: expected well-formed text, received half a surrogate pair. Use bytes`,
    );
  }
  if (data instanceof Uint8Array) return data.length;
  throw refusal(name, 'a string or bytes', data);
}

function whole(name: string, field: unknown): number {
  if (Number.isSafeInteger(field)) return 0;
  throw refusal(name, 'a whole number', field);
}

/** The field has no sign, so a negative number would arrive as another number. */
function wholeFrom0(name: string, field: unknown): number {
  if (Number.isSafeInteger(field) && (field as number) >= 0) return 0;
  throw refusal(name, 'a whole number from 0 on', field);
}

/** A life span of nothing is a mistake. `expire` may delete a key by a moment that has passed. */
function wholeFrom1(name: string, field: unknown): number {
  if (Number.isSafeInteger(field) && (field as number) > 0) return 0;
  throw refusal(name, 'a whole number from 1 on', field);
}

/** The field has 32 bits, so a larger number would arrive as another number. */
function upTo(max: number): Check {
  return (name, field) => {
    if (Number.isInteger(field) && (field as number) >= 0 && (field as number) <= max) return 0;
    throw refusal(name, `a whole number from 0 to ${max}`, field);
  };
}

/** Decimal text has all digits of a number. The node checks its form. Empty text would count as absent there. */
function decimal(name: string, field: unknown): number {
  if (Number.isFinite(field)) return 0;
  if (typeof field === 'string' && field !== '') return size(name, field);
  throw refusal(name, 'a finite number or decimal text', field);
}

function integer(name: string, field: unknown): number {
  if (typeof field === 'bigint' && BigInt.asIntN(64, field) === field) return 0;
  throw refusal(name, 'a whole number of 64 bits', field);
}

function flag(name: string, field: unknown): number {
  checkSwitch(name, field);
  return 0;
}

function optional(check: Check): Check {
  return (name, field) => (field === undefined ? 0 : check(name, field));
}

function oneOf(names: readonly string[]): Check {
  return (name, field) => {
    if (names.includes(field as string)) return 0;
    throw refusal(name, `one of ${names.join(', ')}`, field);
  };
}

function listOf(check: Check): Check {
  return (name, field) => {
    if (!Array.isArray(field)) throw refusal(name, 'an array', field);
    let bytes = 0;
    let index = 0;
    try {
      for (; index < field.length; index++) bytes += check(name, field[index]);
    } catch (error) {
      throw HeadwaterError.is(error) ? inList(error, name, index) : error;
    }
    return bytes;
  };
}

/** The refusal of an element, which says which one of the list it is. */
function inList({ code, message, details }: HeadwaterError, name: string, index: number): HeadwaterError {
  const rest = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
  return new HeadwaterError(code, `${name}[${index}]: ${rest}`, { details });
}

const EXPIRY: OptionNames = new Set(['ttlMs', 'expiresAtMs']);

function expiryOr(word?: 'keep' | 'persist'): Check {
  const expected = `ttlMs or expiresAtMs${word ? `, or ${word}` : ''}`;
  const checkTime = word === undefined ? whole : wholeFrom1;
  return (name, field) => {
    if (word !== undefined && field === word) return 0;
    if (typeof field !== 'object' || field === null) throw refusal(name, expected, field);
    checkOptionNames(field, EXPIRY, `${name}.`);
    const one = onlyOne('ttlMs, expiresAtMs', expiries(field));
    if (!one) throw refusal(name, expected, field);
    for (const [unit, moment] of Object.entries(one)) checkTime(unit, moment);
    return 0;
  };
}

function refusal(name: string, expected: string, received: unknown): HeadwaterError {
  return new HeadwaterError('invalid_argument', `${name}: expected ${expected}, received ${shownValue(received)}`);
}
