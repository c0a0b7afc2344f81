/**
 * The output of the process: results on stdout, everything else on stderr, and the exit status. With --json every
 * result is one JSON object a line. Other programs call the command line, so its output is an interface.
 */
import { isUtf8 } from 'node:buffer';
import type { HeadwaterError } from '../src/base/errors.js';
import { isNameRefused, isSystemError, systemReason } from '../src/base/system-errors.js';
import { plural } from './figures.js';
import { aligned, escaped, gapAfter, paint, quoted } from './look.js';

export const EXIT = {
  DONE: 0,
  /** There is no such key, or the answer is no. */
  NEGATIVE: 1,
  /**
   * Wrong usage: the command cannot be meant as given. So is the name of a file or a directory that is not there,
   * cannot be opened, or belongs to something else. Another name would have done.
   */
  USAGE: 2,
  /**
   * The node refused or could not be reached. The same status has a file or a data directory that was opened, and is in
   * use or damaged, and a disk that is full or fails.
   */
  REFUSED: 3,
  /** An unforeseen failure of Headwater itself (EX_SOFTWARE). */
  FAILED: 70,
  /** A second signal ended the process before the stop of the first was done. */
  FORCED: 130,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** Wrong usage that commander cannot see, such as a bad line of a file. */
export class UsageError extends Error {}

/** A file that cannot be read or written. */
export class FileError extends Error {
  /** The exit status: a name that the system refuses is wrong usage, a disk that is full or fails is not. */
  readonly status: ExitStatus;

  constructor(message: string, { status, cause }: { readonly status: ExitStatus; readonly cause?: unknown }) {
    super(message, { cause });
    this.status = status;
  }
}

/** The exit status after a refusal of the operating system. */
export function statusOfSystem(error: unknown): ExitStatus {
  return isNameRefused(error) ? EXIT.USAGE : EXIT.REFUSED;
}

/** The exit status after a refusal of a node, or of a data directory. */
export function statusOfRefusal({ code, cause }: HeadwaterError): ExitStatus {
  if (code === 'foreign_directory') return isSystemError(cause) ? statusOfSystem(cause) : EXIT.USAGE;
  return code === 'invalid_argument' ? EXIT.USAGE : EXIT.REFUSED;
}

/** The place of the running command, for the whole process. The entry and the shell set it. */
export const place = {
  /** Whether a shell runs the command, in which each result ends its line. */
  isShell: false,
  /** The line of a script; 0 if the command does not come from one. */
  line: 0,
  /** Whether errors are JSON too. */
  json: false,
};

export class Output {
  readonly json: boolean;

  constructor({ json }: { json: boolean }) {
    this.json = json;
  }

  /** Prints one result: with --json `fields`, or ready JSON; else `text` on a line. */
  result(fields: object | string, text: string | Buffer): Promise<void> {
    if (this.json) return write(`${typeof fields === 'string' ? fields : JSON.stringify(fields)}\n`);
    if (typeof text === 'string') return write(`${text}\n`);
    return write(Buffer.concat([process.stdout.isTTY ? shownLine([text]) : text, NEWLINE]));
  }

  /** Whether a person reads the results of a shell. */
  get isRich(): boolean {
    return !this.json && isRich();
  }

  /**
   * Prints one of several values on a line. A missing one is an empty line. A shell on a terminal says so, and aligns the
   * values.
   * @param width the width of the keys, in quotes.
   */
  item(fields: object, key: Buffer, value: Buffer | undefined, width: number): Promise<void> {
    if (!this.isRich) return this.result(fields, value ?? '');
    const shown = value === undefined ? paint('yellow', '(no such key)') : paint('green', quoted(value));
    return this.result(fields, `${paint('cyan', quoted(key))}${gapAfter(quoted(key), width)}${shown}`);
  }

  /** Prints a whole number, with its type in a shell on a terminal. */
  integer(fields: object | string, value: number | bigint | string): Promise<void> {
    return this.result(fields, isRich() ? `${paint('dim', '(integer)')} ${value}` : String(value));
  }

  /**
   * Prints a value byte for byte. The line ends only on a terminal and in a shell. A terminal gets escapes for what it
   * would obey, and a shell on a terminal prints the value in quotes.
   */
  value(fields: object, value: Buffer): Promise<void> {
    if (this.json) return write(`${JSON.stringify(fields)}\n`);
    if (isRich()) return write(`${paint('green', quoted(value))}\n`);
    if (process.stdout.isTTY) return write(`${escaped(value, '\n\t')}\n`);
    return write(place.isShell ? Buffer.concat([value, NEWLINE]) : value);
  }

  /**
   * Prints many results, gathered into few writes. The items are read only as fast as stdout takes them.
   * @param row the cells of a line. Tabs separate them; a shell on a terminal aligns them.
   */
  async results<Item>(
    items: AsyncIterable<Item>,
    fields: (item: Item) => object,
    row: (item: Item) => Buffer | readonly Buffer[],
  ): Promise<void> {
    let gathered: Array<Buffer | readonly Buffer[]> = [];
    let gatheredBytes = 0;
    for await (const item of items) {
      const line = this.json ? Buffer.from(JSON.stringify(fields(item))) : row(item);
      gathered.push(line);
      gatheredBytes += Buffer.isBuffer(line) ? line.length + 1 : line.reduce((sum, cell) => sum + cell.length + 1, 0);
      if (gatheredBytes < WRITE_BYTES) continue;
      await write(this.#lines(gathered));
      gathered = [];
      gatheredBytes = 0;
    }
    await write(this.#lines(gathered));
  }

  /** Prints a negative answer: with --json a result like any other, else a message on stderr. */
  async negative(fields: object, message: string): Promise<ExitStatus> {
    if (this.json) await write(`${JSON.stringify(fields)}\n`);
    else complain(isRich() ? paint('yellow', `(${message})`, process.stderr) : message);
    return EXIT.NEGATIVE;
  }

  #lines(rows: ReadonlyArray<Buffer | readonly Buffer[]>): Buffer {
    if (isRich() && !this.json)
      return Buffer.from(
        aligned(rows.map((row) => (Buffer.isBuffer(row) ? [row] : row))).join('\n') + (rows.length > 0 ? '\n' : ''),
      );
    const parts = rows.flatMap((row) => {
      const cells = Buffer.isBuffer(row) ? [row] : row;
      if (process.stdout.isTTY && !this.json) return [shownLine(cells), NEWLINE];
      return cells.flatMap((cell, index) => [cell, index === cells.length - 1 ? NEWLINE : TAB]);
    });
    return Buffer.concat(parts);
  }
}

/** Whether a person reads the results of a shell. */
function isRich(): boolean {
  return place.isShell && process.stdout.isTTY === true;
}

/** A line for a terminal. */
function shownLine(cells: readonly Buffer[]): Buffer {
  return Buffer.from(cells.map((cell) => escaped(cell, '\t')).join('\t'));
}

const WRITE_BYTES = 64 * 1024;
const NEWLINE = Buffer.from('\n');
const TAB = Buffer.from('\t');

/** Resolves when stdout takes more, so that a slow reader slows the writer. */
export function write(data: string | Buffer): Promise<void> {
  if (process.stdout.write(data)) return Promise.resolve();
  return new Promise((resolve) => process.stdout.once('drain', resolve));
}

/** Prints a line for people on stderr. On a terminal, a shell needs no name before it. */
export function complain(message: string): void {
  process.stderr.write(`${prefix()}${message}\n`);
}

/** The beginning of a line on stderr: the program, and the line of the script that the shell runs. */
export function prefix(): string {
  if (place.isShell && place.line === 0) return '';
  return place.line === 0 ? 'headwater: ' : `headwater: line ${place.line}: `;
}

/** Warns that the data directory is read without a lock, as a directory that is not writable may be. */
export function complainOfNoLock(why: string): void {
  complain(`the data directory is not locked (${why}): if a node changes it now, the answer is wrong. Stop the node`);
}

/**
 * Ends the command quietly when its reader has seen enough (`headwater scan | head`). A closed stderr is no failure.
 */
export function endWithReaders(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' && lostWithReaders === '') process.exit(EXIT.DONE);
    complain(`cannot write the result: ${systemReason(error)}${lostWithReaders && `; ${lostWithReaders}`}`);
    process.exit(EXIT.REFUSED);
  });
  process.stderr.on('error', () => {});
}

