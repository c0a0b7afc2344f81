/** Replies for Redis clients in both versions of the protocol, byte for byte. */

import assert from 'node:assert/strict';
import { ReplyWriter, type RespVersion } from '../../src/resp/codec/reply-writer.js';

function written(version: RespVersion, write: (writer: ReplyWriter) => void): string {
  const writer = new ReplyWriter();
  writer.version = version;
  write(writer);
  const { bytes } = writer;
  const taken = Buffer.concat(writer.take());
  assert.equal(taken.length, bytes);
  assert.equal(writer.bytes, 0);
  return taken.toString();
}

describe('replies for a Redis client', () => {
  const CASES: Array<[string, (writer: ReplyWriter) => void, resp2: string, resp3?: string]> = [
    ['a simple string', (w) => w.simple('OK'), '+OK\r\n'],
    ['an error', (w) => w.error('ERR a\r\nb'), '-ERR a  b\r\n'],
    ['an error with ends of lines at its end', (w) => w.error('ERR a\n\r\n'), '-ERR a\r\n'],
    ['an error with bytes of an argument', (w) => w.error('ERR \xc3\xa9'), '-ERR é\r\n'],
    ['an integer', (w) => w.integer(-42n), ':-42\r\n'],
    ['a long integer', (w) => w.integer(2 ** 53), ':9007199254740992\r\n'],
    ['a part of bytes as a bulk string', (w) => w.bulk(Buffer.from('abcdef'), 2, 5), '$3\r\ncde\r\n'],
    ['a bulk string of text', (w) => w.bulk('é'), '$2\r\né\r\n'],
    ['a bulk string of bytes', (w) => w.bulk(Buffer.from('a\r\nb')), '$4\r\na\r\nb\r\n'],
    ['an empty bulk string', (w) => w.bulk(''), '$0\r\n\r\n'],
    ['null', (w) => w.null(), '$-1\r\n', '_\r\n'],
    ['a null array', (w) => w.nullArray(), '*-1\r\n', '_\r\n'],
    ['an array', (w) => w.begin('array', 3), '*3\r\n'],
    ['a map', (w) => w.begin('map', 2), '*4\r\n', '%2\r\n'],
    ['a set', (w) => w.begin('set', 2), '*2\r\n', '~2\r\n'],
    ['a push', (w) => w.begin('push', 3), '*3\r\n', '>3\r\n'],
    ['a double', (w) => w.double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
    ['infinity', (w) => w.double(Number.NEGATIVE_INFINITY), '$4\r\n-inf\r\n', ',-inf\r\n'],
    ['no number', (w) => w.double(Number.NaN), '$3\r\nnan\r\n', ',nan\r\n'],
    ['text for a person', (w) => w.verbatim('hi'), '$2\r\nhi\r\n', '=6\r\ntxt:hi\r\n'],
  ];
  for (const [name, write, resp2, resp3 = resp2] of CASES)
    it(`${name} has the bytes of Redis`, () => {
      assert.equal(written(2, write), resp2);
      assert.equal(written(3, write), resp3);
    });

  it('have each number in decimal digits', () => {
    const numbers = [
      0, 1, 9, 10, 11, 99, 100, 101, 999, 1_000, 9_999, 10_000, 99_999, 100_000, 100_001, 12_345, 10_203,
    ];
    for (const number of [...numbers, -1, -10, 1_234_567n])
      assert.equal(
        written(2, (w) => w.integer(number)),
        `:${number}\r\n`,
      );
  });

  it('keep their order, whether they are small or passed on', () => {
    const lengths = [0, 1, 100, 1_000, 4_095, 4_096, 4_097, 5, 100_000, 70_000, 3, 0, 4_095, 4_095];
    const values = lengths.map((length, i) => Buffer.alloc(length, 97 + i));
    const expected = values.map((value) => `$${value.length}\r\n${value}\r\n:1\r\n`).join('');
    for (const times of [1, 20])
      assert.equal(
        written(2, (writer) => {
          for (let i = 0; i < times; i++)
            for (const value of values) {
              writer.bulk(value);
              writer.integer(1);
            }
        }),
        expected.repeat(times),
      );
  });

  it('that were taken do not change when more are written', () => {
    const writer = new ReplyWriter();
    writer.simple('first');
    const first = writer.take();
    for (let i = 0; i < 1_000; i++) writer.simple('second');
    assert.equal(Buffer.concat(first).toString(), '+first\r\n');
    assert.equal(Buffer.concat(writer.take()).toString(), '+second\r\n'.repeat(1_000));
  });
});
