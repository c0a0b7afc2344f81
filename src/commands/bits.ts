/**
 * Commands on the bits of a string: GETBIT, SETBIT, BITCOUNT, BITPOS, BITOP. Bit 0 is the highest bit of the first byte.
 * A value behaves as if zero bits followed it without end. A command that changes a bit logs the whole value and keeps
 * the expiry. BITOP makes a new value without one.
 */

import { HeadwaterError } from '../base/errors.js';
import { TYPE_STRING } from '../model/command.js';
import type { Bit, BitOperator, BitPositionOperation, BitRange, ReplyTo } from '../model/operation.js';
import { checkBound, checkKey, checkKeys, checkResultSize, checkSteps } from './arguments.js';
import { countOnes, findBit } from './bit-search.js';
import { stringAt } from './entry.js';
import { type Family, keysSize, ONE_KEY, type OperationOf } from './handler.js';
import { extended, isBackwards, NOTHING, type Span, spanIn } from './value.js';
import type { Limits, ReadView, View } from './view.js';

/** The number of bits that positions may name, as in Redis: those of a value of 512 MiB. */
const BITS_MAX = 2 ** 32;

/** Bytes that are counted and searched at a time. */
const WORD_BYTES = 4;

export const bits: Family<'getBit' | 'setBit' | 'bitCount' | 'bitPosition' | 'bitOperation'> = {
  getBit: {
    ...ONE_KEY,
    validate({ key, offset }, limits) {
      checkKey(key, limits);
      checkBitOffset('getBit', offset);
    },
    execute: ({ key, offset }, view) => ({ kind: 'getBit', bit: bitAt(valueAt(view, key), offset) }),
  },

  setBit: {
    ...ONE_KEY,
    validate({ key, offset, bit }, limits) {
      checkKey(key, limits);
      checkBitOffset('setBit', offset);
      checkBit('setBit', bit);
    },
    execute: setBit,
  },

  bitCount: {
    ...ONE_KEY,
    validate({ key, range }, limits) {
      checkKey(key, limits);
      if (range === undefined) return;
      checkBound('bitCount: start', range.start);
      checkBound('bitCount: end', range.end);
    },
    execute({ key, range }, view) {
      const value = valueAt(view, key);
      view.work(value.length / WORD_BYTES);
      return { kind: 'bitCount', bits: bitCount(value, range) };
    },
  },

  bitPosition: {
    ...ONE_KEY,
    validate({ key, bit, start, end }, limits) {
      checkKey(key, limits);
      checkBit('bitPosition', bit);
      if (start !== undefined) checkBound('bitPosition: start', start);
      if (end !== undefined) checkBound('bitPosition: end', end);
    },
    execute: bitPosition,
  },

  bitOperation: {
    validate: validateBitOperation,
    sizeOf: ({ key, keys }) => key.length + keysSize(keys),
    keysRead: ({ key, keys }) => [key, ...keys],
    execute: bitOperation,
  },
};

/** @throws HeadwaterError `invalid_argument`. */
export function checkBitOffset(kind: string, offset: number): void {
  if (Number.isInteger(offset) && offset >= 0 && offset < BITS_MAX) return;
  throw new HeadwaterError(
    'invalid_argument',
    `${kind}: expected the offset of a bit to be a whole number from 0 to 2^32 - 1, received ${offset}`,
  );
}

function checkBit(kind: string, bit: number): void {
  if (bit === 0 || bit === 1) return;
  throw new HeadwaterError('invalid_argument', `${kind}: expected \`bit\` to be 0 or 1, received ${bit}`);
}

function valueAt(view: ReadView, key: Buffer): Buffer {
  return stringAt(view, key)?.value ?? NOTHING;
}

/** Bits of a byte are numbered from the highest. */
function maskOf(offset: number): number {
  return 0x80 >>> (offset % 8);
}

function byteOf(offset: number): number {
  return Math.floor(offset / 8);
}

function bitAt(value: Buffer, offset: number): Bit {
  return ((value[byteOf(offset)] ?? 0) & maskOf(offset)) === 0 ? 0 : 1;
}

