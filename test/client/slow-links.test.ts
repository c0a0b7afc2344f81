/** Large values over slow links: a command whose bytes move has time for them, and a node that is silent is left all the same. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../src/client/client.js';
import { type StreamDoor, streamService } from '../../src/rpc/stream-service.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, serve, until } from '../rpc/harness.js';
import { refusedWith } from '../support/refusals.js';
import { SlowProxy } from '../support/slow-proxy.js';

const KiB = 1024;
/** Of the client, for small commands. */
const TIMEOUT_MS = 400;

describe('a client over a slow link', () => {
  let store: FakeStore;
  let proxy: SlowProxy;

  async function over(bytesPerSecond: number): Promise<Client> {
    store = new FakeStore();
    const publisher = { publish: async () => 7 };
    const { address } = await serve(store, { services: [streamService({} as StreamDoor, publisher, store)] });
    proxy = await SlowProxy.before(Number(address.split(':')[1]), bytesPerSecond);
    closing({ close: () => proxy[Symbol.asyncDispose]() });
    return closing(await Client.connect(proxy.address, { timeoutMs: TIMEOUT_MS }));
  }

  afterEach(closeAll);

  it('writes and reads a value that takes several times as long as a small command has', async () => {
    const db = await over(640 * KiB);
    const value = Buffer.alloc(1024 * KiB, 'x');
    const beganMs = performance.now();
    await db.set('large', value);
    assert(performance.now() - beganMs > 2 * TIMEOUT_MS);
    assert.deepEqual(await db.getBuffer('large'), value);
    assert.equal(proxy.connections, 1);
  });

  it('publishes such a message', async () => {
    const db = await over(640 * KiB);
    assert.equal(await db.publish('c', Buffer.alloc(1024 * KiB)), 7);
  });

  it('gives up below 256 KiB a second, and says after how long', async () => {
    const db = await over(192 * KiB);
    const error = await refusedWith('outcome_unknown', db.set('large', Buffer.alloc(640 * KiB)));
    assert.match(error.message, /no answer within 27\d\d ms/);
  });

  it('keeps to the time of a call, whatever its size', async () => {
    const db = await over(640 * KiB);
    const large = db.set('large', Buffer.alloc(1024 * KiB), { timeoutMs: 300 });
    assert.match((await refusedWith('outcome_unknown', large)).message, /no answer within 300 ms/);
  });

  it('gives up a command in time, though a stream on the same connection is busy', async () => {
    store = new FakeStore();
    const message = {
      kind: 'message' as const,
      channel: Buffer.from('c'),
      pattern: undefined,
      offset: 1,
      durable: false,
    };
    const { position } = store;
    const door = {
      async *subscribe(_: unknown, signal: AbortSignal) {
        for (; !signal.aborted; await sleep(5))
          yield { events: [{ ...message, data: Buffer.alloc(128 * KiB) }], position, more: false };
      },
    } as unknown as StreamDoor;
    const publisher = { publish: async () => 7 };
    const { address } = await serve(store, { services: [streamService(door, publisher, store)] });
    const db = closing(await Client.connect(address, { timeoutMs: TIMEOUT_MS }));
    let count = 0;
    const reading = (async () => {
      for await (const { kind } of db.subscribe({ channels: ['c'] })) if (kind === 'message') count++;
    })();
    await until(() => count > 10, 'messages come');
    let answer = () => {};
    store.before = () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      });
    const before = count;
    const outcome = await Promise.race([refusedWith('deadline_exceeded', db.get('stuck')), sleep(20 * TIMEOUT_MS)]);
    answer();
    await Promise.all([assert.rejects(reading, { code: 'cancelled' }), db.close()]);
    assert(count - before > 10, 'more of them');
    assert.ok(outcome, `the command was still waited for after ${20 * TIMEOUT_MS} ms`);
  });

  it('leaves a node that is silent as early as without a large command in hand', async () => {
    const db = await over(640 * KiB);
    const beganMs = performance.now();
    const large = db.set('large', Buffer.alloc(8 * 1024 * KiB));
    await until(() => proxy.passedBytes > 256 * KiB, 'the first bytes');
    proxy.freeze();
    const error = await refusedWith('outcome_unknown', large);
    assert.match(error.message, /silent/);
    assert(performance.now() - beganMs < 8_000, 'of the 32 s that the bytes would have');
  });
});
