/**
 * The values of a node's options, and the place of each. In the order of growing weight the places are the default, the
 * config file, the environment variable HEADWATER_…, the flag.
 */
import path from 'node:path';
import type { Command } from 'commander';
import { isBucketUrl, placesIn } from '../../src/backup/place.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { nearName, unknownOption } from '../../src/base/option-names.js';
import { checkConfig, checkOption, type NodeConfig } from '../../src/config.js';
import type { NodeOptions, ProgramOptions } from '../../src/index.js';
import type { OptionOrigin, OptionValue } from '../../src/model/node-option.js';
import { OPTIONS, type OptionRow, variableOf } from '../../src/options.js';
import { plural } from '../figures.js';
import { UsageError } from '../output.js';
import { LOG_FORMAT, LOG_LEVEL, readValue, SERVE_ROWS } from '../serve-options.js';
import { type ConfigFile, noticeOf, placeOf, readConfigFile } from './file.js';
import { meaningElsewhere, ownForm } from './foreign-options.js';
import type { FileEntry } from './toml-lines.js';

export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number | undefined }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'flag'; readonly flag: string };

/** A value that somebody gave. */
interface Given {
  readonly value: unknown;
  readonly origin: Origin;
}

export interface LogOptions {
  readonly level: string;
  readonly format: (typeof LOG_FORMAT.choices)[number];
}

/** An option, and the value that is in force. */
export interface Setting {
  readonly row: OptionRow;
  /** Undefined if nobody gave one and there is no default. */
  readonly value: unknown;
  readonly origin: Origin;
}

export interface ServeOptions {
  readonly node: NodeOptions;
  readonly log: LogOptions;
  /** The options of `serve` beside those of the node, and the places of all that somebody gave. */
  readonly program: ProgramOptions;
  /** All options in the order of the table. */
  readonly settings: readonly Setting[];
  /** Lines for people, such as one about a file of an older form. */
  readonly notices: readonly string[];
}

/**
 * The options in force, with those of the environment and the file.
 * @throws UsageError if the options contradict each other, or exceed a bound.
 */
export function serveOptions(command: Command): ServeOptions {
  const file = configFileOf(command);
  const values = new Map<string, Given>();
  const read = file === undefined ? undefined : readConfigFile(file);
  const fromEnvironment = environmentValues();
  if (read) for (const [name, given] of fileValues(read)) values.set(name, given);
  for (const [name, given] of [...fromEnvironment, ...flagValues(command)]) values.set(name, given);
  const node = nodeOptions(values);
  const config = checked(node, values);
  return {
    node,
    log: {
      level: (values.get(LOG_LEVEL.name)?.value as string | undefined) ?? LOG_LEVEL.default,
      format: (values.get(LOG_FORMAT.name)?.value as LogOptions['format'] | undefined) ?? LOG_FORMAT.default,
    },
    program: programOptions(values),
    settings: settingsOf(config, values),
    notices: [read && noticeOf(read), ...misspelledVariables(), noticeOfShared(values)].filter(
      (line) => line !== undefined,
    ),
  };
}

/** The options of the log, which a node in another program does not have. */
function programOptions(values: ReadonlyMap<string, Given>): ProgramOptions {
  const rows = [LOG_LEVEL, LOG_FORMAT];
  const given = rows.flatMap(({ name }) => {
    const value = values.get(name)?.value;
    return value === undefined ? [] : [[name, value as OptionValue] as const];
  });
  const origins = [...values].map(([name, { origin }]) => [name, originOf(origin)] as const);
  return { rows, values: new Map(given), origins: new Map(origins) };
}

function originOf(origin: Origin): OptionOrigin {
  return { source: origin.kind, place: origin.kind === 'default' ? '' : placeInWords(origin) };
}

/** The file of --config, or of its environment variable. */
export function configFileOf(command: Command): string | undefined {
  const { config } = command.opts<{ config?: string }>();
  return config ?? (process.env[variableOf('config')] || undefined);
}

