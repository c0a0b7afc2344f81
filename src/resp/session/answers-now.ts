/**
 * Replies that are written in the turn in which their commands are read, because memory has all that they need. They do
 * not go through the pipeline, so that nothing is made and nothing is awaited for them. The rules of the pipeline hold
 * all the same: replies leave in order, and a client that does not read gets no further replies made.
 */
import { REPLY_MESSAGE_BYTES_TARGET } from '../../base/limits.js';
import { ProtocolError } from '../codec/protocol-error.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandSession, DataCommand } from '../command.js';
import type { RedisConnection } from './connection.js';
import type { Intake } from './intake.js';
import type { SessionState } from './session-state.js';

interface NowSession extends CommandSession {
  readonly connection: Pick<RedisConnection, 'sending' | 'share'>;
  readonly state: SessionState;
}

/** Fewer requests are not worth a look ahead. */
const AHEAD_MIN = 8;

/**
 * Whether commands of a session can be answered at once, if all commands before them are answered.
 * @param command the first one. @param intake has its request first.
 */
export function canAnswerNow(
  { connection, node, state }: NowSession,
  command: DataCommand | string,
  intake: Pick<Intake, 'ahead'>,
): boolean {
  if (typeof command === 'string' || !command.answerNow) return false;
  if (connection.sending.bytes > 0 || !connection.share.hasRoom(REPLY_MESSAGE_BYTES_TARGET)) return false;
  if (!state.replies.areAll || state.guarantees || !state.user.grant.isWhole) return false;
  // A node that forwards writes may have to wait for them, and a node that serves no stale reads refuses some.
  if (node.relay || node.guarantees.freshness.refusal) return false;
  const { ahead } = intake;
  if (ahead.length >= AHEAD_MIN) node.memoryReads.warm(keysOf(ahead));
  return true;
}

/** The keys of the requests that name the same command as the first. */
function keysOf(ahead: ReadonlyArray<Request | ProtocolError>): Buffer[] {
  const [name] = ahead[0] as Request;
  const keys: Buffer[] = [];
  for (const request of ahead) {
    if (request instanceof ProtocolError || request[0] !== name || !request[1]) break;
    keys.push(request[1]);
  }
  return keys;
}

/** @returns false if the command was not answered. */
export function answerNow(command: DataCommand | string, request: Request, session: NowSession): boolean {
  if (typeof command === 'string' || !command.answerNow) return false;
  if (session.out.bytes >= REPLY_MESSAGE_BYTES_TARGET || !command.answerNow(request, session)) return false;
  session.state.seen = session.node.memoryReads.position;
  return true;
}
