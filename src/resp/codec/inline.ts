/**
 * The words of an inline command, as Redis splits them. Words stand apart by white space. A word in double quotes may
 * have escapes (`\n`, `\x00`, `\"`), a word in single quotes only `\'`. All else is taken as it is.
 */

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DOUBLE = 34;
const SINGLE = 39;
const BACKSLASH = 92;
const LOWER_X = 120;

/** The characters behind a backslash that stand for a control character. */
const ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ n: 10, r: 13, t: 9, b: 8, a: 7 }).map(([letter, byte]) => [letter.charCodeAt(0), byte]),
);

/**
 * Splits a line. A byte of zero ends it, as in Redis, where the line is a string of C.
 * @returns undefined if a quote is not closed, or if a closed quote is followed by something else than white space.
 */
export function splitInline(bytes: Buffer): Buffer[] | undefined {
  const zero = bytes.indexOf(0);
  const line = zero < 0 ? bytes : bytes.subarray(0, zero);
  const words: Buffer[] = [];
  for (let at = 0; ; ) {
    while (at < line.length && isSpace(line[at] as number)) at++;
    if (at >= line.length) return words;
    const word = readWord(line, at);
    if (!word) return undefined;
    words.push(word.bytes);
    at = word.end;
  }
}

interface Word {
  readonly bytes: Buffer;
  readonly end: number;
}

/** A word may have quoted parts behind unquoted ones, and ends with the first quoted part. */
function readWord(line: Buffer, start: number): Word | undefined {
  let end = start;
  while (end < line.length && !endsWord(line[end] as number)) end++;
  const plain = line.subarray(start, end);
  if (!isQuote(line[end] ?? SPACE)) return { bytes: plain, end };
  const quoted = readQuoted(line, end);
  return quoted && { bytes: Buffer.concat([plain, quoted.bytes]), end: quoted.end };
}

function readQuoted(line: Buffer, start: number): Word | undefined {
  const quote = line[start];
  const bytes: number[] = [];
  for (let at = start + 1; at < line.length; at++) {
    const byte = line[at] as number;
    if (byte === quote) return isSpace(line[at + 1] ?? SPACE) ? { bytes: Buffer.from(bytes), end: at + 1 } : undefined;
    const escaped = byte === BACKSLASH ? readEscape(line, at, quote) : undefined;
    bytes.push(escaped?.byte ?? byte);
    if (escaped) at += escaped.length - 1;
  }
  return undefined;
}

/** @returns undefined if the backslash stands for itself. */
function readEscape(line: Buffer, at: number, quote: number | undefined): { byte: number; length: number } | undefined {
  const next = line[at + 1];
  if (next === undefined) return undefined;
  if (quote === SINGLE) return next === SINGLE ? { byte: SINGLE, length: 2 } : undefined;
  const hex = line.toString('latin1', at + 2, at + 4);
  if (next === LOWER_X && /^[0-9a-f]{2}$/i.test(hex)) return { byte: Number.parseInt(hex, 16), length: 4 };
  return { byte: ESCAPES.get(next) ?? next, length: 2 };
}

function isQuote(byte: number): boolean {
  return byte === DOUBLE || byte === SINGLE;
}

/** Vertical tabs and form feeds are white space between words, but not behind a word. */
function endsWord(byte: number): boolean {
  return isQuote(byte) || byte === SPACE || byte === TAB || byte === LF || byte === CR;
}

/** As C's isspace. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CR);
}
