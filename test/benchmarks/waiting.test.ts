/** Waiting for a condition: what it gives, and what it says when it was in vain. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { eventually, freePort } from '../../benchmarks/waiting.js';

describe('waiting for a condition', () => {
  it('gives what the condition gives, as soon as that is something', async () => {
    const looks: Array<string | false | undefined> = [undefined, false, '', 'never seen'];
    assert.equal(await eventually('a text', async () => looks.shift(), { everyMs: 0 }), '');
    assert.deepEqual(looks, ['never seen']);
  });

  it('takes a condition that throws for one that does not hold yet', async () => {
    let looks = 0;
    const condition = async () => {
      if (++looks < 3) throw new Error('not yet');
      return looks;
    };
    assert.equal(await eventually('the third look', condition, { everyMs: 0 }), 3);
  });

  it('says what was waited for in vain, and why it did not hold', async () => {
    const why = new Error('nobody is there');
    await assert.rejects(
      eventually('somebody', () => Promise.reject(why), { patienceMs: 0, everyMs: 0 }),
      (error: Error) => error.message.endsWith('in vain: somebody') && error.cause === why,
    );
  });

  it('finds a port that can be listened on', async () => {
    const server = net.createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    await new Promise((resolve) => server.close(resolve));
  });
});
