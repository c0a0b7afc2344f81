/** Sessions of Redis clients with a real node: order, breaks of the protocol, back-pressure, the end of a connection. */
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventually } from '../../benchmarks/waiting.js';
import { parseAddress } from '../../src/base/address.js';
import { REPLYING_STREAM_BYTES_MAX } from '../../src/base/limits.js';
import { Node } from '../../src/index.js';
import { dumpDirectory } from '../../src/tools.js';
import { temporaryDirectory } from '../support/database.js';
import { Door, request, Wire } from './door.js';

describe('a session of a Redis client', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('answers data commands, other commands and refusals in the order in which they were sent', async () => {
    const node = await door.node();
    const requests = 'SET a 1\r\nGET a\r\nPING\r\nnope x\r\nGET a b\r\nSET a 2\r\nECHO hi\r\nGET a\r\nGET b\r\n';
    const replies = [
      '+OK',
      '$1',
      '1',
      '+PONG',
      "-ERR unknown command 'nope', with args beginning with: 'x' ",
      "-ERR wrong number of arguments for 'get' command",
      '+OK',
      '$2',
      'hi',
      '$1',
      '2',
      '$-1',
      '',
    ];
    assert.equal(await door.exchange(node, requests), replies.join('\r\n'));
  });

  it('answers the same whatever the cuts between the bytes are', async () => {
    const node = await door.node();
    const bytes = Buffer.concat([request('SET', 'k', 'v\r\n$1'), request('get', 'k'), request('Ping', 'x')]);
    const wire = door.open(node);
    wire.socket.setNoDelay(true);
    const expected = '+OK\r\n$5\r\nv\r\n$1\r\n$1\r\nx\r\n';
    for (const byte of bytes) {
      await new Promise<void>((resolve) => wire.socket.write(Buffer.of(byte), () => resolve()));
    }
    await wire.hears(expected);
  });

  it('shares a block of the log with the others whose requests come in the same turn', async () => {
    const data = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ data, listen: '127.0.0.1:0' });
    const wires = Array.from({ length: 20 }, () => door.open(node));
    await Promise.all(wires.map((wire) => wire.asks('PING', '+PONG\r\n')));
    for (const [i, wire] of wires.entries()) wire.command('SET', `k${i}`, 'v');
    await Promise.all(wires.map((wire) => wire.hears('+OK\r\n')));
    await node.stop();
    const counts: number[] = [];
    for await (const block of dumpDirectory(data)) if ('commands' in block) counts.push(block.commands.length);
    assert.deepEqual(counts, [20]);
  });

  it('answers a break of the protocol behind all that came before, and closes', async () => {
    const node = await door.node();
    assert.equal(
      await door.exchange(node, 'SET a 1\r\nGET a\r\n*1\r\n:1\r\nGET a\r\n'),
      "+OK\r\n$1\r\n1\r\n-ERR Protocol error: expected '$', got ':'\r\n",
    );
  });

  it('answers QUIT and drops what follows it', async () => {
    const node = await door.node();
    const wire = door.open(node);
    wire.send('SET a 1\r\nQUIT\r\nSET a 2\r\n');
    assert.equal(await wire.all(), '+OK\r\n+OK\r\n');
    assert.equal(await door.exchange(node, 'GET a\r\n'), '$1\r\n1\r\n');
  });

  it('holds little while the client reads nothing, and answers everything when it does', async () => {
    const node = await door.node();
    const wire = door.open(node);
    const value = 'v'.repeat(10_000);
    wire.command('SET', 'k', value);
    await wire.hears('+OK\r\n');
    wire.socket.pause();
    const commands = 20_000;
    const get = request('GET', 'k');
    const sent = Buffer.concat(Array.from({ length: commands }, () => get));
    const isAllSent = new Promise<void>((resolve) => wire.socket.write(sent, () => resolve()));
    const held = await door.whenHeldBack(node, wire);
    assert.ok(held < REPLYING_STREAM_BYTES_MAX, `${held} bytes`);
    wire.socket.resume();
    const reply = `$${value.length}\r\n${value}\r\n`;
    for (let i = 0; i < commands; i += 1_000) await wire.hears(reply.repeat(1_000));
    await isAllSent;
  });

  it('answers reads of memory in their order, and each sees the writes before it', async () => {
    const node = await door.node();
    const wire = door.open(node);
    const long = 'v'.repeat(5_000);
    const turns: Array<[command: string, reply: string]> = [
      ['SET a 1', '+OK\r\n'],
      ['GET a', '$1\r\n1\r\n'],
      ['GET absent', '$-1\r\n'],
      ['GET absent', '$-1\r\n'],
      ['SET a 2', '+OK\r\n'],
      ['GET a', '$1\r\n2\r\n'],
      [`SET long ${long}`, '+OK\r\n'],
      ['GET long', `$5000\r\n${long}\r\n`],
      ['SET brief v PX 1', '+OK\r\n'],
      ['DEL a', ':1\r\n'],
      ['GET a', '$-1\r\n'],
      ['MULTI', '+OK\r\n'],
      ['GET a', '+QUEUED\r\n'],
      ['EXEC', '*1\r\n$-1\r\n'],
      ['CLIENT REPLY SKIP', ''],
      ['GET a', ''],
      ['GET long', `$5000\r\n${long}\r\n`],
      ['CLIENT REPLY OFF', ''],
      ['GET long', ''],
      ['CLIENT REPLY ON', '+OK\r\n'],
    ];
    for (let times = 0; times < 3; times++) {
      wire.socket.write(turns.map(([command]) => `${command}\r\n`).join(''));
      await wire.hears(turns.map(([, reply]) => reply).join(''));
    }
    for (const [command, reply] of turns.filter(([command]) => !command.startsWith('SET brief'))) {
      wire.socket.write(`${command}\r\n`);
      if (reply) await wire.hears(reply);
    }
    // These reads arrive while the writes before them are on their way to the log.
    wire.socket.setNoDelay(true);
    let replies = '';
    for (let i = 0; i < 300; i++) {
      for (const words of [`SET a ${i}`, 'GET a']) {
        wire.socket.write(`${words}\r\n`);
        await nextTurn();
      }
      replies += `+OK\r\n$${String(i).length}\r\n${i}\r\n`;
    }
    await wire.hears(replies);
    const isGone = async () => (await door.exchange(node, 'GET brief\r\n')) === '$-1\r\n';
    await eventually('the end of a value that expires', isGone);
  });

  it('ends when the client closes its side while a command waits, whatever is behind it', async () => {
    const node = await door.node();
    for (const behind of [
      '',
      'GET a\r\n',
      'SET b 1\r\n'.repeat(10_000),
      'SET b 1\r\n'.repeat(100_000),
      `*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$200000\r\n${'x'.repeat(150_000)}`,
    ]) {
      assert.equal(await door.exchange(node, `SET a 1\r\nWAIT 1 0\r\n${behind}`), '+OK\r\n');
      const wire = door.open(node);
      wire.send(`SET a 1\r\nWAIT 1 0\r\n${behind}`);
      await wire.hears('+OK\r\n');
      wire.socket.destroy();
    }
    await eventually('the connections to be gone', async () => (await node.status()).connections?.redis === 0);
    assert.equal(await door.exchange(node, 'GET b\r\n'), '$-1\r\n');
  });

  it('ends when the client closes its side while a pause holds a command, and drops that', async () => {
    const node = await door.node();
    const asker = door.open(node);
    asker.send('SET a 1\r\nCLIENT PAUSE 60000 WRITE\r\n');
    await asker.hears('+OK\r\n+OK\r\n');
    assert.equal(await door.exchange(node, 'GET a\r\nSET a 2\r\nGET a\r\n'), '$1\r\n1\r\n');
    asker.send('CLIENT UNPAUSE\r\nGET a\r\n');
    await asker.hears('+OK\r\n$1\r\n1\r\n');
  });

  it('answers all that came behind a command that waited, in order', async () => {
    const node = await door.node();
    const asker = door.open(node);
    asker.send('CLIENT PAUSE 60000 WRITE\r\n');
    await asker.hears('+OK\r\n');
    const count = 50_000;
    const wire = door.open(node);
    wire.send(`${'INCR n\r\n'.repeat(count)}ECHO end\r\n`);
    await eventually('the requests to be read', async () => {
      asker.send('INFO stats\r\n');
      const [, bytes] = /total_net_input_bytes:(\d+)/.exec(await asker.readsUpTo('total_error_replies:')) ?? [];
      return Number(bytes) > count * 'INCR n\r\n'.length;
    });
    asker.send('CLIENT UNPAUSE\r\n');
    const numbers = Array.from({ length: count }, (_, index) => `:${index + 1}\r\n`).join('');
    await wire.hears(`${numbers}$3\r\nend\r\n`);
  });

  it('closes at a request of HTTP, and carries out nothing of its body', async () => {
    const node = await door.node();
    const form = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\nSET pwned 1\r\n';
    assert.equal(await door.exchange(node, form), '');
    assert.equal(await door.exchange(node, 'PING\r\nhost: x\r\nSET pwned 1\r\n'), '+PONG\r\n');
    assert.equal(await door.exchange(node, 'MULTI\r\nPOST /\r\nSET pwned 1\r\nEXEC\r\n'), '+OK\r\n');
    assert.equal(await door.exchange(node, 'GET pwned\r\n'), '$-1\r\n');
  });

  it('cuts off a client that goes on to send behind the end', async () => {
    const node = await door.node();
    const wire = door.open(node);
    wire.send('*x\r\n');
    await wire.hears('-ERR Protocol error');
    const sending = setInterval(() => wire.send('PING\r\n'), 20);
    await wire.all();
    clearInterval(sending);
  });

  it('answers what was received before a stop, and closes', async () => {
    const node = await door.node();
    const wire = door.open(node);
    const count = 1_000;
    wire.send('INCR n\r\n'.repeat(count));
    // All of them have come in one chunk.
    await wire.hears(':1\r\n');
    await node.stop();
    assert.equal(await wire.all(), Array.from({ length: count - 1 }, (_, i) => `:${i + 2}\r\n`).join(''));
  });

  it('forgets a connection that the client breaks', async () => {
    const node = await door.node();
    const wire = door.open(node);
    wire.command('PING');
    await wire.hears('+PONG\r\n');
    wire.send('GET a\r\n'.repeat(1_000));
    wire.socket.resetAndDestroy();
    await eventually('the connection to be gone', async () => (await node.status()).connections?.redis === 0);
  });

  it('closes a connection after QUIT that the client leaves open, with all replies sent', async () => {
    const node = await door.node();
    const socket = net.connect({ port: parseAddress(node.address).port, host: '127.0.0.1', allowHalfOpen: true });
    const wire = new Wire(socket);
    const value = 'v'.repeat(1_000_000);
    wire.command('SET', 'k', value);
    wire.send('GET k\r\nQUIT\r\n');
    const replies = `+OK\r\n$${value.length}\r\n${value}\r\n+OK\r\n`;
    await wire.hears(replies);
    // The client sends on, and does not close.
    const ping = setInterval(() => wire.send('PING\r\n'), 50);
    try {
      await eventually('the connection to be gone', async () => (await node.status()).connections?.redis === 0);
    } finally {
      clearInterval(ping);
    }
    socket.destroy();
    assert.equal(await wire.all(), '');
  });
});
