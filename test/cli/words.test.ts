/** The words of a line of the shell, their bytes, and the lines that the history keeps. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { bytesOfText, isText, textOfBytes } from '../../bin/byte-text.js';
import { escaped } from '../../bin/look.js';
import { fileOf, History, isKept, LINES_MAX } from '../../bin/shell/history.js';
import { lex, splitWords, wordOf } from '../../bin/shell/words.js';
import { endAll, temporaryDirectory } from './command-line.js';

describe('the words of a line', () => {
  const LINES: ReadonlyArray<readonly [line: string, words: string[]]> = [
    ['', []],
    ['  get  a\t', ['get', 'a']],
    ['set k "a b"', ['set', 'k', 'a b']],
    ['set k ""', ['set', 'k', '']],
    ["set k 'a\\nb\\'c'", ['set', 'k', "a\\nb'c"]],
    ['set k "\\n\\r\\t\\a\\b\\\\\\"\\x41\\q"', ['set', 'k', '\n\r\t\u0007\b\\"Aq']],
    ['set k "\\xc3\\xa9é🐟"', ['set', 'k', 'éé🐟']],
    ['set k a\\b', ['set', 'k', 'a\\b']],
    ['set k a"b c"', ['set', 'k', 'ab c']],
    ['set k "\\xff\\xed\\xa0\\x80"', ['set', 'k', '\udcff\udced\udca0\udc80']],
  ];
  for (const [line, words] of LINES) {
    it(`of ${JSON.stringify(line)}`, () => assert.deepEqual(splitWords(line), words));
  }

  it('are refused without a closing quote, or with text after it', () => {
    assert.throws(() => splitWords('set k "a'), /unbalanced quotes: expected a closing quote for "a$/);
    assert.throws(() => splitWords("set k 'a'b"), /expected a blank after the closing quote, received b$/);
  });

  it('know their beginnings for Tab, quotes that are open too', () => {
    assert.deepEqual(lex('get "a b'), {
      words: [
        { text: 'get', begin: 0 },
        { text: 'a b', begin: 4 },
      ],
      isOpen: true,
      endsInWord: true,
    });
    assert.equal(lex('get ').endsInWord, false);
  });

  it('stand for any bytes: quoting and splitting gives them back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (array) => {
        const bytes = Buffer.from(array);
        assert.deepEqual(bytesOfText(textOfBytes(bytes)), bytes);
        const [word = ''] = splitWords(wordOf(bytes));
        assert.deepEqual(bytesOfText(word), bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => isText(text) && textOfBytes(Buffer.from(text)) === text),
    );
  });

  it('of results have nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (array) => {
        assert.doesNotMatch(escaped(Buffer.from(array), '\n').replaceAll('\n', ''), /\p{Cc}/u);
      }),
    );
  });
});

describe('the history', () => {
  after(endAll);

  it('keeps no secrets, no hidden and no endless lines', () => {
    assert(isKept('set a 1') && isKept('get author'));
    for (const line of [
      '',
      ' set a 1',
      'set Password x',
      'set api_key x',
      'auth x',
      'set a <secret>',
      'x'.repeat(5_000),
    ])
      assert(!isKept(line), line);
  });

  it('lies in the state directory, and ignores a relative one', () => {
    assert.equal(fileOf({ XDG_STATE_HOME: '/s' }), '/s/headwater/history');
    assert.match(fileOf({ XDG_STATE_HOME: 's' }) ?? '', /\/\.local\/state\/headwater\/history$/);
  });

  it('is not kept without a home: an empty one is none', () => {
    const { HOME } = process.env;
    try {
      process.env.HOME = '';
      assert.equal(fileOf({}), undefined);
    } finally {
      process.env.HOME = HOME;
    }
  });

  it('is bounded, and its file is of its owner alone', () => {
    const file = path.join(temporaryDirectory(), 'history');
    writeFileSync(file, Array.from({ length: 3 * LINES_MAX }, (_, i) => `get ${i}\n`).join(''), { mode: 0o644 });
    const history = History.open(file);
    assert.equal(history.newestFirst.length, LINES_MAX);
    assert.equal(history.newestFirst[0], `get ${3 * LINES_MAX - 1}`);
    history.add('ping');
    history.add('ping');
    assert.equal(readFileSync(file, 'utf8').split('\n').length, LINES_MAX + 2);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(History.open('/proc/none/history').newestFirst, []);
  });
});
