/**
 * The records of `import` and `export`, a JSON object a line:
 *
 *   {"key": "a", "value": "1"}
 *   {"key": "b", "value": "AP8=", "encoding": "base64", "expires_at_ms": 1790000000000}
 *
 * `encoding` is the value's, `key_encoding` the key's; without it they are UTF-8. An expiry is `expires_at_ms`, or
 * relative as `ttl_ms` or `ttl` ("10s", or seconds). The additional fields of `scan --json` (`type`, `version`) are
 * ignored. Any other field is refused, since a misspelt expiry would make a key that never expires.
 */
import { isUtf8 } from 'node:buffer';
import { wideEncoding } from '../src/log/wide-text.js';
import { inLine, parseDuration } from './arguments.js';
import { bytesOfBase64 } from './base64.js';
import { parseObject } from './json-object.js';
import { ENCODING_FIELD, jsonBytes, UsageError } from './output.js';

/** The kinds of a line of `log dump --json`; a record is a `put`. */
export type Kind = 'put' | 'del' | 'touch' | 'clear' | 'message';

export interface Line {
  /** Undefined if the line is a record. */
  readonly kind?: Kind;
  /** The text of the line, or bytes if the line says base64. */
  readonly key: string | Buffer;
  readonly value: string | Buffer;
  /** At most one of the two is set. */
  readonly ttlMs?: number;
  readonly expiresAtMs?: number;
}

/** Whole lines of a stream, without their ends. */
export interface Lines {
  /** The lines; undefined stands for a line that is not UTF-8. */
  readonly texts: ReadonlyArray<string | undefined>;
  /** The bytes of the stream up to the end of these lines. */
  readonly bytesRead: number;
}

const FIELDS = ['key', 'value', 'encoding', 'key_encoding', 'ttl', 'ttl_ms', 'expires_at_ms', 'type', 'version'];

/** The fields of a line of `log dump --json`. */
const LOGGED_FIELDS = [...FIELDS, 'kind', 'offset', 'history', 'time_ms', 'joined'];

const KINDS: readonly Kind[] = ['put', 'del', 'touch', 'clear', 'message'];

/** The longest line: longer than any with a key and a value that a node takes. */
const LINE_BYTES_MAX = 128 * 1024 * 1024;

const LF = 0x0a;

/**
 * The lines of a stream of bytes, as many at a time as arrive. Lines that arrive together are decoded together:
 * decoding each line by itself costs twice as much as its parsing.
 * @throws UsageError if a line is longer than any record, or the stream is UTF-16.
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Lines> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let bytesRead = 0;
  for await (const chunk of chunks) {
    const encoding = bytesRead + restBytes === 0 ? wideEncoding(chunk) : undefined;
    if (encoding !== undefined)
      throw new UsageError(`expected UTF-8, received ${encoding}. Convert the file: iconv -f ${encoding} -t UTF-8`);
    const end = chunk.lastIndexOf(LF);
    rest.push(end < 0 ? chunk : chunk.subarray(0, end));
    restBytes += chunk.length;
    if (end >= 0) {
      bytesRead += restBytes - (chunk.length - end - 1);
      yield { texts: textsOf(rest), bytesRead };
      rest = [chunk.subarray(end + 1)];
      restBytes = chunk.length - end - 1;
    }
    if (restBytes > LINE_BYTES_MAX)
      throw new UsageError(`expected JSON Lines, received a line of more than ${LINE_BYTES_MAX} bytes`);
  }
  if (restBytes > 0) yield { texts: textsOf(rest), bytesRead: bytesRead + restBytes };
}

function textsOf(parts: readonly Buffer[]): Array<string | undefined> {
  const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  if (isUtf8(bytes)) return bytes.toString().split('\n');
  const texts: Array<string | undefined> = [];
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(LF, start);
    const line = bytes.subarray(start, found < 0 ? bytes.length : found);
    texts.push(isUtf8(line) ? line.toString() : undefined);
    start += line.length + 1;
  }
  return texts;
}

/**
 * Parses a line; undefined if the line is blank.
 * @param line undefined stands for bytes that are not UTF-8.
 * @throws UsageError that names the expected and the received value.
 */
export function parseLine(line: string | undefined): Line | undefined {
  if (line === undefined)
    throw new UsageError('expected UTF-8, received other bytes. Write them as base64, with "encoding": "base64"');
  // A byte order mark counts as a blank, and is trimmed.
  const text = line.trim();
  return text === '' ? undefined : readFields(parseObject(text, '{"key": …, "value": …}'));
}

