/**
 * Exact decimal addition for INCRBYFLOAT. Redis adds in an 80-bit long double, prints 17 digits after the
 * point and drops trailing zeros. Here the sum is exact before it is rounded to the same 17 digits. So 0.1 +
 * 0.2 is 0.3 as in Redis, and large sums have no binary noise.
 *
 * The benefit of decimal arithmetic is a result that does not depend on the machine. The price is that sums
 * of more than 18 significant digits differ from Redis's in the last digits.
 */

/** `units` / 10^`scale`. The scale may be negative. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** The largest exponent of a long double, in round figures. This bound keeps "1e1000000000" from filling memory. */
export const EXPONENT_MAX = 4931;
const EXPONENT_MIN = -4951;

/** Size of Redis's buffer for the text of a long double. A text of this length or more is no number. */
export const TEXT_BYTES_MAX = 5 * 1024;

/** The digits behind the point of a result. */
export const FRACTION_DIGITS_MAX = 17;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** Returns undefined if `text` is no finite decimal number, or is far outside the range of a long double. */
export function parseDecimal(text: string): Decimal | undefined {
  const number = readDecimal(text);
  if (number === undefined) return undefined;
  const { units, scale, digits } = number;
  if (units === 0n) return { units, scale: 0 };
  const leading = digits - 1 - scale;
  return leading > EXPONENT_MAX || leading < EXPONENT_MIN ? undefined : { units, scale };
}

/**
 * Reads a decimal number of any size. The scale may be infinite.
 * @returns the number, with the number of its digits, zeros before them left out. Undefined if `text` is none.
 */
export function readDecimal(text: string): (Decimal & { readonly digits: number }) | undefined {
  const match = text.length < TEXT_BYTES_MAX ? DECIMAL.exec(text) : null;
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole.length + fraction.length === 0) return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  const units = BigInt(digits);
  return { units: sign === '-' ? -units : units, scale: fraction.length - Number(exponent), digits: digits.length };
}

export function addDecimals(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale);
  return { units: unitsAt(left, scale) + unitsAt(right, scale), scale };
}

/** Formats with at most 17 digits after the point, no trailing zeros, no exponent, no "-0". */
export function formatDecimal(decimal: Decimal): string {
  return formatUnits(roundedUnits(decimal));
}

/** Formats a number of units of 10^-17, as `formatDecimal` does. */
export function formatUnits(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(FRACTION_DIGITS_MAX + 1, '0');
  const whole = digits.slice(0, -FRACTION_DIGITS_MAX);
  const fraction = digits.slice(-FRACTION_DIGITS_MAX).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Rounds to units of the last digit that is kept. Halves are rounded away from zero. */
function roundedUnits(decimal: Decimal): bigint {
  if (decimal.scale <= FRACTION_DIGITS_MAX) return unitsAt(decimal, FRACTION_DIGITS_MAX);
  const divisor = 10n ** BigInt(decimal.scale - FRACTION_DIGITS_MAX);
  const half = decimal.units < 0n ? -divisor / 2n : divisor / 2n;
  return (decimal.units + half) / divisor;
}

/** Converts to a finer scale only, so nothing is lost. */
function unitsAt(decimal: Decimal, scale: number): bigint {
  return decimal.units * 10n ** BigInt(scale - decimal.scale);
}
