/** Many connections, and a stop while they are at work. */
import assert from 'node:assert/strict';
import { eventually } from '../../support/cluster.js';
import { SIZES, Siege } from './siege.js';

describe('connections of hostile Redis clients', function () {
  const siege = new Siege(this);

  it('takes many connections at once', async () => {
    const wires = Array.from({ length: SIZES.connections }, () => siege.open());
    for (const wire of wires) wire.command('PING');
    for (const wire of wires) await wire.hears('+PONG\r\n');
    siege.assertBounded();
  });

  it('stops under load within its bound, and has every acknowledged write after the restart', async () => {
    const waiting = siege.open();
    waiting.send('SET w 1\r\nWAIT 9 0\r\n');
    const subscriber = siege.open();
    subscriber.send('SUBSCRIBE c\r\n');
    const transaction = siege.open();
    transaction.send('MULTI\r\nSET t 1\r\n');
    const acknowledged: number[] = [];
    const writers = Array.from({ length: 8 }, (_, index) => {
      const wire = siege.open();
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
    assert.equal(await siege.node.end('SIGTERM'), 0);
    const stopMs = performance.now() - startedMs;
    assert(stopMs < 5_000, `the stop took ${Math.round(stopMs)} ms`);
    await Promise.all(writers);
    await siege.node.start();
    const wire = siege.open();
    for (const [index, count] of acknowledged.entries()) {
      for (let i = 1; i <= count; i++) wire.send(`GET ${index}-${i}\r\n`);
      const found = '$1\r\nv\r\n'.repeat(count);
      await wire.hears(found);
    }
  });
});
