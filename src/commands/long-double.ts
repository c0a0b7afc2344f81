/**
 * The numbers of Redis's INCRBYFLOAT: those of the 80-bit format that x86 has for a long double, computed with integers.
 * So a sum has the same digits on every machine, those that Redis has: 1000.1 + 0.1 is 1000.19999999999999996.
 *
 * A number is `significand` * 2^`exponent`. The significand has at most 64 bits, and every result is rounded to that,
 * halves to the even neighbour.
 */

import { FRACTION_DIGITS_MAX, formatUnits, readDecimal, TEXT_BYTES_MAX } from './decimal.js';

/** A number of the format. An infinity has the sign of its significand. */
export interface LongDouble {
  readonly significand: bigint;
  /** Infinity for an infinity. */
  readonly exponent: number;
}

const SIGNIFICAND_BITS = 64;
/** The exponent of the largest numbers, and that of the smallest ones. */
const EXPONENT_MAX = 16_320;
const EXPONENT_MIN = -16_445;
/** Exponents beyond are far outside of the format. The bounds keep "1e1000000000" from filling memory. */
const DECIMAL_EXPONENT_BOUND = 12_000;
const BINARY_EXPONENT_BOUND = 40_000;
const BITS_OF_HEX_DIGIT = 4;

const HEXADECIMAL = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** An exact number: `dividend` / `divisor` * 2^`exponent`. */
type Quotient = readonly [dividend: bigint, divisor: bigint, exponent: number];

/** Reads a text as C's strtold does. Undefined for one that is no number, or outside of the format. */
export function parseLongDouble(text: string): LongDouble | undefined {
  const infinite = INFINITE.exec(text);
  if (infinite) return infinity(infinite[1] === '-' ? -1n : 1n);
  const exact = decimalIn(text) ?? hexadecimalIn(text);
  if (exact === undefined) return undefined;
  const number = rounded(...exact);
  // A number that is too large or too small for the format is none, as in Redis.
  const isTooSmall = number.significand === 0n && exact[0] !== 0n;
  return isTooSmall || isInfinite(number) ? undefined : number;
}

function decimalIn(text: string): Quotient | undefined {
  const number = readDecimal(text);
  if (number === undefined) return undefined;
  const scale = within(DECIMAL_EXPONENT_BOUND, number.scale);
  const power = 10n ** BigInt(Math.abs(scale));
  return scale > 0 ? [number.units, power, 0] : [number.units * power, 1n, 0];
}

function hexadecimalIn(text: string): Quotient | undefined {
  const match = text.length < TEXT_BYTES_MAX ? HEXADECIMAL.exec(text) : null;
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole.length + fraction.length === 0) return undefined;
  const units = BigInt(`0x${whole}${fraction}`);
  const power = within(BINARY_EXPONENT_BOUND, Number(exponent)) - fraction.length * BITS_OF_HEX_DIGIT;
  return [sign === '-' ? -units : units, 1n, power];
}

function within(bound: number, exponent: number): number {
  return Math.max(-bound, Math.min(bound, exponent));
}

/** The rounded sum. A sum too large for the format is an infinity, and so is one with an infinity. */
export function addLongDoubles(left: LongDouble, right: LongDouble): LongDouble {
  if (isInfinite(left)) return left;
  if (isInfinite(right)) return right;
  const exponent = Math.min(left.exponent, right.exponent);
  return rounded(unitsAt(left, exponent) + unitsAt(right, exponent), 1n, exponent);
}

export function isInfinite({ exponent }: LongDouble): boolean {
  return exponent === Number.POSITIVE_INFINITY;
}

/** Formats a finite number with at most 17 digits after the point, as `formatDecimal` does. */
export function formatLongDouble({ significand, exponent }: LongDouble): string {
  const scaled = significand * 10n ** BigInt(FRACTION_DIGITS_MAX);
  return formatUnits(exponent >= 0 ? scaled << BigInt(exponent) : divided(scaled, 1n << BigInt(-exponent)));
}

function infinity(significand: bigint): LongDouble {
  return { significand, exponent: Number.POSITIVE_INFINITY };
}

/** The number of the format next to `dividend` / `divisor` * 2^`exponent`. */
function rounded(dividend: bigint, divisor: bigint, exponent: number): LongDouble {
  if (dividend === 0n) return { significand: 0n, exponent: 0 };
  // With one bit more than wanted at first, since the lengths tell the length of the quotient but for one bit.
  const shift = Math.max(bitsOf(dividend) - bitsOf(divisor) - SIGNIFICAND_BITS - 1, EXPONENT_MIN - exponent);
  const [top, bottom] = shift >= 0 ? [dividend, divisor << BigInt(shift)] : [dividend << BigInt(-shift), divisor];
  const spare = bitsOf(top / bottom) - SIGNIFICAND_BITS;
  if (spare <= 0) return bounded(divided(top, bottom), exponent + shift);
  return bounded(divided(top, bottom << BigInt(spare)), exponent + shift + spare);
}

function bounded(significand: bigint, exponent: number): LongDouble {
  // A significand that was rounded up to 2^64 has one bit more than the format.
  const carry = bitsOf(significand) > SIGNIFICAND_BITS ? 1 : 0;
  if (exponent + carry > EXPONENT_MAX) return infinity(significand);
  return { significand: significand >> BigInt(carry), exponent: exponent + carry };
}

/** The quotient as an integer. Halves go to the even neighbour. */
function divided(dividend: bigint, divisor: bigint): bigint {
  const magnitude = dividend < 0n ? -dividend : dividend;
  const down = magnitude / divisor;
  const twice = 2n * (magnitude % divisor);
  const isUp = twice > divisor || (twice === divisor && down % 2n === 1n);
  const nearest = isUp ? down + 1n : down;
  return dividend < 0n ? -nearest : nearest;
}

function bitsOf(number: bigint): number {
  const hex = (number < 0n ? -number : number).toString(16);
  return (hex.length - 1) * BITS_OF_HEX_DIGIT + (32 - Math.clz32(Number.parseInt(hex[0] as string, 16)));
}

/** Converts to a smaller exponent only, so that nothing is lost. */
function unitsAt({ significand, exponent }: LongDouble, smaller: number): bigint {
  return significand << BigInt(exponent - smaller);
}
