/** `config get`, `config set` and `config reset`: the options of a running node. */
import { unknownOption } from '../../src/base/option-names.js';
import type { NodeOption, OptionValue } from '../../src/client/index.js';
import type { Session } from '../connection.js';
import { EXIT, type ExitStatus, UsageError, write } from '../output.js';
import { readValue, SERVE_ROWS, typedIn } from '../serve-options.js';
import { meaningOfName } from './foreign-options.js';

/** A longer line stands out of the column of origins. */
const LINE_WIDTH_MAX = 48;

/** New values by the names of options. Undefined takes a value back. */
export type NewValues = Readonly<Record<string, OptionValue | undefined>>;

export async function getOptions({ client, output }: Session, names: readonly string[]): Promise<ExitStatus> {
  for (const name of names) refuseForeign(name);
  await print(await client.options(names), output.json);
  return EXIT.DONE;
}

export async function setOptions(
  { client, output }: Session,
  values: NewValues,
  { keep = false }: { readonly keep?: boolean } = {},
): Promise<ExitStatus> {
  await print(await client.setOptions(values, { keep }), output.json);
  return EXIT.DONE;
}

/**
 * The values that the words of a command line give: NAME VALUE NAME VALUE …
 * @throws UsageError if an option does not take its value, or there is no such option.
 */
export function valuesOf(words: readonly string[]): NewValues {
  if (words.length % 2 === 1) {
    const last = words.at(-1) ?? '';
    const meant = last.includes('=') ? `. Use a space: ${last.replace('=', ' ')}` : '';
    throw new UsageError(`config set: expected a value behind each name, received none behind ${last}${meant}`);
  }
  return checkedOnce(
    words.flatMap((name, at) => (at % 2 === 0 ? [[name, readOption(name, words[at + 1] ?? '')] as const] : [])),
  );
}

/** @throws UsageError if there is no such option. */
export function takenBack(names: readonly string[]): NewValues {
  return checkedOnce(names.map((name) => [rowOf(name).name, undefined] as const));
}

function checkedOnce(values: ReadonlyArray<readonly [name: string, value: OptionValue | undefined]>): NewValues {
  const names = values.map(([name]) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new UsageError(`${twice}: expected once, received twice`);
  return Object.fromEntries(values);
}

function readOption(name: string, text: string): OptionValue {
  return readValue(rowOf(name), text, name) as OptionValue;
}

function rowOf(name: string) {
  refuseForeign(name);
  const row = SERVE_ROWS.find((one) => one.name === name);
  if (row) return row;
  throw new UsageError(
    unknownOption(
      name,
      SERVE_ROWS.map((one) => one.name),
    ),
  );
}

/** The node knows its own names, and the names of other stores for them, but not why an option is missing. */
function refuseForeign(name: string): void {
  const meaning = SERVE_ROWS.some((row) => row.name === name) ? undefined : meaningOfName(name);
  if (meaning !== undefined) throw new UsageError(`unknown option ${name}: ${meaning}`);
}

async function print(options: readonly NodeOption[], json: boolean): Promise<void> {
  const lines = json ? options.map(jsonOf) : textOf(options);
  await write(lines.map((line) => `${line}\n`).join(''));
}

/** Lines of a config file, with the origin of each value behind it. */
function textOf(options: readonly NodeOption[]): string[] {
  const lines = options.map((option) => ({ option, text: lineOf(option) }));
  const width = Math.max(...lines.map(({ text }) => (text.length <= LINE_WIDTH_MAX ? text.length : 0)));
  return lines.map(({ option, text }) => `${text.padEnd(width)}  # ${originOf(option)}${changesOf(option)}`);
}

function lineOf({ name, kind, value }: NodeOption): string {
  return value === undefined ? `# ${name} is not set` : `${name} = ${typedIn({ kind }, value)}`;
}

function originOf({ source, place }: NodeOption): string {
  if (source === 'run_time') return `set at run time by ${place}`;
  if (source === 'program') return 'the program of the node';
  return place === '' ? source : place;
}

function changesOf({ isLive, source }: NodeOption): string {
  if (source === 'run_time') return '';
  return isLive ? '; changes at run time' : '; needs a restart';
}

const UNITS: Partial<Record<NodeOption['kind'], string>> = { size: 'bytes', time: 'ms' };

function jsonOf({ name, kind, value, source, place, isLive }: NodeOption): string {
  return JSON.stringify({
    name,
    value: value ?? null,
    unit: UNITS[kind],
    origin: source,
    place,
    changes: isLive ? 'run_time' : 'restart',
  });
}
