import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { Client } from '../../src/client/client.js';
import type { Operation } from '../../src/model/operation.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, serve } from '../rpc/harness.js';
import { refusedWith } from '../support/refusals.js';

describe('transactions', () => {
  let store: FakeStore;
  let db: Client;
  beforeEach(async () => {
    store = new FakeStore();
    const { address } = await serve(store);
    db = closing(await Client.connect(address));
    await db.set('a', 'grün');
  });
  afterEach(closeAll);

  const sent = (): Operation | undefined => store.submissions.at(-1)?.operations[0];

  describe('as a list', () => {
    it('have values as text, and as bytes at `buffers`', async () => {
      const operations = [
        { kind: 'get', key: 'a' },
        { kind: 'multiGet', keys: ['a', 'nothing'] },
        { kind: 'getRange', key: 'a', start: 0, end: 1 },
        { kind: 'set', key: 'a', value: 'x', returnOld: true },
        { kind: 'getExpire', key: 'a' },
        { kind: 'ping', message: 'hello' },
        { kind: 'type', key: 'a' },
        { kind: 'getDelete', key: 'a' },
        { kind: 'getDelete', key: 'a' },
      ] as const;
      const { version } = (await db.getVersioned('a')) ?? {};
      const text = await db.transact({ operations });
      assert.deepEqual(text, {
        committed: true,
        failedCondition: undefined,
        replies: [
          { kind: 'get', value: 'grün', version },
          {
            kind: 'multiGet',
            values: [
              { kind: 'get', value: 'grün', version },
              { kind: 'get', value: undefined, version: 0 },
            ],
          },
          { kind: 'getRange', value: 'gr' },
          { kind: 'set', applied: true, oldValue: 'grün' },
          { kind: 'getExpire', value: 'x' },
          { kind: 'ping', message: 'hello' },
          { kind: 'type', type: 'string' },
          { kind: 'getDelete', value: 'x' },
          { kind: 'getDelete', value: undefined },
        ],
      });
      await db.set('a', 'grün');
      const bytes = await db.buffers.transact({ operations });
      assert.deepEqual(bytes.replies[3].oldValue, Buffer.from('grün'));
      assert.deepEqual(bytes.replies[1].values[0]?.value, Buffer.from('grün'));
      assert.deepEqual(bytes.replies[5].message, Buffer.from('hello'));
    });

    it('have no replies if a condition does not hold', async () => {
      const {
        committed,
        replies: [first],
        failedCondition,
      } = await db.transact({
        conditions: [
          { key: 'a', test: 'exists' },
          { key: 'a', test: 'absent' },
        ],
        operations: [{ kind: 'get', key: 'a' }],
      });
      assert.deepEqual([committed, first, failedCondition], [false, undefined, 1]);
    });
  });

  describe('that keep refusals', () => {
    it('have the error of a refused operation in its place, and do the others', async () => {
      const { committed, replies } = await db.transact({
        operations: [
          { kind: 'set', key: 'word', value: 'x' },
          { kind: 'increment', key: 'word' },
          { kind: 'get', key: 'word' },
        ],
        onRefusal: 'keep',
      });
      assert.equal(committed, true);
      assert.deepEqual(
        replies.map((reply) => reply?.kind),
        ['set', 'error', 'get'],
      );
      assert.ok(replies[1]?.kind === 'error');
      assert.equal(replies[1].error.code, 'not_an_integer');
    });

    it('have it step by step too, in every form of values', async () => {
      for (const commands of [db, db.buffers]) {
        const { committed, results } = await commands
          .transaction()
          .set('word', 'x')
          .incr('word')
          .set('done', 'yes')
          .commit({ onRefusal: 'keep' });
        assert.equal(committed, true);
        assert.ok(results[1] instanceof HeadwaterError);
        assert.equal(results[1].code, 'not_an_integer');
        assert.deepEqual(results[2], { applied: true, oldValue: undefined });
      }
      assert.equal(await db.get('done'), 'yes');
    });

    it('are refused if the handling is no known one', async () => {
      const onRefusal = 'ignore' as 'keep';
      for (const call of [db.transact({ operations: [], onRefusal }), db.transaction().get('a').commit({ onRefusal })])
        await refusedWith('invalid_argument', call);
    });
  });

  describe('step by step', () => {
    it('give each step the result of the method of its name', async () => {
      const results = await db
        .transaction()
        .get('a')
        .getVersioned('a')
        .mget(['a', 'b'])
        .set('b', '1', { returnOld: true })
        .incr('n')
        .incr('n', 41n)
        .incrByFloat('f', 0.5)
        .append('b', '23')
        .strlen('b')
        .getRange('b', 1, 2)
        .setRange('b', 0, '9')
        .getDel('b')
        .set('t', 'x', { ttlMs: 5_000 })
        .ttl('t')
        .getEx('t', { persist: true })
        .expire('t', 1_000)
        .persist('t')
        .rename('t', 'u', { ifAbsent: true })
        .type('u')
        .exists('u', 'u', 't')
        .del('u', 't')
        .flushAll()
        .commit();
      assert.deepEqual(results, {
        committed: true,
        failedCondition: undefined,
        results: [
          'grün',
          { value: 'grün', version: 1 },
          ['grün', undefined],
          { applied: true, oldValue: undefined },
          1,
          42,
          '0.5',
          3,
          3,
          '23',
          3,
          '923',
          { applied: true, oldValue: undefined },
          { exists: true, ttlMs: 5_000, expiresAtMs: store.now + 5_000 },
          'x',
          true,
          true,
          true,
          'string',
          2,
          1,
          undefined,
        ],
      });
    });

    it('are one message, and bytes at `buffers`', async () => {
      const before = store.submissions.length;
      const { results } = await db.buffers.transaction().set('b', '1').getDel('b').get('b').commit();
      assert.deepEqual(results, [{ applied: true, oldValue: undefined }, Buffer.from('1'), undefined]);
      assert.equal(store.submissions.length, before + 1);
      assert.equal(sent()?.kind, 'transact');
    });

    it('have every kind of condition, wherever it stands', async () => {
      const seen = await db.getVersioned('a');
      assert(seen);
      const holds = await db
        .transaction()
        .if('b', 'absent')
        .set('b', '1')
        .if('a', 'exists')
        .if('a', { version: seen.version })
        .if('a', { value: 'grün' })
        .if('c', { version: 0 })
        .commit();
      assert.equal(holds.committed, true);
      for (const test of ['absent', { version: seen.version + 1 }, { value: 'x' }] as const) {
        const {
          committed,
          results: [first],
          failedCondition,
        } = await db.transaction().if('b', 'exists').if('a', test).del('a').commit();
        assert.deepEqual([committed, first, failedCondition], [false, undefined, 1]);
      }
      assert.equal(await db.get('a'), 'grün');
    });

    it('can be committed again, and grow in between', async () => {
      const transaction = db.transaction().incr('n');
      const first = transaction.commit();
      const both = transaction.incr('m');
      assert.deepEqual([(await first).results, (await both.commit()).results], [[1], [2, 1]]);
    });

    it('reject an invalid argument at the commit, and nothing is done', async () => {
      const odd = (key: string, test: unknown) =>
        db
          .transaction()
          .set('b', '1')
          .if(key, test as never);
      const refusals = [
        db.transaction().set('b', '1').incr('n', 1.5).set('c', '1'),
        db.transaction().set('b', '1', { ttlMs: 1, expiresAtMs: 2 }),
        db
          .transaction()
          .set('b', '1')
          .set('c', undefined as never),
        db.transaction().set('b', '1', { ttlMs: 5, timeoutMs: 5 } as never),
        db.transaction().rename('a', 'b', { ifPresent: true } as never),
        db
          .transaction()
          .set('b', '1')
          .incr('n', 1, { bigInt: true } as never),
        odd('a', { version: 1, value: '1' }),
        odd('a', {}),
        odd('a', 'missing'),
        odd('a', null),
        odd('a', { version: -1 }),
      ].map((transaction) => refusedWith('invalid_argument', transaction.commit()));
      for (const { message } of await Promise.all(refusals))
        assert.match(message, /expected .*received |unknown option/);
      await refusedWith(
        'invalid_argument',
        db
          .transaction()
          .set('b', '1')
          .commit({ timeout: 5 } as never),
      );
      assert.equal(await db.exists('b', 'c'), 0);
    });

    it('fail as a whole with the first step that fails', async () => {
      const error = await refusedWith('not_an_integer', db.transaction().set('b', '1').incr('a').commit());
      assert.match(error.message, /operation 1 \(increment\)/);
      assert.equal(error.details.operation, 1);
    });
  });
});
