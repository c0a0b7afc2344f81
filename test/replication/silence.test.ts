/** The silence of a peer, over a channel that only counts bytes and a clock that moves at every reading. */
import assert from 'node:assert/strict';
import type { Clock } from '../../src/base/clock.js';
import { Silence } from '../../src/replication/silence.js';

describe('the silence of a peer', () => {
  it('is never below zero, though bytes are noticed while it is read', () => {
    let nowMs = 0;
    const clock = { monotonicMs: () => nowMs++ } as unknown as Clock;
    const channel = { heardBytes: 0 };
    const silence = new Silence(clock, channel);
    nowMs = 1_000;
    assert.ok(silence.ms >= 1_000 - 1);
    channel.heardBytes = 5;
    const { ms } = silence;
    assert.ok(ms >= 0, `expected no negative silence, received ${ms}`);
  });
});
