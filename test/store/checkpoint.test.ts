/** Checkpoints: when they are made, in which order, the snapshots between them, and what happens when the disk fails under one. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename } from 'node:fs/promises';
import { sleep } from '../../src/base/clock.js';
import { HeadwaterError } from '../../src/base/errors.js';
import {
  COMPACTION_RECORDS_MAX,
  FROZEN_LAYERS_MAX,
  SCAN_LAID_BYTES_MAX,
  SNAPSHOT_SHARE_MS,
  SNAPSHOT_UNREAD_MS_MAX,
} from '../../src/base/limits.js';
import type { RangeWanted } from '../../src/keyspace/laid-entries.js';
import { dataKey, dataStart } from '../../src/keyspace/record.js';
import { blockKey, lineageKey } from '../../src/log/rows.js';
import type { RangeSnapshot } from '../../src/store/shared-snapshots.js';
import { flipped } from '../log/blocks.js';
import { turns, until } from '../support/clock.js';
import { type DiskOperation, removeTemporaryDirectories } from '../support/database.js';
import { refused } from '../support/refusals.js';
import { hold, increment, isAppend, key, set, TestStore } from '../support/store.js';

const inKeyspace = ({ location }: DiskOperation) => location.endsWith('/keyspace');
const isChunk = (operation: DiskOperation) => inKeyspace(operation) && operation.kind === 'batch';

afterEach(removeTemporaryDirectories);

describe('a checkpoint', () => {
  it('is made when the overlay is over its budget, in the background', async () => {
    const test = await TestStore.open({ budget: { overlayBytesMax: 10_000, replayBytesMax: 1e9 } });
    await test.set('a', Buffer.alloc(5_000));
    await turns(20);
    assert.equal(test.store.data.progress.checkpoint.offset, 0);
    await test.set('b', Buffer.alloc(5_000));
    await until('it is made', () => test.store.data.progress.checkpoint.offset === 2);
    assert.equal(test.store.data.progress.checkpoint.keys, 2);
    await test.store.close();
  });

  it('is made when a restart would have too much to replay, however small the overlay', async () => {
    const test = await TestStore.open({ budget: { overlayBytesMax: 1e9, replayBytesMax: 10_000 } });
    for (let i = 0; i < 30; i++) await test.set('same', Buffer.alloc(500));
    await until('it is made', () => test.store.data.progress.checkpoint.offset > 0);
    await test.restart();
    assert(test.store.data.position.offset - test.store.data.progress.checkpoint.offset < 30);
    await test.store.close();
  });

  it('comes in order: the log durable, the mark, the entries, the keyspace durable, the record', async () => {
    const test = await TestStore.open();
    await test.set('a');
    test.disk.operations.length = 0;
    await (await test.store.snapshots.at()).release();
    const steps = test.disk.operations.filter(({ kind }) => kind !== 'read');
    assert.deepEqual(
      steps.map((step) => [
        step.kind,
        inKeyspace(step) ? 'keyspace' : 'log',
        step.kind === 'put' ? String(step.keys[0]) : '',
        step.sync,
      ]),
      [
        ['durable', 'log', '', false],
        ['put', 'keyspace', 'mflushing', true],
        ['batch', 'keyspace', '', false],
        ['durable', 'keyspace', '', false],
        ['put', 'keyspace', 'mcheckpoint', true],
      ],
    );
    await test.store.close();
  });

  it('blocks the writer only if two layers wait and the third is full', async () => {
    const test = await TestStore.open({ budget: { overlayBytesMax: 2_000, replayBytesMax: 1e9 } });
    const gate = hold(test.disk, isChunk);
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < 10; i++) {
        await test.set(`k${i}`, Buffer.alloc(2_000));
        written++;
      }
    })();
    await until('it is held', gate.held);
    await turns(100);
    assert.equal(written, FROZEN_LAYERS_MAX + 1);
    assert.equal(await test.get('k0'), '\0'.repeat(2_000), 'reads are not held');
    gate.release();
    await writing;
    await test.store.close();
  });

  it('does not block a close for ever if the writer waits for it', async () => {
    const test = await TestStore.open({ budget: { overlayBytesMax: 2_000, replayBytesMax: 1e9 } });
    const gate = hold(test.disk, isChunk);
    const writes = Array.from({ length: 10 }, (_, i) =>
      test.set(`k${i}`, Buffer.alloc(2_000)).catch((error: HeadwaterError) => error.code),
    );
    await until('it is held', gate.held);
    await turns(50);
    const closing = test.store.close();
    await turns(5);
    gate.release();
    await closing;
    await Promise.all(writes);
    await test.open();
    await test.store.close();
  });

  it('leaves keys hidden by a clear to be deleted later: flushes and snapshots come first', async () => {
    const test = await TestStore.open();
    await test.submit(...Array.from({ length: 9_000 }, (_, i) => set(`k${i}`)));
    await (await test.store.snapshots.at()).release();
    await test.submit({ kind: 'flushAll' }, set('new'));
    const sweep = hold(
      test.disk,
      (operation) => isChunk(operation) && operation.keys[0]?.[0] === 'd'.charCodeAt(0) && operation.keys.length > 500,
    );
    await (await test.store.snapshots.at()).release();
    await until('the sweep has begun', sweep.held);
    const snapshot = test.store.snapshots.at();
    await test.set('newer');
    const later = test.store.snapshots.at();
    await turns(3);
    sweep.release();
    await (await snapshot).release();
    await (await later).release();
    const left = async () => {
      let rows = 0;
      for await (const _ of test.disk.raw(test.location('keyspace')).keys({ gte: dataStart(0), lt: dataStart(1) }))
        rows++;
      return rows;
    };
    assert((await left()) > 0, 'not all of it was swept before the snapshots');
    await until('all is swept', async () => (await left()) === 0);
    assert.equal(await test.store.snapshots.size(), 2);
    await test.store.close();
  });
});

describe('the compaction after a clear', () => {
  /** A store whose first compaction is held, with `keys` keys cleared and swept. */
  async function cleared(keys: number) {
    const test = await TestStore.open();
    for (let i = 0; i < keys; i += 4_000)
      await test.submit(...Array.from({ length: Math.min(4_000, keys - i) }, (_, j) => set(`k${i + j}`)));
    await (await test.store.snapshots.at()).release();
    await test.submit({ kind: 'flushAll' }, set('new'));
    const isCompaction = (operation: DiskOperation) => inKeyspace(operation) && operation.kind === 'compact';
    const gate = hold(test.disk, isCompaction);
    await (await test.store.snapshots.at()).release();
    await until('it has begun', gate.held);
    const compactions = () => test.disk.operations.filter(isCompaction).length;
    return { test, gate, compactions };
  }

  it('holds up neither flushes nor snapshots, and there is one at a time', async () => {
    const { test, gate, compactions } = await cleared(10);
    for (let i = 1; i <= 3; i++) {
      await test.submit({ kind: 'flushAll' }, set(`k${i}`));
      await (await test.store.snapshots.at()).release();
      assert.equal(await test.store.snapshots.size(), 1);
      await turns(30);
    }
    assert.equal(compactions(), 1);
    gate.release();
    await until('the others follow', () => compactions() === 4);
    await test.store.close();
  });

  it('is reported if it fails, and harms nothing', async () => {
    const { test, gate } = await cleared(10);
    gate.release(new Error('EIO'));
    await until(
      'it is told',
      () => test.logger.said(/space of deleted keys could not be freed now: EIO/, 'warn') === 1,
    );
    await test.set('more');
    assert.equal(await test.store.snapshots.size(), 2);
    assert.equal(test.logger.said(/./, 'error'), 0);
    await test.store.close();
  });

  it('ends with the piece in hand when the store is closed', async () => {
    const { test, gate, compactions } = await cleared(COMPACTION_RECORDS_MAX + 4_000);
    const durable = hold(test.disk, (operation) => inKeyspace(operation) && operation.kind === 'durable');
    const closing = test.store.close();
    await until('all but the databases is closed', durable.held);
    gate.release();
    await turns(10);
    durable.release();
    await closing;
    assert.equal(compactions(), 1);
    assert.deepEqual(test.disk.opened, []);
    assert.equal(test.logger.said(/./, 'warn') + test.logger.said(/./, 'error'), 0);
    assert.deepEqual(test.fatal, []);
  });
});

