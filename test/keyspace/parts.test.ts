/** What the keyspace is made of: the key table, the memory of recent keys, the lazy merge, and the loader of snapshots. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SORT_RUN_ENTRIES } from '../../src/base/limits.js';
import { OrderedKeyTable } from '../../src/keyspace/key-order.js';
import { hashKey, KeyTable } from '../../src/keyspace/key-table.js';
import { Keyspace } from '../../src/keyspace/keyspace.js';
import { KeyspaceLoader } from '../../src/keyspace/loader.js';
import { Merge, sortRun } from '../../src/keyspace/merge.js';
import { RecentKeys } from '../../src/keyspace/recent-keys.js';
import { encodeRecord, parseDueKey } from '../../src/keyspace/record.js';
import { RecordSizes } from '../../src/keyspace/record-sizes.js';
import { flipped, put } from '../log/blocks.js';
import { MemoryDisk } from '../support/database.js';
import { refused } from '../support/refusals.js';
import { runs } from '../support/seeds.js';
import { rowsOf } from '../support/snapshot-rows.js';
import { Bench } from './bench.js';

const key = (name: string) => Buffer.from(name, 'latin1');

describe('a key table', () => {
  const add = (table: KeyTable, name: string) => {
    const bytes = key(name);
    return table.add(table.sources.push(bytes) - 1, 0, bytes.length, hashKey(bytes, 0, bytes.length));
  };
  const find = (table: KeyTable, name: string) => {
    const bytes = key(`<<${name}>>`);
    return table.find(bytes, 2, bytes.length - 2, hashKey(bytes, 2, bytes.length - 2));
  };

  it('finds every added key, wherever its bytes lie, and no other', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ maxLength: 4 }), { maxLength: 60 }),
        fc.array(fc.string({ maxLength: 4 })),
        (names, others) => {
          const table = new KeyTable();
          const numbers = new Map(names.map((name) => [name, add(table, name)]));
          for (const name of [...names, ...others]) assert.equal(find(table, name), numbers.get(name) ?? -1);
        },
      ),
      runs(100),
    );
  });

  it('keeps its numbers while it grows past every size of its columns', () => {
    const table = new KeyTable();
    for (let i = 0; i < 200_000; i++) assert.equal(add(table, `key ${i}`), i);
    for (let i = 0; i < 200_000; i++) assert.equal(find(table, `key ${i}`), i);
    assert.equal(find(table, 'key 200000'), -1);
  });

  it('forgets everything at a reset, and begins at 0', () => {
    const table = new KeyTable();
    for (let i = 0; i < 3_000; i++) add(table, `key ${i}`);
    table.reset();
    assert.equal(find(table, 'key 7'), -1);
    assert.equal(add(table, 'key 7'), 0);
    assert.equal(find(table, 'key 7'), 0);
  });

  it('compares keys as Buffer does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }), (a, b) => {
        const table = new OrderedKeyTable();
        const [first, second] = [a, b].map((bytes) => add(table, Buffer.from(bytes).toString('latin1'))) as [
          number,
          number,
        ];
        assert.equal(Math.sign(table.compare(first, second)), Buffer.compare(a, b));
      }),
      runs(200),
    );
  });
});

describe('the memory of recent keys', () => {
  const has = (recent: RecentKeys, name: string) =>
    recent.has(key(name), 0, name.length, hashKey(key(name), 0, name.length));
  const change = (recent: RecentKeys, way: 'add' | 'delete', name: string) =>
    recent[way](key(name), 0, name.length, hashKey(key(name), 0, name.length));

  it('never claims a key that was not added, or was deleted since', () => {
    const step = fc.tuple(fc.constantFrom('add' as const, 'add' as const, 'delete' as const), fc.nat(30).map(String));
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.array(step, { maxLength: 200 }), (max, steps) => {
        const recent = new RecentKeys(max);
        const known = new Set<string>();
        for (const [way, name] of steps) {
          change(recent, way, name);
          if (way === 'add') known.add(name);
          else known.delete(name);
          for (let i = 0; i <= 30; i++) assert(!has(recent, String(i)) || known.has(String(i)), `claims ${i}`);
        }
      }),
      runs(200),
    );
  });

  it('remembers at least the last half of its bound, and nothing older than all of it', () => {
    const recent = new RecentKeys(100);
    for (let i = 0; i < 1_000; i++) {
      change(recent, 'add', String(i));
      for (let j = Math.max(0, i - 48); j <= i; j++) assert(has(recent, String(j)), `${j} at ${i}`);
    }
    assert(!has(recent, '890'));
    recent.clear();
    assert(!has(recent, '999'));
  });

  it('is bounded by the bytes of the keys too', () => {
    const bytesMax = 4 * 1024 * 1024;
    const recent = new RecentKeys(100_000, bytesMax);
    const longest = 64 * 1024;
    for (let i = 0; i < 300; i++) {
      const name = `${i} `.padEnd(i % 3 === 0 ? longest : 33 * 1024, 'k');
      change(recent, 'add', name);
      assert(recent.bytes <= bytesMax + longest, `${recent.bytes} bytes at ${i}`);
      assert(has(recent, name));
    }
  });

  it('keeps keys that are longer than its arenas', () => {
    const recent = new RecentKeys(100);
    const long = ['a', 'b'].map((letter) => letter.repeat(70_000));
    for (const name of long) change(recent, 'add', name);
    assert(long.every((name) => has(recent, name)));
  });
});

describe('sorting runs of keys and merging them', () => {
  /** All keys in one table; a run holds up to `runItems` of them. */
  function sorted(names: readonly Buffer[], runItems: number): Buffer[] {
    const table = new OrderedKeyTable();
    const runs: number[][] = [];
    for (const name of names) {
      // Other bytes behind the key, as in a block.
      const bytes = Buffer.concat([name, Buffer.from('~~~~~~~~')]);
      const item = table.add(table.sources.push(bytes) - 1, 0, name.length, hashKey(bytes, 0, name.length));
      if (item % runItems === 0) runs.push([]);
      runs.at(-1)?.push(item);
    }
    for (const run of runs) sortRun(run, table);
    const merge = new Merge(runs, table);
    const merged: Buffer[] = [];
    for (let item = merge.next(); item !== undefined; item = merge.next()) merged.push(Buffer.from(table.key(item)));
    return merged;
  }

  const different = (names: readonly Buffer[]) => {
    const byName = new Map(names.map((name) => [name.toString('latin1'), name]));
    return [...byName.values()];
  };
  const inOrder = (names: readonly Buffer[]) => names.toSorted(Buffer.compare);

  it('gives the order of bytes, whatever the keys have in common', () => {
    // Few different bytes, the lowest and the highest among them: beginnings and whole keys are often equal.
    const byte = fc.constantFrom(0, 1, 0x61, 0xff);
    const name = fc.array(byte, { maxLength: 12 }).map((bytes) => Buffer.from(bytes));
    const prefix = fc.constantFrom('', 'key:', 'p'.repeat(300));
    fc.assert(
      fc.property(
        prefix,
        fc.array(name, { maxLength: 80 }),
        fc.integer({ min: 1, max: 30 }),
        (prefix, ends, runItems) => {
          const names = different(ends.map((end) => Buffer.concat([Buffer.from(prefix), end])));
          assert.deepEqual(sorted(names, runItems), inOrder(names));
        },
      ),
      runs(300),
    );
  });

  it('takes as many items as a run of a flush has', () => {
    const names = Array.from({ length: 3 * SORT_RUN_ENTRIES + 1 }, (_, i) => key(`user:${(i * 7919) % 10_007}:name`));
    assert.deepEqual(sorted(names, SORT_RUN_ENTRIES), inOrder(names));
  });

  it('looks at a key a few times, however many keys begin with one another', () => {
    const table = new OrderedKeyTable();
    const keys = Array.from({ length: 500 }, (_, i) => Buffer.from(`${'a'.repeat(i)}b`)).reverse();
    const run = keys.map((key) => table.add(table.sources.push(key) - 1, 0, key.length, hashKey(key, 0, key.length)));
    let looks = 0;
    sortRun(run.reverse(), {
      compare: (a, b) => table.compare(a, b),
      sharedBytes: (a, b, max) => table.sharedBytes(a, b, max),
      leadingBytes: (...args) => {
        looks++;
        return table.leadingBytes(...args);
      },
    });
    assert.deepEqual(
      run.map((item) => table.key(item)),
      keys,
    );
    assert(looks <= 5 * keys.length, `${looks} looks at ${keys.length} keys`);
  });
});

