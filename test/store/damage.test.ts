/**
 * What the disk cannot give to those who work in the background: they go on as
 * far as they can, it is said once, and what is sound goes on being served.
 */
import assert from 'node:assert/strict';
import { RECOUNT_PAUSE_MS_MIN, RETENTION_INTERVAL_MS, RETENTION_STEP_BYTES } from '../../src/base/limits.js';
import { blockKey } from '../../src/log/rows.js';
import type { Operation } from '../../src/model/operation.js';
import { turns, until } from '../support/clock.js';
import { type DiskOperation, removeTemporaryDirectories } from '../support/database.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';

import { hold, isAppend, key, type Options, set, TestStore } from '../support/store.js';

describe('a disk that cannot be read', () => {
  let test: TestStore;
  let opens: number;

  async function open(options?: Options): Promise<void> {
    test = await TestStore.open(options);
    opens = 0;
  }

  /** Reads of the keyspace fail where they match; opens are counted. */
  function unreadable(matches: (operation: DiskOperation) => boolean): void {
    test.disk.fault = (operation) => {
      const { kind, location } = operation;
      if (kind === 'open') opens++;
      if (kind !== 'read' || !location.endsWith('/keyspace') || !matches(operation)) return;
      throw Object.assign(new Error('Corruption: block checksum mismatch'), { code: 'LEVEL_CORRUPTION' });
    };
  }

  const asked = ({ keys }: DiskOperation, name: string) => keys.some((one) => one.includes(name));

  afterEach(async () => {
    test.disk.fault = undefined;
    assert.deepEqual(test.fatal, []);
    await test.store.close();
    await removeTemporaryDirectories();
  });

  it('does not keep a layer from being written: only the number of keys is unknown', async () => {
    await open();
    await test.submit(set('a'), set('b'), set('gone'));
    await test.reopen();
    unreadable((operation) => operation.keys.length === 0 || asked(operation, 'a'));
    for (let round = 0; round < 3; round++) {
      await test.submit(set('new'), { kind: 'delete', keys: [key('gone')] });
      await test.submit({ kind: 'expire', key: key('b'), expiry: { expiresAtMs: 9_000_000_000_000 } });
      await test.submit(set('a', `${round}`));
      await (await test.store.snapshots.at()).release();
      assert.equal(test.store.data.progress.checkpoint.offset, test.store.data.position.offset);
      assert.equal(test.store.data.progress.checkpoint.keys, null);
      await assert.rejects(test.store.snapshots.size(), { code: 'corrupt' });
    }
    assert.equal(opens, 0);
    // Each count reads every key.
    const scans = () => test.disk.operations.filter(({ kind, keys }) => kind === 'read' && keys.length === 0).length;
    const before = scans();
    for (let asked = 0; asked < 20; asked++)
      await assert.rejects(test.store.snapshots.size(), {
        code: 'corrupt',
        message: /is unknown: .*Ask again in \d s/,
      });
    assert.equal(scans(), before);
    await test.clock.advance(RECOUNT_PAUSE_MS_MIN);
    await assert.rejects(test.store.snapshots.size(), { code: 'corrupt', message: /Corruption/ });
    assert.ok(scans() > before);
    assert.equal(test.store.data.isServing, true);
    assert.match(test.store.damage.message, /keyspace: Corruption.*; the number of keys is unknown/);
    assert.equal(test.logger.said(/the number of keys is unknown/, 'error'), 1);
    assert.deepEqual([await test.get('b'), await test.get('new'), await test.get('gone')], ['v', 'v', undefined]);
    test.disk.fault = undefined;
    await test.clock.advance(RECOUNT_PAUSE_MS_MIN);
    assert.equal(await test.store.snapshots.size(), 3);
    assert.equal(await test.get('a'), '2');
    assert.equal(test.store.damage.message, '');
  });

  it('is reported otherwise if only the prints of the keys cannot be collected', async () => {
    await open();
    await test.submit(set('a'), set('b'));
    await test.reopen();
    await test.store.snapshots.size();
    const row = Buffer.from('p\0\0\0\0\0\0\0\0\0\0\0\0', 'latin1');
    await test.disk.raw(test.disk.opened.find((location) => location.endsWith('/keyspace')) as string).put(row, row);
    // The first reads open the keyspace and find the damaged row. The next ones are of all keys.
    let reads = 0;
    unreadable(({ keys }) => keys.length === 0 && ++reads > 4);
    await test.reopen();
    await until('it is met', () => test.store.damage.message !== '');
    assert.match(test.store.damage.message, /Corruption.*; checkpoints and reads take longer/);
    await test.set('c');
    await (await test.store.snapshots.at()).release();
    assert.equal(test.store.data.progress.checkpoint.keys, 3);
    assert.match(test.store.damage.message, /; checkpoints and reads take longer/);
  });

  it('is not reported any more once a clear has made the number of keys known', async () => {
    await open();
    await test.submit(set('a'), set('b'));
    await test.reopen();
    unreadable((operation) => operation.keys.length === 0 || asked(operation, 'a'));
    await test.set('a', 'later');
    await assert.rejects(test.store.snapshots.size(), { code: 'corrupt' });
    assert.match(test.store.damage.message, /the number of keys is unknown/);
    test.disk.fault = undefined;
    await test.submit({ kind: 'flushAll' });
    assert.equal(await test.store.snapshots.size(), 0);
    assert.equal(test.store.damage.message, '');
  });

  it('does not make the store open again and again if a crash left the number of keys open', async () => {
    await open();
    await test.set('a');
    await test.store.snapshots.size();
    await test.set('b');
    const flush = hold(test.disk, ({ kind, location }) => kind === 'durable' && location.endsWith('/keyspace'));
    void test.store.snapshots.at().catch(() => {});
    await until('a flush is in hand', flush.held);
    test.disk.crash();
    unreadable((operation) => operation.keys.length === 0);
    await test.open();
    opens = 0;
    await test.set('c');
    for (let i = 0; i < 20; i++) await test.clock.advance(1_000);
    assert.deepEqual([opens, await test.get('a'), await test.get('c')], [0, 'v', 'v']);
  });

  it('keeps keys hidden by a clear on disk, and says so', async () => {
    await open();
    for (let i = 0; i < 5; i++) await test.set(`k${i}`);
    await (await test.store.snapshots.at()).release();
    unreadable((operation) => operation.keys.length === 0);
    await test.submit({ kind: 'flushAll' });
    await (await test.store.snapshots.at()).release();
    await until('the sweep has met it', () => /the space of deleted keys/.test(test.store.damage.message));
    await test.set('after');
    await (await test.store.snapshots.at()).release();
    assert.deepEqual([opens, await test.get('after'), await test.get('k0')], [0, 'v', undefined]);
    assert.equal(test.logger.said(/the space of deleted keys/, 'error'), 1);
  });

  it('returns reads of one state if descriptors are short, whatever is written meanwhile', async () => {
    await open();
    await test.submit(set('a', '0'), set('b', '1'));
    await test.reopen();
    await test.set('a', '1');
    let isOut = true;
    test.disk.fault = ({ kind, location, keys }) => {
      if (!isOut || kind !== 'read' || !location.endsWith('/keyspace') || keys.length !== 1) return;
      throw Object.assign(new Error('IO error: Too many open files'), { code: 'LEVEL_IO_ERROR' });
    };
    const reading = test.submit({ kind: 'get', key: key('a') }, { kind: 'get', key: key('b') });
    await turns(5);
    await test.submit(set('a', '2'), set('b', '2'));
    await (await test.store.snapshots.at()).release();
    isOut = false;
    const values = (await reading).map((reply) => (reply.kind === 'get' ? String(reply.value) : reply.kind));
    assert.deepEqual(values, ['1', '1']);
  });

  it('makes a trim go past a damaged block, so that the log begins with a whole one', async () => {
    const blockBytes = 1024 * 1024;
    await open({ logRetentionBytes: 2 * blockBytes });
    const stop = hold(test.disk, () => false);
    const blocks = (2 * RETENTION_STEP_BYTES) / blockBytes + 6;
    for (let i = 0; i < blocks; i++) await test.set('k', Buffer.alloc(blockBytes, i));
    stop.release();
    const raw = test.disk.raw(test.location('log'));
    for (let offset = 6; offset <= 9; offset++)
      await raw.put(blockKey(offset), Buffer.from('no block at all, whatever it was before'));
    await test.clock.advance(RETENTION_INTERVAL_MS);
    await until('it is trimmed', () => test.store.data.log.base.offset > 9, { clock: test.clock, stepMs: 5 });
    await until('to its size', () => test.store.data.log.base.offset >= blocks - 3, { clock: test.clock, stepMs: 5 });
    assert.equal(test.store.damage.message, '');
  });
});