describe('a flush in hand', () => {
  it('ends after the chunk that is ready if the store is closed without a last checkpoint', async () => {
    const test = await TestStore.open();
    const names = Array.from({ length: 5_000 }, (_, i) => `k${i}`);
    for (let i = 0; i < names.length; i += 1_000)
      await test.submit(...names.slice(i, i + 1_000).map((name) => set(name)));
    let chunks = 0;
    let goOn = () => {};
    test.disk.fault = async (operation) => {
      if (isAppend(operation)) throw new Error('EIO');
      if (isChunk(operation) && ++chunks === 3)
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
    };
    const snapshot = test.store.snapshots.at();
    snapshot.catch(() => {});
    await until('it is held', () => chunks === 3);
    await assert.rejects(test.set('lost'), refused('outcome_unknown'));
    await turns(10);
    test.disk.fault = (operation) => {
      if (isChunk(operation)) chunks++;
    };
    goOn();
    await until('it is open again', () => test.store.data.isServing, { clock: test.clock, stepMs: 50 });
    assert.equal(chunks, 4, 'the one in hand, and the one that was ready behind it');
    assert.equal(test.logger.said(/^checkpoint at offset/), 0);
    await assert.rejects(snapshot, refused('unavailable'));
    assert.equal(test.logger.said(/The store takes no more writes/, 'error'), 1, 'the append, and nothing else');
    assert.equal(await test.store.snapshots.size(), names.length);
    for (const name of ['k0', 'k2500', 'k4999']) assert.equal(await test.get(name), 'v');
    assert.deepEqual(test.fatal, []);
    await test.store.close();
  });
});

