/** Replies that clients do not read, or that they break off. */
import assert from 'node:assert/strict';
import { eventually } from '../../support/cluster.js';
import { request } from '../door.js';
import { MiB, SIZES, Siege } from './siege.js';

describe('replies that hostile Redis clients do not read', function () {
  const siege = new Siege(this);

  for (const [what, command] of [
    ['of reads', request('GET', 'k')],
    ['that repeat what was sent', request('ECHO', Buffer.alloc(MiB, 'e'))],
    ['of transactions', Buffer.from('MULTI\r\nGET k\r\nGET k\r\nEXEC\r\n')],
  ] as const) {
    it(`holds replies ${what} that nobody reads within a bound, and answers others`, async () => {
      const value = Buffer.alloc(MiB, 'v');
      const wire = siege.open();
      wire.send(request('SET', 'k', value));
      await wire.hears('+OK\r\n');
      const stalled = Array.from({ length: SIZES.readers }, () => siege.connect());
      for (const socket of stalled) {
        socket.pause();
        for (let i = 0; i < 20; i++) socket.write(command);
      }
      const reply = `$${value.length}\r\n${value}\r\n`;
      for (let i = 0; i < 10; i++) {
        wire.command('GET', 'k');
        assert.equal((await wire.reads(reply)).length, reply.length);
      }
      siege.assertBounded();
    });
  }

  it('forgets connections that are reset in the middle of a reply, or that half-close', async () => {
    const wire = siege.open();
    wire.send(request('SET', 'k', Buffer.alloc(4 * MiB)));
    await wire.hears('+OK\r\n');
    for (let i = 0; i < SIZES.slow; i++) {
      const socket = siege.connect();
      socket.write('GET k\r\n'.repeat(100));
      socket.once('data', () => socket.resetAndDestroy());
      const half = siege.open();
      half.socket.end('PING\r\nQUIT\r\nPING\r\n');
      assert.equal(await half.all(), '+PONG\r\n+OK\r\n');
    }
    wire.socket.destroy();
    await eventually('no connection to be left', async () => (await siege.node.status()).connections?.redis === 0);
    siege.assertBounded();
  });
});
