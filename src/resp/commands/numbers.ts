/** Commands on numbers: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT. */

import { parseLongDouble } from '../../commands/long-double.js';
import type { ReplyTo } from '../../model/operation.js';
import { int64 } from '../arguments/arguments.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import { type Asked, asked, type CommandFamily } from '../command.js';
import { NOT_A_FLOAT, Refusal } from '../replies/refusal.js';

const NOT_FINITE = 'ERR increment would produce NaN or Infinity';
const INT64_MIN = -(2n ** 63n);

export const numberCommands: CommandFamily = {
  incr: { ask: (request) => increment(request[1], 1n) },
  decr: { ask: (request) => increment(request[1], -1n) },
  incrby: { ask: ([, key, by]) => increment(key, int64(by)) },
  decrby: { ask: ([, key, by]) => increment(key, negated(int64(by))) },
  incrbyfloat: { ask: incrementFloat },
};

function increment(key: Buffer | undefined, by: bigint): Asked {
  return asked({ kind: 'increment', key: key as Buffer, by }, writeSum);
}

function writeSum(out: ReplyWriter, { value }: ReplyTo<'increment'>): void {
  out.integer(value);
}

function negated(by: bigint): bigint {
  if (by === INT64_MIN) throw new Refusal('ERR decrement would overflow');
  return -by;
}

/** As in Redis, the type of the key is looked at before the number. */
function incrementFloat([, keyBytes, argument]: Request): Asked {
  const key = keyBytes as Buffer;
  const by = (argument as Buffer).toString('latin1');
  if (parseLongDouble(by) === undefined) return asked({ kind: 'get', key }, (out) => out.error(NOT_A_FLOAT));
  const operation = { kind: 'incrementFloat', key, by, longDouble: true } as const;
  return asked(operation, writeFloatSum, ({ code }) => (code === 'overflow' ? NOT_FINITE : undefined));
}

function writeFloatSum(out: ReplyWriter, { value }: ReplyTo<'incrementFloat'>): void {
  out.bulk(value);
}
