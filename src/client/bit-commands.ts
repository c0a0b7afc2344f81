/**
 * The typed methods of a client for the bits of values, and for the comparison of two values. commands.ts has the
 * others, and says how a method works. bit-operations.ts makes the operations.
 */

import type { OptionNames } from '../base/option-names.js';
import type { Bit, BitOperator, OperationKind, OutgoingOperation } from '../model/operation.js';
import {
  type BitFieldAction,
  type BitPosOptions,
  type BitRangeOptions,
  bitCountOperation,
  bitFieldOperation,
  bitPositionOperation,
  type LcsMatchesOptions,
  subsequenceOperation,
} from './bit-operations.js';
import { type LcsMatches, readBit, readBits, readFields, readMatches, readPosition, readText } from './bit-results.js';
import { askWith, type Caller } from './caller.js';
import type { Forms } from './codec.js';
import { BIT_COUNT, BIT_FIELD, BIT_POS, LCS_MATCHES } from './command-options.js';
import type { BigintOption, Data, NumberOption, SumOptions } from './operations.js';
import { CALL, type CallOptions } from './options.js';
import type { ReadReply } from './pending-command.js';
import { readLength } from './results.js';

/** The commands on the bits of values. `Key` is the form in which parts of values come back: text, or bytes. */
export class BitCommands<Key = string> {
  readonly #session: Caller;
  readonly #raw: (bytes: Buffer) => Key;

  /** @internal */
  constructor(session: Caller, { raw }: Pick<Forms<Key, unknown, never>, 'raw'>) {
    this.#session = session;
    this.#raw = raw;
  }

  /**
   * Returns a bit of the value. Bits behind the end of the value are 0.
   * @param offset the position of the bit, 0 to 2^32 - 1. 0 is the highest bit of the first byte.
   */
  getBit(key: Data, offset: number, options?: CallOptions): Promise<Bit> {
    return this.#ask<'getBit', Bit>(() => ({ kind: 'getBit', key, offset }), false, readBit, options);
  }

  /**
   * Sets a bit of the value, and fills a gap before it with zero bits. Returns the bit that was there.
   * @param offset as for `getBit`.
   */
  setBit(key: Data, offset: number, bit: Bit, options?: CallOptions): Promise<Bit> {
    return this.#ask<'setBit', Bit>(() => ({ kind: 'setBit', key, offset, bit }), true, readBit, options);
  }

  /** Returns how many bits of the value are 1, in the whole value or in a range of it. */
  bitCount(key: Data, options?: BitRangeOptions & CallOptions): Promise<number> {
    return this.#ask<'bitCount', number>(() => bitCountOperation(key, options), false, readBits, options, BIT_COUNT);
  }

  /**
   * Returns the position of the first bit of this kind in the value, or in a range of it. Undefined if there is none.
   * Zero bits follow the value, unless the options have an `end`.
   */
  bitPos(key: Data, bit: Bit, options?: BitPosOptions & CallOptions): Promise<number | undefined> {
    return this.#ask<'bitPosition', number | undefined>(
      () => bitPositionOperation(key, bit, options),
      false,
      readPosition,
      options,
      BIT_POS,
    );
  }

  /**
   * Combines the values of the keys bit by bit, and sets `destination` to the result, without an expiry. Returns the
   * length of the result in bytes. An empty result deletes the destination.
   * @param operator `not` takes one key.
   */
  bitOp(operator: BitOperator, destination: Data, keys: readonly Data[], options?: CallOptions): Promise<number> {
    return this.#ask<'bitOperation', number>(
      () => ({ kind: 'bitOperation', operator, key: destination, keys }),
      true,
      readLength,
      options,
    );
  }

  /**
   * Reads and writes whole numbers of a few bits anywhere in the value, in order. Returns a number for each step: the
   * one that a `get` read, the one before a `set`, or the sum of an `increment`. Undefined for a step that failed by
   * overflow. With `{ bigint: true }`, the numbers are bigints.
   *
   *     const [hits] = await db.bitField('counters', [{ action: 'increment', type: 'u16', offset: '#3', by: 1 }]);
   *
   * @throws HeadwaterError `too_large` if a number does not hold a result exactly: the steps are done then.
   */
  bitField(
    key: Data,
    steps: readonly BitFieldAction[],
    options?: CallOptions & NumberOption,
  ): Promise<Array<number | undefined>>;
  /** Reads and writes whole numbers of a few bits, and returns bigints. */
  bitField(
    key: Data,
    steps: readonly BitFieldAction[],
    options: CallOptions & BigintOption,
  ): Promise<Array<bigint | undefined>>;
  /** Reads and writes whole numbers of a few bits. */
  bitField(
    key: Data,
    steps: readonly BitFieldAction[],
    options?: CallOptions & SumOptions,
  ): Promise<Array<number | bigint | undefined>>;
  bitField(key: Data, steps: readonly BitFieldAction[], options?: CallOptions & SumOptions): Promise<never> {
    const read: ReadReply<'bitField', Array<number | bigint | undefined>> = readFields(options ?? undefined);
    return this.#ask<'bitField', Array<number | bigint | undefined>>(
      () => bitFieldOperation(key, steps),
      undefined,
      read,
      options,
      BIT_FIELD,
    ) as Promise<never>;
  }

  /**
   * Returns the longest common subsequence of the values of two keys.
   * @throws HeadwaterError `too_large` if the product of both lengths is more than 64 Mi.
   */
  lcs(key: Data, otherKey: Data, options?: CallOptions): Promise<Key> {
    const make = () => subsequenceOperation(key, otherKey, 'text');
    return this.#ask<'longestCommonSubsequence', Key>(make, false, readText(this.#raw), options);
  }

  /**
   * Returns the length of the longest common subsequence in bytes.
   * @throws HeadwaterError `too_large` as for `lcs`.
   */
  lcsLength(key: Data, otherKey: Data, options?: CallOptions): Promise<number> {
    const make = () => subsequenceOperation(key, otherKey, 'length');
    return this.#ask<'longestCommonSubsequence', number>(make, false, readLength, options);
  }

  /**
   * Returns the ranges of both values that make up the longest common subsequence, the last first.
   * @throws HeadwaterError `too_large` as for `lcs`.
   */
  lcsMatches(key: Data, otherKey: Data, options?: LcsMatchesOptions & CallOptions): Promise<LcsMatches> {
    const make = () => subsequenceOperation(key, otherKey, 'matches', options);
    return this.#ask<'longestCommonSubsequence', LcsMatches>(make, false, readMatches, options, LCS_MATCHES);
  }

  /** @param writes undefined if the operation itself says whether it writes. */
  #ask<K extends OperationKind, Result>(
    make: () => OutgoingOperation,
    writes: boolean | undefined,
    read: ReadReply<K, Result>,
    options: CallOptions | undefined,
    names: OptionNames = CALL,
  ): Promise<Result> {
    return askWith(this.#session, make, writes, read, options, names);
  }
}
