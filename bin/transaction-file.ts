/**
 * The file of `transact`: a transaction of the client as JSON. Bytes are text, or `{"base64": …}`. Unknown names are
 * refused, since a misspelt expiry would make a key that never expires. The client checks the values.
 */
import type { AnyTransaction, Transaction, TransactionOperation } from '../src/client/index.js';
import { bytesOfBase64 } from './base64.js';
import { UsageError } from './output.js';

type Condition = NonNullable<Transaction['conditions']>[number];
type Kind = TransactionOperation['kind'];
type NamesOf<K extends Kind> = Exclude<keyof Extract<TransactionOperation, { kind: K }>, 'kind'>;
type Fields = Record<string, unknown>;

/** The names of each operation. */
const OPERATIONS: { readonly [K in Kind]: ReadonlyArray<NamesOf<K>> } = {
  get: ['key'],
  multiGet: ['keys'],
  set: ['key', 'value', 'expiry', 'condition', 'returnOld'],
  delete: ['keys'],
  exists: ['keys'],
  increment: ['key', 'by'],
  incrementFloat: ['key', 'by', 'longDouble'],
  append: ['key', 'value'],
  stringLength: ['key'],
  getRange: ['key', 'start', 'end'],
  setRange: ['key', 'start', 'value'],
  getDelete: ['key'],
  getExpire: ['key', 'expiry'],
  timeToLive: ['key'],
  expire: ['key', 'expiry', 'condition'],
  persist: ['key'],
  rename: ['key', 'newKey', 'ifAbsent'],
  type: ['key'],
  multiSet: ['entries', 'ifAbsent'],
  copy: ['key', 'newKey', 'replace'],
  getBit: ['key', 'offset'],
  setBit: ['key', 'offset', 'bit'],
  bitCount: ['key', 'range'],
  bitPosition: ['key', 'bit', 'start', 'end', 'unit'],
  bitOperation: ['operator', 'key', 'keys'],
  bitField: ['key', 'steps'],
  longestCommonSubsequence: ['key', 'otherKey', 'result', 'minMatchLength'],
  flushAll: [],
  ping: ['message'],
};

const TESTS: Readonly<Record<Condition['test'], readonly string[]>> = {
  exists: ['key'],
  absent: ['key'],
  version: ['key', 'version'],
  value: ['key', 'value'],
};

const BYTES = ['key', 'value', 'newKey', 'otherKey', 'message'];
/** The names of an entry of a `multiSet`, and of a step of a `bitField`. */
const ENTRY = ['key', 'value'];
const STEP = ['action', 'signed', 'bits', 'offset', 'value', 'by', 'overflow'];
const EXPIRIES = ['ttlMs', 'expiresAtMs'];

/** The deepest place of a valid file: the object, its list, an operation, its keys, and a key. */
const DEPTH_MAX = 8;
const SHOWN_MAX = 60;

