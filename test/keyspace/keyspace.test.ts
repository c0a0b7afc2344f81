/** The keyspace: reads through its layers and the disk, flushes, counts, crashes in the middle of a flush, snapshots. */
import assert from 'node:assert/strict';
import { checkedRow, valueOfCheckedRow } from '../../src/base/checked-row.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { InvariantViolation } from '../../src/base/invariant.js';
import {
  COMPACTION_RECORDS_MAX,
  COUNTED_KEYS_MAX,
  DUE_SCAN_BYTES,
  FLUSH_CHUNK_BYTES,
  FLUSH_CHUNK_ENTRIES,
  READ_GROUP_BYTES,
  READ_GROUP_KEYS_FIRST,
  READ_GROUP_KEYS_MAX,
  SORT_RUN_BYTES,
  SWEEP_BYTES,
} from '../../src/base/limits.js';
import { KeyCounter } from '../../src/keyspace/key-counter.js';
import { Keyspace } from '../../src/keyspace/keyspace.js';
import { dataKey, dataStart, isDataKey, parseDueKey } from '../../src/keyspace/record.js';
import { clear, del, flipped, History, message, put, touch } from '../log/blocks.js';
import { until } from '../support/clock.js';
import { MemoryDisk } from '../support/database.js';
import { refused } from '../support/refusals.js';
import { Bench, digestOf } from './bench.js';

const key = (name: string) => Buffer.from(name, 'latin1');
const value = async (bench: Bench, name: string) => (await bench.read(name))[0]?.value.toString();
const LATER = 9_000_000_000_000;
const bytesOf = (rows: readonly Buffer[]) => rows.reduce((bytes, row) => bytes + row.length, 0);
/** As long as a key may be, and alike up to the last bytes. */
const longKey = (number: number) => `${'k'.repeat(64 * 1024 - 3)}${String(number).padStart(3, '0')}`;

describe('a read', () => {
  /** Where the older and the newer write of a key may lie: on disk, in a frozen layer, in the active one. */
  const places = ['disk', 'frozen', 'active'] as const;

  async function layered(
    old: (typeof places)[number],
    writes: { older: Parameters<Bench['apply']>; newer: Parameters<Bench['apply']> },
  ): Promise<Bench> {
    const bench = await Bench.open();
    bench.apply(...writes.older);
    if (old === 'disk') await bench.flushAll();
    else if (old === 'frozen') bench.keyspace.freeze();
    bench.apply(...writes.newer);
    return bench;
  }

  const pairs: [what: string, older: Parameters<Bench['apply']>, newer: Parameters<Bench['apply']>][] = [
    ['a put over a put', [put('k', 'old')], [put('k', 'new')]],
    ['a del over a put', [put('k', 'old')], [del('k')]],
    ['a put over a del', [put('k'), del('k')], [put('k', 'new')]],
    ['a touch over a put', [put('k', 'old')], [touch('k', LATER)]],
    ['a touch to never over a put that expires', [put('k', 'old', 5)], [touch('k', 0)]],
    ['a touch over a touch', [put('k', 'old'), touch('k', 5)], [touch('k', 7)]],
    ['a touch over a del', [put('k'), del('k')], [touch('k', 7)]],
    ['a touch over nothing', [put('other')], [touch('k', 7)]],
    ['a touch and a put over it', [put('k', 'old')], [touch('k', 7), put('k', 'new')]],
    ['a touch and a del over it', [put('k', 'old')], [touch('k', 7), del('k')]],
    ['a clear over a put', [put('k', 'old')], [clear()]],
    ['a clear and a put', [put('k', 'old'), put('gone')], [clear(), put('k', 'new')]],
    ['a clear and a touch', [put('k', 'old')], [clear(), touch('k', 7)]],
    ['a put and a clear and a put', [put('k', 'old')], [put('k', 'middle'), clear(), put('x', 'new')]],
    ['two clears', [put('k', 'old'), clear(), put('k', 'middle')], [clear(), put('y')]],
    [
      'the empty key, and one of all byte values',
      [put(''), put(Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1'))],
      [touch('', 7)],
    ],
    ['keys that are prefixes of each other', [put('a'), put('aa'), put('aaa')], [del('aa')]],
    ['a message, which leaves no trace', [put('k', 'old')], [message('channel', 'data')]],
  ];
  for (const [what, older, newer] of pairs) {
    for (const place of places) {
      it(`sees ${what}, the older in ${place}`, async () => {
        const bench = await layered(place, { older, newer });
        await bench.check();
        bench.keyspace.freeze();
        await bench.check();
        while (bench.keyspace.overlay.frozenLayers > 0) {
          await bench.flushOne();
          await bench.check();
        }
        await bench.checkDisk();
        await bench.restart();
        await bench.check();
      });
    }
  }

  it('takes the newest of the touches that lie in layers over each other', async () => {
    const bench = await Bench.open();
    bench.apply(put('k', 'v', 1), put('x', 'v', 1));
    await bench.flushAll();
    for (const expiresAtMs of [2, 3, 4]) {
      bench.apply(touch('k', expiresAtMs));
      bench.keyspace.freeze();
      await bench.check();
    }
    bench.apply(touch('x', 5));
    for (let flushes = 0; flushes < 3; flushes++) {
      await bench.flushOne();
      await bench.check();
    }
  });

  it('answers at once if memory knows every key, else with a promise', async () => {
    const bench = await Bench.open();
    bench.apply(put('cold'));
    await bench.flushAll();
    bench.apply(put('hot'), del('dead'));
    assert(!(bench.keyspace.read([key('hot'), key('dead')]) instanceof Promise));
    assert(!(bench.keyspace.read([]) instanceof Promise));
    assert(bench.keyspace.read([key('hot'), key('cold')]) instanceof Promise);
    bench.apply(clear());
    assert(!(bench.keyspace.read([key('cold'), key('never')]) instanceof Promise), 'a clear hides the disk');
  });

  it('is as of its call, whatever is written, frozen and flushed before it is answered', async () => {
    const bench = await Bench.open();
    bench.apply(put('a', 'a1'), put('b', 'b1'), put('c', 'c1'));
    await bench.flushAll();
    bench.apply(touch('b', LATER), del('c'));
    const before = bench.state;
    const reading = bench.read('a', 'b', 'c', 'd');
    bench.apply(put('a', 'a2'), put('b', 'b2'), put('c', 'c2'), put('d', 'd2'));
    await bench.flushAll();
    bench.apply(clear());
    await bench.flushAll();
    assert.deepEqual(
      await reading,
      ['a', 'b', 'c', 'd'].map((name) => before.get(name)),
    );
  });

  it('of many cold keys is cut into groups, that of a few is not, and all of it is of one state', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 5_000 }, (_, i) => `k${i}`);
    bench.apply(...names.map((name) => put(name, 'one')));
    await bench.flushAll();
    const asked = () => bench.disk.operations.filter(({ kind }) => kind === 'read').map(({ keys }) => keys.length);
    bench.disk.operations.length = 0;
    await bench.read(...names.slice(0, READ_GROUP_KEYS_FIRST));
    assert.deepEqual(asked(), [READ_GROUP_KEYS_FIRST]);
    bench.apply(touch('k7', LATER));
    const before = bench.state;
    bench.disk.operations.length = 0;
    let groups = 0;
    bench.disk.fault = async ({ kind, keys }) => {
      if (kind !== 'read' || keys.length < 2 || ++groups !== 2) return;
      // Between two groups all is written anew, flushed, cleared and swept.
      bench.disk.fault = undefined;
      bench.apply(...names.map((name) => put(name, 'two')));
      await bench.flushAll();
      bench.apply(clear());
      await bench.flushAll();
      await bench.keyspace.sweep.step(10_000);
    };
    assert.deepEqual(
      await bench.read(...names),
      names.map((name) => before.get(name)),
    );
    await bench.check();
  });

  it('of many cold keys lets the event loop turn between groups, the first of which is small', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 5_000 }, (_, i) => `k${i}`);
    bench.apply(...names.map((name) => put(name)));
    await bench.flushAll();
    bench.disk.operations.length = 0;
    await bench.read(...names);
    assert.deepEqual(
      bench.disk.operations.map(({ keys }) => keys.length),
      [8, 32, 128, ...Array(18).fill(READ_GROUP_KEYS_MAX), 5_000 - 168 - 18 * READ_GROUP_KEYS_MAX],
    );
  });

  it('of large values takes a few at a time, and no more than it is allowed', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 100 }, (_, i) => `k${String(i).padStart(3, '0')}`);
    for (const name of names) bench.apply(put(name, Buffer.alloc(READ_GROUP_BYTES / 4)));
    await bench.flushAll();
    bench.disk.operations.length = 0;
    await bench.read(...names);
    const asked = bench.disk.operations.map(({ keys }) => keys.length);
    assert.deepEqual(asked.slice(0, 2), [READ_GROUP_KEYS_FIRST, 3]);
    assert(Math.max(...asked.slice(1)) <= 4, `${asked}`);
    bench.apply(put('hot'));
    const found = await bench.keyspace.read([...names.map(key), key('hot')], { bytesMax: READ_GROUP_BYTES });
    assert.equal(found.count, 6, 'two groups of the size that the read before has taught');
    assert.equal(found.entries[found.count - 1]?.value.length, READ_GROUP_BYTES / 4);
    const all = await bench.keyspace.read([...names.slice(0, 3).map(key), key('hot')], { bytesMax: 1 });
    assert.equal(all.count, 4, 'one group is always read');
  });

  it('begins with as many records as those before were small', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 100 }, (_, i) => `k${i}`);
    bench.apply(...names.map((name) => put(name, Buffer.alloc(100))));
    await bench.flushAll();
    await bench.read('k0');
    bench.disk.operations.length = 0;
    await bench.read(...names);
    assert.deepEqual(
      bench.disk.operations.map(({ keys }) => keys.length),
      [99],
      'the first is in the cache',
    );
  });

  it('says so if the database is closed in the middle of it', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
    bench.apply(...names.map((name) => put(name)));
    await bench.flushAll();
    const reading = bench.read(...names);
    void bench.db.close();
    await assert.rejects(reading, refused('unavailable', /has been closed/));
  });

  it('is right at every moment of a flush', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 2 * FLUSH_CHUNK_ENTRIES + 10 }, (_, i) => `k${i}`);
    bench.apply(...names.map((name) => put(name, 'one')));
    await bench.flushAll();
    bench.apply(
      ...names.map((name, i) => (i % 3 === 0 ? del(name) : i % 3 === 1 ? touch(name, LATER) : put(name, 'two'))),
    );
    bench.keyspace.freeze();
    const flushing = bench.flushOne();
    let running = true;
    void flushing.then(() => {
      running = false;
    });
    while (running) await bench.check();
    await flushing;
    await bench.check();
    await bench.checkDisk();
  });

  it('finds a flipped bit in a record of the disk, in whichever of its bytes', async () => {
    const bench = await Bench.open();
    bench.apply(put('key', 'value'));
    await bench.flushAll();
    const raw = bench.disk.raw('memory');
    const record = (await raw.get(dataKey(0, key('key')))) as Buffer;
    for (let bit = 0; bit < record.length * 8; bit += 5) {
      await raw.put(dataKey(0, key('key')), flipped(record, bit));
      await assert.rejects(
        bench.read('key'),
        (error) => HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'unknown_format'),
      );
    }
  });

  it('refuses a record that stands under another key', async () => {
    const bench = await Bench.open();
    bench.apply(put('one'), put('two', 'w'));
    await bench.flushAll();
    const raw = bench.disk.raw('memory');
    await raw.put(dataKey(0, key('one')), (await raw.get(dataKey(0, key('two')))) as Buffer);
    await assert.rejects(bench.read('one'), refused('corrupt', /"one"/));
  });
});

