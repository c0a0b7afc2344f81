/** The options of commands on bits, and the operations that are made of them. measure.ts checks the operations. */

import { HeadwaterError } from '../base/errors.js';
import { type OptionNames, optionNames, refusedOptions } from '../base/option-names.js';
import { shownValue } from '../base/shown-value.js';
import type { Bit, BitFieldStep, BitOverflow, BitUnit, OutgoingOf, SubsequenceResult } from '../model/operation.js';
import { type Data, int64 } from './operations.js';

/** A range of a value for `bitCount`: both ends, or none of them. */
export interface BitRangeOptions {
  /** The first position. A negative one counts from the end. */
  readonly start?: number | undefined;
  /** The last position, which the range includes. A negative one counts from the end. */
  readonly end?: number | undefined;
  /** The unit of both positions. `byte` by default. */
  readonly unit?: BitUnit | undefined;
}

/** A range of a value for `bitPos`. */
export interface BitPosOptions {
  /** The first position. A negative one counts from the end. The beginning of the value by default. */
  readonly start?: number | undefined;
  /**
   * The last position, which the range includes. A negative one counts from the end. By default the range goes to the
   * end of the value, and zero bits follow there.
   */
  readonly end?: number | undefined;
  /** The unit of both positions. `byte` by default. */
  readonly unit?: BitUnit | undefined;
}

/** The options of `lcsMatches`. */
export interface LcsMatchesOptions {
  /** Leaves out matches of fewer bytes. 0 by default. */
  readonly minMatchLength?: number | undefined;
}

/** The field that an action of `bitField` works on. */
export interface BitFieldOf {
  /** The type of the number: `i1` to `i64` with a sign, `u1` to `u63` without. */
  readonly type: `i${number}` | `u${number}`;
  /** The position of the first bit. `#N` is the position of the N-th field of this type, counted from 0. */
  readonly offset: number | `#${number}`;
}

/** An action of `bitField`. */
export type BitFieldAction = BitFieldOf & (BitFieldGet | BitFieldSet | BitFieldIncrement);

/** The action that reads a number. */
export interface BitFieldGet {
  readonly action: 'get';
}

/** The action that writes a number, and returns the one before. */
export interface BitFieldSet {
  readonly action: 'set';
  /** The new number, of 64 bits at most. */
  readonly value: number | bigint;
  /** The handling of a number that does not fit. `wrap` by default. */
  readonly overflow?: BitOverflow | undefined;
}

/** The action that adds to a number, and returns the sum. */
export interface BitFieldIncrement {
  readonly action: 'increment';
  /** The summand, of 64 bits at most, negative to subtract. */
  readonly by: number | bigint;
  /** The handling of a sum that does not fit. `wrap` by default. */
  readonly overflow?: BitOverflow | undefined;
}

export function bitCountOperation(key: Data, options: BitRangeOptions | undefined): OutgoingOf<'bitCount'> {
  const { start, end, unit } = options ?? {};
  if (start === undefined && end === undefined && unit === undefined) return { kind: 'bitCount', key };
  if (start !== undefined && end !== undefined) return { kind: 'bitCount', key, range: { start, end, unit } };
  throw new HeadwaterError('invalid_argument', 'bitCount: expected start and end, received at most one of them');
}

export function bitPositionOperation(
  key: Data,
  bit: Bit,
  options: BitPosOptions | undefined,
): OutgoingOf<'bitPosition'> {
  return { kind: 'bitPosition', key, bit, start: options?.start, end: options?.end, unit: options?.unit };
}

export function subsequenceOperation(
  key: Data,
  otherKey: Data,
  result: SubsequenceResult,
  options?: LcsMatchesOptions,
): OutgoingOf<'longestCommonSubsequence'> {
  return { kind: 'longestCommonSubsequence', key, otherKey, result, minMatchLength: options?.minMatchLength };
}

/** @throws HeadwaterError `invalid_argument` if an action is not of this form. */
export function bitFieldOperation(key: Data, actions: readonly BitFieldAction[]): OutgoingOf<'bitField'> {
  if (!Array.isArray(actions))
    throw new HeadwaterError('invalid_argument', `bitField: expected a list of actions, received ${typeof actions}`);
  return { kind: 'bitField', key, steps: (actions as readonly BitFieldAction[]).map(stepOf) };
}

const PLACE_NAMES = { action: true, type: true, offset: true } as const;
const ACTIONS: Readonly<Record<BitFieldAction['action'], OptionNames>> = {
  get: optionNames<BitFieldOf & BitFieldGet>(PLACE_NAMES),
  set: optionNames<BitFieldOf & BitFieldSet>({ ...PLACE_NAMES, value: true, overflow: true }),
  increment: optionNames<BitFieldOf & BitFieldIncrement>({ ...PLACE_NAMES, by: true, overflow: true }),
};

function stepOf(action: BitFieldAction, index: number): BitFieldStep {
  const { type, offset } = (action ?? {}) as BitFieldAction;
  const field = fieldOf(type, offset, index);
  const place = `steps[${index}]`;
  const names = Object.hasOwn(ACTIONS, String(action.action)) ? ACTIONS[action.action] : undefined;
  const refused = names && refusedOptions(action, names);
  if (refused) throw new HeadwaterError('invalid_argument', `${place}: ${refused.message}`);
  if (action.action === 'set')
    return { ...field, action: 'set', value: int64(`${place}: value`, action.value), overflow: action.overflow };
  if (action.action === 'increment')
    return { ...field, action: 'increment', by: int64(`${place}: by`, action.by), overflow: action.overflow };
  return { ...field, action: action.action };
}

const TYPE = /^([iu])(\d{1,2})$/;
const NUMBER = /^#\d{1,10}$/;

function fieldOf(type: unknown, offset: unknown, index: number) {
  const match = TYPE.exec(String(type));
  if (!match)
    throw new HeadwaterError(
      'invalid_argument',
      `steps[${index}]: type: expected i1 to i64 or u1 to u63, received ${shownValue(type)}`,
    );
  const bits = Number(match[2]);
  const isNumber = typeof offset === 'string' && NUMBER.test(offset);
  return { signed: match[1] === 'i', bits, offset: isNumber ? bits * Number(offset.slice(1)) : (offset as number) };
}
