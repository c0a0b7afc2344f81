/**
 * The names of the options of commands. A method of a client has those of every call too. A step of a transaction has
 * its own alone.
 */
import { type OptionNames, optionNames } from '../base/option-names.js';
import type { ExpireOptions, GetExOptions, RenameOptions, SetOptions, SumOptions } from './operations.js';
import { CALL_NAMES } from './options.js';
import type { Transaction } from './transaction.js';

const EXPIRY_NAMES = { ttlMs: true, expiresAtMs: true } as const;

export const SET_STEP = optionNames<SetOptions>({
  ...EXPIRY_NAMES,
  keepTtl: true,
  ifAbsent: true,
  ifPresent: true,
  returnOld: true,
});
export const GET_EX_STEP = optionNames<GetExOptions>({ ...EXPIRY_NAMES, persist: true });
export const EXPIRE_STEP = optionNames<ExpireOptions>({ ...EXPIRY_NAMES, condition: true });
export const INCR_STEP = optionNames<SumOptions>({ bigint: true });
export const RENAME_STEP = optionNames<RenameOptions>({ ifAbsent: true });

/** The names of a transaction's parts. */
export const TRANSACTION = optionNames<Transaction>({ conditions: true, operations: true });

export const SET = withCall(SET_STEP);
export const GET_EX = withCall(GET_EX_STEP);
export const EXPIRE = withCall(EXPIRE_STEP);
export const INCR = withCall(INCR_STEP);
export const RENAME = withCall(RENAME_STEP);

function withCall(names: OptionNames): OptionNames {
  return new Set([...Object.keys(CALL_NAMES), ...names]);
}
