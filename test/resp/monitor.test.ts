/** MONITOR: the lines of Redis for the commands of Redis clients, and readable ones for those of gRPC. */
import assert from 'node:assert/strict';
import { eventually } from '../../benchmarks/waiting.js';
import { Client } from '../../src/client/index.js';
import type { Node } from '../../src/index.js';
import { Door, request, type Wire } from './door.js';

describe('MONITOR', () => {
  const door = new Door();
  afterEach(() => door.close());

  async function monitorOf(node: Node): Promise<Wire> {
    const wire = door.open(node);
    wire.command('MONITOR');
    await wire.hears('+OK\r\n');
    return wire;
  }

  /** So many lines, without the times and ports. */
  async function lines(wire: Wire, count: number): Promise<string[]> {
    return (await wire.lines(count)).map((line) => line.replace(/^\+\d{10}\.\d{6} \[0 127\.0\.0\.1:\d+\] /, 'LINE '));
  }

  it('shows the commands of Redis clients in the form of Redis', async () => {
    const node = await door.node();
    const monitor = await monitorOf(node);
    const wire = door.open(node);
    wire.command('SET', 'k', Buffer.from('v\x01\n"q\\ \xff', 'latin1'));
    wire.command('INCR', 'k');
    wire.command('get');
    wire.command('nope');
    wire.command('CONFIG', 'GET', 'save');
    wire.command('CLIENT', 'ID');
    wire.command('MULTI');
    wire.command('KEYS', '*');
    wire.command('MONITOR');
    wire.command('EXEC');
    assert.deepEqual(await lines(monitor, 6), [
      'LINE "SET" "k" "v\\x01\\n\\"q\\\\ \\xff"',
      'LINE "INCR" "k"',
      'LINE "CLIENT" "ID"',
      'LINE "MULTI"',
      'LINE "KEYS" "*"',
      'LINE "EXEC"',
    ]);
    await wire.readsUpTo("-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n");
  });

  it('shows no secret', async () => {
    const node = await door.node();
    const monitor = await monitorOf(node);
    const wire = door.open(node);
    wire.command('AUTH', 'hidden');
    wire.command('AUTH', 'default', 'hidden');
    wire.command('HELLO', '2', 'AUTH', 'default', 'hidden', 'SETNAME', 'x');
    assert.deepEqual(await lines(monitor, 3), [
      'LINE "AUTH" "(redacted)"',
      'LINE "AUTH" "(redacted)" "(redacted)"',
      'LINE "HELLO" "2" "(redacted)" "(redacted)" "(redacted)" "(redacted)" "(redacted)"',
    ]);
  });

  it('shows a part of a long command', async () => {
    const node = await door.node();
    const monitor = await monitorOf(node);
    const wire = door.open(node);
    wire.command('SET', 'k', 'v'.repeat(5_000));
    wire.command('DEL', ...Array.from({ length: 200 }, () => 'k'));
    const [set, del] = await lines(monitor, 2);
    assert.equal(set, `LINE "SET" "k" "${'v'.repeat(4_096)}... (904 more bytes)"`);
    assert.equal(del, `LINE "DEL"${' "k"'.repeat(127)} "... (73 more arguments)"`);
  });

  it('goes on with commands that are not about keys, and ends with RESET', async () => {
    const node = await door.node();
    const monitor = await monitorOf(node);
    monitor.command('MONITOR');
    monitor.command('GET', 'k');
    const refusal = "-ERR Replica can't interact with the keyspace\r\n";
    await monitor.hears(refusal);
    monitor.command('PING');
    await monitor.hears('+PONG\r\n');
    assert.deepEqual(await lines(monitor, 1), ['LINE "PING"']);
    monitor.command('RESET');
    await monitor.readsUpTo('+RESET\r\n');
    const wire = door.open(node);
    wire.command('PING');
    await wire.reads('+PONG\r\n');
    monitor.command('GET', 'none');
    await monitor.hears('$-1\r\n');
  });

  it('shows the commands of gRPC clients, and theirs to monitors of gRPC', async () => {
    const node = await door.node();
    const monitor = await monitorOf(node);
    const client = await Client.connect(node.address);
    const shown: string[] = [];
    const end = new AbortController();
    const monitored = (async () => {
      for await (const item of client.monitor({ prefix: 'k', signal: end.signal })) {
        if (item.kind === 'command')
          shown.push([item.name, ...item.parameters.map(({ data }) => String(data))].join(' '));
      }
    })();
    const wire = door.open(node);
    await eventually('both monitors to show a command', async () => {
      wire.command('MGET', 'other', 'k1');
      await wire.reads('*2\r\n$-1\r\n$-1\r\n');
      return shown.includes('mget other k1');
    });
    await client.set('k2', 'a b', { ttlMs: 5_000 });
    await eventually('the gRPC client to be shown', async () => shown.some((line) => line.startsWith('set k2 a b')));
    let line = '';
    while (!line.startsWith('LINE "set"')) [line = ''] = await lines(monitor, 1);
    assert.match(line, /^LINE "set" "k2" "a b" "expiry=ttl_ms=5000"$/);
    end.abort();
    await monitored;
    await client.close();
  });

  it('never holds up a client: a monitor that reads nothing is closed at a bound', async function () {
    this.timeout(120_000);
    const node = await door.node();
    const monitor = await monitorOf(node);
    monitor.socket.pause();
    const wire = door.open(node);
    const many = Buffer.concat(Array.from({ length: 200 }, () => request('ECHO', 'x'.repeat(4_000))));
    const echoes = `$4000\r\n${'x'.repeat(4_000)}\r\n`.repeat(200).length;
    await eventually('the monitor to be closed', async () => {
      wire.send(many);
      await wire.reads(' '.repeat(echoes));
      return (await node.status()).redis?.slowClosed === 1;
    });
  });

  it('shows no secret, wherever it stands in a request', async () => {
    const node = await door.node();
    const monitor = await monitorOf(node);
    const wire = door.open(node);
    const canary = 'canary-canary';
    wire.command('HELLO', '3', 'SETNAME', 'auth', 'AUTH', 'app', canary);
    wire.command('HELLO', '2', 'AUTH', 'a', canary, 'AUTH', 'default', canary);
    wire.command('HELLO', '2', canary);
    wire.command('AUTH', canary);
    wire.command('ECHO', 'end');
    const shown = await lines(monitor, 5);
    assert.deepEqual(
      shown.filter((line) => line.includes('canary')),
      [],
    );
    assert.deepEqual(shown.slice(2), [
      'LINE "HELLO" "2" "(redacted)"',
      'LINE "AUTH" "(redacted)"',
      'LINE "ECHO" "end"',
    ]);
  });
});
