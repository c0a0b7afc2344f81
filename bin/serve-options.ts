/**
 * The options of `headwater serve`, made from the rows of src/options.ts. Each is settable in three places: a flag, an
 * environment variable HEADWATER_…, a JSON file of the flags' names. The first of these places that has an option wins.
 * The parser of the flag reads all three, so they accept the same.
 */
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { HeadwaterError } from '../src/base/errors.js';
import { unknownOption } from '../src/base/option-names.js';
import { checkConfig } from '../src/config.js';
import type { NodeOptions } from '../src/index.js';
import { OPTIONS, type OptionRow, variableOf } from '../src/options.js';
import {
  formatDuration,
  formatSize,
  inLine,
  parseAddress,
  parseChoice,
  parseCount,
  parseDuration,
  parsePath,
  parseSize,
} from './arguments.js';
import { readConfigFile } from './config-file.js';
import { UsageError } from './output.js';

/** The options of the command alone: a node in another program has its own logger. */
const LOG_LEVEL = {
  name: 'log-level',
  kind: 'choice',
  word: 'LEVEL',
  choices: ['debug', 'info', 'warn', 'error'],
  default: 'info',
  help: 'the least severe lines to log: debug, info, warn or error',
} as const satisfies OptionRow;

/** A service manager that keeps the log as text may want prose in a pipe. */
const LOG_FORMAT = {
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
    new Option(
      '--config <FILE>',
      'read these options from a JSON file: { "data": "/var/lib/headwater", "fsync": "always", … }',
    ).argParser(parsePath),
  );
  for (const option of SERVE_ROWS.flatMap(optionsOf)) command.addOption(option);
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

export function wordOf(row: OptionRow): string {
  return row.kind === 'choice' ? row.word : WORDS[row.kind];
}

const WORDS = { path: 'DIR', address: 'HOST:PORT', size: 'SIZE', time: 'TIME', count: 'N', switch: '' } as const;

const PARSERS = { path: parsePath, size: parseSize, time: parseDuration, count: parseCount } as const;

function parserOf(row: Exclude<OptionRow, { kind: 'switch' }>): (text: string) => string | number {
  if (row.kind === 'choice') return parseChoice(row.choices);
  return row.kind === 'address' ? (text) => parseAddress(text, row) : PARSERS[row.kind];
}

export interface LogOptions {
  readonly level: string;
  readonly format: (typeof LOG_FORMAT.choices)[number];
}

export interface ServeOptions {
  readonly node: NodeOptions;
  readonly log: LogOptions;
}

/**
 * The options in force, those of the environment and the file included.
 * @throws UsageError if the options contradict each other, or exceed a bound.
 */
export function serveOptions(command: Command): ServeOptions {
  const settable = command.options.filter((option) => !option.negate && !['config', 'help'].includes(option.name()));
  for (const option of [...settable, ...command.options.filter((one) => one.name() === 'config')]) {
    const variable = variableOf(option.name());
    const text = process.env[variable];
    if (text !== undefined && text !== '') offer(command, option, text, `environment variable ${variable}`, 'env');
  }
  const { config } = command.opts<{ config?: string }>();
  if (config !== undefined) offerFile(command, settable, config);
  const given = Object.fromEntries(
    command.options.map((one) => [one.name(), command.getOptionValue(one.attributeName())]),
  );
  const log = {
    level: given[LOG_LEVEL.name] ?? LOG_LEVEL.default,
    format: given[LOG_FORMAT.name] ?? LOG_FORMAT.default,
  };
  return { node: nodeOptions(given), log };
}

/** @param given values by the names of their options. */
function nodeOptions(given: Readonly<Record<string, unknown>>): NodeOptions {
  const options = Object.fromEntries(
    Object.entries<OptionRow>(OPTIONS).map(([property, { name, kind }]) => {
      const value = given[name];
      return [property, kind === 'path' && typeof value === 'string' ? path.resolve(value) : value];
    }),
  ) as NodeOptions;
  options.data ??= path.resolve(OPTIONS.data.default);
  try {
    checkConfig(options);
  } catch (error) {
    throw HeadwaterError.is(error) ? new UsageError(error.message) : error;
  }
  return options;
}

function offerFile(command: Command, settable: readonly Option[], file: string): void {
  const entries = Object.entries(readConfigFile(file));
  for (const [name, value] of entries) {
    const option = settable.find((candidate) => candidate.name() === name);
    if (!option)
      throw new UsageError(
        `config file ${file}: ${unknownOption(
          name,
          settable.map((known) => known.name()),
        )}`,
      );
    offer(command, option, value, `config file ${file}: ${name}`, 'config');
  }
}

/** Sets `option` to `value`, unless a place of higher precedence has set it. */
function offer(command: Command, option: Option, value: unknown, where: string, source: 'env' | 'config'): void {
  const attribute = option.attributeName();
  const parsed = option.isBoolean() ? parseSwitch(value, where) : parseWith(option, value, where);
  const taken = command.getOptionValueSource(attribute);
  if (taken === undefined || taken === 'default') command.setOptionValueWithSource(attribute, parsed, source);
}

function parseSwitch(value: unknown, where: string): boolean {
  if (value === true || value === 'true' || value === '1') return true;
  if (value === false || value === 'false' || value === '0') return false;
  throw new UsageError(`${where}: expected true or false, received ${JSON.stringify(value)}`);
}

function parseWith(option: Option, value: unknown, where: string): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new UsageError(`${where}: expected text or a number, received ${JSON.stringify(value)}`);
  }
  const text = String(value);
  // Half a surrogate pair has no UTF-8, so a path with one would name another file.
  if (Buffer.from(text).toString() !== text)
    throw new UsageError(`${where}: expected text, received half a surrogate pair in ${JSON.stringify(text)}`);
  if (!option.parseArg) return text;
  try {
    return option.parseArg(text, undefined);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new UsageError(`${where}: ${inLine(error)}`);
    throw error;
  }
}
