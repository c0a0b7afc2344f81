/** The output of `config check`, `config print` and `config example`. */
import type { Command } from 'commander';
import { plural } from '../figures.js';
import { complain, EXIT, type ExitStatus, Output, write } from '../output.js';
import { shownDefault, typedIn } from '../serve-options.js';
import { exampleFile } from './example.js';
import { noticeOf, placeOf, readConfigFile } from './file.js';
import { mistakesOf, placeInWords, type Setting, serveOptions } from './values.js';

export interface PrintOptions {
  readonly origin?: boolean;
  readonly given?: boolean;
  readonly json?: boolean;
}

/** Origins stand in one column, unless a value is longer. */
const VALUE_WIDTH_MAX = 48;

export async function checkFile(file: string, json: boolean): Promise<ExitStatus> {
  const read = readConfigFile(file);
  const mistakes = mistakesOf(read);
  const { format, entries } = read;
  const notice = noticeOf(read);
  const fields = { file, format, options: entries.length, mistakes };
  const lines = mistakes.map(({ line, message }) => `${placeOf(file, line)}: ${message}`);
  const done = `${file}: ${plural(entries.length, 'option')}, no mistakes`;
  await new Output({ json }).result(fields, mistakes.length === 0 ? done : lines.join('\n'));
  if (notice !== undefined) complain(notice);
  return mistakes.length === 0 ? EXIT.DONE : EXIT.NEGATIVE;
}

export async function printConfig(command: Command, options: PrintOptions): Promise<void> {
  const { settings, notices } = serveOptions(command);
  const shown = options.given ? settings.filter(({ origin }) => origin.kind !== 'default') : settings;
  const lines = options.json ? shown.map(jsonOf) : textOf(shown, options.origin ?? false);
  await write(lines.map((line) => `${line}\n`).join(''));
  for (const notice of notices) complain(notice);
}

export async function printExample(): Promise<void> {
  await write(exampleFile());
}

function textOf(settings: readonly Setting[], withOrigin: boolean): string[] {
  const lines = settings.map((setting) => ({ setting, text: lineOf(setting) }));
  const width = Math.max(...lines.map(({ text }) => (text.length <= VALUE_WIDTH_MAX ? text.length : 0)));
  return lines.map(({ setting: { value, origin }, text }) =>
    withOrigin && value !== undefined ? `${text.padEnd(width)}  # ${placeInWords(origin)}` : text,
  );
}

function lineOf({ row, value }: Setting): string {
  if (value === undefined) return `# ${row.name} is not set: ${shownDefault(row)}`;
  return `${row.name} = ${typedIn(row, value as string | number | boolean)}`;
}

/** The value has the unit of the table of options: a size is bytes, a time milliseconds. */
function jsonOf({ row, value, origin }: Setting): string {
  const { kind, ...place } = origin;
  return JSON.stringify({ name: row.name, value: value ?? null, unit: UNITS[row.kind], origin: kind, ...place });
}

const UNITS: Partial<Record<Setting['row']['kind'], string>> = { size: 'bytes', time: 'ms' };
