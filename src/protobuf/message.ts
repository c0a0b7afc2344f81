/**
 * Shared code for the codecs of this folder: decoding that fails with a coded error, and `bytes` fields. Clients may
 * give such fields as text. Decoded messages hold them as views of the message.
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

export function malformed(name: string, length: number, cause: unknown): HeadwaterError {
  if (HeadwaterError.is(cause)) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `expected a protobuf message headwater.v1.${name}, received ${length} other bytes: ${why}`;
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
