/** Arguments as Redis reads them. A number has one form alone: no sign `+`, no zero in front, no space around it. */
import { DATABASE_OUT_OF_RANGE, NOT_AN_INTEGER, Refusal } from '../replies/refusal.js';

const INTEGER = /^(?:0|-?[1-9][0-9]{0,18})$/;
const INTEGER_BYTES_MAX = 20;

/** The 64-bit integer whose text in its one form the bytes are. */
export function integerIn(bytes: Buffer): bigint | undefined {
  if (bytes.length > INTEGER_BYTES_MAX) return undefined;
  const text = bytes.toString('latin1');
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** @throws Refusal with the sentence if the argument is no 64-bit integer in decimal. */
export function int64(argument: Buffer | undefined, sentence = NOT_AN_INTEGER): bigint {
  const value = argument && integerIn(argument);
  if (value === undefined) throw new Refusal(sentence);
  return value;
}

/** An argument as a text of C, which a zero byte ends. Each byte is one character. */
export function textOf(argument: Buffer): string {
  const zero = argument.indexOf(0);
  return argument.toString('latin1', 0, zero < 0 ? argument.length : zero);
}

/** @throws Refusal if the argument is no integer, or not one from `least` to `most`. */
export function integerBetween(argument: Buffer | undefined, least: number, most: number): number {
  const value = int64(argument);
  if (value >= least && value <= most) return Number(value);
  throw new Refusal(`ERR value is out of range, value must between ${least} and ${most}`);
}

/** @throws Refusal if the argument is not the number of the one database, 0. */
export function checkDatabase(argument: Buffer | undefined): void {
  if (integerBetween(argument, -(2 ** 31), 2 ** 31 - 1) !== 0) throw new Refusal(DATABASE_OUT_OF_RANGE);
}

/** The argument in lower case, for words that Redis reads in either case. */
export function wordOf(argument: Buffer | undefined): string {
  return argument === undefined ? '' : textOf(argument).toLowerCase();
}
