/** The cache of records that reads have found on disk: its memory, and that it never says what the disk does not. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CACHED_RECORD_BYTES_MAX } from '../../src/base/limits.js';
import { hashKey } from '../../src/keyspace/key-table.js';
import { Keyspace } from '../../src/keyspace/keyspace.js';
import { NOT_CACHED, ReadCache } from '../../src/keyspace/read-cache.js';
import type { Entry } from '../../src/model/command.js';
import { clear, del, put, touch } from '../log/blocks.js';
import { turns } from '../support/clock.js';
import { runs } from '../support/seeds.js';
import { Bench } from './bench.js';

const KiB = 1024;
const LATER = 9_000_000_000_000;
const bytesOf = (name: string) => Buffer.from(name, 'latin1');
const hashOf = (key: Buffer) => hashKey(key, 0, key.length);
const entryOf = (value: string, version = 7): Entry => ({
  type: 0,
  value: Buffer.from(value, 'latin1'),
  expiresAtMs: 0,
  version,
});

/** A cache with the hash of the tests: few values, so that keys collide. */
class Cache {
  readonly cache: ReadCache;
  readonly #hash: (key: Buffer) => number;

  constructor(bytesMax = 64 * KiB, hash = hashOf) {
    this.cache = new ReadCache(bytesMax);
    this.#hash = hash;
  }

