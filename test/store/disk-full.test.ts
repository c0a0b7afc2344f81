/**
 * A store whose disk is full: reads go on, writes are refused, nothing that was
 * acknowledged is lost, and it takes writes again by itself. Where a write has
 * met the end of the disk, at whichever operation, it opens anew for as long as
 * that takes.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { HeadwaterError } from '../../src/base/errors.js';
import { FLUSH_RETRY_MS, FLUSH_SPARE_BYTES, RETENTION_INTERVAL_MS, SPACE_LOOK_MS } from '../../src/base/limits.js';
import { TestClock, turns, until } from '../support/clock.js';
import { MemoryDisk, removeTemporaryDirectories } from '../support/database.js';
import { FullDisk } from '../support/full-disk.js';
import { increment, key, type Options, RecordingLogger, set, TestStore } from '../support/store.js';

const MiB = 2 ** 20;
const FLOOR = 100 * MiB;
const PLENTY = 1_000 * MiB;
const BALLAST = 64 * 1024;

describe('a store on a full disk', () => {
  let full: FullDisk;
  let test: TestStore;

  beforeEach(() => {
    full = new FullDisk();
    full.free = PLENTY;
  });

  afterEach(async () => {
    assert.deepEqual(test.fatal, []);
    await test.store.close();
    await removeTemporaryDirectories();
  });

  function options(more: Options = {}): Options {
    return { files: full.files, minFreeBytes: FLOOR, ballastBytes: BALLAST, ...more };
  }

  async function open(more: Options = {}): Promise<void> {
    test = await TestStore.open(options(more));
    await hasBallast();
  }

  async function hasBallast(): Promise<void> {
    const step = { clock: test.clock, stepMs: SPACE_LOOK_MS };
    const isThere = async () => (await readdir(test.directory)).includes('ballast') && full.inHand === 0;
    await until('the ballast is there', isThere, step);
    await turns(2);
  }

  async function free(bytes: number): Promise<void> {
    full.free = bytes;
    await test.store.space.look();
  }

  async function code(work: Promise<unknown>): Promise<string> {
    return work.then(
      () => 'done',
      (error: HeadwaterError) => error.code,
    );
  }

  it('refuses writes, answers reads, and accepts writes again when there is room', async () => {
    await open();
    await test.set('a', 'before');
    await free(FLOOR - 1);
    const [refused, read, counted] = await test.submit(
      set('a', 'after'),
      { kind: 'get', key: key('a') },
      increment('n'),
    );
    assert(refused?.kind === 'error' && counted?.kind === 'error');
    assert.deepEqual([refused.error.code, counted.error.code], ['disk_full', 'disk_full']);
    assert.match(refused.error.message, /this node takes no writes until 112\.5 MiB are free; 100\.0 MiB are free/);
    assert(read?.kind === 'get');
    assert.equal(read.value?.toString(), 'before');
    assert.equal(test.store.data.position.offset, 1);
    const message = { channel: key('c'), data: key('d') };
    assert.equal(await code(test.store.writes.publish({ ...message, durable: true })), 'disk_full');
    assert.equal(await test.store.writes.publish({ ...message, durable: false }), 1);
    await free(PLENTY);
    await test.set('a', 'after');
    assert.equal(await test.get('a'), 'after');
    assert.equal(test.logger.said(/opens again/), 0);
  });

  it('deletes no expired keys, hides them all the same, and deletes them when there is room', async () => {
    await open();
    await test.set('a', 'v', 1_000);
    await free(0);
    for (let i = 0; i < 20; i++) await test.clock.advance(500);
    assert.equal(await test.get('a'), undefined);
    assert.equal(test.store.data.position.offset, 1);
    full.free = PLENTY;
    await until('it is deleted', () => test.store.data.position.offset === 2, { clock: test.clock, stepMs: 100 });
  });

  it('begins no checkpoint that would fail halfway, and refuses a request for one', async () => {
    await open({ budget: { overlayBytesMax: 2_000, replayBytesMax: 1e9 } });
    await test.set('first');
    await (await test.store.snapshots.at()).release();
    // Writes are on their way when the disk fills up.
    const submitted = Promise.all(Array.from({ length: 10 }, (_, i) => test.set(`k${i}`, Buffer.alloc(2_000))));
    await free(FLUSH_SPARE_BYTES);
    await submitted;
    for (let i = 0; i < 10; i++) assert.equal((await test.get(`k${i}`))?.length, 2_000);
    const { offset } = test.store.data.progress.checkpoint;
    assert.equal(await code(test.store.snapshots.size()), 'disk_full');
    await assert.rejects(test.store.snapshots.at(), {
      code: 'disk_full',
      message: /no room for a checkpoint until 16\.\d/,
    });
    assert.equal(test.store.data.progress.checkpoint.offset, offset);
    assert.equal(test.logger.said(/no room for a checkpoint/, 'warn'), 1);
    // Some room, though writes are not taken yet.
    full.free = FLUSH_SPARE_BYTES + MiB;
    await test.clock.advance(FLUSH_RETRY_MS);
    await until('it is made', () => test.store.data.progress.checkpoint.offset > offset);
    assert.equal(await test.store.snapshots.size(), 11);
    assert.match(JSON.stringify(await test.submit(set('more'))), /disk_full/);
  });

  it('closes and opens again, with everything, while no checkpoint can be made', async () => {
    await open({ budget: { overlayBytesMax: 2_000, replayBytesMax: 1e9 } });
    const submitted = Promise.all(Array.from({ length: 10 }, (_, i) => test.set(`k${i}`, Buffer.alloc(2_000))));
    await free(1);
    await submitted;
    await test.reopen();
    assert.equal(test.store.data.progress.checkpoint.offset, 0);
    for (let i = 0; i < 10; i++) assert.equal((await test.get(`k${i}`))?.length, 2_000);
    assert.match(JSON.stringify(await test.submit(set('more'))), /disk_full/);
  });

  it('opens with all data if its memory is smaller than before and no checkpoint fits', async () => {
    await open();
    for (let i = 0; i < 10; i++) await test.set(`k${i}`, Buffer.alloc(2_000));
    await test.store.space.close();
    test.disk.crash();
    full.free = 1;
    test = await test.another(options({ budget: { overlayBytesMax: 2_000, replayBytesMax: 1e9 } }));
    for (let i = 0; i < 10; i++) assert.equal((await test.get(`k${i}`))?.length, 2_000);
    assert.equal(test.store.data.progress.checkpoint.offset, 0);
    full.free = PLENTY;
    await until('it is written out', () => test.store.data.progress.checkpoint.offset > 0, {
      clock: test.clock,
      stepMs: 100,
    });
  });

  it('trims its log as far as it can without a checkpoint', async () => {
    await open({ logRetentionBytes: 4_000 });
    for (let i = 0; i < 10; i++) await test.set(`k${i}`, Buffer.alloc(1_000));
    await (await test.store.snapshots.at()).release();
    for (let i = 10; i < 20; i++) await test.set(`k${i}`, Buffer.alloc(1_000));
    await free(2 * MiB);
    const step = { clock: test.clock, stepMs: RETENTION_INTERVAL_MS };
    await until('it is trimmed', () => test.store.data.log.base.offset === 10, step);
    await test.clock.advance(5 * RETENTION_INTERVAL_MS);
    assert.equal(test.store.data.log.base.offset, 10);
    assert.equal(test.logger.said(/opens again/), 0);
    full.free = PLENTY;
    await until('the rest is trimmed', () => test.store.data.log.base.offset > 10, step);
  });

  it('opens again with the room of the ballast after a failed write, and makes another', async () => {
    await open();
    await test.set('a');
    test.disk.fault = full.fault;
    full.free = 0;
    full.fill();
    assert.equal(await code(test.set('b')), 'outcome_unknown');
    await until('it is open', () => test.store.data.isServing, { clock: test.clock, stepMs: 100 });
    assert.deepEqual([await test.get('a'), (await readdir(test.directory)).includes('ballast')], ['v', false]);
    assert.match(JSON.stringify(await test.submit(set('c'))), /disk_full/);
    await until('it is said', () => test.logger.said(/ballast was deleted/) === 1);
    full.free = PLENTY;
    await hasBallast();
    await until('there is room', () => test.store.space.refusal === undefined);
    await test.set('c');
    assert.equal(await test.get('c'), 'v');
  });

  it('retries for as long as it takes if that is not enough, and says why', async () => {
    full.ballastHelps = false;
    await open();
    await test.set('a');
    test.disk.fault = full.fault;
    full.fill();
    assert.equal(await code(test.set('b')), 'outcome_unknown');
    const step = { clock: test.clock, stepMs: 100 };
    await until('it was tried', () => test.logger.said(/cannot be opened/, 'error') > 0, step);
    for (let i = 0; i < 200; i++) await test.clock.advance(1_000);
    assert.equal(test.store.data.isServing, false);
    await assert.rejects(test.get('a'), { code: 'unavailable', message: /cannot be opened.*no space left on device/i });
    assert.equal(test.logger.said(/cannot be opened/, 'error'), 1);
    full.empty();
    await until('it is open', () => test.store.data.isServing, { clock: test.clock, stepMs: 1_000 });
    assert.equal(await test.get('a'), 'v');
    await until('there is room', () => test.store.space.refusal === undefined, { clock: test.clock, stepMs: 1_000 });
    await test.set('b');
  });

  it('starts with the room of the ballast after a kill, or refuses by name if that is too little', async () => {
    await open();
    await test.set('a');
    await test.store.space.close();
    test.disk.crash();
    full.free = 0;
    full.fill();
    test.disk.fault = full.fault;
    await test.open();
    assert.equal(await test.get('a'), 'v');
    assert.match(JSON.stringify(await test.submit(set('b'))), /disk_full/);
    await test.store.space.close();
    test.disk.crash();
    full.fill();
    await assert.rejects(test.open(), { code: 'disk_full', message: /cannot be opened .*until 48\.0 MiB are free/ });
    assert.deepEqual(test.disk.opened, []);
    full.empty();
    await test.open();
    assert.equal(await test.get('a'), 'v');
  });

  it('changes its role if that can be written, else says so and keeps the old one', async () => {
    await open();
    await test.set('a');
    await free(0);
    full.fill();
    await assert.rejects(test.store.roles.follow('127.0.0.1:1'), { code: 'disk_full', message: /node\.json/ });
    assert.equal(test.store.roles.role, 'leader');
    assert.equal(await test.get('a'), 'v');
    full.empty();
    await test.store.roles.follow('127.0.0.1:1');
    assert.equal(test.store.roles.role, 'follower');
    assert.deepEqual(
      (await readdir(test.directory)).filter((name) => name.endsWith('.new')),
      [],
    );
  });
});

describe('a database of which a write has failed', () => {
  it('believes no write that was in hand then: LevelDB loses what comes after, and says nothing', async () => {
    const disk = new MemoryDisk();
    const db = await disk.database();
    let writes = 0;
    disk.fault = ({ kind }) => {
      if (kind === 'put' && writes++ === 0) throw new Error('IO error: No space left on device');
    };
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((name) => db.put(key(name), key(name))));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
    assert.equal((await db.get(key('b')))?.toString(), 'b', 'though it is there for now');
  });
});

describe('a disk that is full at any operation', function () {
  this.timeout(120_000);
  afterEach(removeTemporaryDirectories);

  const KEYS = 5;
  const ROUNDS = 6;

  /**
   * Counters are written, written out and trimmed, and somewhere on the way
   * nothing has room any more; some time later there is room again. A write
   * that was answered is there in the end, one whose outcome is not known may
   * be, one that was refused is not.
   * @returns whether it was met at all.
   */
  async function met(operationsLeft: number, forMs: number): Promise<boolean> {
    const full = new FullDisk();
    full.ballastHelps = operationsLeft % 2 === 0;
    const clock = new TestClock();
    const logger = new RecordingLogger();
    const disk = new MemoryDisk();
    const test = await TestStore.open({
      clock,
      disk,
      logger,
      files: full.files,
      minFreeBytes: 1,
      ballastBytes: 1_024,
      logRetentionBytes: 1_000,
      fsync: operationsLeft % 3 === 0 ? 'always' : 'everysec',
      budget: { overlayBytesMax: 3_000, replayBytesMax: 3_000 },
    });
    disk.fault = full.fault;
    full.operationsLeft = operationsLeft;
    const least = Array.from({ length: KEYS }, () => 0);
    const most = Array.from({ length: KEYS }, () => 0);
    const write = async (i: number) => {
      most[i] = (most[i] as number) + 1;
      try {
        const [reply] = await test.submit(increment(`n${i}`), set(`v${i}`, Buffer.alloc(300)));
        if (reply?.kind === 'error') throw reply.error;
        least[i] = (least[i] as number) + 1;
      } catch (error) {
        assert(HeadwaterError.is(error), `${error}`);
        if (error.code !== 'outcome_unknown') most[i] = (most[i] as number) - 1;
      }
    };
    const round = async () => {
      for (let i = 0; i < KEYS; i++) await write(i);
      await test.store.snapshots
        .at()
        .then((snapshot) => snapshot.release())
        .catch(() => {});
      await clock.advance(500);
      await turns(3);
    };
    for (let i = 0; i < ROUNDS; i++) await round();
    const wasMet = full.failures > 0;
    for (let ms = 0; ms < forMs; ms += 500) await clock.advance(500);
    full.empty();
    const time = { clock, stepMs: 500 };
    await until('it serves', () => test.store.data.isServing, time);
    await until('it takes writes', () => test.store.space.refusal === undefined && test.store.data.isServing, time);
    for (let i = 0; i < 2; i++) await round();
    const check = async (when: string) => {
      for (let i = 0; i < KEYS; i++) {
        const value = Number((await test.get(`n${i}`)) ?? 0);
        const [from, to] = [least[i] as number, most[i] as number];
        assert(value >= from && value <= to, `${when}, n${i}: expected ${from} to ${to}, found ${value}`);
      }
    };
    await check('while it runs');
    await test.reopen();
    await check('opened again');
    assert.deepEqual(test.fatal, []);
    await test.store.close();
    assert.deepEqual(
      (await readdir(test.directory)).filter((name) => name.endsWith('.new')),
      [],
    );
    return wasMet;
  }

  it('has everything that was acknowledged, and takes writes again', async () => {
    let operations = 0;
    while (await met(operations, operations % 5 === 0 ? 10_000 : 0)) operations++;
    assert(operations > 50, `${operations} operations have failed`);
  });
});
