/**
 * Random operations for the property tests: few keys, so that operations meet,
 * and values that lie at the edges of what counts as a number.
 */
import fc from 'fast-check';
import type { BitFieldStep, Condition, NewExpiry, Operation } from '../../src/model/operation.js';
import { b } from './bench.js';

const KEYS = ['a', 'b', '', '\xff\0'];
const VALUES = ['', '0', '7', '-12', '3.25', '0.1', '.5', '5.', '1e3', '+1', ' 1', '01', '-0', 'abc', '\0\xff'];
const LARGE_VALUES = ['9223372036854775807', '-9223372036854775808', '9223372036854775808', '9007199254740993'];

interface Choices {
  /** Keys beside the usual ones, once in a while. */
  readonly rareKeys?: readonly string[];
  /** Life spans for SET and GETEX, which may be ones that they refuse. */
  readonly lifeSpans: readonly NewExpiry[];
  /** Moments for EXPIRE without a condition, and with one. */
  readonly moments: readonly NewExpiry[];
  readonly comparableMoments: readonly NewExpiry[];
}

function mostly<T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: rare });
}

export function plainOperations(choices: Choices): fc.Arbitrary<Operation> {
  const key = mostly(fc.constantFrom(...KEYS), fc.constantFrom(...(choices.rareKeys ?? KEYS))).map(b);
  const keys = mostly(fc.array(key, { minLength: 1, maxLength: 3 }), fc.array(key, { maxLength: 0 }));
  const value = fc.constantFrom(...VALUES, ...LARGE_VALUES).map(b);
  const bound = fc.integer({ min: -12, max: 12 });
  const lifeSpan = fc.constantFrom(...choices.lifeSpans);
  const step = fc.constantFrom(1n, -1n, 0n, 12n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n);
  const flag = fc.constantFrom(undefined, undefined, undefined, true);
  const server = mostly<Operation>(
    fc.record({ kind: fc.constant('ping' as const), message: value }),
    fc.record({ kind: fc.constant('flushAll' as const) }),
  );
  return fc.oneof(
    fc.record({ kind: fc.constant('get' as const), key }),
    fc.record({ kind: fc.constant('multiGet' as const), keys }),
    fc.record({
      kind: fc.constant('set' as const),
      key,
      value,
      expiry: fc.oneof(fc.constant(undefined), fc.constant('keep' as const), lifeSpan),
      condition: fc.constantFrom(undefined, undefined, 'if_absent' as const, 'if_present' as const),
      returnOld: flag,
    }),
    fc.record({ kind: fc.constant('set' as const), key, value }),
    fc.record({ kind: fc.constant('delete' as const), keys }),
    fc.record({ kind: fc.constant('exists' as const), keys }),
    fc.record({ kind: fc.constant('increment' as const), key, by: step }),
    fc.record({
      kind: fc.constant('incrementFloat' as const),
      key,
      by: fc.constantFrom(0, 0.25, -1.5, 100, 0.1, 1e-9, '0.1', '-3e2', '1.00000000000000001'),
    }),
    fc.record({ kind: fc.constant('append' as const), key, value }),
    fc.record({ kind: fc.constant('stringLength' as const), key }),
    fc.record({ kind: fc.constant('getRange' as const), key, start: bound, end: bound }),
    fc.record({
      kind: fc.constant('setRange' as const),
      key,
      start: mostly(fc.integer({ min: 0, max: 12 }), fc.constant(-1)),
      value,
    }),
    fc.record({ kind: fc.constant('getDelete' as const), key }),
    fc.record({
      kind: fc.constant('getExpire' as const),
      key,
      expiry: fc.oneof(fc.constant(undefined), fc.constant('persist' as const), lifeSpan),
    }),
    fc.record({ kind: fc.constant('timeToLive' as const), key }),
    fc.record({ kind: fc.constant('expire' as const), key, expiry: fc.constantFrom(...choices.moments) }),
    fc.record({
      kind: fc.constant('expire' as const),
      key,
      expiry: fc.constantFrom(...choices.comparableMoments),
      condition: fc.constantFrom(
        'if_none' as const,
        'if_any' as const,
        'if_later' as const,
        'if_earlier' as const,
        'if_any_and_earlier' as const,
      ),
    }),
    fc.record({ kind: fc.constant('persist' as const), key }),
    fc.record({ kind: fc.constant('rename' as const), key, newKey: key, ifAbsent: flag }),
    fc.record({ kind: fc.constant('type' as const), key }),
    fc.record({
      kind: fc.constant('multiSet' as const),
      entries: mostly(
        fc.array(fc.record({ key, value }), { minLength: 1, maxLength: 3 }),
        fc.constant([] as { key: Buffer; value: Buffer }[]),
      ),
      ifAbsent: flag,
    }),
    fc.record({ kind: fc.constant('copy' as const), key, newKey: key, replace: flag }),
    ...bitOperations(key, keys),
    server,
  );
}

