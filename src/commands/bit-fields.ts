/**
 * BITFIELD: whole numbers of 1 to 64 bits anywhere in a string. The value is first extended up to the last field that a
 * step may write, as in Redis, even if every write fails by overflow. Then the steps run in order, each on the result of
 * the ones before.
 */

import { HeadwaterError } from '../base/errors.js';
import { TYPE_STRING } from '../model/command.js';
import type { BitFieldPlace, BitFieldStep, BitOverflow, ReplyTo } from '../model/operation.js';
import { checkKey, checkResultSize, checkSteps, isInt64 } from './arguments.js';
import { checkBitOffset } from './bits.js';
import { stringAt } from './entry.js';
import { type Family, ONE_KEY, type OperationOf, OVERHEAD_BYTES } from './handler.js';
import { extended, NOTHING } from './value.js';
import type { Limits, View } from './view.js';

/** The work on one field, about: its bytes become a number and bytes again. */
const STEPS_EACH = 1024;

export const bitFields: Family<'bitField'> = {
  bitField: {
    ...ONE_KEY,
    validate,
    sizeOf: ({ key, steps }) => OVERHEAD_BYTES * (1 + steps.length) + key.length,
    execute: bitField,
  },
};

function validate({ key, steps }: OperationOf<'bitField'>, limits: Limits): void {
  checkKey(key, limits);
  checkSteps('bitField', steps.length * STEPS_EACH);
  for (const step of steps) checkStep(step);
}

function checkStep(step: BitFieldStep): void {
  const bitsMax = step.signed ? 64 : 63;
  if (!Number.isInteger(step.bits) || step.bits < 1 || step.bits > bitsMax)
    throw new HeadwaterError(
      'invalid_argument',
      `bitField: expected ${step.signed ? 'a signed' : 'an unsigned'} field of 1 to ${bitsMax} bits, received ${step.bits}`,
    );
  checkBitOffset('bitField', step.offset);
  if (step.action === 'get') return;
  const number = step.action === 'set' ? step.value : step.by;
  if (!isInt64(number))
    throw new HeadwaterError('invalid_argument', 'bitField: expected a 64-bit integer, received a number out of range');
}

function bitField({ key, steps }: OperationOf<'bitField'>, view: View): ReplyTo<'bitField'> {
  const entry = stringAt(view, key);
  const old = entry?.value ?? NOTHING;
  view.work(steps.length * STEPS_EACH);
  const length = lengthWritten(steps);
  if (length === 0) return { kind: 'bitField', values: steps.map((step) => fieldIn(old, step)) };
  checkResultSize(key, length, view.limits);
  const result = extended(old, length);
  const values = steps.map((step) => run(step, result));
  if (!result.equals(old)) view.put(key, result, entry?.expiresAtMs ?? 0, TYPE_STRING);
  return { kind: 'bitField', values };
}

/** The length of a value that holds every field that the steps may write. 0 if they only read. */
function lengthWritten(steps: readonly BitFieldStep[]): number {
  return steps.reduce((length, step) => (step.action === 'get' ? length : Math.max(length, lastByteOf(step) + 1)), 0);
}

/** Runs one step. @returns the value of the field that the reply has. Undefined if the step failed by overflow. */
function run(step: BitFieldStep, bytes: Buffer): bigint | undefined {
  const before = fieldIn(bytes, step);
  if (step.action === 'get') return before;
  const wanted = step.action === 'set' ? setting(step.value, step) : before + step.by;
  const written = fitted(wanted, step, step.overflow ?? 'wrap');
  if (written === undefined) return undefined;
  writeField(bytes, step, written);
  return step.action === 'set' ? before : written;
}

/**
 * The number that a `set` stands for. As in Redis, a negative one for a field without a sign is above the range, and so
 * is one so far below a field with a sign that the distance has more than 64 bits.
 */
function setting(value: bigint, { signed, bits }: BitFieldPlace): bigint {
  const isAbove = signed ? !isInt64(2n ** BigInt(bits - 1) - 1n - value) && bits < 64 : value < 0n;
  return isAbove ? BigInt.asUintN(64, value) : value;
}

function fitted(value: bigint, { signed, bits }: BitFieldPlace, overflow: BitOverflow): bigint | undefined {
  const wrapped = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  if (wrapped === value || overflow === 'wrap') return wrapped;
  if (overflow === 'fail') return undefined;
  const max = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  const min = signed ? -max - 1n : 0n;
  return value > max ? max : min;
}

function firstByteOf({ offset }: BitFieldPlace): number {
  return Math.floor(offset / 8);
}

function lastByteOf({ offset, bits }: BitFieldPlace): number {
  return Math.floor((offset + bits - 1) / 8);
}

/** The bits of the last byte that lie behind the field. */
function bitsBehind({ offset, bits }: BitFieldPlace): bigint {
  return BigInt(7 - ((offset + bits - 1) % 8));
}

/** The bytes that the field touches, as one number. Bytes behind the value are zero. */
function bytesAround(bytes: Buffer, place: BitFieldPlace): bigint {
  let number = 0n;
  const last = lastByteOf(place);
  for (let at = firstByteOf(place); at <= last; at++) number = (number << 8n) | BigInt(bytes[at] ?? 0);
  return number;
}

function fieldIn(bytes: Buffer, place: BitFieldPlace): bigint {
  const field = bytesAround(bytes, place) >> bitsBehind(place);
  return place.signed ? BigInt.asIntN(place.bits, field) : BigInt.asUintN(place.bits, field);
}

function writeField(bytes: Buffer, place: BitFieldPlace, value: bigint): void {
  const behind = bitsBehind(place);
  const mask = (2n ** BigInt(place.bits) - 1n) << behind;
  let number = (bytesAround(bytes, place) & ~mask) | ((value << behind) & mask);
  const first = firstByteOf(place);
  for (let at = lastByteOf(place); at >= first; at--) {
    bytes[at] = Number(number & 0xffn);
    number >>= 8n;
  }
}
