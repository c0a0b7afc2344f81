/** Commands on strings. */
import type { ReplyTo } from '../../model/operation.js';
import { int64 } from '../arguments.js';
import { asked, type CommandFamily } from '../command.js';
import type { ReplyWriter } from '../reply-writer.js';

export const stringCommands: CommandFamily = {
  get: { ask: (request) => asked({ kind: 'get', key: request[1] as Buffer }, value) },

  set: { ask: (request) => asked({ kind: 'set', key: request[1] as Buffer, value: request[2] as Buffer }, applied) },

  incr: { ask: (request) => asked({ kind: 'increment', key: request[1] as Buffer, by: 1n }, sum) },

  incrby: { ask: (request) => asked({ kind: 'increment', key: request[1] as Buffer, by: int64(request[2]) }, sum) },
};

function value(out: ReplyWriter, { value: bytes }: ReplyTo<'get'>): void {
  if (bytes) out.bulk(bytes);
  else out.null();
}

function applied(out: ReplyWriter, reply: ReplyTo<'set'>): void {
  if (reply.applied) out.simple('OK');
  else out.null();
}

function sum(out: ReplyWriter, reply: ReplyTo<'increment'>): void {
  out.integer(reply.value);
}
