/** The dispatch between MULTI and EXEC: nearly every command is queued. A refused one makes EXEC do nothing. */
import { HeadwaterError } from '../../base/errors.js';
import type { Request } from '../codec/request-parser.js';
import type { Command, CommandSession, SessionCommand } from '../command.js';
import { READ_ONLY, Refusal, sentenceOf } from '../replies/refusal.js';
import type { TransactionState } from './transaction-state.js';

/** A command of the table, as far as the queue looks at it. */
export interface Queueable {
  readonly name: string;
  readonly facts: { readonly flags: readonly string[] };
  readonly command: Command | undefined;
}

/** These commands run at once, also between MULTI and EXEC. */
const AT_ONCE: ReadonlySet<string> = new Set(['multi', 'exec', 'discard', 'watch', 'quit', 'reset']);

/**
 * The command that queues a request. MULTI and others run themselves.
 * @param found the command that the client asks for, or the sentence of its refusal.
 */
export function queueing(found: Queueable | string): Command {
  if (typeof found === 'string') return refusing(found);
  const { name, facts, command } = found;
  if (AT_ONCE.has(name)) return command as Command;
  return { run: (session, request) => enqueue(session, facts.flags, command as Command, request) };
}

/** A request of EXEC that is refused ends the transaction. */
function refusing(sentence: string): SessionCommand {
  return {
    run: ({ state: { transaction } }, [name]) => {
      if (name?.toString('latin1').toLowerCase() !== 'exec') refuse(transaction, sentence);
      transaction.end();
      throw new Refusal(sentence);
    },
  };
}

function enqueue(session: CommandSession, flags: readonly string[], command: Command, request: Request): void {
  const { node, out } = session;
  const { activity, transaction } = session.state;
  activity.newest = command;
  const writes = flags.includes('write');
  if (flags.includes('no_multi')) refuse(transaction, 'ERR Command not allowed inside a transaction');
  if (writes && node.roles.role === 'follower' && !node.relay) refuse(transaction, READ_ONLY);
  try {
    transaction.add({ command, request, writes }, node.writes.limits.transactionBytesMax);
  } catch (error) {
    if (!HeadwaterError.is(error)) throw error;
    refuse(transaction, sentenceOf(error));
  }
  out.simple('QUEUED');
}

function refuse(transaction: TransactionState, sentence: string): never {
  if (transaction.open) transaction.open.isRefused = true;
  throw new Refusal(sentence);
}
