/**
 * A client resumes a stream at a node that does not know the history of its token,
 * as after a disaster that left only the token. The client must get an answer within
 * a bound, and signs of life before that.
 */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/index.js';
import { Cluster, caughtUp } from '../support/cluster.js';

const UNKNOWN = `${'5e'.repeat(20)}:7:0badcafe`;

describe('a healthy follower and a history that it does not know', () => {
  it('watch gets a snapshot, subscribe an error for the lost branch, and neither hangs', async () => {
    await using cluster = new Cluster();
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert(leader && follower);
    await (await leader.client()).set('k', 'v');
    await caughtUp(leader, follower);
    const db = await follower.client();
    // Without signs of life while the follower looks, these would end by their time.
    const timeoutMs = 2_500;
    const kinds: string[] = [];
    const watched = (async () => {
      for await (const { kind } of db.watch({ from: UNKNOWN, timeoutMs })) {
        kinds.push(kind);
        if (kind === 'snapshotEnd') return;
      }
    })();
    const subscribed = db.subscribe({ channels: ['c'], from: UNKNOWN, timeoutMs }).next();
    await assert.rejects(subscribed, (error) => HeadwaterError.is(error, 'lost_branch'));
    await watched;
    assert.deepEqual(kinds.slice(-3), ['snapshotBegin', 'entry', 'snapshotEnd']);
    const { watchSnapshots } = await follower.status();
    assert.equal(watchSnapshots, 1, 'one stream was enough');
  });
});
