/** Commands of Redis over all keys, with a real node. */
import assert from 'node:assert/strict';
import { REPLYING_STREAM_BYTES_MAX } from '../../src/base/limits.js';
import { referencedBytes } from '../support/collected.js';
import { Door, request, type Wire } from './door.js';

const INVALID_CURSOR = '-ERR invalid cursor';
const NOT_AN_INTEGER = '-ERR value is not an integer or out of range';
const SYNTAX_ERROR = '-ERR syntax error';

const bulk = (text: string) => `$${text.length}\r\n${text}`;
const list = (...texts: string[]) => [`*${texts.length}`, ...texts.map(bulk)].join('\r\n');
const page = (cursor: string, ...keys: string[]) => `*2\r\n${bulk(cursor)}\r\n${list(...keys)}`;

describe('commands of Redis over all keys', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('list the keys that match, as Redis takes patterns', () =>
    door.answers(
      ['KEYS *', '*0'],
      ['SET "" 1', '+OK'],
      ['SET a 1', '+OK'],
      ['SET a* 1', '+OK'],
      ['SET "\\x80" 1', '+OK'],
      ['KEYS *', list('', 'a', 'a*', '\x80')],
      ['KEYS **', list('a', 'a*', '\x80')],
      ['KEYS ""', list('')],
      ['KEYS a\\*', list('a*')],
      ['KEYS ?', list('a', '\x80')],
      ['KEYS "[\\x80-a]"', list('a', '\x80')],
      ['KEYS [^a]', list('\x80')],
      ['KEYS', "-ERR wrong number of arguments for 'keys' command"],
    ));

  it('scan', () =>
    door.answers(
      ['SCAN 0', page('0')],
      ['SET a 1', '+OK'],
      ['SET b 1', '+OK'],
      ['SCAN 0', page('0', 'a', 'b')],
      ['SCAN "" match b COUNT 1 TYPE String', page('0', 'b')],
      ['SCAN 0 TYPE hash', page('0')],
      ['SCAN 0 MATCH x MATCH a COUNT 5 COUNT 100', page('0', 'a')],
      ['SCAN 1', page('0', 'a', 'b')],
      ['SCAN +0', page('0', 'a', 'b')],
      ['SCAN -1', page('0', 'a', 'b')],
      ['SCAN 18446744073709551615', page('0', 'a', 'b')],
      ...['x', '" 0"', '"0 "', '-', '0x1', '18446744073709551616', '-18446744073709551616'].map(
        (cursor) => [`SCAN ${cursor}`, INVALID_CURSOR] as const,
      ),
      ['SCAN x FOO', INVALID_CURSOR],
      ...['FOO', 'COUNT', 'MATCH', 'TYPE', 'FOO 1', 'COUNT 0', 'COUNT -1', 'COUNT 1 FOO'].map(
        (options) => [`SCAN 0 ${options}`, SYNTAX_ERROR] as const,
      ),
      ['SCAN 0 COUNT x FOO', NOT_AN_INTEGER],
      ['SCAN 0 COUNT 9223372036854775808', NOT_AN_INTEGER],
      ['SCAN 0 COUNT 9223372036854775807', page('0', 'a', 'b')],
      ['SCAN', "-ERR wrong number of arguments for 'scan' command"],
    ));

  it('goes on with a scan over another connection', async () => {
    const node = await door.node();
    const [one, other] = [door.open(node), door.open(node)];
    await load(one, 12, (i) => `k${String(i).padStart(2, '0')}`);
    one.command('SCAN', '0');
    const [, , cursor = ''] = await one.lines(3);
    assert.match(cursor, /^[1-9][0-9]{0,15}$/);
    other.command('SCAN', cursor);
    const rest = `${page('0', 'k10', 'k11')}\r\n`;
    await other.hears(rest);
  });

  it('counts and removes all keys', () =>
    door.answers(
      ['DBSIZE', ':0'],
      ['SET a 1', '+OK'],
      ['SET b 1', '+OK'],
      ['SET b 2', '+OK'],
      ['DBSIZE', ':2'],
      ['FLUSHDB', '+OK'],
      ['DBSIZE', ':0'],
      ['SET a 1', '+OK'],
      ['FLUSHALL async', '+OK'],
      ['FLUSHALL SYNC', '+OK'],
      ['FLUSHDB ASYNC', '+OK'],
      ['EXISTS a', ':0'],
      ['FLUSHALL x', SYNTAX_ERROR],
      ['FLUSHDB SYNC ASYNC', SYNTAX_ERROR],
      ['DBSIZE x', "-ERR wrong number of arguments for 'dbsize' command"],
    ));

  it('takes a key at random', async () => {
    const node = await door.node();
    const wire = door.open(node);
    wire.command('RANDOMKEY');
    await wire.hears('$-1\r\n');
    wire.send('SET a 1\r\nSET b 1\r\nSET c 1 \r\nDEL c\r\n');
    await wire.lines(4);
    const seen = new Set<string>();
    for (let i = 0; i < 100; i++) {
      wire.command('RANDOMKEY');
      seen.add((await wire.lines(2)).join(' '));
    }
    assert.deepEqual([...seen].sort(), ['$1 a', '$1 b']);
  });

  it('estimates the memory of a key as Redis would need it', () =>
    door.answers(
      ['MEMORY USAGE a', '$-1'],
      ['SET a 1', '+OK'],
      ['MEMORY USAGE a', ':48'],
      ['MEMORY USAGE a samples 0 SAMPLES 5', ':48'],
      [`SET a ${'x'.repeat(44)}`, '+OK'],
      ['MEMORY USAGE a', ':96'],
      [`SET a ${'x'.repeat(1_000)}`, '+OK'],
      ['MEMORY USAGE a', ':1072'],
      ['MEMORY USAGE a SAMPLES', SYNTAX_ERROR],
      ['MEMORY USAGE a SAMPLES -1', SYNTAX_ERROR],
      ['MEMORY USAGE a SAMPLES x', NOT_AN_INTEGER],
      ['MEMORY USAGE a FOO 1', SYNTAX_ERROR],
      ['MEMORY USAGE', "-ERR wrong number of arguments for 'memory|usage' command"],
      ['MEMORY FOO', "-ERR unknown subcommand 'FOO'. Try MEMORY HELP."],
    ));

  it('sends a list of keys that is longer than memory allows as the client reads it', async () => {
    const node = await door.node();
    const wire = door.open(node);
    const [count, bytes] = [8_000, 4_000];
    const nameOf = (i: number) => String(i).padStart(5, '0').padEnd(bytes, 'k');
    await load(wire, count, nameOf);
    // A checkpoint in between would move the keys to the database of the test, which is in memory.
    assert.equal(await door.exchange(node, request('SAVE')), '+OK\r\n');
    wire.socket.pause();
    const before = await referencedBytes();
    wire.command('KEYS', '*');
    wire.command('PING');
    const waiting = await door.whenHeldBack(node, wire);
    const held = (await referencedBytes()) - before;
    assert.ok(held < REPLYING_STREAM_BYTES_MAX, `${held} bytes`);
    assert.ok(waiting < REPLYING_STREAM_BYTES_MAX, `${waiting} bytes`);
    // The list is as of one moment.
    assert.equal(await door.exchange(node, request('DEL', nameOf(count - 1))), ':1\r\n');
    wire.socket.resume();
    const head = `*${count}\r\n`;
    await wire.hears(head);
    for (let i = 0; i < count; i++) {
      const key = `${bulk(nameOf(i))}\r\n`;
      await wire.hears(key);
    }
    await wire.hears('+PONG\r\n');
  }).timeout(60_000);

  it('lists keys that are all in memory and more than one message holds', async () => {
    const wire = door.open(await door.node());
    const nameOf = (i: number) => String(i).padStart(3, '0').padEnd(1_000, 'k');
    await load(wire, 900, nameOf);
    wire.command('KEYS', '*k');
    const all = `${list(...Array.from({ length: 900 }, (_, i) => nameOf(i)))}\r\n`;
    await wire.hears(all);
  });

  it('drops a long list that the client does not want, and answers what follows', async () => {
    const wire = door.open(await door.node());
    await load(wire, 2_000, (i) => String(i).padEnd(1_000, 'k'));
    wire.send('CLIENT REPLY SKIP\r\nKEYS *\r\nPING\r\n');
    await wire.hears('+PONG\r\n');
  });

  async function load(wire: Wire, count: number, nameOf: (i: number) => string): Promise<void> {
    for (let at = 0; at < count; at += 1_000) {
      const names = Array.from({ length: Math.min(1_000, count - at) }, (_, i) => nameOf(at + i));
      wire.send(Buffer.concat(names.map((name) => request('SET', name, ''))));
      const replies = '+OK\r\n'.repeat(names.length);
      await wire.hears(replies);
    }
  }
});