describe('the checkpoint of a stop', () => {
  const NAMES = Array.from({ length: 5_000 }, (_, i) => `k${i}`);

  /** A store whose keyspace takes a second for each chunk. */
  async function slow(budget?: { overlayBytesMax: number; replayBytesMax: number }): Promise<TestStore> {
    const test = await TestStore.open(budget && { budget });
    test.disk.fault = (operation) => (isChunk(operation) ? sleep(test.clock, 1_000) : undefined);
    return test;
  }

  /** @returns how many chunks were begun before it was closed: its own files are on a real disk, which the clock knows nothing of. */
  async function chunksUntil(test: TestStore, closing: Promise<void>): Promise<number> {
    const before = test.disk.operations.filter(isChunk).length;
    let done = false;
    void closing.then(() => {
      done = true;
    });
    await until('it is closed', () => done, { clock: test.clock, stepMs: 50 });
    return test.disk.operations.filter(isChunk).length - before;
  }

  it('is given up when its time is over, with a message, and nothing is lost', async () => {
    const test = await slow();
    await test.submit(...NAMES.map((name) => set(name)));
    const chunks = await chunksUntil(test, test.store.close({ checkpointMs: 2_500 }));
    assert(chunks >= 1 && chunks <= 4, `${chunks} chunks`);
    assert.equal(
      test.logger.said(/the last checkpoint is not complete after 2\.5 s: the next start replays/, 'warn'),
      1,
    );
    test.disk.fault = undefined;
    await test.open();
    assert.equal(test.store.data.progress.checkpoint.offset, 0);
    assert.equal(await test.store.snapshots.size(), NAMES.length);
    await test.store.close();
  });

  it('holds up no write that waits for room in memory', async () => {
    const test = await slow({ overlayBytesMax: 100_000, replayBytesMax: 1e9 });
    const writes = NAMES.map((name) => test.set(name, Buffer.alloc(1_000)));
    const answers = Promise.allSettled(writes);
    await until('one waits', () => test.store.writes.waits.currentMs > 500, { clock: test.clock, stepMs: 50 });
    const chunks = await chunksUntil(test, test.store.close({ checkpointMs: 2_500 }));
    assert(chunks <= 3, `${chunks} chunks`);
    const answered = (await answers).filter(({ status }) => status === 'fulfilled').length;
    test.disk.fault = undefined;
    await test.open();
    assert.equal(await test.store.snapshots.size(), answered);
    await test.store.close();
  });

  it('is made if there is time', async () => {
    const test = await slow();
    await test.submit(...NAMES.map((name) => set(name)));
    assert(NAMES.length / 256 <= (await chunksUntil(test, test.store.close({ checkpointMs: 60_000 }))));
    assert.equal(test.logger.said(/not done/), 0);
    test.disk.fault = undefined;
    await test.open();
    assert.equal(test.store.data.progress.checkpoint.offset, NAMES.length);
    await test.store.close();
  });
});

