/**
 * Unsigned 64-bit integers as JavaScript numbers, as everywhere in Headwater: offsets, times and counts stay below
 * 2^53. A value that does not is refused at the boundary.
 */
import { HeadwaterError } from './errors.js';
import { invariant } from './invariant.js';

const TWO_TO_32 = 0x1_0000_0000;

/** Writes big-endian, so that LevelDB's order is the order of the numbers. */
export function writeUint64(buffer: Buffer, value: number, at: number): void {
  // The message is made only if it is needed: this function runs for each record.
  if (!Number.isSafeInteger(value) || value < 0) invariant(false, `a uint64 below 2^53, not ${value}`);
  buffer.writeUInt32BE(Math.floor(value / TWO_TO_32), at);
  buffer.writeUInt32BE(value % TWO_TO_32, at + 4);
}

/** @throws HeadwaterError `corrupt` if the value is 2^53 or more. */
export function readUint64(buffer: Buffer, at: number): number {
  const high = buffer.readUInt32BE(at);
  if (high >= 0x20_0000) {
    throw new HeadwaterError(
      'corrupt',
      `expected an integer below 2^53, received 0x${buffer.toString('hex', at, at + 8)}`,
    );
  }
  return high * TWO_TO_32 + buffer.readUInt32BE(at + 4);
}
