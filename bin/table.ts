/** Tables without borders, like those that other programs print into pipes. Colours take no room. */
import { stripVTControlCharacters } from 'node:util';

const GAP = 2;

/**
 * @param indent blanks before each line.
 * @param right the columns that stand at their right edge, by their index: numbers.
 */
export function drawnTable(
  head: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
  { indent = 0, right = [] }: { readonly indent?: number; readonly right?: readonly number[] } = {},
): string {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((cells) => widthOf(cells[i] ?? ''))));
  const drawn = lines.map((cells) =>
    widths
      .map((width, i) => {
        const cell = cells[i] ?? '';
        const blanks = ' '.repeat(width - widthOf(cell));
        return right.includes(i) ? `${blanks}${cell}` : `${cell}${blanks}`;
      })
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
  return drawn.map((line) => `${' '.repeat(indent)}${line}`).join('\n');
}

/** The columns that the text takes. Addresses, names and numbers have one for each character. */
function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