export function formatLine(key: Buffer, value: Buffer, expiresAtMs: number | undefined): string {
  const fields = { ...jsonBytes('key', key), ...jsonBytes('value', value) };
  return `${JSON.stringify(expiresAtMs === undefined ? fields : { ...fields, expires_at_ms: expiresAtMs })}\n`;
}

function readFields(record: Record<string, unknown>): Line {
  if (record.kind !== undefined) return readCommand(record);
  for (const name of Object.keys(record)) {
    if (!FIELDS.includes(name))
      throw new UsageError(`unknown field ${excerpt(name)}: expected one of ${FIELDS.slice(0, 7).join(', ')}`);
  }
  const line = { key: readData(record, 'key'), value: readData(record, 'value') };
  const { ttl, ttl_ms, expires_at_ms } = record;
  const given = [ttl, ttl_ms, expires_at_ms].filter((expiry) => expiry !== undefined && expiry !== null);
  if (given.length > 1) throw new UsageError('expected one of ttl, ttl_ms and expires_at_ms, received several');
  if (given.length === 0 || expires_at_ms === 0) return line;
  if (given[0] === expires_at_ms) return { ...line, expiresAtMs: readTime('expires_at_ms', expires_at_ms) };
  return { ...line, ttlMs: given[0] === ttl_ms ? readTime('ttl_ms', ttl_ms) : readTtl(ttl) };
}

function readCommand(record: Record<string, unknown>): Line {
  const kind = KINDS.find((known) => known === record.kind);
  if (!kind) throw new UsageError(`kind: expected one of ${KINDS.join(', ')}, received ${excerpt(record.kind)}`);
  for (const name of Object.keys(record)) {
    if (!LOGGED_FIELDS.includes(name))
      throw new UsageError(`unknown field ${excerpt(name)} in a line of the kind ${kind}`);
  }
  if (record.type !== undefined && record.type !== 0 && record.type !== 'string')
    throw new UsageError(`type: expected string, received ${excerpt(record.type)}, which this version does not know`);
  const key = kind === 'clear' ? '' : readData(record, 'key');
  const value = kind === 'put' || kind === 'message' ? readData(record, 'value') : '';
  const { expires_at_ms } = record;
  // A touch without an expiry removes the key's expiry.
  if (expires_at_ms === undefined || expires_at_ms === 0) return { kind, key, value };
  return { kind, key, value, expiresAtMs: readTime('expires_at_ms', expires_at_ms) };
}

function readData(record: Record<string, unknown>, name: 'key' | 'value'): string | Buffer {
  const data = record[name];
  const encoding = record[ENCODING_FIELD[name]] ?? 'utf8';
  if (typeof data !== 'string') {
    const received = name in record ? excerpt(data) : 'no such field';
    throw new UsageError(`${name}: expected a string, received ${received}`);
  }
  if (encoding === 'utf8') {
    // Half a surrogate pair has no UTF-8, and would be stored as something else.
    if (!(data as unknown as WellFormed).isWellFormed())
      throw new UsageError(`${name}: expected text, received half a surrogate pair in ${excerpt(data)}`);
    return data;
  }
  if (encoding !== 'base64') {
    throw new UsageError(`${ENCODING_FIELD[name]}: expected "base64" or "utf8", received ${excerpt(encoding)}`);
  }
  const decoded = bytesOfBase64(data);
  if (decoded) return decoded;
  throw new UsageError(`${name}: expected base64, received ${excerpt(data)}`);
}

/** A method of ES2024, which Node 20 has and its type library lacks. */
interface WellFormed {
  isWellFormed(): boolean;
}

function readTime(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`${name}: expected a whole number of milliseconds above 0, received ${excerpt(value)}`);
}

function readTtl(value: unknown): number {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new UsageError(`ttl: expected text or a number, received ${excerpt(value)}`);
  try {
    return parseDuration(String(value));
  } catch (error) {
    throw new UsageError(`ttl: ${inLine(error as Error)}`);
  }
}

const SHOWN_CHARACTERS_MAX = 60;

/** The beginning of the value of a member of a flat object. */
function excerpt(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  const text = JSON.stringify(value.slice(0, SHOWN_CHARACTERS_MAX));
  return value.length > SHOWN_CHARACTERS_MAX ? `${text}…` : text;
}
