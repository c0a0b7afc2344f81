/**
 * Commands of transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH.
 *
 * The data commands between MULTI and EXEC become one operation of the store, whose conditions are the versions of the
 * watched keys. So they take effect together, in one block. A command that fails when it runs does not undo the others,
 * as in Redis.
 *
 * Two things differ from Redis. Commands that are not about data (PUBLISH, INFO, SCAN) run behind all data commands, and
 * their replies stand in their places. And on a follower that forwards writes, a watched key that did not exist, and was
 * written and deleted since, counts as unchanged, since the leader knows the version alone.
 */
import { HeadwaterError } from '../../base/errors.js';
import { invariant } from '../../base/invariant.js';
import { sizeOf, validate } from '../../commands/execute.js';
import type { Operation, Reply, ReplyTo, TransactOperation } from '../../model/operation.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import {
  type Asked,
  type Command,
  type CommandFamily,
  type CommandSession,
  type DataCommand,
  isAlone,
  type Known,
} from '../command.js';
import { Refusal, sentenceOf, transactionAborted } from '../replies/refusal.js';
import type { SessionState } from '../session/session-state.js';
import type { QueuedCommand } from '../session/transaction-state.js';

const OK: Known = { write: (out) => out.simple('OK') };

export const transactionCommands: CommandFamily = {
  multi: {
    ask: (_, { state }) => {
      if (state.transaction.open) throw new Refusal('ERR MULTI calls can not be nested');
      state.transaction.begin();
      return OK;
    },
  },

  exec: { run: exec },

  discard: {
    ask: (_, { state }) => {
      if (!state.transaction.open) throw new Refusal('ERR DISCARD without MULTI');
      state.transaction.end();
      return OK;
    },
  },

  watch: { run: watch },

  unwatch: {
    ask: (_, { state }) => {
      state.transaction.unwatch();
      return OK;
    },
  },
};

/** EXEC of a transaction that is one operation, among the other data commands. */
export const EXECUTE: DataCommand = { ask: askTransaction };

async function watch(session: CommandSession, request: Request): Promise<void> {
  const { out, node } = session;
  const { transaction } = session.state;
  if (transaction.open) throw new Refusal('ERR WATCH inside MULTI is not allowed');
  // The store reads the values too, so the keys are asked for one by one.
  for (const key of request.slice(1)) {
    if (transaction.watches(key)) continue;
    // The watch of an absent key begins before the look, so that nothing is missed in between.
    const watch = node.watches.begin(key);
    try {
      const version = await versionOf(session, key);
      transaction.watch(key, version === 0 ? watch : version, node.writes.limits.transactionBytesMax);
      if (version !== 0) watch.end();
    } catch (failure) {
      watch.end();
      throw failure;
    }
  }
  out.simple('OK');
}

/** The version of a key. 0 if the key does not exist. */
async function versionOf(session: CommandSession, key: Buffer): Promise<number> {
  const [reply] = await session.execute([{ kind: 'multiGet', keys: [key] }], key.length);
  if (reply?.kind === 'error') throw reply.error;
  return (reply?.kind === 'multiGet' && reply.values[0]?.version) || 0;
}

function askTransaction(_: Request, session: CommandSession): Asked | Known {
  const { parts, operation, keptBytes } = takeTransaction(session);
  if (isEmpty(operation)) return { write: (out) => writeParts(out, parts, session.state, []) };
  return {
    operation,
    answer: (out, reply) => writeTransaction(out, parts, session.state, reply as ReplyTo<'transact'>),
    sentence: abortion,
    keptBytes,
  };
}

/** Carries out a transaction with commands that run alone, or a large one. */
async function exec(session: CommandSession): Promise<void> {
  const { transaction } = session.state;
  if (!transaction.open) throw new Refusal('ERR EXEC without MULTI');
  transaction.executingBytes = transaction.open.bytes;
  try {
    await execAlone(session);
  } finally {
    transaction.executingBytes = 0;
  }
}

async function execAlone(session: CommandSession): Promise<void> {
  const { out } = session;
  const { calls } = session.state;
  const { parts, operation } = takeTransaction(session);
  const replies = isEmpty(operation) ? [] : await transact(session, operation);
  if (!replies) return out.nullArray();
  out.begin('array', parts.length);
  let next = 0;
  for (const part of parts) {
    calls.part(part.queued);
    if (part.kind === 'alone') await runWithin(session, part.queued);
    else next += writePart(out, part, replies[next]);
  }
  calls.endParts();
}

interface TakenTransaction {
  readonly parts: readonly Part[];
  readonly operation: TransactOperation;
  readonly keptBytes: number;
}