describe('a snapshot of the store', () => {
  it('is at or after what was acknowledged before it was asked', async () => {
    const test = await TestStore.open();
    for (let i = 1; i <= 5; i++) {
      await test.set(`k${i}`);
      const snapshot = await test.store.snapshots.at();
      assert.equal(snapshot.position.offset, i);
      assert.deepEqual([(await snapshot.digest()).keys, snapshot.keys], [i, i]);
      await snapshot.release();
    }
    await test.store.close();
  });

  it('is shared by all callers while nothing is written, and ends with the last of them', async () => {
    const test = await TestStore.open();
    await test.set('a');
    const [one, two] = await Promise.all([test.store.snapshots.at(), test.store.snapshots.at()]);
    const three = await test.store.snapshots.at();
    assert(one === two && two === three);
    await one.release();
    await two.release();
    assert(!three.closed);
    await three.release();
    assert(three.closed);
    await test.store.close();
  });

  it('is shared for a second with callers that may see the past, and only with them', async () => {
    const test = await TestStore.open();
    await test.set('a');
    const old = await test.store.snapshots.at();
    await test.set('b');
    const shared = await test.store.snapshots.at({ share: true });
    assert(shared === old);
    const exact = await test.store.snapshots.at();
    assert.equal(exact.position.offset, 2);
    await test.set('c');
    await test.clock.advance(SNAPSHOT_SHARE_MS + 1);
    const late = await test.store.snapshots.at({ share: true });
    assert.equal(late.position.offset, 3);
    for (const snapshot of [old, shared, exact, late]) await snapshot.release();
    await test.store.close();
  });

  it('lasts as long as it is read, as a full resync over a slow link does for hours', async () => {
    const test = await TestStore.open();
    for (let i = 0; i < 10; i++) await test.set(`k${i}`);
    const snapshot = await test.store.snapshots.at();
    let keys = 0;
    for await (const chunk of snapshot.chunks(Buffer.alloc(0), 1)) {
      keys += chunk.length;
      await test.clock.advance(0.6 * SNAPSHOT_UNREAD_MS_MAX);
    }
    assert.equal(keys, 10);
    await snapshot.release();
    await test.store.close();
  });

  it('ends by itself if it was forgotten', async () => {
    const test = await TestStore.open();
    await test.set('a');
    const snapshot = await test.store.snapshots.at();
    await test.clock.advance(SNAPSHOT_UNREAD_MS_MAX + 1);
    assert(snapshot.closed);
    await assert.rejects(snapshot.digest(), refused('unavailable', /its reader read nothing for 60 minutes/));
    await test.store.close();
  });

  it('leaves no timer behind', async () => {
    const test = await TestStore.open();
    const write = async () => {
      await test.set('a');
      await (await test.store.snapshots.at()).release();
      await turns(30);
    };
    await write();
    const resting = test.clock.waiting;
    for (let i = 0; i < 5; i++) await write();
    assert.equal(test.clock.waiting, resting);
    await test.store.close();
  });

  it('is at least as late as each request, with many requests during a flush', async () => {
    const test = await TestStore.open();
    const gate = hold(test.disk, isChunk);
    await test.set('a');
    const first = test.store.snapshots.at();
    await until('it is held', gate.held);
    await test.set('b');
    const second = test.store.snapshots.at();
    await test.set('c');
    const third = test.store.snapshots.at();
    gate.release();
    const snapshots = await Promise.all([first, second, third]);
    for (const [i, snapshot] of snapshots.entries()) {
      assert(snapshot.position.offset >= i + 1);
      await snapshot.release();
    }
    await test.store.close();
  });
});

describe('the number of keys', () => {
  it('is exact at every moment', async () => {
    const test = await TestStore.open({ budget: { overlayBytesMax: 2_000, replayBytesMax: 1e9 } });
    const keys = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const name = `k${(i * 7) % 25}`;
      if (i % 3 === 2) {
        await test.submit({ kind: 'delete', keys: [key(name)] });
        keys.delete(name);
      } else {
        await test.set(name, Buffer.alloc(100));
        keys.add(name);
      }
      assert.equal(await test.store.snapshots.size(), keys.size);
    }
    await test.store.close();
  });

  it('is known again after a crash in the middle of a flush, by a count in the background', async () => {
    const test = await TestStore.open();
    await test.submit(...Array.from({ length: 700 }, (_, i) => set(`k${i}`)));
    let chunks = 0;
    test.disk.fault = (operation) => {
      if (isChunk(operation) && ++chunks === 3) test.disk.crash();
    };
    void test.store.snapshots.at();
    await until('it has died', () => test.disk.opened.length === 0);
    await test.restart();
    assert.equal(await test.store.snapshots.size(), 700);
    await test.set('more');
    assert.equal(await test.store.snapshots.size(), 701);
    await test.store.close();
  });

  it('is answered after such a crash though an earlier snapshot is still held', async () => {
    const test = await TestStore.open();
    await test.submit(...Array.from({ length: 700 }, (_, i) => set(`k${i}`)));
    let chunks = 0;
    test.disk.fault = (operation) => {
      if (isChunk(operation) && ++chunks === 2) test.disk.crash();
    };
    void test.store.snapshots.at();
    await until('it has died', () => test.disk.opened.length === 0);
    // The keyspace is read three times to open it, then for the prints of the keys, and then to count it.
    let reads = 0;
    const gate = hold(test.disk, (operation) => inKeyspace(operation) && operation.kind === 'read' && ++reads === 5);
    await test.open();
    const held = await test.store.snapshots.at();
    assert.equal(held.keys, undefined, 'it is not counted yet');
    gate.release();
    reads = 0;
    test.disk.fault = ({ kind }) => {
      if (kind === 'read' && ++reads > 1_000) throw new Error('it counts for ever');
    };
    assert.equal(await test.store.snapshots.size(), 700);
    await held.release();
    test.disk.fault = undefined;
    await test.store.close();
  });

  it('does not hold up a close while it is counted', async () => {
    const test = await TestStore.open();
    await test.submit(...Array.from({ length: 4_000 }, (_, i) => set(`k${i}`)));
    let chunks = 0;
    test.disk.fault = (operation) => {
      if (isChunk(operation) && ++chunks === 10) test.disk.crash();
    };
    void test.store.snapshots.at();
    await until('it has died', () => test.disk.opened.length === 0);
    test.disk.crash();
    // The keyspace is read three times to open it, then for the prints of the keys, and then to count it.
    let reads = 0;
    const gate = hold(test.disk, (operation) => inKeyspace(operation) && operation.kind === 'read' && ++reads === 5);
    await test.open();
    assert(gate.held());
    const counting = test.store.snapshots.size();
    counting.catch(() => {});
    const closing = test.store.close();
    await turns(100);
    const before = test.disk.operations.filter(({ kind }) => kind === 'read').length;
    gate.release();
    await closing;
    await assert.rejects(counting, refused('shutting_down'));
    const more = test.disk.operations.filter(({ kind }) => kind === 'read').length - before;
    assert(more < 3, `${more} more reads`);
  });
});

