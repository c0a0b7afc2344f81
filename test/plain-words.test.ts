/**
 * Comments, messages and titles in plain words, as far as a machine can tell: no
 * sentence of a comment, a message or a help text in `src`, `bin` or `proto` begins
 * with a word that leaves its subject open. Messages and help texts have short sentences,
 * and none of the words that only this house uses. The README files and the
 * comments of `proto` follow the same rules. No title of a test is too long to be
 * read at a glance.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type SourceText, sourceTexts } from './support/source-texts.js';

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
  const calls = /\b(?:describe|it)\(\s*(?:'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`|"((?:[^"\\\n]|\\.)*)")/g;
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
    const text = "describe('a', () => {\n  it(\n    `b`,\n" + '  it("it\'s d", () => {';
    assert.deepEqual(titlesOf(text), ['a', 'b', "it's d"]);
  });
});

/** The files of `src` and `bin`, each with its text. */
function sources(): Array<{ name: string; source: string }> {
  const names = ['src', 'bin'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
  );
  const chosen = names.filter((name) => /\.c?ts$/.test(name) && !name.includes('generated'));
  assert.ok(chosen.length > 200, `expected to see the whole tree, saw ${chosen.length} files`);
  return chosen.map((name) => ({ name, source: readFileSync(path.join(ROOT, name), 'utf8') }));
}

function protoFiles(): Array<{ name: string; source: string }> {
  const folder = path.join(ROOT, 'proto');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.proto'))
    .map((name) => ({ name, source: readFileSync(path.join(folder, name), 'utf8') }));
}

