/** Bytes that a client might send: valid requests, and what mistakes and malice make of them. */

import type { Dice } from '../../support/dice.js';

const NUMBERS = ['0', '1', '2', '3', '10', '-1', '-0', '00', '01', '+1', ' 1', '1 ', '', 'x', '1048576', '1048577'];
const HUGE = ['1000', '1001', '65536', '99999999', '2147483648', '9007199254740993', '18446744073709551616', '1e3'];
const PIECES = [
  '*',
  '$',
  '\r',
  '\n',
  '\r\n',
  ' ',
  '"',
  "'",
  '\\',
  '\\x',
  '\\x4',
  '\0',
  '\t',
  '\v',
  '-',
  'é',
  '\xff',
  '%1',
];
const WORDS = ['GET', 'set', 'k', '', 'a b', '$3\r\nGET\r\n', '*1\r\n', '"q"', "it's", '\r\n', '\0', '\xff\xfe'];
const LINE_BYTES = 64 * 1024;

export class Inputs {
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** A few requests, most of them valid, in the characters of latin1. */
  next(): string {
    let text = '';
    for (let left = 1 + this.#dice.below(4); left > 0; left--) text += this.#request();
    for (let left = this.#dice.below(3); left > 0; left--) text = this.#mutated(text);
    // A line of the greatest length takes far longer than all else.
    return this.#dice.below(20_000) === 0
      ? `${text}${'x'.repeat(LINE_BYTES - 2 + this.#dice.below(5))}\r\nPING\r\n`
      : text;
  }

  /** Places at which the bytes are cut, ascending. */
  cuts(length: number): number[] {
    return Array.from({ length: this.#dice.below(6) }, () => this.#dice.below(length + 1)).toSorted((a, b) => a - b);
  }

  #request(): string {
    const words = Array.from({ length: this.#dice.below(5) }, () => this.#word());
    switch (this.#dice.below(8)) {
      case 0:
        return `${words.map((word) => this.#quoted(word)).join(this.#dice.pick([' ', '  ', '\t']))}${this.#dice.pick(['\r\n', '\n'])}`;
      case 1:
        return `*${this.#number()}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
      case 2:
        return `*${words.length}\r\n${words.map((word) => `$${this.#number()}\r\n${word}\r\n`).join('')}`;
      default:
        return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
    }
  }

  #word(): string {
    if (this.#dice.below(4) > 0) return this.#dice.pick(WORDS);
    return Array.from({ length: this.#dice.below(30) }, () => String.fromCharCode(this.#dice.below(256))).join('');
  }

  #quoted(word: string): string {
    return this.#dice.pick([word, `"${word}"`, `'${word}'`, `${word}"${word}"`, `"${word}`]);
  }

  #number(): string {
    return this.#dice.pick(this.#dice.below(3) > 0 ? NUMBERS : HUGE);
  }

  #mutated(text: string): string {
    const at = this.#dice.below(text.length + 1);
    const end = Math.min(text.length, at + this.#dice.below(6));
    switch (this.#dice.below(5)) {
      case 0:
        return text.slice(0, at);
      case 1:
        return text.slice(0, at) + text.slice(end);
      case 2:
        return text.slice(0, at) + this.#dice.pick(PIECES) + text.slice(at);
      case 3:
        return text.slice(0, end) + text.slice(at);
      default:
        return text.slice(0, at) + String.fromCharCode(this.#dice.below(256)) + text.slice(at + 1);
    }
  }
}