let lostWithReaders = '';

/**
 * Announces that partial output is worthless: from now on, output that cannot be written to its end is reported, and is
 * a failure.
 */
export function needReaders(otherwise: string): void {
  lostWithReaders = otherwise;
}

/** Bytes in JSON: `{ [name]: text }`, or base64 and a field that says so. */
export function jsonBytes(name: keyof typeof ENCODING_FIELD, data: Buffer): Record<string, string> {
  if (isUtf8(data)) return { [name]: data.toString() };
  return { [name]: data.toString('base64'), [ENCODING_FIELD[name]]: 'base64' };
}

/** The name of the encoding field: `encoding` is the value's, and a key that is not UTF-8 has a field of its own. */
export const ENCODING_FIELD = {
  key: 'key_encoding',
  new_key: 'new_key_encoding',
  channel: 'channel_encoding',
  value: 'encoding',
} as const;

const SHOWN_CHARACTERS_MAX = 60;

/** Bytes for people, quoted and shortened; bytes that are not UTF-8 are shown as base64, and marked so. */
export function shownBytes(data: Buffer): string {
  // Only as much is decoded as is shown, since a value may be large.
  const isText = isUtf8(data);
  const text = isText
    ? data.toString('utf8', 0, 4 * SHOWN_CHARACTERS_MAX)
    : data.toString('base64', 0, SHOWN_CHARACTERS_MAX);
  const shown = `${isText ? '' : 'base64 '}${JSON.stringify(text.slice(0, SHOWN_CHARACTERS_MAX))}`;
  return text.length > SHOWN_CHARACTERS_MAX ? `${shown}… (${plural(data.length, 'byte')})` : shown;
}