function environmentValues(): Array<[string, Given]> {
  return SERVE_ROWS.flatMap((row): Array<[string, Given]> => {
    const variable = variableOf(row.name);
    const text = process.env[variable];
    if (text === undefined || text === '') return [];
    const origin = { kind: 'environment', variable } as const;
    return [[row.name, { value: readValue(row, text, wordsOf(origin)), origin }]];
  });
}

function flagValues(command: Command): Array<[string, Given]> {
  return SERVE_ROWS.flatMap((row): Array<[string, Given]> => {
    const option = command.options.find((one) => one.long === `--${row.name}`);
    const attribute = option?.attributeName() ?? '';
    // The certificates have the same names for a client, and then the whole program has read them.
    if (command.getOptionValueSourceWithGlobals(attribute) !== 'cli') return [];
    const value: unknown = command.optsWithGlobals()[attribute];
    return [
      [row.name, { value, origin: { kind: 'flag', flag: value === false ? `--no-${row.name}` : `--${row.name}` } }],
    ];
  });
}

/** @throws UsageError with the first mistake of the file. */
function fileValues(read: ConfigFile): Array<[string, Given]> {
  const { values, mistakes } = examined(read);
  const [first, ...others] = mistakes;
  if (first === undefined) return values;
  const more =
    others.length === 0 ? '' : ` (and ${plural(others.length, 'other mistake')}: headwater config check ${read.file})`;
  throw new UsageError(`config file ${placeOf(read.file, first.line)}: ${first.message}${more}`);
}

/** A mistake in a config file. */
export interface Mistake {
  readonly line: number | undefined;
  readonly message: string;
}

/** The values of a file, and all mistakes that each line has by itself. */
function examined({ file, entries }: ConfigFile): { values: Array<[string, Given]>; mistakes: Mistake[] } {
  const values: Array<[string, Given]> = [];
  const mistakes: Mistake[] = [];
  for (const entry of entries) {
    const { name, value, line } = ownForm(entry);
    const row = SERVE_ROWS.find((one) => one.name === name);
    try {
      if (!row) throw new UsageError(refusalOfKey({ name, value }));
      if (values.some(([given]) => given === name))
        throw new UsageError(`${entry.name}: expected one upstream, received two. Keep one of the lines`);
      const parsed = readValue(row, value, name);
      checkOption(row, parsed);
      values.push([name, { value: parsed, origin: { kind: 'file', file, line } }]);
    } catch (error) {
      if (!(error instanceof UsageError) && !HeadwaterError.is(error)) throw error;
      mistakes.push({ line, message: error.message });
    }
  }
  return { values, mistakes };
}

/** All mistakes of a file: those of its lines, or if there are none, that of options which contradict each other. */
export function mistakesOf(read: ConfigFile): readonly Mistake[] {
  const { values, mistakes } = examined(read);
  if (mistakes.length > 0) return mistakes;
  try {
    checkConfig(nodeOptions(new Map(values)));
    return [];
  } catch (error) {
    if (!HeadwaterError.is(error)) throw error;
    return [
      { line: read.entries.find(({ name }) => error.message.startsWith(`${name}:`))?.line, message: error.message },
    ];
  }
}

function refusalOfKey({ name, value }: FileEntry): string {
  const known = SERVE_ROWS.map((row) => row.name);
  const elsewhere = meaningElsewhere(name);
  if (elsewhere !== undefined) return `unknown option ${name}: ${elsewhere}`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return unknownOption(name, known);
  const joined = Object.keys(value).map((one) => `${name}-${one}`);
  const instead = joined.find((one) => known.includes(one));
  return `${name}: expected text, a number, true or false, received a table. Give each option a line of its own${instead ? `: ${instead} = …` : ''}`;
}

/** The path from the root, or the places in a list, of which buckets have no path. */
function resolved(value: string): string {
  return placesIn(value)
    .map((place) => (isBucketUrl(place) ? place : path.resolve(place)))
    .join(',');
}

