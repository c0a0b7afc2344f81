/**
 * The end of a command that failed: a line on stderr, or with --json one object on stderr, and the exit status. Results
 * alone go to stdout, so that a program that reads them never mistakes an error for a result.
 *
 *   {"error":{"code":"read_only_follower","message":"…","details":{"leader":"127.0.0.1:7420"}}}
 *
 * The code is one of the client's, or `usage` (wrong usage), `file` (a file that cannot be read or written) or `bug`. An
 * error in a script of the shell has the number of its `line`.
 */

import { CommanderError } from 'commander';
import { HeadwaterError } from '../src/base/errors.js';
import { isSystemError, systemReason } from '../src/base/system-errors.js';
import { snakeCase } from './json-names.js';
import { paint } from './look.js';
import {
  EXIT,
  type ExitStatus,
  FileError,
  place,
  prefix,
  statusOfRefusal,
  statusOfSystem,
  UsageError,
} from './output.js';

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details?: object;
  readonly status: ExitStatus;
  /** Whether commander has printed the message for people already. */
  readonly isPrinted?: boolean;
}

/** Prints what went wrong, in one line. @returns the exit status of the process. */
export function report(error: unknown): ExitStatus {
  const failure = failureOf(error);
  if (failure.status === EXIT.DONE) return EXIT.DONE;
  const { code, message, details = {}, status } = failure;
  if (place.json) {
    const line = place.line === 0 ? {} : { line: place.line };
    process.stderr.write(`${JSON.stringify({ error: { code, message, details: snakeCase(details), ...line } })}\n`);
  } else if (!failure.isPrinted) process.stderr.write(`${prefix() || errorSign()}${message}\n`);
  return status;
}

/** The beginning of an error in a shell on a terminal. */
export function errorSign(): string {
  return `${paint('red', 'error:', process.stderr)} `;
}

function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError) return failureOfCommander(error);
  if (error instanceof UsageError) return { code: 'usage', message: error.message, status: EXIT.USAGE };
  if (error instanceof FileError) return { code: 'file', message: error.message, status: error.status };
  if (HeadwaterError.is(error)) {
    const { code, message, details } = error;
    // The node's own log has the stack of its `internal` error.
    return { code, message, details, status: code === 'no_such_key' ? EXIT.NEGATIVE : statusOfRefusal(error) };
  }
  // The operating system's refusals need no stack. For named files, files.ts has put them into words already.
  if (isSystemError(error)) {
    const message = `cannot open ${error.path ?? error.syscall}: ${systemReason(error)}`;
    return { code: 'file', message, status: statusOfSystem(error) };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'bug', message: `unexpected failure (this is a bug): ${stack}`, status: EXIT.FAILED };
}

/** Commander names a value that our own message names again: "option '--ttl <TIME>' argument 'x' is invalid. Expected". */
const NAMED_TWICE =
  /(option '[^']*') (?:argument|value) '[\s\S]*?'( from env '[^']*')?( is invalid\. )(?=Expected )|command-(argument) value '[\s\S]*?'( is invalid) for argument( '[^']*')(\. )(?=Expected )/;

/** A message of commander, with the received value once. */
export function plainly(message: string): string {
  return message.replace(NAMED_TWICE, (_, option, env = '', invalid, argument, isInvalid, name, end) =>
    option ? `${option}${env}${invalid}` : `${argument}${name}${isInvalid}${end}`,
  );
}

function failureOfCommander({ code, message, exitCode }: CommanderError): Failure {
  if (exitCode === 0) return { code, message, status: EXIT.DONE };
  const said =
    code === 'commander.help' ? 'expected a command, received none' : plainly(message.replace(/^error: /, ''));
  return { code: 'usage', message: said, status: EXIT.USAGE, isPrinted: true };
}
