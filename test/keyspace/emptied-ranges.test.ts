/** What was emptied is compacted, as far as that is worth it: LevelDB then forgets its deletion marks there. */
import assert from 'node:assert/strict';
import {
  COMPACTION_BYTES_MAX,
  COMPACTION_RECORDS_MAX,
  EMPTIED_RANGE_MARKS_MIN,
  EMPTIED_RANGES_MAX,
} from '../../src/base/limits.js';
import type { Database } from '../../src/disk/level.js';
import { EmptiedRanges } from '../../src/keyspace/emptied-ranges.js';
import { del, put } from '../log/blocks.js';
import { seededRandom } from '../support/random.js';
import { Bench } from './bench.js';

const row = (number: number) => Buffer.from(`d${String(number).padStart(8, '0')}`);
const START = Buffer.from('d');
const END = Buffer.from('e');

/** A database in which every row takes so many bytes, and rows are numbered from 0. */
function evenly(rows: number, rowBytes: number): Database {
  const numberOf = (key: Buffer) => (key.equals(START) ? 0 : key.equals(END) ? rows : Number(key.subarray(1)));
  return {
    approximateSize: async (from: Buffer, to: Buffer) => (numberOf(to) - numberOf(from)) * rowBytes,
  } as unknown as Database;
}

async function all(emptied: EmptiedRanges, keys: number): Promise<Array<readonly [string, string]>> {
  const taken: Array<readonly [string, string]> = [];
  while (emptied.areDue) {
    const range = await emptied.next(keys);
    if (range) taken.push([range[0].toString(), range[1].toString()]);
  }
  return taken;
}

describe('ranges that were emptied', () => {
  it('are none if little was deleted', () => {
    const emptied = new EmptiedRanges(evenly(1e6, 100), START, END);
    for (let i = 0; i < EMPTIED_RANGE_MARKS_MIN - 1; i++) emptied.add(row(i));
    assert(!emptied.areDue);
  });

  it('are covered without a gap if all was deleted, in pieces that are not too long', async () => {
    const rows = 500_000;
    const emptied = new EmptiedRanges(evenly(rows, 100), START, END);
    for (let i = 0; i < rows; i++) emptied.add(row(i));
    const taken = await all(emptied, 0);
    assert.equal(taken[0]?.[0], 'd');
    for (const [i, [from, to]] of taken.entries()) {
      if (i > 0) assert.equal(from, taken[i - 1]?.[1]);
      const marks = (to === 'e' ? rows : Number(to.slice(1))) - (from === 'd' ? 0 : Number(from.slice(1)));
      assert(marks <= 2 * COMPACTION_RECORDS_MAX, `${marks} marks from ${from} to ${to}`);
    }
    const left = rows - Number(taken.at(-1)?.[1].slice(1).padStart(1, '0') || rows);
    assert(left < 4 * EMPTIED_RANGE_MARKS_MIN || taken.at(-1)?.[1] === 'e');
    assert(!emptied.areDue);
  });

  it('are found if they are a small part of all keys', async () => {
    const rows = 2_000_000;
    const emptied = new EmptiedRanges(evenly(rows, 100), START, END);
    // In no order, as keys expire.
    const random = seededRandom(1);
    const order = Array.from({ length: 50_000 }, (_, i) => i + 1_000_000).sort(() => random() - 0.5);
    for (const i of order) emptied.add(row(i));
    for (const i of order) emptied.add(row(i));
    const taken = await all(emptied, rows - 50_000);
    const covered = taken.reduce((sum, [from, to]) => sum + Number(to.slice(1)) - Number(from.slice(1)), 0);
    assert(covered > 25_000 && covered < 150_000, `${covered} rows: ${JSON.stringify(taken)}`);
  });

  it('are left alone if most keys around them live', async () => {
    const rows = 2_000_000;
    const emptied = new EmptiedRanges(evenly(rows, 100), START, END);
    const random = seededRandom(2);
    for (let i = 0; i < 200_000; i++) emptied.add(row(Math.floor(random() * rows)));
    const taken = await all(emptied, rows - 200_000);
    const covered = taken.reduce((sum, [from, to]) => sum + Number(to.slice(1)) - Number(from.slice(1)), 0);
    assert(covered < rows / 50, 'the counts are estimates');
  });

  it('are left to LevelDB if they are too large for one piece', async () => {
    const rows = 20_000;
    const emptied = new EmptiedRanges(evenly(rows, COMPACTION_BYTES_MAX / 1_000), START, END);
    for (let i = 0; i < rows; i++) emptied.add(row(i));
    assert.deepEqual(await all(emptied, 0), []);
  });

  it('are bounded in number, and narrow at the latest deletions', async () => {
    const rows = 10_000_000;
    const emptied = new EmptiedRanges(evenly(rows, 100), START, END);
    const random = seededRandom(3);
    const everywhere = 2 * EMPTIED_RANGES_MAX * EMPTIED_RANGE_MARKS_MIN;
    for (let i = 0; i < everywhere; i++) emptied.add(row(Math.floor(random() * rows)));
    for (let i = 0; i < 300_000; i++) emptied.add(row(5_000_000 + i));
    const taken = await all(emptied, rows - everywhere - 300_000);
    const covered = taken.reduce((sum, [from, to]) => sum + Number(to.slice(1)) - Number(from.slice(1)), 0);
    assert(covered > 150_000 && covered < 700_000, `${covered} rows: ${JSON.stringify(taken)}`);
  });
});

describe('a keyspace from which much was deleted', () => {
  it('is walked over without its marks once it is compacted', async () => {
    const bench = await Bench.open();
    const names = Array.from({ length: 3 * EMPTIED_RANGE_MARKS_MIN }, (_, i) => `k${String(i).padStart(6, '0')}`);
    for (let from = 0; from < names.length; from += 4_000)
      bench.apply(...names.slice(from, from + 4_000).map((name) => put(name)));
    await bench.flushAll();
    assert(!bench.keyspace.sweep.isToCompact);
    for (let from = 0; from < names.length; from += 4_000) bench.apply(...names.slice(from, from + 4_000).map(del));
    await bench.flushAll();
    assert.equal(bench.disk.marks('memory').count, names.length);
    while (bench.keyspace.sweep.isToCompact) await bench.keyspace.sweep.compact();
    assert.equal(bench.disk.marks('memory').count, 0);
    await bench.checkDisk();
  });
});
