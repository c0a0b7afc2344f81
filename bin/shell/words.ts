/**
 * The words of a line of the shell, quoted as in redis-cli: "…" with the escapes \n \r \t \a \b \\ \" and \xHH, and '…'
 * with the escape \'. A closing quote ends a word. Without quotes every character stands for itself.
 */
import { textOfBytes } from '../byte-text.js';
import { quoted } from '../look.js';
import { UsageError } from '../output.js';

export interface Word {
  /** The word without its quotes. Bytes that are not UTF-8 are as in byte-text.ts. */
  readonly text: string;
  /** The index in the line at which the word begins. */
  readonly begin: number;
}

export interface Lexed {
  readonly words: readonly Word[];
  /** True if the last word lacks its closing quote. */
  readonly isOpen: boolean;
  /** True if nothing separates the last word from the end of the line. */
  readonly endsInWord: boolean;
}

const BLANK = /\s/;
const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\u0007', b: '\b' };

/** @throws UsageError if a quote is not closed, or text follows a closing quote. */
export function splitWords(line: string): string[] {
  const { words, isOpen } = lex(line);
  if (isOpen)
    throw new UsageError(`unbalanced quotes: expected a closing quote for ${line.slice(words.at(-1)?.begin, 60)}`);
  return words.map(({ text }) => text);
}

/** @throws UsageError if text follows a closing quote. */
export function lex(line: string): Lexed {
  const words: Word[] = [];
  let isOpen = false;
  let at = 0;
  while (at < line.length) {
    if (BLANK.test(line[at] as string)) {
      at++;
      continue;
    }
    const word = readWord(line, at);
    words.push({ text: word.text, begin: at });
    at = word.end;
    isOpen = word.isOpen;
  }
  return { words, isOpen, endsInWord: words.length > 0 && (isOpen || !BLANK.test(line.at(-1) as string)) };
}

function readWord(line: string, begin: number): { text: string; end: number; isOpen: boolean } {
  const parts: Buffer[] = [];
  let quote = '';
  let at = begin;
  while (at < line.length) {
    const character = String.fromCodePoint(line.codePointAt(at) as number);
    if (quote === '') {
      if (BLANK.test(character)) break;
      if (character === '"' || character === "'") quote = character;
      else parts.push(Buffer.from(character));
      at += character.length;
    } else if (character === quote) {
      at++;
      if (at < line.length && !BLANK.test(line[at] as string))
        throw new UsageError(`quotes: expected a blank after the closing quote, received ${line.slice(at, at + 20)}`);
      return { text: textOfBytes(Buffer.concat(parts)), end: at, isOpen: false };
    } else {
      const special = character === '\\' ? readEscape(line, at, quote) : undefined;
      parts.push(special?.bytes ?? Buffer.from(character));
      at += special?.length ?? character.length;
    }
  }
  return { text: textOfBytes(Buffer.concat(parts)), end: at, isOpen: quote !== '' };
}

function readEscape(line: string, at: number, quote: string): { bytes: Buffer; length: number } | undefined {
  const next = line[at + 1];
  if (next === undefined) return undefined;
  if (quote === "'") return next === "'" ? { bytes: Buffer.from("'"), length: 2 } : undefined;
  const [, digits] = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4)) ?? [];
  if (digits !== undefined) return { bytes: Buffer.from(digits, 'hex'), length: 4 };
  const character = String.fromCodePoint(line.codePointAt(at + 1) as number);
  return { bytes: Buffer.from(LETTERS[character] ?? character), length: 1 + character.length };
}

/** The bytes as a word of a line: in quotes if they need them. */
export function wordOf(bytes: Buffer): string {
  const word = quoted(bytes);
  const plain = word.slice(1, -1);
  return /^[^\s'"\\]+$/.test(plain) && !plain.startsWith('-') && !plain.startsWith('#') ? plain : word;
}
