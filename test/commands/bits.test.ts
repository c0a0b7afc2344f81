/** Bits at the edges, and long values, on which whole words are counted and compared. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SUBSEQUENCE_CELLS_MAX } from '../../src/base/limits.js';
import { countOnes, findBit } from '../../src/commands/bit-search.js';
import type { BitFieldStep, Operation } from '../../src/model/operation.js';
import { Bench, b } from './bench.js';

const key = b('k');

function bitsOf(bytes: Buffer): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
}

/** Long runs of equal bytes, and a place in memory that is not aligned. */
const runs = fc
  .array(fc.tuple(fc.constantFrom(0, 0xff, 0x80, 1, 0x5a), fc.integer({ min: 1, max: 13 })), { maxLength: 8 })
  .map((pairs) => {
    const bytes = Buffer.from(pairs.flatMap(([byte, count]) => Array.from({ length: count }, () => byte)));
    return Buffer.concat([Buffer.alloc(1), bytes]).subarray(1);
  });

describe('bits of a long value', () => {
  it('are counted and found as one by one', () => {
    fc.assert(
      fc.property(runs, fc.nat(900), fc.nat(900), (bytes, one, other) => {
        const bits = bitsOf(bytes);
        if (bits === '') return;
        const [first, last] = [one % bits.length, other % bits.length].sort((x, y) => x - y) as [number, number];
        const span = bits.slice(first, last + 1);
        assert.equal(countOnes(bytes, first, last), span.split('1').length - 1);
        for (const bit of [0, 1] as const) {
          const found = span.indexOf(String(bit));
          assert.equal(findBit(bytes, bit, first, last), found === -1 ? undefined : first + found);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('commands on bits', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it('setBit logs the whole value with its expiry, and nothing if the bit is there', () => {
    bench.set('k', 'a', 5000);
    assert.deepEqual(bench.logs({ kind: 'setBit', key, offset: 23, bit: 1 }), [`put k=a\0\x01 @${bench.nowMs + 5000}`]);
    assert.deepEqual(bench.logs({ kind: 'setBit', key, offset: 23, bit: 1 }), []);
    assert.deepEqual(bench.logs({ kind: 'setBit', key, offset: 22, bit: 0 }), []);
  });

  it('setBit makes a key of a zero bit, as in Redis', () => {
    assert.deepEqual(bench.logs({ kind: 'setBit', key, offset: 9, bit: 0 }), ['put k=\0\0']);
  });

  it('setBit and bitField keep to the limit of a value, and getBit reads zeros behind it', () => {
    bench.limits = { ...bench.limits, valueBytesMax: 8 };
    bench.run({ kind: 'setBit', key, offset: 63, bit: 1 });
    assert.equal(bench.code({ kind: 'setBit', key, offset: 64, bit: 1 }), 'too_large');
    const step: BitFieldStep = { action: 'set', signed: false, bits: 8, offset: 57, value: 0n };
    assert.equal(bench.code({ kind: 'bitField', key, steps: [step] }), 'too_large');
    assert.deepEqual(bench.run({ kind: 'getBit', key, offset: 2 ** 32 - 1 }), { kind: 'getBit', bit: 0 });
    assert.equal(bench.code({ kind: 'getBit', key, offset: 2 ** 32 }), 'invalid_argument');
  });

  it('bitOperation replaces a key of any type and removes its expiry', () => {
    bench.putOtherType('k', bench.nowMs + 5000);
    bench.set('a', '\x0f');
    bench.set('b', '\xff\xff');
    const logged = bench.logs({ kind: 'bitOperation', operator: 'and', key, keys: [b('a'), b('b')] });
    assert.deepEqual(logged, ['put k=\x0f\0']);
  });

  it('bitOperation deletes its destination if there is nothing to combine', () => {
    const empty: Operation = { kind: 'bitOperation', operator: 'or', key, keys: [b('a'), b('b')] };
    assert.deepEqual(bench.logs(empty), []);
    bench.set('k', 'v');
    assert.deepEqual(bench.logs(empty), ['del k']);
  });

  it('bitOperation takes its destination as a source, and one key for not', () => {
    bench.set('k', '\x0f');
    assert.deepEqual(bench.logs({ kind: 'bitOperation', operator: 'not', key, keys: [key] }), ['put k=\xf0']);
    assert.equal(bench.code({ kind: 'bitOperation', operator: 'not', key, keys: [key, key] }), 'invalid_argument');
  });

  it('refuse a key of another type', () => {
    bench.putOtherType('k');
    const steps: BitFieldStep[] = [{ action: 'get', signed: true, bits: 8, offset: 0 }];
    const asked: Operation[] = [
      { kind: 'getBit', key, offset: 0 },
      { kind: 'setBit', key, offset: 0, bit: 1 },
      { kind: 'bitCount', key },
      { kind: 'bitPosition', key, bit: 1 },
      { kind: 'bitOperation', operator: 'not', key: b('x'), keys: [key] },
      { kind: 'bitField', key, steps },
      { kind: 'longestCommonSubsequence', key: b('x'), otherKey: key },
    ];
    for (const operation of asked) assert.equal(bench.code(operation), 'wrong_type', operation.kind);
  });

  it('refuse fields of too many bits, and bits that are none', () => {
    const refused: BitFieldStep[] = [
      { action: 'get', signed: false, bits: 64, offset: 0 },
      { action: 'get', signed: true, bits: 65, offset: 0 },
      { action: 'get', signed: true, bits: 0, offset: 0 },
      { action: 'get', signed: true, bits: 8, offset: -1 },
      { action: 'set', signed: true, bits: 8, offset: 0, value: 2n ** 63n },
    ];
    for (const step of refused) assert.equal(bench.code({ kind: 'bitField', key, steps: [step] }), 'invalid_argument');
    assert.equal(bench.code({ kind: 'setBit', key, offset: 0, bit: 2 as never }), 'invalid_argument');
    assert.equal(bench.code({ kind: 'bitPosition', key, bit: -1 as never }), 'invalid_argument');
  });

  it('bitField extends the value even if its only write fails by overflow, as in Redis', () => {
    const steps: BitFieldStep[] = [
      { action: 'set', signed: false, bits: 4, offset: 8, value: 100n, overflow: 'fail' },
      { action: 'get', signed: false, bits: 4, offset: 8 },
    ];
    assert.deepEqual(bench.run({ kind: 'bitField', key, steps }), { kind: 'bitField', values: [undefined, 0n] });
    assert.equal(bench.get('k'), '\0\0');
  });
});

describe('multiSet and copy', () => {
  it('multiSet logs one group, and with a key that exists nothing', () => {
    const bench = new Bench();
    const entries = [
      { key: b('a'), value: b('1') },
      { key: b('b'), value: b('2') },
      { key: b('a'), value: b('3') },
    ];
    assert.deepEqual(bench.logs({ kind: 'multiSet', entries, ifAbsent: true }), ['put a=1', '+put b=2', '+put a=3']);
    assert.deepEqual(bench.logs({ kind: 'multiSet', entries, ifAbsent: true }), []);
  });

  it('multiSet is bounded as a transaction is', () => {
    const bench = new Bench();
    bench.limits = { ...bench.limits, transactionBytesMax: 200 };
    const entries = [{ key: b('a'), value: Buffer.alloc(200) }];
    assert.equal(bench.code({ kind: 'multiSet', entries }), 'too_large');
    assert.equal(bench.code({ kind: 'multiSet', entries: [] }), 'invalid_argument');
  });

  it('copy takes value, type and expiry along', () => {
    const bench = new Bench();
    bench.set('k', 'v', 5000);
    assert.deepEqual(bench.logs({ kind: 'copy', key, newKey: b('n') }), [`put n=v @${bench.nowMs + 5000}`]);
    assert.deepEqual(bench.run({ kind: 'copy', key, newKey: b('n') }), { kind: 'copy', applied: false });
    bench.putOtherType('k');
    bench.run({ kind: 'copy', key, newKey: b('n'), replace: true });
    assert.equal(bench.code({ kind: 'get', key: b('n') }), 'wrong_type');
    assert.equal(bench.code({ kind: 'copy', key, newKey: key }), 'invalid_argument');
  });
});

describe('longestCommonSubsequence', () => {
  const few = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 150 });

  it('has the length of the table of numbers, with values of several words', () => {
    fc.assert(
      fc.property(few, few, (one, other) => {
        const bench = new Bench();
        bench.set('k', one);
        bench.set('n', other);
        const asked = { kind: 'longestCommonSubsequence', key, otherKey: b('n') } as const;
        const { length, value } = bench.run(asked);
        assert.equal(length, lengthOf(one, other));
        assert.equal(value?.length, length);
        for (const whole of [one, other]) assert(isSubsequence(String(value), whole));
        const { matches } = bench.run({ ...asked, result: 'matches' });
        let sum = 0;
        for (const { range, otherRange } of matches) {
          const match = one.slice(range.start, range.end + 1);
          assert.equal(match, other.slice(otherRange.start, otherRange.end + 1));
          sum += match.length;
        }
        assert.equal(sum, length);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses values whose table would be too large', () => {
    const bench = new Bench();
    bench.run({ kind: 'set', key, value: Buffer.alloc(SUBSEQUENCE_CELLS_MAX / 4096) });
    bench.run({ kind: 'set', key: b('n'), value: Buffer.alloc(4096) });
    const asked: Operation = { kind: 'longestCommonSubsequence', key, otherKey: b('n'), result: 'length' };
    assert.deepEqual(bench.run(asked), { kind: 'longestCommonSubsequence', length: 4096, matches: [] });
    bench.run({ kind: 'append', key: b('n'), value: b('x') });
    assert.match(bench.refused(asked).message, /expected a product of the lengths of at most 67108864/);
  });
});

function lengthOf(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, () => 0);
  for (const character of one) {
    const row = [0];
    for (let j = 1; j < above.length; j++) {
      const same = character === other[j - 1];
      row.push(same ? (above[j - 1] as number) + 1 : Math.max(above[j] as number, row[j - 1] as number));
    }
    above = row;
  }
  return above.at(-1) as number;
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const character of whole) if (part[at] === character) at++;
  return at === part.length;
}
