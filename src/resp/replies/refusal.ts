/**
 * Refusals as Redis words them. Clients and tests know an error by its first word, and many by the whole sentence. So
 * the sentences are Redis's own wherever Redis has one.
 */
import { type ErrorCode, HeadwaterError } from '../../base/errors.js';
import type { Operation } from '../../model/operation.js';
import { publicError } from '../../protobuf/error.js';
import { inRedisWords } from '../table/operation-names.js';

/** The refusal of one request. The sentence is the whole reply, with its first word, one character for each byte. */
export class Refusal extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'Refusal';
  }
}

export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const SYNTAX_ERROR = 'ERR syntax error';
export const DATABASE_OUT_OF_RANGE = 'ERR DB index is out of range';
export const NOT_A_FLOAT = 'ERR value is not a valid float';
const READ_ONLY = "READONLY You can't write against a read only replica.";

/** @param name of the command, in lower case. */
export function wrongArity(name: string): string {
  const sentence = `ERR wrong number of arguments for '${name}' command`;
  return name === 'exec' ? transactionAborted(sentence) : sentence;
}

/** @param sentence of the refusal of EXEC. Redis leaves out the word ERR alone. */
export function transactionAborted(sentence: string): string {
  return `EXECABORT Transaction discarded because of: ${sentence.replace(/^ERR /, '')}`;
}

/** @param name of the command, in lower case. */
export function invalidExpireTime(name: string): string {
  return `ERR invalid expire time in '${name}' command`;
}

/** The longest sentence about arguments that a client sent. */
const SHOWN_BYTES_MAX = 128;

/** Redis shows the first arguments, as long as the sentence stays short. */
export function unknownCommand(request: readonly Buffer[]): string {
  let shown = '';
  for (const argument of request.slice(1)) {
    if (shown.length >= SHOWN_BYTES_MAX) break;
    shown += `'${shownText(argument, SHOWN_BYTES_MAX - shown.length)}' `;
  }
  return `ERR unknown command '${shownText(request[0] as Buffer, SHOWN_BYTES_MAX)}', with args beginning with: ${shown}`;
}

/** @param command in lower case. */
export function unknownSubcommand(command: string, subcommand: Buffer): string {
  const shown = shownText(subcommand, SHOWN_BYTES_MAX);
  return `ERR unknown subcommand '${shown}'. Try ${command.toUpperCase()} HELP.`;
}

/** The sentence for a subcommand with arguments that it does not have. @param command in lower case. */
export function wrongUse(command: string, subcommand: Buffer): string {
  const shown = shownText(subcommand, SHOWN_BYTES_MAX);
  return `ERR unknown subcommand or wrong number of arguments for '${shown}'. Try ${command.toUpperCase()} HELP.`;
}

/** The text of an argument. Lines end at a zero byte, as in Redis, where they are strings of C. */
function shownText(bytes: Buffer, bytesMax: number): string {
  const zero = bytes.indexOf(0);
  return bytes.toString('latin1', 0, Math.min(bytesMax, zero < 0 ? bytes.length : zero));
}

/** The sentences of Redis. A code that is not here has no counterpart, and keeps the message of Headwater. */
const SENTENCES: { readonly [Code in ErrorCode]?: string } = {
  wrong_type: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  not_an_integer: NOT_AN_INTEGER,
  not_a_number: NOT_A_FLOAT,
  overflow: 'ERR increment or decrement would overflow',
  no_such_key: 'ERR no such key',
  too_few_followers: 'NOREPLICAS Not enough good replicas to write.',
};

/** The first words by which clients know a case that Redis has too. The message of Headwater follows. */
const FIRST_WORDS: { readonly [Code in ErrorCode]?: string } = {
  superseded: 'READONLY',
  durability_not_reached: 'NOREPLICAS',
  no_leader: 'MASTERDOWN',
  unreachable: 'MASTERDOWN',
  deadline_exceeded: 'MASTERDOWN',
  disk_full: 'MISCONF',
  store_latched: 'MISCONF',
  corrupt: 'MISCONF',
  io_error: 'MISCONF',
  overloaded: 'OOM',
  unauthenticated: 'NOAUTH',
  permission_denied: 'NOPERM',
};

/**
 * The reply for an error of the store: a sentence of Redis, or a first word and the message.
 * @param operation that the error is about, if it is about one.
 */
export function sentenceOf(error: HeadwaterError, operation?: Operation): string {
  const sentence = HeadwaterError.is(error, 'read_only_follower') ? readOnly(error) : SENTENCES[error.code];
  if (sentence !== undefined) return sentence;
  const message = operation ? inRedisWords(error.message, operation) : error.message;
  return `${FIRST_WORDS[error.code] ?? firstWordOf(error)} ${Buffer.from(message).toString('latin1')}`;
}

/** The failure of a call that has a secret checked, while too many others wait. Clients take OOM for a lack of memory. */
export function orBusy(failure: unknown): unknown {
  if (!HeadwaterError.is(failure, 'overloaded')) return failure;
  return new Refusal(`BUSY ${Buffer.from(failure.message).toString('latin1')}`);
}

/**
 * Redis's sentence alone names no master, and its clients look for its first words. In a cluster the address of the
 * leader follows, because no client can have it from its configuration. The upstream of any other follower may be a
 * follower too.
 */
function readOnly({ message, details: { cause, leader } }: HeadwaterError<'read_only_follower'>): string {
  if (cause === 'ELECTED') return `${READ_ONLY} Writes go to ${leader}, which leads the cluster.`;
  return cause === 'NO_LEADER' ? `${READ_ONLY} ${message.charAt(0).toUpperCase()}${message.slice(1)}.` : READ_ONLY;
}

/** The reply for any failure of a command. An unforeseen failure is reported, and the client sees only that it happened. */
export function sentenceOfFailure(failure: unknown, report: (failure: unknown) => void): string {
  if (failure instanceof Refusal) return failure.message;
  report(failure);
  return sentenceOf(publicError(failure));
}

function firstWordOf({ code, details }: HeadwaterError): string {
  if (code !== 'unavailable') return 'ERR';
  return (details as { cause?: string }).cause === undefined ? 'LOADING' : 'MASTERDOWN';
}
