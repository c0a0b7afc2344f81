/**
 * Arguments of random commands: plain ones, and odd ones. A word is text with one character for each byte.
 *
 * No word is a number from 2^24 to 2^32, nor a field of bits in a place beyond them that Redis takes: as an offset it
 * would make Redis write a value of up to 512 MiB, which is more than a node accepts.
 */
import type { Dice } from '../../support/dice.js';

/** Makes arguments of a command: none, one, or some. */
export type Slot = (dice: Dice) => string[];

const INT64_MAX = '9223372036854775807';
const INT64_MIN = '-9223372036854775808';
/** No number of Redis, or one of the largest. */
const ODD_NUMBERS = [
  '|x|+1|01| 1|1 |-0|1.0|1e3|0x1|1\0|-|--1|00|-01|9223372036854775808|-9223372036854775809|-9223372036854775807',
  `18446744073709551616|99999999999999999999|9007199254740993|${INT64_MAX}|${INT64_MIN}`,
].flatMap((line) => line.split('|'));
const ODD_WORDS = ['nx', 'xx', 'NX\0z', 'keepttl', 'PX', 'ex', 'get', 'GT', 'bit', 'idx', '\0', 'constructor', '\xff'];

const KEYS = ['a', 'b', 'c', 'dd', '', 'k\r\n\0\xff'];

const FLOATS = [
  '0.1|-0.1|1000.1|3.0e3|1e-17|5e-18|.5|5.|1e25|-1.5|12345.678|0x1.8p3|0x10|inf|-inf|nan|1e4932|-1.1e4932|1e-4950',
  '1e-5000|1e5000|1e|1.5 | 1.5|1.5\0|+2.5',
].flatMap((line) => line.split('|'));

/** Milliseconds of moments that are not near now: long past, and far to come. */
const MOMENTS_MS = ['1', '1000', '4000000000000', '4000000001234', '5000000000000'];
const MOMENTS_S = ['1', '1000', '4000000000', '4000000001', '5000000000'];
const NO_MOMENTS = ['0', '-1', 'x', '1.5', INT64_MIN, '9223372036854775808', '+5'];

/** A time to live that lasts longer than the test, in seconds or milliseconds. */
export const LONG = '100000000';
const NO_LIFE_SPANS = ['0', '-1', 'x', INT64_MAX, INT64_MIN, '9223372036854775808', '1.5', '01'];

const odd: Slot = (dice) => [dice.pick(dice.chance(0.7) ? ODD_NUMBERS : ODD_WORDS)];

function bytes(dice: Dice, length: number, from: number, to: number): string {
  return Array.from({ length }, () => String.fromCharCode(dice.between(from, to))).join('');
}

function plainValue(dice: Dice): string {
  const kind = dice.below(8);
  if (kind === 0) return '';
  if (kind === 1) return String(dice.between(-1_000, 1_000));
  if (kind === 2) return dice.pick([INT64_MAX, INT64_MIN, '9223372036854775806', '9999999999']);
  if (kind === 3) return dice.chance(0.7) ? `${dice.between(-99, 99_999)}.${dice.below(10_000)}` : dice.pick(FLOATS);
  if (kind === 4) return bytes(dice, dice.below(40), 97, 100);
  if (kind === 5) return dice.pick(['\0', '\xff'])?.repeat(dice.below(20));
  return bytes(dice, dice.chance(0.05) ? dice.below(1_500) : dice.below(30), 0, 255);
}

export const key: Slot = (dice) => [dice.pick(KEYS)];
/** Keys whose values are mostly numbers. */
const NUMBER_KEYS = ['n', 'f'];

export const numberKey: Slot = (dice) => (dice.chance(0.8) ? [dice.pick(NUMBER_KEYS)] : key(dice));
export const number: Slot = (dice) => {
  const kind = dice.below(4);
  if (kind === 0) return [String(dice.between(-1_000, 1_000))];
  if (kind === 1)
    return [dice.pick([INT64_MAX, INT64_MIN, '9223372036854775800', '-9223372036854775800', '4294967296'])];
  return kind === 2 ? [`${dice.between(-9_999, 99_999)}.${dice.below(10_000)}`] : float(dice);
};

export const value: Slot = (dice) => (dice.chance(0.9) ? [plainValue(dice)] : odd(dice));
const float: Slot = (dice) => [dice.pick(FLOATS)];

/** A whole number, mostly of this range. */
export function integer(least: number, most: number): Slot {
  return (dice) => (dice.chance(0.85) ? [String(dice.between(least, most))] : odd(dice));
}

export const offset: Slot = (dice) =>
  dice.chance(0.85) ? [String(dice.below(60))] : [dice.pick(['-1', '536870912', 'x', INT64_MAX, '', '01'])];

export const bitOffset: Slot = (dice) => {
  if (dice.chance(0.85)) return [String(dice.below(300))];
  return [dice.pick(['-1', '4294967296', INT64_MAX, 'x', '+1', '01', '18446744073709551616', '#1', '1 '])];
};

export const fieldType: Slot = (dice) => {
  if (dice.chance(0.9)) return [`${dice.pick(['i', 'u'])}${dice.between(1, 63)}`];
  return [dice.pick(['i64', 'u64', 'i65', 'i0', 'x8', 'i', 'U8', 'i08', 'u-1', '', '\0', 'i8\0', 'i 8'])];
};

export const fieldOffset: Slot = (dice) => {
  if (dice.chance(0.7)) return bitOffset(dice);
  return [dice.chance(0.9) ? `#${dice.below(8)}` : dice.pick(['#4294967296', '#-1', '#x', '#', '##1', '#01'])];
};

/** A number for a field of few or many bits. */
export const fieldValue: Slot = (dice) => {
  const kind = dice.below(4);
  if (kind === 0) return integer(-200, 200)(dice);
  if (kind === 1) return [String(dice.between(-70_000, 70_000))];
  return [dice.pick([INT64_MAX, INT64_MIN, '-1', '255', '-9223372036854775807', '4294967296', '-2147483649'])];
};

export const momentMs: Slot = (dice) => [dice.pick(dice.chance(0.8) ? MOMENTS_MS : NO_MOMENTS)];
export const momentS: Slot = (dice) => [dice.pick(dice.chance(0.8) ? MOMENTS_S : [...NO_MOMENTS, INT64_MAX])];
export const lifeSpan: Slot = (dice) => [dice.chance(0.6) ? LONG : dice.pick(NO_LIFE_SPANS)];

export function words(...choices: string[]): Slot {
  return (dice) => [dice.pick(choices)];
}

/** The slots one after the other. */
export function all(...slots: Slot[]): Slot {
  return (dice) => slots.flatMap((slot) => slot(dice));
}

export function either(...slots: Slot[]): Slot {
  return (dice) => dice.pick(slots)(dice);
}

/** So many times the slot. */
export function times(least: number, most: number, slot: Slot): Slot {
  return (dice) => Array.from({ length: dice.between(least, most) }, () => slot(dice)).flat();
}

export function maybe(slot: Slot): Slot {
  return times(0, 1, slot);
}

/** Breaks some commands: an argument is missing, is there twice, or is an odd one. */
export function broken(dice: Dice, command: readonly string[]): string[] {
  const result = [...command];
  const at = dice.between(1, command.length);
  const kind = dice.below(4);
  if (kind === 0) result.splice(at, 1);
  else if (kind === 1) result.splice(at, 0, ...odd(dice));
  else if (kind === 2) result.splice(at, 0, dice.pick(command));
  else result.splice(at, 1, ...odd(dice));
  return result;
}
