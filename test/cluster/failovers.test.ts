/**
 * Automatic failovers under load, in the mode `safe`: the leader is killed. No answered write may be lost. The time without
 * writes is measured. HEADWATER_FAILOVERS sets how many failovers;
 * `npm run failovers` does 200, and holds the times against their bounds.
 */
import assert from 'node:assert/strict';
import type { Daemon } from '../support/cluster.js';
import { Elected } from '../support/elected.js';
import { ETCD_NEEDED, isEtcdInstalled } from '../support/etcd.js';
import { skipUnless } from '../support/installed.js';

const FAILOVERS = Number(process.env.HEADWATER_FAILOVERS ?? 2);
/** A run of so many has the machine for itself, so its times count. */
const TIMED_FROM = 100;
const MEDIAN_MS_MAX = 4_500;
const P99_MS_MAX = 6_000;

describe('automatic failovers under load', function () {
  this.timeout(60_000 + FAILOVERS * 60_000);

  before(function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
  });

  it(`lose no answered write in ${FAILOVERS} failovers`, async () => {
    await using elected = await Elected.start(['--cluster-mode', 'safe']);
    let { leader } = await elected.led();
    await elected.whole(leader);
    elected.load();
    const gapsMs: number[] = [];
    for (let i = 0; i < FAILOVERS; i++) {
      await elected.grown();
      const atMs = performance.now();
      await leader.end('SIGKILL');
      const others = elected.nodes.filter((node) => node !== leader);
      await elected.allow(others);
      const next = await elected.led(others);
      await elected.grown();
      gapsMs.push(longestGapMs(elected, atMs));
      await elected.begin(leader);
      leader = await settled(elected, next.leader);
    }
    await elected.unload();
    await elected.assertNothingLost(leader);
    gapsMs.sort((a, b) => a - b);
    const [median, p90, p99] = [0.5, 0.9, 0.99].map((share) => at(gapsMs, share)) as [number, number, number];
    console.log(
      `      ${elected.acknowledged.size} answered writes, 0 lost; without writes: median ${median} ms, p90 ${p90} ms, p99 ${p99} ms, longest ${gapsMs.at(-1)} ms`,
    );
    if (FAILOVERS < TIMED_FROM) return;
    assert(median < MEDIAN_MS_MAX, `median ${median} ms`);
    assert(p99 < P99_MS_MAX, `p99 ${p99} ms`);
  });
});

/** Waits until all nodes may lead next. */
async function settled(elected: Elected, leader: Daemon): Promise<Daemon> {
  const led = await elected.led();
  assert.equal(led.leader, leader, 'a node that comes back does not lead');
  await elected.whole(leader);
  return leader;
}

function longestGapMs({ acknowledged }: Elected, sinceMs: number): number {
  let [before, longest] = [sinceMs, 0];
  for (const { atMs } of acknowledged.values()) {
    if (atMs < sinceMs) continue;
    longest = Math.max(longest, atMs - before);
    before = atMs;
  }
  return Math.round(longest);
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
