/**
 * Comments and titles in plain words, as far as a machine can tell: no sentence of
 * a comment in `src` or `bin` begins with a word that leaves its subject open, and
 * no title of a test is too long to be read at a glance.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');

const OPEN_BEGINNING = /^(What|Of|Where|Who|Whoever|It|Its|Those|One)\b/;

/** Beginnings of sentences that have their subject all the same, each with the noun that follows. */
const EXCEPTIONS: readonly string[] = [];

/** The comments of a file, each as one text: of `//` lines, those that follow each other. */
function commentsOf(text: string): string[] {
  const blocks = [...text.matchAll(/\/\*\*?([\s\S]*?)\*\//g)].map(([, body = '']) => body.replace(/^\s*\* ?/gm, ''));
  const lines = [...text.matchAll(/((?:^[ \t]*\/\/.*\n)+)/gm)].map(([, body = '']) => body.replace(/^\s*\/\/ ?/gm, ''));
  const behind = [...text.matchAll(/[;,{)] \/\/ (.*)$/gm)].map(([, body = '']) => body);
  return [...blocks, ...lines, ...behind];
}

/** Without the tag and the name of a parameter before it. */
function sentencesOf(comment: string): string[] {
  return comment
    .replace(/\n(?!\n)/g, ' ')
    .split(/(?<=[.:!?])\s+(?=[A-Z])|\n\n|(?= @\w+)/)
    .map((sentence) => sentence.trim().replace(/^(@param \S+|@\w+) /, ''));
}

function openSentences(text: string): string[] {
  return commentsOf(text)
    .flatMap(sentencesOf)
    .filter((sentence) => OPEN_BEGINNING.test(sentence))
    .filter((sentence) => !EXCEPTIONS.some((exception) => sentence.startsWith(exception)));
}

const TITLE_LENGTH_MAX = 90;

/** The titles of `describe` and `it`, as they stand in the source. */
function titlesOf(text: string): string[] {
  const calls = /\b(?:describe|it)(?:\.\w+)?\(\s*(?:'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`|"((?:[^"\\\n]|\\.)*)")/g;
  return [...text.matchAll(calls)].map(([, single, template, double]) => single ?? template ?? double ?? '');
}

describe('titles of tests', () => {
  it(`have at most ${TITLE_LENGTH_MAX} characters`, () => {
    const folder = path.join(ROOT, 'test');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const titles = files.flatMap((name) =>
      titlesOf(readFileSync(path.join(folder, name), 'utf8')).map((title) => ({ name, title })),
    );
    assert.ok(titles.length > 1_000, `expected to see the titles of all tests, saw ${titles.length}`);
    const long = titles.filter(({ title }) => title.length > TITLE_LENGTH_MAX);
    assert.deepEqual(long, []);
  });

  it('are found in every kind of quotes, and on the line after the call', () => {
    const text = "describe.skip('a', () => {\n  it(\n    `b`,\n" + '  it("it\'s d", () => {';
    assert.deepEqual(titlesOf(text), ['a', 'b', "it's d"]);
  });
});

describe('comments', () => {
  it('have sentences with a subject', () => {
    const files = ['src', 'bin'].flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        path.join(folder, name),
      ),
    );
    const sources = files.filter((name) => /\.c?ts$/.test(name) && !name.includes('generated'));
    assert.ok(sources.length > 200, `expected to see the whole tree, saw ${sources.length} files`);
    const found = sources.flatMap((name) =>
      openSentences(readFileSync(path.join(ROOT, name), 'utf8')).map((sentence) => `${name}: ${sentence}`),
    );
    assert.deepEqual(found, []);
  });

  it('are found wherever they stand', () => {
    const text = [
      '/** What is lost. */',
      'x; // Of the log.',
      '// A block.',
      '// It goes.',
      '/**',
      ' * @param a one',
      ' * @returns Who waits.',
      ' */',
    ];
    assert.equal(openSentences(`${text.join('\n')}\n`).length, 4);
  });
});