describe('a disk that fails under a checkpoint', () => {
  for (const step of ['durable', 'put', 'batch'] as const) {
    it(`(${step}) makes the store open again with all acknowledged writes`, async () => {
      const test = await TestStore.open();
      await test.submit(set('a', '1'), increment('n'));
      let failed = false;
      let write: Promise<unknown> = Promise.resolve();
      test.disk.fault = (operation) => {
        if (failed || !inKeyspace(operation) || operation.kind !== step) return;
        failed = true;
        write = test.submit(increment('n')).catch((error: unknown) => error);
        throw new Error('EIO');
      };
      await assert.rejects(test.store.snapshots.at(), /EIO/);
      await until('it is open again', () => test.store.data.isServing, { clock: test.clock, stepMs: 50 });
      const outcome = await write;
      test.disk.fault = undefined;
      const value = Number(await test.get('n'));
      assert(value === 2 || (value === 1 && outcome instanceof HeadwaterError), `${value}, ${String(outcome)}`);
      await test.set('b');
      assert.equal(await test.store.snapshots.size(), 3);
      assert.deepEqual(test.fatal, []);
      await test.store.close();
    });
  }

  it('releases a writer that waits for room, and no acknowledged write is lost', async () => {
    const test = await TestStore.open({ budget: { overlayBytesMax: 2_000, replayBytesMax: 1e9 } });
    const gate = hold(test.disk, isChunk);
    const outcomes = Array.from({ length: 8 }, async (_, i) => {
      await turns(i * 6);
      return test.set(`k${i}`, Buffer.alloc(2_000)).then(
        () => true,
        () => false,
      );
    });
    await until('it is held', gate.held);
    await turns(60);
    gate.release(new Error('EIO'));
    const acknowledged = await Promise.all(outcomes);
    await until('it is open again', () => test.store.data.isServing, { clock: test.clock, stepMs: 50 });
    for (let i = 0; i < 8; i++) if (acknowledged[i]) assert.equal((await test.get(`k${i}`))?.length, 2_000);
    await test.store.close();
  });

  it('keeps the store closed, and its memory bounded, while recovery fails', async () => {
    const test = await TestStore.open();
    for (let i = 0; i < 60; i++) await test.set(`k${i}`, Buffer.alloc(500));
    test.disk.crash();
    const budget = { overlayBytesMax: 2_000, replayBytesMax: 1e9 };
    for (const step of ['batch', 'put', 'durable'] as const) {
      test.disk.fault = (operation) => {
        if (inKeyspace(operation) && operation.kind === step) throw new Error('ENOSPC');
      };
      await assert.rejects(test.another({ budget }), refused('disk_full', /ENOSPC/));
      assert.deepEqual(test.disk.opened, []);
    }
    test.disk.fault = undefined;
    const sound = await test.another({ budget });
    assert.equal(sound.store.data.position.offset, 60);
    assert(sound.store.data.progress.checkpoint.offset > 40, 'replay has written out what is over the budget');
    assert.equal(await sound.store.snapshots.size(), 60);
    await sound.store.close();
  });

  it('makes the store open again if it fails right after recovery', async () => {
    const test = await TestStore.open();
    for (let i = 0; i < 6; i++) await test.set(`k${i}`, Buffer.alloc(500));
    test.disk.crash();
    let failures = 0;
    test.disk.fault = (operation) => {
      if (isChunk(operation) && failures++ === 0) throw new Error('ENOSPC');
    };
    const sound = await test
      .another({ budget: { overlayBytesMax: 2_000, replayBytesMax: 1e9 } })
      .catch(() => test.another());
    await until('it is open again, and has a checkpoint', () => sound.store.data.isServing && failures > 0, {
      clock: test.clock,
      stepMs: 50,
    });
    await (await sound.store.snapshots.at()).release();
    assert.equal(sound.store.data.progress.checkpoint.offset, 6);
    await sound.store.close();
  });

  it('is tried again, slower each time, until the store is closed', async () => {
    const test = await TestStore.open();
    await test.set('a');
    test.disk.fault = (operation) => {
      if (isAppend(operation)) throw new Error('EIO');
    };
    await assert.rejects(test.set('b'));
    let opens = 0;
    test.disk.fault = ({ kind, location }) => {
      if (kind !== 'open' || !location.endsWith('/log')) return;
      opens++;
      throw new HeadwaterError('corrupt', 'the disk is gone');
    };
    await until('several attempts', () => opens > 3, { clock: test.clock, stepMs: 100 });
    assert(test.clock.monotonicMs() - 5_000 >= 1_000, `${test.clock.monotonicMs() - 5_000} ms for four attempts`);
    const { position, lineage, checkpoint } = test.store.data.progress;
    assert.deepEqual(
      [position.offset, lineage.rows.length, checkpoint.offset],
      [1, 1, 0],
      'it still tells where it was',
    );
    const why =
      /reopening after a failure: .*EIO; the store cannot be opened: the disk is gone\. The node will try again/;
    await assert.rejects(test.get('a'), refused('unavailable', why));
    assert.match(test.store.data.notServing?.message ?? '', why);
    await assert.rejects(test.store.roles.follow('127.0.0.1:1'), refused('unavailable', why));
    await test.store.close();
    assert.deepEqual(test.disk.opened, []);
  });

  it('does not create an empty data directory in the place of a lost one', async () => {
    const test = await TestStore.open();
    await test.set('a');
    await rename(test.directory, `${test.directory}.away`);
    test.disk.fault = (operation) => {
      if (isAppend(operation)) throw new Error('ENOENT');
    };
    await assert.rejects(test.set('b'));
    test.disk.fault = undefined;
    const missing =
      /cannot be opened: .*gen-000001\/log existed and is missing now\. Put it back: no empty database is made in its place/;
    await until('it has been tried', () => missing.test(test.store.data.notServing?.message ?? ''));
    await test.clock.advance(10_000);
    assert(!existsSync(test.directory));
    await rename(`${test.directory}.away`, test.directory);
    await until('it is open again', () => test.store.data.isServing, { clock: test.clock, stepMs: 100 });
    assert.equal(await test.get('a'), 'v');
    await test.store.close();
  });

  it('leaves nothing open or locked if it fails at the last durable point', async () => {
    const test = await TestStore.open();
    await test.set('a');
    await (await test.store.snapshots.at()).release();
    test.disk.fault = ({ kind }) => {
      if (kind === 'durable') throw new Error('EIO');
    };
    await assert.rejects(test.store.close(), /EIO/);
    assert.deepEqual(test.disk.opened, []);
    test.disk.fault = undefined;
    await test.open();
    assert.equal(await test.get('a'), 'v');
    await test.store.close();
  });
});

