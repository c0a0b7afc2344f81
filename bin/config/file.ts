/**
 * The file of `--config`: TOML, an option a line. Older files are one flat JSON object; they are still read. The file is
 * JSON if its name ends in `.json`, or its first character is a brace, with which no TOML begins.
 */
import { isUtf8 } from 'node:buffer';
import { wideEncoding } from '../../src/log/wide-text.js';
import { wholeContent } from '../files.js';
import { parseObject } from '../json-object.js';
import { UsageError } from '../output.js';
import { type FileEntry, parseToml } from './toml-lines.js';

/** The largest file: more than all options together need, so a longer file is not a config file. */
const FILE_BYTES_MAX = 1024 * 1024;

export interface ConfigFile {
  readonly file: string;
  readonly format: 'toml' | 'json';
  readonly text: string;
  readonly entries: readonly FileEntry[];
}

/** @throws UsageError that names the file, and the line if it is known. */
export function readConfigFile(file: string): ConfigFile {
  const bytes = wholeContent(file, FILE_BYTES_MAX);
  const encoding = wideEncoding(bytes) ?? (isUtf8(bytes) ? undefined : 'other bytes');
  if (encoding !== undefined) throw new UsageError(`config file ${file}: expected UTF-8, received ${encoding}`);
  // A byte order mark counts as a blank. Line numbers count from the beginning of the file.
  const text = bytes.toString().replace(/^\ufeff/, '');
  const isJson = file.endsWith('.json') || /^\s*\{/.test(text);
  try {
    return { file, format: isJson ? 'json' : 'toml', text, entries: isJson ? entriesOfJson(text) : parseToml(text) };
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`config file ${file}: ${error.message}`) : error;
  }
}

function entriesOfJson(text: string): FileEntry[] {
  const object = parseObject(text, 'one JSON object { "option": value, … }');
  return Object.entries(object).map(([name, value]) => ({ name, value }));
}

/** The name of the file, with the line of an entry behind it. */
export function placeOf(file: string, line: number | undefined): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** The line for people about a file of the older form; undefined for TOML. */
export function noticeOf({ file, format }: Pick<ConfigFile, 'file' | 'format'>): string | undefined {
  if (format === 'toml') return undefined;
  return `config file ${file} is JSON, the older form. Turn it into TOML: headwater config print --given --config ${file} > headwater.toml`;
}
