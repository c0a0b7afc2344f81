/**
 * The texts for people in a source file: every string and template literal of at least two words, found by a small
 * lexer. A literal in a comment or in a regular expression is none. A placeholder of a template becomes `…`, and
 * literals that are joined by `+` count as one.
 */

export interface SourceText {
  readonly line: number;
  readonly text: string;
}

/** What a placeholder of a template becomes. */
const PLACEHOLDER = '…';

const WORDS = /[A-Za-z…][\w…'’)»"]*[,:;.]? ["'(«]?[A-Za-z…]/;
/** A regular expression, not a division, follows these. */
const BEFORE_PATTERN = /(?:^|[(,=:[!&|?{};+\-*%<>~]|\b(?:return|typeof|case|in|of|void|throw))$/;

export function sourceTexts(source: string): SourceText[] {
  const literals = new Lexer(source).literals();
  const joined: Literal[] = [];
  for (const literal of literals) {
    const last = joined.at(-1);
    const isJoined = last?.depth === literal.depth && /^\s*\+\s*$/.test(source.slice(last.end, literal.begin));
    if (last && isJoined) joined[joined.length - 1] = { ...last, text: last.text + literal.text, end: literal.end };
    else joined.push(literal);
  }
  return joined
    .filter(({ text }) => WORDS.test(text))
    .map(({ begin, text }) => ({ line: source.slice(0, begin).split('\n').length, text }));
}

interface Literal {
  readonly begin: number;
  readonly end: number;
  readonly text: string;
  /** How many templates the literal is inside of. */
  readonly depth: number;
}

class Lexer {
  readonly #source: string;
  readonly #literals: Literal[] = [];
  #at = 0;
  #depth = 0;
  /** The code before `#at`, as far as a regular expression depends on it. */
  #before = '';

  constructor(source: string) {
    this.#source = source;
  }

  literals(): Literal[] {
    while (this.#at < this.#source.length) this.#step();
    return this.#literals.toSorted((a, b) => a.begin - b.begin);
  }

  #step(): void {
    const two = this.#source.slice(this.#at, this.#at + 2);
    const one = two.charAt(0);
    if (two === '//') this.#at = this.#indexOf('\n');
    else if (two === '/*') this.#at = this.#indexOf('*/') + 2;
    else if (one === "'" || one === '"') this.#string(one);
    else if (one === '`') this.#template();
    else if (one === '/' && BEFORE_PATTERN.test(this.#before.trimEnd())) this.#pattern();
    else this.#take(one);
  }

  #take(character: string): void {
    this.#before = (this.#before + character).slice(-10);
    this.#at += 1;
  }

  #indexOf(end: string): number {
    const found = this.#source.indexOf(end, this.#at);
    return found < 0 ? this.#source.length : found;
  }

  #string(quote: string): void {
    const begin = this.#at;
    let text = '';
    this.#at += 1;
    while (this.#at < this.#source.length && this.#source[this.#at] !== quote) text += this.#character();
    this.#at += 1;
    this.#add(begin, text);
  }

  #template(): void {
    const begin = this.#at;
    let text = '';
    this.#at += 1;
    while (this.#at < this.#source.length && this.#source[this.#at] !== '`') {
      if (this.#source.startsWith('${', this.#at)) {
        this.#placeholder();
        text += PLACEHOLDER;
      } else text += this.#character();
    }
    this.#at += 1;
    this.#add(begin, text);
  }

  #placeholder(): void {
    this.#at += 2;
    this.#depth += 1;
    this.#before = '{';
    let braces = 1;
    while (this.#at < this.#source.length) {
      const one = this.#source[this.#at];
      if (one === '{') braces += 1;
      if (one === '}') braces -= 1;
      if (braces === 0) break;
      this.#step();
    }
    this.#at += 1;
    this.#depth -= 1;
  }

  #pattern(): void {
    let inClass = false;
    do {
      const one = this.#source[this.#at];
      if (one === '[') inClass = true;
      if (one === ']') inClass = false;
      this.#at += one === '\\' ? 2 : 1;
    } while (this.#at < this.#source.length && (inClass || this.#source[this.#at] !== '/'));
    this.#at += 1;
    this.#before = ')';
  }

  #character(): string {
    const one = this.#source.charAt(this.#at);
    const taken = one === '\\' ? this.#source.slice(this.#at, this.#at + 2) : one;
    this.#at += taken.length;
    if (taken.length === 1) return taken;
    return taken === '\\n' ? '\n' : taken.slice(1);
  }

  #add(begin: number, text: string): void {
    this.#literals.push({ begin, end: this.#at, text, depth: this.#depth });
    this.#before = ')';
  }
}
