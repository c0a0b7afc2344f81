/**
 * Commands of transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH.
 *
 * The data commands between MULTI and EXEC become one operation of the store, whose conditions are the versions of the
 * watched keys. So they take effect together, in one block. A command that fails when it runs does not undo the others,
 * as in Redis.
 *
 * Two things differ from Redis. Commands that are not about data (PUBLISH, INFO, SCAN) run behind all data commands, and
 * their replies stand in their places. And a watched key that did not exist, and was written and deleted since, counts
 * as unchanged.
 */
import { HeadwaterError } from '../../base/errors.js';
import { sizeOf, validate } from '../../commands/execute.js';
import type { Limits } from '../../commands/view.js';
import type { Reply, TransactOperation } from '../../model/operation.js';
import type { Request } from '../codec/request-parser.js';
import { type Asked, type Command, type CommandFamily, type CommandSession, isAlone } from '../command.js';
import { Refusal, sentenceOf, transactionAborted } from '../replies/refusal.js';
import type { QueuedCommand } from '../session/transaction-state.js';

export const transactionCommands: CommandFamily = {
  multi: {
    run: ({ out, state }) => {
      if (state.transaction.open) throw new Refusal('ERR MULTI calls can not be nested');
      state.transaction.begin();
      out.simple('OK');
    },
  },

  exec: { run: exec },

  discard: {
    run: ({ out, state }) => {
      if (!state.transaction.open) throw new Refusal('ERR DISCARD without MULTI');
      state.transaction.end();
      out.simple('OK');
    },
  },

  watch: { run: watch },

  unwatch: {
    run: ({ out, state }) => {
      state.transaction.unwatch();
      out.simple('OK');
    },
  },
};

async function watch(session: CommandSession, request: Request): Promise<void> {
  const { out, node } = session;
  const { transaction } = session.state;
  if (transaction.open) throw new Refusal('ERR WATCH inside MULTI is not allowed');
  // The store reads the values too, so the keys are asked for one by one.
  for (const key of request.slice(1)) {
    if (transaction.watches(key)) continue;
    const [reply] = await session.execute([{ kind: 'multiGet', keys: [key] }], key.length);
    if (reply?.kind === 'error') throw reply.error;
    const version = reply?.kind === 'multiGet' ? reply.values[0]?.version : undefined;
    transaction.watch(key, version ?? 0, node.writes.limits.transactionBytesMax);
  }
  out.simple('OK');
}

async function exec(session: CommandSession): Promise<void> {
  const { out } = session;
  const { transaction } = session.state;
  const { open } = transaction;
  if (!open) throw new Refusal('ERR EXEC without MULTI');
  const conditions = transaction.end();
  if (open.isRefused) throw new Refusal('EXECABORT Transaction discarded because of previous errors.');
  const parts = open.queue.map((queued) => partOf(queued as QueuedCommand<Command>, session.node.writes.limits));
  const operations = parts.flatMap((part) => (part.kind === 'asked' ? [part.asked.operation] : []));
  const replies = await transact(session, { kind: 'transact', conditions, operations, onRefusal: 'keep' });
  if (!replies) return out.nullArray();
  out.begin('array', parts.length);
  let next = 0;
  for (const part of parts) {
    if (part.kind === 'refused') out.error(part.sentence);
    else if (part.kind === 'asked') answer(session, part.asked, replies[next++] as Reply);
    else await runWithin(session, part.queued);
  }
}

type Part =
  | { readonly kind: 'refused'; readonly sentence: string }
  | { readonly kind: 'asked'; readonly asked: Asked }
  | { readonly kind: 'alone'; readonly queued: QueuedCommand<Command> };

/** Makes an operation of a data command. A refusal of its arguments concerns this command alone. */
function partOf(queued: QueuedCommand<Command>, limits: Limits): Part {
  const { command, request } = queued;
  if (isAlone(command)) return { kind: 'alone', queued };
  let asked: Asked | undefined;
  try {
    asked = command.ask(request);
    validate(asked.operation, limits);
    return { kind: 'asked', asked };
  } catch (failure) {
    const sentence = knownSentence(failure, asked);
    if (sentence === undefined) throw failure;
    return { kind: 'refused', sentence };
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
  if (transaction.conditions.length + transaction.operations.length === 0) return [];
  const [reply] = (await session.execute([transaction], sizeOf(transaction))) as [Reply];
  if (reply.kind === 'error') throw notDone(reply.error);
  if (reply.kind === 'transact' && reply.committed) return reply.replies;
  return undefined;
}

/** Errors after which the operations may have been done, or have been. */
const MAYBE_DONE: ReadonlySet<string> = new Set(['outcome_unknown', 'durability_not_reached', 'internal']);

function notDone(error: HeadwaterError): Error {
  if (MAYBE_DONE.has(error.code)) return error;
  return new Refusal(transactionAborted(sentenceOf(error)));
}

function answer({ out }: CommandSession, { answer: write, sentence, operation }: Asked, reply: Reply): void {
  if (reply.kind !== 'error') write(out, reply);
  else out.error(sentence?.(reply.error) ?? sentenceOf(reply.error, operation));
}

async function runWithin(session: CommandSession, { command, request }: QueuedCommand<Command>): Promise<void> {
  const { transaction } = session.state;
  transaction.isExecuting = true;
  try {
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
