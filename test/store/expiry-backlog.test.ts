/** Many keys that are due at once: how fast they go, on a leader and on a follower, and what a power cut leaves of that. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EXPIRY_LATE_MS, EXPIRY_STEP_KEYS } from '../../src/base/limits.js';
import { DUE_START, dueEnd } from '../../src/keyspace/record.js';
import { History, put } from '../log/blocks.js';
import { START_MS, turn, until } from '../support/clock.js';
import { MemoryDisk, removeTemporaryDirectories } from '../support/database.js';
import { MemoryFiles } from '../support/memory-files.js';
import { key, set, TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

async function dueRows(test: TestStore): Promise<number> {
  let rows = 0;
  for await (const _ of test.disk.raw(test.location('keyspace')).keys({ gte: DUE_START, lt: dueEnd(9e12) })) rows++;
  return rows;
}

const flushed = async (test: TestStore) => (await test.store.snapshots.at()).release();

/** By the store's clock. In each step the event loop turns once, and a sweep takes several turns. */
async function msUntil(
  test: TestStore,
  what: string,
  condition: () => Promise<boolean> | boolean,
  stepMs = 100,
): Promise<number> {
  const began = test.clock.monotonicMs();
  await until(what, condition, { clock: test.clock, stepMs });
  return test.clock.monotonicMs() - began;
}

describe('a follower with many keys that were due', () => {
  const COUNT = 5_000;
  const names = Array.from({ length: COUNT }, (_, i) => `k${i}`);

  async function following(): Promise<{ test: TestStore; history: History }> {
    const test = await TestStore.follower();
    const history = new History();
    history.timeMs = START_MS;
    await test.store.intake.receive(
      [history.block(...names.map((name) => put(name, 'v', START_MS + 5_000)))],
      history.rows,
    );
    await flushed(test);
    assert.equal(await dueRows(test), COUNT);
    return { test, history };
  }

  it('drops their index rows as soon as its leader has deleted them', async () => {
    const { test, history } = await following();
    await test.clock.advance(20_000);
    assert.equal(await dueRows(test), COUNT);
    await test.store.intake.receive(
      [history.block(...names.map((name) => ({ kind: 'del' as const, key: key(name) })))],
      [],
    );
    const tookMs = await msUntil(test, 'the rows are dropped', async () => (await dueRows(test)) === 0);
    assert(tookMs < 35_000, `it took ${tookMs} ms`);
    await test.store.close();
  });

  it('drops those behind many that its leader has not deleted', async () => {
    const { test, history } = await following();
    const first = 3 * EXPIRY_STEP_KEYS;
    const gone = [...names].sort().slice(first);
    await test.store.intake.receive(
      [history.block(...gone.map((name) => ({ kind: 'del' as const, key: key(name) })))],
      [],
    );
    await msUntil(test, 'the others are dropped', async () => (await dueRows(test)) === first);
    await test.store.close();
  });

  it('does not read again and again what its leader leaves', async () => {
    const { test } = await following();
    await test.clock.advance(120_000);
    test.disk.operations.length = 0;
    for (let seconds = 0; seconds < 60; seconds++) await test.clock.advance(1_000);
    const asked = test.disk.operations.reduce((sum, { keys }) => sum + keys.length, 0);
    assert(asked <= 8 * 2 * EXPIRY_STEP_KEYS, `${asked} keys in a minute`);
    await test.store.close();
  });
});

describe('a leader with many keys that are due', () => {
  const COUNT = 20_000;
  const names = Array.from({ length: COUNT }, (_, i) => `k${i}`);

  it('deletes them within seconds, in memory or on disk, and drops their index rows', async () => {
    for (const cold of [false, true]) {
      const test = await TestStore.open();
      for (let at = 0; at < COUNT; at += 4_000)
        await test.submit(...names.slice(at, at + 4_000).map((name) => set(name, 'v', 10_000)));
      if (cold) await test.reopen();
      const { offset } = test.store.data.position;
      await test.clock.advance(10_000);
      const tookMs = await msUntil(test, 'all are deleted', () => test.store.data.position.offset >= offset + COUNT, 2);
      assert(tookMs <= 6_000, `it took ${tookMs} ms`);
      await msUntil(test, 'the rows are dropped', async () => (await dueRows(test)) === 0);
      assert.equal(await test.store.snapshots.size(), 0);
      await test.store.close();
    }
  });

  it('deletes more at a time the later it is, and says so', async () => {
    const test = await TestStore.open();
    await test.submit(...names.slice(0, 4_000).map((name) => set(name, 'v', 1_000)));
    // The process stands still, as a stopped one does.
    test.clock.stall(60_000);
    const sizes = async () =>
      (await test.store.data.log.read(4_000, 1e9)).map((block) => block.lastOffset - block.firstOffset + 1);
    await until('they are deleted', async () => (await sizes()).reduce((sum, size) => sum + size, 0) === 4_000, {
      clock: test.clock,
      stepMs: 100,
    });
    assert(Math.max(...(await sizes())) > EXPIRY_STEP_KEYS, String(await sizes()));
    assert.equal(test.logger.said(/expired keys are deleted \d+ s late/, 'warn'), 1);
    assert(60_000 > EXPIRY_LATE_MS);
    await msUntil(test, 'it is in time again', () => test.store.status.expiryLateMs === 0);
    assert.equal(test.logger.said(/expired keys are deleted in time again/), 1);
    await test.store.close();
  });
});

describe('a power cut after a key has expired', () => {
  it('leaves the key, or the row that names it, though it takes the deletion from the log', async () => {
    const files = new MemoryFiles(turn);
    let cuts = 0;
    let isCutting = false;
    const disk = new MemoryDisk({
      isFolder: (location) => files.isFolder(location),
      makeFolder: async (location) => files.makeFolder(location),
      delay: turn,
      // The log loses all that was not synced, the keyspace, cut second, loses nothing.
      random: () => (isCutting && ++cuts === 2 ? 0.999 : isCutting ? 0 : 0.5),
    });
    const open = () =>
      TestStore.open({ directory: '/srv/data', disk, files: files.of({ dead: false }), fsync: 'never', randomBytes });
    const test = await open();
    await test.set('a', 'v', 60_000);
    await test.set('b');
    await flushed(test);
    await test.clock.advance(70_000);
    await until('it is deleted, and its row too', async () => (await dueRows(test)) === 0, {
      clock: test.clock,
      stepMs: 100,
    });
    disk.crash();
    files.powerCut(() => false);
    isCutting = true;
    await disk.powerCut();
    isCutting = false;
    const again = await open();
    again.clock.setWall(START_MS + 3_600_000);
    await again.reopen();
    assert.equal(await again.get('a'), undefined);
    await again.clock.advance(10_000);
    assert.equal(await again.store.snapshots.size(), 1, 'nothing would ever delete the key');
    await again.store.close();
  });
});
