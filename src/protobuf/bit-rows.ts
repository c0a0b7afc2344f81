/** The rows of operations on the bits of values, and of the comparison of two values. kv.ts has the others. */

import { HeadwaterError } from '../base/errors.js';
import type { Bit, BitFieldStep, ByteRange, OperationKind, Outgoing } from '../model/operation.js';
import { enumCodec } from './enums.js';
import { headwater } from './generated.js';
import { int64, type Row, row, toLength } from './row.js';
import { bytesOf, optionalBytesOf, toBigInt, toBytes, toClampedNumber, toNumber } from './values.js';

const { v1 } = headwater;

type Int64 = headwater.v1.BitRange['start'];

const bitUnit = enumCodec('BitUnit');
const bitOperator = enumCodec('BitOperator');
const bitOverflow = enumCodec('BitOverflow');
const subsequenceResult = enumCodec('SubsequenceResult');

function encodeStep(step: Outgoing<BitFieldStep>): headwater.v1.BitFieldStep.$Properties {
  const { signed, bits, offset } = step;
  const place = { signed, bits, offset };
  if (step.action === 'get') return { ...place, get: {} };
  const overflow = bitOverflow.toNumber(step.overflow);
  if (step.action === 'set') return { ...place, overflow, set: int64(step.value) };
  return { ...place, overflow, increment: int64(step.by) };
}

function decodeStep(message: headwater.v1.BitFieldStep.$Properties, index: number): BitFieldStep {
  const offset = toNumber(message.offset, 'offset');
  const place = { signed: message.signed === true, bits: message.bits ?? 0, offset };
  if (message.get) return { ...place, action: 'get' };
  const overflow = bitOverflow.toWord(message.overflow ?? 0, 'BitFieldStep.overflow');
  if (message.set != null) return { ...place, action: 'set', value: toBigInt(message.set), overflow };
  if (message.increment != null) return { ...place, action: 'increment', by: toBigInt(message.increment), overflow };
  throw new HeadwaterError(
    'invalid_argument',
    `bitField: expected get, set or increment in step ${index}, received none of these, or an action that this version does not know`,
  );
}

/** A number that the checks of commands/ narrow to a bit. */
const bitOf = (number: number): Bit => number as Bit;

const optionalPosition = (field: Int64 | null | undefined): number | undefined =>
  field == null ? undefined : toClampedNumber(field);

function decodeRange(message: headwater.v1.ByteRange.$Properties | null | undefined): ByteRange {
  return { start: toNumber(message?.start, 'start'), end: toNumber(message?.end, 'end') };
}

type BitKind = Extract<
  OperationKind,
  'getBit' | 'setBit' | 'bitCount' | 'bitPosition' | 'bitOperation' | 'bitField' | 'longestCommonSubsequence'
>;

