/** The arguments of a command, read from the short notation of the notes. */

export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block';

export interface CommandArgument {
  readonly name: string;
  readonly type: ArgumentType;
  /** The word in front of the argument. */
  readonly token?: string;
  readonly isOptional?: boolean;
  /** Whether the argument may be repeated, and whether its word is repeated with it. */
  readonly isRepeated?: boolean | 'with_token';
  /** The parts of a choice or of a block. Empty otherwise. */
  readonly parts: readonly CommandArgument[];
}

const WORDS = /[[\]()|]|\.\.\.|\+\+\+|[^\s[\]()|]+/g;
const TOKEN = /^[A-Z][A-Z0-9_-]*$/;
const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')' };
/** Arguments whose name is their type too. */
const NAMED_TYPES: ReadonlySet<string> = new Set(['key', 'pattern']);

export function parseSyntax(syntax: string): readonly CommandArgument[] {
  const [sequence = []] = new SyntaxReader(syntax.match(WORDS) ?? []).alternatives(undefined);
  return sequence;
}

class SyntaxReader {
  readonly #words: readonly string[];
  #at = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** The sequences between `|`, up to the closing bracket. */
  alternatives(closing: string | undefined): CommandArgument[][] {
    const sequences: CommandArgument[][] = [[]];
    for (;;) {
      const word = this.#words[this.#at];
      if (word === closing || word === undefined) break;
      if (word === '|') {
        this.#at++;
        sequences.push([]);
      } else sequences.at(-1)?.push(this.#argument());
    }
    this.#at++;
    return sequences;
  }

  #argument(): CommandArgument {
    const argument = this.#single();
    const next = this.#words[this.#at];
    if (next !== '...' && next !== '+++') return argument;
    this.#at++;
    return { ...argument, isRepeated: next === '+++' ? 'with_token' : true };
  }

  #single(): CommandArgument {
    const word = this.#words[this.#at++] as string;
    const closing = CLOSING[word];
    if (closing !== undefined) {
      const argument = oneOf(this.alternatives(closing));
      return word === '[' ? { ...argument, isOptional: true } : argument;
    }
    if (!TOKEN.test(word)) return named(word);
    const next = this.#words[this.#at];
    if (next === undefined || !(next === '(' || /^[a-z]/.test(next)))
      return { name: word.toLowerCase(), type: 'pure-token', token: word, parts: [] };
    return { ...this.#single(), token: word };
  }
}

function named(word: string): CommandArgument {
  const [name = '', type = NAMED_TYPES.has(name) ? name : 'string'] = word.split(':');
  return { name, type: type as ArgumentType, parts: [] };
}

function oneOf(alternatives: readonly CommandArgument[][]): CommandArgument {
  const choices = alternatives.map((sequence) =>
    sequence.length === 1 ? (sequence[0] as CommandArgument) : block(sequence),
  );
  if (choices.length === 1) return choices[0] as CommandArgument;
  return { name: 'choice', type: 'oneof', parts: choices };
}

function block(sequence: readonly CommandArgument[]): CommandArgument {
  return { name: 'group', type: 'block', parts: sequence };
}