describe('loading a snapshot', () => {
  const POSITION = { replicationId: 'ab'.repeat(20), offset: 9, checksum: 7 };

  /** The entries of three keys, one of which expires, and what proves them. */
  async function source() {
    const bench = await Bench.open();
    bench.apply(put('a', '1'), put('b', '2', 10_000), put('c', '3'));
    await bench.flushAll();
    const snapshot = bench.keyspace.snapshot();
    const { keys, records } = await rowsOf(snapshot);
    return { keys, records, proof: await snapshot.digest() };
  }

  async function target() {
    const db = await new MemoryDisk().database();
    return { db, loader: new KeyspaceLoader(db) };
  }

  it('gives the keyspace that was sent: records, count, position, lineage, due keys', async () => {
    const { keys, records, proof } = await source();
    const { db, loader } = await target();
    await loader.add(keys.slice(0, 2), records.slice(0, 2));
    await loader.add(keys.slice(2), records.slice(2));
    assert.equal(loader.keys, 3);
    assert.equal(
      loader.bytes,
      [...keys, ...records].reduce((sum, { length }) => sum + length, 0),
    );
    const lineage = [{ replicationId: POSITION.replicationId, firstOffset: 1, checksum: 0, epoch: 1 }];
    await loader.finish(proof, POSITION, lineage);
    const keyspace = await Keyspace.open(db);
    const { sizes, unmarked, ...checkpoint } = keyspace.checkpoint;
    assert.deepEqual(checkpoint, { format: 1, position: POSITION, lineage, epoch: 0, keys: 3, prints: 3 });
    assert.deepEqual(sizes, new RecordSizes().kept);
    assert(unmarked);
    assert.deepEqual(await keyspace.snapshot().digest(), proof);
    const due = (await keyspace.indexes.due.scan(20_000, 10)).rows.map((row) => parseDueKey(row).key);
    assert.deepEqual(due, [key('b')]);
  });

  it('gives an empty one too', async () => {
    const { db, loader } = await target();
    await loader.finish(
      await (await Keyspace.open(await new MemoryDisk().database())).snapshot().digest(),
      POSITION,
      [],
    );
    assert.equal((await Keyspace.open(db)).checkpoint.keys, 0);
  });

  for (const [what, code, spoil] of [
    [
      'a damaged record',
      'corrupt',
      (keys: Buffer[], records: Buffer[]) => [
        keys,
        records.map((record, i) => (i === 1 ? flipped(record, 90) : record)),
      ],
    ],
    [
      'a record under another key',
      'corrupt',
      (keys: Buffer[], records: Buffer[]) => [keys, [records[1], records[0], records[2]]],
    ],
    [
      'keys out of order',
      'protocol_violation',
      (keys: Buffer[], records: Buffer[]) => [[...keys].reverse(), [...records].reverse()],
    ],
    [
      'a key twice',
      'protocol_violation',
      (keys: Buffer[], records: Buffer[]) => [
        [keys[0], keys[0]],
        [records[0], records[0]],
      ],
    ],
    ['a key without its record', 'protocol_violation', (keys: Buffer[], records: Buffer[]) => [keys, records.slice(1)]],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const { keys, records } = await source();
      const { loader } = await target();
      const [spoiltKeys, spoiltRecords] = spoil(keys, records) as [Buffer[], Buffer[]];
      await assert.rejects(loader.add(spoiltKeys, spoiltRecords), refused(code));
    });
  }

  it('refuses a key out of order from one chunk to the next', async () => {
    const { keys, records } = await source();
    const { loader } = await target();
    await loader.add(keys.slice(1), records.slice(1));
    await assert.rejects(loader.add(keys.slice(0, 1), records.slice(0, 1)), refused('protocol_violation', /key order/));
  });

  it('is refused at its end, and leaves no keyspace, if count or digest differ', async () => {
    const { keys, records, proof } = await source();
    for (const [sent, expected] of [
      [2, proof],
      [3, { ...proof, keys: 4 }],
      [3, { ...proof, digest: flipped(proof.digest, 3) }],
    ] as const) {
      const { db, loader } = await target();
      await loader.add(keys.slice(0, sent), records.slice(0, sent));
      await assert.rejects(
        loader.finish(expected, POSITION, []),
        refused('corrupt', /is not complete: expected \d keys .* received \d/),
      );
      assert.equal((await Keyspace.open(db)).checkpoint.position.offset, 0);
    }
  });

  it('makes everything durable before the checkpoint that makes it a keyspace', async () => {
    const disk = new MemoryDisk();
    const loader = new KeyspaceLoader(await disk.database());
    const record = encodeRecord(key('k'), { type: 0, value: key('v'), expiresAtMs: 0, version: 1 });
    await loader.add([key('k')], [record]);
    const bench = await Bench.open();
    bench.apply(put('k', 'v'));
    await bench.flushAll();
    disk.operations.length = 0;
    await loader.finish(await bench.keyspace.snapshot().digest(), POSITION, []);
    assert.deepEqual(
      disk.operations.map(({ kind, sync }) => [kind, sync]),
      [
        ['durable', false],
        ['put', true],
      ],
    );
  });
});
