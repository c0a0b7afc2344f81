/**
 * Values that were set at run time, written into the config file of a node, so that a restart keeps them. All else in the
 * file stays as it is: comments too. The new text is checked before it replaces the old one.
 */
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { HeadwaterError } from '../../src/base/errors.js';
import { isSystemError, systemReason } from '../../src/base/system-errors.js';
import type { OptionChange, OptionOrigin, OptionValue } from '../../src/client/index.js';
import { FileError, UsageError } from '../output.js';
import { SERVE_ROWS, typedIn } from '../serve-options.js';
import { type ConfigFile, placeOf, readConfigFile } from './file.js';
import { parseToml } from './toml-lines.js';
import { configFileOf, serveOptions } from './values.js';

/** The name of an option, the equals sign and the value. Text behind it is a comment. */
const LINE = /^(\s*["']?[\w-]+["']?\s*=\s*)(?:"[^"]*"|'[^']*'|[^\s#"']+)(\s*(?:#.*)?\r?)$/;

/**
 * @returns the lines in which the options are now.
 * @throws HeadwaterError `invalid_argument` if there is no file that can take the values, `io_error` if it cannot be
 *   written. The file is as before then.
 */
export function keepInFile(command: Command, values: readonly OptionChange[]): ReadonlyMap<string, OptionOrigin> {
  try {
    const file = configFileOf(command);
    if (file === undefined) throw new UsageError('the node has no config file. Start it with --config FILE');
    refuseOverruled(command, values);
    const read = readConfigFile(file);
    if (read.format === 'json')
      throw new UsageError(`config file ${file}: expected TOML, received JSON. Turn it into TOML first`);
    const text = withValues(read, values);
    replace(file, text);
    return placesIn(file, text, values);
  } catch (error) {
    if (isSystemError(error))
      throw new HeadwaterError('io_error', `the config file: ${systemReason(error)}`, { cause: error });
    if (error instanceof UsageError || error instanceof FileError)
      throw new HeadwaterError('invalid_argument', error.message, { cause: error });
    throw error;
  }
}

/** A value in the file would not count beside a flag or a variable. */
function refuseOverruled(command: Command, values: readonly OptionChange[]): void {
  const { origins } = serveOptions(command).program;
  for (const { name } of values) {
    const { source, place } = origins.get(name) ?? {};
    if (source === 'flag' || source === 'environment')
      throw new UsageError(`${name}: ${place} weighs more than the config file. Change it there`);
  }
}

function withValues({ file, text, entries }: ConfigFile, values: readonly OptionChange[]): string {
  const lines = text.split('\n');
  const added: string[] = [];
  for (const { name, value } of values) {
    const entry = entries.find((one) => one.name === name);
    const typed = typedOf(name, value as OptionValue);
    if (entry === undefined) {
      added.push(`${name} = ${typed}`);
      continue;
    }
    const at = (entry.line ?? 0) - 1;
    const [, before, behind] = LINE.exec(lines[at] ?? '') ?? [];
    if (before === undefined)
      throw new UsageError(
        `config file ${placeOf(file, entry.line)}: expected ${name} and its value in one line. Change it by hand`,
      );
    lines[at] = `${before}${typed}${behind}`;
  }
  const whole = lines.join('\n');
  const end = whole === '' || whole.endsWith('\n') ? '' : '\n';
  return added.length === 0 ? whole : `${whole}${end}${added.join('\n')}\n`;
}

function typedOf(name: string, value: OptionValue): string {
  const kind = SERVE_ROWS.find((row) => row.name === name)?.kind ?? 'unknown';
  return typedIn({ kind }, value);
}

/** The place of each value in the new text, which proves that the text has it. */
function placesIn(file: string, text: string, values: readonly OptionChange[]): ReadonlyMap<string, OptionOrigin> {
  const entries = parseToml(text);
  return new Map(
    values.map(({ name }) => {
      const line = entries.find((one) => one.name === name)?.line;
      return [name, { source: 'file', place: placeOf(file, line) }] as const;
    }),
  );
}

/** Writes aside, syncs and renames, so that the file is whole at any moment, and new after a power cut. A link stays a link. */
function replace(given: string, text: string): void {
  const file = realpathSync(given);
  const directory = path.dirname(file);
  const aside = path.join(directory, `.${path.basename(file)}.new`);
  parseToml(text);
  try {
    synced(openSync(aside, 'w', statSync(file).mode), (descriptor) => writeFileSync(descriptor, text));
    renameSync(aside, file);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  synced(openSync(directory, 'r'));
}

function synced(descriptor: number, change: (descriptor: number) => void = () => {}): void {
  try {
    change(descriptor);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
