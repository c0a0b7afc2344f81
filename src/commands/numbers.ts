/**
 * Numbers kept as decimal text: INCRBY on 64-bit integers, INCRBYFLOAT on decimal fractions. Both log the
 * result and keep the expiry. If the result would not fit, the value stays as it was. A client of Redis gets the digits
 * that Redis has, those of a long double.
 */

import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { type Entry, TYPE_STRING } from '../model/command.js';
import type { ReplyTo } from '../model/operation.js';
import { checkKey, checkResultSize, isInt64, shown } from './arguments.js';
import { addDecimals, type Decimal, EXPONENT_MAX, formatDecimal, parseDecimal, TEXT_BYTES_MAX } from './decimal.js';
import { stringAt } from './entry.js';
import { type Family, ONE_KEY, type OperationOf, OVERHEAD_BYTES } from './handler.js';
import { addLongDoubles, formatLongDouble, isInfinite, parseLongDouble } from './long-double.js';
import type { Limits, View } from './view.js';

/** The same numbers as Redis's string2ll: each has only one text, so "+1", "01", "-0" and spaces are no numbers. */
const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
const INTEGER_BYTES_MAX = 20;

const SHOWN_CHARACTERS_MAX = 64;

const ZERO: Decimal = { units: 0n, scale: 0 };

export const numbers: Family<'increment' | 'incrementFloat'> = {
  increment: { ...ONE_KEY, validate: validateIncrement, execute: increment },
  incrementFloat: {
    ...ONE_KEY,
    validate: validateIncrementFloat,
    sizeOf: ({ key, by }) => OVERHEAD_BYTES + key.length + (typeof by === 'string' ? by.length : 0),
    execute: incrementFloat,
  },
};

function validateIncrement({ key, by }: OperationOf<'increment'>, limits: Limits): void {
  checkKey(key, limits);
  if (isInt64(by)) return;
  throw new HeadwaterError(
    'invalid_argument',
    'increment: expected `by` to be a 64-bit integer, received a number out of range',
  );
}

function increment({ key, by }: OperationOf<'increment'>, view: View): ReplyTo<'increment'> {
  const entry = stringAt(view, key);
  const before = entry === undefined ? 0n : integerIn(entry, key);
  const value = before + by;
  if (!isInt64(value)) {
    throw new HeadwaterError(
      'overflow',
      `key ${shown(key)}: expected a result from -2^63 to 2^63 - 1, received ${before} + ${by}. The value is unchanged`,
    );
  }
  view.put(key, Buffer.from(String(value)), entry?.expiresAtMs ?? 0, TYPE_STRING);
  return { kind: 'increment', value };
}

function integerIn(entry: Entry, key: Buffer): bigint {
  const text = entry.value.length <= INTEGER_BYTES_MAX ? entry.value.toString('latin1') : '';
  if (INTEGER.test(text)) {
    const value = BigInt(text);
    if (isInt64(value)) return value;
  }
  throw new HeadwaterError(
    'not_an_integer',
    `key ${shown(key)}: expected it to hold a 64-bit integer in decimal, it holds ${shown(entry.value)}`,
  );
}

function validateIncrementFloat({ key, by, longDouble }: OperationOf<'incrementFloat'>, limits: Limits): void {
  checkKey(key, limits);
  const text = String(by);
  if ((longDouble === true ? parseLongDouble(text) : parseDecimal(text)) !== undefined) return;
  const received = text.slice(0, SHOWN_CHARACTERS_MAX);
  throw new HeadwaterError(
    'invalid_argument',
    `incrementFloat: expected \`by\` to be a finite decimal number, received ${received}`,
  );
}

function incrementFloat(operation: OperationOf<'incrementFloat'>, view: View): ReplyTo<'incrementFloat'> {
  const { key, by, longDouble } = operation;
  const entry = stringAt(view, key);
  const value = longDouble === true ? longDoubleSum(entry, key, by) : decimalSum(entry, key, by);
  checkResultSize(key, value.length, view.limits);
  view.put(key, Buffer.from(value, 'latin1'), entry?.expiresAtMs ?? 0, TYPE_STRING);
  return { kind: 'incrementFloat', value };
}

function decimalSum(entry: Entry | undefined, key: Buffer, by: number | string): string {
  const before = entry === undefined ? ZERO : numberIn(entry, key, parseDecimal);
  const value = formatDecimal(addDecimals(before, summand(by, parseDecimal)));
  if (wholeDigits(value) <= EXPONENT_MAX + 1) return value;
  throw new HeadwaterError(
    'overflow',
    `key ${shown(key)}: expected a result below 10^${EXPONENT_MAX + 1}, received more. The value is unchanged`,
  );
}

function longDoubleSum(entry: Entry | undefined, key: Buffer, by: number | string): string {
  const step = summand(by, parseLongDouble);
  const sum = entry === undefined ? step : addLongDoubles(numberIn(entry, key, parseLongDouble), step);
  if (!isInfinite(sum)) return formatLongDouble(sum);
  throw new HeadwaterError(
    'overflow',
    `key ${shown(key)}: expected a finite result, received an infinite one. The value is unchanged`,
  );
}

function numberIn<Parsed>(entry: Entry, key: Buffer, parse: (text: string) => Parsed | undefined): Parsed {
  const value = parse(entry.value.subarray(0, TEXT_BYTES_MAX).toString('latin1'));
  if (value !== undefined) return value;
  throw new HeadwaterError(
    'not_a_number',
    `key ${shown(key)}: expected it to hold a finite decimal number, it holds ${shown(entry.value)}`,
  );
}

/**
 * Text as it stands. For a double, the shortest decimal that stands for it: 0.1 is meant as 0.1, not as the binary
 * fraction next to it.
 */
function summand<Parsed>(by: number | string, parse: (text: string) => Parsed | undefined): Parsed {
  const value = parse(String(by));
  invariant(value !== undefined, `incrementFloat by ${by}, which validate should have refused`);
  return value;
}

function wholeDigits(text: string): number {
  const point = text.indexOf('.');
  return (point === -1 ? text.length : point) - (text.startsWith('-') ? 1 : 0);
}