/** Positions at the edges of short values, and rarely ones that are refused. */
const OFFSET = mostly(fc.integer({ min: 0, max: 70 }), fc.constantFrom(-1, 2 ** 32 - 1, 2 ** 32));
const INTEGER = fc.oneof(
  fc.bigInt({ min: -9n, max: 9n }),
  fc.constantFrom(127n, 255n, -129n, 2n ** 31n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)),
);

const step: fc.Arbitrary<BitFieldStep> = fc
  .record({
    action: fc.constantFrom('get' as const, 'set' as const, 'increment' as const),
    signed: fc.boolean(),
    bits: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.constantFrom(31, 32, 33, 61, 62, 63, 64)),
    offset: OFFSET,
    number: INTEGER,
    overflow: fc.constantFrom(undefined, 'wrap' as const, 'saturate' as const, 'fail' as const),
  })
  .map(({ action, signed, bits, offset, number, overflow }) => {
    const place = { signed, bits: signed ? bits : Math.min(bits, 63), offset };
    // A write far away would make a value of 512 MiB in Redis.
    if (action === 'get' || offset === 2 ** 32 - 1) return { ...place, action: 'get' };
    return action === 'set'
      ? { ...place, action, value: number, overflow }
      : { ...place, action, by: number, overflow };
  });

function bitOperations(key: fc.Arbitrary<Buffer>, keys: fc.Arbitrary<Buffer[]>): fc.Arbitrary<Operation>[] {
  const position = fc.integer({ min: -30, max: 30 });
  const unit = fc.constantFrom(undefined, 'byte' as const, 'bit' as const);
  const bit = fc.constantFrom(0 as const, 1 as const);
  return [
    fc.record({ kind: fc.constant('getBit' as const), key, offset: OFFSET }),
    fc.record({ kind: fc.constant('setBit' as const), key, offset: fc.integer({ min: -1, max: 70 }), bit }),
    fc.record({
      kind: fc.constant('bitCount' as const),
      key,
      range: fc.option(fc.record({ start: position, end: position, unit }), { nil: undefined }),
    }),
    fc.record({ kind: fc.constant('bitPosition' as const), key, bit }),
    fc.record({ kind: fc.constant('bitPosition' as const), key, bit, start: position }),
    fc.record({ kind: fc.constant('bitPosition' as const), key, bit, start: position, end: position, unit }),
    fc.record({
      kind: fc.constant('bitOperation' as const),
      operator: fc.constantFrom('and' as const, 'or' as const, 'xor' as const, 'not' as const),
      key,
      keys,
    }),
    fc.record({ kind: fc.constant('bitField' as const), key, steps: fc.array(step, { maxLength: 4 }) }),
    fc.record({
      kind: fc.constant('longestCommonSubsequence' as const),
      key,
      otherKey: key,
      result: fc.constantFrom(undefined, 'text' as const, 'length' as const, 'matches' as const),
      minMatchLength: fc.constantFrom(undefined, 0, 2),
    }),
  ];
}

export function conditions(): fc.Arbitrary<Condition> {
  const key = fc.constantFrom(...KEYS).map(b);
  return fc.oneof(
    fc.record({ key, test: fc.constantFrom('exists' as const, 'absent' as const) }),
    fc.record({
      key,
      test: fc.constant('version' as const),
      version: mostly(fc.integer({ min: 0, max: 20 }), fc.constant(-1)),
    }),
    fc.record({ key, test: fc.constant('value' as const), value: fc.constantFrom(...VALUES).map(b) }),
  );
}

export function transactions(
  operation: fc.Arbitrary<Operation>,
  condition?: fc.Arbitrary<Condition>,
): fc.Arbitrary<Operation> {
  return fc.record({
    kind: fc.constant('transact' as const),
    conditions: condition === undefined ? fc.constant([]) : fc.array(condition, { maxLength: 2 }),
    operations: fc.array(operation, { maxLength: 4 }),
    onRefusal: fc.constantFrom(undefined, 'undo' as const, 'keep' as const),
  });
}
