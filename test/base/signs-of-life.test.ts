import assert from 'node:assert/strict';
import {
  PROGRESS_INTERVAL_MS,
  RESUME_WAIT_MS_MAX,
  SIGN_OF_LIFE_MS,
  STREAM_SILENCE_MS_MAX,
} from '../../src/base/limits.js';
import { SIGN_OF_LIFE, SignsOfLife } from '../../src/base/signs-of-life.js';
import { settled, TestClock } from '../support/clock.js';

describe('signs of life', () => {
  it('come once a second while an item takes long, and never beside items that come', async () => {
    const clock = new TestClock();
    let give: (item: string) => void = () => {};
    async function* items(): AsyncGenerator<string> {
      yield 'first';
      yield await new Promise<string>((resolve) => {
        give = resolve;
      });
    }
    const stream = new SignsOfLife(items(), clock)[Symbol.asyncIterator]();
    assert.deepEqual(await stream.next(), { done: false, value: 'first' });
    for (let i = 0; i < 3; i++) {
      const next = stream.next();
      await clock.advance(SIGN_OF_LIFE_MS - 1);
      assert.equal(await settled(next), false);
      await clock.advance(1);
      assert.deepEqual(await next, { done: false, value: SIGN_OF_LIFE });
    }
    give('second');
    assert.deepEqual(await stream.next(), { done: false, value: 'second' });
    assert.equal((await stream.next()).done, true);
    assert.equal(clock.waiting, 0, 'no timer is left');
  });

  it('a failure of the items is that of the stream, and leaving it leaves the items', async () => {
    const clock = new TestClock();
    let left = 0;
    async function* items(fails: boolean): AsyncGenerator<number> {
      try {
        yield 1;
        if (fails) throw new Error('broken');
        yield 2;
      } finally {
        left++;
      }
    }
    await assert.rejects(async () => {
      for await (const _ of new SignsOfLife(items(true), clock));
    }, /broken/);
    for await (const _ of new SignsOfLife(items(false), clock)) break;
    assert.equal(left, 2);
    assert.equal(clock.waiting, 0);
  });

  it('come several times within the silence after which a client leaves', () => {
    assert(STREAM_SILENCE_MS_MAX >= 4 * Math.max(SIGN_OF_LIFE_MS, PROGRESS_INTERVAL_MS));
    assert.notEqual(STREAM_SILENCE_MS_MAX, RESUME_WAIT_MS_MAX);
  });
});
