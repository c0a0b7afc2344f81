/**
 * Replies that are written in the turn in which their commands are read, because memory has all that they need. They do
 * not go through the pipeline, so that nothing is made and nothing is awaited for them. The rules of the pipeline hold
 * all the same: replies leave in order, and a client that does not read gets no further replies made.
 */
import { REPLY_MESSAGE_BYTES_TARGET } from '../../base/limits.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandSession, DataCommand } from '../command.js';
import type { RedisConnection } from './connection.js';
import type { SessionState } from './session-state.js';

interface NowSession extends CommandSession {
  readonly connection: Pick<RedisConnection, 'sending' | 'share'>;
  readonly state: SessionState;
}

/** Whether commands of a session can be answered at once, if all commands before them are answered. */
export function canAnswerNow({ connection, node, state }: NowSession): boolean {
  if (connection.sending.bytes > 0 || !connection.share.hasRoom(REPLY_MESSAGE_BYTES_TARGET)) return false;
  if (!state.replies.areAll || state.guarantees) return false;
  // A node that forwards writes may have to wait for them, and a node that serves no stale reads refuses some.
  return !node.relay && !node.guarantees.freshness.refusal;
}

/** @returns false if the command was not answered. */
export function answerNow(command: DataCommand | string, request: Request, session: NowSession): boolean {
  if (typeof command === 'string' || !command.answerNow) return false;
  if (session.out.bytes >= REPLY_MESSAGE_BYTES_TARGET || !command.answerNow(request, session)) return false;
  session.state.seen = session.node.memoryReads.position;
  return true;
}
