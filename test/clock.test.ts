/** The clock that the log sees: by whose time it goes, and when it may go back. */
import assert from 'node:assert/strict';
import { LogicalClock, systemClock } from '../src/clock.js';
import { START_MS, TestClock } from './support/clock.js';

describe('the logical clock', () => {
  let clock: TestClock;
  let logical: LogicalClock;

  beforeEach(() => {
    clock = new TestClock();
    logical = new LogicalClock(clock);
  });

  it('starts at the wall clock and goes on by time elapsed, whatever becomes of that', async () => {
    clock.setWall(5);
    await clock.advance(1_500.7);
    assert.equal(logical.now(), START_MS + 1_500);
  });

  it('advances to a time that is ahead, and not to one that is behind', async () => {
    logical.advanceTo(START_MS + 100);
    logical.advanceTo(START_MS + 50);
    await clock.advance(10);
    assert.equal(logical.now(), START_MS + 110);
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

  it('does not go back where it is behind a block and then follows a time before that block', async () => {
    logical.follow(START_MS - 500);
    logical.advanceTo(START_MS + 200);
    logical.follow(START_MS - 400);
    await clock.advance(100);
    assert.equal(logical.now(), START_MS + 200);
  });

  it('may be set back where it stood still', () => {
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
