/** Records that are read together stay below a bound in bytes, whatever was read before them. */
import assert from 'node:assert/strict';
import {
  LARGE_RECORD_NAMES_BYTES_MAX,
  LARGE_RECORDS_MAX,
  READ_GROUP_BYTES_MAX,
  READ_GROUP_KEYS_MAX,
  SMALL_RECORD_BYTES,
} from '../../src/base/limits.js';
import { checkpointRow } from '../../src/keyspace/checkpoint-record.js';
import { RecordSizes } from '../../src/keyspace/record-sizes.js';
import { del, put, touch } from '../log/blocks.js';
import { Bench } from './bench.js';

const MiB = 1024 * 1024;
const SMALL = Array.from({ length: 600 }, (_, i) => `small ${i}`);
const LARGE = Array.from({ length: 12 }, (_, i) => `tall ${i}`);
const LARGE_VALUE = Buffer.alloc(4 * MiB);
const LATER_MS = 2e12;

/** A keyspace on disk with more in its large records than may be in memory at once; nothing of it is remembered. */
async function withLargeRecords(large = LARGE): Promise<Bench> {
  const bench = await Bench.open();
  bench.apply(...SMALL.map((name) => put(name, 'value')));
  for (const name of large) bench.apply(put(name, LARGE_VALUE));
  bench.apply(put('gone'));
  await bench.flushAll();
  // Else keys are asked for without their values.
  bench.apply(del('gone'));
  await bench.flushAll();
  await bench.restart();
  bench.disk.largestRead = 0;
  bench.disk.operations.length = 0;
  return bench;
}

/** How many keys each look-up asked for. */
function asked(bench: Bench): number[] {
  return bench.disk.operations
    .filter(({ kind, keys }) => kind === 'read' && keys.length > 0)
    .map(({ keys }) => keys.length);
}

function assertBounded(bench: Bench): void {
  const { largestRead } = bench.disk;
  assert(largestRead > 0 && largestRead <= READ_GROUP_BYTES_MAX, `${largestRead} bytes in one read`);
}

