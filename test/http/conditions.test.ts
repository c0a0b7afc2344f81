import assert from 'node:assert/strict';
import { type Conditions, whyNotReady, whyUnhealthy } from '../../src/http/conditions.js';
import { LEADER } from './facts.js';

const LAG_MS = 1_000;

const FOLLOWER: Conditions = { ...LEADER, role: 'follower', lagMs: 0 };

describe('the health of a node', () => {
  it('is good while the node serves, opens its data, asks its followers or lags', () => {
    for (const stage of ['opening', 'serving', 'asking', 'incomplete', 'reopening', 'replacing', 'closing'] as const)
      assert.equal(whyUnhealthy({ ...LEADER, stage, notServing: 'not yet' }), undefined, stage);
    assert.equal(whyUnhealthy({ ...FOLLOWER, lagMs: undefined }), undefined);
  });

  it('is bad after a bug, and while the data cannot be opened', () => {
    assert.match(whyUnhealthy({ ...LEADER, failure: 'two and two' }) ?? '', /bug .*: two and two$/);
    assert.equal(whyUnhealthy({ ...LEADER, stage: 'stuck', notServing: 'put it back' }), 'put it back');
    assert.equal(whyUnhealthy({ ...LEADER, stage: 'closed' }), 'the store is closed');
  });
});

describe('the readiness of a node', () => {
  const why = (conditions: Conditions) => whyNotReady(conditions, LAG_MS);

  it('needs a leader that takes writes', () => {
    assert.equal(why(LEADER), undefined);
    assert.equal(why({ ...LEADER, refusal: 'the disk is full' }), 'the disk is full');
    assert.match(why({ ...LEADER, minFollowers: 2, followersWithinLag: 1 }) ?? '', /expected 2 followers .*, found 1$/);
    assert.equal(why({ ...LEADER, minFollowers: 2, followersWithinLag: 2 }), undefined);
  });

  it('needs a follower within the bound, whether its link is up or not', () => {
    assert.equal(why(FOLLOWER), undefined);
    assert.equal(why({ ...FOLLOWER, lagMs: LAG_MS, linkError: 'no answer' }), undefined);
    assert.match(
      why({ ...FOLLOWER, lagMs: LAG_MS + 1, linkError: 'no answer' }) ?? '',
      /at most 1000 ms \(--ready-lag\), found a lag of 1001 ms: no answer$/,
    );
    assert.match(why({ ...FOLLOWER, lagMs: undefined }) ?? '', /found none of it yet$/);
  });

  it('asks nothing of a follower that only a leader has to have', () => {
    assert.equal(why({ ...FOLLOWER, minFollowers: 2 }), undefined);
  });

  it('ends with the data, with health and with the stop', () => {
    assert.equal(why({ ...LEADER, notServing: 'opening again' }), 'opening again');
    assert.match(why({ ...LEADER, failure: 'two and two' }) ?? '', /two and two/);
    assert.equal(why({ ...LEADER, isStopping: true }), 'the node is shutting down');
    assert.match(why({ ...LEADER, isDraining: true }) ?? '', /^the node is about to be stopped .*drain --undo/);
  });
});
