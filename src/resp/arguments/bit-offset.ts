/** Positions of bits, as Redis reads them. */

import { Refusal } from '../replies/refusal.js';
import { int64, integerIn } from './arguments.js';

const NOT_AN_OFFSET = 'ERR bit offset is not an integer or out of range';

/** The bits of 512 MiB, the largest value of Redis. */
const BITS_MAX = 2n ** 32n;

/** @throws Refusal if the argument is no position of a bit. */
export function bitOffset(argument: Buffer | undefined): number {
  return checked(int64(argument, NOT_AN_OFFSET));
}

/** The position of a field. With `#` in front, it counts in fields of this many bits. @throws Refusal */
export function fieldOffset(argument: Buffer, bits: number): number {
  if (argument[0] !== HASH) return bitOffset(argument);
  const fields = integerIn(argument.subarray(1));
  if (fields === undefined) throw new Refusal(NOT_AN_OFFSET);
  return checked(fields * BigInt(bits));
}

const HASH = '#'.charCodeAt(0);

function checked(offset: bigint): number {
  if (offset < 0n || offset >= BITS_MAX) throw new Refusal(NOT_AN_OFFSET);
  return Number(offset);
}