describe('applying a block', () => {
  it('takes only the next one', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'), put('b'));
    const gap = new History('a', { ...bench.history.end, offset: 3 }).block(put('c'));
    assert.throws(() => bench.keyspace.apply(gap), InvariantViolation);
    assert.throws(() => bench.keyspace.apply(bench.history.blocks[0] as never), InvariantViolation);
  });

  it('counts the memory that it holds, and releases blocks that are no longer used', async () => {
    const bench = await Bench.open();
    for (let i = 0; i < 20; i++) bench.apply(put('same', Buffer.alloc(100_000, i)));
    assert(
      bench.keyspace.overlay.active.bytes < 3 * 100_000,
      `${bench.keyspace.overlay.active.bytes} bytes for one key`,
    );
    assert(bench.keyspace.overlay.active.logBytes > 20 * 100_000);
    bench.apply(clear());
    assert(bench.keyspace.overlay.active.bytes < 1_000);
    assert(bench.keyspace.overlay.bytes < 1_000);
  });

  it('gives every key its own entry among a hundred thousand', async () => {
    const bench = await Bench.open();
    const { keyspace, history } = bench;
    for (let i = 0; i < 100; i++)
      keyspace.apply(
        history.block(...Array.from({ length: 1_000 }, (_, j) => put(`key:${i * 1_000 + j}`, `${i * 1_000 + j}`))),
      );
    for (let i = 0; i < 100_000; i += 997) assert.equal(await value(bench, `key:${i}`), String(i));
  });
});