describe('a group of records', () => {
  for (const [order, names] of [
    ['large ones behind small ones', [...SMALL, ...LARGE]],
    ['small ones behind large ones', [...LARGE, ...SMALL]],
  ] as const) {
    it(`is bounded in bytes if clients read ${order}`, async () => {
      const bench = await withLargeRecords();
      const read = await bench.read(...names);
      assert.equal(read.filter((entry) => entry).length, names.length);
      assertBounded(bench);
      assert(asked(bench).includes(READ_GROUP_KEYS_MAX), `${asked(bench)}`);
    });
  }

  // A flush takes its keys in their order.
  for (const [order, large] of [
    ['behind', LARGE],
    ['before', LARGE.map((name) => `a ${name}`)],
  ] as const) {
    it(`is bounded in bytes if a flush overwrites large records ${order} small ones`, async () => {
      const bench = await withLargeRecords([...large]);
      bench.apply(...[...SMALL, ...large].map((name) => put(name, 'other')));
      await bench.flushAll();
      assertBounded(bench);
      assert(Math.max(...asked(bench)) > 100, `${asked(bench)}`);
      await bench.check();
    });

    it(`is bounded in bytes if a flush gives large records ${order} small ones another expiry`, async () => {
      const bench = await withLargeRecords([...large]);
      bench.apply(...[...SMALL, ...large].map((name) => touch(name, LATER_MS)));
      await bench.flushAll();
      assertBounded(bench);
      await bench.checkDisk();
    });
  }

  it('has all its keys again once the large records are overwritten', async () => {
    const bench = await withLargeRecords();
    bench.apply(...LARGE.map((name) => put(name, 'small now')));
    await bench.flushAll();
    await bench.restart();
    bench.disk.operations.length = 0;
    await bench.read(...SMALL.slice(0, 500), ...LARGE);
    assert.deepEqual(asked(bench), [8, 32, 128, 256, 88]);
  });

  it('has one key after a checkpoint of an earlier version, until the sizes are found', async () => {
    const bench = await withLargeRecords();
    await forgetSizes(bench);
    await bench.reopenWithoutReplay();
    bench.replay();
    assert.equal(bench.keyspace.isCountDue, true);
    bench.disk.operations.length = 0;
    await bench.read(...SMALL.slice(0, 5));
    assert.deepEqual(asked(bench), [1, 1, 1, 1, 1]);
    await bench.keyspace.recount();
    assert.equal(bench.keyspace.isCountDue, false);
    bench.disk.operations.length = bench.disk.largestRead = 0;
    await bench.read(...SMALL, ...LARGE);
    assert(asked(bench).includes(READ_GROUP_KEYS_MAX), `${asked(bench)}`);
    assertBounded(bench);
  });

  it('knows the sizes that a flush writes while the others are being found', async () => {
    const bench = await withLargeRecords(LARGE.slice(0, 1));
    await forgetSizes(bench);
    await bench.reopenWithoutReplay();
    bench.replay();
    for (const name of LARGE) bench.apply(put(name, LARGE_VALUE));
    const counting = bench.keyspace.recount();
    await bench.flushAll();
    await counting;
    await bench.flushAll();
    bench.apply(...[...SMALL, ...LARGE].map((name) => touch(name, LATER_MS)));
    bench.disk.largestRead = 0;
    await bench.flushAll();
    assertBounded(bench);
  });

  it('is bounded in bytes once replay has completed an interrupted flush of large records', async () => {
    const bench = await withLargeRecords([]);
    bench.apply(...[...SMALL.slice(0, 300), ...LARGE].map((name) => put(name, 'first')));
    for (const name of LARGE) bench.apply(put(name, LARGE_VALUE));
    bench.keyspace.freeze();
    assert(await bench.crashInFlush(13));
    await bench.restart();
    await bench.flushAll();
    bench.disk.largestRead = 0;
    await bench.read(...SMALL, ...LARGE);
    assertBounded(bench);
    await bench.check();
  });
});

/** As if the last checkpoint were one of a version that did not keep sizes. */
async function forgetSizes(bench: Bench): Promise<void> {
  const { sizes: _, ...others } = bench.keyspace.checkpoint;
  await bench.db.put(...checkpointRow(others));
}

describe('the sizes of records', () => {
  const key = (name: string) => Buffer.from(name, 'latin1');

  it('are bounded in number: the bound of all others rises', () => {
    const sizes = new RecordSizes();
    const bytes = (i: number) => SMALL_RECORD_BYTES + 1 + i * 1024;
    const count = 2 * LARGE_RECORDS_MAX;
    for (let i = 0; i < count; i++) sizes.add(key(`${i}`), 0, bytes(i));
    for (let i = 0; i < count; i++) assert(sizes.of(key(`${i}`), 0) >= bytes(i));
    assert((sizes.kept?.large.length ?? 0) <= LARGE_RECORDS_MAX);
    assert(sizes.others > SMALL_RECORD_BYTES && sizes.others < bytes(count), `${sizes.others}`);
  });

  it('are bounded by the bytes of their keys', () => {
    const sizes = new RecordSizes();
    const name = 'k'.repeat(LARGE_RECORD_NAMES_BYTES_MAX / 4);
    for (let i = 0; i < 4; i++) sizes.add(key(name + i), 0, MiB);
    assert.equal(sizes.kept?.large.length, 0);
    assert(sizes.of(key(`${name}0`), 0) >= MiB);
  });

  it('are the same after they have been kept', () => {
    const sizes = new RecordSizes();
    sizes.add(key('header\xff\0'), 6, MiB);
    const again = RecordSizes.parse(JSON.parse(JSON.stringify(sizes.kept)));
    assert.equal(again.of(key('\xff\0'), 0), MiB);
    assert.equal(again.of(key('other'), 0), SMALL_RECORD_BYTES);
  });
});
