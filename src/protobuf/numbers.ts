/**
 * Converts 64-bit integers. protobufjs decodes them to `Long` objects. The rest of Headwater uses checked numbers, and
 * `bigint` for values that clients count with. No `Long` leaves this folder.
 */
import { HeadwaterError } from '../base/errors.js';

/** The object that protobufjs accepts and returns for a 64-bit field. */
export interface LongLike {
  low: number;
  high: number;
  unsigned: boolean;
}

const TWO_TO_32 = 0x1_0000_0000;

/** @throws HeadwaterError `invalid_argument` if the value is not a safe integer. */
export function toNumber(value: number | LongLike | null | undefined, field: string): number {
  if (value === undefined || value === null) return 0;
  const number =
    typeof value === 'number'
      ? value
      : (value.unsigned ? value.high >>> 0 : value.high | 0) * TWO_TO_32 + (value.low >>> 0);
  if (Number.isSafeInteger(number)) return number;
  throw new HeadwaterError(
    'invalid_argument',
    `${field}: expected an integer within ±(2^53 - 1), received ${toBigInt(value)}`,
  );
}

/** Like `toNumber`, for fields in which all values beyond 2^53 mean the same. Returns the nearest safe integer. */
export function toClampedNumber(value: number | LongLike | null | undefined): number {
  if (value === undefined || value === null) return 0;
  const number = Number(toBigInt(value));
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, number));
}

/** The result is signed if the field is signed. */
export function toBigInt(value: number | LongLike): bigint {
  if (typeof value === 'number') return BigInt(value);
  const high = BigInt(value.unsigned ? value.high >>> 0 : value.high | 0);
  return high * BigInt(TWO_TO_32) + BigInt(value.low >>> 0);
}

/** Makes an int64 field from a bigint, which protobufjs would silently encode as 0. */
export function fromBigInt(value: bigint): LongLike {
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffff_ffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: false };
}
