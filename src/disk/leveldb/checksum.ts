/**
 * The checksum of LevelDB's files: CRC-32C, masked so that a checksum over bytes that hold their own is no
 * constant (util/crc32c.h).
 */
import { crc32c } from '@node-rs/crc32';

const MASK_DELTA = 0xa282ead8;

export function maskedCrc32c(bytes: Buffer): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
