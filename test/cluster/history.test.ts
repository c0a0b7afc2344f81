/** The history of a cluster's leaderships, which outlives all of its nodes. */
import assert from 'node:assert/strict';
import type { Daemon } from '../support/cluster.js';
import { Elected } from '../support/elected.js';
import { ETCD_NEEDED, isEtcdInstalled } from '../support/etcd.js';
import { skipUnless } from '../support/installed.js';

describe('the history of leaderships', function () {
  this.timeout(120_000);

  before(function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
  });

  it('is the same at every node, and is there after all of them have ended', async () => {
    await using elected = await Elected.start([], 2);
    const { leader, followers } = await elected.led();
    const [target] = followers as [Daemon];
    await elected.whole(leader);
    await (await leader.client()).clusterSwitch(target.address);
    await elected.led();
    const before = await history(leader);
    assert.deepEqual(before, await history(target));
    assert.deepEqual(
      before.map(({ address, reason, endedMs }) => [address, reason, endedMs > 0]),
      [
        [leader.address, 'first', true],
        [target.address, 'planned', false],
      ],
    );

    await leader.end('SIGTERM');
    await target.end('SIGTERM');
    await elected.begin(target);
    await elected.led([target]);
    const after = await history(target);
    assert.deepEqual(
      after.map(({ fence, reason, endedMs }) => [fence, reason, endedMs > 0]),
      [
        [before[0]?.fence, 'first', true],
        [before[1]?.fence, 'planned', true],
        [after[2]?.fence, 'planned', false],
      ],
    );
    assert.equal(after.at(-1)?.fence, (await (await target.client()).clusterStatus()).fence);
  });
});

async function history(node: Daemon) {
  return (await (await node.client()).clusterStatus()).history;
}
