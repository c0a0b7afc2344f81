/**
 * What leaves the process: results on stdout, everything else on stderr, and
 * the exit status. With --json every result is one JSON object a line. Other
 * programs call the command line, so what is printed here is an interface.
 */
import { isUtf8 } from 'node:buffer';
import { CommanderError } from 'commander';
import { HeadwaterError } from '../src/base/errors.js';
import { isNameRefused, isSystemError, systemReason } from '../src/base/system-errors.js';

export const EXIT = {
  DONE: 0,
  /** There is no such key, or the answer is no. */
  NEGATIVE: 1,
  /** Wrong usage: what was asked cannot be meant. The name of a file that cannot be opened is that too. */
  USAGE: 2,
  /** The node refused, or could not be reached; or the disk under a file or stdout is full, or fails. */
  REFUSED: 3,
  /** A failure of our own that nobody foresaw (EX_SOFTWARE). */
  FAILED: 70,
  /** A second signal did not wait for the first. */
  FORCED: 130,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** Wrong usage that is not commander's to see, such as a bad line of a file. */
export class UsageError extends Error {}

/** A file that was opened, and whose disk is full or fails. */
export class FileError extends Error {}

export class Output {
  readonly json: boolean;

  constructor({ json }: { json: boolean }) {
    this.json = json;
  }

  /** One result: `fields`, or ready JSON, with --json, else `text` on a line. */
  result(fields: object | string, text: string | Buffer): Promise<void> {
    if (this.json) return write(`${typeof fields === 'string' ? fields : JSON.stringify(fields)}\n`);
    return write(Buffer.concat([bytes(text), NEWLINE]));
  }

  /** A value as it is, byte for byte; the line ends only where a person reads it. */
  value(fields: object, value: Buffer): Promise<void> {
    if (this.json) return write(`${JSON.stringify(fields)}\n`);
    return write(process.stdout.isTTY ? Buffer.concat([value, NEWLINE]) : value);
  }

  /** Many results, gathered into few writes; reads on only as stdout takes them. */
  async results<Item>(
    items: AsyncIterable<Item>,
    fields: (item: Item) => object,
    text: (item: Item) => Buffer,
  ): Promise<void> {
    let gathered: Buffer[] = [];
    let gatheredBytes = 0;
    for await (const item of items) {
      const line = this.json ? Buffer.from(JSON.stringify(fields(item))) : text(item);
      gathered.push(line, NEWLINE);
      gatheredBytes += line.length + 1;
      if (gatheredBytes < WRITE_BYTES) continue;
      await write(Buffer.concat(gathered));
      gathered = [];
      gatheredBytes = 0;
    }
    await write(Buffer.concat(gathered));
  }

  /** A negative answer: with --json it is a result like any other, else it is said on stderr. */
  async negative(fields: object, message: string): Promise<ExitStatus> {
    if (this.json) await write(`${JSON.stringify(fields)}\n`);
    else complain(message);
    return EXIT.NEGATIVE;
  }
}

const WRITE_BYTES = 64 * 1024;
const NEWLINE = Buffer.from('\n');

function bytes(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text;
}

/** Resolves when stdout takes more, so that a slow reader slows the writer. */
export function write(data: string | Buffer): Promise<void> {
  if (process.stdout.write(data)) return Promise.resolve();
  return new Promise((resolve) => process.stdout.once('drain', resolve));
}

export function complain(message: string): void {
  process.stderr.write(`headwater: ${message}\n`);
}

/** A directory that is only read need not be writable. */
export function complainOfNoLock(why: string): void {
  complain(`the data directory is not locked (${why}): a node that changes it meanwhile makes the answer wrong`);
}

/**
 * A reader that has seen enough (`headwater scan | head`) ends the command
 * quietly, and nobody reading our complaints is no reason to fail.
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

/** A part of what is written from now on is worth nothing: where it cannot be written to its end, that is said, and is a failure. */
export function needReaders(otherwise: string): void {
  lostWithReaders = otherwise;
}

/** Says what went wrong, in one line, and with which status the process ends. */
export function report(error: unknown): ExitStatus {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.DONE : EXIT.USAGE;
  if (error instanceof UsageError) {
    complain(error.message);
    return EXIT.USAGE;
  }
  if (error instanceof FileError) {
    complain(error.message);
    return EXIT.REFUSED;
  }
  if (HeadwaterError.is(error) && error.code !== 'internal') {
    complain(error.message);
    if (error.code === 'no_such_key') return EXIT.NEGATIVE;
    return error.code === 'invalid_argument' ? EXIT.USAGE : EXIT.REFUSED;
  }
  return reportUnforeseen(error);
}

function reportUnforeseen(error: unknown): ExitStatus {
  // The operating system's refusals need no stack. Those of files that were named are in words already: files.ts.
  if (isSystemError(error)) {
    complain(`${error.path ?? error.syscall}: ${systemReason(error)}`);
    return isNameRefused(error) ? EXIT.USAGE : EXIT.REFUSED;
  }
  // `internal` from the node: its log has the stack, not we.
  if (HeadwaterError.is(error)) {
    complain(error.message);
    return EXIT.REFUSED;
  }
  complain(
    `unexpected failure, which is a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  return EXIT.FAILED;
}

/** Bytes as JSON has them: `{ [name]: text }`, or base64 and a field that says so. */
export function jsonBytes(name: 'key' | 'value', data: Buffer): Record<string, string> {
  if (isUtf8(data)) return { [name]: data.toString() };
  return { [name]: data.toString('base64'), [ENCODING_FIELD[name]]: 'base64' };
}

/** `encoding` is the value's; a key that is not UTF-8 has a field of its own. */
export const ENCODING_FIELD = { key: 'key_encoding', value: 'encoding' } as const;

const SHOWN_CHARACTERS_MAX = 60;

/** Bytes for the eye, quoted; base64, and said so, where they are no text. What is longer is cut. */
export function shownBytes(data: Buffer): string {
  // No more is decoded than is shown: a value may be large.
  const isText = isUtf8(data);
  const text = isText
    ? data.toString('utf8', 0, 4 * SHOWN_CHARACTERS_MAX)
    : data.toString('base64', 0, SHOWN_CHARACTERS_MAX);
  const shown = `${isText ? '' : 'base64 '}${JSON.stringify(text.slice(0, SHOWN_CHARACTERS_MAX))}`;
  return text.length > SHOWN_CHARACTERS_MAX ? `${shown}… (${plural(data.length, 'byte')})` : shown;
}

export function plural(count: number | bigint, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 || count === 1n ? one : many}`;
}

/** `12.5 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}

/** How long something is, for people: `340 ms`, `12 s`, `5 min`, `3 h`, `40 d`. */
export function roughly(ms: number): string {
  const units: ReadonlyArray<readonly [unit: string, ms: number]> = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ];
  // Two of a unit before it is used: "90 s" says more than "2 min".
  const [unit, one] = units.find(([, one]) => ms >= 2 * one) ?? ['ms', 1];
  return `${Math.round(ms / one).toLocaleString('en')} ${unit}`;
}
