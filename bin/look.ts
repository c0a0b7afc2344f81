/**
 * How results look on a terminal: colours, columns, and escapes for bytes that a terminal must not get as they are.
 */
import { textOfBytes } from './byte-text.js';
import { paintFor, type Style } from './terminal.js';

export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return paintFor(stream)(style, text);
}

/** Bytes as in the quotes of redis-cli and of the shell: `"a\x00\n"`. Printable text stays as it is. */
export function quoted(bytes: Buffer): string {
  return `"${escaped(bytes, '', true)}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Control characters, those of ISO 6429 among them, marks that turn the direction of writing, and lone halves. */
const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udfff]/gu;

/**
 * Bytes that a terminal can show: whatever it would obey is written as an escape.
 * @param kept the control characters that stay as they are.
 */
export function escaped(bytes: Buffer, kept: string, inQuotes = false): string {
  const text = textOfBytes(bytes);
  const plain = inQuotes ? text.replace(/["\\]/g, (one) => `\\${one}`) : text;
  return plain.replace(UNPRINTABLE, (one) => (kept.includes(one) ? one : (ESCAPES[one] ?? hexadecimal(one))));
}

function hexadecimal(character: string): string {
  const code = character.codePointAt(0) as number;
  const bytes = code >= 0xdc80 && code <= 0xdcff ? [code - 0xdc00] : [...Buffer.from(character)];
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

const COLUMN_MAX = 40;

/** The cells of rows, quoted and in columns. */
export function aligned(rows: ReadonlyArray<readonly Buffer[]>): string[] {
  const cells = rows.map((row) => row.map(quoted));
  const widths = (cells[0] ?? []).map((_, column) => widthOf(cells.map((row) => row[column] ?? '')));
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const isLast = column === row.length - 1;
        const style = column === 0 ? 'cyan' : 'green';
        return paint(style, cell) + (isLast ? '' : gapAfter(cell, widths[column] ?? 0));
      })
      .join(''),
  );
}

/** The width of a column with these cells. A few long cells do not make it wide. */
export function widthOf(cells: readonly string[]): number {
  return Math.min(
    COLUMN_MAX,
    cells.reduce((width, cell) => Math.max(width, cell.length), 0),
  );
}

/** The blanks between a cell and the next column. */
export function gapAfter(cell: string, width: number): string {
  return ' '.repeat(2 + Math.max(0, width - cell.length));
}