describe('a log that lost its end', () => {
  /** A store whose checkpoint is at 3 and whose log ends there too, killed; then the log loses its last block. */
  async function cut(role: 'leader' | 'follower'): Promise<TestStore> {
    const test = await TestStore.open();
    for (const name of ['a', 'b', 'c']) await test.set(name);
    await (await test.store.snapshots.at()).release();
    if (role === 'follower') await test.store.roles.follow('127.0.0.1:1');
    test.disk.crash();
    await test.disk.raw(test.location('log')).del(blockKey(3));
    return test;
  }

  it('below the checkpoint keeps a leader from opening', async () => {
    const test = await cut('leader');
    await assert.rejects(
      test.open(),
      refused('keyspace_incomplete', /log lost its end\. .*start it with --follow HOST:PORT/),
    );
    assert.deepEqual(test.disk.opened, []);
  });

  it('below the checkpoint leaves a follower that serves nothing and gives the reason', async () => {
    const test = await cut('follower');
    await test.open();
    const { store } = test;
    assert.deepEqual(
      [store.data.isServing, store.data.incomplete?.code, store.data.position.offset],
      [false, 'keyspace_incomplete', 2],
    );
    await assert.rejects(test.get('a'), refused('unavailable', /lost its end/));
    await assert.rejects(store.snapshots.size(), refused('unavailable'));
    await assert.rejects(store.intake.receive([], []), refused('unavailable'));
    assert.equal(test.logger.said(/This node serves nothing until it has made a full resync/), 1);
    await store.close();
    await test.open();
    assert.equal(test.store.data.incomplete?.code, 'keyspace_incomplete');
    await test.store.close();
  });

  it('leaves a leader up that opens again after a failure, without serving or leading', async () => {
    const test = await TestStore.open();
    for (const name of ['a', 'b', 'c']) await test.set(name);
    const { rows } = test.store.data.log.history.lineage;
    const serving: boolean[] = [];
    test.store.data.onServing((is) => void serving.push(is));
    await test.loseTail(3);
    const { store } = test;
    const advice = /lost its end\. This node neither serves nor leads .*"follow HOST:PORT".*--accept-data-loss/;
    await until('it is open again', () => advice.test(store.data.notServing?.message ?? ''));
    assert.equal(test.logger.said(advice, 'error'), 1);
    assert.equal(test.logger.said(/the store is open again|cannot be opened/), 0);
    assert.match(store.data.notServing?.message ?? '', advice);
    assert.deepEqual([store.data.isServing, store.roles.role, serving.at(-1)], [false, 'leader', false]);
    await assert.rejects(test.set('d'), refused('unavailable', advice));
    await assert.rejects(test.get('a'), refused('unavailable', advice));
    assert.deepEqual(store.data.log.history.lineage.rows, rows, 'no history was begun');
    const operations = test.disk.operations.length;
    await test.clock.advance(60 * 60_000);
    assert.equal(test.disk.operations.length, operations, 'the disk is left alone');
    assert.deepEqual(test.fatal, []);
    await store.roles.follow('127.0.0.1:1');
    assert.match(store.data.notServing?.message ?? '', /This node serves nothing until it has made a full resync/);
    await test.reopen();
    assert.deepEqual([test.store.roles.role, test.store.data.incomplete?.code], ['follower', 'keyspace_incomplete']);
    await test.store.close();
  });

  it('below a checkpoint that had begun is the same: the disk is ahead of the log', async () => {
    const test = await TestStore.open();
    for (const name of ['a', 'b', 'c']) await test.set(name);
    test.disk.fault = (operation) => {
      if (inKeyspace(operation) && operation.kind === 'durable') test.disk.crash();
    };
    void test.store.snapshots.at();
    await until('it has died', () => test.disk.opened.length === 0);
    test.disk.fault = undefined;
    await test.disk.raw(test.location('log')).del(blockKey(3));
    await assert.rejects(
      test.open(),
      refused(
        'keyspace_incomplete',
        /ends at offset 2, but a checkpoint up to 3 had begun\. The end of the log is lost/,
      ),
    );
    await test.open({ role: 'follower', upstream: '127.0.0.1:1' });
    assert.equal(test.store.data.incomplete?.code, 'keyspace_incomplete');
    await test.store.close();
  });

  it('still reports how far the keyspace may have gone, however often it is opened', async () => {
    for (const what of ['a checkpoint', 'a checkpoint that had begun'] as const) {
      const test = await TestStore.open();
      for (const name of ['a', 'b']) await test.set(name);
      await test.restart();
      await test.set('c');
      const { rows } = test.store.data.log.history.lineage;
      assert.equal(rows.length, 2);
      if (what === 'a checkpoint') {
        await (await test.store.snapshots.at()).release();
        test.disk.crash();
      } else {
        test.disk.fault = (operation) => {
          if (inKeyspace(operation) && operation.kind === 'durable') test.disk.crash();
        };
        void test.store.snapshots.at();
        await until('it has died', () => test.disk.opened.length === 0);
        test.disk.fault = undefined;
      }
      for (const offset of [2, 3]) await test.disk.raw(test.location('log')).del(blockKey(offset));
      await test.open({ role: 'follower', upstream: '127.0.0.1:1' });
      for (let round = 0; round < 2; round++) {
        const { store } = test;
        assert.deepEqual(
          [store.data.incomplete?.code, store.data.position.offset, store.data.generation.keyspaceOffset],
          ['keyspace_incomplete', 1, 3],
          what,
        );
        assert.deepEqual(store.data.generation.lineage.rows, rows, what);
        await test.reopen();
      }
      await test.store.close();
    }
  });

  it('with its rows still reports the histories that the checkpoint knows', async () => {
    const test = await cut('follower');
    const raw = test.disk.raw(test.location('log'));
    for (const key of [blockKey(1), blockKey(2), lineageKey(1)]) await raw.del(key);
    await test.open();
    const { store } = test;
    assert.deepEqual(
      [store.data.position.offset, store.data.log.history.lineage.rows.length, store.data.generation.keyspaceOffset],
      [0, 0, 3],
    );
    assert.deepEqual(
      store.data.generation.lineage.rows.map(({ firstOffset }) => firstOffset),
      [1],
    );
    await store.close();
  });

  it('above both is cut, loudly, and what lay behind the break is kept aside', async () => {
    const test = await TestStore.open();
    for (const name of ['a', 'b', 'c', 'd']) await test.set(name);
    test.disk.crash();
    const raw = test.disk.raw(test.location('log'));
    const bytes = (await raw.get(blockKey(3))) as Buffer;
    await raw.put(blockKey(3), flipped(bytes, 55 * 8));
    await test.open();
    assert.deepEqual([await test.get('b'), await test.get('c'), await test.get('d')], ['v', undefined, undefined]);
    assert.equal(test.logger.said(/cut after offset 2.*up to offset 4 were moved to damaged/, 'error'), 1);
    const [file] = await readdir(`${test.directory}/damaged`);
    assert.match(file as string, /^log-from-3-[0-9a-f]{32}\.blocks$/);
    const kept = await readFile(`${test.directory}/damaged/${file}`);
    assert.equal(kept.readUInt32BE(0), bytes.length);
    assert(kept.subarray(4, 4 + bytes.length).equals(flipped(bytes, 55 * 8)));
    await test.set('e');
    assert.equal(test.store.data.position.offset, 3);
    assert.equal(test.store.data.log.history.lineage.rows.length, 2);
    await test.store.close();
  });
});