describe('a flush', () => {
  it('marks its start, writes chunks, makes them durable, and then writes the checkpoint', async () => {
    const bench = await Bench.open();
    bench.apply(...Array.from({ length: FLUSH_CHUNK_ENTRIES * 2 + 1 }, (_, i) => put(`k${i}`)));
    bench.disk.operations.length = 0;
    await bench.flushAll();
    const writes = bench.disk.operations.filter(({ kind }) => kind !== 'read');
    assert.deepEqual(
      writes.map(({ kind, keys, sync }) => [kind, kind === 'put' ? String(keys[0]) : keys.length, sync]),
      [
        ['put', 'mflushing', true],
        // Each batch has a row of the prints of its keys.
        ['batch', FLUSH_CHUNK_ENTRIES + 1, false],
        ['batch', FLUSH_CHUNK_ENTRIES + 1, false],
        ['batch', 2, false],
        ['durable', 0, false],
        ['put', 'mcheckpoint', true],
      ],
    );
  });

  it('takes few long keys at a time: one turn of the event loop neither sorts nor writes many', async () => {
    const bench = await Bench.open();
    const keys = 64;
    for (let i = 0; i < keys; i++) bench.apply(put(longKey((i * 37) % keys)));
    let sorted = 0;
    let turns = 0;
    let flushing = true;
    const count = () => {
      turns++;
      if (flushing) setImmediate(count);
    };
    setImmediate(count);
    const from = bench.disk.operations.length;
    await bench.flushAll();
    flushing = false;
    for (const { kind, keys: rows } of bench.disk.operations.slice(from)) {
      if (kind !== 'batch') continue;
      sorted += rows.filter(isDataKey).length;
      assert(bytesOf(rows) <= 2 * FLUSH_CHUNK_BYTES, `${bytesOf(rows)} bytes of keys in one batch`);
    }
    assert.equal(sorted, keys);
    assert(turns >= (keys * 64 * 1024) / SORT_RUN_BYTES, `${turns} turns`);
    await bench.checkDisk();
  });

  it('cuts chunks by their bytes too', async () => {
    const bench = await Bench.open();
    bench.apply(...Array.from({ length: 6 }, (_, i) => put(`k${i}`, Buffer.alloc(FLUSH_CHUNK_BYTES / 2))));
    bench.disk.operations.length = 0;
    await bench.flushAll();
    assert.deepEqual(
      bench.disk.operations.filter(({ kind }) => kind === 'batch').map(({ keys }) => keys.filter(isDataKey).length),
      [2, 2, 2],
    );
    await bench.checkDisk();
  });

  it('goes from the oldest frozen layer to the newest, and keeps the lineage it is given', async () => {
    const bench = await Bench.open();
    bench.apply(put('a', '1'));
    bench.keyspace.freeze();
    bench.apply(put('a', '2'));
    bench.keyspace.freeze();
    bench.apply(put('a', '3'));
    assert.equal(bench.keyspace.overlay.oldest?.position.offset, 1);
    await bench.flushOne();
    assert.equal(bench.keyspace.checkpoint.position.offset, 1);
    assert.deepEqual(bench.keyspace.checkpoint.lineage, bench.history.rows);
    assert.equal(bench.keyspace.overlay.oldest?.position.offset, 2);
    await bench.flushOne();
    assert.equal(bench.keyspace.checkpoint.position.offset, 2);
    assert.equal(bench.keyspace.overlay.oldest?.position, undefined);
    assert.equal(await value(bench, 'a'), '3');
  });

  it('needs a frozen layer', async () => {
    const bench = await Bench.open();
    await assert.rejects(bench.flushOne(), InvariantViolation);
    assert.equal(bench.keyspace.freeze(), false, 'nothing was applied');
    bench.apply(put('a'));
    assert.equal(bench.keyspace.freeze(), true);
    assert.equal(bench.keyspace.freeze(), false);
  });

  it('moves the checkpoint over blocks that leave nothing behind', async () => {
    const bench = await Bench.open();
    bench.apply(message('c', 'd'));
    assert.equal(bench.keyspace.freeze(), true);
    await bench.flushOne();
    assert.deepEqual([bench.keyspace.checkpoint.position.offset, bench.keyspace.checkpoint.keys], [1, 0]);
  });

  it('does not ask the disk again for keys that it has asked for or put there', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 50 }, (_, i) => `k${i}`);
    const reads = async () => {
      bench.apply(...names.map((name) => put(name, 'x')));
      bench.disk.operations.length = 0;
      await bench.flushAll();
      return bench.disk.operations.reduce((sum, { kind, keys }) => sum + (kind === 'read' ? keys.length : 0), 0);
    };
    assert.equal(await reads(), 0, 'they are new, and no print says otherwise');
    assert.equal(await reads(), 0);
    await bench.restart();
    assert.equal(await reads(), 50, 'no key is known to be there after a restart');
    assert.equal(await reads(), 0, 'they were found there');
    bench.apply(...names.map(del));
    await bench.flushAll();
    assert.equal(await reads(), 50, 'they were deleted');
    await bench.checkDisk();
  });

  it('asks for keys without walking over the marks of deleted ones', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 2_000 }, (_, i) => `k${String(i).padStart(4, '0')}`);
    bench.apply(...names.map((name) => put(name)));
    await bench.flushAll();
    bench.apply(...names.map(del));
    await bench.flushAll();
    bench.disk.marksWalked = 0;
    bench.apply(...names.map((name) => put(name, 'again')), del('k'), touch('k0', LATER));
    await bench.flushAll();
    assert.equal(bench.disk.marksWalked, 0);
    assert.equal(bench.keyspace.checkpoint.keys, names.length);
  });

  it('asks for keys without their values until a record is deleted, and again after a clear', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 300 }, (_, i) => `k${i}`);
    const asked = async () => {
      await bench.restart();
      bench.disk.operations.length = bench.disk.largestRead = 0;
      bench.apply(...names.map((name) => put(name)));
      await bench.flushAll();
      return asksOf(bench);
    };
    await bench.flushAll();
    assert.deepEqual(await asked(), [], 'all of it is new');
    assert.deepEqual(await asked(), [256, 44]);
    assert.equal(bench.disk.largestRead, 0);
    bench.apply(del('k7'));
    await bench.flushAll();
    assert.deepEqual(await asked(), [8, 32, 128, 88, 44]);
    bench.apply(clear());
    await bench.flushAll();
    assert.deepEqual(await asked(), [], 'all of it is new');
    assert.deepEqual(await asked(), [256, 44]);
  });

  it('does not seek behind marks of a flush that was interrupted', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 600 }, (_, i) => `k${i}`);
    bench.apply(...names.map((name) => put(name)));
    await bench.flushAll();
    bench.apply(...names.map(del));
    bench.keyspace.freeze();
    assert(await bench.crashInFlush(2));
    assert(bench.disk.marks('memory').count > 0);
    await bench.restart();
    await bench.flushAll();
    bench.apply(...names.map((name) => put(name, 'again')));
    await bench.flushAll();
    assert.equal(bench.disk.marksSought, 0);
    await bench.check();
  });

  it('looks up a few large values at a time', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 40 }, (_, i) => `k${i}`);
    bench.apply(...names.map((name) => put(name, Buffer.alloc(READ_GROUP_BYTES))), put('gone'));
    await bench.flushAll();
    bench.apply(del('gone'));
    await bench.flushAll();
    await bench.restart();
    bench.apply(...names.map(del));
    bench.disk.operations.length = 0;
    await bench.flushAll();
    assert.deepEqual(asksOf(bench), [READ_GROUP_KEYS_FIRST, ...Array(40 - READ_GROUP_KEYS_FIRST).fill(1)]);
    assert.equal(bench.keyspace.checkpoint.keys, 0);
  });

  it('reads large values that were only touched a few at a time', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 40 }, (_, i) => `k${i}`);
    for (const name of names) bench.apply(put(name, Buffer.alloc(FLUSH_CHUNK_BYTES)), put(`${name}-small`));
    await bench.flushAll();
    bench.apply(...names.flatMap((name) => [touch(name, LATER), touch(`${name}-none`, LATER)]), put('other'));
    bench.disk.operations.length = 0;
    await bench.flushAll();
    const asked = bench.disk.operations.filter(({ kind, keys }) => kind === 'read' && keys.length < 40);
    assert.deepEqual(
      asked.map(({ keys }) => keys.length),
      [READ_GROUP_KEYS_FIRST, ...Array(40 - READ_GROUP_KEYS_FIRST).fill(1), 1, 4, 16, 19],
      'those that are there, and those that are not there',
    );
    const written = bench.disk.operations.filter(({ kind }) => kind === 'batch').map(({ keys }) => keys.length);
    assert.deepEqual(
      written,
      [0, ...Array(40).fill(2), 2, 0],
      'a value and its row in the index, then a new key and its print',
    );
    await bench.check();
    await bench.checkDisk();
  });

  it('puts many small values that were only touched into one batch', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 200 }, (_, i) => `k${i}`);
    bench.apply(...names.map((name) => put(name)));
    await bench.flushAll();
    bench.apply(...names.map((name) => touch(name, 0)));
    bench.disk.operations.length = 0;
    await bench.flushAll();
    const written = bench.disk.operations.filter(({ kind }) => kind === 'batch').map(({ keys }) => keys.length);
    assert.deepEqual(written, [0, 200]);
    await bench.checkDisk();
  });

  it('that is cancelled ends after its chunk, leaves what a crash would, and is the last', async () => {
    const names = Array.from({ length: 5 * FLUSH_CHUNK_ENTRIES }, (_, i) => `k${i}`);
    for (const known of [false, true]) {
      const bench = await Bench.open();
      bench.apply(...names.map((name) => put(name, 'one')));
      if (known) await bench.flushAll();
      bench.apply(...names.map((name, i) => (i % 3 === 0 ? del(name) : put(name, 'two'))));
      bench.keyspace.freeze();
      const before = bench.keyspace.checkpoint;
      bench.disk.operations.length = 0;
      let chunks = 0;
      await bench.keyspace.flush(bench.history.rows, () => ++chunks !== 2);
      assert.equal(bench.disk.operations.filter(({ kind }) => kind === 'batch').length, 2);
      assert.deepEqual(bench.keyspace.checkpoint, before);
      await bench.check();
      await assert.rejects(bench.flushOne(), InvariantViolation);
      await bench.restart();
      assert.equal(bench.keyspace.flushingTo, bench.history.end.offset);
      await bench.check();
      await bench.flushAll();
      await bench.keyspace.recount();
      await bench.checkDisk();
    }
  });

  it('fails with what the disk says, and changes nothing that is known', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'));
    bench.keyspace.freeze();
    bench.disk.fault = ({ kind }) => {
      if (kind === 'batch') throw new Error('ENOSPC');
    };
    await assert.rejects(bench.flushOne(), refused('store_latched', /ENOSPC/));
    assert.equal(bench.keyspace.checkpoint.position.offset, 0);
    assert.equal(bench.keyspace.overlay.frozenLayers, 1);
    assert.equal(await value(bench, 'a'), 'v');
  });
});

