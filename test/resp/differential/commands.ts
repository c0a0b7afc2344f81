/** Random commands on few keys: all those on strings, numbers, bits, keys, expiries and all keys, some of them broken. */
import type { Dice } from '../../support/dice.js';
import {
  all,
  bitOffset,
  broken,
  either,
  fieldOffset,
  fieldType,
  fieldValue,
  integer,
  key,
  LONG,
  lifeSpan,
  maybe,
  momentMs,
  momentS,
  number,
  numberKey,
  offset,
  type Slot,
  times,
  value,
  words,
} from './words.js';

const BROKEN_PART = 0.06;
const RARE_PART = 0.02;

const range = either(all(integer(-12, 30), integer(-12, 30)), all(integer(-12, -1), integer(-12, -1)));
const unit = words('BIT', 'byte', 'Bit', 'BYTE');

const lifeSpanOption = all(words('EX', 'px'), lifeSpan);
const momentOption = either(all(words('exat'), momentS), all(words('PXAT'), momentMs));
const timeOption = either(momentOption, momentOption, lifeSpanOption);
const setOption = either(words('NX', 'nx'), words('XX', 'Xx'), words('GET'), words('KEEPTTL'), timeOption);

const condition = times(0, 2, words('NX', 'xx', 'GT', 'lt'));

const place = all(fieldType, fieldOffset);
const fieldGet = all(words('GET', 'get'), place);
const overflow = either(words('WRAP', 'SAT', 'FAIL'), words('SAT', 'sat', 'fail'), words('WRAP', 'Sat', 'none'));
const fieldStep = either(
  fieldGet,
  all(words('SET', 'set', 'INCRBY', 'incrby'), place, fieldValue),
  all(words('OVERFLOW', 'overflow'), overflow),
);
const lcsOption = either(words('IDX', 'LEN', 'WITHMATCHLEN'), all(words('MINMATCHLEN'), integer(-1, 6)));

/** The commands, with the arguments of each. One that is named in several rows is more frequent. */
const COMMANDS: ReadonlyArray<readonly [names: string, arguments_: Slot]> = [
  ['SET', all(key, value)],
  ['SET', all(key, value)],
  ['SET set', all(key, value, times(0, 3, setOption))],
  ['SETNX GETSET APPEND', all(key, value)],
  ['SETEX PSETEX', all(key, lifeSpan, value)],
  ['GET GETDEL STRLEN TYPE PERSIST', key],
  ['GET', key],
  ['GETEX', all(key, maybe(either(timeOption, timeOption, words('PERSIST', 'KEEPTTL'))))],
  ['MGET DEL UNLINK EXISTS TOUCH', times(1, 4, key)],
  ['MSET MSETNX', times(1, 3, all(key, value))],
  ['GETRANGE SUBSTR', all(key, range)],
  ['SETRANGE', all(key, offset, value)],
  ['SET', all(numberKey, number)],
  ['INCR DECR', numberKey],
  ['INCRBY DECRBY', all(numberKey, integer(-1_000, 1_000))],
  ['INCRBYFLOAT', all(numberKey, number)],
  ['GET', numberKey],
  ['LCS', all(key, key, times(0, 3, lcsOption))],
  ['SETBIT', all(key, bitOffset, integer(0, 1))],
  ['GETBIT', all(key, bitOffset)],
  ['BITCOUNT', all(key, maybe(all(range, maybe(unit))))],
  ['BITPOS', all(key, integer(0, 1), maybe(all(integer(-5, 20), maybe(all(integer(-5, 20), maybe(unit))))))],
  ['BITOP', all(words('AND', 'or', 'XOR', 'xor'), key, times(1, 3, key))],
  ['BITOP', all(words('NOT', 'not', 'NOR'), key, key)],
  ['BITFIELD', all(key, times(0, 4, fieldStep))],
  ['BITFIELD', all(key, times(1, 3, fieldStep))],
  ['BITFIELD_RO', all(key, times(0, 3, fieldGet))],
  ['TTL PTTL EXPIRETIME PEXPIRETIME', key],
  ['PEXPIRETIME', key],
  ['EXPIRE PEXPIRE', all(key, lifeSpan, condition)],
  ['EXPIREAT', all(key, momentS, condition)],
  ['PEXPIREAT', all(key, momentMs, condition)],
  ['RENAME RENAMENX', all(key, key)],
  ['COPY', all(key, key, maybe(either(words('REPLACE'), all(words('DB'), words('0', 'x')))))],
];