describe('a damaged record under a checkpoint', () => {
  it('that is only touched stays as it is: the checkpoint does not fail over it for ever', async () => {
    const test = await TestStore.open();
    await test.submit(set('a'), set('b'));
    await test.reopen();
    // The touch is in memory when the disk changes the record.
    await test.submit({ kind: 'expire', key: key('a'), expiry: { expiresAtMs: 9_000_000_000_000 } });
    const raw = test.disk.raw(test.location('keyspace'));
    await raw.put(dataKey(0, key('a')), flipped((await raw.get(dataKey(0, key('a')))) as Buffer, 150));
    await (await test.store.snapshots.at()).release();
    await assert.rejects(test.get('a'), refused('corrupt'));
    assert.equal(await test.get('b'), 'v');
    assert.deepEqual(test.fatal, []);
    await test.store.close();
  });
});

describe('a snapshot of a range', () => {
  const wanted = (limit: number): RangeWanted => ({
    range: { from: Buffer.alloc(0), to: undefined },
    reverse: false,
    limit,
    keysOnly: false,
    keys: { matches: () => true, stepsFor: () => 1 },
  });

  async function keysIn({ snapshot }: RangeSnapshot, limit: number): Promise<string[]> {
    const found: string[] = [];
    for await (const chunk of snapshot.entries(wanted(limit).range, { reverse: false, limit }))
      for (const [name] of chunk) found.push(String(name));
    await snapshot.release();
    return found.slice(0, limit);
  }

  it('needs no checkpoint if memory holds little of the range, and is of one moment', async () => {
    const test = await TestStore.open();
    await test.set('a', 'on disk');
    await (await test.store.snapshots.at()).release();
    const { offset } = test.store.data.progress.checkpoint;
    await test.set('b', 'in memory');
    const range = await test.store.snapshots.range(wanted(10), () => 1);
    assert.equal(range.snapshot.position.offset, test.store.data.position.offset);
    await test.set('c', 'later');
    assert.deepEqual(await keysIn(range, 10), ['a', 'b']);
    assert.equal(test.store.data.progress.checkpoint.offset, offset);
    await test.store.close();
  });

  it('is not found by those who ask for a snapshot of everything', async () => {
    const test = await TestStore.open();
    await test.set('a');
    const range = await test.store.snapshots.range(wanted(1), () => 1);
    const all = await test.store.snapshots.at({ share: true });
    assert.notEqual(all, range.snapshot);
    assert.equal((await all.digest()).keys, 1);
    await Promise.all([all.release(), range.snapshot.release()]);
    await test.store.close();
  });

  it('waits for a checkpoint if memory holds more', async () => {
    const test = await TestStore.open();
    for (let i = 0; i < 3; i++) await test.set(`large${i}`, Buffer.alloc(SCAN_LAID_BYTES_MAX));
    const range = await test.store.snapshots.range(wanted(3), () => 1);
    assert.equal(test.store.data.progress.checkpoint.offset, test.store.data.position.offset);
    assert.deepEqual(await keysIn(range, 3), ['large0', 'large1', 'large2']);
    await test.store.close();
  });

  it('is read while the disk has no room for a checkpoint, and closed with the store', async () => {
    const test = await TestStore.open();
    await test.set('a');
    test.disk.fault = (operation) => {
      if (isChunk(operation)) throw Object.assign(new Error('Input/output error'), { code: 'LEVEL_IO_ERROR' });
    };
    assert.deepEqual(await keysIn(await test.store.snapshots.range(wanted(5), () => 1), 5), ['a']);
    test.disk.fault = undefined;
    const { snapshot } = await test.store.snapshots.range(wanted(5), () => 1);
    await test.store.close();
    assert(snapshot.closed);
  });
});
