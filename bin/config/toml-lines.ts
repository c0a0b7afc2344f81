/** The keys of a TOML file with their lines. The parser has no lines of keys, so they are looked up in the text. */
import { parse, stringify, TomlDate, TomlError } from 'smol-toml';
import { UsageError } from '../output.js';

/** The most keys: more than there are options. */
const KEYS_MAX = 1_000;

/** The most lines that may look like the one of a key, because a text of several lines holds them. */
const CANDIDATES_MAX = 8;

/** A value that the file gives a name. */
export interface FileEntry {
  readonly name: string;
  readonly value: unknown;
  /** The number of its line, from 1 on. JSON has none. */
  readonly line?: number | undefined;
}

/** @throws UsageError that names the line. */
export function parseToml(text: string): FileEntry[] {
  const entries = Object.entries(parsed(text));
  if (entries.length > KEYS_MAX) throw new UsageError(`expected at most ${KEYS_MAX} options, received more`);
  const lines = text.split('\n');
  return entries.map(([name, value]) => ({ name, value, line: lineOf(name, lines) }));
}

function parsed(text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [why = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n', 1);
    const line = text.split('\n')[error.line - 1] ?? '';
    const [, repeated] = why.includes('redefine') ? (/^\s*\[*\s*([\w-]+)/.exec(line) ?? []) : [];
    if (repeated !== undefined)
      throw new UsageError(`${repeated}: expected once, received twice, on line ${error.line}`);
    throw new UsageError(`not TOML: ${why}, on line ${error.line}${hintOf(line)}`);
  }
}

/** The lines of redis.conf and of YAML look like TOML, and are not. */
function hintOf(line: string): string {
  const [, name, value] = /^\s*"?([\w-]+)"?\s*[:=\s]\s*([^\s#"'[{=].*?)\s*$/.exec(line) ?? [];
  if (name === undefined || value === undefined) return '';
  return `. Expected a line such as ${name} = ${/^\d+$/.test(value) ? value : tomlValue(value)}`;
}

/** The line of a key outside of tables: the text before it is TOML by itself, unless the line is inside of a value. */
function lineOf(name: string, lines: readonly string[]): number | undefined {
  const begin = new RegExp(`^\\s*\\[*\\s*["']?${name.replace(/[^\w-]/g, '\\$&')}["']?\\s*[=.\\]]`);
  const candidates = lines.flatMap((line, index) => (begin.test(line) ? [index] : [])).slice(0, CANDIDATES_MAX);
  const found = candidates.find((index) => candidates.length === 1 || isWhole(lines.slice(0, index).join('\n')));
  return found === undefined ? undefined : found + 1;
}

function isWhole(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A value as it stands behind the equals sign. */
export function tomlValue(value: string | number | boolean): string {
  return stringify({ x: value }).trim().slice('x = '.length);
}

/** The received value in words, for a refusal. */
export function shownValue(value: unknown): string {
  if (value instanceof TomlDate) return `the date ${value.toISOString()}`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a table';
  return JSON.stringify(value);
}