  add(name: string, entry: Entry | undefined, changes = this.cache.changes): void {
    this.cache.add(bytesOf(name), this.#hash(bytesOf(name)), entry, changes);
  }

  find(name: string): Entry | undefined | typeof NOT_CACHED {
    return this.cache.find(bytesOf(name), this.#hash(bytesOf(name)));
  }

  forget(name: string): void {
    const bytes = bytesOf(`<${name}>`);
    this.cache.forget(bytes, 1, bytes.length - 1, this.#hash(bytesOf(name)));
  }
}

describe('the cache of reads', () => {
  it('gives back a record with all that it has, and the absence of a key', () => {
    const test = new Cache();
    const entries = {
      '': entryOf(''),
      a: { type: 0, value: bytesOf('\x00\xff'), expiresAtMs: LATER, version: 2 ** 52 },
      [`${'k'.repeat(300)}a`]: entryOf('long key'),
      [`${'k'.repeat(300)}b`]: { ...entryOf('v'.repeat(5_000)), type: 255 },
    };
    for (const [name, entry] of Object.entries(entries)) test.add(name, entry);
    test.add('absent', undefined);
    for (const [name, entry] of Object.entries(entries)) assert.deepEqual(test.find(name), entry);
    assert.equal(test.find('absent'), undefined);
    assert.equal(test.find('b'), NOT_CACHED);
    assert.equal(test.find('k'.repeat(301)), NOT_CACHED);
  });

  it('copies a record when it comes and when it goes', () => {
    const test = new Cache();
    const entry = entryOf('value');
    test.add('k', entry);
    entry.value.fill(0);
    const found = test.find('k') as Entry;
    assert.equal(found.value.toString(), 'value');
    found.value.fill(0);
    assert.equal((test.find('k') as Entry).value.toString(), 'value');
  });

  it('stays within its memory, and keeps the keys that are read again', () => {
    for (const bytes of [0, 10, 100, 2_000, 15_000]) {
      const bytesMax = 256 * KiB;
      const test = new Cache(bytesMax);
      assert.equal(test.cache.bytes, 0, 'nothing is reserved before it is needed');
      test.add('hot', entryOf('hot'));
      let kept = 0;
      for (let i = 0; i < 20_000; i++) {
        test.add(`key ${i}`, entryOf('v'.repeat(bytes)));
        assert.notEqual(test.find(`key ${i}`), NOT_CACHED);
        assert.equal((test.find('hot') as Entry).value.toString(), 'hot', `after ${i} keys of ${bytes} bytes`);
        if (i % 1_000 === 0) assert.ok(test.cache.bytes <= bytesMax, `${test.cache.bytes}`);
      }
      for (let i = 0; i < 20_000; i++) if (test.find(`key ${i}`) !== NOT_CACHED) kept++;
      assert.ok(kept > 0 && kept < 20_000, `${kept}`);
    }
  });

  it('keeps no record that is large, and nothing at all if it has no memory', () => {
    const test = new Cache();
    test.add('large', entryOf('v'.repeat(CACHED_RECORD_BYTES_MAX)));
    assert.equal(test.find('large'), NOT_CACHED);
    test.add('k'.repeat(CACHED_RECORD_BYTES_MAX), undefined);
    assert.equal(test.find('k'.repeat(CACHED_RECORD_BYTES_MAX)), NOT_CACHED);
    const none = new Cache(0);
    none.add('k', entryOf('v'));
    assert.equal(none.find('k'), NOT_CACHED);
    assert.equal(none.cache.bytes, 0);
  });

  it('takes nothing of a read that began before a change', async () => {
    const test = new Cache();
    const before = test.cache.changes;
    test.cache.changing();
    test.add('k', entryOf('old'), before);
    assert.equal(test.find('k'), NOT_CACHED);
    test.add('k', entryOf('new'));
    await test.cache.emptyDuring(async () => {
      assert.equal(test.find('k'), NOT_CACHED);
      const during = test.cache.changes;
      test.add('k', entryOf('during'));
      assert.equal(test.find('k'), NOT_CACHED);
      queueMicrotask(() => test.add('k', entryOf('during'), during));
    });
    await turns(1);
    assert.equal(test.find('k'), NOT_CACHED);
    test.add('k', entryOf('after'));
    assert.equal((test.find('k') as Entry).value.toString(), 'after');
  });

  it('says of each key what a plain Map says, or nothing', () => {
    const name = fc.nat(60).map((i) => `key ${i}`);
    const step = fc.oneof(
      { weight: 60, arbitrary: fc.tuple(fc.constant('add'), name, fc.constantFrom(0, 1, 50, 3_000)) },
      { weight: 30, arbitrary: fc.tuple(fc.constant('find'), name, fc.constant(0)) },
      { weight: 20, arbitrary: fc.tuple(fc.constant('forget'), name, fc.nat(1)) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('clear'), name, fc.constant(0)) },
    );
    let found = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 400 }), (steps) => {
        // The hash has few values, and some of them are negative.
        const test = new Cache(64 * KiB, (key) => (hashOf(key) % 5) * 0x1fff_ffff);
        const disk = new Map<string, Entry | undefined>();
        for (const [version, [kind, key, bytes]] of steps.entries()) {
          if (kind === 'clear') test.cache.clear();
          else if (kind === 'forget') {
            test.forget(key);
            disk.set(key, bytes % 2 ? entryOf('x', version) : undefined);
          } else if (kind === 'add') {
            if (!disk.has(key)) disk.set(key, entryOf('v'.repeat(bytes), version));
            test.add(key, disk.get(key));
          }
          const known = test.find(key);
          if (known === NOT_CACHED) continue;
          assert.deepEqual(known, disk.get(key));
          found++;
        }
      }),
      runs(100),
    );
    assert.ok(found > 1_000, `${found} found`);
  });
});

