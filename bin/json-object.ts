/**
 * JSON from people and programs: one flat object, of a line of `import` or of a config file. The names are found before
 * the object is parsed. So an object that is nested a hundred million deep, or has as many members, costs no memory. A
 * repeated name is refused: JSON.parse would silently take the last.
 */
import { UsageError } from './output.js';

/** The most members of an object: more than any line or config file of Headwater has. */
const MEMBERS_MAX = 1_000;

const SHOWN_MAX = 60;

const [QUOTE, BACKSLASH, COLON, BRACE, BRACKET] = ['"', 0x5c, 0x3a, 0x7b, 0x5b] as const;

/**
 * @param text without a byte order mark.
 * @param expected such an object in words, for the refusal.
 * @throws UsageError that names the expected and the received value.
 */
export function parseObject(text: string, expected: string): Record<string, unknown> {
  const begin = text.search(/\S/);
  const first = text.charCodeAt(begin);
  if (first !== BRACE) {
    // An array may be nested as deep as it is long, so it is not parsed.
    if (first !== BRACKET) parse(text);
    throw new UsageError(`expected ${expected}, received ${cut(text, begin)}`);
  }
  const names = memberNames(text, begin + 1);
  const object = parse(text) as Record<string, unknown>;
  if (Object.keys(object).length === names.length) return object;
  throw new UsageError(`${repeated(names)}: expected once, received twice`);
}

/**
 * The names in order, as they are written between their quotes. In text that is not JSON the search finds fewer names
 * than there are; the parser refuses that text afterwards.
 * @throws UsageError if a member is no text, number, true, false or null, or there are too many.
 */
function memberNames(text: string, from: number): string[] {
  const names: string[] = [];
  for (let at = from; ; ) {
    const begin = text.indexOf(QUOTE, at);
    const nested = nestedAt(text, at, begin < 0 ? text.length : begin);
    if (nested >= 0)
      throw new UsageError(
        `${names.at(-1) ?? ''}: expected text, a number, true or false, received ${cut(text, nested)}`,
      );
    const end = begin < 0 ? -1 : closingQuote(text, begin + 1);
    if (end < 0) return names;
    at = end + 1;
    while (text.charCodeAt(at) <= 0x20) at++;
    if (text.charCodeAt(at) !== COLON) continue;
    if (names.push(text.slice(begin + 1, end)) > MEMBERS_MAX)
      throw new UsageError(`expected at most ${MEMBERS_MAX} fields, received more`);
  }
}

/** The index at which an object or an array begins between strings; -1 if none does. */
function nestedAt(text: string, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === BRACE || code === BRACKET) return at;
  }
  return -1;
}

/** The index of the quote that ends a string; -1 if none does. */
function closingQuote(text: string, from: number): number {
  for (let end = text.indexOf(QUOTE, from); end >= 0; end = text.indexOf(QUOTE, end + 1)) {
    let before = end;
    while (before > from && text.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((end - before) % 2 === 0) return end;
  }
  return -1;
}

function repeated(names: readonly string[]): string {
  const seen = new Set<string>();
  for (const written of names) {
    const name = JSON.parse(`"${written}"`) as string;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Node's message shows a piece of the text, which may have line ends.
    const why = (error as Error).message.replace(/\s+/g, ' ');
    throw new UsageError(`not JSON: ${why}${lineOf(text, why)}`);
  }
}

function lineOf(text: string, why: string): string {
  const [, position] = /position (\d+)/.exec(why) ?? [];
  if (position === undefined || !text.includes('\n')) return '';
  return `, on line ${text.slice(0, Number(position)).split('\n').length}`;
}

function cut(text: string, from = 0): string {
  const shown = text.slice(from, from + SHOWN_MAX).replace(/\s+/g, ' ');
  return text.length > from + SHOWN_MAX ? `${shown}…` : shown;
}
