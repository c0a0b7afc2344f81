/**
 * Parsers of the text that people type: durations, sizes, addresses, keys. Each refusal names the expected and the
 * received value. Commander puts the option's or argument's name before it, and the process ends with status 2.
 */
import { InvalidArgumentError } from 'commander';
import { destinationOf, splitAddresses } from '../src/access/addresses.js';
import {
  type AddressOptions,
  expectedAddress,
  FOLLOWS_NO_ARCHIVE,
  isAddress,
  isArchivePlace,
  withoutUser,
} from '../src/base/address.js';
import { HeadwaterError } from '../src/base/errors.js';
import { TIMER_MS_MAX } from '../src/base/limits.js';
import { bytesOfText, isText } from './byte-text.js';

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/**
 * The longest duration: as long as the time that a date can name, 273,000 years. A node adds its clock, and the sum
 * stays below 2^53.
 */
const DURATION_MS_MAX = 8.64e15;

/** Parses `10s`, `500ms`, `2h`, `1.5d`; a bare number is seconds, as in Redis. @returns milliseconds, 1 or more. */
export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)?$/.exec(text) ?? [];
  const ms = number === undefined ? Number.NaN : Math.round(Number(number) * (DURATION_UNITS[unit] ?? Number.NaN));
  if (ms > 0 && ms <= DURATION_MS_MAX) return ms;
  if (ms > DURATION_MS_MAX) throw refusal('a time of at most 100000000d', text);
  throw refusal('a time above zero such as 10s, 500ms, 2h or 1d (a bare number is seconds)', text);
}

/** Parses a duration, as `parseDuration` does, that a timer can wait for. */
export function parseInterval(text: string): number {
  const ms = parseDuration(text);
  if (ms <= TIMER_MS_MAX) return ms;
  throw refusal('a time of at most 24 days', text);
}

/** Parses `64MiB`, `64m`, `65536`; the units are powers of 1024. @returns bytes. */
export function parseSize(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(b|[kmg](?:ib|b)?)?$/.exec(text.toLowerCase()) ?? [];
  const bytes = number === undefined ? Number.NaN : Number(number) * (SIZE_UNITS[unit.slice(0, 1)] ?? Number.NaN);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw refusal('a size in bytes such as 65536, 64KiB or 16MiB', text);
}

export function parseOffset(text: string): number {
  const offset = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(offset)) return offset;
  throw refusal('an offset, a whole number', text);
}

const MOMENT = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * Parses ISO 8601, `2026-11-21T18:00:00Z`. A time without a zone is one of the local zone, and a date alone is its first
 * moment there. A bare number is refused: it may be meant as seconds or as milliseconds.
 * @returns milliseconds since the epoch.
 */
export function parseMoment(text: string): number {
  const [, date, time] = MOMENT.exec(text) ?? [];
  const ms = Date.parse(time === undefined ? `${text}T00:00` : text);
  // JavaScript takes February 30 for March 2.
  if (date !== undefined && !Number.isNaN(ms) && isDate(date)) return ms;
  const why = /^\d+$/.test(text) ? ' (a bare number may be seconds or milliseconds)' : '';
  throw refusal(`a time such as 2026-11-21T18:00:00Z or 2026-11-21T18:00${why}`, text);
}

