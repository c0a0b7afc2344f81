/** Commands of Redis on strings, reply by reply. */
import assert from 'node:assert/strict';
import { Door, request } from './door.js';

const TOO_LONG = '-ERR string exceeds maximum allowed size (proto-max-bulk-len)';

describe('commands of Redis on strings', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('that are too long are refused under their names, alone and in a transaction', async () => {
    const node = await door.node({ transactionBytesMax: 64 * 1024, valueBytesMax: 32 * 1024, keyBytesMax: 32 * 1024 });
    const [one, other, third] = ['a', 'b', 'c'].map((letter) => letter.repeat(30_000)) as [string, string, string];
    const commands: ReadonlyArray<readonly [words: string[], name: string, what: string]> = [
      [['MSET', 'a', one, 'b', other, 'c', third], 'MSET', 'a list of keys and values'],
      [['MSETNX', 'a', one, 'b', other, 'c', third], 'MSETNX', 'a list of keys and values'],
      [['MGET', one, other, third], 'MGET', 'a list of keys'],
      [['DEL', one, other, third], 'DEL or UNLINK', 'a list of keys'],
      [['TOUCH', one, other, third], 'EXISTS or TOUCH', 'a list of keys'],
      [['BITOP', 'AND', 'd', one, other, third], 'BITOP', 'a list of keys'],
    ];
    for (const [words, name, what] of commands) {
      const refusal = new RegExp(`^-ERR ${name}: ${what}: expected at most 65536 bytes, received 9\\d{4} bytes\r\n$`);
      assert.match(await door.exchange(node, request(...words)), refusal);
    }
    const tooFar = request('SETRANGE', 'a', '40000', 'x');
    const sentence = await door.exchange(node, tooFar);
    assert.doesNotMatch(sentence, /setRange/);
    const queued = await door.exchange(node, Buffer.concat([request('MULTI'), tooFar, request('EXEC')]));
    assert.equal(queued, `+OK\r\n+QUEUED\r\n*1\r\n${sentence}`);
  });

  it('sets a value under a condition, and answers the old one if asked', () =>
    door.answers(
      ['SET a 1', '+OK'],
      ['SET a 2 NX', '$-1'],
      ['SET a 2 XX', '+OK'],
      ['SET b 1 xx', '$-1'],
      ['SET b 1 nx', '+OK'],
      ['SET a 3 GET', '$1\r\n2'],
      ['SET c 3 GET', '$-1'],
      ['SET a 4 NX GET', '$1\r\n3'],
      ['SET d 4 NX GET', '$-1'],
      ['SET a 5 XX GET', '$1\r\n3'],
      ['SET e 5 XX GET', '$-1'],
      ['SET a 6 NX NX', '$-1'],
      ['GET a', '$1\r\n5'],
      ['GET e', '$-1'],
      ['MGET a b c d e', '*5\r\n$1\r\n5\r\n$1\r\n1\r\n$1\r\n3\r\n$1\r\n4\r\n$-1'],
    ));

  it('refuses options that contradict each other, or that SET does not have', () =>
    door.answers(
      ['SET a 1 NX XX', '-ERR syntax error'],
      ['SET a 1 XX NX', '-ERR syntax error'],
      ['SET a 1 EX 10 PX 10', '-ERR syntax error'],
      ['SET a 1 EX 10 KEEPTTL', '-ERR syntax error'],
      ['SET a 1 KEEPTTL PXAT 1', '-ERR syntax error'],
      ['SET a 1 PERSIST', '-ERR syntax error'],
      ['SET a 1 EX', '-ERR syntax error'],
      ['SET a 1 10 EX', '-ERR syntax error'],
      ['SET a 1 foo', '-ERR syntax error'],
      ['SET a 1 constructor', '-ERR syntax error'],
      ['SET a 1 EX abc foo', '-ERR syntax error'],
      ['SET a 1 EX abc', '-ERR value is not an integer or out of range'],
      ['SET a', "-ERR wrong number of arguments for 'set' command"],
      ['SET', "-ERR wrong number of arguments for 'set' command"],
      ['GET a', '$-1'],
      ['SET a 1 EX 10 ex 20', '+OK'],
      ['TTL a', ':20'],
    ));

  it('takes only times that a key can live for', () =>
    door.answers(
      ['SET a 1 EX 0', "-ERR invalid expire time in 'set' command"],
      ['SET a 1 EX -1', "-ERR invalid expire time in 'set' command"],
      ['SET a 1 PX 0', "-ERR invalid expire time in 'set' command"],
      ['SET a 1 EXAT 0', "-ERR invalid expire time in 'set' command"],
      ['SET a 1 PXAT -5', "-ERR invalid expire time in 'set' command"],
      ['SET a 1 EX 9223372036854775807', "-ERR invalid expire time in 'set' command"],
      ['SET a 1 PX 9223372036854775807', "-ERR invalid expire time in 'set' command"],
      ['SET a 1 EX 9223372036854775808', '-ERR value is not an integer or out of range'],
      ['SET a 1 EX 1.5', '-ERR value is not an integer or out of range'],
      ['SET a 1 EX "+5"', '-ERR value is not an integer or out of range'],
      ['SET a 1 EX 05', '-ERR value is not an integer or out of range'],
      ['SETEX a 0 1', "-ERR invalid expire time in 'setex' command"],
      ['SETEX a x 1', '-ERR value is not an integer or out of range'],
      ['SETEX a -1 1', "-ERR invalid expire time in 'setex' command"],
      ['PSETEX a 0 1', "-ERR invalid expire time in 'psetex' command"],
      ['PSETEX a 1', "-ERR wrong number of arguments for 'psetex' command"],
      ['GET a', '$-1'],
      ['SET b 1', '+OK'],
      ['SET b 2 PXAT 1', '+OK'],
      ['EXISTS b', ':0'],
    ));

  it('gives a value an expiry, keeps it or removes it', () =>
    door.answers(
      ['SET a 1 EXAT 33177117420', '+OK'],
      ['EXPIRETIME a', ':33177117420'],
      ['SET a 2 KEEPTTL', '+OK'],
      ['EXPIRETIME a', ':33177117420'],
      ['SET a 2 PXAT 33177117420123', '+OK'],
      ['PEXPIRETIME a', ':33177117420123'],
      ['GETSET a 3', '$1\r\n2'],
      ['PEXPIRETIME a', ':-1'],
      ['SETEX a 100 4', '+OK'],
      ['TTL a', ':100'],
      ['PSETEX a 100500 5', '+OK'],
      ['TTL a', ':101'],
      ['GETSET b 1', '$-1'],
      ['SETNX a 6', ':0'],
      ['SETNX c 6', ':1'],
      ['SETNX c', "-ERR wrong number of arguments for 'setnx' command"],
      ['GET c', '$1\r\n6'],
    ));

  it('reads a value and changes its expiry', () =>
    door.answers(
      ['GETEX a', '$-1'],
      ['GETEX a EX abc', '$-1'],
      ['GETEX a EX 0', '$-1'],
      ['SET a 1', '+OK'],
      ['GETEX a EX abc', '-ERR value is not an integer or out of range'],
      ['GETEX a EX 0', "-ERR invalid expire time in 'getex' command"],
      ['GETEX a EX -1', "-ERR invalid expire time in 'getex' command"],
      ['GETEX a PXAT 33177117420123', '$1\r\n1'],
      ['PEXPIRETIME a', ':33177117420123'],
      ['GETEX a', '$1\r\n1'],
      ['PEXPIRETIME a', ':33177117420123'],
      ['GETEX a PERSIST persist', '$1\r\n1'],
      ['PEXPIRETIME a', ':-1'],
      ['GETEX a PERSIST EX 1', '-ERR syntax error'],
      ['GETEX a EX 1 PERSIST', '-ERR syntax error'],
      ['GETEX a KEEPTTL', '-ERR syntax error'],
      ['GETEX a NX', '-ERR syntax error'],
      ['GETEX a EX', '-ERR syntax error'],
      ['GETEX', "-ERR wrong number of arguments for 'getex' command"],
      ['GETEX a EXAT 1', '$1\r\n1'],
      ['EXISTS a', ':0'],
      ['SET b 1', '+OK'],
      ['GETDEL b', '$1\r\n1'],
      ['GETDEL b', '$-1'],
      ['GETDEL b c', "-ERR wrong number of arguments for 'getdel' command"],
    ));

  it('reads and writes several keys', () =>
    door.answers(
      ['MSET a 1 b 2', '+OK'],
      ['MGET a b c a', '*4\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n$1\r\n1'],
      ['MSET a 1 b', "-ERR wrong number of arguments for 'mset' command"],
      ['MSET a', "-ERR wrong number of arguments for 'mset' command"],
      ['MSETNX c 1 a 2', ':0'],
      ['MSETNX c 1 d 2 c 3', ':1'],
      ['MGET c d', '*2\r\n$1\r\n3\r\n$1\r\n2'],
      ['MSETNX e 1 f', "-ERR wrong number of arguments for 'msetnx' command"],
      ['MGET', "-ERR wrong number of arguments for 'mget' command"],
    ));

  it('appends, and reads and writes parts', () =>
    door.answers(
      ['APPEND a Hello', ':5'],
      ['APPEND a " World"', ':11'],
      ['APPEND b ""', ':0'],
      ['EXISTS b', ':1'],
      ['STRLEN a', ':11'],
      ['STRLEN c', ':0'],
      ['GETRANGE a 0 3', '$4\r\nHell'],
      ['SUBSTR a -5 -1', '$5\r\nWorld'],
      ['GETRANGE a 0 9223372036854775807', '$11\r\nHello World'],
      ['GETRANGE a -9223372036854775808 -1', '$11\r\nHello World'],
      ['GETRANGE a 5 4', '$0\r\n'],
      ['GETRANGE a -9223372036854775807 -9223372036854775808', '$0\r\n'],
      ['GETRANGE a -9223372036854775808 -9223372036854775807', '$1\r\nH'],
      ['GETRANGE a -1 -5', '$0\r\n'],
      ['GETRANGE a 0 9223372036854775808', '-ERR value is not an integer or out of range'],
      ['GETRANGE a x 1', '-ERR value is not an integer or out of range'],
      ['GETRANGE a 1 1.0', '-ERR value is not an integer or out of range'],
      ['GETRANGE a 1', "-ERR wrong number of arguments for 'getrange' command"],
      ['SUBSTR a 1', "-ERR wrong number of arguments for 'substr' command"],
      ['GETRANGE c 0 -1', '$0\r\n'],
      ['SETRANGE a 6 Redis', ':11'],
      ['SETRANGE c 0 ""', ':0'],
      ['SETRANGE c 9223372036854775807 ""', ':0'],
      ['EXISTS c', ':0'],
      ['SETRANGE c 2 x', ':3'],
      ['GET c', '$3\r\n\u0000\u0000x'],
      ['SETRANGE a -1 x', '-ERR offset is out of range'],
      ['SETRANGE a x x', '-ERR value is not an integer or out of range'],
      ['SETRANGE a 9223372036854775807 x', '-ERR string exceeds maximum allowed size (proto-max-bulk-len)'],
      ['SETRANGE a 536870912 x', '-ERR string exceeds maximum allowed size (proto-max-bulk-len)'],
      ['SETRANGE a 9223372036854775807 ""', ':11'],
      ['GET a', '$11\r\nHello Redis'],
    ));

  it('finds the longest common subsequence', () =>
    door.answers(
      ['MSET a ohmytext b mynewtext', '+OK'],
      ['LCS a b', '$6\r\nmytext'],
      ['LCS a b LEN', ':6'],
      [
        'LCS a b IDX',
        '*4\r\n$7\r\nmatches\r\n*2\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n*2\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n$3\r\nlen\r\n:6',
      ],
      [
        'LCS a b IDX MINMATCHLEN 4',
        '*4\r\n$7\r\nmatches\r\n*1\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n$3\r\nlen\r\n:6',
      ],
      [
        'LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN',
        '*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n$3\r\nlen\r\n:6',
      ],
      [
        'LCS a b IDX MINMATCHLEN -1 WITHMATCHLEN',
        '*4\r\n$7\r\nmatches\r\n*2\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n*3\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n:2\r\n$3\r\nlen\r\n:6',
      ],
      ['LCS a b IDX MINMATCHLEN 9223372036854775807', '*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:6'],
      ['LCS a b MINMATCHLEN', '-ERR syntax error'],
      ['LCS a b MINMATCHLEN x', '-ERR value is not an integer or out of range'],
      ['LCS a b IDX LEN', '-ERR If you want both the length and indexes, please just use IDX.'],
      ['LCS a b idx len foo', '-ERR syntax error'],
      ['LCS a c', '$0\r\n'],
      ['LCS a c IDX', '*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0'],
      ['LCS a', "-ERR wrong number of arguments for 'lcs' command"],
    ));

  it('answers in RESP3 with its null and its map', async () => {
    const requests = [
      'GET a',
      'SET a 1 XX',
      'MSET a ab b b',
      'MGET a c',
      'LCS a b IDX',
      'BITFIELD a OVERFLOW FAIL SET u1 0 2',
    ];
    const sent = ['HELLO 3', ...requests].map((line) => `${line}\r\n`).join('');
    const replies = await door.exchange(await door.node(), sent);
    const matches = '*1\r\n*2\r\n*2\r\n:1\r\n:1\r\n*2\r\n:0\r\n:0';
    const expected = [
      '*0',
      '_',
      '_',
      '+OK',
      '*2\r\n$2\r\nab\r\n_',
      `%2\r\n$7\r\nmatches\r\n${matches}\r\n$3\r\nlen\r\n:1`,
      '*1\r\n_',
      '',
    ].join('\r\n');
    assert.equal(replies.slice(-expected.length), expected);
  });

  it('refuses a value that would grow beyond the limit, in the words of Redis', async () => {
    const node = await door.node({ valueBytesMax: 100, keyBytesMax: 100 });
    const long = 'x'.repeat(60);
    const lines = [
      [`SET a ${long}`, '+OK'],
      [`APPEND a ${long}`, TOO_LONG],
      ['SETRANGE a 100 x', TOO_LONG],
      [`SETRANGE a 41 ${long}`, TOO_LONG],
      ['SETRANGE b 9007199254740993 x', TOO_LONG],
      ['SETBIT a 800 1', TOO_LONG],
      ['BITFIELD a SET u8 793 1', TOO_LONG],
      ['STRLEN a', ':60'],
    ];
    const replies = await door.exchange(node, lines.map(([line]) => `${line}\r\n`).join(''));
    assert.equal(replies, lines.map(([, reply]) => `${reply}\r\n`).join(''));
  });
});