describe('the number of keys', () => {
  it('is exact after puts, overwrites, dels of what is there and what is not, and touches', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'), put('b'), put('c'), del('never'));
    await bench.flushAll();
    assert.equal(bench.keyspace.checkpoint.keys, 3);
    bench.apply(put('a', 'again'), del('b'), del('b'), touch('c', 5), touch('never', 5), put('d'), del('d'));
    await bench.flushAll();
    assert.equal(bench.keyspace.checkpoint.keys, 2);
    await bench.checkDisk();
  });

  it('starts again with a clear', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'), put('b'));
    await bench.flushAll();
    bench.apply(clear(), put('c'));
    await bench.flushAll();
    assert.equal(bench.keyspace.checkpoint.keys, 1);
    await bench.checkDisk();
  });

  it('survives a restart', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'), put('b'));
    await bench.flushAll();
    await bench.restart();
    assert.equal(bench.keyspace.checkpoint.keys, 2);
  });
});

describe('a count of all keys without a checkpoint', () => {
  const many = (count: number, name = 'k') => Array.from({ length: count }, (_, i) => put(`${name}${i}`));

  /** Counts, and then compares with the number that a checkpoint finds. */
  async function expectExact(bench: Bench): Promise<number> {
    const counted = await bench.counter.count();
    await bench.flushAll();
    assert.equal(counted, bench.keyspace.checkpoint.keys);
    assert.equal(await bench.counter.count(), counted);
    return counted as number;
  }

  it('is exact after puts, overwrites, dels of what is there and what is not, and touches', async () => {
    const bench = await Bench.open();
    assert.equal(await expectExact(bench), 0);
    bench.apply(put('a'), put('b'), put('c'), del('never'));
    assert.equal(await expectExact(bench), 3);
    bench.apply(put('a', 'again'), del('b'), touch('c', 5), touch('never', 5), put('d'), del('d'), put('e'));
    assert.equal(await expectExact(bench), 3);
    bench.apply(put('b'), del('a'), del('gone'));
    assert.equal(await expectExact(bench), 3);
    bench.apply(clear(), put('x'), del('a'), put('y'), del('y'));
    assert.equal(await expectExact(bench), 1);
  });

  it('is made once for all who ask at the same time, and again when something has changed', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'));
    const [one, other] = [bench.counter.count(), bench.counter.count()];
    assert.equal(one, other);
    assert.equal(await one, 1);
    bench.apply(put('b'));
    assert.equal(await bench.counter.count(), 2);
  });

  it('is not made while a flush runs, or if one has begun meanwhile', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'));
    const counting = bench.counter.count();
    bench.keyspace.freeze();
    assert.equal(await counting, undefined);
    assert.equal(await bench.counter.count(), undefined);
    await bench.flushAll();
    assert.equal(await bench.counter.count(), 1);
  });

  it('is dropped if a flush has ended meanwhile', async () => {
    const bench = await Bench.open();
    let goOn = () => {};
    const flushed = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const hasMany = (keys: Buffer[]) => flushed.then(() => bench.db.hasMany(keys));
    const counter = new KeyCounter(Object.assign(Object.create(bench.db), { hasMany }), bench.keyspace);
    bench.apply(put('a'));
    const counting = counter.count();
    await bench.flushAll();
    goOn();
    assert.equal(await counting, undefined);
    assert.equal(await counter.count(), 1);
  });

  it('does not seek among the deletion marks of a flush that began between two groups of keys', async () => {
    const bench = await Bench.open();
    const old = Array.from({ length: 300 }, (_, i) => `old${i}`);
    bench.apply(...old.map((name) => put(name)));
    await bench.flushAll();
    bench.apply(...many(READ_GROUP_KEYS_MAX + 1));
    let groups = 0;
    const hasMany = async (keys: Buffer[]) => {
      const found = await bench.db.hasMany(keys);
      if (groups++ === 0) {
        bench.apply(...old.map(del));
        await bench.flushAll();
      }
      return found;
    };
    const getMany = (keys: Buffer[]) => bench.db.getMany(keys);
    const counter = new KeyCounter(Object.assign(Object.create(bench.db), { hasMany, getMany }), bench.keyspace);
    assert.equal(await counter.count(), undefined);
    assert.equal(groups, 1);
    assert.equal(bench.disk.marksSought, 0);
  });

  it('is not made before a flush that a crash has cut short was made again', async () => {
    const bench = await Bench.open();
    bench.apply(...many(3 * FLUSH_CHUNK_ENTRIES));
    bench.keyspace.freeze();
    assert(await bench.crashInFlush(2));
    await bench.restart();
    assert.equal(await bench.counter.count(), undefined);
    await bench.flushAll();
    await bench.keyspace.recount();
    assert.equal(await expectExact(bench), 3 * FLUSH_CHUNK_ENTRIES);
  });

  it('is not made over many keys, long ones, or large records among deletion marks', async () => {
    const bench = await Bench.open();
    bench.apply(...many(COUNTED_KEYS_MAX));
    assert.equal(await bench.counter.count(), COUNTED_KEYS_MAX);
    bench.apply(put('one more'));
    assert.equal(await bench.counter.count(), undefined);
    await bench.flushAll();
    assert.equal(await bench.counter.count(), COUNTED_KEYS_MAX + 1);
    bench.apply(...Array.from({ length: 17 }, (_, i) => put(longKey(i))));
    assert.equal(await bench.counter.count(), undefined);
    bench.apply(del('k0'));
    await bench.flushAll();
    bench.apply(...many(READ_GROUP_KEYS_MAX));
    assert.equal(await bench.counter.count(), COUNTED_KEYS_MAX + 18);
    bench.apply(...many(READ_GROUP_KEYS_MAX + 1));
    assert.equal(await bench.counter.count(), undefined);
  });
});