/** The values of the node in the form of `Node.start`. Relative paths begin at the working directory. */
function nodeOptions(values: ReadonlyMap<string, Given>): NodeOptions {
  const options = Object.fromEntries(
    Object.entries<OptionRow>(OPTIONS).map(([property, { name, kind }]) => {
      const value = values.get(name)?.value;
      return [property, kind === 'path' && typeof value === 'string' ? resolved(value) : value];
    }),
  ) as NodeOptions;
  options.data ??= path.resolve(OPTIONS.data.default);
  return options;
}

function checked(node: NodeOptions, values: ReadonlyMap<string, Given>): NodeConfig {
  try {
    return checkConfig(node);
  } catch (error) {
    if (!HeadwaterError.is(error)) throw error;
    const origin = values.get(/^[a-z-]+(?=: )/.exec(error.message)?.[0] ?? '')?.origin;
    const where = origin === undefined || origin.kind === 'flag' ? '' : `${wordsOf(origin)}: `;
    throw new UsageError(`${where}${error.message}`);
  }
}

function settingsOf(config: NodeConfig, values: ReadonlyMap<string, Given>): Setting[] {
  const inForce = new Map<string, unknown>(
    Object.entries<OptionRow>(OPTIONS).map(([property, { name }]) => [name, config[property as keyof NodeConfig]]),
  );
  return SERVE_ROWS.map((row) => {
    const given = values.get(row.name);
    return {
      row,
      value: inForce.get(row.name) ?? given?.value ?? row.default,
      origin: given?.origin ?? { kind: 'default' },
    };
  });
}

/** The place of a value in a few words. That of a file is FILE:LINE, which editors and terminals open. */
export function placeInWords(origin: Origin): string {
  return origin.kind === 'file' ? placeOf(origin.file, origin.line) : wordsOf(origin);
}

/** The origin in words. */
function wordsOf(origin: Origin): string {
  switch (origin.kind) {
    case 'file':
      return `config file ${placeOf(origin.file, origin.line)}`;
    case 'environment':
      return `environment variable ${origin.variable}`;
    case 'flag':
      return origin.flag;
    default:
      return 'default';
  }
}

/** Variables that are not of `serve`. */
const OTHER_VARIABLES = [
  'connect',
  'timeout',
  'config',
  'tls',
  'tls-server-name',
  'credentials',
  'credentials-file',
].map(variableOf);

/** The name without what all variables begin with, so that only its own letters count. */
function nearVariable(variable: string, known: readonly string[]): string | undefined {
  const own = (name: string) => name.slice(variableOf('').length);
  const near = nearName(own(variable), known.map(own));
  return near === undefined ? undefined : variableOf(near);
}

/**
 * The variables of TLS have the same names for clients and nodes. A shell that is made ready for a client would change what a node
 * requires of its own clients, so the node says so.
 */
function noticeOfShared(values: ReadonlyMap<string, Given>): string | undefined {
  const [ca, cert] = [values.get('tls-ca')?.origin, values.get('tls-cert')?.origin];
  if (ca?.kind !== 'environment' || !cert || cert.kind === 'environment' || values.has('tls-clients')) return undefined;
  return `${wordsOf(ca)}: this node takes clients with a certificate of that CA alone. If the variable is meant for a client, unset it, or start with --tls-clients off`;
}

/** An unknown variable may belong to another program, so it is named only if it looks like an option. */
function misspelledVariables(): string[] {
  const known = [...SERVE_ROWS.map(({ name }) => variableOf(name)), ...OTHER_VARIABLES];
  return Object.keys(process.env).flatMap((variable) => {
    if (!variable.startsWith(variableOf('')) || known.includes(variable)) return [];
    const near = nearVariable(variable, known);
    return near === undefined ? [] : [`environment variable ${variable} is no option: did you mean ${near}?`];
  });
}
