/** SET, GET and the commands on parts of a value, at their edges. */
import assert from 'node:assert/strict';
import type { Operation } from '../../src/model/operation.js';
import { Bench, b } from './bench.js';

describe('commands on strings', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  describe('get', () => {
    it('answers value and version, and version 0 if there is no such key', () => {
      bench.set('k', 'v');
      assert.deepEqual(bench.run({ kind: 'get', key: b('k') }), { kind: 'get', value: b('v'), version: 1 });
      assert.deepEqual(bench.run({ kind: 'get', key: b('x') }), { kind: 'get', value: undefined, version: 0 });
    });

    it('takes the empty key and any bytes', () => {
      bench.set('', '\x00\xff');
      assert.equal(bench.get(''), '\x00\xff');
    });

    it('does not see a key at the millisecond of its expiry', () => {
      bench.set('k', 'v', 10);
      bench.nowMs += 9;
      assert.equal(bench.get('k'), 'v');
      bench.nowMs += 1;
      assert.equal(bench.get('k'), undefined);
    });
  });

  describe('multiGet', () => {
    it('answers in the order asked, with a key named twice twice', () => {
      bench.set('a', '1');
      const { values } = bench.run({ kind: 'multiGet', keys: [b('x'), b('a'), b('a')] });
      assert.deepEqual(
        values.map(({ value }) => value?.toString()),
        [undefined, '1', '1'],
      );
    });

    it('has no value for a key of another type, instead of failing', () => {
      bench.putOtherType('other');
      const { values } = bench.run({ kind: 'multiGet', keys: [b('other')] });
      assert.deepEqual(values, [{ kind: 'get', value: undefined, version: 1 }]);
    });

    it('refuses an empty list of keys', () => {
      assert.match(bench.refused({ kind: 'multiGet', keys: [] }).message, /at least one key, received none/);
    });
  });

  describe('set', () => {
    const set = (more: object = {}): Operation & { kind: 'set' } => ({
      kind: 'set',
      key: b('k'),
      value: b('v'),
      ...more,
    });

    it('logs the value, and an expiry as an absolute time', () => {
      assert.deepEqual(bench.logs(set()), ['put k=v']);
      assert.deepEqual(bench.logs(set({ expiry: { ttlMs: 5 } })), ['put k=v @1000005']);
      assert.deepEqual(bench.logs(set({ expiry: { expiresAtMs: 2_000_000 } })), ['put k=v @2000000']);
    });

    it('clears the expiry unless keep_ttl is set', () => {
      bench.set('k', 'old', 50);
      assert.deepEqual(bench.logs(set({ expiry: 'keep' })), ['put k=v @1000050']);
      assert.deepEqual(bench.logs(set()), ['put k=v']);
      assert.deepEqual(bench.logs(set({ expiry: 'keep' })), ['put k=v']);
    });

    it('keeps no expiry of a key that has expired', () => {
      bench.set('k', 'old', 50);
      bench.nowMs += 50;
      assert.deepEqual(bench.logs(set({ expiry: 'keep' })), ['put k=v']);
    });

    it('with if_absent writes only an absent key, and with if_present only a present one', () => {
      assert.equal(bench.run(set({ condition: 'if_present' })).applied, false);
      assert.equal(bench.run(set({ condition: 'if_absent' })).applied, true);
      assert.deepEqual(bench.logs(set({ condition: 'if_absent' })), []);
      assert.deepEqual(bench.logs(set({ condition: 'if_present' })), ['put k=v']);
    });

    it('counts an expired key as absent', () => {
      bench.set('k', 'old', 1);
      bench.nowMs += 1;
      assert.equal(bench.run(set({ condition: 'if_present' })).applied, false);
      assert.equal(bench.run(set({ condition: 'if_absent' })).applied, true);
    });

    it('answers the old value with return_old, whether or not it was applied', () => {
      const returnOld = true;
      assert.deepEqual(bench.run(set({ returnOld })), { kind: 'set', applied: true, oldValue: undefined });
      assert.deepEqual(bench.run(set({ returnOld, value: b('w') })), { kind: 'set', applied: true, oldValue: b('v') });
      const notApplied = bench.run(set({ returnOld, condition: 'if_absent' }));
      assert.deepEqual(notApplied, { kind: 'set', applied: false, oldValue: b('w') });
    });

    it('replaces a key of any type, but has no old value to return of another type', () => {
      bench.putOtherType('k');
      assert.equal(bench.code(set({ returnOld: true })), 'wrong_type');
      assert.equal(bench.run(set()).applied, true);
      assert.equal(bench.get('k'), 'v');
    });

    it('to a moment that is past leaves no key, and logs the deletion', () => {
      const expiry = { expiresAtMs: bench.nowMs };
      assert.deepEqual(bench.logs(set({ expiry })), ['del k']);
      bench.set('k', 'old');
      assert.deepEqual(bench.logs(set({ expiry, condition: 'if_present' })), ['del k']);
      assert.deepEqual(bench.logs(set({ expiry, condition: 'if_absent' })), []);
      assert.equal(bench.get('k'), undefined);
    });

    for (const ttlMs of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      it(`refuses a ttl of ${ttlMs} ms`, () => {
        const { code, message } = bench.refused(set({ expiry: { ttlMs } }));
        assert.equal(code, 'invalid_argument');
        assert.match(
          message,
          new RegExp(`^invalid expire time: .*ttl_ms.*received ${String(ttlMs).replace('+', '.')}$`),
        );
      });
    }

    it('refuses an expires_at of 0', () => {
      assert.match(bench.refused(set({ expiry: { expiresAtMs: 0 } })).message, /expires_at_ms .* received 0$/);
    });

    it('takes a ttl up to the last millisecond that a number can hold, and refuses one more', () => {
      const ttlMs = Number.MAX_SAFE_INTEGER - bench.nowMs;
      assert.deepEqual(bench.logs(set({ expiry: { ttlMs } })), [`put k=v @${Number.MAX_SAFE_INTEGER}`]);
      assert.equal(bench.code(set({ expiry: { ttlMs: ttlMs + 1 } })), 'invalid_argument');
      assert.equal(bench.code(set({ expiry: { ttlMs: ttlMs + 1 }, condition: 'if_present' })), 'invalid_argument');
    });

    it('takes key and value up to their limits, and refuses one byte more', () => {
      bench.limits = { keyBytesMax: 3, valueBytesMax: 4, transactionBytesMax: 1000 };
      assert.equal(bench.run(set({ key: b('abc'), value: b('1234') })).applied, true);
      const key = bench.refused(set({ key: b('abcd') }));
      assert.deepEqual([key.code, key.message], ['too_large', 'a key: expected at most 3 bytes, received 4 bytes']);
      const value = bench.refused(set({ value: b('12345') }));
      assert.deepEqual(
        [value.code, value.message],
        ['too_large', 'a value: expected at most 4 bytes, received 5 bytes'],
      );
    });
  });

  describe('append', () => {
    const append = (value: string): Operation & { kind: 'append' } => ({
      kind: 'append',
      key: b('k'),
      value: b(value),
    });

    it('logs the whole result and keeps the expiry', () => {
      bench.set('k', 'ab', 50);
      assert.deepEqual(bench.logs(append('cd')), ['put k=abcd @1000050']);
      assert.equal(bench.run(append('e')).length, 5);
    });

    it('of nothing makes a key that was not there, and leaves one that is', () => {
      assert.deepEqual(bench.logs(append('')), ['put k=']);
      assert.deepEqual(bench.logs(append('')), []);
      assert.equal(bench.run(append('')).length, 0);
    });

    it('stops at the value limit, and leaves the value as it was', () => {
      bench.limits = { ...bench.limits, valueBytesMax: 4 };
      bench.set('k', 'abc');
      assert.equal(bench.run(append('d')).length, 4);
      assert.equal(
        bench.refused(append('e')).message,
        'the resulting value of key "k": expected at most 4 bytes, received 5 bytes',
      );
      assert.equal(bench.get('k'), 'abcd');
    });
  });

  describe('stringLength', () => {
    it('is 0 if there is no such key', () => {
      bench.set('k', 'abc');
      assert.equal(bench.run({ kind: 'stringLength', key: b('k') }).length, 3);
      assert.equal(bench.run({ kind: 'stringLength', key: b('x') }).length, 0);
    });
  });

  describe('getRange', () => {
    const cases: [start: number, end: number, expected: string][] = [
      [0, -1, 'Hello'],
      [0, 0, 'H'],
      [1, 3, 'ell'],
      [-3, -1, 'llo'],
      [-1, -3, ''],
      [3, 1, ''],
      [5, 10, ''],
      [4, 10, 'o'],
      [-100, 2, 'Hel'],
      [0, -5, 'H'],
      [0, -6, 'H'],
      [0, -100, 'H'],
      [-100, -50, 'H'],
      [-50, -100, ''],
      [1, -100, ''],
      [0, 2 ** 63, 'Hello'],
      [-(2 ** 63), 2 ** 63, 'Hello'],
    ];
    for (const [start, end, expected] of cases) {
      it(`of "Hello" from ${start} to ${end} is "${expected}"`, () => {
        bench.set('k', 'Hello');
        assert.equal(bench.run({ kind: 'getRange', key: b('k'), start, end }).value.toString(), expected);
      });
    }

    it('of nothing is nothing', () => {
      assert.equal(bench.run({ kind: 'getRange', key: b('x'), start: 0, end: -1 }).value.length, 0);
      bench.set('k', '');
      assert.equal(bench.run({ kind: 'getRange', key: b('k'), start: 0, end: 0 }).value.length, 0);
    });

    it('refuses bounds that are no whole numbers', () => {
      assert.equal(bench.code({ kind: 'getRange', key: b('k'), start: 0.5, end: 1 }), 'invalid_argument');
      assert.equal(bench.code({ kind: 'getRange', key: b('k'), start: 0, end: Number.NaN }), 'invalid_argument');
    });
  });

  describe('setRange', () => {
    const setRange = (start: number, value: string): Operation & { kind: 'setRange' } => {
      return { kind: 'setRange', key: b('k'), start, value: b(value) };
    };
    const cases: [before: string | undefined, start: number, value: string, after: string | undefined][] = [
      ['Hello', 1, 'ipp', 'Hippo'],
      ['Hello', 5, '!', 'Hello!'],
      ['Hello', 7, '!', 'Hello\0\0!'],
      ['Hello', 0, '', 'Hello'],
      ['Hello', 99, '', 'Hello'],
      [undefined, 2, 'x', '\0\0x'],
      [undefined, 2, '', undefined],
      ['', 0, 'x', 'x'],
    ];
    for (const [before, start, value, after] of cases) {
      it(`turns ${JSON.stringify(before)} into ${JSON.stringify(after)} from ${start} on`, () => {
        if (before !== undefined) bench.set('k', before);
        assert.equal(bench.run(setRange(start, value)).length, after?.length ?? 0);
        assert.equal(bench.get('k'), after);
      });
    }

    it('keeps the expiry, and logs nothing for an empty value', () => {
      bench.set('k', 'Hello', 50);
      assert.deepEqual(bench.logs(setRange(0, 'J')), ['put k=Jello @1000050']);
      assert.deepEqual(bench.logs(setRange(0, '')), []);
    });

    it('refuses a range that ends beyond the value limit before it takes memory for it', () => {
      bench.limits = { ...bench.limits, valueBytesMax: 10 };
      assert.equal(bench.run(setRange(9, 'x')).length, 10);
      assert.equal(bench.code(setRange(10, 'x')), 'too_large');
      assert.equal(bench.code(setRange(Number.MAX_SAFE_INTEGER, 'x')), 'too_large');
      assert.equal(bench.run(setRange(Number.MAX_SAFE_INTEGER, '')).length, 10);
    });

    it('refuses to grow a value that is over the limit already', () => {
      bench.set('k', 'Hello');
      bench.limits = { ...bench.limits, valueBytesMax: 4 };
      assert.equal(bench.code(setRange(0, 'J')), 'too_large');
    });

    it('refuses a start before the first byte', () => {
      assert.match(bench.refused(setRange(-1, 'x')).message, /setRange: start: expected .* from 0 .* received -1/);
      assert.equal(bench.code(setRange(0.5, 'x')), 'invalid_argument');
    });
  });

  describe('getDelete', () => {
    it('answers the value and deletes the key, once', () => {
      bench.set('k', 'v');
      assert.deepEqual(bench.run({ kind: 'getDelete', key: b('k') }).value, b('v'));
      assert.equal(bench.run({ kind: 'getDelete', key: b('k') }).value, undefined);
      assert.deepEqual(bench.logs({ kind: 'getDelete', key: b('k') }), []);
    });
  });

  it('refuse a key of another type, and say what it holds', () => {
    bench.putOtherType('other');
    const key = b('other');
    const operations: Operation[] = [
      { kind: 'get', key },
      { kind: 'append', key, value: b('') },
      { kind: 'stringLength', key },
      { kind: 'getRange', key, start: 0, end: -1 },
      { kind: 'setRange', key, start: 0, value: b('') },
      { kind: 'getDelete', key },
      { kind: 'getExpire', key },
      { kind: 'increment', key, by: 1n },
      { kind: 'incrementFloat', key, by: 1 },
    ];
    for (const operation of operations) {
      const { code, message } = bench.refused(operation);
      assert.equal(code, 'wrong_type', operation.kind);
      assert.equal(message, 'key "other": expected it to hold a string, it holds a type 9');
    }
  });
});
