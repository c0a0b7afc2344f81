/**
 * The values of decoded fields. protobufjs decodes 64-bit integers to `Long` objects. The rest of Headwater uses checked
 * numbers, and `bigint` for values that clients count with. No `Long` leaves this folder. Clients may give `bytes` as
 * text. Decoded messages hold them as views of the message.
 */
import type { Reader } from 'protobufjs/minimal.js';
import { HeadwaterError } from '../base/errors.js';

/** @throws HeadwaterError `invalid_argument` if the bytes are no such message. */
export function decodeMessage<M>(name: string, bytes: Buffer, type: { decode(reader: Reader | Uint8Array): M }): M {
  try {
    return type.decode(bytes);
  } catch (error) {
    throw malformed(name, bytes.length, error);
  }
}

export function malformed(name: string, length: number, cause: unknown, protocol = 'headwater.v1'): HeadwaterError {
  if (HeadwaterError.is(cause)) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `expected a protobuf message ${protocol}.${name}, received ${length} other bytes: ${why}`;
  return new HeadwaterError('invalid_argument', message, { cause });
}

const NO_BYTES = Buffer.alloc(0);

/** The bytes of a decoded field, empty if the field is absent. */
export function bytesOf(field: Uint8Array | null | undefined): Buffer {
  if (field === null || field === undefined) return NO_BYTES;
  return Buffer.isBuffer(field) ? field : Buffer.from(field.buffer, field.byteOffset, field.byteLength);
}

/** Like `bytesOf`, for fields in which absent is not the same as empty. */
export function optionalBytesOf(field: Uint8Array | null | undefined): Buffer | undefined {
  return field === null || field === undefined ? undefined : bytesOf(field);
}

/** Prepares a field for generated code, which would take text for base64. */
export function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value;
}

// ---- 64-bit integers ------------------------------------------------------------

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
