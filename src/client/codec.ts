/**
 * The forms of keys and values: text, bytes, or values of any kind by a codec. A codec is two functions of the caller.
 * A codec that fails never harms the connection or the loop: the command of the value is rejected, or the property that
 * would be the value throws the error when it is read.
 */

import { HeadwaterError } from '../base/errors.js';
import type { Data } from './operations.js';

/** Converts values of a program to the bytes that the store keeps, and back. `json` is an example. */
export interface Codec<Value> {
  /** Converts a value to text, which is stored as UTF-8, or to bytes. A value that has no such form throws an error. */
  encode(value: Value): Data;
  /**
   * Converts the stored bytes to a value. Bytes that `encode` cannot have made throw an error. The bytes are part of a
   * larger message: copy them to keep them.
   */
  decode(bytes: Buffer): Value;
}

/** The codec `json`. The type argument of `Client.connect` says which values there are, else they are `unknown`. */
export interface JsonCodec {
  /** Converts a value to JSON. A value without a form in JSON, such as undefined, is refused. */
  encode(value: unknown): string;
  /** Parses JSON. */
  decode<Value = unknown>(bytes: Buffer): Value;
}

/**
 * Values as JSON: `connect<User>(addresses, { codec: json })`. The text of a number is JSON, so `incr` works on numbers.
 * Dates come back as text.
 */
export const json: JsonCodec = {
  // JSON has no undefined. The caller of the codec refuses it.
  encode: (value) => JSON.stringify(value) as string,
  decode: (bytes) => JSON.parse(bytes.toString()),
};

/** The option of a client whose values are not text. */
export interface CodecOption<Value> {
  /**
   * The form of all values: of `get`, `set`, `transact`, `scan`, `watch`, `publish`, `subscribe` and the others. Keys
   * and channels stay text, and `buffers` has everything as bytes. `append`, `getRange` and `setRange` work on the
   * encoded bytes. By default values are text.
   */
  readonly codec: Codec<Value>;
}

/** The conversions of a client. */
export interface Forms<Key, Value, Input> {
  /** Converts keys, channels, patterns and parts of values. */
  readonly raw: (bytes: Buffer) => Key;
  /** @throws HeadwaterError `invalid_argument`. @param key names the value in the error. */
  readonly encode: (key: unknown, value: Input) => Data;
  /** @throws HeadwaterError `wrong_type`. @param key names the value in the error. */
  readonly decode: (key: unknown, bytes: Buffer) => Value;
  /** As `encode` and `decode`, for a message. The channel names it in the error. */
  readonly encodeMessage: (channel: unknown, message: Input) => Data;
  readonly decodeMessage: (channel: unknown, bytes: Buffer) => Value;
  /** True for a codec: values change their form, and may fail to. */
  readonly hasCodec: boolean;
}

/** Decodes UTF-8. Other bytes become replacement characters. */
const asText = (bytes: Buffer): string => bytes.toString();

/** Copies the bytes, which would otherwise keep their whole message in memory. */
const asBuffer = (bytes: Buffer): Buffer => Buffer.from(bytes);

export const TEXT: Forms<string, string, Data> = {
  raw: asText,
  encode: (_, value) => value,
  decode: (_, bytes) => asText(bytes),
  encodeMessage: (_, message) => message,
  decodeMessage: (_, bytes) => asText(bytes),
  hasCodec: false,
};

export const BYTES: Forms<Buffer, Buffer, Data> = {
  raw: asBuffer,
  encode: (_, value) => value,
  decode: (_, bytes) => asBuffer(bytes),
  encodeMessage: (_, message) => message,
  decodeMessage: (_, bytes) => asBuffer(bytes),
  hasCodec: false,
};

/** @throws HeadwaterError `invalid_argument` if the codec lacks a function. */
export function formsOf<Value>(codec: Codec<Value>): Forms<string, Value, Value> {
  const { encode, decode } = (codec ?? {}) as Partial<Codec<Value>>;
  if (typeof encode !== 'function' || typeof decode !== 'function')
    throw new HeadwaterError(
      'invalid_argument',
      `codec: expected an object with the functions encode and decode, received ${codec === null ? 'null' : typeof codec}`,
    );
  return {
    raw: asText,
    encode: (key, value) => encoded(codec, VALUE, key, value),
    decode: (key, bytes) => decoded(codec, VALUE, key, bytes),
    encodeMessage: (channel, message) => encoded(codec, MESSAGE, channel, message),
    decodeMessage: (channel, bytes) => decoded(codec, MESSAGE, channel, bytes),
    hasCodec: true,
  };
}

/** The place of a value in the messages of errors. */
interface Place {
  readonly what: 'the value of' | 'the message on';
  readonly owner: 'key' | 'channel';
  readonly advice: string;
}

const VALUE: Place = { what: 'the value of', owner: 'key', advice: 'Read it by `buffers`, or set it again' };
const MESSAGE: Place = { what: 'the message on', owner: 'channel', advice: 'Read such messages by `subscribeBuffers`' };

function encoded<Value>(codec: Codec<Value>, { what, owner }: Place, name: unknown, value: Value): Data {
  let made: unknown;
  try {
    made = codec.encode(value);
  } catch (error) {
    const why = `${what} ${described(name, owner)} cannot be encoded by the codec: ${HeadwaterError.from(error).message}`;
    throw new HeadwaterError('invalid_argument', why, { cause: error });
  }
  if (typeof made === 'string' || made instanceof Uint8Array) return made;
  throw new HeadwaterError(
    'invalid_argument',
    `${what} ${described(name, owner)}: expected the codec to make text or bytes, received ${made === null ? 'null' : typeof made}. Use a value that the codec can encode`,
  );
}

function decoded<Value>(codec: Codec<Value>, { what, owner, advice }: Place, name: unknown, bytes: Buffer): Value {
  try {
    return codec.decode(bytes);
  } catch (error) {
    throw new HeadwaterError(
      'wrong_type',
      `${what} ${described(name, owner)} (${bytes.length} bytes) cannot be decoded by the codec: ${HeadwaterError.from(error).message}. ${advice}`,
      { cause: error, details: { [owner]: nameOf(name) } },
    );
  }
}

/**
 * Gives the object the property. If the property cannot be made, reading it throws the error, so that the other
 * properties can be read.
 */
export function withProperty<T extends object, Name extends string, Value>(
  object: T,
  name: Name,
  make: () => Value,
): T & { readonly [N in Name]: Value } {
  try {
    (object as Record<string, unknown>)[name] = make();
  } catch (error) {
    const get = (): never => {
      throw error;
    };
    Object.defineProperty(object, name, { enumerable: true, configurable: true, get });
  }
  return object as T & { readonly [N in Name]: Value };
}

const SHOWN_CHARACTERS_MAX = 64;

function nameOf(key: unknown): string {
  return typeof key === 'string' ? key : key instanceof Uint8Array ? Buffer.from(key).toString() : String(key);
}

/** A key or a channel in the message of an error: short, and in quotes. */
export function described(key: unknown, owner: Place['owner'] = 'key'): string {
  const name = nameOf(key);
  if (name.length <= SHOWN_CHARACTERS_MAX) return `the ${owner} ${JSON.stringify(name)}`;
  return `the ${owner} ${JSON.stringify(name.slice(0, SHOWN_CHARACTERS_MAX))}… (${name.length} characters)`;
}
