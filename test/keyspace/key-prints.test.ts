import assert from 'node:assert/strict';
import { PRINT_ROWS_READ, STALE_PRINTS_MIN } from '../../src/base/limits.js';
import { checkpointRow, readCheckpoint } from '../../src/keyspace/checkpoint-record.js';
import { KeyFilter, printOf } from '../../src/keyspace/key-filter.js';
import { KeyPrints } from '../../src/keyspace/key-prints.js';
import { clear, put } from '../log/blocks.js';
import { MemoryDisk } from '../support/database.js';
import { hold } from '../support/store.js';
import { Bench } from './bench.js';

const FIRST_ROW = Buffer.from('p\0\0\0\0\0\0\0\0\0\0\0\0', 'latin1');

describe('a filter of keys', () => {
  const print = (name: string) => printOf(Buffer.from(name), 0, name.length);

  it('holds every key that was added, and few of those that were not', () => {
    const filter = new KeyFilter();
    const keys = 500_000;
    for (let i = 0; i < keys; i++) filter.add(print(`key:${i}`));
    for (let i = 0; i < keys; i++) assert(filter.mayHold(print(`key:${i}`)), `key:${i}`);
    let passed = 0;
    for (let i = keys; i < 2 * keys; i++) if (filter.mayHold(print(`key:${i}`))) passed++;
    assert(passed < keys / 50, `${passed} of ${keys} absent keys`);
    assert.equal(filter.count, keys);
    assert(filter.bytes <= 4 * keys, `${filter.bytes} bytes`);
  });

  it('gives a key the print that stands on disks', () => {
    assert.equal(print(''), 0xab3e7c0b);
    assert.equal(printOf(Buffer.from('..key:1..'), 2, 7), print('key:1'));
  });
});

