/** Tables of README files that are made from rows of the code, and the check that they are up to date. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** The table in the form of the formatter. */
function drawn(lines: ReadonlyArray<readonly string[]>): string {
  const [head = [], ...body] = lines.map((line) => line.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((line) => (line[i] as string).length)));
  const cells = (line: readonly string[]) =>
    `| ${line.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`;
  return [cells(head), cells(widths.map((width) => '-'.repeat(width))), ...body.map(cells)].join('\n');
}

/** Holds the table of a page whose head is this one against `lines`. HEADWATER_WRITE_TABLE=1 writes it. */
export function checkTable(lines: ReadonlyArray<readonly string[]>, file = 'bin/README.md'): void {
  const place = path.join(ROOT, file);
  const head = lines[0] ?? [];
  const isHead = (part: string) => {
    const cells = part.split('\n', 1)[0]?.split('|').slice(1, -1) ?? [];
    return cells.length === head.length && cells.every((cell, i) => cell.trim() === head[i]);
  };
  const page = readFileSync(place, 'utf8');
  const parts = page.split('\n\n').map((part) => part.trimEnd());
  const tables = parts.filter(isHead);
  assert.equal(tables.length, 1, `expected one table in ${file} with the head ${head.join(', ')}`);
  const found = tables[0] as string;
  if (process.env.HEADWATER_WRITE_TABLE)
    writeFileSync(
      place,
      page.replace(found, () => drawn(lines)),
    );
  else assert.equal(found, drawn(lines));
}