function isDate(date: string): boolean {
  const ms = Date.parse(`${date}T00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}

/** The duration in a form that `parseDuration` reads: `5s`, `1500ms`. */
export function formatDuration(ms: number): string {
  return inLargestUnit(ms, DURATION_UNITS, 'ms');
}

/** The size in a form that `parseSize` reads: `64KiB`, `1000`. */
export function formatSize(bytes: number): string {
  return inLargestUnit(bytes, { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }, '');
}

function inLargestUnit(value: number, units: Readonly<Record<string, number>>, smallest: string): string {
  const [unit, factor] = Object.entries(units).findLast(([, one]) => value > 0 && value % one === 0) ?? [smallest, 1];
  return `${value / factor}${unit}`;
}

/** Parses a signed whole number of 64 bits. */
export function parseInteger(text: string): bigint {
  if (/^[+-]?\d{1,19}$/.test(text)) {
    const value = BigInt(text.replace(/^\+/, ''));
    if (BigInt.asIntN(64, value) === value) return value;
  }
  throw refusal('a whole number of at most 64 bits', text);
}

export function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw refusal('a whole number such as 0 or 2', text);
}

/** Parses a count of at least 1. */
export function parseLimit(text: string): number {
  if (/^\d{1,15}$/.test(text) && Number(text) > 0) return Number(text);
  throw refusal('a whole number from 1 on', text);
}

/** Parses a decimal number. @returns its text, which has all digits. A number of JavaScript has 17 at most. */
export function parseDecimal(text: string): string {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text))) return text;
  throw refusal('a decimal number such as 0.5 or -3', text);
}

export function parseAddress(text: string, options: AddressOptions = {}): string {
  if (isAddress(text, options)) return text;
  const user = text.includes('@') ? ' without a user' : '';
  throw refusal(`${expectedAddress(options)}${user && `,${user}`}`, withoutUser(text));
}

/** Parses the address of a node to follow. */
export function parseUpstream(text: string): string {
  if (!isArchivePlace(text)) return parseAddress(text);
  const shown = JSON.stringify(withoutUser(text).slice(0, SHOWN_CHARACTERS_MAX));
  throw new InvalidArgumentError(
    `Expected the HOST:PORT of a node, received the archive ${shown}. ${FOLLOWS_NO_ARCHIVE}.`,
  );
}

/** Parses the name of a node: its node ID, a beginning of the ID, or HOST:PORT. A node would repeat the name in its log. */
export function parseNode(text: string): string {
  if (!text.includes('@')) return text;
  throw refusal('a node ID, or HOST:PORT without a user', withoutUser(text));
}

export function parseAddresses(text: string): string[] {
  return splitAddresses(text).map((address) => parseNodeUrl(address.trim()));
}

/** Parses an address with or without a scheme, and returns it as it is. */
function parseNodeUrl(text: string): string {
  try {
    for (const seed of destinationOf([text]).seeds) parseAddress(seed);
  } catch (error) {
    if (!HeadwaterError.is(error)) throw error;
    // Commander repeats the whole value, which may have a secret, unless the message begins with this word.
    throw new InvalidArgumentError(`E${error.message.replace(/^(addresses: )?e/i, '')}.`);
  }
  return text;
}

/** Parses a host without its port. */
export function parseHost(text: string): string {
  const host = text.includes(':') && !text.startsWith('[') ? `[${text}]` : text;
  if (isAddress(`${host}:1`)) return host;
  throw refusal('a host name or an IP address', text);
}

export function parsePort(text: string): string {
  if (isAddress(`localhost:${text}`)) return text;
  throw refusal('a port from 1 to 65535', text);
}

export function parseChoice<Choice extends string>(choices: readonly Choice[]) {
  const parse = (text: string): Choice => {
    const choice = choices.find((one) => one === text);
    if (choice !== undefined) return choice;
    throw refusal(`one of ${choices.join(', ')}`, text);
  };
  return offering(choices, parse);
}

/** The parser, with words that completion offers. Commander's own choices would stand in the help a second time. */
export function offering<Parse extends object>(choices: readonly string[], parse: Parse): Parse {
  return Object.assign(parse, { choices });
}

/** The words that completion offers for the value of an option or an argument. */
export function choicesOf({ parseArg }: { readonly parseArg?: object | undefined }): readonly string[] {
  return (parseArg as { choices?: readonly string[] } | undefined)?.choices ?? [];
}

/**
 * Parses a name or a pattern. Node decodes arguments as UTF-8, and puts U+FFFD in the place of other bytes. Such an
 * argument is not the text that was typed, and storing it would be silent damage.
 */
export function parseText(text: string): string {
  if (!text.includes('\ufffd') && isText(text)) return text;
  throw new InvalidArgumentError(
    'Expected UTF-8, received other bytes. For such keys use "headwater shell", which takes "\\xff", or "headwater import".',
  );
}

/** Parses a key or a value. A line of the shell can name bytes that are not UTF-8. */
export function parseBytes(text: string): Buffer {
  return bytesOfText(isText(text) ? parseText(text) : text);
}

/** A parser of an argument or an option that may be repeated. */
export function gathered<Value>(parse: (text: string) => Value) {
  return (text: string, before: Value[] | undefined): Value[] => [...(before ?? []), parse(text)];
}

/** Parses the name of a file or a directory. `-`, for stdin or stdout, is one too. */
export function parsePath(text: string): string {
  if (text === '') throw refusal('a path', text);
  if (!text.includes('\ufffd')) return text;
  throw new InvalidArgumentError('Expected a path in UTF-8, received other bytes.');
}

/** A parser of a text in a form that the row of an option has. */
export function parseForm({ form, expected }: { readonly form: RegExp; readonly expected: string }) {
  return (text: string): string => {
    if (form.test(text)) return text;
    // The text may have a secret in it.
    throw new InvalidArgumentError(`Expected ${expected}, received another text.`);
  };
}

/** The message of a refusal as a part of a longer line. */
export function inLine({ message }: Error): string {
  return `${message.slice(0, 1).toLowerCase()}${message.slice(1).replace(/\.$/, '')}`;
}

const SHOWN_CHARACTERS_MAX = 100;

function refusal(expected: string, received: string): InvalidArgumentError {
  const shown = JSON.stringify(received.slice(0, SHOWN_CHARACTERS_MAX));
  return new InvalidArgumentError(
    `Expected ${expected}, received ${shown}${received.length > SHOWN_CHARACTERS_MAX ? '…' : ''}.`,
  );
}
