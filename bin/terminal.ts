/**
 * The terminal under stdout: its colours and its size. Only a terminal gets colours, and none if the environment has
 * NO_COLOR, or TERM says that there are none. FORCE_COLOR colours what goes into a file or a pipe too.
 */
import { stripVTControlCharacters, styleText } from 'node:util';

const ESCAPE = '\x1b';

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Colours a text, or returns the text as it is. */
export type Paint = (style: Style | undefined, text: string) => string;

export const plain: Paint = (_, text) => text;

const coloured: Paint = (style, text) =>
  style === undefined || text === '' ? text : styleText(style, text, { validateStream: false });

/** The colours for a stream: none unless the stream is a terminal that has colours. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return isColoured(stream) ? coloured : plain;
}

function isColoured(stream: NodeJS.WriteStream): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: refused } = process.env;
  if (forced !== undefined && forced !== '0' && forced !== 'false') return true;
  return !refused && stream.isTTY && stream.hasColors();
}

/**
 * Cuts a line so that it takes at most `columns` of the terminal. Colours take no column, and end with the line. A tab or
 * another control character is shown as a blank, since the screen would move.
 */
export function clipped(line: string, columns: number): string {
  let shown = '';
  let width = 0;
  for (const [part] of line.matchAll(PARTS)) {
    if (part.length > 1 && part.startsWith(ESCAPE)) {
      shown += part;
      continue;
    }
    if (width === columns) return shown === stripVTControlCharacters(shown) ? shown : `${shown}\x1b[0m`;
    shown += isControl(part) ? ' ' : part;
    width++;
  }
  return shown;
}

/** Colours as `styleText` writes them, and single characters. */
const PARTS = new RegExp(`${ESCAPE}\\[[0-9;]*m|[\\s\\S]`, 'gu');

function isControl(character: string): boolean {
  const code = character.charCodeAt(0);
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