/** Ends the open transaction. @throws Refusal if one of its commands was refused. */
function takeTransaction(session: CommandSession): TakenTransaction {
  const { transaction } = session.state;
  const { queue, isRefused, keptBytes } = transaction.open as NonNullable<typeof transaction.open>;
  const conditions = transaction.end();
  if (isRefused) throw new Refusal('EXECABORT Transaction discarded because of previous errors.');
  const operations: Operation[] = [];
  const parts = queue.map((queued) => {
    const part = partOf(queued as QueuedCommand<Command>, session);
    if (part.kind === 'asked') operations.push(part.asked.operation);
    return part;
  });
  return { parts, operation: { kind: 'transact', conditions, operations, onRefusal: 'keep' }, keptBytes };
}

function isEmpty({ conditions, operations }: TransactOperation): boolean {
  return conditions.length + operations.length === 0;
}

type Part = { readonly queued: QueuedCommand<Command> } & (
  | { readonly kind: 'known'; readonly known: Known }
  | { readonly kind: 'asked'; readonly asked: Asked }
  | { readonly kind: 'alone' }
);

/** Makes an operation of a data command. A refusal of its arguments concerns this command alone. */
function partOf(queued: QueuedCommand<Command>, session: CommandSession): Part {
  const { command, request } = queued;
  if (isAlone(command)) return { kind: 'alone', queued };
  let asked: Asked | undefined;
  try {
    const answered = command.ask(request, session);
    if ('write' in answered) return { kind: 'known', queued, known: answered };
    asked = answered;
    validate(asked.operation, session.node.writes.limits);
    return { kind: 'asked', queued, asked };
  } catch (failure) {
    const sentence = knownSentence(failure, asked);
    if (sentence === undefined) throw failure;
    return { kind: 'known', queued, known: { write: (out) => out.error(sentence) } };
  }
}

/** The sentence of a refusal, as the command words it. Undefined for an unforeseen failure. */
function knownSentence(failure: unknown, asked?: Asked): string | undefined {
  if (failure instanceof Refusal) return failure.message;
  return HeadwaterError.is(failure) ? (asked?.sentence?.(failure) ?? sentenceOf(failure, asked?.operation)) : undefined;
}

/** @returns the replies, or undefined if a watched key has changed. */
async function transact(
  session: CommandSession,
  transaction: TransactOperation,
): Promise<readonly Reply[] | undefined> {
  const [reply] = (await session.execute([transaction], sizeOf(transaction))) as [Reply];
  if (reply.kind === 'error') throw notDone(reply.error);
  if (reply.kind === 'transact' && reply.committed) return reply.replies;
  return undefined;
}

/** Errors after which the operations may have been done, or have been. */
const MAYBE_DONE: ReadonlySet<string> = new Set(['outcome_unknown', 'durability_not_reached', 'internal']);

/** The sentence for a transaction that was not done. Undefined if it may have been. */
function abortion(error: HeadwaterError): string | undefined {
  return MAYBE_DONE.has(error.code) ? undefined : transactionAborted(sentenceOf(error));
}

function notDone(error: HeadwaterError): Error {
  const sentence = abortion(error);
  return sentence === undefined ? error : new Refusal(sentence);
}

function writeTransaction(
  out: ReplyWriter,
  parts: readonly Part[],
  state: Pick<SessionState, 'calls'>,
  { committed, replies }: ReplyTo<'transact'>,
): void {
  if (committed) writeParts(out, parts, state, replies);
  else out.nullArray();
}

function writeParts(
  out: ReplyWriter,
  parts: readonly Part[],
  { calls }: Pick<SessionState, 'calls'>,
  replies: readonly Reply[],
): void {
  out.begin('array', parts.length);
  let next = 0;
  for (const part of parts) {
    calls.part(part.queued);
    next += writePart(out, part, replies[next]);
  }
  calls.endParts();
}

/** @param reply the next one of the store. @returns the number of replies that were written: one, or none. */
function writePart(out: ReplyWriter, part: Part, reply: Reply | undefined): number {
  if (part.kind === 'known') part.known.write(out);
  if (part.kind !== 'asked') return 0;
  // A client counts replies, so it would take those of later commands for these.
  invariant(reply, 'the store replies to each operation of a transaction');
  const { answer, sentence, operation } = part.asked;
  if (reply.kind !== 'error') answer(out, reply);
  else out.error(sentence?.(reply.error) ?? sentenceOf(reply.error, operation));
  return 1;
}

async function runWithin(session: CommandSession, { command, request }: QueuedCommand<Command>): Promise<void> {
  const { transaction, user } = session.state;
  transaction.isExecuting = true;
  try {
    // Another user may have signed in since the command was queued.
    const entry = session.door.table.entryOf(command);
    const denied = entry && user.isLimited && !user.mayUse(entry) ? user.refusalOf(entry, request) : undefined;
    if (denied !== undefined) throw new Refusal(denied);
    if (isAlone(command)) await command.run(session, request);
  } catch (failure) {
    // An unforeseen failure ends the connection, since the client knows how many replies were to come.
    const sentence = knownSentence(failure);
    if (sentence === undefined) {
      session.drop();
      throw failure;
    }
    session.out.error(sentence);
  } finally {
    transaction.isExecuting = false;
  }
}
