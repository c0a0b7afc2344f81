/** The table: which keys an operation reads, which operations write, and what they weigh. */
import assert from 'node:assert/strict';
import { keysRead, sizeOf } from '../../src/commands/execute.js';
import type { Operation } from '../../src/model/operation.js';
import { isWrite } from '../../src/model/write-kinds.js';
import { Bench, b } from './bench.js';

const key = b('k');
const value = b('v');

const cases: [name: string, operation: Operation, keys: string[], writes: boolean][] = [
  ['get', { kind: 'get', key }, ['k'], false],
  ['multiGet', { kind: 'multiGet', keys: [b('a'), b('b')] }, ['a', 'b'], false],
  ['set', { kind: 'set', key, value }, [], true],
  ['set with a ttl', { kind: 'set', key, value, expiry: { ttlMs: 1 } }, [], true],
  ['set that returns nothing old', { kind: 'set', key, value, returnOld: false }, [], true],
  ['set that keeps the ttl', { kind: 'set', key, value, expiry: 'keep' }, ['k'], true],
  ['set if_absent', { kind: 'set', key, value, condition: 'if_absent' }, ['k'], true],
  ['set that returns the old value', { kind: 'set', key, value, returnOld: true }, ['k'], true],
  ['delete', { kind: 'delete', keys: [b('a'), b('b')] }, ['a', 'b'], true],
  ['exists', { kind: 'exists', keys: [b('a')] }, ['a'], false],
  ['increment', { kind: 'increment', key, by: 1n }, ['k'], true],
  ['incrementFloat', { kind: 'incrementFloat', key, by: 1 }, ['k'], true],
  ['append', { kind: 'append', key, value }, ['k'], true],
  ['stringLength', { kind: 'stringLength', key }, ['k'], false],
  ['getRange', { kind: 'getRange', key, start: 0, end: 1 }, ['k'], false],
  ['setRange', { kind: 'setRange', key, start: 0, value }, ['k'], true],
  ['getDelete', { kind: 'getDelete', key }, ['k'], true],
  ['getExpire', { kind: 'getExpire', key }, ['k'], false],
  ['getExpire with a ttl', { kind: 'getExpire', key, expiry: { ttlMs: 1 } }, ['k'], true],
  ['getExpire that persists', { kind: 'getExpire', key, expiry: 'persist' }, ['k'], true],
  ['timeToLive', { kind: 'timeToLive', key }, ['k'], false],
  ['expire', { kind: 'expire', key, expiry: { ttlMs: 1 } }, ['k'], true],
  ['persist', { kind: 'persist', key }, ['k'], true],
  ['rename', { kind: 'rename', key, newKey: b('n') }, ['k'], true],
  ['rename if_absent', { kind: 'rename', key, newKey: b('n'), ifAbsent: true }, ['k', 'n'], true],
  ['type', { kind: 'type', key }, ['k'], false],
  ['multiSet', { kind: 'multiSet', entries: [{ key, value }] }, [], true],
  ['multiSet if_absent', { kind: 'multiSet', entries: [{ key, value }], ifAbsent: true }, ['k'], true],
  ['copy', { kind: 'copy', key, newKey: b('n') }, ['k', 'n'], true],
  ['copy that replaces', { kind: 'copy', key, newKey: b('n'), replace: true }, ['k'], true],
  ['getBit', { kind: 'getBit', key, offset: 0 }, ['k'], false],
  ['setBit', { kind: 'setBit', key, offset: 0, bit: 1 }, ['k'], true],
  ['bitCount', { kind: 'bitCount', key }, ['k'], false],
  ['bitPosition', { kind: 'bitPosition', key, bit: 1 }, ['k'], false],
  ['bitOperation', { kind: 'bitOperation', operator: 'or', key, keys: [b('a'), b('b')] }, ['k', 'a', 'b'], true],
  [
    'bitField that reads',
    { kind: 'bitField', key, steps: [{ action: 'get', signed: false, bits: 8, offset: 0 }] },
    ['k'],
    false,
  ],
  [
    'bitField that writes',
    { kind: 'bitField', key, steps: [{ action: 'set', signed: false, bits: 8, offset: 0, value: 1n }] },
    ['k'],
    true,
  ],
  ['longestCommonSubsequence', { kind: 'longestCommonSubsequence', key, otherKey: b('n') }, ['k', 'n'], false],
  ['flushAll', { kind: 'flushAll' }, [], true],
  ['ping', { kind: 'ping', message: b('hello') }, [], false],
  ['an empty transaction', { kind: 'transact', conditions: [], operations: [] }, [], false],
  [
    'a transaction that only looks',
    { kind: 'transact', conditions: [{ key: b('c'), test: 'exists' }], operations: [{ kind: 'get', key }] },
    ['c', 'k'],
    false,
  ],
  [
    'a transaction that writes blindly',
    { kind: 'transact', conditions: [], operations: [{ kind: 'set', key, value }, { kind: 'flushAll' }] },
    [],
    true,
  ],
];

describe('the table of operations', () => {
  for (const [name, operation, keys, writes] of cases) {
    it(`${name} reads ${keys.join(' and ') || 'nothing'}, ${writes ? 'writes' : 'does not write'}`, () => {
      assert.deepEqual(keysRead(operation).map(String), keys);
      assert.equal(isWrite(operation), writes);
    });
  }

  it('knows every kind once', () => {
    const kinds = new Set(cases.map(([, { kind }]) => kind));
    assert.equal(kinds.size, 30);
  });

  it('gives the same empty list to everything that reads nothing', () => {
    const lists = cases.filter(([, , keys]) => keys.length === 0).map(([, operation]) => keysRead(operation));
    for (const list of lists) assert.equal(list, lists[0]);
    assert.throws(() => (lists[0] as Buffer[]).push(key), TypeError);
  });

  it('weighs keys, values and a cost for each operation', () => {
    for (const [, operation] of cases) assert(sizeOf(operation) >= 32);
    const grown = { kind: 'set', key, value: Buffer.alloc(1000) } as const;
    assert.equal(sizeOf(grown) - sizeOf({ kind: 'set', key, value }), 999);
    const twice: Operation = { kind: 'transact', conditions: [], operations: [grown, grown] };
    assert.equal(sizeOf(twice), 32 + 2 * sizeOf(grown));
  });

  it('refuses a key that is too long in every kind that has one', () => {
    const bench = new Bench();
    bench.limits = { ...bench.limits, keyBytesMax: 0 };
    const keyless = new Set(['flushAll', 'ping', 'transact']);
    for (const [name, operation] of cases) {
      if (keyless.has(operation.kind)) continue;
      assert.equal(bench.code(operation), 'too_large', name);
    }
  });

  it('flushAll logs a clear even if there is no key', () => {
    const bench = new Bench();
    assert.deepEqual(bench.logs({ kind: 'flushAll' }), ['clear']);
  });

  it('ping answers what was sent, within the value limit', () => {
    const bench = new Bench();
    assert.deepEqual(bench.run({ kind: 'ping', message: b('hello') }), { kind: 'ping', message: b('hello') });
    bench.limits = { ...bench.limits, valueBytesMax: 4 };
    assert.equal(bench.code({ kind: 'ping', message: b('hello') }), 'too_large');
  });
});
