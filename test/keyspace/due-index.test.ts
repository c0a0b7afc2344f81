/** The index of due keys: where a scan starts, which rows it may pass over, and when LevelDB is made to forget marks. */
import assert from 'node:assert/strict';
import { DUE_COMPACTION_ROWS_MIN } from '../../src/base/limits.js';
import type { Database, IterateOptions } from '../../src/disk/level.js';
import { DueIndex } from '../../src/keyspace/due-index.js';
import { dueKey, parseDueKey } from '../../src/keyspace/record.js';
import { MemoryDisk } from '../support/database.js';

const NOTHING = Buffer.alloc(0);
const NOW_MS = 1_000_000;
const nameOf = (row: Buffer) => parseDueKey(row).key.toString();

class IndexOnDisk {
  readonly asked: IterateOptions[] = [];
  readonly compacted: Array<[Buffer, Buffer]> = [];
  readonly index: DueIndex;
  /** Runs while a scan waits for its first rows. */
  meanwhile: () => Promise<void> = async () => {};

  readonly db: Database;

  private constructor(db: Database) {
    this.db = db;
    this.index = new DueIndex({
      batch: () => db.batch(),
      compact: async (from: Buffer, to: Buffer) => void this.compacted.push([from, to]),
      iterate: (options: IterateOptions) => {
        this.asked.push(options);
        const entries = db.iterate(options);
        return {
          next: async (count: number) => {
            const rows = await entries.next(count);
            await this.meanwhile();
            return rows;
          },
          close: () => entries.close(),
        };
      },
    } as unknown as Database);
  }

  static async open(): Promise<IndexOnDisk> {
    return new IndexOnDisk(await new MemoryDisk().database());
  }

  async add(name: string, dueMs: number): Promise<void> {
    await this.db.put(dueKey(dueMs, 0, Buffer.from(name)), NOTHING);
    this.index.added(dueMs);
  }

  async names(from?: Buffer): Promise<string[]> {
    return (await this.index.scan(NOW_MS, 100, from)).rows.map(nameOf);
  }
}

describe('the index of due keys', () => {
  let bench: IndexOnDisk;

  beforeEach(async () => {
    bench = await IndexOnDisk.open();
  });

  it('starts its next scan behind the rows that it has dropped', async () => {
    for (const [i, name] of ['a', 'b', 'c'].entries()) await bench.add(name, 8_000 * (i + 1));
    const scanned = await bench.index.scan(NOW_MS, 2);
    assert.deepEqual(scanned.rows.map(nameOf), ['a', 'b']);
    await bench.index.drop(scanned, scanned.rows);
    assert.deepEqual(await bench.names(), ['c']);
    const [, second] = bench.asked;
    assert(Buffer.compare(second?.gte as Buffer, scanned.rows[1] as Buffer) > 0);
  });

  it('reads nothing until the first row is due', async () => {
    await bench.add('later', NOW_MS + 60_000);
    assert.deepEqual(await bench.names(), []);
    const before = bench.asked.length;
    assert.deepEqual(await bench.names(), []);
    assert.equal(bench.asked.length, before);
    const { rows } = await bench.index.scan(NOW_MS + 120_000, 100);
    assert.deepEqual(rows.map(nameOf), ['later']);
  });

  it('reads nothing if no key expires, and finds a row that comes', async () => {
    assert.deepEqual(await bench.names(), []);
    const before = bench.asked.length;
    assert.deepEqual(await bench.names(), []);
    assert.equal(bench.asked.length, before);
    await bench.add('new', 8_000);
    assert.deepEqual(await bench.names(), ['new']);
  });

  it('finds a row that is added before the place at which it would start', async () => {
    assert.deepEqual(await bench.names(), []);
    await bench.add('late', 4_000);
    assert.deepEqual(await bench.names(), ['late']);
  });

  it('finds a row that was added behind the back of a scan', async () => {
    await bench.add('a', 8_000);
    bench.meanwhile = async () => {
      bench.meanwhile = async () => {};
      await bench.add('b', 40_000);
    };
    const scanned = await bench.index.scan(NOW_MS, 100);
    assert.deepEqual(scanned.rows.map(nameOf), ['a']);
    await bench.index.drop(scanned, scanned.rows);
    assert.deepEqual(await bench.names(), ['b']);
  });

  it('keeps the rows that are not dropped, and starts at the first of them', async () => {
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) await bench.add(name, 8_000 * (i + 1));
    const scanned = await bench.index.scan(NOW_MS, 100);
    await bench.index.drop(scanned, [scanned.rows[0], scanned.rows[2]] as Buffer[]);
    assert.deepEqual(await bench.names(), ['b', 'd']);
    assert.deepEqual(bench.asked[1]?.gte, scanned.rows[1]);
  });

  it('continues at the end of the last scan, without forgetting earlier rows', async () => {
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) await bench.add(name, 8_000 * (i + 1));
    const { next } = await bench.index.scan(NOW_MS, 2);
    const further = await bench.index.scan(NOW_MS, 100, next);
    assert.deepEqual(further.rows.map(nameOf), ['c', 'd']);
    await bench.index.drop(further, further.rows);
    assert.deepEqual(await bench.names(), ['a', 'b']);
  });

  it('has the range compacted out of which many rows were dropped, once', async () => {
    const count = DUE_COMPACTION_ROWS_MIN;
    const batch = bench.db.batch();
    for (let i = 0; i < count; i++) batch.put(dueKey(8_000 + i, 0, Buffer.from(`k${i}`)), NOTHING);
    await batch.write();
    await bench.index.compact();
    for (let dropped = 0; dropped < count; ) {
      const scanned = await bench.index.scan(NOW_MS, 5_000);
      await bench.index.drop(scanned, scanned.rows);
      dropped += scanned.rows.length;
    }
    assert.equal(bench.compacted.length, 0);
    await bench.index.compact();
    await bench.index.compact();
    assert.deepEqual(
      bench.compacted.map((range) => range.map(nameOf)),
      [['k0', `k${count - 1}`]],
    );
  });
});