describe('a crash in the middle of a flush', () => {
  const names = Array.from({ length: 3 * FLUSH_CHUNK_ENTRIES }, (_, i) => `k${i}`);

  /** A base of keys on disk, then a second layer that changes half of them and adds some; the flush of it dies before batch `nth`. */
  async function crashed(nth: number, second: Parameters<Bench['apply']>): Promise<Bench> {
    const bench = await Bench.open();
    bench.apply(...names.map((name) => put(name, 'one')));
    await bench.flushAll();
    bench.apply(...second);
    bench.keyspace.freeze();
    assert(await bench.crashInFlush(nth), 'there was such a batch');
    return bench;
  }

  const changes = names.map((name, i) =>
    i % 4 === 0 ? del(name) : i % 4 === 1 ? touch(name, LATER) : i % 4 === 2 ? put(name, 'two') : put(`new${i}`, 'two'),
  );
  const afterClear = [clear(), ...names.map((name, i) => put(i % 2 === 0 ? name : `new${i}`, 'two'))];

  for (const [what, second] of [
    ['changes', changes],
    ['a clear', afterClear],
  ] as const) {
    for (const nth of [1, 2, 3]) {
      it(`of ${what}, before chunk ${nth}, is made good by replay, flush and recount`, async () => {
        const bench = await crashed(nth, second);
        await bench.reopenWithoutReplay();
        assert.equal(bench.keyspace.flushingTo, bench.history.end.offset);
        assert.equal(bench.keyspace.checkpoint.position.offset, names.length);
        assert.equal(bench.keyspace.checkpoint.keys, null, 'a mixture cannot be counted by what was added');
        bench.replay();
        await bench.check();
        await bench.flushAll();
        await bench.check();
        await bench.checkDisk();
        await bench.keyspace.recount();
        assert.equal(bench.keyspace.checkpoint.keys, bench.state.size);
        await bench.restart();
        assert.equal(bench.keyspace.flushingTo, 0);
        await bench.check();
      });

      it(`of ${what}, before chunk ${nth}, lets a recount be exact or refuse`, async () => {
        const bench = await crashed(nth, second);
        await bench.restart();
        await bench.keyspace.recount();
        await bench.flushAll();
        if (bench.keyspace.checkpoint.keys === null) await bench.keyspace.recount();
        await bench.checkDisk();
        assert.equal(bench.keyspace.checkpoint.keys, bench.state.size);
      });

      it(`of ${what}, before chunk ${nth}, leaves the digest of a straight history`, async () => {
        const bench = await crashed(nth, second);
        await bench.restart();
        bench.apply(put('after', 'the crash'));
        await bench.flushAll();
        const straight = await Bench.open();
        for (const block of bench.history.blocks) straight.apply(...block.commands());
        await straight.flushAll();
        const digests = await Promise.all(
          [bench, straight].map(async ({ keyspace }) => (await keyspace.snapshot().digest()).digest.toString('hex')),
        );
        assert.equal(digests[0], digests[1]);
        await bench.checkDisk();
      });
    }
  }

  it('is remembered over a checkpoint that replay makes on the way', async () => {
    const bench = await Bench.open();
    for (let i = 0; i < 4; i++) bench.apply(put('a', String(i)), put(`b${i}`));
    bench.keyspace.freeze();
    bench.disk.fault = ({ kind }) => {
      if (kind === 'durable') bench.disk.crash();
    };
    void bench.flushOne();
    await until('the process has died', () => bench.disk.opened.length === 0);
    await bench.reopenWithoutReplay();
    assert.equal(bench.keyspace.flushingTo, 8);
    bench.replay(4);
    await bench.flushAll();
    assert.equal(bench.keyspace.checkpoint.position.offset, 4);
    await bench.reopenWithoutReplay();
    assert.equal(bench.keyspace.flushingTo, 8, 'the disk holds effects of what came after 4 still');
    assert.equal(bench.keyspace.checkpoint.keys, null);
    bench.replay();
    await bench.check();
    await bench.flushAll();
    await bench.reopenWithoutReplay();
    assert.equal(bench.keyspace.flushingTo, 0);
    await bench.keyspace.recount();
    await bench.checkDisk();
  });

  it('twice in a row, at different chunks, costs nothing either', async () => {
    const bench = await crashed(3, changes);
    await bench.restart();
    bench.apply(clear(), ...names.slice(0, 400).map((name) => put(name, 'three')));
    bench.keyspace.freeze();
    assert(await bench.crashInFlush(2));
    await bench.restart();
    bench.keyspace.freeze();
    assert(await bench.crashInFlush(1));
    await bench.restart();
    await bench.check();
    await bench.flushAll();
    await bench.keyspace.recount();
    await bench.checkDisk();
    assert.equal(bench.keyspace.checkpoint.keys, 400);
  });
});

