import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { HeadwaterError } from '../../src/base/errors.js';
import { MESSAGE_BYTES_MAX } from '../../src/base/limits.js';
import { Client } from '../../src/client/client.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, gate, serve, until } from '../rpc/harness.js';
import { refusedWith } from '../support/refusals.js';

describe('the client', () => {
  let store: FakeStore;
  let address: string;
  let db: Client;
  beforeEach(async () => {
    store = new FakeStore();
    ({ address } = await serve(store));
    db = closing(await Client.connect(address));
  });
  afterEach(closeAll);

  describe('commands', () => {
    it('get and set text and bytes', async () => {
      await db.set('a', 'grün');
      assert.equal(await db.get('a'), 'grün');
      assert.deepEqual(await db.getBuffer('a'), Buffer.from('grün'));
      const key = Buffer.from([0, 255]);
      await db.set(key, new Uint8Array([1, 2]));
      assert.deepEqual(await db.buffers.get(key), Buffer.from([1, 2]));
      assert.equal(await db.get('nothing'), undefined);
      await db.set('', '');
      assert.equal(await db.get(''), '');
    });

    it('SET has its conditions and gives the old value back', async () => {
      assert.deepEqual(await db.set('a', '1', { ifPresent: true }), { applied: false, oldValue: undefined });
      assert.deepEqual(await db.set('a', '1', { ifAbsent: true }), { applied: true, oldValue: undefined });
      assert.deepEqual(await db.set('a', '2', { returnOld: true }), { applied: true, oldValue: '1' });
      assert.deepEqual(await db.buffers.set('a', '3', { returnOld: true }), {
        applied: true,
        oldValue: Buffer.from('2'),
      });
    });

    it('expiry by every way of saying it', async () => {
      await db.set('a', '1', { ttlMs: 5_000 });
      assert.deepEqual(await db.ttl('a'), { exists: true, ttlMs: 5_000, expiresAtMs: store.now + 5_000 });
      await db.set('a', '2', { keepTtl: true });
      assert.equal((await db.ttl('a')).ttlMs, 5_000);
      assert.equal(await db.expire('a', { expiresAtMs: store.now + 9, condition: 'if_earlier' }), true);
      assert.equal(await db.expire('a', 1_000), true);
      assert.equal(await db.getEx('a', { persist: true }), '2');
      assert.deepEqual(await db.ttl('a'), { exists: true, ttlMs: undefined, expiresAtMs: undefined });
      assert.equal(await db.persist('a'), false);
      assert.deepEqual(await db.ttl('nothing'), { exists: false, ttlMs: undefined, expiresAtMs: undefined });
    });

    it('sums are numbers, and bigints if they are asked for', async () => {
      const bigint = { bigint: true } as const;
      assert.equal(await db.incr('n'), 1);
      assert.equal(await db.incr('n', 4n), 5);
      assert.equal(await db.incr('n', -10), -5);
      assert.equal(await db.incr('n', 0, bigint), -5n);
      assert.equal(await db.incr('n', Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER - 5);
      assert.equal(await db.incr('large', 2n ** 62n, bigint), 2n ** 62n);
      assert.equal(await db.incr('large', undefined, bigint), 2n ** 62n + 1n);
      assert.equal(await db.incr('large', -1, bigint), 2n ** 62n);
      await refusedWith('overflow', db.incr('large', 2n ** 62n, bigint));
      assert.equal(await db.incrByFloat('f', 0.5), '0.5');
    });

    it('a sum that a number does not hold exactly is never rounded: the increment is done', async () => {
      const max = BigInt(Number.MAX_SAFE_INTEGER);
      assert.equal(await db.incr('n', max), Number.MAX_SAFE_INTEGER);
      const { message } = await refusedWith('too_large', db.incr('n'));
      assert.match(
        message,
        /^the increment of the key "n" took effect, but .* received 9007199254740992\. Pass \{ bigint/,
      );
      assert.equal(await db.get('n'), '9007199254740992');
      const operations = [
        { kind: 'increment', key: 'n', by: 1 },
        { kind: 'increment', key: 'n', bigint: true },
      ] as const;
      const { replies } = await db.transact({ operations });
      assert.throws(() => replies[0].value, /"n" took effect/);
      assert.equal(replies[1].value, max + 3n);
      const { results } = await db.transaction().incr('n').incr('n', 1, { bigint: true }).incr('m').commit();
      assert.throws(() => results[0], /"n" took effect/);
      assert.deepEqual([results[1], results[2]], [max + 5n, 1]);
      assert.equal(await db.incr('low', -max), -Number.MAX_SAFE_INTEGER);
      await refusedWith('too_large', db.incr('low', -1));
      assert.equal(await db.incr('low', 0, { bigint: true }), -max - 1n);
    });

    it('the others do what Redis does', async () => {
      assert.equal(await db.append('a', 'hello'), 5);
      assert.equal(await db.setRange('a', 6, 'world'), 11);
      assert.equal(await db.strlen('a'), 11);
      assert.equal(await db.getRange('a', 0, 4), 'hello');
      assert.equal(await db.type('a'), 'string');
      assert.equal(await db.rename('a', 'b'), true);
      await refusedWith('no_such_key', db.rename('a', 'b'));
      assert.deepEqual(await db.mget(['a', 'b']), [undefined, 'hello\0world']);
      assert.equal(await db.exists('a', 'b', 'b'), 2);
      assert.equal(await db.exists(['a', 'b']), 1);
      assert.equal(await db.getDel('b'), 'hello\0world');
      await db.set('c', '1');
      assert.equal(await db.del('a', 'c'), 1);
      assert.equal(await db.del(['c'], { timeoutMs: 1_000 }), 0);
      assert.equal(await db.ping('hi'), 'hi');
      await db.flushAll();
      assert.equal(await db.dbsize(), 0);
      assert.equal(await db.randomKey(), undefined);
      await db.set('one', '1');
      assert.equal(await db.randomKey(), 'one');
      assert.deepEqual(await db.buffers.randomKey(), Buffer.from('one'));
    });

    it('keys and scan, also when the reader leaves early', async () => {
      for (let i = 0; i < 2_000; i++) void db.set(`k${String(i).padStart(4, '0')}`, 'x'.repeat(500));
      assert.equal((await db.keys('k00*')).length, 100);
      assert.equal((await db.keys()).length, 2_000);
      const seen: string[] = [];
      for await (const { key, version } of db.scan({ match: 'k*', keysOnly: true })) {
        assert(version > 0);
        seen.push(key);
        if (seen.length === 3) break;
      }
      assert.deepEqual(seen, ['k0000', 'k0001', 'k0002']);
      await until(() => store.snapshotsHeld === 0, 'the snapshot given back');
      for await (const record of db.buffers.scan({ match: 'k0000' }))
        assert(Buffer.isBuffer(record.key) && record.value.length === 500);
    });

    it('keys and scan of a range, page by page, in order and in reverse', async () => {
      const names = Array.from({ length: 10 }, (_, i) => `k${i}`);
      for (const name of names) void db.set(name, name);
      assert.deepEqual(await db.keys('k*', { start: 'k2', end: 'k5' }), ['k2', 'k3', 'k4']);
      assert.deepEqual(await db.keys('', { limit: 2, reverse: true }), ['k9', 'k8']);
      const pages: string[][] = [];
      for (let start = ''; ; ) {
        const page: string[] = [];
        for await (const { key } of db.scan({ match: 'k*', start, limit: 4 })) page.push(key);
        if (page.length === 0) break;
        pages.push(page);
        start = `${page.at(-1)}\0`;
      }
      assert.deepEqual(pages, [names.slice(0, 4), names.slice(4, 8), names.slice(8)]);
      const reversed: Buffer[] = [];
      for await (const { key } of db.buffers.scan({ end: Buffer.from('k7'), limit: 2, reverse: true }))
        reversed.push(key);
      assert.deepEqual(reversed, [Buffer.from('k6'), Buffer.from('k5')]);
      for (const limit of [0, -1, 1.5, Number.NaN, '5' as never]) {
        const { message } = await refusedWith('invalid_argument', db.scan({ limit }).next());
        assert.match(message, /limit: expected a whole number from 1 on, received /);
      }
      await refusedWith('invalid_argument', db.keys('', { start: 7 as never }));
    });

    it('transactions with conditions on a version that was read', async () => {
      await db.set('balance', '10');
      const seen = await db.getVersioned('balance');
      assert(seen);
      const take = {
        conditions: [{ key: 'balance', test: 'version', version: seen.version }] as const,
        operations: [{ kind: 'increment', key: 'balance', by: -3n }] as const,
      };
      const first = await db.transact(take);
      assert.deepEqual([first.committed, first.replies], [true, [{ kind: 'increment', value: 7 }]]);
      const second = await db.transact(take);
      assert.deepEqual(second, { committed: false, replies: [], failedCondition: 0 });
    });

    it('bytes that are handed out do not keep their message in memory', async () => {
      await Promise.all([db.set('a', 'x'), db.set('large', Buffer.alloc(200_000))]);
      const [value] = await db.buffers.mget(['a', 'large']);
      assert(value);
      assert(value.buffer.byteLength <= 16 * 1024, `${value.buffer.byteLength} bytes are kept for one`);
    });

    it('the position is at or after what was written', async () => {
      await db.set('a', '1');
      assert.equal(db.position?.offset, store.offset);
    });
  });

  describe('batching', () => {
    it('what is asked in one turn goes in one message', async () => {
      await Promise.all(Array.from({ length: 100 }, (_, i) => db.set(`k${i}`, 'v')));
      assert.deepEqual(
        store.submissions.map(({ operations }) => operations.length),
        [100],
      );
    });

    it('a cascade of resolved promises counts as one turn', async () => {
      await Promise.all([
        db.set('a', '1'),
        Promise.resolve().then(() => db.set('b', '1')),
        (async () => {
          for (let i = 0; i < 5; i++) await Promise.resolve();
          await db.set('c', '1');
        })(),
      ]);
      assert.equal(store.submissions.length, 1);
    });

    it('a lone command is not held up', async () => {
      for (let i = 0; i < 3; i++) await db.ping();
      assert.equal(store.submissions.length, 3);
    });

    it('many bytes go in several messages, in order', async () => {
      await Promise.all(Array.from({ length: 100 }, (_, i) => db.set('k', String(i).padEnd(20_000))));
      assert(store.submissions.length >= 7);
      assert.equal((await db.get('k'))?.trim(), '99');
    });

    it('every command gets its own answer', async () => {
      await db.set('text', 'abc');
      const answers = await Promise.allSettled([
        db.get('text'),
        db.incr('text'),
        db.get('text'),
        db.set('k'.repeat(2_000), ''),
        db.strlen('text'),
      ]);
      assert.deepEqual(
        answers.map((answer) =>
          answer.status === 'fulfilled' ? answer.value : (answer.reason as HeadwaterError).code,
        ),
        ['abc', 'not_an_integer', 'abc', 'too_large', 3],
      );
    });
  });

  describe('what cannot be sent', () => {
    it('is refused before it is, and its neighbours are not', async () => {
      const odd = db as unknown as Record<
        'get' | 'set' | 'del' | 'getRange' | 'incr' | 'expire',
        (...args: unknown[]) => Promise<unknown>
      >;
      const refusals = [
        odd.get(undefined),
        odd.get(5),
        odd.set('a', null),
        odd.del('a', {}),
        odd.getRange('a', 0.5, 1),
        odd.incr('a', 1.5),
        odd.incr('a', 2n ** 63n),
        odd.incr('a', Number.NaN),
        odd.expire('a', {}),
        odd.expire('a', { ttlMs: 1, expiresAtMs: 2 }),
        db.set('a', '1', { ifAbsent: true, ifPresent: true }),
        db.set('a', '1', { ttlMs: Number.POSITIVE_INFINITY }),
        db.incrByFloat('a', Number.NaN),
        db.get('half \ud800 a pair'),
        db.set('a', '\udfff'),
      ].map((promise) => refusedWith('invalid_argument', promise));
      const fine = db.ping('fine');
      for (const refusal of await Promise.all(refusals)) assert.match(refusal.message, /expected .*received /);
      assert.equal(await fine, 'fine');
    });

    it('nor is what a program without types puts together', async () => {
      const odd = db as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
      await db.set('a', '1');
      const operations = [
        { kind: 'sett', key: 'a' },
        { kind: 'set', key: 'a' },
        { kind: 'set', key: 'a', value: '2', condition: 'nx' },
        { kind: 'increment', key: 'n', by: 1.5 },
        { kind: 'increment', key: 'n', by: '1' },
        { kind: 'increment', key: 'n', by: 2n ** 63n },
        { kind: 'expire', key: 'a', expiry: { ttlMs: null } },
        { kind: 'expire', key: 'a', expiry: 'keep' },
        { kind: 'delete', keys: 'a' },
        { kind: 'transact', operations: [] },
        undefined,
      ];
      const conditions = [{ key: 'a' }, { key: 'a', test: 'equals', value: '1' }, { key: 'a', test: 'version' }];
      const refusals = [
        ...operations.map((operation) => odd.transact?.({ operations: [operation] })),
        ...conditions.map((condition) => odd.transact?.({ conditions: [condition], operations: [] })),
        odd.transact?.({}),
        odd.mget?.('a'),
        odd.setRange?.('a', -1, 'x'),
        odd.expire?.('a'),
        odd.expire?.('a', { expiresAtMs: new Date() }),
        odd.expire?.('a', { ttlMs: 1, condition: 'gt' }),
        odd.set?.('a', '2', { ttlMs: null }),
        odd.set?.('a', '2', { ttlMs: 5n }),
      ].map((promise) => refusedWith('invalid_argument', promise as Promise<unknown>));
      for (const refusal of await Promise.all(refusals)) assert.match(refusal.message, /expected .*received /);
      assert.equal(await db.get('a'), '1');
    });

    it('a command that no message can hold is refused by the client', async () => {
      const error = await refusedWith('too_large', db.set('a', Buffer.alloc(MESSAGE_BYTES_MAX)));
      assert.match(error.message, /expected at most \d+ bytes, received \d+/);
      await db.ping();
    });

    it('an address that is none', async () => {
      await refusedWith('invalid_argument', Client.connect('nonsense'));
      await refusedWith('invalid_argument', Client.connect([]));
      for (const none of [undefined, null, 7420, {}, [undefined], [['127.0.0.1:1']]]) {
        const { message } = await refusedWith('invalid_argument', Client.connect(none as never));
        assert.match(message, /expected HOST:PORT as text, or a list of them, received /);
      }
      await refusedWith('invalid_argument', Client.connect(address, null as never));
    });

    it('nor is what calls beside the pipeline are given by a program without types', async () => {
      const none = 7 as never;
      const calls = [
        db.keys(none),
        db.scan({ match: none }).next(),
        db.publish(none, 'm'),
        db.publish('c', none),
        db.subscribe({ channels: none }).next(),
        db.subscribe({ patterns: [none] }).next(),
        db.watch({ prefix: none }).next(),
        db.follow(none),
        db.forget(none),
      ];
      for (const call of calls) await refusedWith('invalid_argument', call);
      for (const address of [undefined, null, 7420, {}, ['127.0.0.1:1']]) {
        const { message } = await refusedWith('invalid_argument', db.follow(address as never));
        assert.match(message, /^expected HOST:PORT with a port from 1 to 65535, .*, received /);
      }
      await refusedWith('invalid_argument', Client.connect(address, { timeoutMs: -1 }));
    });
  });

  describe('deadlines and signals', () => {
    it('a command that is given up before it is sent is never sent', async () => {
      const abort = new AbortController();
      const given = db.set('a', '1', { signal: abort.signal });
      abort.abort();
      await refusedWith('cancelled', given);
      await refusedWith('cancelled', db.set('a', '1', { signal: AbortSignal.abort() }));
      await db.ping();
      assert(!store.entries.has('a'));
    });

    it('a read that is given up is cancelled, and a write has an unknown outcome', async () => {
      const held = gate();
      store.before = () => held.promise;
      const abort = new AbortController();
      const read = db.get('a', { signal: abort.signal });
      const write = db.set('a', '1', { signal: abort.signal });
      await until(() => store.submissions.length > 0, 'the commands');
      abort.abort();
      await refusedWith('cancelled', read);
      await refusedWith('outcome_unknown', write);
      held.open();
      assert.equal(await db.get('a'), '1');
    });

    it('a deadline of its own', async () => {
      const held = gate();
      store.before = () => held.promise;
      const [read, write, other] = [db.get('a', { timeoutMs: 20 }), db.set('b', '1', { timeoutMs: 20 }), db.get('c')];
      await refusedWith('deadline_exceeded', read);
      await refusedWith('outcome_unknown', write);
      held.open();
      assert.equal(await other, undefined);
    });

    it('a deadline that no timer can keep is refused, not over at once', async () => {
      for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
        const refusals = [db.get('a', { timeoutMs }), db.set('a', '1', { timeoutMs }), db.status({ timeoutMs })];
        for (const promise of [...refusals, db.keys('*', { timeoutMs }), Client.connect(address, { timeoutMs })]) {
          const { message } = await refusedWith('invalid_argument', promise);
          assert.equal(message, `timeoutMs: expected a whole number from 1 to 2147483647, received ${timeoutMs}`);
        }
      }
      assert.equal(await db.get('a', { timeoutMs: 2 ** 31 - 1 }), undefined);
    });

    it('leave no timer and no listener behind', async () => {
      const { signal } = new AbortController();
      let listeners = 0;
      const { addEventListener, removeEventListener } = signal;
      signal.addEventListener = (...args: never[]) => {
        listeners++;
        (addEventListener as (...all: never[]) => void).apply(signal, args);
      };
      signal.removeEventListener = (...args: never[]) => {
        listeners--;
        (removeEventListener as (...all: never[]) => void).apply(signal, args);
      };
      await db.get('a', { signal, timeoutMs: 60_000 });
      await db.dbsize({ signal });
      await db.keys('*', { signal });
      assert.equal(listeners, 0);
    });

    it('the deadline of all commands is kept without one being set', async () => {
      const quick = closing(await Client.connect(address, { timeoutMs: 50 }));
      store.before = () => new Promise(() => {});
      const answers = await Promise.allSettled([quick.get('a'), quick.set('b', '1')]);
      assert.deepEqual(
        answers.map((answer) => (answer as PromiseRejectedResult).reason.code),
        ['deadline_exceeded', 'outcome_unknown'],
      );
    });

    it('calls beside the pipeline have theirs', async () => {
      store.snapshots.size = () => new Promise(() => {});
      await refusedWith('deadline_exceeded', db.dbsize({ timeoutMs: 20 }));
      await refusedWith('cancelled', db.dbsize({ signal: AbortSignal.abort() }));
    });
  });

  describe('closing', () => {
    it('finishes what is in hand', async () => {
      const held = gate();
      store.before = () => held.promise;
      const answer = db.set('a', '1');
      const closed = db.close();
      await until(() => store.submissions.length === 1, 'the command');
      held.open();
      await closed;
      assert.equal((await answer).applied, true);
      await refusedWith('cancelled', db.get('a'));
      await refusedWith('cancelled', db.dbsize());
    });

    it('does not wait for ever', async () => {
      store.before = () => new Promise(() => {});
      const answers = Promise.allSettled([db.get('a'), db.set('a', '1')]);
      await db.close({ timeoutMs: 20 });
      assert.deepEqual(
        (await answers).map((answer) => (answer as PromiseRejectedResult).reason.code),
        ['cancelled', 'outcome_unknown'],
      );
    });

    it('comes with the end of a block', async () => {
      let outside: Client;
      {
        await using inside = await Client.connect(address);
        await inside.ping();
        outside = inside;
      }
      await refusedWith('cancelled', outside.ping());
    });

    it('keeps no process alive', () => {
      const script = `
        import { Client } from './src/client/client.js';
        const db = await Client.connect('${address}');
        db.ping();
        await db.close();
      `;
      // The server is in this process, which waits: only the client's connection attempt can be tried.
      const { status, stderr } = spawnSync(
        process.execPath,
        ['--import=tsx', '--input-type=module', '-e', script.replace(address, '127.0.0.1:1')],
        {
          timeout: 15_000,
          encoding: 'utf8',
        },
      );
      assert.equal(status, 1, 'a refused connection ends the script');
      assert.match(stderr, /unreachable|ECONNREFUSED/);
    });
  });
});
