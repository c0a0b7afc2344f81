/**
 * Values as Redis keeps them: in a form that depends on the text and its length, in blocks of the allocator jemalloc.
 * Tools ask for both. Headwater keeps every value as its bytes.
 */
import { integerIn } from '../arguments/arguments.js';

/** The longest text that Redis keeps beside the head of its object. */
const EMBEDDED_BYTES_MAX = 44;
/** Redis keeps one object for each of the first numbers, and counts no references to it. */
const SHARED_INTEGERS = 10_000n;
const SHARED_REFERENCES = 2_147_483_647;

/** Bytes of an object, of an entry in the table of keys, and of the head and the end of a text that is so long. */
const OBJECT_BYTES = 16;
const TABLE_ENTRY_BYTES = 24;
const TEXT_HEADS: ReadonlyArray<readonly [lengthMax: number, bytes: number]> = [
  [31, 2],
  [255, 4],
  [65_535, 6],
  [2 ** 32 - 1, 10],
];

/** Blocks of jemalloc: multiples of 16 up to 128, and four sizes between a power of two and the next. */
const SMALLEST_BLOCK = 8;
const SPACED_EVENLY_MAX = 128;
const SPACING = 16;
const SIZES_IN_POWER = 4;

/** The name of the form. */
export function redisEncoding(value: Buffer): 'int' | 'embstr' | 'raw' {
  if (integerIn(value) !== undefined) return 'int';
  return value.length <= EMBEDDED_BYTES_MAX ? 'embstr' : 'raw';
}

export function redisReferences(value: Buffer): number {
  const integer = integerIn(value);
  return integer !== undefined && integer >= 0n && integer < SHARED_INTEGERS ? SHARED_REFERENCES : 1;
}

/** The bytes of memory of a key and its value. */
export function redisMemory(keyLength: number, value: Buffer): number {
  return TABLE_ENTRY_BYTES + blockOf(textBytes(keyLength)) + valueBytes(value);
}

function valueBytes(value: Buffer): number {
  switch (redisEncoding(value)) {
    case 'int':
      return OBJECT_BYTES;
    case 'embstr':
      // An embedded text has the head of a longer one.
      return blockOf(OBJECT_BYTES + 4 + value.length);
    case 'raw':
      return OBJECT_BYTES + blockOf(textBytes(value.length));
  }
}

function textBytes(length: number): number {
  const head = TEXT_HEADS.find(([lengthMax]) => length <= lengthMax);
  return length + (head?.[1] ?? 0);
}

/** The size of the block that so many bytes lie in. */
function blockOf(bytes: number): number {
  if (bytes <= SMALLEST_BLOCK) return SMALLEST_BLOCK;
  const spacing = bytes <= SPACED_EVENLY_MAX ? SPACING : 2 ** Math.floor(Math.log2(bytes - 1)) / SIZES_IN_POWER;
  return Math.ceil(bytes / spacing) * spacing;
}