describe('the prints of the keys on disk', () => {
  const names = Array.from({ length: 600 }, (_, i) => `k${i}`);

  /** Puts of some keys, flushed. @returns the number of keys that the disk was asked for. */
  const flush = async (bench: Bench, keys: readonly string[], value = 'x'): Promise<number> => {
    bench.apply(...keys.map((name) => put(name, value)));
    bench.disk.operations.length = 0;
    await bench.flushAll();
    const asked = bench.disk.operations.filter(({ kind }) => kind === 'read');
    await bench.checkDisk();
    return asked.reduce((sum, { keys: rows }) => sum + rows.length, 0);
  };
  const others = (from: string) => names.map((name) => `${from}${name}`);

  it('spare the disk the question for each new key, also after a restart', async () => {
    const bench = await Bench.open();
    assert.equal(await flush(bench, names), 0);
    await bench.restart();
    assert.equal(await flush(bench, others('a')), 0);
    await bench.restart();
    assert((await flush(bench, [...names, ...others('b')])) >= names.length);
    assert.equal(bench.keyspace.checkpoint.keys, 3 * names.length);
  });

  it('are read beside flushes, which ask the disk for new keys until then', async () => {
    const bench = await Bench.open();
    await flush(bench, names);
    await bench.restart({ readsPrints: false });
    const gate = hold(bench.disk, ({ kind }) => kind === 'read');
    const reading = bench.keyspace.indexes.prints.load();
    assert.equal(bench.keyspace.indexes.prints.load(), reading, 'all callers share one reading');
    assert(gate.held());
    assert.equal(await flush(bench, [...names, ...others('a')]), 2 * names.length);
    assert.equal(bench.keyspace.checkpoint.prints, 2 * names.length);
    gate.release();
    await reading;
    assert.equal(await flush(bench, others('b')), 0);
    assert.equal(bench.keyspace.checkpoint.prints, 3 * names.length);
    await bench.restart();
    assert.equal(await flush(bench, others('c')), 0);
    assert((await flush(bench, [...others('a'), ...others('b')])) >= 2 * names.length);
    assert.equal(bench.keyspace.checkpoint.keys, 4 * names.length);
  });

  it('are read in pieces, and again after a reading that was cancelled', async () => {
    const bench = await Bench.open();
    for (let i = 0; i < 3 * PRINT_ROWS_READ; i++) await flush(bench, [`k${i}`]);
    await bench.restart({ readsPrints: false });
    let pieces = 0;
    await bench.keyspace.indexes.prints.load(() => ++pieces >= 2);
    assert.equal(await flush(bench, ['new']), 1);
    await bench.keyspace.indexes.prints.load(() => ++pieces === 0);
    assert(pieces >= 6, `${pieces} pieces`);
    assert.equal(await flush(bench, others('a')), 0);
    assert.equal(bench.keyspace.checkpoint.prints, bench.keyspace.checkpoint.keys);
  });

  it('begin again if everything is cleared while they are read', async () => {
    const bench = await Bench.open();
    await flush(bench, names);
    await bench.db.put(FIRST_ROW, Buffer.from('no prints'));
    await bench.restart({ readsPrints: false });
    const gate = hold(bench.disk, ({ kind }) => kind === 'read');
    const reading = bench.keyspace.indexes.prints.load();
    bench.apply(clear(), put('only'));
    await bench.flushAll();
    gate.release();
    await reading;
    assert.equal(await flush(bench, names), 0);
    assert.equal(bench.keyspace.checkpoint.prints, names.length + 1);
  });

  it('are right after a crash in the middle of a flush', async () => {
    const bench = await Bench.open();
    await flush(bench, names);
    bench.apply(...others('a').map((name) => put(name)));
    bench.keyspace.freeze();
    assert(await bench.crashInFlush(2));
    await bench.restart();
    await bench.flushAll();
    await bench.keyspace.recount();
    assert.equal(bench.keyspace.checkpoint.keys, 2 * names.length);
    await flush(bench, [...others('a'), ...others('b')]);
    assert.equal(bench.keyspace.checkpoint.keys, 3 * names.length);
  });

  it('are not trusted where an earlier version was killed in the middle of a flush', async () => {
    const bench = await Bench.open();
    await flush(bench, names);
    bench.apply(...others('a').map((name) => put(name)));
    bench.keyspace.freeze();
    const rows = async () =>
      bench.db.iterate({ gte: Buffer.from('p'), lt: Buffer.from('q'), values: false }).next(1_000);
    const before = (await rows()).length;
    assert(await bench.crashInFlush(2));
    await bench.restart();
    const batch = bench.db.batch();
    for (const [row] of (await rows()).slice(before)) batch.del(row);
    await batch.write();
    const counting = bench.keyspace.recount();
    await bench.flushAll();
    await counting;
    await bench.flushAll();
    await bench.checkDisk();
    assert.equal(bench.keyspace.checkpoint.keys, 2 * names.length);
  });

  it('are collected from the records if a row was damaged, or is missing', async () => {
    for (const damage of [Buffer.from('no prints'), undefined]) {
      const bench = await Bench.open();
      await flush(bench, names);
      const batch = bench.db.batch();
      if (damage) batch.put(FIRST_ROW, damage);
      else batch.del(FIRST_ROW);
      await batch.write();
      await bench.restart();
      assert.equal(await flush(bench, [...names, ...others('a')]), 2 * names.length, 'all keys are asked for');
      assert.equal(bench.keyspace.checkpoint.keys, 2 * names.length);
      assert.equal(bench.keyspace.checkpoint.prints, undefined);
      assert(bench.keyspace.isCountDue);
      await bench.keyspace.recount();
      assert(!bench.keyspace.isCountDue);
      assert.equal(await flush(bench, others('b')), 0);
      await bench.restart();
      assert.equal(await flush(bench, others('c')), 0);
      assert.equal(bench.keyspace.checkpoint.keys, 4 * names.length);
    }
  });

  it('are collected from the records if an earlier version has written them, beside flushes', async () => {
    const bench = await Bench.open();
    await flush(bench, names);
    const { checkpoint } = await readCheckpoint(bench.db);
    await bench.db.put(...checkpointRow({ ...checkpoint, prints: undefined }), { sync: true });
    await bench.restart();
    assert(bench.keyspace.isCountDue);
    const counting = bench.keyspace.recount();
    await flush(bench, others('a'));
    await counting;
    assert.equal(await flush(bench, others('b')), 0);
    await bench.restart();
    assert((await flush(bench, [...names, ...others('a'), ...others('b')])) >= 3 * names.length);
    assert.equal(bench.keyspace.checkpoint.keys, 3 * names.length);
  });

  it('are collected again when most of them are of deleted keys', async () => {
    const db = await new MemoryDisk().database();
    const prints = await KeyPrints.open(db, 0, 0);
    await prints.load();
    const note = (i: number) => prints.add(Buffer.from(`key:${i}`), 0, `key:${i}`.length);
    const isAbsent = (i: number) => prints.isAbsent(Buffer.from(`key:${i}`), 0, `key:${i}`.length);
    const write = async () => {
      const batch = db.batch();
      prints.putRow(batch);
      await batch.write();
    };
    // Some keys that are new pass for known ones, and have no print of their own.
    for (let i = 0; (prints.kept as number) <= STALE_PRINTS_MIN; i++) {
      note(i);
      if (i % 1_000_000 === 0) await write();
    }
    await write();
    assert(!prints.isPassDue(STALE_PRINTS_MIN), 'they are of records');
    assert(!prints.isPassDue(null));
    assert(prints.isPassDue(100));
    prints.beginPass();
    assert(!prints.isPassDue(100));
    await prints.collect(Array.from({ length: 100 }, (_, i) => Buffer.from(`key:${i}`)));
    assert(isAbsent(-1));
    note(-1);
    assert(!isAbsent(-1), 'a key that is written meanwhile');
    await write();
    await prints.endPass(true);
    assert.equal(prints.kept, 101);
    const again = await KeyPrints.open(db, 0, 101);
    await again.load();
    assert.equal(again.kept, 101);
  });

  it('cover every key, whatever the order in which they were collected', async () => {
    const bench = await Bench.open();
    const many = (from: string, count: number) => Array.from({ length: count }, (_, i) => `${from}${i}`);
    const older = many('old:', 120_000);
    for (let i = 0; i < older.length; i += 20_000) bench.apply(...older.slice(i, i + 20_000).map((name) => put(name)));
    await bench.flushAll();
    const { checkpoint } = await readCheckpoint(bench.db);
    await bench.db.put(...checkpointRow({ ...checkpoint, prints: undefined }), { sync: true });
    await bench.restart();
    const newer = many('new:', 15_000);
    const counting = bench.keyspace.recount();
    bench.apply(...newer.map((name) => put(name)));
    await bench.flushAll();
    await counting;
    bench.apply(put('last'));
    await bench.flushAll();
    const { prints, keys } = bench.keyspace.checkpoint;
    assert((prints as number) >= (keys as number), `${prints} prints of ${keys} keys: each key has one of its own`);
    await bench.restart();
    for (let i = 0; i < older.length; i += 20_000) bench.apply(...older.slice(i, i + 20_000).map((name) => put(name)));
    bench.apply(...newer.map((name) => put(name)));
    await bench.flushAll();
    assert.equal(bench.keyspace.checkpoint.keys, older.length + newer.length + 1);
  });

  it('are saved at the next stop after they were collected, though nothing was written', async () => {
    const bench = await Bench.open();
    await flush(bench, names);
    const { checkpoint } = await readCheckpoint(bench.db);
    await bench.db.put(...checkpointRow({ ...checkpoint, prints: undefined }), { sync: true });
    await bench.restart();
    await bench.keyspace.recount();
    assert(bench.keyspace.freeze());
    await bench.flushAll();
    assert(!bench.keyspace.freeze());
    await bench.restart();
    assert(!bench.keyspace.isCountDue);
    assert.equal(await flush(bench, others('a')), 0);
  });

  it('begin again after a clear, and the rows of earlier ones go', async () => {
    const bench = await Bench.open();
    await flush(bench, names);
    bench.apply(clear(), put('only'));
    await bench.flushAll();
    assert.equal(await flush(bench, names), 0);
    assert.equal(bench.keyspace.checkpoint.keys, names.length + 1);
    const rows = await bench.db.iterate({ gte: Buffer.from('p'), lt: Buffer.from('q') }).next(1_000);
    assert(rows.every(([row]) => row.readUInt32BE(1) === 1));
    await bench.restart();
    assert.equal(await flush(bench, others('a')), 0);
  });
});