describe('a recount', () => {
  it('may continue while flushes change the count', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
    bench.apply(...names.map((name) => put(name)));
    bench.keyspace.freeze();
    await bench.crashInFlush(3);
    await bench.restart();
    const counting = bench.keyspace.recount();
    await bench.flushAll();
    bench.apply(del('k0'), del('k1'), put('more'));
    await bench.flushAll();
    await counting;
    assert.equal(bench.keyspace.checkpoint.keys, 999);
    await bench.checkDisk();
  });

  it('has no effect if a clear came in between', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'), put('b'));
    bench.keyspace.freeze();
    await bench.crashInFlush(1);
    await bench.restart();
    const counting = bench.keyspace.recount();
    bench.apply(clear(), put('c'));
    await bench.flushAll();
    await counting;
    if (bench.keyspace.checkpoint.keys === null) await bench.keyspace.recount();
    assert.equal(bench.keyspace.checkpoint.keys, 1);
  });
});

describe('a snapshot of the keyspace', () => {
  async function three(): Promise<Bench> {
    const bench = await Bench.open();
    bench.apply(put('a', '1'), put('b', '2'), put('c', '3'));
    await bench.flushAll();
    return bench;
  }

  it('stays as it was while writes, flushes and clears go on', async () => {
    const bench = await three();
    const snapshot = bench.keyspace.snapshot();
    const before = digestOf(bench.state);
    bench.apply(del('a'), put('b', 'new'), put('d'));
    await bench.flushAll();
    bench.apply(clear());
    await bench.flushAll();
    await bench.keyspace.sweep.step(1_000);
    const { keys, digest } = await snapshot.digest();
    assert.deepEqual([keys, digest.toString('hex'), snapshot.keys, snapshot.position.offset], [3, before, 3, 3]);
    await snapshot.release();
  });

  it('is read in key order, in chunks, and by prefix', async () => {
    const bench = await Bench.open();
    const names = ['', 'a', 'a\xff', 'a\xff\xff', 'b', 'ba', '\xff', '\xff\xff', '\xff\xff\x00'];
    bench.apply(...[...names].reverse().map((name) => put(name)));
    await bench.flushAll();
    const snapshot = bench.keyspace.snapshot();
    const listed = async (prefix: string, chunk?: number) => {
      const found: string[][] = [];
      for await (const rows of snapshot.chunks(key(prefix), chunk))
        found.push(rows.map(([name]) => name.toString('latin1')));
      return found;
    };
    assert.deepEqual((await listed('')).flat(), names);
    assert.deepEqual(
      (await listed('', 4)).map(({ length }) => length),
      [4, 4, 1],
    );
    for (const prefix of names)
      assert.deepEqual(
        (await listed(prefix)).flat(),
        names.filter((name) => name.startsWith(prefix)),
        JSON.stringify(prefix),
      );
    await snapshot.release();
  });

  it('ends its readers with the reason when it is closed, and refuses new ones', async () => {
    const bench = await three();
    let closed = 0;
    const snapshot = bench.keyspace.snapshot(() => closed++);
    const reader = snapshot.chunks(undefined, 1);
    await reader.next();
    const reason = new HeadwaterError('unavailable', 'the data were replaced');
    await snapshot.close(reason);
    await assert.rejects(reader.next(), (error) => error === reason);
    await assert.rejects(snapshot.digest(), (error) => error === reason);
    await snapshot.close(new HeadwaterError('internal', 'once is enough'));
    assert.equal(closed, 1);
    assert(snapshot.closed);
  });

  it('is open until its last holder releases it', async () => {
    const bench = await three();
    const snapshot = bench.keyspace.snapshot();
    snapshot.share();
    await snapshot.release();
    assert.equal((await snapshot.digest()).keys, 3);
    await snapshot.release();
    assert(snapshot.closed);
    assert.throws(() => snapshot.share(), InvariantViolation);
  });

  it('releases an iterator that is left in the middle', async () => {
    const bench = await three();
    const snapshot = bench.keyspace.snapshot();
    for await (const _ of snapshot.chunks(undefined, 1)) {
      assert.equal(bench.disk.iterators, 1);
      break;
    }
    assert.equal(bench.disk.iterators, 0);
    await snapshot.release();
  });

  it('refuses a damaged record', async () => {
    const bench = await three();
    const raw = bench.disk.raw('memory');
    const record = (await raw.get(dataKey(0, key('b')))) as Buffer;
    await raw.put(dataKey(0, key('b')), flipped(record, 100));
    const snapshot = bench.keyspace.snapshot();
    await assert.rejects(snapshot.digest(), refused('corrupt', /"b"/));
    await snapshot.release();
  });
});

describe('the digest', () => {
  it('is of what clients can see: not of versions, epochs, layout or index rows', async () => {
    const one = await Bench.open();
    one.apply(put('a', '1', 5), put('b', '2'));
    await one.flushAll();
    const other = await Bench.open();
    other.apply(put('x'), put('b', 'old'));
    await other.flushAll();
    other.apply(clear());
    await other.flushAll();
    other.apply(put('b', '2'), put('a', '1', 4), touch('a', 9), touch('a', 5));
    await other.flushAll();
    const digests = await Promise.all(
      [one, other].map(async ({ keyspace }) => (await keyspace.snapshot().digest()).digest.toString('hex')),
    );
    assert.equal(digests[0], digests[1]);
    assert.equal(digests[0], digestOf(one.state));
  });

  for (const [what, changed] of [
    ['a value', put('a', '2', 5)],
    ['an expiry', put('a', '1', 6)],
    ['a key', put('A', '1', 5)],
    ['where a value begins', put('a1', '', 5)],
  ] as const) {
    it(`changes if ${what} changes`, async () => {
      const digests = [];
      for (const command of [put('a', '1', 5), changed]) {
        const bench = await Bench.open();
        bench.apply(command);
        await bench.flushAll();
        digests.push((await bench.keyspace.snapshot().digest()).digest.toString('hex'));
        await bench.checkDisk();
      }
      assert.notEqual(digests[0], digests[1]);
    });
  }
});

