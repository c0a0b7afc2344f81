/** Keys and their expiries, whatever they hold. */
import assert from 'node:assert/strict';
import type { ExpireCondition, NewExpiry, Operation } from '../../src/model/operation.js';
import { Bench, b } from './bench.js';

describe('commands on keys', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  const ttlOf = (key: string) => bench.run({ kind: 'timeToLive', key: b(key) });

  describe('delete', () => {
    const del = (...keys: string[]): Operation & { kind: 'delete' } => ({ kind: 'delete', keys: keys.map(b) });

    it('counts what was there, a key named twice once', () => {
      bench.set('a', '1');
      bench.set('b', '2');
      assert.equal(bench.run(del('a', 'x', 'a', 'b')).deleted, 2);
    });

    it('logs only what was there, as one transaction', () => {
      bench.set('a', '1');
      bench.set('b', '2');
      assert.deepEqual(bench.logs(del('a', 'x', 'a', 'b')), ['del a', '+del b']);
      assert.deepEqual(bench.logs(del('a', 'b')), []);
    });

    it('does not count an expired key', () => {
      bench.set('a', '1', 1);
      bench.nowMs += 1;
      assert.equal(bench.run(del('a')).deleted, 0);
    });

    it('takes a key of any type', () => {
      bench.putOtherType('other');
      assert.equal(bench.run(del('other')).deleted, 1);
    });

    it('refuses an empty list, a key that is too long, and a list that is too long', () => {
      bench.limits = { keyBytesMax: 3, valueBytesMax: 10, transactionBytesMax: 100 };
      assert.equal(bench.code(del()), 'invalid_argument');
      assert.equal(bench.code(del('a', 'abcd')), 'too_large');
      assert.equal(bench.run(del('a', 'b')).deleted, 0);
      assert.match(bench.refused(del('a', 'b', 'c')).message, /^delete: a list of keys: expected at most 100 bytes/);
    });
  });

  describe('exists', () => {
    it('counts a key named twice twice, and an expired one not at all', () => {
      bench.set('a', '1');
      bench.set('gone', '1', 1);
      bench.putOtherType('other');
      bench.nowMs += 1;
      const keys = ['a', 'a', 'gone', 'x', 'other'].map(b);
      assert.equal(bench.run({ kind: 'exists', keys }).existing, 3);
    });
  });

  describe('type', () => {
    it('is none, string, or unknown for a type of a newer version', () => {
      bench.set('a', '1');
      bench.putOtherType('other');
      const typeOf = (key: string) => bench.run({ kind: 'type', key: b(key) }).type;
      assert.deepEqual(['x', 'a', 'other'].map(typeOf), ['none', 'string', 'unknown']);
    });
  });

  describe('timeToLive', () => {
    it('distinguishes a missing key from one that never expires', () => {
      bench.set('a', '1');
      assert.deepEqual(ttlOf('x'), { kind: 'timeToLive', exists: false });
      assert.deepEqual(ttlOf('a'), { kind: 'timeToLive', exists: true });
    });

    it('answers what is left, and the absolute time', () => {
      bench.set('a', '1', 50);
      bench.nowMs += 49;
      assert.deepEqual(ttlOf('a'), { kind: 'timeToLive', exists: true, ttlMs: 1, expiresAtMs: 1_000_050 });
    });
  });

  describe('expire', () => {
    const expire = (expiry: NewExpiry, condition?: ExpireCondition): Operation & { kind: 'expire' } => {
      return { kind: 'expire', key: b('k'), expiry, condition };
    };

    it('logs a touch with the absolute time, not the value', () => {
      bench.set('k', 'v');
      assert.deepEqual(bench.logs(expire({ ttlMs: 50 })), ['touch k @1000050']);
      assert.deepEqual(bench.logs(expire({ expiresAtMs: 1_000_001 })), ['touch k @1000001']);
      assert.equal(bench.get('k'), 'v');
    });

    it('is not applied if there is no such key', () => {
      assert.equal(bench.run(expire({ ttlMs: 50 })).applied, false);
      assert.equal(bench.run(expire({ ttlMs: -50 })).applied, false);
      assert.deepEqual(bench.log, []);
    });

    for (const expiry of [
      { ttlMs: 0 },
      { ttlMs: -1 },
      { ttlMs: -(2 ** 53) + 1 },
      { expiresAtMs: 1_000_000 },
      { expiresAtMs: 0 },
      { expiresAtMs: -5 },
    ]) {
      it(`deletes the key at once with ${JSON.stringify(expiry)} at 1000000`, () => {
        bench.set('k', 'v');
        assert.deepEqual(bench.logs(expire(expiry)), ['del k']);
        bench.set('k', 'v');
        assert.equal(bench.run(expire(expiry)).applied, true);
        assert.equal(bench.get('k'), undefined);
      });
    }

    it('works on a key of any type', () => {
      bench.putOtherType('k');
      assert.equal(bench.run(expire({ ttlMs: 50 })).applied, true);
    });

    const conditions: [condition: ExpireCondition, current: number | undefined, next: number, applied: boolean][] = [
      ['if_none', undefined, 50, true],
      ['if_none', 100, 50, false],
      ['if_any', undefined, 50, false],
      ['if_any', 100, 50, true],
      ['if_later', undefined, 50, false],
      ['if_later', 100, 50, false],
      ['if_later', 100, 100, false],
      ['if_later', 100, 101, true],
      ['if_earlier', undefined, 50, true],
      ['if_earlier', 100, 99, true],
      ['if_earlier', 100, 100, false],
      ['if_earlier', 100, 101, false],
      ['if_none', 100, -1, false],
      ['if_none', undefined, -1, true],
      ['if_later', 100, -1, false],
      ['if_earlier', 100, -1, true],
    ];
    for (const [condition, current, next, applied] of conditions) {
      it(`to ${next} ms from ${current ?? 'never'}, ${condition}, is ${applied ? '' : 'not '}applied`, () => {
        bench.set('k', 'v', current);
        assert.equal(bench.run(expire({ ttlMs: next }, condition)).applied, applied);
        const left = applied ? next : current;
        assert.equal(ttlOf('k').ttlMs, left === undefined || left < 0 ? undefined : left);
        assert.equal(ttlOf('k').exists, left === undefined || left > 0);
      });
    }

    it('refuses a time that no number can hold, whether or not there is such a key', () => {
      const ttlMs = Number.MAX_SAFE_INTEGER - bench.nowMs;
      assert.equal(bench.run(expire({ ttlMs })).applied, false);
      const late = bench.refused(expire({ ttlMs: ttlMs + 1 }));
      assert.equal(late.code, 'invalid_argument');
      assert.match(late.message, /: expected at most \d+ ms to live, received \d+ ms$/);
      assert.equal(bench.code(expire({ ttlMs: 2 ** 53 })), 'invalid_argument');
      assert.equal(bench.code(expire({ expiresAtMs: 2 ** 53 })), 'invalid_argument');
      assert.match(bench.refused(expire({ ttlMs: 0.5 })).message, /^invalid expire time: ttl_ms: .* received 0.5$/);
    });
  });

  describe('persist', () => {
    const persist = { kind: 'persist', key: b('k') } as const;

    it('takes the expiry away', () => {
      bench.set('k', 'v', 50);
      assert.deepEqual(bench.logs(persist), ['touch k @0']);
      bench.nowMs += 50;
      assert.equal(bench.get('k'), 'v');
    });

    it('is not applied, and logs nothing, if there is none to take away', () => {
      assert.equal(bench.run(persist).applied, false);
      bench.set('k', 'v');
      assert.equal(bench.run(persist).applied, false);
      assert.deepEqual(bench.logs(persist), []);
    });

    it('does not bring an expired key back', () => {
      bench.set('k', 'v', 50);
      bench.nowMs += 50;
      assert.equal(bench.run(persist).applied, false);
      assert.equal(bench.get('k'), undefined);
    });
  });

  describe('getExpire', () => {
    const getExpire = (expiry?: NewExpiry | 'persist'): Operation & { kind: 'getExpire' } => {
      return { kind: 'getExpire', key: b('k'), expiry };
    };

    it('without an option only reads', () => {
      bench.set('k', 'v', 50);
      assert.deepEqual(bench.logs(getExpire()), []);
      assert.deepEqual(bench.run(getExpire()).value, b('v'));
    });

    it('answers the value and touches the expiry', () => {
      bench.set('k', 'v');
      assert.deepEqual(bench.logs(getExpire({ ttlMs: 50 })), ['touch k @1000050']);
      assert.deepEqual(bench.logs(getExpire({ expiresAtMs: 2_000_000 })), ['touch k @2000000']);
      assert.deepEqual(bench.logs(getExpire('persist')), ['touch k @0']);
      assert.deepEqual(bench.logs(getExpire('persist')), []);
      assert.deepEqual(bench.run(getExpire({ ttlMs: 1 })).value, b('v'));
    });

    it('to a moment that is past answers the value and deletes the key', () => {
      bench.set('k', 'v');
      assert.deepEqual(bench.run(getExpire({ expiresAtMs: 1 })).value, b('v'));
      assert.equal(bench.get('k'), undefined);
    });

    it('answers and logs nothing if there is no such key', () => {
      assert.equal(bench.run(getExpire({ ttlMs: 50 })).value, undefined);
      assert.deepEqual(bench.log, []);
    });

    it('refuses a life span of nothing', () => {
      assert.match(bench.refused(getExpire({ ttlMs: 0 })).message, /^invalid expire time: getExpire expected ttl_ms/);
      assert.equal(bench.code(getExpire({ expiresAtMs: -1 })), 'invalid_argument');
    });
  });

  describe('rename', () => {
    const rename = (key: string, newKey: string, ifAbsent?: boolean): Operation & { kind: 'rename' } => {
      return { kind: 'rename', key: b(key), newKey: b(newKey), ifAbsent };
    };

    it('logs a deletion and the value under its new key, as one transaction', () => {
      bench.set('a', 'v');
      assert.deepEqual(bench.logs(rename('a', 'b')), ['del a', '+put b=v']);
    });

    it('carries the expiry, and drops the one of the key that it replaces', () => {
      bench.set('a', 'v', 50);
      bench.set('b', 'w', 99);
      assert.deepEqual(bench.logs(rename('a', 'b')), ['del a', '+put b=v @1000050']);
      bench.set('a', 'v');
      assert.deepEqual(bench.logs(rename('a', 'b')), ['del a', '+put b=v']);
    });

    it('carries the type', () => {
      bench.putOtherType('other');
      bench.run(rename('other', 'b'));
      assert.equal(bench.run({ kind: 'type', key: b('b') }).type, 'unknown');
    });

    it('to itself changes nothing, and is refused if the new key must be absent', () => {
      bench.set('a', 'v');
      assert.equal(bench.run(rename('a', 'a')).applied, true);
      assert.equal(bench.run(rename('a', 'a', true)).applied, false);
      assert.equal(bench.log.length, 1);
    });

    it('with if_absent leaves both keys if the new one exists', () => {
      bench.set('a', 'v');
      bench.set('b', 'w', 1);
      assert.equal(bench.run(rename('a', 'b', true)).applied, false);
      bench.nowMs += 1;
      assert.equal(bench.run(rename('a', 'b', true)).applied, true);
      assert.equal(bench.get('b'), 'v');
    });

    it('is refused if there is no such key', () => {
      for (const operation of [rename('x', 'b'), rename('x', 'x'), rename('x', 'b', true)]) {
        const { code, message } = bench.refused(operation);
        assert.deepEqual([code, message], ['no_such_key', 'rename: there is no key "x"']);
      }
    });
  });
});
