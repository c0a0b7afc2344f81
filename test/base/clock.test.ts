/** The clock that the log sees: by whose time it goes, and when it may go back. */
import assert from 'node:assert/strict';
import { LogicalClock, systemClock } from '../../src/base/clock.js';
import { START_MS, TestClock } from '../support/clock.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('the logical clock', () => {
  let clock: TestClock;
  let logical: LogicalClock;

  beforeEach(() => {
    clock = new TestClock();
    logical = new LogicalClock(clock);
  });

  it('starts at the wall clock and follows it if that is set ahead', async () => {
    await clock.advance(1_500.7);
    assert.equal(logical.now(), START_MS + 1_500);
    clock.setWall(START_MS + HOUR_MS);
    assert.equal(logical.now(), START_MS + HOUR_MS);
  });

  it('passes at half its speed if the wall clock was set back, until that has caught up', async () => {
    assert.equal(logical.now(), START_MS);
    clock.setWall(START_MS - 1_000);
    const readings: number[] = [];
    for (let i = 0; i < 5; i++) {
      await clock.advance(500);
      readings.push(logical.now() - START_MS);
    }
    assert.deepEqual(readings, [250, 500, 750, 1_000, 1_500]);
  });

  it('never goes back, whatever becomes of the wall clock', async () => {
    let last = logical.now();
    for (const wallMs of [
      5,
      START_MS + HOUR_MS,
      START_MS - HOUR_MS,
      START_MS + 400 * DAY_MS,
      0,
      START_MS + 60 * DAY_MS,
    ]) {
      clock.setWall(wallMs);
      for (let i = 0; i < 3; i++) {
        await clock.advance(300);
        const now = logical.now();
        assert(now >= last && now - last < 70 * DAY_MS, `${now - last} ms after ${wallMs}`);
        last = now;
      }
    }
  });

  it('continues from the log if the wall clock is not set, and then follows the wall clock', async () => {
    clock.setWall(3_000);
    logical.advanceTo(START_MS);
    await clock.advance(1_000);
    assert.deepEqual([logical.now(), logical.doubt], [START_MS + 1_000, 'unset']);
    clock.setWall(START_MS + DAY_MS);
    assert.deepEqual([logical.now(), logical.doubt], [START_MS + DAY_MS, undefined]);
  });

  it('follows an unset wall clock over decades if the log holds no time', async () => {
    clock.setWall(3_000);
    await clock.advance(1_000);
    assert.deepEqual([logical.now(), logical.doubt], [4_000, 'unset']);
    logical.advanceTo(4_000);
    clock.setWall(START_MS);
    assert.deepEqual([logical.now(), logical.doubt], [START_MS, undefined]);
  });

  it('does not follow a wall clock that is a year ahead of the log, unless that is trusted', async () => {
    clock.setWall(START_MS + 365 * DAY_MS);
    for (const trusted of [false, true]) {
      const one = new LogicalClock(clock, { trusted });
      one.advanceTo(START_MS);
      await clock.advance(1_000);
      const expected = trusted ? clock.wallMs() : START_MS + 1_000;
      assert.deepEqual([one.now(), one.doubt], [expected, trusted ? undefined : 'far ahead']);
    }
    clock.setWall(START_MS + 10 * DAY_MS);
    logical.advanceTo(START_MS);
    assert.deepEqual([logical.now(), logical.doubt], [START_MS + 10 * DAY_MS, undefined]);
  });

  it('follows the wall clock again once it leads, from the time of its upstream on', async () => {
    logical.set(START_MS + 10_000);
    await clock.advance(1_000);
    assert.deepEqual([logical.now(), logical.aheadMs], [START_MS + 11_000, 10_000]);
    logical.lead();
    await clock.advance(2_000);
    assert.equal(logical.now(), START_MS + 12_000);
    logical.set(START_MS);
    logical.lead();
    assert.equal(logical.now(), START_MS + 3_000);
  });

  it('is set back by a step, which the next block logs, and by no other block', () => {
    logical.advanceTo(START_MS + DAY_MS);
    assert.equal(logical.blockTimeMs(5, 9), 9);
    logical.stepBack();
    assert.equal(logical.now(), START_MS);
    assert.equal(logical.blockTimeMs(5, 9), 5);
    logical.stepped(START_MS);
    logical.advanceTo(START_MS);
    assert.deepEqual([logical.now(), logical.blockTimeMs(5, 9)], [START_MS, 9]);
  });

  it('advances to a time that is ahead, and not to one that is behind', async () => {
    logical.advanceTo(START_MS + 100);
    logical.advanceTo(START_MS + 50);
    await clock.advance(10);
    assert.equal(logical.now(), START_MS + 105);
  });

  it('is set forward and back', async () => {
    for (const timeMs of [START_MS + 9_000, START_MS - 9_000]) {
      logical.set(timeMs);
      await clock.advance(5);
      assert.equal(logical.now(), timeMs + 5);
    }
  });

  it('follows a time that is ahead at once', async () => {
    logical.follow(START_MS + 9_000);
    await clock.advance(5);
    assert.equal(logical.now(), START_MS + 9_005);
  });

  it('follows a time that is behind by standing still until that has caught up', async () => {
    await clock.advance(1_000);
    logical.follow(START_MS + 700);
    const readings: number[] = [];
    for (let i = 0; i < 5; i++) {
      readings.push(logical.now() - START_MS);
      await clock.advance(100);
    }
    assert.deepEqual(readings, [1_000, 1_000, 1_000, 1_000, 1_100]);
  });

  it('does not go back if it is behind a block and then follows a time before that block', async () => {
    logical.follow(START_MS - 500);
    logical.advanceTo(START_MS + 200);
    logical.follow(START_MS - 400);
    await clock.advance(100);
    assert.equal(logical.now(), START_MS + 200);
  });

  it('may be set back while it stands still', () => {
    logical.follow(START_MS - 500);
    logical.set(START_MS - 400);
    assert.equal(logical.now(), START_MS - 400);
  });
});

describe('the clock of the machine', () => {
  it('does not run at once what is to run in a hundred years', async () => {
    let ran = false;
    const cancel = systemClock.after(100 * 365 * 86_400_000, () => {
      ran = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    cancel();
    assert.equal(ran, false);
  });
});