export const BIT_ROWS: { readonly [K in BitKind]: Row<K> } = {
  getBit: row({
    kind: 'getBit',
    request: v1.GetBitRequest,
    response: v1.GetBitResponse,
    toRequest: ({ key, offset }) => ({ key: toBytes(key), offset }),
    fromRequest: ({ key, offset }) => ({ kind: 'getBit', key: bytesOf(key), offset: toNumber(offset, 'offset') }),
    toResponse: ({ bit }) => ({ bit }),
    fromResponse: ({ bit }) => ({ kind: 'getBit', bit: bitOf(bit) }),
  }),
  setBit: row({
    kind: 'setBit',
    request: v1.SetBitRequest,
    response: v1.SetBitResponse,
    toRequest: ({ key, offset, bit }) => ({ key: toBytes(key), offset, bit }),
    fromRequest: ({ key, offset, bit }) => ({
      kind: 'setBit',
      key: bytesOf(key),
      offset: toNumber(offset, 'offset'),
      bit: bitOf(bit),
    }),
    toResponse: ({ bit }) => ({ bit }),
    fromResponse: ({ bit }) => ({ kind: 'setBit', bit: bitOf(bit) }),
  }),
  bitCount: row({
    kind: 'bitCount',
    request: v1.BitCountRequest,
    response: v1.BitCountResponse,
    toRequest: ({ key, range }) => ({
      key: toBytes(key),
      range: range ? { start: range.start, end: range.end, unit: bitUnit.toNumber(range.unit) } : null,
    }),
    fromRequest: ({ key, range }) => ({
      kind: 'bitCount',
      key: bytesOf(key),
      range: range
        ? {
            start: toClampedNumber(range.start),
            end: toClampedNumber(range.end),
            unit: bitUnit.toWord(range.unit ?? 0, 'BitRange.unit'),
          }
        : undefined,
    }),
    toResponse: ({ bits }) => ({ bits }),
    fromResponse: ({ bits }) => ({ kind: 'bitCount', bits: toNumber(bits, 'bits') }),
  }),
  bitPosition: row({
    kind: 'bitPosition',
    request: v1.BitPositionRequest,
    response: v1.BitPositionResponse,
    toRequest: ({ key, bit, start, end, unit }) => ({
      key: toBytes(key),
      bit,
      start: start ?? null,
      end: end ?? null,
      unit: bitUnit.toNumber(unit),
    }),
    fromRequest: ({ key, bit, start, end, unit }) => ({
      kind: 'bitPosition',
      key: bytesOf(key),
      bit: bitOf(bit),
      start: optionalPosition(start),
      end: optionalPosition(end),
      unit: bitUnit.toWord(unit, 'BitPositionRequest.unit'),
    }),
    toResponse: ({ position }) => ({ position: position ?? null }),
    fromResponse: ({ position }) => ({
      kind: 'bitPosition',
      position: position == null ? undefined : toNumber(position, 'position'),
    }),
  }),
  bitOperation: row({
    kind: 'bitOperation',
    request: v1.BitOperationRequest,
    response: v1.BitOperationResponse,
    toRequest: ({ operator, key, keys }) => ({
      key: toBytes(key),
      keys: keys.map(toBytes),
      operator: bitOperator.toNumber(operator),
    }),
    fromRequest: ({ operator, key, keys }) => {
      const word = bitOperator.toWord(operator, 'BitOperationRequest.operator');
      if (word === undefined)
        throw new HeadwaterError(
          'invalid_argument',
          'bitOperation: expected the operator and, or, xor or not, received none',
        );
      return { kind: 'bitOperation', operator: word, key: bytesOf(key), keys: keys.map(bytesOf) };
    },
    toResponse: toLength,
    fromResponse: ({ length }) => ({ kind: 'bitOperation', length: toNumber(length, 'length') }),
  }),
  bitField: row({
    kind: 'bitField',
    request: v1.BitFieldRequest,
    response: v1.BitFieldResponse,
    toRequest: ({ key, steps }) => ({ key: toBytes(key), steps: steps.map(encodeStep) }),
    fromRequest: ({ key, steps }) => ({ kind: 'bitField', key: bytesOf(key), steps: steps.map(decodeStep) }),
    toResponse: ({ values }) => ({
      values: values.map((value) => ({ value: value === undefined ? null : int64(value) })),
    }),
    fromResponse: ({ values }) => ({
      kind: 'bitField',
      values: values.map(({ value }) => (value == null ? undefined : toBigInt(value))),
    }),
  }),
  longestCommonSubsequence: row({
    kind: 'longestCommonSubsequence',
    request: v1.LongestCommonSubsequenceRequest,
    response: v1.LongestCommonSubsequenceResponse,
    toRequest: ({ key, otherKey, result, minMatchLength }) => ({
      key: toBytes(key),
      otherKey: toBytes(otherKey),
      result: subsequenceResult.toNumber(result),
      minMatchLength: minMatchLength ?? 0,
    }),
    fromRequest: ({ key, otherKey, result, minMatchLength }) => ({
      kind: 'longestCommonSubsequence',
      key: bytesOf(key),
      otherKey: bytesOf(otherKey),
      result: subsequenceResult.toWord(result, 'LongestCommonSubsequenceRequest.result'),
      minMatchLength: toNumber(minMatchLength, 'min_match_length'),
    }),
    toResponse: ({ length, value, matches }) => ({ length, value: value ?? null, matches: [...matches] }),
    fromResponse: ({ length, value, matches }) => ({
      kind: 'longestCommonSubsequence',
      length: toNumber(length, 'length'),
      value: optionalBytesOf(value),
      matches: matches.map(({ range, otherRange }) => ({
        range: decodeRange(range),
        otherRange: decodeRange(otherRange),
      })),
    }),
  }),
};
