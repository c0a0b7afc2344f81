/** The file of `serve --config`: one flat JSON object with a member for each option. */
import { isUtf8 } from 'node:buffer';
import { wideEncoding } from '../src/log/wide-text.js';
import { wholeContent } from './files.js';
import { parseObject } from './json-object.js';
import { UsageError } from './output.js';

/** The largest file: more than all options together need, so a longer file is not a config file. */
const FILE_BYTES_MAX = 1024 * 1024;

/** @throws UsageError that names the file, and the line if it is known. */
export function readConfigFile(file: string): Record<string, unknown> {
  const bytes = wholeContent(file, FILE_BYTES_MAX);
  const encoding = wideEncoding(bytes) ?? (isUtf8(bytes) ? undefined : 'other bytes');
  if (encoding !== undefined) throw new UsageError(`config file ${file}: expected UTF-8, received ${encoding}`);
  try {
    // A byte order mark counts as a blank. Line numbers count from the beginning of the file.
    return parseObject(bytes.toString().replace(/^\ufeff/, ''), 'one JSON object { "option": value, … }');
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`config file ${file}: ${error.message}`) : error;
  }
}
