/**
 * A view that looks again and again, until Ctrl-C, `q` or a signal. On a terminal each look is drawn over the one before,
 * on the alternate screen, so that the shell's own lines come back at the end. Into a pipe each look is a line.
 *
 * Whatever ends the view, the terminal is as it was, and no handler stays behind: a shell may go on in this process.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { untilInterrupted } from './interrupted.js';
import { write } from './output.js';
import { clipped } from './terminal.js';

/** The time that a node has for its answer, without --timeout: a view should not stand still for long. */
export const LIVE_ANSWER_MS_MAX = 2_000;

export interface LiveViewOptions {
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  /** Milliseconds before the first look. None by default. */
  readonly laterMs?: number;
  /** Milliseconds after which the view ends by itself. Never by default. */
  readonly endAfterMs?: number | undefined;
  /** Work that runs beside the looks, until the signal aborts. */
  beside?(signal: AbortSignal): Promise<void>;
  /**
   * The text of the last look, for a screen of so many columns, which cuts it. A change of the size asks again, without a
   * new look. Without this method, a terminal gets lines too.
   */
  draw?(columns: number): string;
  /** Looks at the nodes. A node that does not answer is a part of the look, not an error: the view goes on. */
  look(signal: AbortSignal): Promise<void>;
  /** Prints the look as a line. */
  print(): Promise<void>;
}

/** Resolves when the person, or the time, has ended the view. */
export function runLiveView(options: LiveViewOptions): Promise<void> {
  return untilInterrupted(async (interrupted) => {
    const end = new AbortController();
    const { endAfterMs, draw } = options;
    const timer = endAfterMs === undefined ? undefined : setTimeout(() => end.abort(), endAfterMs);
    const signal = AbortSignal.any([interrupted, end.signal]);
    const view =
      process.stdout.isTTY && draw
        ? onScreen({ ...options, draw }, { signal, quit: () => end.abort() })
        : look(options, signal, options.print);
    try {
      await Promise.all([view.finally(() => end.abort()), options.beside?.(signal)]);
    } finally {
      clearTimeout(timer);
    }
  });
}

/** Looks, and calls `show` after each look, until the signal aborts. */
async function look(options: LiveViewOptions, signal: AbortSignal, show: () => Promise<void> | void): Promise<void> {
  const { everyMs, laterMs = 0 } = options;
  await pauseUntil(performance.now() + laterMs, signal);
  while (!signal.aborted) {
    const startedMs = performance.now();
    await options.look(signal);
    if (signal.aborted) return;
    await show();
    await pauseUntil(startedMs + everyMs, signal);
  }
}

async function onScreen(
  options: LiveViewOptions & Required<Pick<LiveViewOptions, 'draw'>>,
  { signal, quit }: { readonly signal: AbortSignal; quit(): void },
): Promise<void> {
  const { stdout } = process;
  const releaseKeys = takeKeys(quit);
  const draw = () => {
    const size = sizeOf(stdout);
    if (!signal.aborted) void write(screenOf(options.draw(size.columns), size));
  };
  const leave = () => stdout.write(LEAVE);
  stdout.write(ENTER);
  stdout.on('resize', draw);
  // A failure that ends the process leaves no terminal without a cursor.
  process.once('exit', leave);
  try {
    draw();
    await look(options, signal, draw);
  } finally {
    stdout.off('resize', draw);
    process.off('exit', leave);
    releaseKeys();
    await write(LEAVE);
  }
}

/** The alternate screen without a cursor, and the way back. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
const LEAVE = '\x1b[?25h\x1b[?1049l';

const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/** The terminal's size; the usual one if the terminal does not tell. */
function sizeOf({ columns, rows }: NodeJS.WriteStream): { columns: number; rows: number } {
  return { columns: columns || 80, rows: rows || 24 };
}

/** The text drawn over what is there. Each line is cleared behind its end, so that the screen does not flicker. */
function screenOf(text: string, { columns, rows }: { columns: number; rows: number }): string {
  const lines = text.split('\n').map((line) => clipped(line, columns));
  const shown =
    lines.length <= rows ? lines : [...lines.slice(0, rows - 1), clipped('… (the terminal is too low)', columns)];
  return `${HOME}${shown.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_BELOW}`;
}

/** Calls `quit` for `q`, Esc, Ctrl-C and Ctrl-D. @returns the way back to the keyboard as it was. */
function takeKeys(quit: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const { isRaw } = stdin;
  const wasFlowing = stdin.readableFlowing === true;
  const onKey = (bytes: Buffer | string) => {
    if (QUIT_KEYS.has(String(bytes))) quit();
  };
  stdin.setRawMode(true);
  stdin.on('data', onKey);
  stdin.resume();
  return () => {
    stdin.off('data', onKey);
    stdin.setRawMode(isRaw);
    if (!wasFlowing) stdin.pause();
  };
}

const QUIT_KEYS: ReadonlySet<string> = new Set(['q', 'Q', '\x1b', '\x03', '\x04']);

/** Resolves at a moment of `performance.now`, or when `signal` aborts. */
async function pauseUntil(atMs: number, signal: AbortSignal): Promise<void> {
  const leftMs = atMs - performance.now();
  // A look that takes longer than its interval is followed by the next one in another turn all the same.
  await pause(Math.max(0, leftMs), undefined, { signal }).catch(() => {});
}
