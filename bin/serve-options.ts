/**
 * The options of `headwater serve`, made from the rows of src/options.ts: the flags, and the parser of their values, which
 * also reads the environment and the config file (config/values.ts). So all three accept the same.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { OPTIONS, type OptionRow } from '../src/options.js';
import {
  formatDuration,
  formatSize,
  inLine,
  parseAddress,
  parseChoice,
  parseCount,
  parseDuration,
  parseForm,
  parsePath,
  parseSize,
} from './arguments.js';
import { shownValue, tomlValue } from './config/toml-lines.js';
import { UsageError } from './output.js';

/** The options of the command alone: a node in another program has its own logger. */
export const LOG_LEVEL = {
  name: 'log-level',
  kind: 'choice',
  live: true,
  word: 'LEVEL',
  choices: ['debug', 'info', 'warn', 'error'],
  default: 'info',
  help: 'the least severe lines to log: debug, info, warn or error',
  elsewhere: ['loglevel'],
} as const satisfies OptionRow;

/** A service manager that keeps the log as text may want prose in a pipe. */
export const LOG_FORMAT = {
  name: 'log-format',
  kind: 'choice',
  word: 'FORMAT',
  choices: ['auto', 'text', 'json'],
  default: 'auto',
  help: 'the lines of the log: prose (text), JSON with all fields (json), or prose on a terminal and JSON elsewhere (auto)',
} as const satisfies OptionRow;

export const SERVE_ROWS: readonly OptionRow[] = [...Object.values(OPTIONS), LOG_LEVEL, LOG_FORMAT];

/**
 * Adds the options. The descriptions name the defaults, but commander has none: an option that nobody gave stays
 * undefined until checkConfig.
 */
export function addServeOptions(command: Command): void {
  command.addOption(
    new Option('--config <FILE>', 'read these options from a TOML file; "config example" prints one').argParser(
      parsePath,
    ),
  );
  for (const option of SERVE_ROWS.flatMap(optionsOf)) command.addOption(option);
}

/** The words that name a command, without the program. */
function commandPath(command: Command): string {
  const above = command.parent?.parent ? `${commandPath(command.parent)} ` : '';
  return `${above}${command.name()}`;
}

/** The options for talking to a node, without --json. */
export const CLIENT_OPTIONS: readonly string[] = [
  'connect',
  'host',
  'port',
  'timeout',
  'tls',
  'tlsServerName',
  'credentials',
];

/** The options for talking to a node mean nothing to a node. @throws UsageError if one of them is given. */
export function refuseClientOptions(command: Command, names: readonly string[]): void {
  for (const name of names)
    if (command.getOptionValueSourceWithGlobals(name) === 'cli')
      throw new UsageError(
        `${commandPath(command)}: expected options of a node, received --${kebabCase(name)}, which is for talking to one. The address of a node is --listen HOST:PORT`,
      );
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function optionsOf(row: OptionRow): Option[] {
  const { name, help } = row;
  const preset = shownDefault(row);
  if (row.kind !== 'switch')
    return [
      new Option(`--${name} <${wordOf(row)}>`, preset === undefined ? help : `${help} (default: ${preset})`).argParser(
        parserOf(row),
      ),
    ];
  const said = row.default === true ? ' (default)' : preset === undefined ? '' : ` (default: ${preset})`;
  const on = new Option(`--${name}`, `${help}${said}`);
  return row.helpOff === undefined ? [on] : [on, new Option(`--no-${name}`, row.helpOff)];
}

/** The default in the form in which it is typed, or in words; undefined for a switch that is simply on or off. */
export function shownDefault(row: OptionRow): string | undefined {
  if (row.otherwise !== undefined) return row.otherwise;
  if (row.kind === 'switch' || row.default === undefined) return undefined;
  return typeof row.default === 'number' ? shownNumber(row.kind, row.default) : row.default;
}

/** The number in the form in which it is typed. */
export function shownNumber(kind: OptionRow['kind'], value: number): string {
  if (kind === 'size') return formatSize(value);
  return kind === 'time' ? formatDuration(value) : String(value);
}

/** A value as it stands in a config file: `"64KiB"`, `"5s"`, `7`, `true`. */
export function typedIn(
  { kind }: { readonly kind: OptionRow['kind'] | 'unknown' },
  value: string | number | boolean,
): string {
  const hasUnit = kind === 'size' || kind === 'time';
  return tomlValue(hasUnit && typeof value === 'number' ? shownNumber(kind, value) : value);
}

/** The default of an option, or its example, as it stands in a config file. */
export function exampleOf(row: OptionRow): string {
  const value = row.default ?? row.example;
  return value === undefined ? '""' : typedIn(row, value);
}

export function wordOf(row: OptionRow): string {
  if (row.kind === 'path' && row.isFile) return 'FILE';
  return row.kind === 'choice' || row.kind === 'text' ? row.word : WORDS[row.kind];
}

const WORDS = { path: 'DIR', address: 'HOST:PORT', size: 'SIZE', time: 'TIME', count: 'N', switch: '' } as const;

const PARSERS = { path: parsePath, size: parseSize, time: parseDuration, count: parseCount } as const;

function parserOf(row: Exclude<OptionRow, { kind: 'switch' }>): (text: string) => string | number {
  if (row.kind === 'choice') return parseChoice(row.choices);
  if (row.kind === 'text') return parseForm(row);
  return row.kind === 'address' ? (text) => parseAddress(text, row) : PARSERS[row.kind];
}

/**
 * A value from the environment or a config file, as the flag would read it.
 * @param where the beginning of the refusal.
 * @throws UsageError if the option does not take the value.
 */
export function readValue(row: OptionRow, value: unknown, where: string): unknown {
  return row.kind === 'switch' ? parseSwitch(value, where) : parseText(row, value, where);
}

function parseSwitch(value: unknown, where: string): boolean {
  if (value === true || value === 'true' || value === '1') return true;
  if (value === false || value === 'false' || value === '0') return false;
  throw new UsageError(`${where}: expected true or false, received ${shownValue(value)}`);
}

function parseText(row: Exclude<OptionRow, { kind: 'switch' }>, value: unknown, where: string): unknown {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new UsageError(`${where}: expected text or a number, received ${shownValue(value)}`);
  const text = String(value);
  // Half a surrogate pair has no UTF-8, so a path with one would name another file.
  if (Buffer.from(text).toString() !== text)
    throw new UsageError(`${where}: expected text, received half a surrogate pair in ${JSON.stringify(text)}`);
  try {
    return parserOf(row)(text);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new UsageError(`${where}: ${inLine(error)}`);
    throw error;
  }
}