describe('a read of a key that is on disk', () => {
  const reads = (bench: Bench) => bench.disk.operations.filter(({ kind }) => kind === 'read').length;

  /** Whether a read asks the disk. Whatever it asks, it answers as the Map. */
  async function asks(bench: Bench, ...names: string[]): Promise<boolean> {
    const before = reads(bench);
    const found = await bench.read(...names);
    assert.deepEqual(
      found,
      names.map((name) => bench.state.get(name)),
    );
    return reads(bench) > before;
  }

  async function onDisk(...commands: Parameters<Bench['apply']>): Promise<Bench> {
    const bench = await Bench.open();
    bench.apply(...commands);
    await bench.flushAll();
    return bench;
  }

  it('asks the disk once, and answers the next time in the same turn', async () => {
    const bench = await onDisk(put('a', 'value', LATER), put('b', ''));
    assert.equal(await asks(bench, 'a', 'b', 'absent'), true);
    const again = bench.keyspace.read(['a', 'b', 'absent'].map(bytesOf));
    assert(!(again instanceof Promise));
    assert.deepEqual(again.entries, [bench.state.get('a'), bench.state.get('b'), undefined]);
    await bench.read('a', 'b', 'absent');
    assert.equal(bench.recalled, 3, 'all three are in memory');
    bench.apply(put('new', 'v'), del('a'), touch('b', LATER));
    await bench.read('new', 'a', 'b');
    assert.equal(bench.recalled, 5, 'a new expiry alone is not the whole record');
  });

  it('asks again only for what a flush has changed', async () => {
    const bench = await onDisk(put('a', '1'), put('b', '1'), put('c', '1'), put('d', '1'));
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await asks(bench, ...names);
    bench.apply(put('a', '2'), del('b'), touch('c', LATER), put('e', '2'));
    assert.equal(await asks(bench, ...names), false, 'the layers are over the cache');
    await bench.flushAll();
    for (const [name, isAsked] of [
      ['d', false],
      ['f', false],
      ['a', true],
      ['b', true],
      ['c', true],
      ['e', true],
    ] as const)
      assert.equal(await asks(bench, name), isAsked, name);
    assert.equal(await asks(bench, ...names), false);
  });

  it('asks again for everything after everything was cleared', async () => {
    const bench = await onDisk(put('a', '1'), put('b', '1'));
    await asks(bench, 'a', 'b', 'c');
    bench.apply(clear(), put('b', '2'));
    assert.equal(await asks(bench, 'a', 'b', 'c'), false);
    await bench.flushAll();
    assert.equal(await asks(bench, 'a'), true);
    assert.equal(await asks(bench, 'b'), true);
    assert.equal(await asks(bench, 'c'), true);
  });

  it('keeps nothing that it has found before a flush of the same key', async () => {
    for (const write of [put('k', 'new'), del('k'), touch('k', LATER), clear()]) {
      const bench = await onDisk(put('k', 'old'), put('other'));
      let answer = () => {};
      const held = new Promise<void>((resolve) => {
        answer = resolve;
      });
      bench.disk.fault = ({ kind }) => (kind === 'read' ? held : undefined);
      const slow = bench.read('k', 'absent');
      bench.disk.fault = undefined;
      bench.apply(write, put('absent', 'now there'));
      await bench.flushAll();
      answer();
      assert.equal((await slow)[0]?.value.toString(), 'old');
      assert.equal(await asks(bench, 'k'), true);
      assert.equal(await asks(bench, 'absent'), true);
    }
  });

  it('keeps nothing of a key whose new expiry is being written', async () => {
    const bench = await onDisk(put('k', 'value'));
    bench.apply(touch('k', LATER));
    bench.keyspace.freeze();
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    bench.disk.fault = ({ kind }) => (kind === 'batch' ? held : undefined);
    const flushing = bench.flushOne();
    await turns(5);
    assert.equal(await asks(bench, 'k'), true);
    go();
    await flushing;
    assert.equal(await asks(bench, 'k'), true);
    assert.equal(await asks(bench, 'k'), false);
  });

  it('finds what the last flush has written, until the next freeze', async () => {
    const bench = await Bench.open();
    bench.apply(put('a', '1'), put('b', '1', LATER), put('c', '1'), put('d', '1'));
    await bench.flushAll();
    bench.apply(put('a', '2', LATER), del('b'), touch('c', LATER), put('e', ''));
    await bench.flushAndKeep();
    assert(bench.keyspace.overlay.writtenBytes > 0, 'its memory is counted');
    const { recalled } = bench;
    assert.equal(await asks(bench, 'a', 'b', 'e'), false);
    assert.equal(bench.recalled - recalled, 3);
    assert.equal(await asks(bench, 'c'), true, 'the layer knew only its expiry');
    assert.equal(await asks(bench, 'c'), false);
    bench.apply(touch('a', 0), put('b', '3'));
    assert.equal(await asks(bench, 'a', 'b', 'e'), false, 'newer layers are over it');
    bench.keyspace.freeze();
    assert.equal(await asks(bench, 'e'), true);
    await bench.flushOne();
    assert.equal(await asks(bench, 'b'), false);
    assert.equal(await asks(bench, 'a'), true, 'the layer knew only its expiry');
    bench.apply(clear(), put('b', '4'));
    await bench.flushAndKeep();
    assert.equal(await asks(bench, 'b'), false);
    assert.equal(await asks(bench, 'a'), true);
  });

  it('is of the same state as the keys beside it that are not in the cache', async () => {
    const bench = await onDisk(put('a', '1'), put('b', '1'));
    await asks(bench, 'a');
    const both = bench.read('a', 'b');
    bench.apply(put('a', '2'), put('b', '2'));
    await bench.flushAll();
    assert.deepEqual(
      (await both).map((entry) => entry?.value.toString()),
      ['1', '1'],
    );
  });

  it('copies no more than the bytes that the caller allows, however often a key is named', async () => {
    const bench = await onDisk(put('k', 'v'.repeat(10_000)));
    await asks(bench, 'k');
    const keys = Array.from({ length: 1_000 }, () => bytesOf('k'));
    const { count, entries } = await bench.keyspace.read(keys, { bytesMax: 100_000 });
    assert.ok(count >= 10 && count < 1_000, `${count}`);
    assert.ok(entries.slice(0, count).every((entry) => entry?.value.length === 10_000));
    const all = await bench.keyspace.read(keys);
    assert.equal(all.count, 1_000);
  });

  it('asks the disk each time without a cache', async () => {
    const bench = await onDisk(put('k', 'v'));
    const keyspace = await Keyspace.open(bench.db);
    await keyspace.read([bytesOf('k')]);
    assert(keyspace.read([bytesOf('k')]) instanceof Promise);
    keyspace.apply(bench.history.block(put('k', 'new')));
    keyspace.freeze();
    await keyspace.flush(bench.history.rows);
    assert(keyspace.read([bytesOf('k')]) instanceof Promise, 'what a flush has written');
  });

  it('is not in memory after a repair of its range', async () => {
    const bench = await onDisk(put('a', 'wrong'), put('b', 'right'));
    await asks(bench, 'a', 'b', 'c');
    bench.apply(put('a', 'wrong'));
    await bench.flushAndKeep();
    const good = await onDisk(put('a', 'mended'), put('b', 'right'), put('c', 'was lost'));
    const entries: Array<[Buffer, Buffer]> = [];
    const snapshot = good.keyspace.snapshot();
    for await (const chunk of snapshot.chunks()) for (const [key, record] of chunk) entries.push([key, record]);
    await snapshot.release();
    const during: Array<Promise<unknown>> = [];
    bench.disk.fault = ({ kind, keys }) => {
      // A read that begins while the batch is written finds the old rows.
      if (kind === 'batch' && keys.length > 0) during.push(bench.read('a', 'c'));
    };
    await bench.keyspace.mend({ ranges: [{ from: Buffer.alloc(0), to: undefined }], entries }, () => {});
    bench.disk.fault = undefined;
    assert.equal(during.length, 1);
    await Promise.all(during);
    const found = await bench.read('a', 'b', 'c');
    assert.deepEqual(
      found.map((entry) => entry?.value.toString()),
      ['mended', 'right', 'was lost'],
    );
  });
});
