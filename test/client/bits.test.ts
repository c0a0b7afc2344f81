/** The client's commands on bits, on several keys and on two values, alone and as steps of a transaction. */
import assert from 'node:assert/strict';
import { Client } from '../../src/client/client.js';
import { json } from '../../src/client/codec.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, serve } from '../rpc/harness.js';
import { refusedWith } from '../support/refusals.js';

describe('commands on bits, several keys and two values', () => {
  let store: FakeStore;
  let address: string;
  let db: Client;
  beforeEach(async () => {
    store = new FakeStore();
    ({ address } = await serve(store));
    db = closing(await Client.connect(address));
  });
  afterEach(closeAll);

  it('read and write single bits', async () => {
    assert.equal(await db.setBit('k', 7, 1), 0);
    assert.equal(await db.setBit('k', 7, 1), 1);
    assert.deepEqual([await db.getBit('k', 7), await db.getBit('k', 2 ** 32 - 1)], [1, 0]);
    assert.deepEqual(await db.buffers.get('k'), Buffer.from([1]));
    await refusedWith('invalid_argument', db.setBit('k', 7, 2 as 1));
    await refusedWith('invalid_argument', db.setBit('k', -1, 1));
  });

  it('count and find bits in ranges', async () => {
    await db.set('k', Buffer.from([0xff, 0, 0xf0]));
    assert.equal(await db.bitCount('k'), 12);
    assert.equal(await db.bitCount('k', { start: -1, end: -1 }), 4);
    assert.equal(await db.bitCount('k', { start: 4, end: 20, unit: 'bit' }), 8);
    assert.equal(await db.bitPos('k', 0), 8);
    assert.equal(await db.bitPos('k', 1, { start: 1 }), 16);
    assert.equal(await db.bitPos('k', 1, { start: 1, end: 1 }), undefined);
    assert.equal(await db.bitPos('k', 0, { start: 0, end: 3, unit: 'bit' }), undefined);
    await refusedWith('invalid_argument', db.bitCount('k', { start: 0 }));
    await refusedWith('invalid_argument', db.bitCount('k', { start: 0, end: 1, unit: 'bits' as 'bit' }));
  });

  it('combine values', async () => {
    await db.mset(
      new Map([
        ['a', Buffer.from([0x0f])],
        ['b', Buffer.from([0xff, 1])],
      ]),
    );
    assert.equal(await db.bitOp('xor', 'c', ['a', 'b']), 2);
    assert.deepEqual(await db.getBuffer('c'), Buffer.from([0xf0, 1]));
    assert.equal(await db.bitOp('and', 'c', ['x']), 0);
    assert.equal(await db.exists('c'), 0);
    await refusedWith('invalid_argument', db.bitOp('nand' as 'and', 'c', ['a']));
    await refusedWith('invalid_argument', db.bitOp('not', 'c', ['a', 'b']));
  });

  it('read and write fields of a few bits, as numbers or bigints', async () => {
    const steps = [
      { action: 'set', type: 'u8', offset: '#1', value: 250 },
      { action: 'increment', type: 'u8', offset: 8, by: 10n, overflow: 'saturate' },
      { action: 'increment', type: 'u8', offset: 8, by: 1, overflow: 'fail' },
      { action: 'get', type: 'i8', offset: '#1' },
    ] as const;
    assert.deepEqual(await db.bitField('k', steps), [0, 255, undefined, -1]);
    assert.deepEqual(await db.bitField('k', [steps[3]], { bigint: true }), [-1n]);
    const largest = { action: 'set', type: 'i64', offset: 0, value: 2n ** 63n - 1n } as const;
    await db.bitField('n', [{ ...largest, value: 0 }, largest]);
    await refusedWith('too_large', db.bitField('n', [{ action: 'get', type: 'i64', offset: 0 }]));
    assert.deepEqual(await db.bitField('n', [largest], { bigint: true }), [2n ** 63n - 1n]);
    for (const wrong of [
      { action: 'get', type: 'x8', offset: 0 },
      { action: 'get', type: 'u64', offset: 0 },
      { action: 'get', type: 'u8', offset: '1' },
      { action: 'put', type: 'u8', offset: 0 },
      { action: 'set', type: 'u8', offset: 0, value: 1.5 },
      { action: 'set', type: 'u8', offset: 0, value: 1, overflow: 'sat' },
      undefined,
    ])
      await refusedWith('invalid_argument', db.bitField('k', [wrong as never]));
    await refusedWith('invalid_argument', db.bitField('k', 'get' as never));
  });

  it('compare two values', async () => {
    await db.mset({ a: 'ohmytext', b: 'mynewtext' });
    assert.equal(await db.lcs('a', 'b'), 'mytext');
    assert.deepEqual(await db.buffers.lcs('a', 'b'), Buffer.from('mytext'));
    assert.equal(await db.lcsLength('a', 'b'), 6);
    assert.deepEqual(await db.lcsMatches('a', 'b', { minMatchLength: 4 }), {
      length: 6,
      matches: [{ range: { start: 4, end: 7 }, otherRange: { start: 5, end: 8 } }],
    });
    assert.equal(await db.lcs('a', 'nothing'), '');
  });

  it('set several keys from an object, a Map or pairs, if asked only if none exists', async () => {
    assert.equal(await db.mset({ a: '1' }), true);
    assert.equal(await db.mset([['b', '2']], { ifAbsent: true }), true);
    assert.equal(
      await db.mset(
        new Map([
          ['c', '3'],
          ['b', '4'],
        ]),
        { ifAbsent: true },
      ),
      false,
    );
    assert.deepEqual(await db.mget(['a', 'b', 'c']), ['1', '2', undefined]);
    await refusedWith('invalid_argument', db.mset({}));
    for (const wrong of [null, 'ab', [['a']], 7]) await refusedWith('invalid_argument', db.mset(wrong as never));
    await refusedWith('invalid_argument', db.mset({ a: 1 as never }));
  });

  it('copy a key with its expiry', async () => {
    await db.set('a', '1', { ttlMs: 60_000 });
    assert.equal(await db.copy('a', 'b'), true);
    assert.equal((await db.ttl('b')).expiresAtMs, (await db.ttl('a')).expiresAtMs);
    assert.equal(await db.copy('a', 'b'), false);
    assert.equal(await db.copy('a', 'b', { replace: true }), true);
    assert.equal(await db.copy('nothing', 'b', { replace: true }), false);
    await refusedWith('invalid_argument', db.copy('a', 'a'));
  });

  it('add decimal text with all its digits', async () => {
    assert.equal(await db.incrByFloat('n', '1.00000000000000001'), '1.00000000000000001');
    for (const wrong of ['', 'x', '1e99999']) await refusedWith('invalid_argument', db.incrByFloat('n', wrong));
  });

  it('expire a key only if it would live longer, and has an expiry', async () => {
    await db.set('a', '1');
    assert.equal(await db.expire('a', { ttlMs: 5_000, condition: 'if_any_and_earlier' }), false);
    await db.expire('a', 50_000);
    assert.equal(await db.expire('a', { ttlMs: 5_000, condition: 'if_any_and_earlier' }), true);
  });

  it('are steps of a transaction with the same results', async () => {
    const { results } = await db
      .transaction()
      .mset({ a: 'ohmytext', b: 'mynewtext' }, { ifAbsent: true })
      .copy('a', 'c')
      .setBit('bits', 9, 1)
      .getBit('bits', 9)
      .bitCount('bits', { start: 1, end: 1 })
      .bitPos('bits', 1)
      .bitOp('not', 'inverse', ['bits'])
      .bitField('n', [{ action: 'increment', type: 'u8', offset: 0, by: 3 }])
      .bitField('n', [{ action: 'get', type: 'u8', offset: 0 }], { bigint: true })
      .lcs('a', 'b')
      .lcsLength('a', 'b')
      .lcsMatches('a', 'b', { minMatchLength: 7 })
      .commit();
    const expected: typeof results = [
      ...([true, true, 0, 1, 1, 9, 2] as const),
      ...([[3], [3n], 'mytext', 6, { length: 6, matches: [] }] as const),
    ] as never;
    assert.deepEqual(results, expected);
    await refusedWith(
      'invalid_argument',
      db
        .transaction()
        .bitCount('k', { unit: 'bit', ends: 1 } as never)
        .commit(),
    );
  });

  it('have values of a codec, and texts as the client gives parts of values', async () => {
    const typed = closing(await Client.connect<readonly number[]>(address, { codec: json }));
    await typed.mset({ a: [1, 2], b: [1, 3] });
    assert.deepEqual(await typed.mget(['a', 'b']), [
      [1, 2],
      [1, 3],
    ]);
    const operations = [
      { kind: 'multiSet', entries: [{ key: 'c', value: [4] }] },
      { kind: 'get', key: 'c' },
      { kind: 'longestCommonSubsequence', key: 'a', otherKey: 'b' },
    ] as const;
    const { replies } = await typed.transact({ operations });
    assert.deepEqual([replies[1].value, replies[2].value], [[4], '[1,]']);
    assert.deepEqual(await db.get('c'), '[4]');
  });
});
