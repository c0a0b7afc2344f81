/** Whether the event loop is busy: of the last moments, and looked at seldom. */
import assert from 'node:assert/strict';
import { LOOP_BUSY_SHARE, LOOP_LOOK_MS } from '../../src/base/limits.js';
import { LoopLoad } from '../../src/base/loop-load.js';
import { TestClock } from '../support/clock.js';

describe('the load of the event loop', () => {
  const begin = () => {
    const clock = new TestClock();
    const times = { idle: 0, active: 0 };
    let looks = 0;
    const load = new LoopLoad(clock, () => {
      looks++;
      return { ...times };
    });
    const pass = async (activeShare: number) => {
      times.active += LOOP_LOOK_MS * activeShare;
      times.idle += LOOP_LOOK_MS * (1 - activeShare);
      await clock.advance(LOOP_LOOK_MS);
      return load.isBusy;
    };
    return { load, pass, looks: () => looks };
  };

  it('is busy after moments of more work than its share, and no longer after quiet ones', async () => {
    const { load, pass } = begin();
    assert.equal(load.isBusy, false, 'nothing is known yet');
    assert.equal(await pass(LOOP_BUSY_SHARE + 0.1), true);
    assert.equal(await pass(1), true);
    assert.equal(await pass(LOOP_BUSY_SHARE - 0.1), false, 'the work of before does not count');
    assert.equal(await pass(1), true);
    assert.equal(await pass(0), false);
  });

  it('is looked at once in a while, however often it is asked', async () => {
    const { load, pass, looks } = begin();
    const before = looks();
    for (let i = 0; i < 1_000; i++) void load.isBusy;
    assert.equal(looks(), before);
    await pass(1);
    for (let i = 0; i < 1_000; i++) assert.equal(load.isBusy, true);
    assert.equal(looks(), before + 1);
  });
});
