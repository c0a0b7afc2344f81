/** Commands of Redis on keys of any type, reply by reply. */
import assert from 'node:assert/strict';
import { Door, request } from './door.js';

describe('commands of Redis on keys', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('deletes and counts keys, one that is named twice as Redis does', () =>
    door.answers(
      ['SET a 1', '+OK'],
      ['SET b 1', '+OK'],
      ['EXISTS a a b c', ':3'],
      ['TOUCH a a c', ':2'],
      ['DEL a a c', ':1'],
      ['UNLINK a b', ':1'],
      ['EXISTS a', ':0'],
      ['DEL', "-ERR wrong number of arguments for 'del' command"],
    ));

  it('names the type', () => door.answers(['SET a 1', '+OK'], ['TYPE a', '+string'], ['TYPE b', '+none']));

  it('renames a key, also to its own name', () =>
    door.answers(
      ['RENAME a b', '-ERR no such key'],
      ['RENAMENX a a', '-ERR no such key'],
      ['SET a 1', '+OK'],
      ['SET b 2', '+OK'],
      ['RENAMENX a b', ':0'],
      ['RENAMENX a a', ':0'],
      ['RENAME a a', '+OK'],
      ['RENAME a b', '+OK'],
      ['RENAMENX b c', ':1'],
      ['GET c', '$1\r\n1'],
    ));

  it('copies a key within the one database', () =>
    door.answers(
      ['COPY a b', ':0'],
      ['SET a 1', '+OK'],
      ['COPY a b', ':1'],
      ['SET a 2', '+OK'],
      ['COPY a b', ':0'],
      ['COPY a b db 0 Replace', ':1'],
      ['GET b', '$1\r\n2'],
      ['COPY a a', '-ERR source and destination objects are the same'],
      ['COPY a b DB', '-ERR syntax error'],
      ['COPY a b DB 0 NX', '-ERR syntax error'],
      ['COPY a b DB x', '-ERR value is not an integer or out of range'],
      ['COPY a b DB 1', '-ERR DB index is out of range'],
      ['COPY a b DB -1', '-ERR DB index is out of range'],
      ['COPY a b DB 2147483648', '-ERR value is out of range, value must between -2147483648 and 2147483647'],
    ));

  it('names the encoding that Redis has for a value', () =>
    door.answers(
      ...[
        ['0', 'int'],
        ['-9223372036854775808', 'int'],
        ['9223372036854775807', 'int'],
        ['9223372036854775808', 'embstr'],
        ['01', 'embstr'],
        ['+1', 'embstr'],
        ['-0', 'embstr'],
        ['x'.repeat(44), 'embstr'],
        ['x'.repeat(45), 'raw'],
      ].flatMap(
        ([value, encoding = '']) =>
          [
            [`SET a ${value}`, '+OK'],
            ['OBJECT ENCODING a', `$${encoding.length}\r\n${encoding}`],
          ] as const,
      ),
    ));

  it('answers what OBJECT asks, and null for a key that does not exist', () =>
    door.answers(
      ['SET a 9999', '+OK'],
      ['OBJECT REFCOUNT a', ':2147483647'],
      ['SET a 10000', '+OK'],
      ['OBJECT REFCOUNT a', ':1'],
      ['OBJECT IDLETIME a', ':0'],
      [
        'OBJECT FREQ a',
        '-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
      ],
      ...['ENCODING', 'REFCOUNT', 'IDLETIME', 'FREQ'].map((name) => [`OBJECT ${name} b`, '$-1'] as const),
      ['OBJECT', "-ERR wrong number of arguments for 'object' command"],
      ['OBJECT ENCODING', "-ERR wrong number of arguments for 'object|encoding' command"],
      ['OBJECT ENCODINGS a', "-ERR unknown subcommand 'ENCODINGS'. Try OBJECT HELP."],
    ));

  it('lists the subcommands of OBJECT as lines', async () => {
    const help = await door.exchange(await door.node(), 'OBJECT HELP\r\n');
    const [head, ...lines] = help.trimEnd().split('\r\n');
    assert.equal(head, `*${lines.length}`);
    assert.equal(lines[0], '+OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    assert.deepEqual(lines.slice(-2), ['+HELP', '+    Prints this help.']);
  });

  it('ends the word of an option at a zero byte, as Redis does', async () => {
    const requests = [request('SET', 'a', '1'), request('COPY', 'a', 'b', 'replace\0x')];
    assert.equal(await door.exchange(await door.node(), Buffer.concat(requests)), '+OK\r\n:1\r\n');
  });
});
