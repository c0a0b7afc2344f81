/** Scans of a range without a checkpoint: the entries of memory over the disk, as of one turn of the event loop. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  SCAN_LAID_BYTES_MAX,
  SCAN_LAID_ENTRIES_MAX,
  SCAN_SORT_RUNS,
  SORT_RUN_BYTES,
  SORT_RUN_ENTRIES,
} from '../../src/base/limits.js';
import { compileGlob } from '../../src/commands/glob.js';
import { holdsTooMuch, layEntries, type RangeWanted, sortLayers } from '../../src/keyspace/laid-entries.js';
import type { Command } from '../../src/model/command.js';
import { bothRanges, rangeOfPrefix } from '../../src/model/key-range.js';
import { clear, del, put, touch } from '../log/blocks.js';
import { turns } from '../support/clock.js';
import { runs } from '../support/seeds.js';
import { Bench } from './bench.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

function wantedOf({
  from = '',
  to,
  pattern = '',
  ...wanted
}: Partial<Omit<RangeWanted, 'range' | 'keys'>> & { from?: string; to?: string | undefined; pattern?: string }) {
  const range = { from: bytes(from), to: to === undefined ? undefined : bytes(to) };
  const keys = compileGlob(bytes(pattern));
  const all = { reverse: false, limit: Number.POSITIVE_INFINITY, keysOnly: false };
  return { ...all, ...wanted, range: bothRanges(range, rangeOfPrefix(keys.prefix)), keys };
}

const NAMES = ['', '\x00', 'a', 'a\x00', 'ab', 'abc', 'b', 'ba', 'c', '\xff', '\xff\xff'];
const name = fc.constantFrom(...NAMES);
const time = fc.constantFrom(0, 1, 10_000, 9_000_000_000_000);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, fc.string({ maxLength: 4 }), time).map((args) => put(...args)) },
  { weight: 3, arbitrary: name.map(del) },
  { weight: 4, arbitrary: fc.tuple(name, time).map((args) => touch(...args)) },
  { weight: 1, arbitrary: fc.constant(clear()) },
);

const asked = fc
  .record({
    from: name,
    to: fc.option(name, { nil: undefined }),
    reverse: fc.boolean(),
    keysOnly: fc.boolean(),
    limit: fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    pattern: fc.constantFrom('', '', 'a*', '*b*', '?', '\xff*'),
    nowMs: fc.constantFrom(0, 1, 9_999, 10_000, 1e13),
  })
  .map(({ nowMs, ...wanted }) => ({ wanted: wantedOf(wanted), nowMs }));

const step = fc.record({
  commands: fc.array(command, { minLength: 1, maxLength: 6 }),
  next: fc.constantFrom('nothing', 'freeze', 'begin flush', 'flush'),
  turns: fc.nat(6),
  asked: fc.array(asked, { minLength: 2, maxLength: 4 }),
});

describe('a range of which memory holds little', () => {
  it('is that of one moment, whatever is in memory, being written out or on disk', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        const bench = await Bench.open();
        let flushing: Promise<void> | undefined;
        const reading: Array<Promise<boolean>> = [];
        for (const { commands, next, turns: count, asked } of steps) {
          bench.apply(...commands);
          if (next !== 'nothing') {
            if (next !== 'freeze') await flushing;
            bench.keyspace.freeze();
          }
          if (next.endsWith('flush') && bench.keyspace.overlay.frozenLayers > 0) flushing = bench.flushOne();
          if (next === 'flush') await flushing;
          for (const { wanted, nowMs } of asked) reading.push(bench.checkRange(wanted, nowMs));
          await turns(count);
        }
        await flushing;
        assert((await Promise.all(reading)).every(Boolean));
      }),
      runs(300),
    );
  });

  it('is sorted a few runs at a time, while writes go on, and each run once', async () => {
    const bench = await Bench.open();
    const keyOf = (i: number) => `k${(i * 7_919) % 100_000}`;
    let written = 0;
    const write = (count: number) => {
      bench.apply(...Array.from({ length: count }, () => put(keyOf(written), String(written++))));
    };
    for (let i = 0; i < 20; i++) write(SORT_RUN_ENTRIES);
    let isSorting = true;
    const writing = (async () => {
      for (let i = 0; i < 30 && isSorting; i++) {
        write(100);
        await turns(1);
      }
    })();
    const sorting = bench.checkRange(wantedOf({ from: 'k5', limit: 10 }), 1).then((done) => {
      isSorting = false;
      return done;
    });
    assert(await sorting);
    await writing;
    const { sorted } = bench.keyspace.overlay.active;
    const longest = Math.max(...sorted.all().map(({ length }) => length));
    assert(longest <= SORT_RUN_ENTRIES);
    const before = sorted.bytes;
    assert(await bench.checkRange(wantedOf({ from: 'k5', limit: 10, reverse: true }), 1));
    assert.equal(sorted.bytes, before);
    bench.apply(clear());
    assert.equal(bench.keyspace.overlay.active.sorted.bytes, 0);
    assert(await bench.checkRange(wantedOf({ limit: 10 }), 1));
  });

  it('counts the order of the entries as memory', async () => {
    const bench = await Bench.open();
    bench.apply(...Array.from({ length: 2 * SORT_RUN_ENTRIES }, (_, i) => put(`k${i}`)));
    const before = bench.keyspace.overlay.bytes;
    await sortLayers(bench.keyspace.overlay, () => false);
    assert.equal(bench.keyspace.overlay.bytes, before + 4 * 2 * SORT_RUN_ENTRIES);
  });

  it('is small by its limit, however much memory holds behind it', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 3 * SCAN_LAID_ENTRIES_MAX }, (_, i) => `k${String(i).padStart(6, '0')}`);
    for (let i = 0; i < names.length; i += 1_000) bench.apply(...names.slice(i, i + 1_000).map((key) => put(key)));
    const { overlay } = bench.keyspace;
    assert(await bench.checkRange(wantedOf({ limit: 100 }), 1));
    assert(await bench.checkRange(wantedOf({ limit: SCAN_LAID_ENTRIES_MAX / 2, reverse: true }), 1));
    assert(await bench.checkRange(wantedOf({ pattern: 'k00001*' }), 1));
    const large = [
      wantedOf({}),
      wantedOf({ limit: SCAN_LAID_ENTRIES_MAX + 1 }),
      wantedOf({ limit: 100, pattern: '*none' }),
      wantedOf({ from: 'k000001' }),
    ];
    for (const wanted of large) assert.equal(layEntries(overlay, wanted, 1), undefined);
    assert.deepEqual(
      large.map((wanted) => holdsTooMuch(overlay, wanted)),
      [true, true, false, false],
    );
  });

  it('is not small if it has many deleted or expired keys, or many bytes', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 2 * SCAN_LAID_ENTRIES_MAX }, (_, i) => `k${String(i).padStart(6, '0')}`);
    for (let i = 0; i < names.length; i += 1_000) bench.apply(...names.slice(i, i + 1_000).map(del));
    bench.apply(put('last'), put('large', Buffer.alloc(SCAN_LAID_BYTES_MAX)));
    const { overlay } = bench.keyspace;
    assert.equal(layEntries(overlay, wantedOf({ limit: 1, from: 'k' }), 1), undefined);
    assert.equal(layEntries(overlay, wantedOf({ limit: 2, from: 'l' }), 1), undefined);
    assert(await bench.checkRange(wantedOf({ limit: 2, from: 'l', keysOnly: true }), 1));
    assert(await bench.checkRange(wantedOf({ limit: 1, from: 'last' }), 1));
    await bench.flushAll();
    assert(await bench.checkRange(wantedOf({ limit: 2 }), 1));
  });

  it('is sorted a few runs in a turn, however many scans wait', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 20 * SORT_RUN_ENTRIES }, (_, i) => `k${String(i).padStart(6, '0')}`);
    for (let i = 0; i < names.length; i += 1_000) bench.apply(...names.slice(i, i + 1_000).map((one) => put(one)));
    const { overlay } = bench.keyspace;
    const bytesNow = () => overlay.visible.reduce((sum, { sorted }) => sum + sorted.bytes, 0);
    const perTurn = Int32Array.BYTES_PER_ELEMENT * SORT_RUN_ENTRIES * SCAN_SORT_RUNS;
    const all = Promise.all(Array.from({ length: 30 }, () => sortLayers(overlay, () => false)));
    let sorted = bytesNow();
    assert(sorted <= perTurn);
    for (let turn = 0; turn < 20; turn++) {
      await turns(1);
      assert(bytesNow() - sorted <= perTurn, `turn ${turn}: ${bytesNow() - sorted} bytes`);
      sorted = bytesNow();
    }
    assert.deepEqual(new Set(await all), new Set([true]));
  });

  it('is not small if the search for its ends takes too long, because there are many runs', async () => {
    const bench = await Bench.open();
    const { overlay } = bench.keyspace;
    const long = 'k'.repeat(64 * 1024);
    // Each run has as many bytes of keys as may be sorted in one piece.
    const keysOfRun = SORT_RUN_BYTES / long.length;
    for (let i = 0; i < 15; i++) {
      const names = Array.from({ length: keysOfRun }, (_, j) => `${long}${String(i * keysOfRun + j).padStart(6, '0')}`);
      bench.apply(...names.map((one) => put(one)));
    }
    assert(await bench.checkRange(wantedOf({ from: long.slice(1), limit: 1 }), 1));
    assert(await bench.checkRange(wantedOf({ limit: 1 }), 1));
    assert(await bench.checkRange(wantedOf({ from: 'k', to: 'l', limit: 1 }), 1));
    assert.equal(layEntries(overlay, wantedOf({ from: `${long}1`, to: `${long}2`, limit: 1 }), 1), undefined);
  });

  it('sorts the entries behind the last whole run again only if there are more of them', async () => {
    const bench = await Bench.open();
    const { sorted } = bench.keyspace.overlay.active;
    const write = (from: number, to: number) =>
      bench.apply(...Array.from({ length: to - from }, (_, i) => put(`k${String(from + i).padStart(6, '0')}`)));
    write(0, SORT_RUN_ENTRIES + 3);
    const before = sorted.all();
    assert.deepEqual(
      before.map(({ length }) => length),
      [SORT_RUN_ENTRIES, 3],
    );
    assert.equal(sorted.all()[1], before[1]);
    assert.equal(sorted.bytes, 4 * (SORT_RUN_ENTRIES + 3));
    bench.apply(put('k000001', 'again'));
    assert.equal(sorted.all()[1], before[1]);
    write(SORT_RUN_ENTRIES + 3, 2 * SORT_RUN_ENTRIES);
    assert.deepEqual(
      sorted.all().map(({ length }) => length),
      [SORT_RUN_ENTRIES, SORT_RUN_ENTRIES],
    );
    assert.equal(sorted.bytes, 4 * 2 * SORT_RUN_ENTRIES);
  });
});
