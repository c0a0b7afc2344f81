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

/** A column of a table that may lack room. */
export interface Column<Row> {
  readonly name: string;
  /** Whether the cells stand at their right edge: numbers. */
  readonly isRight: boolean;
  /** The cell of a row, empty if there is nothing to say. */
  cell(row: Row): string;
}

/**
 * A table of at most `width` columns of the terminal.
 * @param dispensable the names of the columns that are left out, in this order, as far as the room does not suffice.
 * @returns the table, and the names of the columns that are left out.
 */
export function fittedTable<Row>(
  columns: ReadonlyArray<Column<Row>>,
  rows: readonly Row[],
  { width, dispensable, head }: { width: number; dispensable: readonly string[]; head(name: string): string },
): { readonly table: string; readonly leftOut: readonly string[] } {
  for (let count = 0; ; count++) {
    const leftOut = dispensable.slice(0, count);
    const shown = columns.filter(({ name }) => !leftOut.includes(name));
    const table = drawnTable(
      shown.map(({ name }) => head(name)),
      rows.map((row) => shown.map((column) => column.cell(row))),
      { right: shown.flatMap(({ isRight }, i) => (isRight ? [i] : [])) },
    );
    const isFitting = table.split('\n').every((line) => widthOf(line) <= width);
    if (isFitting || count === dispensable.length)
      return { table, leftOut: columns.map(({ name }) => name).filter((name) => leftOut.includes(name)) };
  }
}

/** The columns that the text takes. Addresses, names and numbers have one for each character. */
function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
