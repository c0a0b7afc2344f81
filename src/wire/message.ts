/**
 * What the codecs of this folder have in common: decoding that fails as a
 * coded error, and `bytes` fields, which clients may give as text and which
 * decoded messages hold as views of the message.
 */
import type { Reader } from 'protobufjs/minimal.js';
import { HeadwaterError } from '../base/errors.js';

/**
 * A value as a client holds it before it is written into a message: text is
 * not made into bytes of its own first.
 */
export type Outgoing<T> = T extends Uint8Array
  ? string | Uint8Array
  : T extends object
    ? { readonly [P in keyof T]: Outgoing<T[P]> }
    : T;

/** @throws HeadwaterError `invalid_argument` where the bytes are no such message. */
export function decodeMessage<M>(name: string, bytes: Buffer, type: { decode(reader: Reader | Uint8Array): M }): M {
  try {
    return type.decode(bytes);
  } catch (error) {
    throw malformed(name, bytes.length, error);
  }
}

export function malformed(name: string, length: number, cause: unknown): HeadwaterError {
  if (HeadwaterError.is(cause)) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `expected a protobuf message headwater.v1.${name}, received ${length} bytes that are none: ${why}`;
  return new HeadwaterError('invalid_argument', message, { cause });
}

const NO_BYTES = Buffer.alloc(0);

/** The bytes of a decoded field; what is absent is empty. */
export function bytesOf(field: Uint8Array | null | undefined): Buffer {
  if (field === null || field === undefined) return NO_BYTES;
  return Buffer.isBuffer(field) ? field : Buffer.from(field.buffer, field.byteOffset, field.byteLength);
}

/** As `bytesOf`, for fields where absent is not the same as empty. */
export function optionalBytesOf(field: Uint8Array | null | undefined): Buffer | undefined {
  return field === null || field === undefined ? undefined : bytesOf(field);
}

/** A field to be encoded by generated code, which would take text for base64. */
export function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value;
}
