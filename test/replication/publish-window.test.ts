/**
 * A follower sends messages up to a leader that answers late or not at all. Each
 * message must be waited for as long as its own time allows, and no longer.
 */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { PUBLISH_TIMEOUT_MS } from '../../src/base/limits.js';
import { Publishing } from '../../src/replication/publish-window.js';
import { settled, TestClock } from '../support/clock.js';

const MESSAGE = { channel: Buffer.from('c'), data: Buffer.alloc(100), durable: true };

describe('a message that a follower sends up', () => {
  let clock: TestClock;
  let drain: () => void;
  let publishing: Publishing;
  let outcome: Promise<unknown>;

  beforeEach(() => {
    clock = new TestClock();
    const drained = new Promise<void>((resolve) => {
      drain = resolve;
    });
    publishing = new Publishing({ clock, send: () => drained });
    outcome = publishing.publish(MESSAGE).catch((error: unknown) => error);
  });

  it('is waited for while a slow link takes it up, and for its answer from then on', async () => {
    await clock.advance(3 * PUBLISH_TIMEOUT_MS);
    assert.equal(await settled(outcome), false);
    drain();
    assert.equal(await settled(outcome), false);
    await clock.advance(PUBLISH_TIMEOUT_MS - 1_000);
    assert.equal(await settled(outcome), false);
    await clock.advance(1_000);
    assert.ok(HeadwaterError.is(await outcome, 'outcome_unknown'));
  });

  it('is answered though the answer overtakes the end of the sending', async () => {
    publishing.answered({ kind: 'published', sequence: 1, offset: 7, error: undefined });
    assert.equal(await outcome, 7);
    drain();
    await clock.advance(2 * PUBLISH_TIMEOUT_MS);
  });

  it('is given up with its session', async () => {
    publishing.close(new HeadwaterError('unreachable', 'the peer was silent'));
    assert.ok(HeadwaterError.is(await outcome, 'outcome_unknown'));
  });
});
