/**
 * zlib's CRC-32 over a part of a buffer. A call into zlib takes longer than the checksum of a small record itself, and
 * needs a view. Below some hundred bytes JavaScript is twice as fast (measured at 130 B).
 */
import { crc32 } from 'node:zlib';

/** The longest part that is computed in JavaScript; above it zlib is faster. */
const HERE_BYTES_MAX = 384;

const POLYNOMIAL = 0xedb88320;

/** The effects of a byte that 0 to 7 more bytes follow, one table each. Eight bytes are looked up at a time. */
const TABLES: readonly Int32Array[] = makeTables();
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** The unsigned checksum of `bytes[start..end)`, continued from `seed`. */
export function crc32Of(bytes: Buffer, start: number, end: number, seed = 0): number {
  if (end - start > HERE_BYTES_MAX) return crc32(bytes.subarray(start, end), seed);
  let crc = ~seed;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    crc ^= byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
    crc =
      look(T7, crc & 255) ^
      look(T6, (crc >>> 8) & 255) ^
      look(T5, (crc >>> 16) & 255) ^
      look(T4, crc >>> 24) ^
      look(T3, byte(bytes, at + 4)) ^
      look(T2, byte(bytes, at + 5)) ^
      look(T1, byte(bytes, at + 6)) ^
      look(T0, byte(bytes, at + 7));
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ look(T0, (crc ^ byte(bytes, at)) & 255);
  return ~crc >>> 0;
}

function byte(bytes: Buffer, at: number): number {
  return bytes[at] as number;
}

function look(table: Int32Array, index: number): number {
  return table[index] as number;
}

function makeTables(): Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, index) => {
    let crc = index;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
  const tables = [first];
  while (tables.length < 8) {
    const before = tables.at(-1) as Int32Array;
    tables.push(before.map((crc) => (crc >>> 8) ^ look(first, crc & 255)));
  }
  return tables;
}
