/**
 * Redis clients that mean harm, or behave as if they did, against a node as people start it: its memory stays bounded,
 * others are answered, and a stop and a restart lose nothing. HEADWATER_HOSTILE=1 takes the sizes of the documents.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { Cluster, type Daemon, eventually } from '../support/cluster.js';
import { request, Wire } from './door.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const IS_BIG = process.env.HEADWATER_HOSTILE !== undefined;
const SIZES = IS_BIG
  ? { pipeline: 1_000_000, halves: 500, halfBytes: 2 * MiB, readers: 300, slow: 200, connections: 10_000 }
  : { pipeline: 50_000, halves: 40, halfBytes: 3 * MiB, readers: 40, slow: 20, connections: 200 };
/** A node at rest has about 100 MiB. The bounds of requests, of replies and of queues come to 320 MiB beside it. */
const RESIDENT_BYTES_MAX = 900 * MiB;
const INLINE_BYTES_MAX = 64 * KiB;

function residentBytes({ pid }: Daemon): number {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * KiB;
}

describe('a node among hostile Redis clients', function () {
  this.timeout(IS_BIG ? 600_000 : 90_000);
  let cluster: Cluster;
  let node: Daemon;
  let sockets: net.Socket[];

  beforeEach(async () => {
    sockets = [];
    cluster = new Cluster();
    node = await cluster.node('node');
    await node.start();
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await cluster[Symbol.asyncDispose]();
  });

  function connect(): net.Socket {
    const socket = net.connect(node.port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  }

  const open = () => new Wire(connect());

  async function answers(): Promise<void> {
    const wire = open();
    wire.command('PING');
    assert.equal(await wire.reads('+PONG\r\n'), '+PONG\r\n');
    wire.socket.destroy();
  }

  function assertBounded(): void {
    const bytes = residentBytes(node);
    if (process.env.HEADWATER_SHOW) console.log(`${Math.round(bytes / MiB)} MiB`);
    assert(bytes < RESIDENT_BYTES_MAX, `${Math.round(bytes / MiB)} MiB resident`);
    assert.doesNotMatch(node.log, /"level":"fatal"|failed unexpectedly/);
  }

  it('answers a pipeline that is sent whole before its first reply is read, in order', async () => {
    const socket = connect();
    const count = SIZES.pipeline;
    let expected = 0;
    let rest = '';
    socket.pause();
    const commands = Array.from({ length: 1_000 }, () => 'INCR n\r\n').join('');
    const isSent = (async () => {
      for (let sent = 0; sent < count; sent += 1_000)
        await new Promise<void>((resolve) => socket.write(commands, () => resolve()));
    })();
    // The node takes what fits into its bounds, and the rest stays here: so the reader begins before the sender is done.
    await Promise.race([isSent, new Promise((resolve) => setTimeout(resolve, 1_000))]);
    await answers();
    await new Promise<void>((resolve, reject) => {
      socket.on('data', (bytes: Buffer) => {
        const lines = (rest + bytes.toString('latin1')).split('\r\n');
        rest = lines.pop() as string;
        for (const line of lines) if (line !== `:${++expected}`) reject(new Error(`${line} is not :${expected}`));
        if (expected === count) resolve();
      });
      socket.on('close', () => reject(new Error(`closed behind ${expected}`)));
      socket.resume();
    });
    await isSent;
    assertBounded();
  });

  it('holds requests that are half there within a bound, and completes all of them', async () => {
    const value = Buffer.alloc(2 * SIZES.halfBytes, 'v');
    const whole = request('SET', 'k', value);
    const wires = Array.from({ length: SIZES.halves }, open);
    for (const wire of wires) wire.send(whole.subarray(0, SIZES.halfBytes));
    const [stalled, ...others] = wires as [Wire, ...Wire[]];
    await answers();
    assertBounded();
    // The others go on to send. One of them is enough for the bound, and the one that stands still is in their way.
    const isStored = others.map(async (wire) => {
      wire.send(whole.subarray(SIZES.halfBytes));
      let [reply] = await wire.lines(1);
      // The store takes no more than its disk writes, and refuses a write that has waited for long.
      for (; reply?.startsWith('-OOM the queues were full'); [reply] = await wire.lines(1)) wire.send(whole);
      return reply;
    });
    await answers();
    for (const reply of await Promise.all(isStored)) assert.equal(reply, '+OK');
    // Nobody waits any more, so a slow client keeps its connection, or was closed because others waited.
    stalled.send(whole.subarray(SIZES.halfBytes));
    assert.match(await stalled.reads('+OK\r\n'), /^(?:\+OK\r\n)?$/);
  });

  it('holds transactions that stay open within a bound, and answers others', async () => {
    const value = Buffer.alloc(MiB, 'v');
    const queued = Buffer.concat([request('MULTI'), ...Array.from({ length: 8 }, () => request('SET', 'k', value))]);
    for (let i = 0; i < SIZES.readers; i++) open().send(queued);
    const wire = open();
    for (let i = 0; i < 20; i++) {
      wire.command('SET', `small-${i}`, 'v');
      assert.equal(await wire.reads('+OK\r\n'), '+OK\r\n');
    }
    assertBounded();
    // A large request of another client goes through, since transactions that stand still are closed.
    const large = open();
    large.send(request('SET', 'large', Buffer.alloc(8 * MiB)));
    assert.equal(await large.reads('+OK\r\n'), '+OK\r\n');
    assertBounded();
  });

  for (const [what, command] of [
    ['of reads', request('GET', 'k')],
    ['that repeat what was sent', request('ECHO', Buffer.alloc(MiB, 'e'))],
    ['of transactions', Buffer.from('MULTI\r\nGET k\r\nGET k\r\nEXEC\r\n')],
  ] as const) {
    it(`holds replies ${what} that nobody reads within a bound, and answers others`, async () => {
      const value = Buffer.alloc(MiB, 'v');
      const wire = open();
      wire.send(request('SET', 'k', value));
      assert.equal(await wire.reads('+OK\r\n'), '+OK\r\n');
      const stalled = Array.from({ length: SIZES.readers }, connect);
      for (const socket of stalled) {
        socket.pause();
        for (let i = 0; i < 20; i++) socket.write(command);
      }
      const reply = `$${value.length}\r\n${value}\r\n`;
      for (let i = 0; i < 10; i++) {
        wire.command('GET', 'k');
        assert.equal((await wire.reads(reply)).length, reply.length);
      }
      assertBounded();
    });
  }

  it('drops a line without an end at its bound, and takes single bytes at any pace', async () => {
    const floods = Array.from({ length: SIZES.slow }, () => {
      const wire = open();
      wire.send(Buffer.alloc(INLINE_BYTES_MAX + 1, 'x'));
      return wire.all();
    });
    for (const reply of await Promise.all(floods))
      assert.equal(reply, '-ERR Protocol error: too big inline request\r\n');
    const slow = Array.from({ length: SIZES.slow }, open);
    for (const byte of request('ECHO', 'slow')) {
      for (const wire of slow) wire.send(Buffer.of(byte));
      await answers();
    }
    for (const wire of slow) assert.equal(await wire.reads('$4\r\nslow\r\n'), '$4\r\nslow\r\n');
    assertBounded();
  });

  it('forgets connections that are reset in the middle of a reply, or that half-close', async () => {
    const wire = open();
    wire.send(request('SET', 'k', Buffer.alloc(4 * MiB)));
    assert.equal(await wire.reads('+OK\r\n'), '+OK\r\n');
    for (let i = 0; i < SIZES.slow; i++) {
      const socket = connect();
      socket.write('GET k\r\n'.repeat(100));
      socket.once('data', () => socket.resetAndDestroy());
      const half = open();
      half.socket.end('PING\r\nQUIT\r\nPING\r\n');
      assert.equal(await half.all(), '+PONG\r\n+OK\r\n');
    }
    wire.socket.destroy();
    await eventually('no connection to be left', async () => (await node.status()).connections?.redis === 0);
    assertBounded();
  });

  it('takes many connections at once', async () => {
    const wires = Array.from({ length: SIZES.connections }, open);
    for (const wire of wires) wire.command('PING');
    for (const wire of wires) assert.equal(await wire.reads('+PONG\r\n'), '+PONG\r\n');
    assertBounded();
  });

  it('stops under load within its bound, and has every acknowledged write after the restart', async () => {
    const waiting = open();
    waiting.send('SET w 1\r\nWAIT 9 0\r\n');
    const subscriber = open();
    subscriber.send('SUBSCRIBE c\r\n');
    const transaction = open();
    transaction.send('MULTI\r\nSET t 1\r\n');
    const acknowledged: number[] = [];
    const writers = Array.from({ length: 8 }, (_, index) => {
      const wire = open();
      let next = 0;
      acknowledged[index] = 0;
      const send = () => {
        let commands = '';
        for (let i = 0; i < 100; i++) commands += `SET ${index}-${++next} v\r\n`;
        wire.send(commands);
      };
      return (async () => {
        for (;;) {
          send();
          const lines = await wire.lines(100);
          acknowledged[index] = (acknowledged[index] as number) + lines.filter((line) => line === '+OK').length;
          if (lines.length < 100) return;
        }
      })();
    });
    await eventually('writes', async () => acknowledged.every((count) => count >= 200));
    const startedMs = performance.now();
    assert.equal(await node.end('SIGTERM'), 0);
    const stopMs = performance.now() - startedMs;
    assert(stopMs < 5_000, `the stop took ${Math.round(stopMs)} ms`);
    await Promise.all(writers);
    await node.start();
    const wire = open();
    for (const [index, count] of acknowledged.entries()) {
      for (let i = 1; i <= count; i++) wire.send(`GET ${index}-${i}\r\n`);
      const found = '$1\r\nv\r\n'.repeat(count);
      assert.equal(await wire.reads(found), found);
    }
  });
});
