/** The loops of a client over streams that break where the test says: what comes, once, and in which order. */

import assert from 'node:assert/strict';
import { type ErrorCode, HeadwaterError } from '../../src/base/errors.js';
import { STREAM_SILENCE_MS_MAX } from '../../src/base/limits.js';
import { Client } from '../../src/client/client.js';
import { json } from '../../src/client/codec.js';
import { ORIGIN, type Position } from '../../src/model/position.js';
import type {
  Change,
  SubscribeRequest,
  SubscriptionEvent,
  Told,
  WatchEvent,
  WatchRequest,
} from '../../src/model/streams.js';
import { type StreamDoor, streamService } from '../../src/rpc/stream-service.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, serve } from '../rpc/harness.js';
import { SlowProxy } from '../support/slow-proxy.js';

const ID = 'ab'.repeat(20);

const at = (offset: number, checksum = offset): Position => ({ replicationId: ID, offset, checksum });

const broken = (code: ErrorCode = 'unavailable') => new HeadwaterError(code, 'broken by the test');

function put(offset: number, value = 'v'): Change {
  const bytes = Buffer.from(value);
  return {
    kind: 'put',
    key: Buffer.from(`k${offset}`),
    value: bytes,
    offset,
    continues: false,
    expiresAtMs: 0,
    version: offset,
    type: 'string',
  };
}

function message(offset: number, text: string, pattern?: string): SubscriptionEvent {
  const [channel, data] = [Buffer.from('c'), Buffer.from(text)];
  return {
    kind: 'message',
    channel,
    data,
    offset,
    durable: true,
    pattern: pattern === undefined ? undefined : Buffer.from(pattern),
  };
}

type Script<Event> = ReadonlyArray<ReadonlyArray<Told<Event> | HeadwaterError>>;

/** Says what the script has for the nth stream; at its end it waits to be left. */
class Scripted implements StreamDoor {
  readonly asked: Array<SubscribeRequest | WatchRequest> = [];
  script: Script<WatchEvent | SubscriptionEvent> = [];

  async *#play<Event>(request: SubscribeRequest | WatchRequest, signal: AbortSignal): AsyncGenerator<Told<Event>> {
    for (const step of this.script[this.asked.push(request) - 1] ?? []) {
      if (HeadwaterError.is(step)) throw step;
      yield step as Told<Event>;
    }
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }

  subscribe(request: SubscribeRequest, signal: AbortSignal) {
    return this.#play<SubscriptionEvent>(request, signal);
  }

  watch(request: WatchRequest, signal: AbortSignal) {
    return this.#play<WatchEvent>(request, signal);
  }
}