describe('keys that are due', () => {
  const due = async (bench: Bench, nowMs: number, limit = 100) => {
    const { keys } = bench.keyspace.overlay.takeDue(nowMs, limit);
    const { checkpoint } = bench.keyspace;
    const dueIndex = bench.keyspace.indexes.due;
    const scanned = await dueIndex.scan(nowMs, Math.max(1, limit - keys.length));
    for (const row of scanned.rows) {
      const { epoch, key } = parseDueKey(row);
      if (epoch === checkpoint.epoch) keys.push(key);
    }
    const { rows } = scanned;
    return { keys: keys.map((name) => name.toString('latin1')).sort(), rows, drop: () => dueIndex.drop(scanned, rows) };
  };

  it('are found in memory within a second after they expire, once', async () => {
    const bench = await Bench.open();
    bench.apply(put('a', 'v', 10_500), put('b', 'v', 12_000), put('never'));
    assert.deepEqual((await due(bench, 10_000)).keys, []);
    assert.deepEqual((await due(bench, 11_500)).keys, ['a']);
    assert.deepEqual((await due(bench, 11_999)).keys, []);
    assert.deepEqual((await due(bench, 12_000)).keys, ['b']);
    assert.deepEqual((await due(bench, 99_000)).keys, []);
  });

  it('are taken few at a time if they are long, and all in the end', async () => {
    const bench = await Bench.open();
    const keys = 40;
    for (let i = 0; i < keys; i++) bench.apply(put(longKey(i), 'v', 10_000));
    const taken = new Set<string>();
    for (let isFull = true; isFull; ) {
      const step = bench.keyspace.overlay.takeDue(99_000, 4_096);
      assert(bytesOf(step.keys) <= DUE_SCAN_BYTES + 64 * 1024, `${bytesOf(step.keys)} bytes in one step`);
      for (const name of step.keys) taken.add(name.toString('latin1', 64 * 1024 - 3));
      ({ isFull } = step);
    }
    assert.equal(taken.size, keys);
  });

  it('are found if a touch has given them an expiry, or another', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'), put('b', 'v', 50_000));
    await bench.flushAll();
    bench.apply(touch('a', 10_000), touch('b', 11_000));
    assert.deepEqual((await due(bench, 11_000)).keys, ['a', 'b']);
  });

  it('are found in frozen layers, and in the index on disk after a flush and a restart', async () => {
    const bench = await Bench.open();
    bench.apply(put('a', 'v', 10_000));
    bench.keyspace.freeze();
    assert.deepEqual((await due(bench, 11_000)).keys, ['a']);
    await bench.flushOne();
    assert.deepEqual((await due(bench, 12_000)).keys, ['a']);
    await bench.restart();
    const { keys, drop } = await due(bench, 12_000);
    assert.deepEqual(keys, ['a']);
    await drop();
    const left = await due(bench, 12_000);
    assert.deepEqual([left.keys, left.rows], [[], []]);
  });

  it('come a limited number at a time, and all in the end', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 25 }, (_, i) => `k${i}`);
    bench.apply(...names.map((name) => put(name, 'v', 10_000)));
    const found = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const { keys } = await due(bench, 11_000, 10);
      assert(keys.length <= 10);
      for (const name of keys) found.add(name);
    }
    assert.equal(found.size, 25);
    await bench.flushAll();
    for (let left = 25; left > 0; ) {
      const { keys, rows, drop } = await due(bench, 12_000, 10);
      assert(rows.length > 0 && rows.length <= 10 && keys.length === rows.length);
      left -= rows.length;
      await drop();
      assert(left >= 0);
    }
  });

  it('of an epoch that a clear has ended are no keys, only rows to be dropped', async () => {
    const bench = await Bench.open();
    bench.apply(put('a', 'v', 10_000));
    await bench.flushAll();
    bench.apply(clear(), put('b', 'v', 10_000));
    await bench.flushAll();
    const { keys, rows } = await due(bench, 20_000);
    assert.deepEqual(keys, ['b']);
    assert.equal(rows.length, 2);
  });

  it('noted before a clear in the same layer are forgotten', async () => {
    const bench = await Bench.open();
    bench.apply(put('a', 'v', 10_000), clear(), put('b', 'v', 10_000));
    assert.deepEqual((await due(bench, 20_000)).keys, ['b']);
  });

  it('leave one row if an expiry is moved within the grain of the index', async () => {
    const bench = await Bench.open();
    for (let i = 1; i <= 20; i++) {
      bench.apply(put('a', 'v', 100_000 + i * 100));
      await bench.flushAll();
    }
    assert((await bench.keyspace.indexes.due.scan(999_000, 100)).rows.length <= 2);
  });
});

describe('the sweep after a clear', () => {
  const rowsBelow = async (bench: Bench, epoch: number) => {
    let rows = 0;
    for await (const _ of bench.disk.raw('memory').keys({ gte: dataStart(0), lt: dataStart(epoch) })) rows++;
    return rows;
  };

  it('deletes what older epochs left, a step at a time, and nothing else', async () => {
    const bench = await Bench.open();
    bench.apply(...Array.from({ length: 25 }, (_, i) => put(`k${i}`)));
    await bench.flushAll();
    bench.apply(clear(), put('kept'));
    await bench.flushAll();
    assert.equal(await rowsBelow(bench, 1), 25);
    assert.equal(await bench.keyspace.sweep.step(10), 10);
    assert.equal(await bench.keyspace.sweep.step(10), 10);
    assert.equal(await bench.keyspace.sweep.step(10), 5);
    assert.equal(await bench.keyspace.sweep.step(10), 0);
    assert.equal(await rowsBelow(bench, 1), 0);
    await bench.checkDisk();
    assert.equal(await value(bench, 'kept'), 'v');
  });

  it('leaves the space to be given back afterwards, in pieces that together are the whole range', async () => {
    const bench = await Bench.open();
    const records = COMPACTION_RECORDS_MAX + 4_000;
    for (let i = 0; i < records; i += 1_000)
      bench.apply(...Array.from({ length: 1_000 }, (_, j) => put(`k${String(i + j).padStart(6, '0')}`)));
    await bench.flushAll();
    bench.apply(clear());
    await bench.flushAll();
    const compacted: string[][] = [];
    bench.db.compact = async (from, to) => void compacted.push([from, to].map((end) => end.toString('latin1')));
    while ((await bench.keyspace.sweep.step(2_000)) > 0);
    assert.deepEqual(compacted, []);
    while (bench.keyspace.sweep.isToCompact) await bench.keyspace.sweep.compact();
    const cut = dataKey(0, key(`k${String(COMPACTION_RECORDS_MAX + 464 - 1).padStart(6, '0')}`)).toString('latin1');
    assert.deepEqual(compacted, [
      [dataStart(0).toString('latin1'), cut],
      [cut, dataStart(1).toString('latin1')],
    ]);
    await bench.keyspace.sweep.compact();
    assert.equal(compacted.length, 2, 'nothing is left to do');
  });

  it('walks over no mark that an earlier step has left', async () => {
    const bench = await Bench.open();
    for (let times = 1; times <= 3; times++) {
      bench.apply(...Array.from({ length: 100 }, (_, i) => put(`k${i}`)));
      await bench.flushAll();
      bench.apply(clear());
      await bench.flushAll();
      while ((await bench.keyspace.sweep.step(10)) > 0);
      assert.equal(await rowsBelow(bench, times), 0);
      assert.equal(bench.disk.marksWalked, 0);
    }
  });

  it('deletes few long keys in one step, and all of them in the end', async () => {
    const bench = await Bench.open();
    const keys = 64;
    for (let i = 0; i < keys; i++) bench.apply(put(longKey(i)));
    await bench.flushAll();
    bench.apply(clear());
    await bench.flushAll();
    const from = bench.disk.operations.length;
    let swept = 0;
    for (let step = await bench.keyspace.sweep.step(2_000); step > 0; step = await bench.keyspace.sweep.step(2_000))
      swept += step;
    assert.equal(swept, keys);
    assert.equal(await rowsBelow(bench, 1), 0);
    for (const { kind, keys: rows } of bench.disk.operations.slice(from))
      if (kind === 'batch') assert(bytesOf(rows) <= 3 * SWEEP_BYTES, `${bytesOf(rows)} bytes in one batch`);
  });

  it('begins with the empty key of an epoch', async () => {
    const bench = await Bench.open();
    bench.apply(put(''), put('a'));
    await bench.flushAll();
    bench.apply(clear(), put(''));
    await bench.flushAll();
    assert.equal(await bench.keyspace.sweep.step(10), 2);
    bench.apply(clear());
    await bench.flushAll();
    assert.equal(await bench.keyspace.sweep.step(10), 1);
    assert.equal(await rowsBelow(bench, 2), 0);
  });

  it('continues after a restart', async () => {
    const bench = await Bench.open();
    bench.apply(...Array.from({ length: 15 }, (_, i) => put(`k${i}`)));
    await bench.flushAll();
    bench.apply(clear());
    await bench.flushAll();
    await bench.keyspace.sweep.step(10);
    await bench.restart();
    assert.equal(await bench.keyspace.sweep.step(10), 5);
    assert.equal(await rowsBelow(bench, 1), 0);
  });

  it('takes what a clear that was not flushed had begun, in one epoch or several', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'));
    await bench.flushAll();
    bench.apply(clear(), put('b'), clear(), put('c'));
    await bench.flushAll();
    assert.equal(bench.keyspace.checkpoint.epoch, 2);
    assert.equal(await bench.keyspace.sweep.step(10), 1);
    assert.equal(await rowsBelow(bench, 2), 0);
    await bench.checkDisk();
  });
});

