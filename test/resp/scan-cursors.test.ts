/** The scans of Redis clients over a store: one moment each, in bounded memory, and no cursor that loses a key. */
import assert from 'node:assert/strict';
import { REDIS_SCAN_CURSORS_MAX, REDIS_SCAN_SNAPSHOT_MS_MAX, REDIS_SCAN_SNAPSHOTS_MAX } from '../../src/base/limits.js';
import { ScanCursors, type ScanFound } from '../../src/resp/scan-cursors.js';
import { TestClock } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { TestStore } from '../support/store.js';

const { signal } = new AbortController();

describe('scans of Redis clients', () => {
  const clock = new TestClock();
  let database: TestStore;
  let scans: ScanCursors;

  beforeEach(async () => {
    database = await TestStore.open({ clock });
    scans = new ScanCursors(database.store, clock);
  });

  afterEach(async () => {
    scans.close();
    await database.store.close();
    await removeTemporaryDirectories();
  });

  const set = (...names: string[]) =>
    database.store.writes.submit(
      names.map((name) => ({ kind: 'set', key: Buffer.from(name, 'latin1'), value: Buffer.alloc(1) })),
      { bytes: 1, ordered: true },
    );

  const remove = (name: string) =>
    database.store.writes.submit([{ kind: 'delete', keys: [Buffer.from(name)] }], { bytes: 1, ordered: true });

  const call = (cursor: number | bigint, { pattern = '*', count = 10, isOfType = () => true } = {}) =>
    scans.scan({ cursor: BigInt(cursor), pattern: Buffer.from(pattern), count, isOfType }, signal);

  const namesIn = ({ keys }: ScanFound) => keys.map((key) => key.toString('latin1'));

  /** All keys from a cursor on, to the end. */
  async function rest(cursor: number, options = {}): Promise<string[]> {
    const found = await call(cursor, options);
    return [...namesIn(found), ...(found.cursor === 0 ? [] : await rest(found.cursor, options))];
  }

  const names = (count: number) => Array.from({ length: count }, (_, i) => `key:${String(i).padStart(5, '0')}`);

  it('give every key once, about as many at a time as were asked for', async () => {
    await set('', ...names(25), '\xff');
    const found = await call(0);
    assert.equal(found.keys.length, 10);
    assert.deepEqual([...namesIn(found), ...(await rest(found.cursor))], ['', ...names(25), '\xff']);
    assert.equal((await call(0, { count: 27 })).cursor, 0);
    assert.equal(scans.snapshots, 0);
  });

  it('look at the keys of the prefix alone, and filter by pattern and type', async () => {
    await set(...names(20), 'other');
    assert.deepEqual(await rest(0, { pattern: 'o*', count: 1 }), ['other']);
    assert.deepEqual((await call(0, { pattern: 'o*', count: 1 })).cursor, 0);
    assert.deepEqual(await rest(0, { pattern: '*7', count: 3 }), ['key:00007', 'key:00017']);
    assert.deepEqual(await rest(0, { isOfType: () => false }), []);
  });

  it('see one moment, whatever is written meanwhile', async () => {
    await set(...names(20));
    const found = await call(0);
    await set('key:00010x', 'zzz');
    await remove('key:00015');
    assert.deepEqual(await rest(found.cursor), names(20).slice(10));
    assert.equal((await rest(0)).length, 21);
  });

  it('go on from a cursor that was used before, also at the end of the scan', async () => {
    await set(...names(20));
    const { cursor } = await call(0);
    assert.equal((await rest(cursor)).length, 10);
    assert.equal((await rest(cursor)).length, 10);
  });

  it('go on with another pattern', async () => {
    await set('other', ...names(20));
    const { cursor } = await call(0);
    assert.deepEqual(await rest(cursor, { pattern: 'o*' }), ['other']);
  });

  it('release a snapshot that nobody reads, and go on behind the last key in another one', async () => {
    await set(...names(20));
    const { cursor } = await call(0);
    assert.equal(scans.snapshots, 1);
    await clock.advance(2 * REDIS_SCAN_SNAPSHOT_MS_MAX);
    assert.equal(scans.snapshots, 0);
    await set('key:00000x', 'key:00010x');
    assert.deepEqual(await rest(cursor), ['key:00010', 'key:00010x', ...names(20).slice(11)]);
    assert.equal(scans.snapshots, 0);
  });

  it('hold few snapshots, and go on without', async () => {
    await set(...names(20));
    const cursors: number[] = [];
    for (let i = 0; i < REDIS_SCAN_SNAPSHOTS_MAX + 10; i++) cursors.push((await call(0)).cursor);
    assert.equal(scans.snapshots, REDIS_SCAN_SNAPSHOTS_MAX);
    for (const cursor of cursors) assert.equal((await rest(cursor)).length, 10);
    assert.equal(scans.snapshots, 0);
  });

  it('leave no key out behind a cursor that is forgotten or was given by another node', async () => {
    await set('', 'a', 'a\0', 'a\0\0', 'ab', ...names(2), 'kez', '\xff\xff\xff\xff', '\xff\xff\xff\xff\xff');
    const all = await rest(0);
    const other = new ScanCursors(database.store, clock);
    let found = await call(0, { count: 1 });
    for (let read = 1; read < all.length; read++) {
      const known = namesIn(
        await other.scan(
          { cursor: BigInt(found.cursor), pattern: Buffer.from('*'), count: 99, isOfType: () => true },
          signal,
        ),
      );
      assert.deepEqual(known.slice(-(all.length - read)), all.slice(read));
      found = await call(found.cursor, { count: 1 });
    }
    other.close();
  });

  it('keep a bounded number of cursors', async () => {
    await set('a', 'bc', 'd', 'e');
    const { cursor } = await call(0, { count: 2 });
    for (let i = 0; i < REDIS_SCAN_CURSORS_MAX; i++) await call(cursor, { count: 1 });
    assert.equal(scans.cursors, REDIS_SCAN_CURSORS_MAX);
    // The cursor is forgotten, and its number still says where it was.
    assert.deepEqual(await rest(cursor), ['d', 'e']);
  });

  it('begin anew from numbers that are no cursors', async () => {
    await set(...names(3));
    for (const cursor of [1n, 2n ** 53n, 2n ** 64n - 1n]) assert.deepEqual(namesIn(await call(cursor)), names(3));
  });

  it('give numbers that a double holds', async () => {
    await set('\xff\xff\xff\xff', '\xff\xff\xff\xff\xff');
    const { cursor } = await call(0, { count: 1 });
    assert.ok(Number.isSafeInteger(cursor) && cursor > 0);
  });

  it('go on after the store was closed and opened in between', async () => {
    await set(...names(20));
    const { cursor } = await call(0);
    const before = database.store;
    await database.reopen();
    assert.notEqual(database.store, before);
    const again = new ScanCursors(database.store, clock);
    const { keys } = await again.scan(
      { cursor: BigInt(cursor), pattern: Buffer.from('*'), count: 99, isOfType: () => true },
      signal,
    );
    assert.deepEqual(keys.map(String).slice(-10), names(20).slice(10));
  });
});
