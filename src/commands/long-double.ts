/**
 * The numbers of Redis's INCRBYFLOAT: those of the 80-bit format that x86 has for a long double, computed with integers.
 * So a sum has the same digits on every machine, those that Redis has: 1000.1 + 0.1 is 1000.19999999999999996.
 *
 * A number is `significand` * 2^`exponent`. The significand has at most 64 bits, and every result is rounded to that,
 * halves to the even neighbour.
 */

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
/** Decimal exponents beyond are far outside of the format. The bound keeps "1e1000000000" from filling memory. */
const DECIMAL_EXPONENT_BOUND = 12_000;
const BINARY_EXPONENT_BOUND = 40_000;
const BITS_OF_HEX_DIGIT = 4;

/** The size of Redis's buffer for the text of a number. A text of this length or more is no number. */
const TEXT_BYTES_MAX = 5 * 1024;
const FRACTION_DIGITS_MAX = 17;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** Reads a text as C's strtold does. Undefined for one that is no number, or outside of the format. */
export function parseLongDouble(text: string): LongDouble | undefined {
  if (text.length >= TEXT_BYTES_MAX) return undefined;
  const infinite = INFINITE.exec(text);
  if (infinite) return infinity(infinite[1] === '-' ? -1n : 1n);
  const number = decimalIn(text) ?? hexadecimalIn(text);
  // A number that is too large or too small for the format is none, as in Redis.
  if (number === undefined || isInfinite(number.rounded)) return undefined;
  return number.rounded.significand === 0n && !number.isZero ? undefined : number.rounded;
}

interface Parsed {
  readonly rounded: LongDouble;
  /** True if every digit was 0. */
  readonly isZero: boolean;
}

function decimalIn(text: string): Parsed | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole.length + fraction.length === 0) return undefined;
  const units = signed(sign, BigInt(whole + fraction));
  const bounded = Math.max(-DECIMAL_EXPONENT_BOUND, Math.min(DECIMAL_EXPONENT_BOUND, Number(exponent)));
  const power = bounded - fraction.length;
  const scale = 10n ** BigInt(Math.abs(power));
  const rounded = power >= 0 ? quotient(units * scale, 1n, 0) : quotient(units, scale, 0);
  return { rounded, isZero: units === 0n };
}

function hexadecimalIn(text: string): Parsed | undefined {
  const match = HEXADECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole.length + fraction.length === 0) return undefined;
  const units = signed(sign, BigInt(`0x${whole}${fraction}`));
  const bounded = Math.max(-BINARY_EXPONENT_BOUND, Math.min(BINARY_EXPONENT_BOUND, Number(exponent)));
  const rounded = quotient(units, 1n, bounded - fraction.length * BITS_OF_HEX_DIGIT);
  return { rounded, isZero: units === 0n };
}

function signed(sign: string | undefined, units: bigint): bigint {
  return sign === '-' ? -units : units;
}

/** The rounded sum. A sum too large for the format is an infinity, and so is one with an infinity. */
export function addLongDoubles(left: LongDouble, right: LongDouble): LongDouble {
  if (isInfinite(left)) return left;
  if (isInfinite(right)) return right;
  const exponent = Math.min(left.exponent, right.exponent);
  return quotient(unitsAt(left, exponent) + unitsAt(right, exponent), 1n, exponent);
}

export function isInfinite({ exponent }: LongDouble): boolean {
  return exponent === Number.POSITIVE_INFINITY;
}

/** Formats a finite number with at most 17 digits after the point, no trailing zeros, no exponent, no "-0". */
export function formatLongDouble({ significand, exponent }: LongDouble): string {
  const scaled = significand * 10n ** BigInt(FRACTION_DIGITS_MAX);
  const units = exponent >= 0 ? scaled << BigInt(exponent) : divided(scaled, 1n << BigInt(-exponent));
  const digits = String(units < 0n ? -units : units).padStart(FRACTION_DIGITS_MAX + 1, '0');
  const whole = digits.slice(0, -FRACTION_DIGITS_MAX);
  const fraction = digits.slice(-FRACTION_DIGITS_MAX).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

function infinity(significand: bigint): LongDouble {
  return { significand, exponent: Number.POSITIVE_INFINITY };
}

/** The number of the format next to `dividend` / `divisor` * 2^`exponent`. */
function quotient(dividend: bigint, divisor: bigint, exponent: number): LongDouble {
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
  const rounded = isUp ? down + 1n : down;
  return dividend < 0n ? -rounded : rounded;
}

function bitsOf(number: bigint): number {
  const hex = (number < 0n ? -number : number).toString(16);
  return (hex.length - 1) * BITS_OF_HEX_DIGIT + (32 - Math.clz32(Number.parseInt(hex[0] as string, 16)));
}

/** Converts to a smaller exponent only, so that nothing is lost. */
function unitsAt({ significand, exponent }: LongDouble, smaller: number): bigint {
  return significand << BigInt(exponent - smaller);
}
