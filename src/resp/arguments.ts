/** Arguments as Redis reads them. A number has one form alone: no sign `+`, no zero in front, no space around it. */
import { NOT_AN_INTEGER, Refusal } from './refusal.js';

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const INTEGER_BYTES_MAX = 20;

/** @throws Refusal with the sentence if the argument is no 64-bit integer in decimal. */
export function int64(argument: Buffer | undefined, sentence = NOT_AN_INTEGER): bigint {
  if (argument && argument.length <= INTEGER_BYTES_MAX) {
    const text = argument.toString('latin1');
    if (INTEGER.test(text)) {
      const value = BigInt(text);
      if (value >= INT64_MIN && value <= INT64_MAX) return value;
    }
  }
  throw new Refusal(sentence);
}

/** @throws Refusal if the argument is no integer, or not one from `least` to `most`. */
export function integerBetween(argument: Buffer | undefined, least: number, most: number): number {
  const value = int64(argument);
  if (value >= least && value <= most) return Number(value);
  throw new Refusal(`ERR value is out of range, value must between ${least} and ${most}`);
}

/** The argument in lower case, for words that Redis reads in either case. */
export function wordOf(argument: Buffer | undefined): string {
  return argument === undefined ? '' : argument.toString('latin1').toLowerCase();
}
