/**
 * Writes protobuf by hand, for the messages of the hot path. A message is written from position 0 of one shared buffer,
 * without a pause, before the next begins. Every function takes the position to write at and returns the position
 * after. The Writer of protobufjs guesses the width of every length and moves the bytes if the guess was wrong. These
 * functions take half its time. A class with buffer and position in its fields would not.
 */

const INITIAL_BYTES = 64 * 1024;
/** A larger buffer is not kept after its message. */
const KEPT_BYTES_MAX = 1024 * 1024;
/** A large message that fills so much of the buffer takes the buffer itself, and is not copied. */
const FILLED_PART_MIN = 31 / 32;

let shared = Buffer.allocUnsafeSlow(INITIAL_BYTES);

/** The buffer to write into, with room for `count` bytes from `at` on. Each call may return another buffer. */
export function room(at: number, count: number): Buffer {
  const needed = at + count;
  if (needed > shared.length) {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, shared.length * 2));
    shared.copy(larger, 0, 0, at);
    shared = larger;
  }
  return shared;
}

/** Returns the message that ends at `end` in a buffer of its own, which outlives the next message. */
export function finish(end: number): Buffer {
  if (shared.length > KEPT_BYTES_MAX && end > shared.length * FILLED_PART_MIN) {
    const filled = shared.subarray(0, end);
    shared = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    return filled;
  }
  const message = Buffer.allocUnsafeSlow(end);
  shared.copy(message, 0, 0, end);
  if (shared.length > KEPT_BYTES_MAX) shared = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  return message;
}

/** Writes a whole number from 0 to 2^53 - 1. */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  let next = at;
  let rest = value;
  while (rest > 0x7fff_ffff) {
    bytes[next++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next] = rest;
  return next + 1;
}

/** Bytes that a varint takes. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  return 4 + varintBytes(Math.floor(value / 0x1000_0000));
}

export function byteLength(value: string | Uint8Array): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}

/** Bytes of a field whose content has `length` bytes, for field numbers up to 15. */
export function fieldBytes(length: number): number {
  return 1 + varintBytes(length) + length;
}

/** @param length the result of `byteLength(value)`. */
export function writeField(bytes: Buffer, at: number, tag: number, value: string | Uint8Array, length: number): number {
  bytes[at] = tag;
  const start = writeVarint(bytes, at + 1, length);
  if (typeof value === 'string') bytes.write(value, start);
  else bytes.set(value, start);
  return start + length;
}
