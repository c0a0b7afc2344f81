/** The links of the README files: each leads to a file of the package or to a heading. The main page stays short. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pageNames, ROOT, readPage } from './pages.js';

const MAIN_LINES_MAX = 160;

interface Link {
  readonly page: string;
  readonly file: string;
  readonly anchor: string;
}

/** The links of a page to files and headings of the repository. */
function linksOf(page: string, text: string): Link[] {
  const targets = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^\w+:/.test(target))
    .map((target) => {
      const [file = '', anchor = ''] = target.split('#');
      return { page, file: file ? path.posix.join(path.posix.dirname(page), file) : page, anchor };
    });
}

function withoutBlocks(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```/gm, '').replace(/`[^`\n]*`/g, 'x');
}

/** The anchors that a site makes of the headings. */
function anchorsOf(text: string): string[] {
  const bare = text.replace(/^ *```[\s\S]*?^ *```/gm, '');
  return [...bare.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

function isBroken({ file, anchor }: Link): boolean {
  if (!existsSync(path.join(ROOT, file))) return true;
  return anchor !== '' && !anchorsOf(readPage(file)).includes(anchor);
}

describe('the README files', () => {
  const links = pageNames().flatMap((page) => linksOf(page, readPage(page)));

  it('have links that lead to a file and to a heading of it', () => {
    assert(links.length > 40, `expected to see all links, saw ${links.length}`);
    const broken = links.filter(isBroken);
    assert.deepEqual(broken, []);
  });

  it('are all reached from the main one', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) for (const link of links) if (link.page === page) reached.add(link.file);
    assert.deepEqual(
      pageNames().filter((page) => !reached.has(page)),
      [],
    );
  });

  it(`have a main page of at most ${MAIN_LINES_MAX} lines`, () => {
    assert(readPage('README.md').trimEnd().split('\n').length <= MAIN_LINES_MAX);
  });

  it('are seen with every broken link', () => {
    const text =
      '# A `b` (c)\n[a](#a-b-c) [b](#b) `[c](no)` [d](src/README.md) [e](no.md) [f](https://x)\n```sh\n[g](no)\n```';
    const seen = linksOf('README.md', text);
    assert.deepEqual(
      seen.map(({ file, anchor }) => [file, anchor]),
      [
        ['README.md', 'a-b-c'],
        ['README.md', 'b'],
        ['src/README.md', ''],
        ['no.md', ''],
      ],
    );
    assert.deepEqual(anchorsOf(text), ['a-b-c']);
    assert.deepEqual(seen.map(isBroken), [true, true, false, true]);
  });

  it('have no mail address, as nobody has said that one is read', () => {
    const pages = [...pageNames(), '.github/SECURITY.md', '.github/CONTRIBUTING.md'];
    const named = pages.flatMap((page) => withoutBlocks(readPage(page)).match(/[\w.-]+@[\w-]+\.[a-z]+/g) ?? []);
    assert.deepEqual(named, []);
  });
});
