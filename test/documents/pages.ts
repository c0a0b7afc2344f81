/**
 * The README files, taken apart: the fenced blocks of each, in order, with what a page expects of them.
 *
 * - A block inside an HTML comment is invisible to the reader, and is run like any other: the state of the cluster that
 *   the page assumes, or an action of a person (Ctrl-C) that the text asks for.
 * - A block `text output` is compared with what the block before has printed. The sign `…` stands for anything within a
 *   line; a line of its own, for any lines.
 * - A comment `# prints hello` or `// prints hello` is compared with what the command or the program prints.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '..', '..');

export interface Block {
  readonly language: string;
  /** The rest of the line that opens the block. */
  readonly info: string;
  readonly text: string;
  /** The line of the page on which the text begins, from 1. */
  readonly line: number;
}

/** README files, and those for people who come to the repository. */
const PAGE = /(^|\/)README\.md$|^\.github\/\w+\.md$/;

/** The paths of all pages from the root, the main one first. */
export function pageNames(): string[] {
  const folders = ['.github', '.service', 'src', 'bin', 'proto', 'test', 'benchmarks'];
  const names = folders.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      path.posix.join(folder, name),
    ),
  );
  return ['README.md', ...names.filter((name) => PAGE.test(name)).sort()];
}

export function readPage(name: string): string {
  return readFileSync(path.join(ROOT, name), 'utf8');
}

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open:
    | { fence: string; indent: string; language: string; info: string; line: number; lines: string[] }
    | undefined;
  for (const [index, line] of page.split('\n').entries()) {
    const [, indent = '', fence = '', language = '', info = ''] = /^( *)(`{3,})(\S*)\s*(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (fence) open = { fence, indent, language, info, line: index + 2, lines: [] };
    } else if (fence === open.fence && !language) {
      blocks.push({ language: open.language, info: open.info, text: open.lines.join('\n'), line: open.line });
      open = undefined;
    } else open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
  }
  if (open) throw new Error(`the block that begins in line ${open.line} has no end`);
  return blocks;
}

/** Whether `shown` agrees with the page, in which `…` stands for anything. */
export function agrees(expected: string, shown: string): boolean {
  const lines = expected.trim().split('\n');
  const pattern = lines.map((line) => (line.trim() === '…' ? '(?:.*\n)*?' : `${linePattern(line)}\n`)).join('');
  return new RegExp(`^${pattern}$`).test(`${shown.trim().replace(/ +$/gm, '')}\n`);
}

function linePattern(line: string): string {
  return line.trimEnd().split('…').map(escaped).join('.*');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
