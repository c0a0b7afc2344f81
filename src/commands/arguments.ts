/**
 * Checks on the arguments that clients send, before anything is read or written: sizes and whole numbers.
 * Each error names the expected and the received value. Keys and values appear in it shortened and printable,
 * never whole.
 */
import { HeadwaterError } from '../base/errors.js';
import { OPERATION_STEPS_MAX } from '../base/limits.js';
import { isReserved } from '../base/reserved-keys.js';
import type { Limits } from './view.js';

const SHOWN_BYTES_MAX = 64;

export function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

/** Formats a key or a value for a message: `"user:\x00"`, `"aaa..." (70000 bytes)`. */
export function shown(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes.subarray(0, SHOWN_BYTES_MAX)) text += shownByte(byte);
  return bytes.length > SHOWN_BYTES_MAX ? `"${text}..." (${bytes.length} bytes)` : `"${text}"`;
}

function shownByte(byte: number): string {
  const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
  return plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}

export function checkKey(key: Buffer, limits: Limits): void {
  if (key.length > limits.keyBytesMax) throw tooLarge('a key', limits.keyBytesMax, key.length);
  if (key[0] === 0 && isReserved(key)) throw reserved(key);
}

function reserved(key: Buffer): HeadwaterError {
  return new HeadwaterError(
    'invalid_argument',
    `a key: expected one that does not begin with "\\x00headwater\\x00", which the node keeps for itself, received ${shown(key)}. Use another key`,
  );
}

export function checkValue(value: Buffer, limits: Limits): void {
  if (value.length > limits.valueBytesMax) throw tooLarge('a value', limits.valueBytesMax, value.length);
}

export function checkKeys(kind: string, keys: readonly Buffer[], size: number, limits: Limits): void {
  if (keys.length === 0)
    throw new HeadwaterError('invalid_argument', `${kind}: expected at least one key, received none`);
  for (const key of keys) checkKey(key, limits);
  if (size > limits.transactionBytesMax) throw tooLarge(`${kind}: a list of keys`, limits.transactionBytesMax, size);
}

/** Checks the size of a value that an operation would make, not of one that a client sent. */
export function checkResultSize(key: Buffer, size: number, limits: Limits): void {
  if (size <= limits.valueBytesMax) return;
  throw resultTooLarge(`the resulting value of key ${shown(key)}`, limits.valueBytesMax, size);
}

export function checkWholeNumber(name: string, received: number, min: number): void {
  if (Number.isSafeInteger(received) && received >= min) return;
  const range = min === Number.MIN_SAFE_INTEGER ? '-(2^53 - 1)' : String(min);
  throw new HeadwaterError(
    'invalid_argument',
    `${name}: expected a whole number from ${range} to 2^53 - 1, received ${received}`,
  );
}

/** Bounds far outside the value are clamped, so it does not matter that bounds beyond 2^53 are inexact. */
export function checkBound(name: string, bound: number): void {
  if (Number.isInteger(bound)) return;
  throw new HeadwaterError('invalid_argument', `${name}: expected a whole number, received ${bound}`);
}

/** @throws HeadwaterError `too_large` if an operation, or the operations of a transaction, would take so many steps. */
export function checkSteps(what: string, steps: number): void {
  if (steps <= OPERATION_STEPS_MAX) return;
  throw new HeadwaterError(
    'too_large',
    `${what}: expected work of at most ${OPERATION_STEPS_MAX} steps, received ${steps}. Work on fewer or smaller values at a time`,
  );
}

export function tooLarge(what: string, expected: number, received: number): HeadwaterError {
  return new HeadwaterError('too_large', tooLargeMessage(what, expected, received));
}

/** The refusal of an operation whose arguments are small enough, but whose result is not. */
export function resultTooLarge(what: string, expected: number, received: number): HeadwaterError {
  return new HeadwaterError('too_large', tooLargeMessage(what, expected, received), { details: { cause: 'RESULT' } });
}

function tooLargeMessage(what: string, expected: number, received: number): string {
  return `${what}: expected at most ${expected} bytes, received ${received} bytes`;
}