const pattern = words('*', '**', '', 'a', '?', '[a-d]*', '[^a]', 'k*\0\xff', '[\x80-a]*', '\\a', '*[', 'd[a-');
/** Redis returns all keys at once if it is asked for more than there are. */
const scanOptions = times(
  0,
  2,
  either(all(words('MATCH', 'match'), pattern), all(words('TYPE'), words('string', 'hash'))),
);

/** Commands that say little about the others, or that remove all keys. */
const RARE: typeof COMMANDS = [
  ['KEYS', pattern],
  [
    'SCAN',
    all(
      words('0', '', '+0', '0', 'x', ' 0', '18446744073709551616'),
      scanOptions,
      words('COUNT'),
      words('1000', '100', 'x', '0'),
    ),
  ],
  ['PING ECHO FOO FOO', times(0, 2, value)],
  ['FLUSHALL FLUSHDB', maybe(words('SYNC', 'async', 'now'))],
];

/** The names of all commands, in upper case. */
export const NAMES: readonly string[] = [
  ...new Set([...COMMANDS, ...RARE].flatMap(([names]) => names.toUpperCase().split(' '))),
];

/** One command, and behind a time to live a command that makes its end the same moment everywhere. */
export function randomCommands(dice: Dice): string[][] {
  const [names, slot] = dice.pick(dice.chance(RARE_PART) ? RARE : COMMANDS);
  const whole = [dice.pick(names.split(' ')), ...slot(dice)];
  const command = inRange(dice.chance(BROKEN_PART) ? broken(dice, whole) : whole);
  return givesLifeSpan(command) ? [command, ['PEXPIREAT', command[1] ?? '', '4000000000000']] : [command];
}

const LIFE_SPANS = ['SETEX', 'PSETEX', 'EXPIRE', 'PEXPIRE'];
const LIFE_SPAN_OPTIONS = ['EX', 'PX'];
const MOMENTS = ['EXPIREAT', 'PEXPIREAT'];
const MOMENT_OPTIONS = ['EXAT', 'PXAT'];
const WITH_OPTIONS = ['SET', 'GETEX'];

function name(command: readonly string[]): string {
  return (command[0] ?? '').toUpperCase();
}

function hasOption(command: readonly string[], options: readonly string[]): boolean {
  if (!WITH_OPTIONS.includes(name(command))) return false;
  return command.some((word) => options.includes(word.split('\0', 1)[0]?.toUpperCase() ?? ''));
}

function givesLifeSpan(command: readonly string[]): boolean {
  return LIFE_SPANS.includes(name(command)) || hasOption(command, LIFE_SPAN_OPTIONS);
}

/** A time to live below this would end during the test. */
const SHORT_MAX = 10_000_000n;
/** Moments between are those that Redis takes and Headwater refuses: see exceptions.ts. */
const LATE_MIN = 2n ** 43n;
const LATE_MAX = 2n ** 63n - 1n;

/** Replaces times by which the test would wait, or that Headwater does not count. */
function inRange(command: readonly string[]): string[] {
  const hasLifeSpan = givesLifeSpan(command);
  const isTimed = hasLifeSpan || MOMENTS.includes(name(command)) || hasOption(command, MOMENT_OPTIONS);
  if (!isTimed) return [...command];
  return command.map((word, index) => {
    if (index < 2 || !/^[1-9]\d{0,18}$/.test(word)) return word;
    const time = BigInt(word);
    if (hasLifeSpan && time < SHORT_MAX) return LONG;
    const isLate = time > LATE_MIN && (time < LATE_MAX || countsMs(command));
    return isLate ? LONG : word;
  });
}

/** Tells whether moments count in milliseconds, of which Redis takes the largest number. */
function countsMs(command: readonly string[]): boolean {
  return name(command) === 'PEXPIREAT' || hasOption(command, ['PXAT']);
}
