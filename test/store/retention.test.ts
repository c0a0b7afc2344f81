/** The log is kept to an age; how it is kept to a size is in test/replication/downstream/headroom.test.ts. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { sleep } from '../../src/base/clock.js';
import { RETENTION_SLACK_MS_MAX } from '../../src/base/limits.js';
import { openLevel } from '../../src/disk/level.js';
import { blockKey } from '../../src/log/rows.js';
import { until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { sizeOf } from '../support/directory-size.js';
import { TestStore } from '../support/store.js';

const MiB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const NEVER = new AbortController().signal;
/** As much as the log may be older before it is trimmed, and until that is seen. */
const SLACK_MS = RETENTION_SLACK_MS_MAX + 2_000;

describe('a log that is kept to an age', () => {
  let test: TestStore;

  afterEach(async () => {
    await test.store.close();
    assert.deepEqual(test.fatal, []);
    await removeTemporaryDirectories();
  });

  /** A block a minute. */
  async function write(minutes: number): Promise<void> {
    for (let i = 0; i < minutes; i++) {
      await test.set(`k${i % 10}`);
      await test.clock.advance(60_000);
    }
  }

  const first = () => test.store.data.log.base.offset + 1;

  async function oldestAgeMs(): Promise<number> {
    const [block] = await test.store.data.log.read(test.store.data.log.base.offset, 1);
    return test.store.clock.now() - (block?.timeMs ?? Number.POSITIVE_INFINITY);
  }

  it('loses what is older, soon after it is, and nothing else', async () => {
    test = await TestStore.open({ logRetentionMs: HOUR_MS });
    await write(60);
    assert.equal(first(), 1);
    await write(60);
    await until('it is trimmed', async () => (await oldestAgeMs()) <= HOUR_MS + SLACK_MS, {
      clock: test.clock,
      stepMs: 100,
    });
    assert((await oldestAgeMs()) > HOUR_MS - 60_000, 'nothing that is younger has gone');
    assert(test.store.data.progress.checkpoint.offset >= test.store.data.log.base.offset);
  });

  it('is empty in the end if nothing is written, and continues at its end', async () => {
    test = await TestStore.open({ logRetentionMs: HOUR_MS });
    await write(5);
    await until('it is empty', () => test.store.data.log.base.offset === 5, { clock: test.clock, stepMs: 60_000 });
    await test.set('goes on');
    assert.equal(first(), 6);
    assert.equal(await test.get('k1'), 'v');
    await test.restart();
    assert.deepEqual([first(), await test.get('k1'), await test.get('goes on')], [6, 'v', 'v']);
  });

  it('is trimmed by whichever comes first, its age or its size', async () => {
    test = await TestStore.open({ logRetentionMs: HOUR_MS, logRetentionBytes: 100 * 1024 });
    const large = () => test.set('large', Buffer.alloc(50 * 1024));
    for (let i = 0; i < 4; i++) await large();
    await until('it is trimmed to its size', () => first() === 3, { clock: test.clock, stepMs: 100 });
    await until('and then to its age', () => test.store.data.log.base.offset === 4, {
      clock: test.clock,
      stepMs: 60_000,
    });
  });

  it('is trimmed to another size or age as soon as they change', async () => {
    test = await TestStore.open({ logRetentionBytes: 16 * MiB });
    for (let i = 0; i < 4; i++) await test.set('large', Buffer.alloc(50 * 1024));
    await test.clock.advance(60_000);
    assert.equal(first(), 1);
    test.store.settings.retain({ logRetentionBytes: 100 * 1024 });
    await until('it is trimmed to the size', () => first() === 3, { clock: test.clock, stepMs: 100 });
    test.store.settings.retain({ logRetentionBytes: 100 * 1024, logRetentionMs: HOUR_MS });
    await until('and to the age', () => test.store.data.log.base.offset === 4, { clock: test.clock, stepMs: 60_000 });
  });

  it('keeps what is pinned, whatever its age, and reads nothing again and again for that', async () => {
    test = await TestStore.open({ logRetentionMs: HOUR_MS });
    await write(3);
    const pin = test.store.data.log.trimming.pin(2, 'somebody');
    await until('the rest goes', () => test.store.data.log.base.offset === 2, { clock: test.clock, stepMs: 60_000 });
    const reads = () => test.disk.operations.filter(({ kind }) => kind === 'read').length;
    const before = reads();
    await test.clock.advance(2 * HOUR_MS);
    assert.equal(test.store.data.log.base.offset, 2);
    assert(reads() - before < 10, `${reads() - before} reads`);
    test.store.data.log.trimming.unpin(pin);
    await until('it goes too', () => test.store.data.log.base.offset === 3, { clock: test.clock, stepMs: 1_000 });
  });

  it('stays as it is if the age of its blocks is unknown: a warning comes once', async () => {
    test = await TestStore.open({ logRetentionMs: HOUR_MS });
    await write(3);
    const raw = test.disk.raw(test.location('log'));
    for (const offset of [1, 2, 3]) await raw.put(blockKey(offset), Buffer.from('damaged'));
    await until('it is said', () => test.store.damage.message !== '', { clock: test.clock, stepMs: 60_000 });
    await test.clock.advance(600_000);
    assert.equal(test.logger.said(/at offset \d is damaged/, 'error'), 1);
    assert.equal(test.store.data.log.base.offset, 0);
    await test.set('goes on');
    assert.equal(await test.get('goes on'), 'v');
  });

  it('keeps up with the writes, also if the disk takes long to give its room back', async function () {
    this.timeout(60_000);
    test = await TestStore.open({ logRetentionBytes: 16 * MiB });
    test.disk.fault = async ({ kind, location }) => {
      if (kind === 'compact' && location === test.location('log')) await sleep(test.clock, 5_000, NEVER);
    };
    const bytes = () => test.store.data.log.lookup.bytesBetween(first() - 1, test.store.data.log.end.offset);
    const sizes: number[] = [];
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 8; i++) await test.set(`k${i}`, Buffer.alloc(MiB, round));
      for (let i = 0; i < 20; i++) await test.clock.advance(50);
      sizes.push(bytes());
    }
    const largest = Math.max(...sizes);
    assert(largest < 290 * MiB, `${largest} bytes of log, where 16 MiB are to be kept`);
    await until('it is trimmed to its size', () => bytes() <= 17 * MiB, { clock: test.clock, stepMs: 100 });
  });

  describe('gives the room back to the file system', function () {
    this.timeout(60_000);

    const size = () => sizeOf(test.location('log'));

    /** Bytes that LevelDB has written once more, as its own records tell. */
    async function rewritten(): Promise<number> {
      const told = await readFile(`${test.location('log')}/LOG`, 'utf8');
      return [...told.matchAll(/ Compacted .* => (\d+) bytes/g)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
    }

    async function writeHalfMiBs(count: number): Promise<void> {
      for (let i = 0; i < count; i++) await test.set(`k${i % 10}`, Buffer.alloc(MiB / 2, i));
    }

    it('of much at a time', async () => {
      test = await TestStore.open({ openDatabase: openLevel, logRetentionBytes: 16 * MiB });
      await writeHalfMiBs(160);
      const before = await size();
      assert(before > 80 * MiB, String(before));
      await until('its directory is smaller', async () => (await size()) < 40 * MiB, {
        clock: test.clock,
        stepMs: 100,
      });
      assert.equal(await test.get('k1').then((value) => value?.length), MiB / 2);
    });

    it('and rewrites little of the rest for that, however often', async () => {
      test = await TestStore.open({ openDatabase: openLevel, logRetentionBytes: 64 * MiB });
      await writeHalfMiBs(140);
      for (let round = 0; round < 10; round++) {
        await writeHalfMiBs(16);
        await until('its directory is small', async () => (await size()) < 70 * MiB, {
          clock: test.clock,
          stepMs: 100,
        });
      }
      const bytes = await rewritten();
      assert(bytes < 80 * MiB, `${bytes} bytes rewritten for 80 MiB that were written`);
    });
  });
});
