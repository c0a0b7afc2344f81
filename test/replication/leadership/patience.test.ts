/**
 * A node asks known followers for blocks, and one of them answers late, slowly or
 * never. The node must wait as long as something arrives, and no longer.
 */
import assert from 'node:assert/strict';
import { ASK_PROGRESS_BYTES } from '../../../src/base/limits.js';
import { Patience } from '../../../src/replication/leadership/patience.js';
import { TestClock } from '../../support/clock.js';

const TIMEOUT_MS = 5_000;

describe('the patience with an asked follower', () => {
  let clock: TestClock;
  let offset: number;
  let moves: number;
  let channel: { heardBytes: number };
  let patience: Patience;

  beforeEach(() => {
    clock = new TestClock();
    offset = 3;
    moves = 0;
    channel = { heardBytes: 0 };
    patience = new Patience({ clock, timeoutMs: TIMEOUT_MS, reached: () => offset, moved: () => moves++ });
  });

  afterEach(() => patience.stop());

  const why = () => (patience.over.aborted ? (patience.over.reason as Error).message : 'it waits');

  async function pass(seconds: number, bytesPerSecond: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      channel.heardBytes += bytesPerSecond;
      await clock.advance(1_000);
    }
  }

  it('ends without an answer', async () => {
    await pass(4, 0);
    assert.equal(why(), 'it waits');
    await pass(1, 0);
    assert.equal(why(), 'no answer within 5000 ms');
  });

  it('lasts while bytes of a block arrive, and no longer than the time-out after the last', async () => {
    patience.expect(channel, 4);
    await pass(60, ASK_PROGRESS_BYTES / 4);
    assert.equal(why(), 'it waits');
    assert.ok(moves > 10);
    await pass(6, 0);
    assert.equal(why(), 'the log of the follower ends at offset 4, but no block arrived for 5000 ms');
  });

  it('lasts while small blocks reach the log, and while this node is at work on one', async () => {
    patience.expect(channel, 40);
    for (; offset < 10; offset++) await pass(4, 0);
    assert.equal(why(), 'it waits');
    patience.isBusy = true;
    await pass(60, 0);
    assert.equal(why(), 'it waits');
  });

  it('is not prolonged by heartbeats', async () => {
    patience.expect(channel, 4);
    await pass(6, 300);
    assert.match(why(), /no block arrived/);
  });

  it('ends once others have given the same blocks', async () => {
    patience.expect(channel, 4);
    offset = 4;
    await pass(1, 0);
    assert.equal(why(), 'other followers have sent its commands');
  });
});
