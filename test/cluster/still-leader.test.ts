/** A client with a plain list of addresses, and a leader that stands still: the client goes to the next leader by itself. */
import assert from 'node:assert/strict';
import { Client } from '../../src/index.js';
import { Elected } from '../support/elected.js';
import { ETCD_NEEDED, isEtcdInstalled } from '../support/etcd.js';
import { skipUnless } from '../support/installed.js';

/** A lease of 3 s, the silence behind it, the waits between two looks, and a busy machine. The time of a call is 15 s. */
const GONE_ON_MS_MAX = 12_000;

describe('a client of a leader that stands still', function () {
  this.timeout(120_000);

  before(function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
  });

  it('continues at the next leader, and no write is done twice', async () => {
    await using elected = await Elected.start(['--cluster-mode', 'safe']);
    const { leader, followers } = await elected.led();
    await elected.whole(leader);
    await using client = await Client.connect([leader, ...followers].map(({ address }) => address));
    const [answered, unknown]: [number[], number[]] = [[], []];
    const append = (i: number) =>
      client.append('log', `${i},`).then(
        () => answered.push(i),
        (error: { code: string }) => {
          assert.equal(error.code, 'outcome_unknown');
          unknown.push(i);
        },
      );
    await append(0);
    assert.equal(client.address, leader.address);

    leader.signal('SIGSTOP');
    const stoppedMs = performance.now();
    const onTheirWay = [1, 2, 3].map(append);
    const read = client.get('led');
    await Promise.all(onTheirWay);
    await append(4);
    const tookMs = performance.now() - stoppedMs;
    assert(tookMs < GONE_ON_MS_MAX, `${tookMs} ms`);
    assert.equal(typeof (await read), 'string', 'a read is asked again');
    assert.deepEqual(
      [answered, unknown],
      [
        [0, 4],
        [1, 2, 3],
      ],
    );
    assert(followers.some(({ address }) => address === client.address));

    leader.signal('SIGCONT');
    await elected.led();
    const log = String(await client.get('log'));
    assert.deepEqual(log.split(',').slice(0, -1), ['0', '4'], 'the old leader has answered nobody');
  });
});
