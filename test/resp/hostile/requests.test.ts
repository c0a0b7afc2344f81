/** Requests of clients that mean harm: many at once, half of each, and transactions that nobody ends. */
import assert from 'node:assert/strict';
import { standstill } from '../../support/standstill.js';
import { request, type Wire } from '../door.js';
import { KiB, MiB, SIZES, Siege } from './siege.js';

const INLINE_BYTES_MAX = 64 * KiB;

describe('requests of hostile Redis clients', function () {
  const siege = new Siege(this);

  it('answers a pipeline that is sent whole before its first reply is read, in order', async () => {
    const socket = siege.connect();
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
    await standstill('the sender', async () => socket.bytesWritten, commands.length);
    await siege.assertAnswers();
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
    siege.assertBounded();
  });

  it('holds requests that are half there within a bound, and completes all of them', async () => {
    const value = Buffer.alloc(2 * SIZES.halfBytes, 'v');
    const whole = request('SET', 'k', value);
    const wires = Array.from({ length: SIZES.halves }, () => siege.open());
    for (const wire of wires) wire.send(whole.subarray(0, SIZES.halfBytes));
    const [stalled, ...others] = wires as [Wire, ...Wire[]];
    await siege.assertAnswers();
    siege.assertBounded();
    // The others go on to send. One of them is enough for the bound, and the one that stands still is in their way.
    const isStored = others.map(async (wire) => {
      wire.send(whole.subarray(SIZES.halfBytes));
      let [reply] = await wire.lines(1);
      // The store takes no more than its disk writes, and refuses a write that has waited for long.
      for (; reply?.startsWith('-OOM the queues were full'); [reply] = await wire.lines(1)) wire.send(whole);
      return reply;
    });
    await siege.assertAnswers();
    for (const reply of await Promise.all(isStored)) assert.equal(reply, '+OK');
    // Nobody waits any more, so a slow client keeps its connection, or was closed because others waited.
    stalled.send(whole.subarray(SIZES.halfBytes));
    assert.match(await stalled.reads('+OK\r\n'), /^(?:\+OK\r\n)?$/);
  });

  it('holds transactions that stay open within a bound, and answers others', async () => {
    const value = Buffer.alloc(MiB, 'v');
    const queued = Buffer.concat([request('MULTI'), ...Array.from({ length: 8 }, () => request('SET', 'k', value))]);
    for (let i = 0; i < SIZES.transactions; i++) siege.open().send(queued);
    const wire = siege.open();
    for (let i = 0; i < 20; i++) {
      wire.command('SET', `small-${i}`, 'v');
      await wire.hears('+OK\r\n');
    }
    siege.assertBounded();
    // A large request of another client goes through, since transactions that stand still are closed.
    const large = siege.open();
    large.send(request('SET', 'large', Buffer.alloc(8 * MiB)));
    await large.hears('+OK\r\n');
    siege.assertBounded();
  });

  it('drops a line without an end at its bound, and takes single bytes at any pace', async () => {
    const floods = Array.from({ length: SIZES.slow }, () => {
      const wire = siege.open();
      wire.send(Buffer.alloc(INLINE_BYTES_MAX + 1, 'x'));
      return wire.all();
    });
    for (const reply of await Promise.all(floods))
      assert.equal(reply, '-ERR Protocol error: too big inline request\r\n');
    const slow = Array.from({ length: SIZES.slow }, () => siege.open());
    for (const byte of request('ECHO', 'slow')) {
      for (const wire of slow) wire.send(Buffer.of(byte));
      await siege.assertAnswers();
    }
    for (const wire of slow) await wire.hears('$4\r\nslow\r\n');
    siege.assertBounded();
  });
});
