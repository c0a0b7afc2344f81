/** Requests in a row that one command carries out together. */
import { RECEIVING_SMALL_BYTES } from '../../base/limits.js';
import { ProtocolError } from '../codec/protocol-error.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandSession, SessionCommand } from '../command.js';
import { commandOf } from '../table/table.js';
import type { Intake } from './intake.js';

/** Passes over the first request, and those behind it that the command carries out with it. @returns them. */
export function takeRow(command: SessionCommand, intake: Intake, session: CommandSession): Request[] {
  const isBreak = intake.first instanceof ProtocolError;
  const from = intake.place;
  const row = requestsOf(command, intake, session);
  if (!isBreak) session.state.user.limits.count(intake, from);
  return row;
}

function requestsOf(command: SessionCommand, intake: Intake, { state, door }: CommandSession): Request[] {
  const row = [intake.first as Request];
  const first = intake.place;
  intake.advance();
  const { replies, listener } = state;
  // A subscriber gets a message of its own before the reply to the command behind it.
  if (!command.runRow || !replies.areAll || listener || door.clients.pause.isOn) return row;
  for (let next = intake.first; next && !(next instanceof ProtocolError); next = intake.first) {
    if (intake.bytesSince(first) >= RECEIVING_SMALL_BYTES || commandOf(next, state) !== command) break;
    row.push(next);
    intake.advance();
  }
  return row;
}
