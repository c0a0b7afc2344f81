/**
 * A database row that ends in a CRC-32 (zlib's, big-endian) over its key and all bytes before the checksum. LevelDB is
 * opened without its own checks, so a flipped bit in a row would otherwise go unnoticed. The checksum covers the key,
 * so that a row cannot turn up under another key.
 */
import { crc32 } from 'node:zlib';

const CHECKSUM_BYTES = 4;

/** The row for `key`: the value and its checksum. */
export function checkedRow(key: Buffer, value: Buffer): Buffer {
  const row = Buffer.allocUnsafe(value.length + CHECKSUM_BYTES);
  row.set(value);
  row.writeUInt32BE(crc32(value, crc32(key)), value.length);
  return row;
}

/** The value that `checkedRow` was given, as a view into the row; undefined if the row has changed since. */
export function valueOfCheckedRow(key: Buffer, row: Buffer): Buffer | undefined {
  const end = row.length - CHECKSUM_BYTES;
  if (end < 0) return undefined;
  const value = row.subarray(0, end);
  return crc32(value, crc32(key)) === row.readUInt32BE(end) ? value : undefined;
}