describe('a checkpoint for which the disk cannot read a record', () => {
  const budget = { overlayBytesMax: 64 * 1024, replayBytesMax: 64 * 1024 * 1024 };
  let test: TestStore;
  let opens: number;

  /** The record of `touched` is given another expiry, and then it cannot be read: no damage, since it may be readable the next time. */
  async function open(): Promise<void> {
    test = await TestStore.open({ budget });
    await test.submit(set('touched'), set('other'));
    await test.reopen();
    opens = 0;
    await test.submit({ kind: 'expire', key: key('touched'), expiry: { expiresAtMs: 9_000_000_000_000 } });
    test.disk.fault = ({ kind, location, keys }) => {
      if (kind === 'open') opens++;
      if (kind !== 'read' || !location.endsWith('/keyspace') || !keys.some((one) => one.includes('touched'))) return;
      throw Object.assign(new Error('IO error: 000005.ldb: Input/output error'), { code: 'LEVEL_IO_ERROR' });
    };
  }

  afterEach(async () => {
    test.disk.fault = undefined;
    assert.deepEqual(test.fatal, []);
    await test.store.close();
    await removeTemporaryDirectories();
  });

  it('does not make the store open again and again, and is reported by status', async () => {
    await open();
    const { replicationId } = test.store.data.position;
    for (let round = 0; round < 20; round++) {
      await assert.rejects(test.store.snapshots.at(), { code: 'io_error' });
      await test.set('other', `${round}`);
      assert.equal(await test.get('other'), `${round}`);
      await test.clock.advance(20_000);
    }
    assert.equal(opens, 0);
    assert.equal(test.store.data.isServing, true);
    assert.equal(test.store.data.position.replicationId, replicationId);
    assert.match(test.store.damage.message, /Input\/output error; no checkpoint can be made/);
    assert.equal(test.logger.said(/no checkpoint can be made/, 'error'), 1);
    test.disk.fault = undefined;
    await test.clock.advance(60_000);
    await until('it is made', () => test.store.damage.message === '');
    assert.equal(await test.store.snapshots.size(), 2);
    await test.reopen();
    assert.equal(await expiryOfTouched(), 9_000_000_000_000);
  });

  it('is not reported once one is made, though the store opened again in between', async () => {
    await open();
    await assert.rejects(test.store.snapshots.at(), { code: 'io_error' });
    test.disk.fault = (operation) => {
      if (operation.kind === 'open') opens++;
      if (opens === 0 && isAppend(operation)) throw new Error('EIO');
    };
    await assert.rejects(test.set('fails'), { code: 'outcome_unknown' });
    await until('it is open again', () => opens > 0 && test.store.data.isServing, { clock: test.clock, stepMs: 100 });
    await (await test.store.snapshots.at()).release();
    assert.equal(test.store.damage.message, '');
  });

  const expiryOfTouched = async () => {
    const [reply] = await test.submit({ kind: 'timeToLive', key: key('touched') });
    assert.ok(reply?.kind === 'timeToLive');
    return reply.expiresAtMs;
  };

  it('blocks writes once memory is full, says why, and releases them when it can be read', async () => {
    await open();
    await assert.rejects(test.store.snapshots.at(), { code: 'io_error' });
    let written = 0;
    const writes = (async () => {
      for (; written < 40; written++) await test.set(`k${written}`, Buffer.alloc(16 * 1024));
    })();
    await until('writes wait', () => /no checkpoint can be made/.test(test.store.writes.waits.message), {
      clock: test.clock,
      stepMs: 100,
    });
    assert.ok(written < 20, `${written} writes of 16 KiB into ${budget.overlayBytesMax} bytes`);
    assert.match(test.store.writes.waits.message, /Input\/output error/);
    assert.equal(opens, 0);
    test.disk.fault = undefined;
    await until('they are done', () => written === 40, { clock: test.clock, stepMs: 100 });
    await writes;
    assert.equal(await test.store.snapshots.size(), 42);
  });

  it('is whole when it is made at last, wherever it had failed, and counts its keys right', async function () {
    this.timeout(120_000);
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    test = await TestStore.open();
    const model = new Map<string, string>();
    const name = () => `k${Math.floor(random() * 2_000)}`;
    let failed = 0;
    for (let round = 0; round < 30; round++) {
      if (random() < 0.1) {
        await test.submit({ kind: 'flushAll' });
        model.clear();
      }
      for (let batch = 0; batch < 6; batch++) {
        const operations: Operation[] = [];
        for (let i = 0; i < 200; i++) {
          const at = name();
          const dice = random();
          if (dice < 0.5) operations.push(set(at, `${round} ${i}`));
          else if (dice < 0.8) operations.push({ kind: 'delete', keys: [key(at)] });
          else operations.push({ kind: 'expire', key: key(at), expiry: { expiresAtMs: 9_000_000_000_000 + round } });
          if (dice < 0.5) model.set(at, `${round} ${i}`);
          else if (dice < 0.8) model.delete(at);
        }
        await test.submit(...operations);
      }
      test.disk.fault = ({ kind, location }) => {
        if (kind !== 'read' || !location.endsWith('/keyspace') || random() < 0.8) return;
        throw Object.assign(new Error('IO error: Input/output error'), { code: 'LEVEL_IO_ERROR' });
      };
      await test.store.snapshots.at().then(
        (snapshot) => snapshot.release(),
        () => failed++,
      );
      test.disk.fault = undefined;
      if (random() < 0.1) await test.restart();
      await test.clock.advance(60_000);
      if (random() < 0.5) assert.equal(await test.store.snapshots.size(), model.size, `seed ${seed}, round ${round}`);
    }
    assert.ok(failed > 5, `${failed} of 30 checkpoints have failed`);
    assert.equal(await test.store.snapshots.size(), model.size, `seed ${seed}`);
    for (const [at, value] of model) assert.equal(await test.get(at), value, `seed ${seed}: ${at}`);
    assert.equal(test.logger.said(/reopen|opens again/), 0);
  });

  it('blocks no change of roles, though writes wait for it', async () => {
    await open();
    await assert.rejects(test.store.snapshots.at(), { code: 'io_error' });
    const writes = (async () => {
      for (let i = 0; i < 40; i++) await test.set(`k${i}`, Buffer.alloc(16 * 1024));
    })();
    writes.catch(() => {});
    await until('writes wait', () => test.store.writes.waits.currentMs > 0, { clock: test.clock, stepMs: 100 });
    const { offset } = await test.store.writes.pause();
    assert.equal(test.store.data.position.offset, offset);
    test.store.writes.resume();
    await until('writes wait again', () => test.store.writes.waits.currentMs > 0, { clock: test.clock, stepMs: 100 });
    await test.store.roles.follow('127.0.0.1:1');
    assert.equal(test.store.roles.role, 'follower');
    await assert.rejects(writes, { code: 'read_only_follower' });
  });

  it('blocks no stop, though writes wait for it', async () => {
    await open();
    await assert.rejects(test.store.snapshots.at(), { code: 'io_error' });
    let written = 0;
    const writes = (async () => {
      for (; written < 40; written++) await test.set(`k${written}`, Buffer.alloc(16 * 1024));
    })();
    writes.catch(() => {});
    await until('writes wait', () => test.store.writes.waits.currentMs > 0, { clock: test.clock, stepMs: 100 });
    await test.store.close();
    await assert.rejects(writes, { code: 'shutting_down' });
    test.disk.fault = undefined;
    await test.open();
    assert.ok((await test.store.snapshots.size()) >= written + 2);
  });

  it('is left out at a stop, and the next start replays what is in the log', async () => {
    await open();
    await assert.rejects(test.store.snapshots.at(), { code: 'io_error' });
    await test.set('other', 'last');
    await test.store.close();
    test.disk.fault = undefined;
    await test.open();
    assert.equal(await test.get('other'), 'last');
    assert.equal(await test.store.snapshots.size(), 2);
    assert.equal(await expiryOfTouched(), 9_000_000_000_000);
  });
});

describe('a store that fails again as soon as it is open', () => {
  it('opens again more slowly each time, and says once why', async () => {
    const test = await TestStore.open();
    await test.set('a');
    test.disk.fault = ({ kind, location }) => {
      if (kind === 'batch' && location.endsWith('/keyspace')) throw new Error('EIO');
    };
    const opened = () => until('it is open again', () => test.store.data.isServing);
    for (const pauseMs of [0, 200, 400, 800, 1_600, 2_000, 2_000]) {
      await assert.rejects(test.store.snapshots.at(), /EIO/);
      if (pauseMs > 0) {
        // Closing takes some turns, and no time.
        await until('it waits', () => !test.disk.opened.some((name) => name.endsWith('/keyspace')));
        await turns(5);
        await test.clock.advance(pauseMs - 1);
        await turns(20);
        assert.equal(test.store.data.isServing, false, `${pauseMs} ms`);
        await test.clock.advance(1);
      }
      await opened();
      assert.equal(await test.get('a'), 'v');
    }
    assert.equal(test.logger.said(/EIO\. The store takes no more writes/, 'error'), 1);
    test.disk.fault = undefined;
    await test.clock.advance(60_000);
    assert.equal(await test.store.snapshots.size(), 1);
    await test.store.close();
  });
});