describe('the loops of a client', () => {
  let door: Scripted;
  let db: Client;
  let publish: () => Promise<number>;

  beforeEach(async () => {
    const store = new FakeStore();
    door = new Scripted();
    publish = async () => 7;
    const services = [streamService(door, { publish: () => publish() }, store)];
    const { address } = await serve(store, { services });
    db = closing(await Client.connect(address));
  });

  afterEach(closeAll);

  /** The first `count` items, as text, and leaves the loop. */
  async function watched(count: number, from?: Position | string | number): Promise<string[]> {
    const items: string[] = [];
    for await (const item of db.watch({ from })) {
      items.push(`${item.kind}${'offset' in item ? ` ${item.offset}` : ''} (${item.position.offset})`);
      if (items.length === count) break;
    }
    return items;
  }

  it('resume at their position when a stream breaks', async () => {
    door.script = [
      [
        { events: [], position: at(1), more: false },
        { events: [put(2), put(3)], position: at(3), more: false },
        broken(),
      ],
      [{ events: [put(4)], position: at(4), more: false }],
    ];
    assert.deepEqual(await watched(4), ['progress (1)', 'put 2 (1)', 'put 3 (3)', 'put 4 (4)']);
    assert.deepEqual(door.asked, [
      { prefix: Buffer.alloc(0), from: undefined },
      { prefix: Buffer.alloc(0), from: at(3) },
    ]);
  });

  it('have values by the codec of the client, and go on behind one that is none', async () => {
    const { address = '' } = db;
    const other = closing(await Client.connect<{ n: number }>(address, { codec: json }));
    door.script = [
      [{ events: [put(1, '{"n":1}'), put(2, 'none'), put(3, '{"n":3}')], position: at(3), more: false }],
      [
        {
          events: [message(1, '{"n":1}', '*'), message(2, 'none'), message(3, '{"n":3}')],
          position: at(3),
          more: false,
        },
      ],
    ];
    const seen: unknown[] = [];
    const see = (make: () => unknown) => {
      try {
        seen.push(make());
      } catch (error) {
        seen.push(HeadwaterError.is(error, 'wrong_type') && (error.details.channel ?? error.details.key));
      }
    };
    for await (const item of other.watch()) {
      if (item.kind === 'put') see(() => [item.key, item.value.n]);
      if (seen.length === 3) break;
    }
    for await (const item of other.subscribe({ channels: ['c'] })) {
      if (item.kind === 'message') see(() => [item.channel, item.data.n, item.pattern]);
      if (seen.length === 6) break;
    }
    assert.deepEqual(seen, [['k1', 1], 'k2', ['k3', 3], ['c', 1, '*'], 'c', ['c', 3, undefined]]);
  });

  it('do not repeat the first part of a block that was cut in the middle', async () => {
    door.script = [
      [
        { events: [put(1)], position: at(1), more: false },
        { events: [put(2), put(3)], position: at(5), more: true },
        broken(),
      ],
      [{ events: [put(2), put(3), put(4)], position: at(5), more: true }, broken('shutting_down')],
      [{ events: [put(2), put(3), put(4), put(5)], position: at(5), more: false }],
    ];
    assert.deepEqual(await watched(5), ['put 1 (1)', 'put 2 (1)', 'put 3 (1)', 'put 4 (1)', 'put 5 (5)']);
    assert.deepEqual(
      door.asked.map(({ from }) => from),
      [undefined, at(1), at(1)],
    );
  });

  it('do not repeat the first parts of a block that was cut after several', async () => {
    const parts = [
      { events: [put(2), put(3)], position: at(8), more: true },
      { events: [put(4), put(5)], position: at(8), more: true },
    ];
    door.script = [
      [{ events: [put(1)], position: at(1), more: false }, ...parts, broken()],
      [...parts, broken()],
      [...parts, { events: [put(6), put(7), put(8)], position: at(8), more: false }],
    ];
    const came = ['put 1 (1)', ...[2, 3, 4, 5, 6, 7].map((offset) => `put ${offset} (1)`), 'put 8 (8)'];
    assert.deepEqual(
      (await watched(came.length + 4)).filter((item) => !item.startsWith('progress')),
      came,
    );
  });

  it('leave out all up to a bare offset, also when the stream breaks before it is past that', async () => {
    door.script = [
      [{ events: [], position: at(1), more: false }, broken()],
      [{ events: [put(2), put(3), put(4), put(5)], position: at(5), more: false }],
    ];
    assert.deepEqual(await watched(3, 3), ['progress (1)', 'put 4 (1)', 'put 5 (5)']);
  });

  it('take the whole block if another history has it in the same place', async () => {
    door.script = [
      [
        { events: [put(1)], position: at(1), more: false },
        { events: [put(2), put(3)], position: at(5), more: true },
        broken(),
      ],
      [{ events: [put(2), put(3)], position: at(3, 99), more: false }],
    ];
    assert.deepEqual(await watched(5), ['put 1 (1)', 'put 2 (1)', 'put 3 (1)', 'put 2 (1)', 'put 3 (3)']);
  });

  it('ask for the same snapshot again if it is cut off', async () => {
    const begin: WatchEvent = { kind: 'snapshotBegin', position: at(9), reason: 'trimmed' };
    const [key, value] = [Buffer.from('k'), Buffer.from('v')];
    const entry: WatchEvent = { kind: 'entry', key, value, expiresAtMs: 0, version: 4, type: 'string' };
    const end: WatchEvent = { kind: 'snapshotEnd', position: at(9), entries: 1 };
    const lost = { events: [], position: at(2), more: false };
    door.script = [
      [
        lost,
        { events: [begin], position: at(9), more: true },
        { events: [entry], position: at(9), more: true },
        broken(),
      ],
      [lost, { events: [begin, entry], position: at(9), more: true }, { events: [end], position: at(9), more: false }],
    ];
    assert.deepEqual(await watched(7, `${ID}:2:00000002`), [
      'progress (2)',
      'snapshotBegin (2)',
      'entry (2)',
      'progress (2)',
      'snapshotBegin (2)',
      'entry (2)',
      'snapshotEnd (9)',
    ]);
    assert.deepEqual(
      door.asked.map(({ from }) => from),
      [at(2), at(2)],
    );
  });

  it('say that live messages may have been missed, and repeat no durable one', async () => {
    const both = [message(2, 'two'), message(2, 'two', '*')];
    door.script = [
      [{ events: [], position: at(1), more: false }, { events: both, position: at(3), more: true }, broken()],
      [
        { events: [...both, message(3, 'three')], position: at(3), more: false },
        {
          events: [
            { kind: 'missed', count: 4 },
            { kind: 'gap', from: 4, to: 6 },
          ],
          position: at(6),
          more: false,
        },
      ],
    ];
    const items: unknown[] = [];
    for await (const item of db.subscribe({ channels: ['c'], patterns: ['*'], from: ORIGIN })) {
      items.push(
        item.kind === 'message' ? [item.data, item.pattern] : [item.kind, 'count' in item ? item.count : item.from],
      );
      if (items.length === 6) break;
    }
    assert.deepEqual(items, [
      ['two', undefined],
      ['two', '*'],
      ['missed', undefined],
      ['three', undefined],
      ['missed', 4],
      ['gap', 4],
    ]);
  });

  it('end with an error that a retry does not change, and quietly by a signal', async () => {
    door.script = [[broken('lost_branch')]];
    await assert.rejects(watched(1), { code: 'lost_branch' });
    await assert.rejects(watched(1, 'no token'), { code: 'invalid_argument' });
    await assert.rejects(watched(1, -1), { code: 'invalid_argument' });
    const end = new AbortController();
    const loop = db.watch({ signal: end.signal });
    const next = loop.next();
    end.abort();
    assert.deepEqual(await next, { done: true, value: undefined });
  });

  it('hand out nothing behind their signal, though more has come', async () => {
    door.script = [[1, 2, 3, 4, 5].map((offset) => ({ events: [put(offset)], position: at(offset), more: false }))];
    const end = new AbortController();
    const items: string[] = [];
    for await (const item of db.watch({ from: at(0), signal: end.signal })) {
      items.push(item.kind);
      // The answer comes over the same connection, behind the others.
      await db.publish('c', 'text');
      end.abort();
    }
    assert.deepEqual(items, ['put']);
  });

  it('leave a node that is silent, though no command is sent to it', async () => {
    const other = new Scripted();
    other.script = [[{ events: [put(2)], position: at(2), more: false }]];
    const store = new FakeStore();
    const { address } = await serve(store, { services: [streamService(other, { publish }, store)] });
    await using proxy = await SlowProxy.before(Number(db.address?.split(':').at(-1)), 1_000_000);
    const client = closing(await Client.connect([proxy.address, address]));
    assert.equal(client.address, proxy.address);
    door.script = [[{ events: [put(1)], position: at(1), more: false }]];
    const loop = client.watch({ from: at(0) });
    assert.equal((await loop.next()).value?.kind, 'put');
    proxy.freeze();
    const { value } = await loop.next();
    assert.deepEqual([value?.kind, value?.position], ['put', at(2)]);
    assert.equal(client.address, address);
  }).timeout(2 * STREAM_SILENCE_MS_MAX + 10_000);

  it('end when the client is closed', async () => {
    const ended = assert.rejects(db.watch().next(), { code: 'cancelled' });
    await db.close();
    await ended;
  });

  it('learn the fate of a message: a place, a refusal, or that it is not known', async () => {
    assert.equal(await db.publish('c', 'text'), 7);
    publish = () => Promise.reject(broken('unavailable'));
    await assert.rejects(db.publish('c', 'text'), { code: 'unavailable' });
    publish = () => new Promise(() => {});
    await assert.rejects(db.publish('c', 'text', { timeoutMs: 50 }), { code: 'outcome_unknown' });
  });
});
