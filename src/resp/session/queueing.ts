/** The dispatch between MULTI and EXEC: nearly every command is queued. A refused one makes EXEC do nothing. */
import { HeadwaterError } from '../../base/errors.js';
import type { Request } from '../codec/request-parser.js';
import { type Command, type CommandSession, type DataCommand, isAlone, type Known } from '../command.js';
import { Refusal, sentenceOf } from '../replies/refusal.js';
import { mayWrite } from './pause.js';
import type { TransactionState } from './transaction-state.js';

const QUEUED: Known = { write: (out) => out.simple('QUEUED') };

/** A command that queues another one. */
export function queueing(command: Command, name: string, flags: readonly string[]): DataCommand {
  const isRefused = flags.includes('no_multi');
  const writes = flags.includes('write');
  const kind = { command, mayWrite: mayWrite(name, flags), isAlone: isAlone(command) };
  return {
    ask: (request, session) => {
      const { transaction } = session.state;
      if (isRefused) refuse(transaction, 'ERR Command not allowed inside a transaction');
      if (writes) admitWrites(session);
      return enqueue(session, kind, request);
    },
  };
}

/** The command in the place of a request that is refused. A refused EXEC ends the transaction. */
export function refusing(sentence: string): DataCommand {
  return {
    ask: (request, { state: { transaction, user } }) => {
      const [name] = request;
      user.refusedBy(sentence, request);
      if (name?.toString('latin1').toLowerCase() !== 'exec') refuse(transaction, sentence);
      transaction.end();
      throw new Refusal(sentence);
    },
  };
}

interface Kind {
  readonly command: Command;
  readonly mayWrite: boolean;
  readonly isAlone: boolean;
}

function enqueue({ node, state: { transaction } }: CommandSession, kind: Kind, request: Request): Known {
  try {
    transaction.add(kind, request, node.writes.limits.transactionBytesMax);
  } catch (error) {
    if (!HeadwaterError.is(error)) throw error;
    refuse(transaction, sentenceOf(error));
  }
  return QUEUED;
}

/** Refuses a write that the node would not take now. EXEC asks again. */
function admitWrites({ node, state: { transaction } }: CommandSession): void {
  // The commands of one chunk are checked together.
  if (transaction.open?.areWritesAdmitted) return;
  const { role } = node.roles;
  if (role === 'follower' && !node.relay) refuse(transaction, sentenceOf(node.readOnly));
  const reason = role === 'leader' ? (node.writes.refusal ?? node.writes.guards.refusal) : undefined;
  if (reason) refuse(transaction, sentenceOf(reason));
  if (transaction.open) transaction.open.areWritesAdmitted = true;
}

function refuse(transaction: TransactionState, sentence: string): never {
  if (transaction.open) transaction.open.isRefused = true;
  throw new Refusal(sentence);
}
