/** All or nothing: conditions, refusals in the middle, and what a transaction logs. */
import assert from 'node:assert/strict';
import type { Condition, Operation, Reply } from '../../src/model/operation.js';
import { Bench, b } from './bench.js';

const set = (key: string, value: string): Operation => ({ kind: 'set', key: b(key), value: b(value) });
const increment = (key: string): Operation => ({ kind: 'increment', key: b(key), by: 1n });
const get = (key: string): Operation => ({ kind: 'get', key: b(key) });

function transact(operations: readonly Operation[], conditions: readonly Condition[] = []) {
  return { kind: 'transact', conditions, operations } as const;
}

describe('transactions', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it('answer each operation, see their own writes, and log one joined run', () => {
    const operations = [
      set('a', '1'),
      increment('a'),
      get('a'),
      { kind: 'rename', key: b('a'), newKey: b('b') } as const,
    ];
    const { committed, replies } = bench.run(transact(operations));
    assert.equal(committed, true);
    assert.deepEqual(replies, [
      { kind: 'set', applied: true },
      { kind: 'increment', value: 2n },
      { kind: 'get', value: b('2'), version: 2 },
      { kind: 'rename', applied: true },
    ]);
    assert.deepEqual(
      bench.log.map(({ kind, joined }) => [kind, joined === true]),
      [
        ['put', false],
        ['put', true],
        ['del', true],
        ['put', true],
      ],
    );
  });

  it('without operations or conditions are committed and log nothing', () => {
    assert.deepEqual(bench.run(transact([])), { kind: 'transact', committed: true, replies: [] });
    assert.deepEqual(bench.log, []);
  });

  it('may flush, and still do the operations after that', () => {
    bench.set('a', '1');
    const { replies } = bench.run(transact([{ kind: 'flushAll' }, get('a'), set('b', '2')]));
    assert.deepEqual(replies[1], { kind: 'get', value: undefined, version: 0 });
    assert.deepEqual([bench.get('a'), bench.get('b')], [undefined, '2']);
  });

  it('undo everything if one operation is refused, and name it', () => {
    bench.set('a', 'text');
    bench.set('b', '1');
    const operations: Operation[] = [
      set('b', '2'),
      { kind: 'flushAll' },
      set('a', 'text'),
      increment('a'),
      set('c', '3'),
    ];
    const error = bench.refused(transact(operations));
    assert.equal(error.code, 'not_an_integer');
    assert.deepEqual(error.details, { operation: 3 });
    assert.match(error.message, /^transaction refused at operation 3 \(increment\): key "a": expected it to hold/);
    assert.deepEqual([bench.get('a'), bench.get('b'), bench.get('c')], ['text', '1', undefined]);
  });

  describe('that keep refusals', () => {
    const keep = (operations: readonly Operation[], conditions: readonly Condition[] = []) =>
      ({ ...transact(operations, conditions), onRefusal: 'keep' }) as const;

    it('answer a refused operation with its error, and do the others together', () => {
      bench.set('a', 'text');
      const { committed, replies } = bench.run(keep([set('b', '1'), increment('a'), increment('b'), increment('a')]));
      assert.equal(committed, true);
      assert.deepEqual(
        replies.map((reply) => (reply.kind === 'error' ? reply.error.code : reply.kind)),
        ['set', 'not_an_integer', 'increment', 'not_an_integer'],
      );
      const { error } = replies[1] as Extract<Reply, { kind: 'error' }>;
      assert.match(error.message, /^key "a": expected/);
      assert.deepEqual([bench.get('a'), bench.get('b')], ['text', '2']);
      assert.deepEqual(
        bench.log.slice(1).map(({ joined }) => joined === true),
        [false, true],
      );
    });

    it('write nothing of an operation that is refused in its middle', () => {
      bench.limits = { ...bench.limits, transactionBytesMax: 1000 };
      bench.set('a', 'x'.repeat(440));
      const entry = (key: string) => ({ key: b(key), value: b('v') });
      const append: Operation = { kind: 'append', key: b('a'), value: b('!') };
      const several: Operation = { kind: 'multiSet', entries: [entry('b'), entry('c')] };
      const { replies } = bench.run(keep([append, append, several, set('d', '')]));
      assert.deepEqual(
        replies.map((reply) => (reply.kind === 'error' ? reply.error.code : reply.kind)),
        ['append', 'append', 'too_large', 'set'],
      );
      assert.deepEqual([bench.get('b'), bench.get('c'), bench.get('d')], [undefined, undefined, '']);
    });

    it('run nothing if a condition does not hold, or an operation does not validate', () => {
      const reply = bench.run(keep([set('b', '1')], [{ key: b('x'), test: 'exists' }]));
      assert.deepEqual(reply, { kind: 'transact', committed: false, replies: [], failedCondition: 0 });
      const invalid: Operation = { kind: 'set', key: b('k'), value: b(''), expiry: { ttlMs: 0 } };
      assert.deepEqual(bench.refused(keep([set('b', '1'), invalid])).details, { operation: 1 });
      assert.equal(bench.get('b'), undefined);
    });
  });

  it('undo and join no more than their own part of a block', () => {
    bench.sealEach = false;
    bench.run(set('a', 'before'));
    bench.refused(transact([set('a', 'within'), increment('a')]));
    bench.run(transact([set('b', '1'), set('c', '2')]));
    bench.seal();
    assert.equal(bench.get('a'), 'before');
    assert.deepEqual(
      bench.log.map(({ joined }) => joined === true),
      [false, false, true],
    );
  });

  it('name the operation that does not validate', () => {
    const error = bench.refused(transact([get('a'), { kind: 'set', key: b('k'), value: b(''), expiry: { ttlMs: 0 } }]));
    assert.equal(error.code, 'invalid_argument');
    assert.deepEqual(error.details, { operation: 1 });
  });

  it('are not possible inside one another', () => {
    const error = bench.refused(transact([transact([])]));
    assert.equal(error.code, 'invalid_argument');
    assert.match(error.message, /expected a plain operation, received a transaction inside another/);
  });

  describe('conditions', () => {
    const cases: [condition: Condition, holds: boolean][] = [
      [{ key: b('a'), test: 'exists' }, true],
      [{ key: b('x'), test: 'exists' }, false],
      [{ key: b('gone'), test: 'exists' }, false],
      [{ key: b('a'), test: 'absent' }, false],
      [{ key: b('x'), test: 'absent' }, true],
      [{ key: b('gone'), test: 'absent' }, true],
      [{ key: b('a'), test: 'version', version: 1 }, true],
      [{ key: b('a'), test: 'version', version: 2 }, false],
      [{ key: b('x'), test: 'version', version: 0 }, true],
      [{ key: b('gone'), test: 'version', version: 2 }, false],
      [{ key: b('a'), test: 'value', value: b('1') }, true],
      [{ key: b('a'), test: 'value', value: b('') }, false],
      [{ key: b('x'), test: 'value', value: b('') }, false],
      [{ key: b('other'), test: 'value', value: b('members') }, false],
      [{ key: b('other'), test: 'version', version: 3 }, true],
    ];
    for (const [condition, holds] of cases) {
      const { key, ...test } = condition;
      it(`${key.toString()}: ${JSON.stringify(test)} ${holds ? 'holds' : 'does not hold'}`, () => {
        bench.set('a', '1');
        bench.set('gone', '1', 1);
        bench.putOtherType('other');
        bench.nowMs += 1;
        const reply = bench.run(transact([set('k', 'v')], [condition]));
        assert.equal(reply.committed, holds);
        assert.equal(bench.get('k'), holds ? 'v' : undefined);
      });
    }

    it('name the first one that does not hold, and nothing runs', () => {
      bench.set('a', '1');
      const conditions: Condition[] = [
        { key: b('a'), test: 'exists' },
        { key: b('x'), test: 'exists' },
        { key: b('a'), test: 'absent' },
      ];
      const reply = bench.run(transact([increment('a')], conditions));
      assert.deepEqual(reply, { kind: 'transact', committed: false, replies: [], failedCondition: 1 });
      assert.equal(bench.log.length, 1);
    });

    it('are held against the limits too', () => {
      bench.limits = { ...bench.limits, keyBytesMax: 3, valueBytesMax: 3 };
      assert.equal(bench.code(transact([], [{ key: b('long'), test: 'exists' }])), 'too_large');
      assert.equal(bench.code(transact([], [{ key: b('k'), test: 'value', value: b('long') }])), 'too_large');
      assert.equal(bench.code(transact([], [{ key: b('k'), test: 'version', version: -1 }])), 'invalid_argument');
    });
  });

  describe('size', () => {
    it('is bounded as sent, with a cost for each operation', () => {
      bench.limits = { ...bench.limits, transactionBytesMax: 1000 };
      assert.equal(bench.run(transact([set('k', 'v'.repeat(900))])).committed, true);
      assert.equal(bench.code(transact([set('k', 'v'.repeat(500)), set('l', 'v'.repeat(500))])), 'too_large');
      const many = Array.from({ length: 31 }, () => get(''));
      assert.match(bench.refused(transact(many)).message, /^a transaction: expected at most 1000 bytes, received 1024/);
      const conditions = Array.from({ length: 31 }, (): Condition => ({ key: b(''), test: 'absent' }));
      assert.equal(bench.code(transact([], conditions)), 'too_large');
    });

    it('is bounded as logged, for small operations may write large values', () => {
      bench.set('a', 'x'.repeat(600));
      bench.set('b', 'x'.repeat(600));
      bench.limits = { ...bench.limits, transactionBytesMax: 1000 };
      const append = (key: string): Operation => ({ kind: 'append', key: b(key), value: b('!') });
      assert.equal(bench.run(transact([append('a')])).committed, true);
      const error = bench.refused(transact([append('a'), append('b')]));
      assert.deepEqual([error.code, error.details], ['too_large', { operation: 1 }]);
      assert.match(error.message, /the writes of the transaction: expected at most 1000 bytes, received \d+ bytes$/);
      assert.equal(bench.get('a'), `${'x'.repeat(600)}!`);
    });
  });
});
