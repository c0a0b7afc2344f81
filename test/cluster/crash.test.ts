/**
 * A leader and its follower are killed with SIGKILL at random moments under load.
 * After each restart every acknowledged write must be there. HEADWATER_KILLS sets
 * how many kills; the default keeps `npm test` short, `npm run crash` does the whole
 * programme.
 */
import assert from 'node:assert/strict';
import { type Client, HeadwaterError } from '../../src/index.js';
import { assertEqualData, Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';

const KILLS = Number(process.env.HEADWATER_KILLS ?? 6);
const WRITERS = 32;

/** A counter per key: what was acknowledged last, and what may have happened beyond. */
interface Written {
  acknowledged: number;
  asked: number;
}

describe('random SIGKILLs under load', function () {
  this.timeout(60_000 + KILLS * 5_000);

  it(`lose nothing acknowledged, break no chain, and leave equal digests (${KILLS} kills)`, async () => {
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    await using cluster = new Cluster();
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert.ok(leader && follower);
    const client = await leader.client();
    // A follower that is killed before it holds anything needs a full resync, and rightly so.
    await client.set('first', 'one');
    await caughtUp(leader, follower);
    const written = Array.from({ length: WRITERS }, (): Written => ({ acknowledged: 0, asked: 0 }));
    let writing = true;
    const writers = written.map((of, i) => write(client, `counter:${i}`, of, () => writing));
    for (let kill = 0; kill < KILLS; kill++) {
      const victim = random() < 0.5 ? leader : follower;
      const enough = total(written) + 500 * random();
      await eventually('writes to go on', async () => total(written) > enough);
      await victim.end('SIGKILL');
      if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 50));
      await victim.start();
      assert.doesNotMatch(
        victim.log,
        /the log was cut|DIVERGED|is damaged/,
        `seed ${seed}: the log of ${victim.name} chains`,
      );
    }
    writing = false;
    await Promise.all(writers);
    await check(leader, written, seed);
    await assertEqualData(leader, follower);
    const { fullResyncs, resyncReasons } = await follower.status();
    assert.equal(fullResyncs, 0, `seed ${seed}: no full resync, found ${JSON.stringify(resyncReasons)}`);
  });
});

/** How many writes were acknowledged in all. */
function total(written: readonly Written[]): number {
  return written.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
}

async function write(client: Client, key: string, of: Written, goOn: () => boolean): Promise<void> {
  while (goOn()) {
    const value = ++of.asked;
    try {
      await client.set(key, String(value));
      of.acknowledged = value;
    } catch (error) {
      if (!HeadwaterError.is(error)) throw error;
      if (!['outcome_unknown', 'unreachable', 'unavailable', 'deadline_exceeded', 'shutting_down'].includes(error.code))
        throw error;
    }
  }
}

/** Each key holds its last acknowledged value, or a later one whose outcome was unknown. */
async function check(leader: Daemon, written: readonly Written[], seed: number): Promise<void> {
  const client = await leader.client();
  for (const [i, { acknowledged, asked }] of written.entries()) {
    const found = Number(await client.get(`counter:${i}`));
    assert.ok(
      found >= acknowledged && found <= asked,
      `seed ${seed}: counter:${i} is ${found}, acknowledged ${acknowledged}, asked ${asked}`,
    );
    assert.ok(acknowledged > 0, `counter:${i} was written`);
  }
}