describe('comments', () => {
  it('have sentences with a subject', () => {
    const found = [...sources(), ...protoFiles()].flatMap(({ name, source }) =>
      openSentences(source).map((sentence) => `${name}: ${sentence}`),
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

/** A message may begin with a part of a sentence: `of …` stands behind a noun there as badly as at the beginning. */
const OPEN_MESSAGE = /^["'(]?(what|of|where|who|whoever|it|its|those|they|one that)\b/i;

/** Words that only this house uses, each with the word to write instead. */
const HOUSE_WORDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\banew\b/i, 'again, from scratch'],
  [/\b(is|are|be|being|was|about to be) let go\b|\blets? (\w+ )?go\b/i, 'is released, is evicted'],
  [/\b(is|are|was|were|been|be) told\b|\btells? of\b/i, 'knows, gets, reports'],
  [/\bhears?\b|\bheard\b/i, 'knows, gets'],
  [/\bcomes? level\b/i, 'catches up'],
  [/\bin hand\b/i, 'pending, running'],
  [/\bstands? (at|above|behind|there|on|before)\b|\bstood\b/i, 'is at'],
  [/\b(go|goes|going|gone|went) on\b/i, 'continues'],
  [/\b(give|gives|gave|given|giving) (it )?up\b/i, 'cancelled, released'],
  [/\bmend(s|ed|ing)?\b/i, 'repair'],
  [/\bto be had\b|\ball the same\b|\bwithout a word\b/i, 'the plain word'],
  [/\bwhere (there|nobody|none|no|some)\b/i, 'if'],
];

const SENTENCE_LENGTH_MAX = 120;
const SENTENCE_WORDS_MAX = 25;

/** Texts that break a rule for a reason, each with the reason. */
const MESSAGE_EXCEPTIONS: ReadonlyArray<readonly [beginning: string, reason: string]> = [
  ['ERR WAIT cannot be used with replica', 'the sentence of Redis, which clients compare'],
  ['following … all the same', 'the person who gave --accept-data-loss overruled an error'],
];

function messageSentences({ text }: SourceText): string[] {
  return text.split(/(?<=[.;:?!])\s+|\n(?=\s)/).map((sentence) => sentence.replace(/\s+/g, ' ').trim());
}

/** The rules that a text breaks, in words. */
function faultsOf(found: SourceText): string[] {
  const { text } = found;
  if (MESSAGE_EXCEPTIONS.some(([beginning]) => text.startsWith(beginning))) return [];
  const sentences = messageSentences(found);
  const complete = text.split(/(?<=[.?!])\s+(?=[A-Z])/);
  return [
    ...HOUSE_WORDS.filter(([word]) => word.test(text)).map(([word, instead]) => `${word}: write "${instead}"`),
    ...complete.filter((part) => OPEN_MESSAGE.test(part)).map(() => 'begins without its subject'),
    ...sentences
      .filter((part) => part.length > SENTENCE_LENGTH_MAX || part.split(' ').length > SENTENCE_WORDS_MAX)
      .map((part) => `a sentence of ${part.length} characters, ${part.split(' ').length} words`),
  ];
}

describe('messages and help texts', () => {
  it('are plain: short sentences with a subject, and no house words', () => {
    const texts = sources().flatMap(({ name, source }) => sourceTexts(source).map((found) => ({ name, ...found })));
    assert.ok(texts.length > 1_000, `expected to see all messages, saw ${texts.length}`);
    const found = texts.flatMap((text) =>
      faultsOf(text).map((fault) => `${text.name}:${text.line} ${text.text}: ${fault}`),
    );
    assert.deepEqual(found, []);
  });

  it('are found in every kind of literal, and judged by every rule', () => {
    const source = [
      "// 'a comment' /* it */",
      "throw new Error('it is told');",
      'log.warn({}, `the log $' + '{a ? `of $' + '{b} is let go` : "in hand"} again`);',
      "const pattern = /'not this one'/;",
      "const long = 'a b ' +",
      `  '${'word '.repeat(26)}';`,
    ].join('\n');
    assert.deepEqual(
      sourceTexts(source).map(({ line, text }) => [line, text.slice(0, 20)]),
      [
        [2, 'it is told'],
        [3, 'the log … again'],
        [3, 'of … is let go'],
        [3, 'in hand'],
        [5, 'a b word word word w'],
      ],
    );
    assert.deepEqual(
      sourceTexts(source).map((text) => faultsOf(text).length),
      [2, 0, 2, 1, 1],
    );
  });
});

const DOCUMENT_WORDS_MAX = 30;

/** Beginnings of sentences of a document that break a rule for a reason. */
const DOCUMENT_EXCEPTIONS: ReadonlyArray<readonly [beginning: string, reason: string]> = [];

/** The sentences of a document, without code, tables and headings. Code inside a sentence is one word. */
function documentSentences(text: string): string[] {
  return text
    .replace(/^ *```[\s\S]*?^ *```/gm, '\n')
    .replace(/^(\||#).*$/gm, '\n')
    .split(/\n\s*\n|\n(?=\s*(?:- |\d+\. ))/)
    .map((part) => part.replace(/^\s*(- |\d+\. )/, '').replace(/`[^`]*`/g, 'x'))
    .flatMap((part) =>
      part
        .replace(/\s+/g, ' ')
        .trim()
        .split(/(?<=[.:;!?])\)?\s+/),
    );
}

function documentFaults(sentence: string): string[] {
  if (DOCUMENT_EXCEPTIONS.some(([beginning]) => sentence.startsWith(beginning))) return [];
  const words = sentence.split(' ').length;
  return [
    ...HOUSE_WORDS.filter(([word]) => word.test(sentence)).map(([word, instead]) => `${word}: write "${instead}"`),
    ...(OPEN_BEGINNING.test(sentence) ? ['begins without its subject'] : []),
    ...(words > DOCUMENT_WORDS_MAX ? [`a sentence of ${words} words`] : []),
  ];
}

/** The README files, and the comments of each .proto, a paragraph for each comment. */
function documents(): Array<{ name: string; text: string }> {
  const names = ['.github', '.service', 'src', 'bin', 'proto', 'test', 'benchmarks'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
  );
  const chosen = ['README.md', ...names.filter((name) => /(^|\/)README\.md$|^\.github.*\.md$|\.proto$/.test(name))];
  return chosen.map((name) => {
    const text = readFileSync(path.join(ROOT, name), 'utf8');
    if (!name.endsWith('.proto')) return { name, text };
    const comments = [...text.matchAll(/((?:^[ \t]*\/\/.*\n)+)/gm)].map(([, body = '']) =>
      body.replace(/^\s*\/\/ ?/gm, ''),
    );
    return { name, text: comments.join('\n\n') };
  });
}

describe('documents', () => {
  it('are plain: sentences of a bounded length with a subject, and no house words', () => {
    const sentences = documents().flatMap(({ name, text }) =>
      documentSentences(text).map((sentence) => ({ name, sentence })),
    );
    assert.ok(sentences.length > 1_000, `expected to see all documents, saw ${sentences.length} sentences`);
    const found = sentences.flatMap(({ name, sentence }) =>
      documentFaults(sentence).map((fault) => `${name}: ${sentence}: ${fault}`),
    );
    assert.deepEqual(found, []);
  });

  it('are seen without code and tables, and judged by every rule', () => {
    const long = 'and '.repeat(31).trim();
    const parts = ['# What', '| What is |', '```\nOf code.\n```', '- Its end. `a b` is let go.\n- A node ', long];
    const text = parts.join('\n\n');
    const faults = documentSentences(text).map((sentence) => documentFaults(sentence).length);
    assert.deepEqual(
      faults.filter((count) => count > 0),
      [1, 1, 1],
    );
  });
});
