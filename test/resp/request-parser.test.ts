/** Requests of Redis clients: whole, cut anywhere, wrong, and larger than the limits. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KnownWords } from '../../src/resp/codec/known-words.js';
import { ProtocolError } from '../../src/resp/codec/protocol-error.js';
import { ARGUMENT_COST_BYTES, type Request, RequestParser } from '../../src/resp/codec/request-parser.js';
import { request } from './door.js';

const LIMITS = { argumentBytesMax: 1_000_000, requestBytesMax: 2_000_000 };

function parser(limits: { requestBytesMax?: number } = {}) {
  return new RequestParser({ ...LIMITS, ...limits });
}

function shown(found: ReadonlyArray<Request | ProtocolError>): unknown[] {
  return found.map((one) => (one instanceof ProtocolError ? one.message : one.map((word) => word.toString('latin1'))));
}

function parsed(text: string, options?: Parameters<typeof parser>[0]): unknown[] {
  return shown(parser(options).take(Buffer.from(text, 'latin1')));
}

/** The chunks into which the cuts divide the bytes. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((one) => one % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}

describe('requests of a Redis client', () => {
  it('come as arrays of bulk strings, several in one chunk', () => {
    assert.deepEqual(parsed('*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n'), [['GET', 'a'], ['PING']]);
    assert.deepEqual(parsed('*1\r\n$0\r\n\r\n'), [['']]);
  });

  it('come as inline commands, with the quotes of Redis', () => {
    assert.deepEqual(parsed('PING\r\nset a  "b c\\x00\\n\\"" \'d\\\'"\'\n'), [
      ['PING'],
      ['set', 'a', 'b c\0\n"', `d'"`],
    ]);
    assert.deepEqual(parsed('\r\n  \r\nPING\n'), [['PING']], 'an empty line is no request');
    assert.deepEqual(parsed('a\x0bb\x0b \x0b c\r\n'), [['a\x0bb\x0b', 'c']]);
    assert.deepEqual(parsed('a b\0c d\r\nPING\r\n'), [['a', 'b'], ['PING']]);
    assert.deepEqual(parsed('pre"fix"\r\n'), [['prefix']]);
    for (const wrong of ['set "a', `set 'a`, 'set "a"b', `set 'a'b`])
      assert.deepEqual(parsed(`PING\r\n${wrong}\r\n`), [['PING'], 'Protocol error: unbalanced quotes in request']);
  });

  it('share the buffers of known names, in the spellings that clients use', () => {
    const names = new KnownWords(['get', 'getdel', 'client', ...Array.from({ length: 300 }, (_, i) => `c${i}`)]);
    const parser = new RequestParser(LIMITS, names);
    const found = (...words: string[]) => (parser.take(request(...words)) as Request[])[0] as Request;
    const [known] = found('GET', 'a');
    assert.equal(known?.toString(), 'GET');
    assert.equal(found('GET', 'b')[0], known);
    assert.notEqual(found('get', 'b')[0], known);
    for (const word of [
      'get',
      'GETDEL',
      'client',
      'c299',
      'C17',
      'Get',
      'ge',
      'g\0t',
      'gets',
      'getdelx',
      '',
      'x'.repeat(99),
    ]) {
      const [name, argument] = found(word, 'GET');
      assert.equal(name?.toString(), word);
      assert.equal(argument?.toString(), 'GET');
      assert.equal(
        found(word)[0] === name,
        names.all.some((one) => one.toString() === word),
        word,
      );
      assert.notEqual(argument, known, 'an argument is never a name');
    }
  });

  it('without arguments are no requests', () => {
    assert.deepEqual(parsed('*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n'), [['PING']]);
  });

  it('that break the protocol are refused in the words of Redis, and nothing behind them is read', () => {
    const refusals: Array<[string, string]> = [
      ['*x\r\n', 'invalid multibulk length'],
      ['*\r\n', 'invalid multibulk length'],
      ['*01\r\n', 'invalid multibulk length'],
      ['*1048577\r\n', 'invalid multibulk length'],
      ['*99999999999999999999\r\n', 'invalid multibulk length'],
      ['*1\r\n:1\r\n', "expected '$', got ':'"],
      ['*1\r\n$-1\r\n', 'invalid bulk length'],
      ['*1\r\n$+1\r\n', 'invalid bulk length'],
      ['*1\r\n$1000001\r\n', 'invalid bulk length'],
      ['*1\r\n$1x\r\n', 'invalid bulk length'],
    ];
    for (const [text, reason] of refusals)
      assert.deepEqual(parsed(`PING\r\n${text}PING\r\n`), [['PING'], `Protocol error: ${reason}`], text);
    const failed = parser();
    failed.take(Buffer.from('*x\r\n'));
    assert.deepEqual(failed.take(Buffer.from('PING\r\n')), []);
    assert.equal(failed.heldBytes, 0);
  });

  it('are refused by their announcement, before their bytes have come', () => {
    assert.deepEqual(parsed('*1\r\n$1000000\r\n'), []);
    const sum = 2 * (1_000 + ARGUMENT_COST_BYTES);
    const two = `*2\r\n$1000\r\n${'a'.repeat(1_000)}\r\n$1000\r\n`;
    assert.deepEqual(parsed(two, { requestBytesMax: sum }), []);
    assert.deepEqual(parsed(two, { requestBytesMax: sum - 1 }), [
      `Protocol error: expected a request of at most ${sum - 1} bytes, received more`,
    ]);
  });

  it('have no longer lines than Redis allows', () => {
    const most = 64 * 1024;
    for (const [start, reason] of [
      ['*', 'too big mbulk count string'],
      ['*1\r\n$', 'too big bulk count string'],
      ['x', 'too big inline request'],
    ] as const) {
      const one = parser();
      assert.deepEqual(one.take(Buffer.from(start)), []);
      assert.deepEqual(one.take(Buffer.from('1'.repeat(most - 1))), []);
      assert.deepEqual(shown(one.take(Buffer.from('11'))), [`Protocol error: ${reason}`], start);
    }
  });

  it('are the same however their bytes are cut', () => {
    const words = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(words, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 30 }), (requests, cuts) => {
        const bytes = Buffer.concat(requests.map((words) => request(...words)));
        const one = parser();
        const found = cut(bytes, cuts).flatMap((chunk) => shown(one.take(chunk)));
        assert.deepEqual(
          found,
          requests.map((request) => request.map((word) => Buffer.from(word).toString('latin1'))),
        );
        assert.equal(one.heldBytes, 0);
      }),
      { numRuns: 500 },
    );
  });

  it('are the same byte by byte as in one chunk, also of nonsense', () => {
    const pieces = fc.constantFrom(
      '*',
      '$',
      '\r\n',
      '1',
      '3',
      '-',
      'GET',
      ' ',
      '"',
      '\\',
      '\0',
      '\n',
      "'",
      'x0',
      'é',
      '*1\r\n$1\r\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (text) => {
        const bytes = Buffer.from(text.join(''));
        const [whole, single] = [parser(), parser()];
        const expected = shown(whole.take(bytes));
        assert.deepEqual(
          [...bytes].flatMap((byte) => shown(single.take(Buffer.of(byte)))),
          expected,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('hold no more memory than twice the bytes that have come', () => {
    const one = parser();
    one.take(Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n'));
    const announced = one.heldBytes;
    assert(announced < 1_000, 'an announcement takes no memory');
    let came = 0;
    for (const chunk of Array.from({ length: 100 }, () => Buffer.alloc(9_000, 'v'))) {
      one.take(chunk);
      came += chunk.length;
      assert(one.heldBytes <= announced + 2 * came);
    }
    const [request] = one.take(Buffer.from(`${'v'.repeat(100_000)}\r\n`));
    assert.deepEqual(
      (request as Request).map(({ length }) => length),
      [3, 1, 1_000_000],
    );
    assert.equal(one.heldBytes, 0);
  });

  it('do not keep a large request before them in memory', () => {
    const one = parser();
    const large = request('SET', 'k', Buffer.alloc(900_000));
    one.take(large.subarray(0, 500_000));
    assert.equal(one.take(Buffer.concat([large.subarray(500_000), Buffer.from('*2\r\n$3\r\nGET\r\n')])).length, 1);
    assert(one.heldBytes < 1_000);
    const [get] = one.take(Buffer.from('$1\r\nk\r\n')) as Request[];
    assert.equal(get?.[0]?.toString(), 'GET');
    assert((get?.[0]?.buffer.byteLength as number) < 64 * 1024);
  });
  it('do not keep memory that they share with the chunks of others', () => {
    const one = parser();
    const page = Buffer.alloc(8_192);
    const sent = Buffer.from('*1\r\n$4\r\nPING\r\n*4\r\n$4\r\nMSET\r\n$3\r\nkey\r\n$2\r\nva');
    const chunk = page.subarray(100, 100 + sent.copy(page, 100));
    assert.equal(one.take(chunk).length, 1);
    page.fill('x');
    const [mset] = one.take(Buffer.from('\r\n$0\r\n\r\n')) as Request[];
    assert.deepEqual(mset?.map(String), ['MSET', 'key', 'va', '']);
    for (const argument of mset?.slice(1, 2) ?? []) assert.ok(argument.buffer.byteLength < 100);
  });
});
