/**
 * The log of a node as a person reads it: the time and the prose of each line, on a terminal with colours. The fields are
 * for programs, and stay away; so do all but the first characters of long IDs.
 *
 * A line is written before the call that logs returns, so that the last line before any end is there.
 */
import { preciseTime } from './figures.js';
import { escaped } from './look.js';
import type { Paint, Style } from './terminal.js';

/** A line as pino writes it. */
interface Line {
  readonly level?: string;
  readonly time?: string;
  readonly msg?: string;
  readonly err?: { readonly stack?: string };
  readonly stack?: string;
}

/** The word before the prose of a level, and its colour. The normal course has no word. */
const LEVELS: Readonly<Record<string, readonly [word: string, style: Style | undefined]>> = {
  debug: ['debug: ', 'dim'],
  info: ['', undefined],
  warn: ['warning: ', 'yellow'],
  error: ['error: ', 'red'],
  fatal: ['error: ', 'red'],
};

/** A stream for pino: each line of JSON becomes a line of prose in `sink`. */
export function readableLog(sink: { write(text: string): unknown }, paint: Paint): { write(json: string): void } {
  return { write: (json) => void sink.write(readableLine(json, paint)) };
}

export function readableLine(json: string, paint: Paint): string {
  const { level = 'info', time = '', msg = '', err, stack = err?.stack } = JSON.parse(json) as Line;
  const [word, style] = LEVELS[level] ?? LEVELS.error ?? ['', undefined];
  const prose = `${word}${shortened(escaped(Buffer.from(msg), ''))}`;
  // The first line of a stack repeats the message of the error, which the prose may not have.
  const trace = stack === undefined ? '' : `\n${paint('dim', indented(escaped(Buffer.from(stack), '\n')))}`;
  return `${paint('dim', preciseTime(new Date(time)))}  ${paint(style, prose)}${trace}\n`;
}

/** IDs of nodes have 32 characters, those of histories 40. The first 8 are enough for a person. */
function shortened(prose: string): string {
  return prose.replace(/\b([0-9a-f]{8})[0-9a-f]{24,}\b/g, '$1');
}

function indented(text: string): string {
  return text.replace(/^/gm, '    ');
}
