/** Expiry: the leader alone deletes what is expired, by its own clock and through its log; nobody sees it meanwhile. */
import assert from 'node:assert/strict';
import { EXPIRY_INTERVAL_MS, EXPIRY_STEP_KEYS } from '../../src/base/limits.js';
import { DUE_START, dataKey, dueEnd } from '../../src/keyspace/record.js';
import type { Block } from '../../src/log/block.js';
import type { Operation } from '../../src/model/operation.js';
import { flipped, History, put } from '../log/blocks.js';
import { START_MS, turns, until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { key, set, TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

/** The keys that the log says were deleted. */
async function deleted(test: TestStore): Promise<string[]> {
  const names: string[] = [];
  for (let at = test.store.data.log.base.offset; ; ) {
    const blocks = await test.store.data.log.read(at, 1e9);
    if (blocks.length === 0) return names.sort();
    for (const block of blocks)
      for (const command of block.commands()) if (command.kind === 'del') names.push(command.key.toString());
    at = (blocks.at(-1) as Block).lastOffset;
  }
}

const whenDeleted = (test: TestStore, count: number) =>
  until(`${count} keys are deleted`, async () => (await deleted(test)).length >= count, {
    clock: test.clock,
    stepMs: EXPIRY_INTERVAL_MS,
  });

async function dueRows(test: TestStore): Promise<number> {
  let rows = 0;
  for await (const _ of test.disk.raw(test.location('keyspace')).keys({ gte: DUE_START, lt: dueEnd(9e12) })) rows++;
  return rows;
}

describe('a key that expires on a leader', () => {
  it('is hidden from its time on, to the millisecond, and deleted within seconds', async () => {
    const test = await TestStore.open();
    await test.set('a', 'v', 10_000);
    await test.clock.advance(9_999);
    assert.equal(await test.get('a'), 'v');
    await test.clock.advance(1);
    assert.equal(await test.get('a'), undefined);
    await whenDeleted(test, 1);
    assert(test.store.clock.now() <= START_MS + 12_000);
    assert.equal(await test.store.snapshots.size(), 0);
    await test.store.close();
  });

  it('is not deleted if it was given more time, or none, meanwhile', async () => {
    const test = await TestStore.open();
    for (const name of ['gone', 'longer', 'kept', 'again']) await test.set(name, 'v', 5_000);
    await test.submit(
      { kind: 'expire', key: key('longer'), expiry: { ttlMs: 60_000 } },
      { kind: 'persist', key: key('kept') },
      set('again', 'new'),
    );
    await whenDeleted(test, 1);
    await test.clock.advance(10_000);
    assert.deepEqual(await deleted(test), ['gone']);
    assert.equal(await test.get('again'), 'new');
    await test.store.close();
  });

  it('may do so at the last moment that there is, through a checkpoint and a restart', async () => {
    const test = await TestStore.open();
    const last = { kind: 'set', key: key('a'), value: Buffer.from('v') } as const;
    await test.submit({ ...last, expiry: { expiresAtMs: Number.MAX_SAFE_INTEGER } });
    await (await test.store.snapshots.at()).release();
    assert.equal(await dueRows(test), 0, 'not due yet');
    await test.reopen();
    assert.equal(await test.get('a'), 'v');
    await test.store.close();
    assert.deepEqual(test.fatal, []);
  });

  it('that is written again after it expired is a new key', async () => {
    const test = await TestStore.open();
    await test.set('n', '5', 1_000);
    await test.clock.advance(1_000);
    await test.submit({ kind: 'increment', key: key('n'), by: 1n } as Operation);
    assert.equal(await test.get('n'), '1');
    await test.clock.advance(20_000);
    assert.equal(await test.get('n'), '1');
    await test.store.close();
  });

  it('is deleted once, in a block that followers can apply blindly', async () => {
    const test = await TestStore.open();
    await test.submit(set('a', 'v', 1_000), set('b', 'v', 1_500), set('c', 'v', 100_000));
    await whenDeleted(test, 2);
    await test.clock.advance(30_000);
    assert.deepEqual(await deleted(test), ['a', 'b']);
    await test.store.close();
  });

  it('is one of many: they go in small steps, with room for writes between', async () => {
    const test = await TestStore.open();
    const count = 3 * EXPIRY_STEP_KEYS;
    await test.submit(...Array.from({ length: count }, (_, i) => set(`k${i}`, 'v', 1_000)));
    await test.clock.advance(1_000);
    await whenDeleted(test, count);
    const sizes = (await test.store.data.log.read(count, 1e9)).map((block) => block.lastOffset - block.firstOffset + 1);
    assert(sizes.length >= 3 && Math.max(...sizes) <= EXPIRY_STEP_KEYS, String(sizes));
    await test.store.close();
  });
});

describe('a key that expires and is cold', () => {
  it('is found by its row in the index, which goes with it', async () => {
    const test = await TestStore.open();
    await test.set('a', 'v', 60_000);
    await test.reopen();
    assert.equal(await dueRows(test), 1);
    await test.clock.advance(60_000);
    await whenDeleted(test, 1);
    await until('the row is dropped', async () => (await dueRows(test)) === 0, {
      clock: test.clock,
      stepMs: EXPIRY_INTERVAL_MS,
    });
    assert.equal(await test.store.snapshots.size(), 0);
    await test.store.close();
  });

  it('stays if the disk cannot read the index, costs no reopening, and is deleted once it can', async () => {
    const test = await TestStore.open();
    await test.set('a', 'v', 60_000);
    await test.reopen();
    const { replicationId } = test.store.data.position;
    test.disk.fault = ({ kind, location }) => {
      const damage = Object.assign(new Error('Corruption: block checksum mismatch'), { code: 'LEVEL_CORRUPTION' });
      if (kind === 'read' && location.endsWith('/keyspace')) throw damage;
    };
    const said = () => test.logger.said(/expired keys cannot be deleted: .*block checksum mismatch/, 'error');
    await until('it is noticed', () => said() > 0, { clock: test.clock, stepMs: 1_000 });
    assert.equal(said(), 1);
    await test.set('b');
    assert.deepEqual([test.store.data.log.history.lineage.rows.length, test.fatal], [2, []]);
    test.disk.fault = undefined;
    await whenDeleted(test, 1);
    assert.notEqual(test.store.data.position.replicationId, replicationId);
    await test.store.close();
  });

  it('is found after a kill, and after the time has passed while the node was down', async () => {
    const test = await TestStore.open();
    await test.submit(set('a', 'v', 60_000), set('b', 'v', 60_000), set('c'));
    await (await test.store.snapshots.at()).release();
    await test.submit({ kind: 'expire', key: key('b'), expiry: { ttlMs: 90_000 } });
    test.disk.crash();
    test.clock.setWall(START_MS + 3_600_000);
    await test.open();
    assert.deepEqual([await test.get('a'), await test.get('b'), await test.get('c')], [undefined, undefined, 'v']);
    await whenDeleted(test, 2);
    assert.deepEqual(await deleted(test), ['a', 'b']);
    await test.store.close();
  });

  it('is deleted though its record is beside one that the disk has damaged', async () => {
    const test = await TestStore.open();
    await test.submit(set('bad', 'v', 60_000), set('good', 'v', 60_000));
    await test.reopen();
    const raw = test.disk.raw(test.location('keyspace'));
    await raw.put(dataKey(0, key('bad')), flipped((await raw.get(dataKey(0, key('bad')))) as Buffer, 150));
    const history = test.store.data.log.history.lineage.current;
    await test.clock.advance(60_000);
    await whenDeleted(test, 1);
    await test.clock.advance(10_000);
    assert.deepEqual(await deleted(test), ['good']);
    assert.deepEqual(test.store.data.log.history.lineage.current, history, 'the store was not opened anew over it');
    await test.store.close();
  });
});

describe('a key that expires on a follower', () => {
  async function following(): Promise<{ test: TestStore; history: History }> {
    const test = await TestStore.follower();
    const history = new History();
    history.timeMs = START_MS;
    await test.store.intake.receive([history.block(put('a', 'v', START_MS + 5_000), put('b'))], history.rows);
    return { test, history };
  }

  it('is hidden and not deleted: its leader does that', async () => {
    const { test, history } = await following();
    await test.clock.advance(30_000);
    assert.equal(await test.get('a'), undefined);
    assert.equal(test.store.data.position.offset, 2);
    assert.equal(await test.store.snapshots.size(), 2);
    await test.store.intake.receive([history.block({ kind: 'del', key: key('a') })], []);
    assert.equal(await test.store.snapshots.size(), 1);
    await test.store.close();
  });

  it('follows the time of its leader', async () => {
    const { test } = await following();
    test.store.intake.setTime(START_MS + 5_000);
    assert.equal(await test.get('a'), undefined);
    await test.store.close();
  });

  it('leaves a row in the index that is swept when its leader has dealt with it, and not before', async () => {
    const { test, history } = await following();
    await (await test.store.snapshots.at()).release();
    await test.clock.advance(60_000);
    assert.equal(await dueRows(test), 1);
    await test.store.intake.receive([history.block({ kind: 'del', key: key('a') })], []);
    await until('the row is swept', async () => (await dueRows(test)) === 0, { clock: test.clock, stepMs: 1_000 });
    await test.store.close();
  });

  it('keeps the row of a damaged record, and continues', async () => {
    const { test } = await following();
    await (await test.store.snapshots.at()).release();
    const raw = test.disk.raw(test.location('keyspace'));
    await raw.put(dataKey(0, key('a')), flipped((await raw.get(dataKey(0, key('a')))) as Buffer, 150));
    for (let seconds = 0; seconds < 60; seconds++) {
      await test.clock.advance(1_000);
      await turns(3);
    }
    assert.equal(await dueRows(test), 1);
    assert.equal(test.logger.said(/opens again/), 0);
    assert.equal(await test.get('b'), 'v');
    assert.deepEqual(test.fatal, []);
    await test.store.close();
  });
});