/** @throws UsageError that names the file, the place in it, and the expected and the received value. */
export function parseTransaction(bytes: Buffer, file: string): AnyTransaction {
  try {
    const object = objectOf(parse(bytes), 'the file');
    checkNames(object, ['conditions', 'operations', 'onRefusal'], 'the file');
    const { conditions = [], operations, onRefusal = 'undo' } = object;
    if (onRefusal !== 'undo' && onRefusal !== 'keep')
      throw new UsageError(`onRefusal: expected undo or keep, received ${excerpt(onRefusal)}`);
    return {
      onRefusal,
      conditions: listOf(conditions, 'conditions').map((one, index) => conditionOf(one, `conditions[${index}]`)),
      operations: listOf(operations, 'operations').map((one, index) => operationOf(one, `operations[${index}]`)),
    };
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${file}: ${error.message}`) : error;
  }
}

/** A condition in words. */
export function shownCondition(condition: Condition): string {
  const key = shown(condition.key);
  if (condition.test === 'version') return `the version of ${key} is ${condition.version}`;
  if (condition.test === 'value') return `${key} has the value ${shown(condition.value)}`;
  return condition.test === 'exists' ? `${key} exists` : `${key} is absent`;
}

function shown(data: string | Uint8Array): string {
  const text = typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
  return JSON.stringify(text.slice(0, SHOWN_MAX));
}

function parse(bytes: Buffer): unknown {
  const text = bytes.toString().replace(/^\ufeff/, '');
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`not JSON: ${(error as Error).message.replace(/\s+/g, ' ')}`);
  }
}

/**
 * Objects that are nested a million deep cost memory before anybody looks at them. A search by a pattern would be
 * shorter, and keeps a place for each character of a text: it fails at a value of 16 MB.
 */
function checkDepth(text: string): void {
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) at += character === '\\' ? 1 : 0;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    if (depth > DEPTH_MAX) throw new UsageError(`expected at most ${DEPTH_MAX} levels of brackets, received more`);
  }
}

function conditionOf(value: unknown, where: string): Condition {
  const object = objectOf(value, where);
  const names = tagged(object, 'test', TESTS, where);
  checkNames(object, ['test', ...names], where);
  return withBytes(object, where) as unknown as Condition;
}

function operationOf(value: unknown, where: string): TransactionOperation {
  const object = objectOf(value, where);
  const names = tagged(object, 'kind', OPERATIONS, where);
  checkNames(object, ['kind', ...names], where);
  const { expiry } = object;
  if (typeof expiry === 'object') checkNames(objectOf(expiry, `${where}.expiry`), EXPIRIES, `${where}.expiry`);
  const operation = withBytes(object, where);
  // A sum may have 64 bits. JSON holds them.
  return (object.kind === 'increment' ? { ...operation, bigint: true } : operation) as unknown as TransactionOperation;
}

function withBytes(object: Fields, where: string): Fields {
  const fields = Object.entries(object).map(([name, value]) => {
    if (BYTES.includes(name)) return [name, dataOf(value, `${where}.${name}`)];
    if (name === 'keys') {
      const keys = listOf(value, `${where}.keys`);
      return [name, keys.map((key, index) => dataOf(key, `${where}.keys[${index}]`))];
    }
    if (name === 'entries') return [name, partsOf(value, `${where}.entries`, ENTRY, withBytes)];
    if (name === 'steps') return [name, partsOf(value, `${where}.steps`, STEP, withIntegers)];
    if (name === 'by' && object.kind === 'increment') return [name, integerOf(value, `${where}.by`)];
    return [name, value];
  });
  return Object.fromEntries(fields) as Fields;
}

function partsOf(
  value: unknown,
  where: string,
  names: readonly string[],
  convert: (part: Fields, where: string) => Fields,
): Fields[] {
  return listOf(value, where).map((one, index) => {
    const part = objectOf(one, `${where}[${index}]`);
    checkNames(part, names, `${where}[${index}]`);
    return convert(part, `${where}[${index}]`);
  });
}

/** A step of a `bitField` has numbers of 64 bits. */
function withIntegers(step: Fields, where: string): Fields {
  const fields = Object.entries(step).map(([name, value]) =>
    name === 'value' || name === 'by' ? [name, integerOf(value, `${where}.${name}`)] : [name, value],
  );
  return Object.fromEntries(fields) as Fields;
}

function dataOf(value: unknown, where: string): string | Buffer {
  if (typeof value === 'string') return value;
  const object = objectOf(value, where, 'text or {"base64": …}');
  checkNames(object, ['base64'], where);
  const { base64 } = object;
  const bytes = typeof base64 === 'string' ? bytesOfBase64(base64) : undefined;
  if (bytes) return bytes;
  throw new UsageError(`${where}: expected base64, received ${excerpt(base64)}`);
}

function integerOf(value: unknown, where: string): bigint {
  if (typeof value === 'string' && /^[+-]?\d{1,19}$/.test(value)) return BigInt(value.replace(/^\+/, ''));
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  throw new UsageError(
    `${where}: expected a whole number, as text if it has more than 15 digits, received ${excerpt(value)}`,
  );
}

function tagged(
  object: Fields,
  tag: 'kind' | 'test',
  table: Readonly<Record<string, readonly string[]>>,
  where: string,
): readonly string[] {
  const name = object[tag];
  if (typeof name === 'string' && Object.hasOwn(table, name)) return table[name] ?? [];
  throw new UsageError(`${where}.${tag}: expected one of ${Object.keys(table).join(', ')}, received ${excerpt(name)}`);
}

function checkNames(object: Fields, names: readonly string[], where: string): void {
  const unknown = Object.keys(object).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`${where}: unknown name ${excerpt(unknown)}; expected ${names.join(', ') || 'no other'}`);
}

function objectOf(value: unknown, where: string, expected = 'an object'): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new UsageError(`${where}: expected ${expected}, received ${excerpt(value)}`);
}

function listOf(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new UsageError(`${where}: expected a list, received ${excerpt(value)}`);
}

function excerpt(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
