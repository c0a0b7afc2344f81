/**
 * Commands on expiries: TTL, PTTL, EXPIRETIME, PEXPIRETIME, EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, PERSIST.
 *
 * The store counts in milliseconds below 2^53, and Redis below 2^63. A moment between them is more than 280,000 years
 * from now, and is refused in Redis's words for an invalid time.
 */
import type { ExpireCondition, NewExpiry, ReplyTo } from '../../model/operation.js';
import { int64, textOf, wordOf } from '../arguments/arguments.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import { asked, type CommandFamily, type DataCommand } from '../command.js';
import { invalidExpireTime, Refusal } from '../replies/refusal.js';

const NX_WITH_OTHERS = 'ERR NX and XX, GT or LT options at the same time are not compatible';
const GT_WITH_LT = 'ERR GT and LT options at the same time are not compatible';

const MILLISECONDS_MAX = BigInt(Number.MAX_SAFE_INTEGER);

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

  expire: expiring('expire', { unitMs: 1_000n, from: 'now' }),
  pexpire: expiring('pexpire', { unitMs: 1n, from: 'now' }),
  expireat: expiring('expireat', { unitMs: 1_000n, from: 'epoch' }),
  pexpireat: expiring('pexpireat', { unitMs: 1n, from: 'epoch' }),

  persist: { ask: (request) => asked({ kind: 'persist', key: request[1] as Buffer }, applied) },
};

function applied(out: ReplyWriter, reply: { readonly applied: boolean }): void {
  out.integer(reply.applied ? 1 : 0);
}

/** Redis rounds to the nearest second. */
function seconds(milliseconds: number): number {
  return Math.floor((milliseconds + 500) / 1_000);
}

function remaining(count: (expiring: Expiring) => number): DataCommand {
  const answer = (out: ReplyWriter, reply: ReplyTo<'timeToLive'>) => {
    if (!reply.exists) out.integer(NO_KEY);
    else if (reply.expiresAtMs === undefined) out.integer(NO_EXPIRY);
    else out.integer(count({ ttlMs: reply.ttlMs ?? 0, expiresAtMs: reply.expiresAtMs }));
  };
  return { ask: (request) => asked({ kind: 'timeToLive', key: request[1] as Buffer }, answer) };
}

interface Unit {
  readonly unitMs: bigint;
  readonly from: 'now' | 'epoch';
}

/** The command of that name that gives a key an expiry. */
function expiring(name: string, { unitMs, from }: Unit): DataCommand {
  const tooLate = invalidExpireTime(name);
  return {
    ask: (request) => {
      const condition = conditionIn(request);
      const ms = milliseconds(int64(request[2]), unitMs, tooLate);
      const expiry: NewExpiry = from === 'now' ? { ttlMs: ms } : { expiresAtMs: ms };
      const operation = { kind: 'expire', key: request[1] as Buffer, expiry, condition } as const;
      return asked(operation, applied, ({ code }) => (code === 'invalid_argument' ? tooLate : undefined));
    },
  };
}

/** A moment long before now is the same as any other one there. */
function milliseconds(count: bigint, unitMs: bigint, tooLate: string): number {
  const ms = count * unitMs;
  if (ms > MILLISECONDS_MAX || BigInt.asIntN(64, ms) !== ms) throw new Refusal(tooLate);
  return Number(ms < -MILLISECONDS_MAX ? -MILLISECONDS_MAX : ms);
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
