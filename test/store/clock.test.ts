/** The clock of the log against that of the machine: at the start of a node, while it runs, and the way out of a time that is ahead. */
import assert from 'node:assert/strict';
import type { Block } from '../../src/log/block.js';
import { START_MS, TestClock, until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { key, set, TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

function clockAt(wallMs: number): TestClock {
  const clock = new TestClock();
  clock.setWall(wallMs);
  return clock;
}

async function remainingMs(test: TestStore, name: string): Promise<number | undefined> {
  const [reply] = await test.submit({ kind: 'timeToLive', key: key(name) });
  return reply?.kind === 'timeToLive' && reply.exists ? reply.ttlMs : undefined;
}

const refusal = { kind: 'error', code: 'unavailable', cause: 'CLOCK_IN_DOUBT' };

async function setting(test: TestStore, name: string, ttlMs: number) {
  const [reply] = await test.submit(set(name, 'v', ttlMs));
  if (reply?.kind !== 'error') return reply?.kind;
  return { kind: 'error', code: reply.error.code, cause: reply.error.details.cause };
}

async function blocksOf(test: TestStore): Promise<Block[]> {
  const { log } = test.store.data;
  return [...(await log.read(log.base.offset, 1e9))];
}

describe('a node that starts before the clock of its machine is set', () => {
  it('takes no time to live until it is, and then gives each key the whole of it', async () => {
    const test = await TestStore.open({ clock: clockAt(60_000) });
    assert.match(test.store.status.clock, /clock says 1970-01-01T00:01:00.000Z: the clock is not set/);
    assert.deepEqual(await setting(test, 'k', HOUR_MS), refusal);
    await test.set('plain');
    await test.submit({
      kind: 'set',
      key: key('till'),
      value: Buffer.from('v'),
      expiry: { expiresAtMs: START_MS + 500 },
    });
    test.clock.setWall(START_MS);
    assert.equal(test.store.status.clock, '');
    assert.equal(await test.get('till'), 'v');
    assert.equal(await setting(test, 'k', HOUR_MS), 'set');
    await test.clock.advance(HOUR_MS - 10);
    assert.equal(await test.get('k'), 'v');
    await test.clock.advance(10);
    assert.deepEqual([await test.get('k'), await test.get('plain')], [undefined, 'v']);
    await test.store.close();
  });

  it('continues from the last block, hides nothing too early, and catches up when it is set', async () => {
    const test = await TestStore.open();
    await test.set('k', 'v', HOUR_MS);
    await test.store.close();
    test.clock.setWall(1_000);
    await test.open();
    await test.clock.advance(HOUR_MS / 2);
    assert.equal(await test.get('k'), 'v');
    assert.deepEqual(await setting(test, 'new', 1_000), refusal);
    assert.equal(test.logger.said(/the clock is not set/, 'warn'), 1);
    test.clock.setWall(START_MS + DAY_MS);
    assert.equal(await test.get('k'), undefined);
    assert.equal(await setting(test, 'new', 1_000), 'set');
    await test.clock.advance(10_000);
    assert.equal(test.logger.said(/clocks? .*agree again/), 1);
    await test.store.close();
  });
});

describe('a node that starts with a clock that is a year ahead', () => {
  it('does not follow it, keeps keys that have not expired, and resumes when it is corrected', async () => {
    const test = await TestStore.open();
    await test.set('k', 'v', HOUR_MS);
    await test.store.close();
    test.clock.setWall(START_MS + YEAR_MS);
    await test.open();
    assert.match(test.store.status.clock, /365 days ahead of the log's time\. The log's time does not follow/);
    assert.deepEqual([await test.get('k'), await setting(test, 'new', 1_000)], ['v', refusal]);
    await test.set('plain');
    assert(test.store.data.endTimeMs < START_MS + HOUR_MS);
    test.clock.setWall(START_MS + 60_000);
    assert.equal(test.store.status.clock, '');
    assert.equal(await setting(test, 'new', 1_000), 'set');
    const left = await remainingMs(test, 'k');
    assert(left !== undefined && left <= HOUR_MS - 60_000);
    await test.store.close();
  });

  it('follows it if a person trusts it', async () => {
    const test = await TestStore.open();
    await test.set('k', 'v', HOUR_MS);
    await test.store.close();
    test.clock.setWall(START_MS + YEAR_MS);
    const again = await test.another({ trustClock: true });
    assert.deepEqual([again.store.status.clock, await again.get('k')], ['', undefined]);
    assert.equal(await setting(again, 'new', 1_000), 'set');
    await again.store.close();
  });
});

describe('a leader whose clock is set while it runs', () => {
  it('follows it ahead at once, and says so', async () => {
    const test = await TestStore.open();
    await test.set('k', 'v', HOUR_MS);
    await test.clock.advance(10_000);
    test.clock.setWall(START_MS + 2 * HOUR_MS);
    assert.equal(await test.get('k'), undefined);
    await test.clock.advance(10_000);
    assert.equal(test.logger.said(/clock jumped ahead by 71\d\d s/, 'warn'), 1);
    await test.store.close();
  });

  it('lets keys live at most twice as long if it is set back, and agrees with it in the end', async () => {
    const test = await TestStore.open();
    await test.set('before');
    test.clock.setWall(START_MS - HOUR_MS);
    await test.set('k', 'v', 10_000);
    await test.clock.advance(9_000);
    assert.equal(await test.get('k'), 'v');
    assert.match(test.store.status.clock, /35\d\d s behind the log's time, which runs at half speed/);
    await test.clock.advance(11_000);
    assert.equal(await test.get('k'), undefined);
    await test.clock.advance(2 * HOUR_MS);
    assert.deepEqual([test.store.status.clock, test.store.clock.aheadMs], ['', 0]);
    await test.store.close();
  });
});

describe('a leader that sets the time of its log back, because a person trusts its clock', () => {
  /** What ten keys with a time to live of an hour look like after a day with a clock that was a year ahead. */
  async function poisoned(): Promise<TestStore> {
    const test = await TestStore.open({ clock: clockAt(START_MS + YEAR_MS) });
    for (let i = 0; i < 10; i++) await test.set(`k${i}`, 'v', HOUR_MS);
    await test.set('plain');
    await test.store.close();
    test.clock.setWall(START_MS);
    return test;
  }

  const isDone = (test: TestStore) => test.logger.said(/has kept its remaining time to live/) > 0;

  it('gives each key the rest of its time, and needs no word at the next start', async () => {
    const test = await poisoned();
    await test.open();
    assert.match(test.store.status.clock, /behind the log's time/);
    await test.store.close();
    const again = await test.another({ trustClock: true });
    await until('all are moved', () => isDone(again), { clock: test.clock, stepMs: 1 });
    assert(Math.abs(again.store.clock.now() - test.clock.wallMs()) < 2);
    const left = await remainingMs(again, 'k3');
    assert(left !== undefined && left > HOUR_MS - 60_000 && left <= HOUR_MS, String(left));
    await again.store.close();
    await test.open();
    assert.equal(test.store.status.clock, '');
    await test.clock.advance(HOUR_MS);
    assert.deepEqual([await test.get('k3'), await test.get('plain')], [undefined, 'v']);
    await until('they are deleted', async () => (await test.store.snapshots.size()) === 1, {
      clock: test.clock,
      stepMs: 100,
    });
    await test.store.close();
  });

  it('sets back the clocks of its followers with the same block, and their data are equal', async () => {
    const test = await poisoned();
    const again = await test.another({ trustClock: true });
    await until('all are moved', () => isDone(again), { clock: test.clock, stepMs: 10 });
    const follower = await TestStore.follower({ clock: test.clock });
    const rows = again.store.data.log.history.lineage.rows;
    for (const block of await blocksOf(again)) {
      follower.store.intake.setTime(test.clock.wallMs());
      await follower.store.intake.receive(
        [block],
        rows.filter(({ firstOffset }) => firstOffset === block.firstOffset),
      );
    }
    assert(follower.store.clock.now() < START_MS + DAY_MS, new Date(follower.store.clock.now()).toISOString());
    assert.equal((await follower.store.snapshots.digest()).digest, (await again.store.snapshots.digest()).digest);
    await follower.store.close();
    await again.store.close();
  });

  it('keeps it after a kill, whenever that came, and moves no key twice', async () => {
    for (let kill = 0; kill < 12; kill++) {
      const test = await poisoned();
      const options = { trustClock: true, budget: { overlayBytesMax: 100, replayBytesMax: 100 } };
      const again = await test.another(options);
      for (let step = 0; step < kill && !isDone(again); step++) await test.clock.advance(1);
      test.disk.crash();
      await test.open();
      await test.set('later');
      const moved = async () => ((await remainingMs(test, 'k9')) ?? 0) <= HOUR_MS;
      await until('all are moved', moved, { clock: test.clock, stepMs: 10 });
      for (let i = 0; i < 10; i++) {
        const left = await remainingMs(test, `k${i}`);
        assert(left !== undefined && left > HOUR_MS - 60_000 && left <= HOUR_MS, `k${i}, killed at ${kill}: ${left}`);
      }
      assert.equal(test.store.status.clock, '');
      await test.store.close();
    }
  });
});
