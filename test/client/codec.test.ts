import assert from 'node:assert/strict';
import { gunzipSync, gzipSync } from 'node:zlib';
import { HeadwaterError } from '../../src/base/errors.js';
import { Client } from '../../src/client/client.js';
import { type Codec, formsOf, json } from '../../src/client/codec.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, serve } from '../rpc/harness.js';
import { refusedWith } from '../support/refusals.js';

interface User {
  readonly name: string;
  readonly age?: number;
}

const ann: User = { name: 'Ann', age: 40 };
const bob: User = { name: 'Bob' };

describe('a client with a codec', () => {
  let store: FakeStore;
  let address: string;
  let db: Client<User, User>;
  beforeEach(async () => {
    store = new FakeStore();
    ({ address } = await serve(store));
    db = closing(await Client.connect<User>(address, { codec: json }));
  });
  afterEach(closeAll);

  it('sets and gets values in every way, and keys stay text', async () => {
    assert.deepEqual(await db.set('ann', ann), { applied: true, oldValue: undefined });
    assert.deepEqual(await db.get('ann'), ann);
    assert.equal(await db.get('nobody'), undefined);
    assert.deepEqual((await db.getVersioned('ann'))?.value, ann);
    assert.deepEqual(await db.set('ann', bob, { returnOld: true }), { applied: true, oldValue: ann });
    assert.deepEqual(await db.mget(['nobody', 'ann']), [undefined, bob]);
    assert.deepEqual(await db.getEx('ann', { ttlMs: 9_000 }), bob);
    assert.deepEqual(await db.buffers.get('ann'), Buffer.from('{"name":"Bob"}'));
    assert.deepEqual(await db.getBuffer('ann'), Buffer.from('{"name":"Bob"}'));
    assert.deepEqual(await db.keys(), ['ann']);
    assert.deepEqual(await db.getDel('ann'), bob);
    assert.equal(await db.ping('as it is'), 'as it is');
  });

  it('scans values, and has none if only keys are asked for', async () => {
    await db.set('ann', ann);
    for await (const { key, value } of db.scan()) assert.deepEqual([key, value], ['ann', ann]);
    for await (const { key, value } of db.scan({ keysOnly: true })) assert.deepEqual([key, value], ['ann', undefined]);
  });

  it('works on the text of numbers, and on parts as they are stored', async () => {
    const any = closing(await Client.connect(address, { codec: json }));
    await any.set('n', 41);
    await any.incr('n');
    assert.equal(await any.get('n'), 42);
    assert.equal(await any.incrByFloat('n', 0.5), '42.5');
    assert.equal(await any.get('n'), 42.5);
    await any.set('list', []);
    await any.setRange('list', 1, '1]');
    assert.deepEqual(await any.get('list'), [1]);
    assert.equal(await any.getRange('list', 0, 0), '[');
    assert.equal(await any.append('list', ' '), 4);
    assert.equal(await any.strlen('list'), 4);
    for (const value of [null, false, 0, '', 'text', [null, { a: [] }]]) {
      await any.set('k', value);
      assert.deepEqual(await any.get('k'), value);
    }
  });

  it('has values in transactions, and in their conditions', async () => {
    await db.set('ann', ann);
    const list = await db.transact({
      conditions: [{ key: 'ann', test: 'value', value: ann }],
      operations: [
        { kind: 'set', key: 'ann', value: bob, returnOld: true },
        { kind: 'get', key: 'ann' },
        { kind: 'multiGet', keys: ['ann', 'none'] },
        { kind: 'append', key: 'raw', value: '"text"' },
        { kind: 'getRange', key: 'ann', start: 0, end: 0 },
        { kind: 'getDelete', key: 'ann' },
      ],
    });
    assert(list.committed);
    const [set, get, many, , range, deleted] = list.replies;
    assert.deepEqual([set.oldValue, get.value, range.value, deleted.value], [ann, bob, '{', bob]);
    assert.deepEqual(
      many.values.map(({ value }) => value),
      [bob, undefined],
    );
    const steps = await db.transaction().if('ann', 'absent').set('ann', ann).get('ann').commit();
    assert.deepEqual(steps.results[1], ann);
    assert.equal((await db.transaction().if('ann', { value: bob }).del('ann').commit()).committed, false);
    assert.equal((await db.transaction().if('ann', { value: ann }).del('ann').commit()).committed, true);
  });

  it('has any other form that two functions make', async () => {
    const zipped: Codec<string> = {
      encode: (text) => gzipSync(text),
      decode: (bytes) => gunzipSync(bytes).toString(),
    };
    const other = closing(await Client.connect(address, { codec: zipped }));
    await other.set('long', 'x'.repeat(10_000));
    assert.equal(await other.get('long'), 'x'.repeat(10_000));
    assert((await other.strlen('long')) < 100);
  });

  it('rejects one call if a value cannot be decoded, and names the key', async () => {
    await db.buffers.set('foreign', 'not JSON');
    await db.set('ann', ann);
    const [foreign, other] = await Promise.allSettled([db.get('foreign'), db.get('ann')]);
    assert.deepEqual(other, { status: 'fulfilled', value: ann });
    const error = foreign.status === 'rejected' ? foreign.reason : undefined;
    assert(HeadwaterError.is(error, 'wrong_type'));
    assert.match(
      error.message,
      /^the value of the key "foreign" \(8 bytes\) cannot be decoded by the codec: .*Read it by/,
    );
    assert.equal(error.details.key, 'foreign');
    assert(error.cause instanceof SyntaxError);
    for (const call of [db.getVersioned('foreign'), db.mget(['ann', 'foreign']), db.getEx('foreign', {})])
      assert.equal((await refusedWith('wrong_type', call)).details.key, 'foreign');
    assert.equal(String(await db.buffers.get('foreign')), 'not JSON');
  });

  it('names the channel of a message that cannot be decoded', () => {
    assert.throws(
      () => formsOf(json).decodeMessage(Buffer.from('news'), Buffer.from('not JSON')),
      (error) =>
        HeadwaterError.is(error, 'wrong_type') &&
        error.details.channel === 'news' &&
        /^the message on the channel "news" \(8 bytes\) .*subscribeBuffers/.test(error.message),
    );
  });

  it('goes on behind a value that cannot be decoded: reading that value throws', async () => {
    await db.set('ann', ann);
    await db.buffers.set('foreign', 'not JSON');
    await db.set('zoe', bob);
    const seen: unknown[] = [];
    for await (const record of db.scan()) {
      try {
        seen.push(record.value);
      } catch (error) {
        assert(HeadwaterError.is(error, 'wrong_type'));
        seen.push(record.key);
      }
    }
    assert.deepEqual(seen, [ann, 'foreign', bob]);
  });

  it('does not lose a deleted value that cannot be decoded: the error has its bytes', async () => {
    const lost = Buffer.from('no {JSON}');
    const bytesOf = ({ details }: HeadwaterError) => Buffer.from(String(details.base64), 'base64').toString();
    await db.buffers.set('foreign', lost);
    assert.equal(bytesOf(await refusedWith('wrong_type', db.getDel('foreign'))), lost.toString());
    assert.equal(await db.exists('foreign'), 0);
    await db.buffers.set('foreign', lost);
    const { replies } = await db.transact({ operations: [{ kind: 'getDelete', key: 'foreign' }] });
    assert.throws(
      () => replies[0].value,
      (error: HeadwaterError) => bytesOf(error) === lost.toString(),
    );
  });

  it('keeps the rest of the result of a write that is done', async () => {
    await db.buffers.set('foreign', 'not JSON');
    const set = await db.set('foreign', ann, { returnOld: true });
    assert.equal(set.applied, true);
    assert.throws(() => set.oldValue, /"foreign"/);
    await db.buffers.set('foreign', 'not JSON');
    const operations = [
      { kind: 'increment', key: 'n', by: 1n },
      { kind: 'getDelete', key: 'foreign' },
    ] as const;
    const { replies } = await db.transact({ operations });
    assert.equal(replies[0].value, 1);
    assert.throws(() => replies[1].value, /"foreign"/);
    await db.buffers.set('foreign', 'not JSON');
    const { results } = await db.transaction().incr('n').getDel('foreign').commit();
    assert.equal(results[0], 2);
    assert.throws(() => results[1], /"foreign"/);
  });

  it('refuses a value that cannot be encoded, and names the key', async () => {
    const any = closing(await Client.connect(address, { codec: json }));
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const before = store.submissions.length;
    for (const value of [undefined, () => {}, Symbol('s'), 1n, cycle]) {
      const refusals = [
        any.set('odd', value),
        any.transact({ operations: [{ kind: 'set', key: 'odd', value }] }),
        any.transaction().set('odd', value).commit(),
      ].map((call) => refusedWith('invalid_argument', call));
      for (const { message } of await Promise.all(refusals)) assert.match(message, /^the value of the key "odd"/);
      const { message } = await refusedWith('invalid_argument', any.publish('odd', value));
      assert.match(message, /^the message on the channel "odd"/);
    }
    assert.equal(store.submissions.length, before);
    const bad = closing(await Client.connect(address, { codec: { encode: () => 5 as never, decode: () => 5 } }));
    const { message } = await refusedWith('invalid_argument', bad.set('k'.repeat(100), 1));
    assert.match(message, /\(100 characters\): expected the codec to make text or bytes, received number/);
  });

  it('is refused if it is no codec', async () => {
    for (const codec of [null, 'json', {}, { encode: () => '' }] as never[]) {
      const { message } = await refusedWith('invalid_argument', Client.connect(address, { codec }));
      assert.match(message, /^codec: expected an object with the functions encode and decode, received /);
    }
    await Client.connect(address, { codec: undefined as never }).then((plain) => plain.close());
  });
});
