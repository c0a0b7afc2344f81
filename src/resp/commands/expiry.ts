/**
 * Commands on expiries: TTL, PTTL, EXPIRETIME, PEXPIRETIME, EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, PERSIST.
 *
 * A moment that the store cannot count is refused in Redis's words for an invalid time.
 */
import type { ExpireCondition, NewExpiry, ReplyTo } from '../../model/operation.js';
import { int64, textOf, wordOf } from '../arguments/arguments.js';
import { lateExpiry, MILLISECONDS_MAX, TIME_UNITS, type TimeUnit } from '../arguments/expiry-options.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import { asked, type CommandFamily, type DataCommand } from '../command.js';
import { countLookup, writeApplied } from '../replies/answers.js';
import { invalidExpireTime, Refusal } from '../replies/refusal.js';

const NX_WITH_OTHERS = 'ERR NX and XX, GT or LT options at the same time are not compatible';
const GT_WITH_LT = 'ERR GT and LT options at the same time are not compatible';

const NO_KEY = -2;
const NO_EXPIRY = -1;

/** A key's expiry, as its commands count it. */
interface Expiring {
  readonly ttlMs: number;
  readonly expiresAtMs: number;
}

export const expiryCommands: CommandFamily = {
  ttl: remaining(({ ttlMs }) => seconds(Math.max(0, ttlMs))),
  pttl: remaining(({ ttlMs }) => Math.max(0, ttlMs)),
  expiretime: remaining(({ expiresAtMs }) => seconds(expiresAtMs)),
  pexpiretime: remaining(({ expiresAtMs }) => expiresAtMs),

  expire: expiring('expire', TIME_UNITS.ex),
  pexpire: expiring('pexpire', TIME_UNITS.px),
  expireat: expiring('expireat', TIME_UNITS.exat),
  pexpireat: expiring('pexpireat', TIME_UNITS.pxat),

  persist: { ask: (request) => asked({ kind: 'persist', key: request[1] as Buffer }, writeApplied) },
};

/** Redis rounds to the nearest second. */
function seconds(milliseconds: number): number {
  return Math.floor((milliseconds + 500) / 1_000);
}

function remaining(count: (expiring: Expiring) => number): DataCommand {
  const answer = (out: ReplyWriter, reply: ReplyTo<'timeToLive'>) => {
    countLookup(out, reply.exists);
    if (!reply.exists) out.integer(NO_KEY);
    else if (reply.expiresAtMs === undefined) out.integer(NO_EXPIRY);
    else out.integer(count({ ttlMs: reply.ttlMs ?? 0, expiresAtMs: reply.expiresAtMs }));
  };
  return { ask: (request) => asked({ kind: 'timeToLive', key: request[1] as Buffer }, answer) };
}

/** The command of that name that gives a key an expiry. */
function expiring(name: string, { unitMs, from }: TimeUnit): DataCommand {
  const sentence = lateExpiry(name);
  return {
    ask: (request) => {
      const condition = conditionIn(request);
      const ms = milliseconds(int64(request[2]), unitMs, name);
      const expiry: NewExpiry = from === 'now' ? { ttlMs: ms } : { expiresAtMs: ms };
      const operation = { kind: 'expire', key: request[1] as Buffer, expiry, condition } as const;
      return asked(operation, writeApplied, sentence);
    },
  };
}

/** A moment long before now is the same as any other one there. */
function milliseconds(count: bigint, unitMs: bigint, command: string): number {
  const ms = count * unitMs;
  if (ms > MILLISECONDS_MAX || BigInt.asIntN(64, ms) !== ms) throw new Refusal(invalidExpireTime(command));
  return Math.max(Number(ms), Number(-MILLISECONDS_MAX));
}

/** XX says nothing new beside GT, since a key without an expiry has the latest one of all. */
function conditionIn(request: Request): ExpireCondition | undefined {
  if (request.length === 3) return undefined;
  const options = new Set(request.slice(3).map(optionOf));
  if (options.has('nx') && options.size > 1) throw new Refusal(NX_WITH_OTHERS);
  if (options.has('gt') && options.has('lt')) throw new Refusal(GT_WITH_LT);
  if (options.has('nx')) return 'if_none';
  if (options.has('gt')) return 'if_later';
  if (options.has('lt')) return options.has('xx') ? 'if_any_and_earlier' : 'if_earlier';
  return 'if_any';
}

function optionOf(argument: Buffer): string {
  const option = wordOf(argument);
  if (option === 'nx' || option === 'xx' || option === 'gt' || option === 'lt') return option;
  throw new Refusal(`ERR Unsupported option ${textOf(argument)}`);
}