/** Nothing is logged if the bit is there already. */
function setBit({ key, offset, bit }: OperationOf<'setBit'>, view: View): ReplyTo<'setBit'> {
  const entry = stringAt(view, key);
  const old = entry?.value ?? NOTHING;
  const before = bitAt(old, offset);
  const at = byteOf(offset);
  if (at < old.length && before === bit) return { kind: 'setBit', bit: before };
  checkResultSize(key, at + 1, view.limits);
  const result = extended(old, at + 1);
  const byte = result[at] as number;
  result[at] = bit === 1 ? byte | maskOf(offset) : byte & ~maskOf(offset);
  view.put(key, result, entry?.expiresAtMs ?? 0, TYPE_STRING);
  return { kind: 'setBit', bit: before };
}

/** The bits of a range of bits or bytes. Undefined if the range is empty. */
function bitsIn(value: Buffer, { unit, ...range }: BitRange): Span | undefined {
  if (unit === 'bit') return spanIn(value.length * 8, range);
  const bytes = spanIn(value.length, range);
  return bytes && { first: bytes.first * 8, last: bytes.last * 8 + 7 };
}

function bitCount(value: Buffer, range: BitRange | undefined): number {
  if (range === undefined) return countOnes(value, 0, value.length * 8 - 1);
  const span = isBackwards(range) ? undefined : bitsIn(value, range);
  return span ? countOnes(value, span.first, span.last) : 0;
}

function bitPosition(operation: BitPositionOperation, view: View): ReplyTo<'bitPosition'> {
  const entry = stringAt(view, operation.key);
  // A missing key is zeros without end, whatever the range is.
  if (entry === undefined) return { kind: 'bitPosition', position: operation.bit === 0 ? 0 : undefined };
  view.work(entry.value.length / WORD_BYTES);
  return { kind: 'bitPosition', position: positionIn(entry.value, operation) };
}

function positionIn(value: Buffer, { bit, start = 0, end, unit }: BitPositionOperation): number | undefined {
  const span = bitsIn(value, { start, end: end ?? -1, unit });
  if (!span) return undefined;
  const found = findBit(value, bit, span.first, span.last);
  // Zeros follow a value whose end was not named.
  return found === undefined && bit === 0 && end === undefined ? value.length * 8 : found;
}

function validateBitOperation({ operator, key, keys }: OperationOf<'bitOperation'>, limits: Limits): void {
  checkKey(key, limits);
  checkKeys('bitOperation', keys, keysSize(keys), limits);
  if (operator !== 'not' || keys.length === 1) return;
  throw new HeadwaterError(
    'invalid_argument',
    `bitOperation: expected \`not\` to have one source key, received ${keys.length}`,
  );
}

function bitOperation({ operator, key, keys }: OperationOf<'bitOperation'>, view: View): ReplyTo<'bitOperation'> {
  const operands = keys.map((operand) => valueAt(view, operand));
  // A value that is named many times is read once, but combined each time.
  const steps = operands.reduce((sum, { length }) => sum + length, 0);
  checkSteps('bitOperation', steps);
  view.work(steps);
  const result = combined(operator, operands);
  if (result.length > 0) view.put(key, result, 0, TYPE_STRING);
  else if (view.get(key) !== undefined) view.del(key);
  return { kind: 'bitOperation', length: result.length };
}

/** The result is as long as the longest operand. Zeros follow the shorter ones. */
function combined(operator: BitOperator, operands: readonly Buffer[]): Buffer {
  const length = operands.reduce((longest, operand) => Math.max(longest, operand.length), 0);
  const result = extended(operands[0] as Buffer, length);
  if (operator === 'not') for (let i = 0; i < length; i++) result[i] = ~(result[i] as number);
  for (const operand of operands.slice(1)) combine(operator, result, operand);
  return result;
}

function combine(operator: BitOperator, result: Buffer, operand: Buffer): void {
  const { length } = operand;
  if (operator === 'and') {
    for (let i = 0; i < length; i++) result[i] = (result[i] as number) & (operand[i] as number);
    result.fill(0, length);
  } else if (operator === 'or') {
    for (let i = 0; i < length; i++) result[i] = (result[i] as number) | (operand[i] as number);
  } else {
    for (let i = 0; i < length; i++) result[i] = (result[i] as number) ^ (operand[i] as number);
  }
}
