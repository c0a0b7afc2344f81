/** INCRBY and INCRBYFLOAT: what counts as a number, and what happens where the result does not fit. */
import assert from 'node:assert/strict';
import { parseDecimal } from '../../src/commands/decimal.js';
import { Bench, b } from './bench.js';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

describe('commands on numbers', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  describe('increment', () => {
    const by = (step: bigint) => ({ kind: 'increment', key: b('n'), by: step }) as const;

    it('counts from 0 if there is no such key, and logs the result', () => {
      assert.deepEqual(bench.logs(by(5n)), ['put n=5']);
      assert.deepEqual(bench.run(by(-7n)), { kind: 'increment', value: -2n });
    });

    it('keeps the expiry', () => {
      bench.set('n', '1', 50);
      assert.deepEqual(bench.logs(by(1n)), ['put n=2 @1000050']);
    });

    it('starts again from 0 when the counter has expired', () => {
      bench.set('n', '41', 50);
      bench.nowMs += 50;
      assert.deepEqual(bench.logs(by(1n)), ['put n=1']);
    });

    it('is exact beyond 2^53', () => {
      bench.set('n', '9007199254740993');
      assert.equal(bench.run(by(2n)).value, 9007199254740995n);
    });

    it('reaches both ends of 64 bits', () => {
      bench.set('n', String(INT64_MAX - 1n));
      assert.equal(bench.run(by(1n)).value, INT64_MAX);
      bench.set('n', String(INT64_MIN + 1n));
      assert.equal(bench.run(by(-1n)).value, INT64_MIN);
      assert.equal(bench.run(by(INT64_MAX)).value, -1n);
    });

    it('refuses to go beyond either end, and leaves the value as it was', () => {
      for (const [value, step] of [
        [INT64_MAX, 1n],
        [INT64_MIN, -1n],
        [INT64_MIN, INT64_MIN],
        [1n, INT64_MAX],
      ] as const) {
        bench.set('n', String(value));
        assert.equal(bench.code(by(step)), 'overflow');
        assert.equal(bench.get('n'), String(value));
      }
    });

    for (const text of ['0', '-1', '10', String(INT64_MAX), String(INT64_MIN)]) {
      it(`takes "${text}"`, () => {
        bench.set('n', text);
        assert.equal(bench.run(by(0n)).value, BigInt(text));
      });
    }

    for (const text of [
      ['', '+1', '01', '00', '-0', '-01', '-', ' 1', '1 ', '1\n', '1.0', '1e3', '0x10', 'abc', '1\0', '\xb2'],
      [String(INT64_MAX + 1n), String(INT64_MIN - 1n), '9'.repeat(19), '1'.repeat(20), '1'.repeat(100_000)],
    ].flat()) {
      it(`refuses ${JSON.stringify(text.length > 30 ? `${text.length} digits` : text)}`, () => {
        bench.set('n', text);
        assert.equal(bench.code(by(1n)), 'not_an_integer');
        assert.equal(bench.get('n'), text);
      });
    }

    it('refuses a step of more than 64 bits', () => {
      assert.equal(bench.code(by(INT64_MAX + 1n)), 'invalid_argument');
      assert.equal(bench.code(by(INT64_MIN - 1n)), 'invalid_argument');
    });

    it('shows no more than 64 bytes of a key or value in a refusal', () => {
      const key = b('k'.repeat(1000));
      bench.run({ kind: 'set', key, value: b(`"\n${'x'.repeat(1000)}`) });
      const { message } = bench.refused({ kind: 'increment', key, by: 1n });
      const shownKey = `"${'k'.repeat(64)}..." (1000 bytes)`;
      const shownValue = `"\\x22\\x0a${'x'.repeat(62)}..." (1002 bytes)`;
      assert.equal(message, `key ${shownKey}: expected it to hold a 64-bit integer in decimal, it holds ${shownValue}`);
    });
  });

  describe('incrementFloat', () => {
    const by = (step: number) => ({ kind: 'incrementFloat', key: b('n'), by: step }) as const;

    const sums: [before: string | undefined, step: number, after: string][] = [
      [undefined, 0.1, '0.1'],
      ['0.1', 0.2, '0.3'],
      ['10.50', 0.1, '10.6'],
      ['5.0e3', 200, '5200'],
      ['3', -3, '0'],
      ['-0.5', 0.5, '0'],
      ['-0', 0, '0'],
      ['1', -1.5, '-0.5'],
      ['+1', 1, '2'],
      ['.5', 0, '0.5'],
      ['5.', 0, '5'],
      ['1.e2', 0, '100'],
      ['007', 0, '7'],
      ['1E-2', 0, '0.01'],
      ['0', 1e-17, '0.00000000000000001'],
      ['0', 4e-18, '0'],
      ['0.000000000000000005', 0, '0.00000000000000001'],
      ['-5e-18', 0, '-0.00000000000000001'],
      ['0.0000000000000000049999', 0, '0'],
      ['1', 16e-18, '1.00000000000000002'],
      ['0', -4e-18, '0'],
      ['0', 5e-324, '0'],
      ['1', 1e21, '1000000000000000000001'],
      ['9007199254740993', 0.25, '9007199254740993.25'],
      ['1e-4000', 1, '1'],
      ['0e99999999999', 1, '1'],
    ];
    for (const [before, step, after] of sums) {
      it(`of ${before} by ${step} is ${after}`, () => {
        if (before !== undefined) bench.set('n', before);
        assert.deepEqual(bench.run(by(step)), { kind: 'incrementFloat', value: after });
        assert.equal(bench.get('n'), after);
      });
    }

    const longDoubles: [before: string | undefined, step: number | string, after: string][] = [
      [undefined, '0.1', '0.1'],
      ['0.1', '0.2', '0.3'],
      ['1000.1', 0.1, '1000.19999999999999996'],
      ['12345.678', '0.1', '12345.77799999999999958'],
      ['-0', '-0', '0'],
      ['3', '1e-18', '3'],
      ['1', '-0x1.8p1', '-2'],
      ['0.1', '0x.8', '0.6'],
      ['18446744073709551615', '1', '18446744073709551616'],
      ['18446744073709551616', '1', '18446744073709551616'],
      ['18446744073709551616', '3', '18446744073709551620'],
      ['1e-4950', '-1e-4950', '0'],
    ];
    for (const [before, step, after] of longDoubles) {
      it(`adds ${step} to ${before ?? 'a missing key'} in the numbers of Redis`, () => {
        if (before !== undefined) bench.set('n', before);
        const operation = { ...by(0), by: step, longDouble: true };
        assert.deepEqual(bench.run(operation), { kind: 'incrementFloat', value: after });
      });
    }

    it('refuses numbers of Redis that are not finite, or outside of its format', () => {
      const add = (step: string) => () => bench.run({ ...by(0), by: step, longDouble: true });
      bench.set('n', '1.18973149535723176502e4932');
      assert.throws(add('1.18973149535723176502e4932'), { code: 'overflow' });
      assert.throws(add('inf'), { code: 'overflow' });
      for (const step of ['1e4933', '-1.2e4932', '1e-4952', '1e999999999999', 'nan', '0x', '1e', '', ' 1', '1\0'])
        assert.throws(add(step), { code: 'invalid_argument' });
      bench.set('n', '1e4933');
      assert.throws(add('1'), { code: 'not_a_number' });
    });

    it('keeps the expiry and logs the result', () => {
      bench.set('n', '1', 50);
      assert.deepEqual(bench.logs(by(0.5)), ['put n=1.5 @1000050']);
    });

    it('does not drift however often 0.1 is added', () => {
      for (let count = 0; count < 1000; count += 1) bench.run(by(0.1));
      assert.equal(bench.get('n'), '100');
    });

    it('writes the largest double without an exponent', () => {
      bench.run(by(Number.MAX_VALUE));
      assert.equal(bench.get('n'), `17976931348623157${'0'.repeat(292)}`);
    });

    for (const text of [
      ['', ' 1', '1 ', '1\0', '.', '+', '-', 'e5', '1e', '1e+', '1.2.3', '1,5', 'abc', '--1', '1e1.5'],
      ['nan', 'NaN', 'inf', 'Infinity', '-inf', '0x10'],
      ['1e4932', '1e5000', '1e1000000000', '-1e99999999999999999999', '1e-1000000000', '1'.repeat(5120)],
    ].flat()) {
      it(`refuses ${JSON.stringify(text.length > 30 ? `${text.length} digits` : text)}`, () => {
        bench.set('n', text);
        assert.equal(bench.code(by(1)), 'not_a_number');
        assert.equal(bench.get('n'), text);
      });
    }

    for (const step of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      it(`refuses a step of ${step}`, () => assert.equal(bench.code(by(step)), 'invalid_argument'));
    }

    it('takes a text of 5119 bytes, and refuses one more, as Redis does', () => {
      bench.set('n', `${'0'.repeat(5118)}1`);
      assert.equal(bench.run(by(1)).value, '2');
      bench.set('n', `${'0'.repeat(5119)}1`);
      assert.equal(bench.code(by(1)), 'not_a_number');
    });

    it('takes the largest magnitude, and refuses a sum that needs one more digit', () => {
      const largest = '9'.repeat(4932);
      bench.set('n', largest);
      assert.equal(bench.run(by(0)).value, largest);
      assert.equal(bench.code(by(1)), 'overflow');
      assert.equal(bench.get('n'), largest);
    });

    it('refuses a result above the value limit', () => {
      bench.limits = { ...bench.limits, valueBytesMax: 5 };
      assert.equal(bench.run(by(12345)).value, '12345');
      assert.equal(bench.code(by(0.5)), 'too_large');
    });
  });

  it('reads a decimal as its digits and the place of its point', () => {
    assert.deepEqual(parseDecimal('-12.50e1'), { units: -1250n, scale: 1 });
    assert.deepEqual(parseDecimal('2e3'), { units: 2n, scale: -3 });
  });
});
