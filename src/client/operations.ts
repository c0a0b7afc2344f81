/**
 * From what callers write to operations: options become fields, and whatever a
 * program without types might hand in is refused before it reaches a message.
 */
import { HeadwaterError } from '../errors.js';
import type { Condition, ExpireCondition, NewExpiry, SetCondition } from '../operation.js';
import type { OutgoingOperation } from '../wire/kv.js';
import type { Outgoing } from '../wire/message.js';

/** A key or a value: text is taken as UTF-8. */
export type Data = string | Uint8Array;

export type OutgoingCondition = Outgoing<Condition>;

export interface ExpiryOptions {
  /** From now on. */
  readonly ttlMs?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs?: number | undefined;
}

export interface SetOptions extends ExpiryOptions {
  /** The expiry that the key has now stays. */
  readonly keepTtl?: boolean | undefined;
  /** Write only if there is no such key. */
  readonly ifAbsent?: boolean | undefined;
  /** Write only if there is such a key. */
  readonly ifPresent?: boolean | undefined;
  /** Answer with the value that was there before. */
  readonly returnOld?: boolean | undefined;
}

export interface GetExOptions extends ExpiryOptions {
  /** The key never expires from now on. */
  readonly persist?: boolean | undefined;
}

export interface ExpireOptions extends ExpiryOptions {
  readonly condition?: ExpireCondition | undefined;
}

type SetOutgoing = Extract<OutgoingOperation, { kind: 'set' }>;

export function setOperation(key: Data, value: Data, options: SetOptions | undefined): SetOutgoing {
  // Always of one shape: plain SETs are the hot path.
  if (!options) return { kind: 'set', key, value, expiry: undefined, condition: undefined, returnOld: undefined };
  const expiry = onlyOne('expiry', [options.keepTtl ? ('keep' as const) : undefined, ...expiries(options)]);
  const condition = onlyOne<SetCondition>('condition', [
    options.ifAbsent ? 'if_absent' : undefined,
    options.ifPresent ? 'if_present' : undefined,
  ]);
  return { kind: 'set', key, value, expiry, condition, returnOld: options.returnOld };
}

export function getExpireOperation(key: Data, options: GetExOptions): OutgoingOperation {
  return {
    kind: 'getExpire',
    key,
    expiry: onlyOne('expiry', [options.persist ? ('persist' as const) : undefined, ...expiries(options)]),
  };
}

export function expireOperation(key: Data, options: ExpireOptions): OutgoingOperation {
  const expiry = onlyOne('expiry', expiries(options));
  if (!expiry) throw new HeadwaterError('invalid_argument', 'expire: expected ttlMs or expiresAtMs, received neither');
  return { kind: 'expire', key, expiry, condition: options.condition };
}

function expiries({ ttlMs, expiresAtMs }: ExpiryOptions): Array<NewExpiry | undefined> {
  return [ttlMs === undefined ? undefined : { ttlMs }, expiresAtMs === undefined ? undefined : { expiresAtMs }];
}

function onlyOne<T>(what: string, given: ReadonlyArray<T | undefined>): T | undefined {
  const [first, second] = given.filter((one) => one !== undefined);
  if (second === undefined) return first;
  throw new HeadwaterError(
    'invalid_argument',
    `${what}: expected at most one, received ${given.filter((one) => one !== undefined).length}`,
  );
}

/** What an operation takes up beside its bytes. */
const OVERHEAD_BYTES = 32;

/**
 * About the bytes that an operation takes up.
 * @throws HeadwaterError `invalid_argument` where something in it cannot be sent as it is.
 */
export function measure(operation: OutgoingOperation): number {
  if (operation.kind === 'get') return OVERHEAD_BYTES + size('key', operation.key);
  if (operation.kind === 'set') {
    if (typeof operation.expiry === 'object') checkNumbers(operation.expiry);
    return OVERHEAD_BYTES + size('key', operation.key) + size('value', operation.value);
  }
  return measureFields(operation);
}

const DATA_FIELDS: ReadonlySet<string> = new Set(['key', 'newKey', 'value', 'message']);

function measureFields(fields: object): number {
  let bytes = OVERHEAD_BYTES;
  checkNumbers(fields);
  for (const [name, field] of Object.entries(fields)) {
    if (DATA_FIELDS.has(name)) bytes += size(name, field);
    else if (name === 'keys') for (const key of field as Data[]) bytes += OVERHEAD_BYTES + size('keys', key);
    else if (Array.isArray(field)) for (const inner of field) bytes += measureFields(inner);
    else if (typeof field === 'object' && field !== null) checkNumbers(field);
  }
  return bytes;
}

/** Half a surrogate pair has no UTF-8: two such keys would become one. */
interface WellFormed {
  isWellFormed(): boolean;
}

function size(name: string, data: unknown): number {
  if (typeof data === 'string') {
    if ((data as unknown as WellFormed).isWellFormed()) return data.length;
    throw new HeadwaterError(
      'invalid_argument',
      `${name}: expected well-formed text, received half a surrogate pair; use bytes`,
    );
  }
  if (data instanceof Uint8Array) return data.length;
  throw new HeadwaterError(
    'invalid_argument',
    `${name}: expected a string or bytes, received ${data === null ? 'null' : typeof data}`,
  );
}

function checkNumbers(fields: object): void {
  for (const [name, field] of Object.entries(fields)) {
    if (typeof field !== 'number' || Number.isSafeInteger(field)) continue;
    // The increment by a float is the one field that need not be whole.
    if (name === 'by' && Number.isFinite(field)) continue;
    throw new HeadwaterError(
      'invalid_argument',
      `${name}: expected a ${name === 'by' ? 'finite' : 'whole'} number, received ${field}`,
    );
  }
}
