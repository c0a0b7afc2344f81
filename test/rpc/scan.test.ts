import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import type { ScanRequest } from '../../src/model/scan.js';
import { DATABASE_SIZE, KEYS, type Method, RANDOM_KEY, SCAN } from '../../src/rpc/definitions.js';
import { fromStatus } from '../../src/rpc/status.js';
import { FakeStore } from './fake-store.js';
import { call, closeAll, gate, RawPipeline, rawClient, serve, set, until } from './harness.js';

describe('keys and scan', () => {
  let store: FakeStore;
  let address: string;
  beforeEach(async () => {
    store = new FakeStore();
    ({ address } = await serve(store));
  });
  afterEach(closeAll);

  async function write(...pairs: Array<[string, string | Buffer]>): Promise<void> {
    const pipeline = new RawPipeline(rawClient(address)).listen();
    pipeline.send(...pairs.map(([key, value]) => set(key, value)));
    await pipeline.repliesUpTo(pairs.length);
  }

  function stream<Request, Response>(method: Method<Request, Response>, request: Request) {
    const { encode } = method.request;
    const started = rawClient(address).makeServerStreamRequest(method.path, encode, method.response.decode, request);
    started.on('error', () => {});
    return started;
  }

  async function messages<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response[]> {
    const received: Response[] = [];
    for await (const message of stream(method, request)) received.push(message as Response);
    return received;
  }

  const all = {
    pattern: Buffer.from('*'),
    start: Buffer.alloc(0),
    end: undefined,
    limit: 0,
    reverse: false,
    keysOnly: false,
  };
  const matching = (pattern: Buffer) => ({ ...all, pattern });

  it('give all keys in order', async () => {
    await write(['b', '2'], ['a', '1'], ['\u00ff', '3'], ['', 'empty']);
    const keys = (await messages(KEYS, matching(Buffer.alloc(0)))).flat().map(String);
    assert.deepEqual(keys, ['', 'a', 'b', '\u00ff']);
  });

  it('give whole records of one snapshot, and its offset in every message', async () => {
    await write(['a', '1'], ['b', '2']);
    const [message, ...more] = await messages(SCAN, all);
    assert.deepEqual(more, []);
    assert.equal(message?.offset, store.offset);
    assert.deepEqual(
      message?.records.map(({ key, value, type, expiresAtMs, version }) => [
        String(key),
        String(value),
        type,
        expiresAtMs,
        version,
      ]),
      [
        ['a', '1', 'string', 0, 1],
        ['b', '2', 'string', 0, 2],
      ],
    );
  });

  it('leave the values out if only keys are asked for', async () => {
    await write(['a', '1']);
    const [message] = await messages(SCAN, { ...all, keysOnly: true });
    assert.deepEqual(
      message?.records.map(({ value }) => value.length),
      [0],
    );
  });

  it('give only what matches', async () => {
    await write(['user:1', ''], ['user:22', ''], ['usher', ''], ['xuser:1', '']);
    const keys = (await messages(KEYS, matching(Buffer.from('user:?')))).flat().map(String);
    assert.deepEqual(keys, ['user:1']);
  });

  it('give a range, from its end too, and no more than the limit', async () => {
    await write(...['a', 'b1', 'b2', 'b3', 'c'].map((key): [string, string] => [key, '1']));
    const keysOf = async (asked: Partial<ScanRequest>) =>
      (await messages(KEYS, { ...all, ...asked })).flat().map(String);
    const [b1, b3] = [Buffer.from('b1'), Buffer.from('b3')];
    assert.deepEqual(await keysOf({ start: b1, end: b3 }), ['b1', 'b2']);
    assert.deepEqual(await keysOf({ start: b1, end: b3, reverse: true }), ['b2', 'b1']);
    assert.deepEqual(await keysOf({ limit: 2 }), ['a', 'b1']);
    assert.deepEqual(await keysOf({ limit: 2, reverse: true }), ['c', 'b3']);
    assert.deepEqual(await keysOf({ limit: 1, pattern: Buffer.from('?2') }), ['b2']);
    assert.deepEqual(await keysOf({ pattern: Buffer.from('b*'), start: Buffer.from('b2') }), ['b2', 'b3']);
    assert.deepEqual(await keysOf({ pattern: Buffer.from('b*'), end: Buffer.from('b2') }), ['b1']);
    assert.deepEqual(await keysOf({ start: b3, end: b1 }), []);
    assert.deepEqual(await keysOf({ end: Buffer.alloc(0) }), []);
    const [first] = await messages(SCAN, { ...all, start: b1, end: b3, reverse: true, limit: 1 });
    assert.deepEqual([first?.records.map(({ key }) => String(key)), first?.offset], [['b2'], store.offset]);
    await until(() => store.snapshotsHeld === 0, 'the snapshots given back');
  });

  it('refuse a pattern that is too long, before anything is read', async () => {
    await write(['a', '1']);
    for (const refused of [
      messages(KEYS, matching(Buffer.alloc(4_097, '?'))),
      messages(SCAN, { ...all, pattern: Buffer.alloc(4_097, '?') }),
    ]) {
      const failure = await refused.catch(fromStatus);
      assert(HeadwaterError.is(failure, 'too_large'));
    }
    assert.equal(store.snapshotsHeld, 0);
  });

  it('let everybody else have turns while keys are large and the pattern is slow', async () => {
    const value = Buffer.alloc(0);
    for (let i = 10; i < 40; i++)
      store.entries.set(`${'a'.repeat(60_000)}${i}`, { value, type: 0, expiresAtMs: 0, version: 1 });
    let longestMs = 0;
    let [lastMs, running] = [performance.now(), true];
    const beganMs = lastMs;
    const turn = () => {
      longestMs = Math.max(longestMs, performance.now() - lastMs);
      lastMs = performance.now();
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    // Messages without a key are signs of life.
    assert.deepEqual((await messages(KEYS, matching(Buffer.from(`*${'?a'.repeat(2_000)}b*`)))).flat(), []);
    running = false;
    const tookMs = performance.now() - beganMs;
    // All thirty keys are in one chunk.
    assert(longestMs < tookMs / 3, `${Math.round(longestMs)} ms of ${Math.round(tookMs)} ms went by in one turn`);
  });

  it('hide what is expired at the moment of the snapshot', async () => {
    await write(['a', '1'], ['b', '2'], ['c', '3']);
    for (const [name, expiresAtMs] of [
      ['a', store.now],
      ['b', store.now + 1],
    ] as const) {
      const entry = store.entries.get(name);
      assert(entry);
      store.entries.set(name, { ...entry, expiresAtMs });
    }
    assert.deepEqual((await messages(KEYS, matching(Buffer.alloc(0)))).flat().map(String), ['b', 'c']);
  });

  it('give nothing of an empty store, but the offset', async () => {
    assert.deepEqual(await messages(KEYS, matching(Buffer.alloc(0))), []);
    assert.deepEqual(await messages(SCAN, all), [{ records: [], offset: 0 }]);
  });

  it('come in messages of a moderate size', async () => {
    await write(...Array.from({ length: 40 }, (_, i): [string, Buffer] => [`k${i}`, Buffer.alloc(50_000)]));
    const received = await messages(SCAN, all);
    assert(received.length >= 7 && received.length <= 10, `${received.length} messages`);
    assert.equal(received.flatMap(({ records }) => records).length, 40);
  });

  it('give the snapshot back at the end, when the client leaves, and when something fails', async () => {
    await write(...Array.from({ length: 1_000 }, (_, i): [string, Buffer] => [`k${i}`, Buffer.alloc(1_000)]));
    await messages(SCAN, all);
    await until(() => store.snapshotsHeld === 0, 'the end');

    const held = gate();
    store.beforeChunk = (index) => (index === 2 ? held.promise : undefined);
    const left = stream(SCAN, all);
    left.resume();
    await until(() => store.snapshotsHeld === 1, 'the snapshot');
    left.cancel();
    held.open();
    await until(() => store.snapshotsHeld === 0, 'the snapshot given back');

    store.beforeChunk = () => {
      throw new HeadwaterError('corrupt', 'a bad record');
    };
    const failure = await messages(SCAN, all).catch(fromStatus);
    assert(HeadwaterError.is(failure, 'corrupt'));
    await until(() => store.snapshotsHeld === 0, 'the snapshot given back');
  });

  it('stop reading the store when the client does not read', async () => {
    const value = Buffer.alloc(100_000);
    for (let i = 0; i < 1_000; i++)
      store.entries.set(`k${String(i).padStart(4, '0')}`, { value, type: 0, expiresAtMs: 0, version: 1 });
    store.chunkEntries = 1;
    let chunks = 0;
    store.beforeChunk = () => {
      chunks++;
    };
    const slow = stream(SCAN, all);
    slow.once('data', () => slow.pause());
    let last = -1;
    for (let same = 0; same < 50; ) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      same = chunks === last ? same + 1 : 0;
      last = chunks;
    }
    assert(chunks < 500, `${chunks} of 1000 values were read for nobody`);
    slow.resume();
    await new Promise((resolve) => slow.once('end', resolve));
    assert.equal(chunks, 1_000);
  });

  it('the size is the number of keys', async () => {
    await write(['a', '1'], ['b', '2'], ['a', '3']);
    assert.equal(await call(rawClient(address), DATABASE_SIZE, {}), 2);
  });

  it('a key at random is there, also if none is found soon', async () => {
    assert.equal(await call(rawClient(address), RANDOM_KEY, {}), undefined);
    await write(['a', '1'], ['', '2']);
    store.randomKey = Buffer.from('a');
    assert.equal(String(await call(rawClient(address), RANDOM_KEY, {})), 'a');
    store.randomKey = undefined;
    assert.deepEqual(await call(rawClient(address), RANDOM_KEY, {}), Buffer.alloc(0));
    assert.equal(store.snapshotsHeld, 0);
  });
});
