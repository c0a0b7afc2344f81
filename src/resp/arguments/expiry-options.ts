/** The options of SET and GETEX, and times to live as SETEX and PSETEX have them. */
import type { HeadwaterError } from '../../base/errors.js';
import type { NewExpiry, SetCondition } from '../../model/operation.js';
import type { Request } from '../codec/request-parser.js';
import { invalidExpireTime, Refusal, SYNTAX_ERROR } from '../replies/refusal.js';
import { int64, wordOf } from './arguments.js';

/** The unit of an amount of time, and the moment from which it counts. */
export interface TimeUnit {
  readonly unitMs: bigint;
  readonly from: 'now' | 'epoch';
}

/** The units by the options of SET that have them. */
export const TIME_UNITS = {
  ex: { unitMs: 1_000n, from: 'now' },
  px: { unitMs: 1n, from: 'now' },
  exat: { unitMs: 1_000n, from: 'epoch' },
  pxat: { unitMs: 1n, from: 'epoch' },
} as const;

const TIME_OPTIONS: ReadonlyMap<string, TimeUnit> = new Map(Object.entries(TIME_UNITS));

/** The store counts in milliseconds below 2^53, which end 280,000 years from now, and Redis below 2^63. */
export const MILLISECONDS_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** The options of a command, of which each has its own. */
interface Options {
  condition?: SetCondition;
  returnOld?: true;
  /** The option about the expiry in lower case: `ex`, `px`, `exat`, `pxat`, `keepttl` or `persist`. */
  expiry?: string;
  /** The argument of that option. */
  amount?: Buffer;
}

/**
 * Reads the options from `start` on. An option may be repeated, and the last amount counts.
 * @throws Refusal for an option that the command does not know, or that contradicts another one.
 */
export function optionsIn(request: Request, command: 'set' | 'getex'): Options {
  const options: Options = {};
  for (let i = command === 'set' ? 3 : 2; i < request.length; i++) {
    const option = wordOf(request[i]);
    const amount = TIME_OPTIONS.has(option) ? request[++i] : undefined;
    const isTaken =
      command === 'set' ? takeOfSet(options, option) : option === 'persist' && takeExpiry(options, option);
    if (isTaken) continue;
    if (amount === undefined || !takeExpiry(options, option)) throw new Refusal(SYNTAX_ERROR);
    options.amount = amount;
  }
  return options;
}

/** @returns false if the option is none of SET alone. */
function takeOfSet(options: Options, option: string): boolean {
  if (option === 'keepttl') return takeExpiry(options, option);
  if (option === 'get') options.returnOld = true;
  else if (option === 'nx' && options.condition !== 'if_present') options.condition = 'if_absent';
  else if (option === 'xx' && options.condition !== 'if_absent') options.condition = 'if_present';
  else return false;
  return true;
}

/** @returns false if another option about the expiry came before. */
function takeExpiry(options: Options, option: string): boolean {
  options.expiry ??= option;
  return options.expiry === option;
}

/** The expiry of an option with an amount. @throws Refusal */
export function expiryOf({ expiry, amount }: Options, command: string): NewExpiry | undefined {
  const unit = amount && TIME_OPTIONS.get(expiry as string);
  return unit && lifeSpan(amount, unit, command);
}

/** The expiry of a key that is given one. @throws Refusal if the amount is not positive or too large. */
export function lifeSpan(amount: Buffer, { unitMs, from }: TimeUnit, command: string): NewExpiry {
  const ms = int64(amount) * unitMs;
  if (ms <= 0n || ms > MILLISECONDS_MAX) throw new Refusal(invalidExpireTime(command));
  return from === 'now' ? { ttlMs: Number(ms) } : { expiresAtMs: Number(ms) };
}

/** The sentence for a time to live that ends later than the store can count. */
export function lateExpiry(command: string): (error: HeadwaterError) => string | undefined {
  return ({ code }) => (code === 'invalid_argument' ? invalidExpireTime(command) : undefined);
}
