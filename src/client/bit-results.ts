/** The results of the commands on bits, as results.ts has those of the others. */

import type { Bit, ReplyTo, SubsequenceMatch } from '../model/operation.js';
import { described } from './codec.js';
import type { Data } from './operations.js';
import { exactNumber } from './results.js';

/** The result of `lcsMatches`. */
export interface LcsMatches {
  /** The length of the whole subsequence in bytes. */
  readonly length: number;
  /** The matches, the last first. */
  readonly matches: readonly SubsequenceMatch[];
}

export const readBit = ({ bit }: { bit: Bit }): Bit => bit;
export const readBits = ({ bits }: ReplyTo<'bitCount'>): number => bits;
export const readPosition = ({ position }: ReplyTo<'bitPosition'>): number | undefined => position;

export const readMatches = ({ length, matches }: ReplyTo<'longestCommonSubsequence'>): LcsMatches => ({
  length,
  matches,
});

const NOTHING = Buffer.alloc(0);

/** The reader of a subsequence in the form that a client has for parts of values. */
export const readText =
  <Key>(raw: (bytes: Buffer) => Key) =>
  ({ value }: ReplyTo<'longestCommonSubsequence'>): Key =>
    raw(value ?? NOTHING);

type Fields<T> = Array<T | undefined>;

const readBigints = ({ values }: ReplyTo<'bitField'>): Fields<bigint> => [...values];

/** @throws HeadwaterError `too_large` for a result that a number does not hold exactly. The steps are done. */
const readNumbers = ({ values }: ReplyTo<'bitField'>, { key }: { readonly key: Data }): Fields<number> =>
  values.map((value) =>
    value === undefined ? undefined : exactNumber(value, `the steps on ${described(key)} are done`),
  );

/** The reader of fields in the form that the options ask for. */
export function readFields({ bigint = false }: { readonly bigint?: boolean | undefined } = {}) {
  return bigint ? readBigints : readNumbers;
}