describe('opening a keyspace', () => {
  it('that is empty begins at the origin, with no keys', async () => {
    const keyspace = await Keyspace.open(await new MemoryDisk().database());
    assert.deepEqual(
      [keyspace.checkpoint.position.offset, keyspace.checkpoint.keys, keyspace.flushingTo, keyspace.applied.offset],
      [0, 0, 0, 0],
    );
  });

  it('refuses a checkpoint of a later format by name', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'));
    await bench.flushAll();
    const raw = bench.disk.raw('memory');
    const row = (await raw.get(key('mcheckpoint'))) as Buffer;
    const record = JSON.parse(String(valueOfCheckedRow(key('mcheckpoint'), row))) as object;
    const later = Buffer.from(JSON.stringify({ ...record, format: 2 }));
    await raw.put(key('mcheckpoint'), checkedRow(key('mcheckpoint'), later));
    await assert.rejects(Keyspace.open(await bench.disk.database()), refused('unknown_format', /format 2; .*format 1/));
  });

  for (const [row, what] of [
    ['mcheckpoint', /^memory: the checkpoint record does not match its checksum/],
    ['mflushing', /^memory: the mark of a running flush does not match its checksum/],
  ] as const) {
    it(`finds a flipped bit in ${row}, in whichever of its bytes, and a row cut short`, async () => {
      const bench = await Bench.open();
      bench.apply(put('a'));
      await bench.flushAll();
      const raw = bench.disk.raw('memory');
      const sound = (await raw.get(key(row))) as Buffer;
      const opens = async (bytes: Buffer) => {
        await raw.put(key(row), bytes);
        await Keyspace.open(await bench.disk.database());
      };
      for (let bit = 0; bit < sound.length * 8; bit++)
        await assert.rejects(opens(flipped(sound, bit)), refused('corrupt', what), `bit ${bit}`);
      for (let end = 0; end < sound.length; end++)
        await assert.rejects(opens(sound.subarray(0, end)), refused('corrupt', what), `${end} bytes`);
      await opens(sound);
    });
  }

  it('refuses a row that stands under the key of another', async () => {
    const bench = await Bench.open();
    bench.apply(put('a'));
    await bench.flushAll();
    const raw = bench.disk.raw('memory');
    await raw.put(key('mflushing'), (await raw.get(key('mcheckpoint'))) as Buffer);
    await assert.rejects(Keyspace.open(await bench.disk.database()), refused('corrupt', /running flush/));
  });
});

describe('an estimate of the number of keys', () => {
  const puts = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => put(`k${from + i}`));
  const dels = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => del(`k${from + i}`));

  function expectAbout(estimated: number, keys: number, within: number): void {
    assert.ok(Math.abs(estimated - keys) <= within, `expected about ${keys} keys, received ${estimated}`);
  }

  it('grows with new keys, exactly, before any checkpoint and during a flush', async () => {
    const bench = await Bench.open();
    assert.equal(await bench.estimate.sampled(), 0);
    bench.apply(...puts(0, 5_000));
    assert.equal(await bench.estimate.sampled(), 5_000);
    bench.keyspace.freeze();
    bench.apply(...puts(5_000, 6_000));
    assert.equal(await bench.estimate.sampled(), 6_000);
    await bench.flushAll();
    assert.equal(await bench.estimate.sampled(), 6_000);
    bench.apply(clear(), put('a'), del('b'));
    assert.equal(await bench.estimate.sampled(), 1);
  });

  it('tells new keys from old and from deleted ones by a sample', async () => {
    const bench = await Bench.open();
    bench.apply(...puts(0, 10_000));
    await bench.flushAll();
    bench.apply(...puts(5_000, 15_000));
    expectAbout(await bench.estimate.sampled(), 15_000, 300);
    bench.keyspace.freeze();
    bench.apply(...dels(12_000, 18_000), ...dels(20_000, 26_000));
    expectAbout(await bench.estimate.sampled(), 12_000, 600);
    await bench.flushAll();
    assert.equal(await bench.estimate.sampled(), 12_000);
  });

  it('goes by the last sample while a flush runs, and takes every key for new before the first', async () => {
    const bench = await Bench.open();
    bench.apply(...puts(0, 5_000));
    await bench.flushAll();
    bench.apply(...puts(0, 5_000));
    assert.equal(bench.estimate.now, 10_000);
    assert.equal(await bench.estimate.sampled(), 5_000);
    bench.keyspace.freeze();
    bench.apply(...puts(0, 100));
    const flushed = bench.flushAll();
    assert.equal(await bench.estimate.sampled(), 5_000);
    await flushed;
    assert.equal(bench.estimate.now, 5_000);
  });
});

/** The numbers of keys that the disk was asked for. */
function asksOf(bench: Bench): number[] {
  return bench.disk.operations
    .filter(({ kind, keys }) => kind === 'read' && keys.length > 0)
    .map(({ keys }) => keys.length);
}
