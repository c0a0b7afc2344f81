/**
 * The names of the options of commands. A method of a client has those of every call too. A step of a transaction has
 * its own alone.
 */
import { type OptionNames, optionNames } from '../base/option-names.js';
import type { BitPosOptions, BitRangeOptions, LcsMatchesOptions } from './bit-operations.js';
import type {
  CopyOptions,
  ExpireOptions,
  GetExOptions,
  MSetOptions,
  RenameOptions,
  SetOptions,
  SumOptions,
} from './operations.js';
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
export const MSET_STEP = optionNames<MSetOptions>({ ifAbsent: true });
export const COPY_STEP = optionNames<CopyOptions>({ replace: true });
export const BIT_COUNT_STEP = optionNames<BitRangeOptions>({ start: true, end: true, unit: true });
export const BIT_POS_STEP = optionNames<BitPosOptions>({ start: true, end: true, unit: true });
export const LCS_MATCHES_STEP = optionNames<LcsMatchesOptions>({ minMatchLength: true });

/** The names of a transaction's parts. */
export const TRANSACTION = optionNames<Transaction>({ conditions: true, operations: true, onRefusal: true });

export const COMMIT = withCall(optionNames<Pick<Transaction, 'onRefusal'>>({ onRefusal: true }));
export const SET = withCall(SET_STEP);
export const GET_EX = withCall(GET_EX_STEP);
export const EXPIRE = withCall(EXPIRE_STEP);
export const INCR = withCall(INCR_STEP);
export const RENAME = withCall(RENAME_STEP);
export const MSET = withCall(MSET_STEP);
export const COPY = withCall(COPY_STEP);
export const BIT_COUNT = withCall(BIT_COUNT_STEP);
export const BIT_POS = withCall(BIT_POS_STEP);
export const BIT_FIELD = withCall(INCR_STEP);
export const LCS_MATCHES = withCall(LCS_MATCHES_STEP);

function withCall(names: OptionNames): OptionNames {
  return new Set([...Object.keys(CALL_NAMES), ...names]);
}
